// PetRLRefiner without a TS: labels of one's own, transfers of averages and vertex values, on any number of ranks.
#include <petrlrefiner.h>
#include <petscdmplex.h>
#include <petscts.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "mesh/plex_cells.hpp"
#include "support/refiners.hpp"
#include "support/tetrahedra.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

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
    return PetscRealPart(a[offset + w]);
  };
  for (int c = 0; c < m.owned; ++c) {
    const double weight = std::sin(40 * m.centre[c * m.dim]) + (m.dim > 1 ? std::cos(30 * m.centre[c * m.dim + 1]) : 0);
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

/// Seven meshes, one after the other; what is left at the end.
std::vector<double> journey(const BaseMesh &base, bool vertices, MPI_Comm comm) {
  constexpr int kWidth = 2;
  PetRLRefiner refiner = refinerOf(base, comm);
  DM dm;
  Vec u;
  if (base.dim == 3) PetRLRefinerSetMaxLevel(refiner, 2);
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
                                       {"torus", BaseMesh::box(6, 4, kLow, kHigh, true, true)},
                                       {"tetrahedra", shakenBox(2, 0.2, 3)}};
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
