// A refiner that looks only where something happens: on any number of ranks the same meshes, near what happens the
// decisions of one that looks everywhere.
#include <petrlrefiner.h>
#include <petscdmplex.h>

#include <cmath>
#include <string>
#include <vector>

#include "mesh/plex_cells.hpp"
#include "support/refiners.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

/// A steep ring that grows from the left end, and its rate.
double field(double x, double y, double t) {
  return std::tanh(60 * (std::hypot(x - .4, y - .5) - .2 - t));
}

const BaseMesh kBox = BaseMesh::box(24, 12, kLow, kHigh, false, false);
/// So long that some ranks have nothing to look at.
const BaseMesh kLine = BaseMesh::interval(60, 0, 2, false);

PetRLRefiner gated(double gate, const BaseMesh &base, MPI_Comm comm) {
  PetRLRefiner refiner = refinerOf(base, comm);
  PetRLRefinerSetPolicy(refiner, "refiner.h5");
  PetRLRefinerSetTradeoff(refiner, .3);
  PetRLRefinerSetMaxLevel(refiner, 3);
  PetRLRefinerSetUnit(refiner, 1e-7);
  PetRLRefinerSetSkip(refiner, PETSC_FALSE);
  PetRLRefinerSetStableSteps(refiner, PETSC_FALSE);  // the best level would depend on all cells
  EXPECT_EQ(PetRLRefinerSetGate(refiner, gate), 0);
  EXPECT_EQ(PetRLRefinerSetUp(refiner), 0);
  DM dm;
  PetRLRefinerGetDM(refiner, &dm);
  setSection(dm, base.dim, 1);
  return refiner;
}

struct Round {
  CellMesh mesh;
  std::vector<PetscInt> mark;
};

/// Decides at a time; without `adapt` the mesh stays.
Round decide(PetRLRefiner refiner, double t, bool adapt) {
  Round round;
  DM dm, next = nullptr;
  Vec u, rate, v;
  PetscScalar *a, *b;
  DMLabel label;
  std::vector<PetscInt> points;
  PetRLRefinerGetDM(refiner, &dm);
  round.mesh = cellMeshFromPlex(dm, &points);
  DMCreateGlobalVector(dm, &u);
  VecDuplicate(u, &rate);
  VecGetArray(u, &a);
  VecGetArray(rate, &b);
  for (int c = 0; c < round.mesh.owned; ++c) {
    const double x = round.mesh.centre[round.mesh.dim * c], y = round.mesh.dim > 1 ? round.mesh.centre[2 * c + 1] : .5;
    a[c] = field(x, y, t);
    b[c] = 1e3 * (field(x, y, t + 1e-3) - field(x, y, t));
  }
  VecRestoreArray(u, &a);
  VecRestoreArray(rate, &b);
  EXPECT_EQ(PetRLRefinerDecide(refiner, u, rate, .02, &label), 0);
  for (int c = 0; c < round.mesh.owned; ++c) {
    PetscInt mark = DM_ADAPT_KEEP;
    if (label) DMLabelGetValue(label, points[c], &mark);
    round.mark.push_back(mark);
  }
  if (adapt) {
    EXPECT_EQ(PetRLRefinerAdapt(refiner, label, &next), 0);
    if (next) {
      EXPECT_EQ(PetRLRefinerTransfer(refiner, u, &v), 0);
      VecDestroy(&v);
    }
    DMDestroy(&next);
  }
  DMLabelDestroy(&label);
  VecDestroy(&u);
  VecDestroy(&rate);
  return round;
}

/// Of all meshes on the way: cells, and sums over what is marked that know where it is.
std::vector<double> journey(const BaseMesh &base, MPI_Comm comm) {
  PetRLRefiner refiner = gated(1e-2, base, comm);
  std::vector<double> sums;
  for (int i = 0; i < 8; ++i) {
    const Round now = decide(refiner, i < 4 ? 0 : .03 * (i - 3), true);
    double finer = 0, coarser = 0, place = 0;
    for (int c = 0; c < now.mesh.owned; ++c) {
      const double y = now.mesh.dim > 1 ? now.mesh.centre[2 * c + 1] : .5;
      const double weight = std::sin(40 * now.mesh.centre[now.mesh.dim * c]) + std::cos(30 * y);
      finer += now.mark[c] == DM_ADAPT_REFINE, coarser += now.mark[c] == DM_ADAPT_COARSEN;
      place += now.mark[c] == DM_ADAPT_KEEP ? 0 : weight * now.mark[c];
    }
    for (const double x : {static_cast<double>(now.mesh.owned), finer, coarser, place}) sums.push_back(total(comm, x));
  }
  PetRLRefinerDestroy(&refiner);
  return sums;
}

}  // namespace

TEST(RefinerGateMpi, MeshesAreTheSameOnAnyRanks) {
  for (const BaseMesh &base : {kBox, kLine}) {
    const std::vector<double> together = journey(base, PETSC_COMM_WORLD), alone = journey(base, PETSC_COMM_SELF);
    ASSERT_EQ(together.size(), alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(together[i], alone[i], 1e-9) << i;
    EXPECT_GT(alone[4 * 4], 1.2 * alone[0]);  // something was refined,
    EXPECT_GT(alone[4 * 7 + 2], 5);           // and something is coarsened
  }
}

TEST(RefinerGateMpi, NearWhatHappensItDecidesAsWithoutIt) {
  PetRLRefiner open = gated(0, kBox, PETSC_COMM_WORLD), gate = gated(1e-2, kBox, PETSC_COMM_WORLD),
               tiny = gated(1e-300, kBox, PETSC_COMM_WORLD);
  double near = 0;
  for (int i = 0; i < 4; ++i) {
    const Round all = decide(open, 0, true), some = decide(gate, 0, true), same = decide(tiny, 0, true);
    EXPECT_EQ(all.mark, same.mark);
    if (i > 0) continue;
    ASSERT_EQ(all.mark.size(), some.mark.size());
    for (int c = 0; c < all.mesh.owned; ++c) {
      const double x = all.mesh.centre[2 * c], y = all.mesh.centre[2 * c + 1];
      const bool on = std::fabs(std::hypot(x - .4, y - .5) - .2) < .05;
      near += on;
      EXPECT_TRUE(!on || all.mark[c] == some.mark[c]) << c;
    }
  }
  EXPECT_GT(total(PETSC_COMM_WORLD, near), 10);
  for (PetRLRefiner *r : {&open, &gate, &tiny}) PetRLRefinerDestroy(r);
}

TEST(RefinerGateMpi, RefusesWhatIsNoTolerance) {
  PetscPushErrorHandler(PetscReturnErrorHandler, nullptr);
  PetRLRefiner refiner = gated(0, kBox, PETSC_COMM_WORLD);
  for (const double bad : {-1e-3, std::nan(""), HUGE_VAL})
    EXPECT_EQ(PetRLRefinerSetGate(refiner, bad), PETSC_ERR_ARG_OUTOFRANGE);
  EXPECT_EQ(PetRLRefinerSetGate(nullptr, 0), PETSC_ERR_ARG_NULL);
  PetRLRefinerDestroy(&refiner);
  PetscPopErrorHandler();
}
