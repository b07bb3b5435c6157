// PetRLRefiner without a TS: labels of one's own, transfers of averages and vertex values, on any number of ranks.
#include <petrlrefiner.h>
#include <petscdmplex.h>
#include <petscds.h>
#include <petscfe.h>
#include <petscsf.h>
#include <petscts.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "mesh/plex_build.hpp"
#include "mesh/plex_cells.hpp"
#include "support/forests.hpp"

using namespace petrl;

namespace {

constexpr double kLow[2] = {0, 0}, kHigh[2] = {2, 1};

double total(MPI_Comm comm, double x) {
  MPI_Allreduce(MPI_IN_PLACE, &x, 1, MPI_DOUBLE, MPI_SUM, comm);
  return x;
}

PetRLRefiner refinerOf(const BaseMesh &base, MPI_Comm comm) {
  PetRLRefiner refiner;
  DM dm = createPlex(Forest(base, comm), false);
  PetRLRefinerCreate(comm, &refiner);
  PetRLRefinerSetDM(refiner, dm);
  DMDestroy(&dm);
  EXPECT_EQ(PetRLRefinerSetUp(refiner), 0);
  return refiner;
}

void setSection(DM dm, int depth, int width) {
  PetscSection s;
  PetscInt start, end;
  PetscSectionCreate(PetscObjectComm((PetscObject)dm), &s);
  DMPlexGetChart(dm, &start, &end);
  PetscSectionSetChart(s, start, end);
  DMPlexGetDepthStratum(dm, depth, &start, &end);
  for (PetscInt p = start; p < end; ++p) PetscSectionSetDof(s, p, width);
  PetscSectionSetUp(s);
  DMSetLocalSection(dm, s);
  PetscSectionDestroy(&s);
}

/// Component w of a Vec in cells or at vertices: its integral, and weighted by a function of the place.
std::vector<double> integrals(Vec u, bool vertices, int width) {
  DM dm;
  Vec local;
  PetscSection s;
  const PetscScalar *a;
  PetscInt first;
  VecGetDM(u, &dm);
  std::vector<PetscInt> points;
  const CellMesh m = cellMeshFromPlex(dm, &points);
  DMGetLocalSection(dm, &s);
  DMGetLocalVector(dm, &local);
  DMGlobalToLocal(dm, u, INSERT_VALUES, local);
  VecGetArrayRead(local, &a);
  DMPlexGetDepthStratum(dm, 0, &first, nullptr);
  std::vector<double> sums(2 * width + 1, 0);
  const auto at = [&](PetscInt p, int w) {
    PetscInt offset;
    PetscSectionGetOffset(s, p, &offset);
    return a[offset + w];
  };
  for (int c = 0; c < m.owned; ++c) {
    const double weight = std::sin(40 * m.centre[c * m.dim]) + (m.dim == 2 ? std::cos(30 * m.centre[2 * c + 1]) : 0);
    for (int w = 0; w < width; ++w) {
      double mean = 0;
      if (vertices)
        for (int k = 0; k < m.slots(); ++k) mean += at(first + m.vertex[c * m.slots() + k], w) / m.slots();
      else
        mean = at(points[c], w);
      sums[2 * w] += m.volume[c] * mean;
      sums[2 * w + 1] += m.volume[c] * mean * weight;
    }
    sums[2 * width] += weight;
  }
  VecRestoreArrayRead(local, &a);
  DMRestoreLocalVector(dm, &local);
  for (double &x : sums) x = total(PetscObjectComm((PetscObject)dm), x);
  return sums;
}

DMLabel somewhere(DM dm, int round) {
  DMLabel label;
  std::vector<PetscInt> points;
  const CellMesh m = cellMeshFromPlex(dm, &points);
  DMLabelCreate(PETSC_COMM_SELF, "adapt", &label);
  for (int c = 0; c < m.owned; ++c) {
    const double x = m.centre[c * m.dim], y = m.dim == 2 ? m.centre[2 * c + 1] : 0.45;
    const double r = std::fabs(x - 0.4 - 0.15 * round) + std::fabs(y - 0.45);
    if (r < 0.3 && round < 5) DMLabelSetValue(label, points[c], DM_ADAPT_REFINE);
    if (r > (round < 5 ? 0.5 : 0.1)) DMLabelSetValue(label, points[c], DM_ADAPT_COARSEN);
  }
  return label;
}

/// Seven meshes, one after the other; what is left at the end.
std::vector<double> journey(const BaseMesh &base, bool vertices, MPI_Comm comm) {
  constexpr int kWidth = 2;
  PetRLRefiner refiner = refinerOf(base, comm);
  DM dm;
  Vec u;
  EXPECT_EQ(PetRLRefinerGetDM(refiner, &dm), 0);
  setSection(dm, vertices ? 0 : base.dim, kWidth);
  DMCreateGlobalVector(dm, &u);
  // The same numbers on any ranks: a function of what is on the mesh later, by transfers alone.
  VecSet(u, 1);
  std::vector<double> before;
  int coarser = 0;
  PetscInt size = 0, last = 0;
  for (int round = 0; round < 7; ++round) {
    // Something that is not constant, and depends on places only.
    PetscScalar *a;
    VecGetDM(u, &dm);
    const CellMesh m = cellMeshFromPlex(dm);
    if (!vertices) {
      VecGetArray(u, &a);
      for (int c = 0; c < m.owned; ++c) a[kWidth * c] += std::sin(5 * m.centre[c * m.dim] + round);
      VecRestoreArray(u, &a);
    } else {
      PetscInt start, end, offset;
      PetscSection g;
      PetscInt low;
      DMGetGlobalSection(dm, &g);
      VecGetOwnershipRange(u, &low, nullptr);
      DMPlexGetDepthStratum(dm, 0, &start, &end);
      VecGetArray(u, &a);
      std::vector<bool> done(m.vertices, false);
      for (int k = 0; k < m.cells * m.slots(); ++k) {
        PetscSectionGetOffset(g, start + m.vertex[k], &offset);
        if (offset < 0 || done[m.vertex[k]]) continue;
        done[m.vertex[k]] = true;
        a[offset - low] += std::sin(M_PI * m.corner[k * m.dim] + round);
      }
      VecRestoreArray(u, &a);
    }
    before = integrals(u, vertices, kWidth);
    EXPECT_EQ(PetRLRefinerGetDM(refiner, &dm), 0);
    DMLabel label = somewhere(dm, round);
    DM next;
    Vec v;
    EXPECT_EQ(PetRLRefinerAdapt(refiner, label, &next), 0);
    DMLabelDestroy(&label);
    if (!next) continue;
    EXPECT_EQ(PetRLRefinerTransfer(refiner, u, &v), 0);
    VecDestroy(&u);
    u = v;
    const std::vector<double> after = integrals(u, vertices, kWidth);
    EXPECT_NEAR(after[0], before[0], 1e-12);
    EXPECT_NEAR(after[2], before[2], 1e-12);
    // What is constant stays so.
    PetscReal low, high;
    VecStrideMin(u, 1, nullptr, &low);
    VecStrideMax(u, 1, nullptr, &high);
    EXPECT_NEAR(low, 1, 1e-12);
    EXPECT_NEAR(high, 1, 1e-12);
    VecGetSize(u, &size);
    coarser += size < last;
    last = size;
    DMDestroy(&next);
  }
  EXPECT_GT(last, 0);
  EXPECT_GT(coarser, 0);
  std::vector<double> result = integrals(u, vertices, kWidth);
  result.push_back(static_cast<double>(size));
  VecDestroy(&u);
  PetRLRefinerDestroy(&refiner);
  return result;
}

struct Domain {
  const char *name;
  BaseMesh base;
};

}  // namespace

TEST(RefinerMpi, TransfersConserve) {
  const std::vector<Domain> domains = {{"interval", BaseMesh::interval(12, 0, 2, false)},
                                       {"circle", BaseMesh::interval(12, 0, 2, true)},
                                       {"box", BaseMesh::box(6, 4, kLow, kHigh, false, false)},
                                       {"torus", BaseMesh::box(6, 4, kLow, kHigh, true, true)}};
  for (const Domain &d : domains)
    for (const bool vertices : {false, true}) {
      SCOPED_TRACE(std::string(d.name) + (vertices ? ", vertices" : ", cells"));
      const std::vector<double> together = journey(d.base, vertices, PETSC_COMM_WORLD);
      const std::vector<double> alone = journey(d.base, vertices, PETSC_COMM_SELF);
      for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(together[i], alone[i], 1e-10);
    }
}

TEST(RefinerMpi, SaysWhatItCannotTransfer) {
  PetscPushErrorHandler(PetscReturnErrorHandler, nullptr);
  PetRLRefiner refiner = refinerOf(BaseMesh::box(4, 4, kLow, kHigh, false, false), PETSC_COMM_WORLD);
  DM dm, other;
  Vec u, v;
  ASSERT_EQ(PetRLRefinerGetDM(refiner, &dm), 0);
  DMClone(dm, &other);
  setSection(other, 1, 1);  // edges
  DMCreateGlobalVector(other, &u);
  DMLabel label = somewhere(dm, 0);
  DM next;
  ASSERT_EQ(PetRLRefinerAdapt(refiner, label, &next), 0);
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(PetRLRefinerTransfer(refiner, u, &v), PETSC_ERR_SUP);
  VecDestroy(&u);
  // Of the new mesh, not of the one before.
  DMClone(next, &dm);
  setSection(dm, 2, 1);
  DMCreateGlobalVector(dm, &u);
  EXPECT_EQ(PetRLRefinerTransfer(refiner, u, &v), PETSC_ERR_ARG_WRONG);
  VecDestroy(&u);
  DMDestroy(&dm);
  DMDestroy(&other);
  DMDestroy(&next);
  DMLabelDestroy(&label);
  PetRLRefinerDestroy(&refiner);
  PetscPopErrorHandler();
}

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

TEST(RefinerMpi, KeepsFieldsAndTheirAdjacency) {
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

TEST(RefinerMpi, KeepsBoundaryValues) {
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

TEST(RefinerMpi, KeepsLabelsOfTheFirstMesh) {
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

TEST(RefinerMpi, RefusesElementsThatAreNoAverages) {
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

TEST(RefinerMpi, SaysWhatIsNull) {
  PetscPushErrorHandler(PetscReturnErrorHandler, nullptr);
  PetRLRefiner refiner = refinerOf(BaseMesh::box(4, 4, kLow, kHigh, false, false), PETSC_COMM_WORLD), none = nullptr;
  DM dm, next = nullptr;
  Vec u, v = nullptr;
  DMLabel label = nullptr;
  const char *file = nullptr;
  TS ts;
  ASSERT_EQ(PetRLRefinerGetDM(refiner, &dm), 0);
  setSection(dm, 2, 1);
  DMCreateGlobalVector(dm, &u);
  TSCreate(PETSC_COMM_WORLD, &ts);
  // As PetRLRefinerDecide() hands it out where the mesh is to be kept; on one rank alone, too.
  EXPECT_EQ(PetRLRefinerAdapt(refiner, nullptr, &next), 0);
  EXPECT_EQ(next, nullptr);
  const PetscErrorCode null = PETSC_ERR_ARG_NULL, wrong = PETSC_ERR_ARG_WRONG;
  EXPECT_EQ(PetRLRefinerSetPolicy(refiner, nullptr), null);
  EXPECT_EQ(PetRLRefinerGetPolicy(refiner, nullptr), null);
  EXPECT_EQ(PetRLRefinerGetPolicy(refiner, &file), 0);
  EXPECT_STREQ(file, "");
  EXPECT_EQ(PetRLRefinerCreate(PETSC_COMM_WORLD, nullptr), null);
  EXPECT_EQ(PetRLRefinerDestroy(nullptr), null);
  EXPECT_EQ(PetRLRefinerDestroy(&none), 0);
  EXPECT_EQ(PetRLRefinerSetDM(refiner, nullptr), null);
  EXPECT_EQ(PetRLRefinerGetDM(refiner, nullptr), null);
  EXPECT_EQ(PetRLRefinerSetComponents(refiner, 2, nullptr), null);
  EXPECT_EQ(PetRLRefinerSetComponents(refiner, 0, nullptr), 0);
  EXPECT_EQ(PetRLRefinerDecide(refiner, nullptr, nullptr, 1, &label), null);
  EXPECT_EQ(PetRLRefinerDecide(refiner, u, nullptr, 1, nullptr), null);
  EXPECT_EQ(PetRLRefinerAdapt(refiner, nullptr, nullptr), null);
  EXPECT_EQ(PetRLRefinerTransfer(refiner, nullptr, &v), null);
  EXPECT_EQ(PetRLRefinerTransfer(refiner, u, nullptr), null);
  EXPECT_EQ(PetRLRefinerAttachTS(refiner, nullptr), null);
  EXPECT_EQ(PetRLRefinerGetStatistics(refiner, nullptr, nullptr, nullptr), 0);
  EXPECT_EQ(PetRLRefinerSetResetFunction(refiner, nullptr, nullptr), 0);
  EXPECT_EQ(PetRLRefinerSetInitialFunction(refiner, nullptr, nullptr), 0);
  for (const PetRLRefiner no : {none, (PetRLRefiner)dm}) {
    const PetscErrorCode expected = no ? wrong : null;
    EXPECT_EQ(PetRLRefinerSetUp(no), expected);
    EXPECT_EQ(PetRLRefinerSetFromOptions(no), expected);
    EXPECT_EQ(PetRLRefinerView(no, nullptr), expected);
    EXPECT_EQ(PetRLRefinerSetDM(no, dm), expected);
    EXPECT_EQ(PetRLRefinerSetTradeoff(no, 0.5), expected);
    EXPECT_EQ(PetRLRefinerAttachTS(no, ts), expected);
    EXPECT_EQ(PetRLRefinerAdapt(no, nullptr, &next), expected);
  }
  TSDestroy(&ts);
  VecDestroy(&u);
  PetRLRefinerDestroy(&refiner);
  PetscPopErrorHandler();
}

namespace {

PetscErrorCode decay(TS, PetscReal, Vec u, Vec f, void *) {
  PetscFunctionBeginUser;
  PetscCall(VecCopy(u, f));
  PetscCall(VecScale(f, -1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/// What a program does to the refiner after the third of six steps.
void (*sabotage)(PetRLRefiner) = nullptr;

PetscErrorCode afterStep(TS ts) {
  PetRLRefiner refiner;
  PetscInt step;

  PetscFunctionBeginUser;
  PetscCall(TSGetStepNumber(ts, &step));
  PetscCall(TSGetApplicationContext(ts, &refiner));
  if (step == 3) sabotage(refiner);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode solve(PetscInt *steps) {
  PetRLRefiner refiner = refinerOf(BaseMesh::box(4, 4, kLow, kHigh, false, false), PETSC_COMM_WORLD);
  DM dm;
  TS ts;
  Vec u;
  PetRLRefinerSetPolicy(refiner, "refiner.h5");
  PetRLRefinerSetInterval(refiner, 2);
  PetRLRefinerGetDM(refiner, &dm);
  setSection(dm, 2, 1);
  DMCreateGlobalVector(dm, &u);
  VecSetRandom(u, nullptr);
  TSCreate(PETSC_COMM_WORLD, &ts);
  TSSetType(ts, TSEULER);
  TSSetDM(ts, dm);
  TSSetRHSFunction(ts, nullptr, decay, nullptr);
  TSSetTimeStep(ts, 0.01);
  TSSetMaxSteps(ts, 6);
  TSSetExactFinalTime(ts, TS_EXACTFINALTIME_STEPOVER);
  TSSetApplicationContext(ts, refiner);
  TSSetPostStep(ts, afterStep);
  PetRLRefinerAttachTS(refiner, ts);
  TSSetSolution(ts, u);
  const PetscErrorCode result = TSSolve(ts, nullptr);
  TSGetStepNumber(ts, steps);
  VecDestroy(&u);
  PetRLRefinerDestroy(&refiner);  // the TS keeps it
  TSDestroy(&ts);
  return result;
}

}  // namespace

TEST(RefinerMpi, MayBeChangedBetweenSteps) {
  PetscInt steps;
  sabotage = [](PetRLRefiner r) {
    PetRLRefinerSetPolicy(r, "refiner.h5");
    PetRLRefinerSetMaxLevel(r, 1);
  };
  EXPECT_EQ(solve(&steps), 0);
  EXPECT_EQ(steps, 6);
  PetscPushErrorHandler(PetscReturnErrorHandler, nullptr);
  // Another hierarchy: its first mesh is not the one that the TS has.
  sabotage = [](PetRLRefiner r) { PetRLRefinerSetMethod(r, PETRL_REFINER_ADAPTLABEL); };
  EXPECT_EQ(solve(&steps), PETSC_ERR_ARG_WRONG);
  EXPECT_EQ(steps, 3);
  sabotage = [](PetRLRefiner r) { PetRLRefinerSetPolicy(r, ""); };
  EXPECT_EQ(solve(&steps), PETSC_ERR_ARG_WRONGSTATE);
  EXPECT_EQ(steps, 4);
  sabotage = [](PetRLRefiner r) { PetRLRefinerSetMaxCells(r, 31); };
  EXPECT_EQ(solve(&steps), PETSC_ERR_ARG_OUTOFRANGE);
  PetscPopErrorHandler();
}
