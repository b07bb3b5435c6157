// What refiners keep of a program's DM from mesh to mesh, and what they refuse, on any number of ranks.
#include <petscds.h>
#include <petscfe.h>
#include <petscsf.h>

#include <algorithm>
#include <string>

#include "support/refiners.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

/// The next mesh after a decision of our own, and the Vec on it.
Vec adapted(PetRLRefiner refiner, Vec u) {
  DM dm, next;
  Vec v = nullptr;
  EXPECT_EQ(PetRLRefinerGetDM(refiner, &dm), 0);
  DMLabel label = somewhere(dm, 0);
  EXPECT_EQ(PetRLRefinerAdapt(refiner, label, &next), 0);
  EXPECT_NE(next, nullptr);
  EXPECT_EQ(PetRLRefinerTransfer(refiner, u, &v), 0);
  DMDestroy(&next);
  DMLabelDestroy(&label);
  return v;
}

/// Entries of the DM's matrix for each neighbour of a cell with three unknowns.
double couplings(DM dm) {
  Mat m;
  MatInfo info;
  EXPECT_EQ(DMCreateMatrix(dm, &m), 0);
  MatGetInfo(m, MAT_GLOBAL_SUM, &info);
  MatDestroy(&m);
  const CellMesh cells = cellMeshFromPlex(dm);
  double neighbours = 0;
  for (int f = 0; f < cells.owned * 3; ++f) neighbours += cells.neighbour[f] >= 0;
  return (info.nz_used - 9 * total(PETSC_COMM_WORLD, cells.owned)) / total(PETSC_COMM_WORLD, neighbours);
}

PetscErrorCode linear(PetscInt, PetscReal, const PetscReal x[], PetscInt components, PetscScalar *u, void *) {
  for (PetscInt c = 0; c < components; ++c) u[c] = 1 + 2 * x[0] + (3 + c) * x[1];
  return PETSC_SUCCESS;
}

void addElements(DM dm, PetscInt components, PetscInt degree, bool continuous) {
  PetscFE fe;
  PetscOptionsSetValue(nullptr, "-test_petscspace_degree", std::to_string(degree).c_str());
  PetscOptionsSetValue(nullptr, "-test_petscdualspace_lagrange_continuity", continuous ? "1" : "0");
  PetscFECreateDefault(PetscObjectComm((PetscObject)dm), 2, components, PETSC_TRUE, "test_", PETSC_DETERMINE, &fe);
  PetscObjectSetName((PetscObject)fe, "displacement");
  DMAddField(dm, nullptr, (PetscObject)fe);
  PetscFEDestroy(&fe);
}

PetscInt pointsOf(DM dm, const char *name, PetscInt value, PetscInt depth) {
  DMLabel label;
  PetscInt start, end, n = 0;
  PetscSF sf;
  PetscInt leaves;
  const PetscInt *leaf;
  DMGetLabel(dm, name, &label);
  if (!label) return -1;
  DMGetPointSF(dm, &sf);
  PetscSFGetGraph(sf, nullptr, &leaves, &leaf, nullptr);
  DMPlexGetDepthStratum(dm, depth, &start, &end);
  for (PetscInt p = start; p < end; ++p) {
    PetscInt is;
    DMLabelGetValue(label, p, &is);
    n += is == value && (leaves <= 0 || std::find(leaf, leaf + leaves, p) == leaf + leaves);
  }
  MPI_Allreduce(MPI_IN_PLACE, &n, 1, MPIU_INT, MPI_SUM, PetscObjectComm((PetscObject)dm));
  return n;
}

}  // namespace

TEST(RefinerFieldsMpi, KeepsFieldsAndTheirAdjacency) {
  PetRLRefiner refiner = refinerOf(BaseMesh::box(6, 4, kLow, kHigh, false, false), PETSC_COMM_WORLD);
  DM dm;
  PetscSection s;
  PetscInt start, end;
  Vec u;
  ASSERT_EQ(PetRLRefinerGetDM(refiner, &dm), 0);
  PetscSectionCreate(PETSC_COMM_WORLD, &s);
  PetscSectionSetNumFields(s, 2);
  PetscSectionSetFieldComponents(s, 1, 2);
  PetscSectionSetFieldName(s, 0, "density");
  PetscSectionSetFieldName(s, 1, "momentum");
  PetscSectionSetComponentName(s, 1, 1, "upwards");
  DMPlexGetHeightStratum(dm, 0, &start, &end);
  PetscSectionSetChart(s, start, end);
  for (PetscInt c = start; c < end; ++c) {
    PetscSectionSetDof(s, c, 3);
    for (PetscInt f = 0; f < 2; ++f) PetscSectionSetFieldDof(s, c, f, f + 1);
  }
  PetscSectionSetUp(s);
  DMSetLocalSection(dm, s);
  PetscSectionDestroy(&s);
  // The first field as finite volumes, the second one without neighbours.
  DMSetAdjacency(dm, 0, PETSC_TRUE, PETSC_FALSE);
  DMSetAdjacency(dm, 1, PETSC_FALSE, PETSC_TRUE);
  DMSetAdjacency(dm, PETSC_DEFAULT, PETSC_TRUE, PETSC_TRUE);
  DMCreateGlobalVector(dm, &u);
  VecSet(u, 1);
  const double before = couplings(dm);
  for (int round = 0; round < 2; ++round) {
    Vec v = adapted(refiner, u);
    VecDestroy(&u);
    u = v;
  }
  PetscInt fields, components;
  PetscBool cone, closure;
  const char *name;
  VecGetDM(u, &dm);
  DMGetNumFields(dm, &fields);
  ASSERT_EQ(fields, 2);
  for (const PetscInt f : {PETSC_DEFAULT, 0, 1}) {
    DMGetAdjacency(dm, f, &cone, &closure);
    EXPECT_EQ(cone, f != 1) << f;
    EXPECT_EQ(closure, f != 0) << f;
  }
  DMGetLocalSection(dm, &s);
  PetscSectionGetFieldName(s, 1, &name);
  EXPECT_STREQ(name, "momentum");
  PetscSectionGetComponentName(s, 1, 1, &name);
  EXPECT_STREQ(name, "upwards");
  PetscSectionGetFieldComponents(s, 1, &components);
  EXPECT_EQ(components, 2);
  EXPECT_GT(couplings(dm), 0);
  EXPECT_EQ(couplings(dm), before);
  VecDestroy(&u);
  PetRLRefinerDestroy(&refiner);
}

TEST(RefinerFieldsMpi, KeepsBoundaryValues) {
  PetRLRefiner refiner = refinerOf(BaseMesh::box(6, 4, kLow, kHigh, false, false), PETSC_COMM_WORLD);
  DM dm;
  DMLabel label;
  Vec u;
  const PetscInt left = 4, upwards = 1;
  ASSERT_EQ(PetRLRefinerGetDM(refiner, &dm), 0);
  addElements(dm, 2, 1, true);
  DMCreateDS(dm);
  DMGetLabel(dm, "Face Sets", &label);
  DMAddBoundary(dm, DM_BC_ESSENTIAL, "wall", label, 1, &left, 0, 1, &upwards, (void (*)(void))linear, nullptr, nullptr,
                nullptr);
  PetscErrorCode (*exact[1])(PetscInt, PetscReal, const PetscReal *, PetscInt, PetscScalar *, void *) = {linear};
  DMCreateGlobalVector(dm, &u);
  DMProjectFunction(dm, 0, exact, nullptr, INSERT_VALUES, u);
  PetscReal error = 1;
  for (int round = 0; round < 3; ++round) {
    Vec v = adapted(refiner, u);
    VecDestroy(&u);
    u = v;
    // Boundary values are no unknowns: constrained where the label has vertices, and only in one component.
    PetscInt size, all, faces;
    VecGetDM(u, &dm);
    DMComputeL2Diff(dm, 0, exact, nullptr, u, &error);
    EXPECT_LT(error, 1e-13);
    VecGetSize(u, &size);
    PetscInt start, end;
    DMPlexGetDepthStratum(dm, 0, &start, &end);
    IS numbers;
    DMPlexGetVertexNumbering(dm, &numbers);
    const PetscInt *number;
    ISGetIndices(numbers, &number);
    all = 0;
    for (PetscInt v2 = 0; v2 < end - start; ++v2) all += number[v2] >= 0;
    ISRestoreIndices(numbers, &number);
    MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD);
    faces = pointsOf(dm, "Face Sets", left, 1);
    EXPECT_GT(faces, 3);
    EXPECT_EQ(size, 2 * all - (faces + 1));
  }
  VecDestroy(&u);
  PetRLRefinerDestroy(&refiner);
}

TEST(RefinerFieldsMpi, KeepsLabelsOfTheFirstMesh) {
  PetRLRefiner refiner = refinerOf(BaseMesh::box(4, 4, kLow, kHigh, false, false), PETSC_COMM_WORLD);
  DM dm;
  DMLabel label;
  Vec u;
  ASSERT_EQ(PetRLRefinerGetDM(refiner, &dm), 0);
  DMCreateLabel(dm, "walls");
  DMGetLabel(dm, "walls", &label);
  DMPlexMarkBoundaryFaces(dm, 8, label);
  DMRemoveLabel(dm, "marker", nullptr);
  setSection(dm, 2, 1);
  DMCreateGlobalVector(dm, &u);
  for (int round = 0; round < 2; ++round) {
    Vec v = adapted(refiner, u);
    VecDestroy(&u);
    u = v;
    VecGetDM(u, &dm);
    PetscInt sides = 0;
    for (const PetscInt side : {1, 2, 3, 4}) sides += pointsOf(dm, "Face Sets", side, 1);
    EXPECT_GT(sides, 16);
    EXPECT_EQ(pointsOf(dm, "walls", 8, 1), sides);
    EXPECT_EQ(pointsOf(dm, "walls", 8, 0), 0);
    EXPECT_EQ(pointsOf(dm, "marker", 1, 1), -1);
  }
  VecDestroy(&u);
  PetRLRefinerDestroy(&refiner);
}

TEST(RefinerFieldsMpi, RefusesElementsThatAreNoAverages) {
  PetscPushErrorHandler(PetscReturnErrorHandler, nullptr);
  const struct {
    PetscInt degree;
    bool continuous;
    PetscErrorCode expected;
  } cases[] = {{0, false, PETSC_SUCCESS},
               {1, true, PETSC_SUCCESS},
               {1, false, PETSC_ERR_SUP},
               {2, false, PETSC_ERR_SUP},
               {2, true, PETSC_ERR_SUP}};
  for (const auto &c : cases) {
    SCOPED_TRACE(std::to_string(c.degree) + (c.continuous ? ", continuous" : ""));
    PetRLRefiner refiner = refinerOf(BaseMesh::box(4, 4, kLow, kHigh, false, false), PETSC_COMM_WORLD);
    DM dm, next;
    Vec u, v;
    PetRLRefinerGetDM(refiner, &dm);
    addElements(dm, 1, c.degree, c.continuous);
    DMCreateDS(dm);
    DMCreateGlobalVector(dm, &u);
    DMLabel label = somewhere(dm, 0);
    ASSERT_EQ(PetRLRefinerAdapt(refiner, label, &next), 0);
    EXPECT_EQ(PetRLRefinerTransfer(refiner, u, &v), c.expected);
    for (Vec *x : {&u, &v}) VecDestroy(x);
    DMDestroy(&next);
    DMLabelDestroy(&label);
    PetRLRefinerDestroy(&refiner);
  }
  PetscPopErrorHandler();
}
