// Finite volumes whose solution lives on a device, emulated or not: the host touches nothing while they step, and the
// values are those of the host.
#include <gtest/gtest.h>

#include "support/conservation_runs.hpp"
#include "support/parity.hpp"

using namespace petrl;
using namespace petrl::conservation;
using namespace petrl::test;

namespace {

constexpr double kAllowed = 1e-12;
constexpr PetscInt kSteps = 8, kStages = 2;

struct Outcome {
  std::vector<double> values;              // of this rank
  std::size_t to_host = 0, to_device = 0;  // bytes in kSteps steps
  std::size_t given = 0;                   // faces with values beyond them
  double step = 0;                         // at Courant number 1, in the end
};

void steps(const Solver &s, PetscInt n) {
  PetscInt done;
  PetRLThrow(TSGetStepNumber(s.ts, &done));
  PetRLThrow(TSSetMaxSteps(s.ts, done + n));
  PetRLThrow(TSSolve(s.ts, s.u));
}

/// kStages right-hand sides a step; two steps before anything is counted.
Outcome run(const TestDevice &device, const Problem &p, const Forest &forest, VecType type) {
  Solver s(p, forest, type);
  Outcome outcome;
  PetRLThrow(TSSetType(s.ts, TSSSP));
  PetRLThrow(TSSSPSetType(s.ts, TSSSPRKS2));
  PetRLThrow(TSSSPSetNumStages(s.ts, kStages));
  PetRLThrow(TSSetTimeStep(s.ts, 0.004));
  PetRLThrow(TSSetMaxTime(s.ts, 1e3));
  steps(s, 2);
  const std::size_t before[] = {device.toHost(), device.toDevice()};
  steps(s, kSteps);
  outcome.to_host = device.toHost() - before[0], outcome.to_device = device.toDevice() - before[1];
  PetRLThrow(plexConservationStableStep(s.ts, s.u, &outcome.step));
  outcome.values = valuesOf(s.u);
  const CellMesh *mesh;
  PetRLThrow(plexConservationMesh(s.ts, &mesh));
  for (const CellMesh::Face &face : mesh->faces)
    for (const BoundaryValue &b : p.flow.boundary)
      if (face.right < 0 && face.left < mesh->owned && face.label == b.label) ++outcome.given;
  return outcome;
}

TEST(FiniteVolumesOnDevice, StepsAreThoseOfTheHost) {
  TestDevice device;
  const std::size_t held = device.held();
  for (Problem p : problems()) {
    for (const bool first_order : {false, true}) {
      p.settings.first_order = first_order;
      const std::string what = "finite volumes, " + p.name + (first_order ? ", first order" : "");
      SCOPED_TRACE(what);
      const Forest forest = adapted(p.flow, PETSC_COMM_WORLD);
      const long before = device.kernels();
      const Outcome host = run(device, p, forest, VECSTANDARD);
      EXPECT_EQ(device.kernels(), before);
      const Outcome there = run(device, p, forest, device.vecType());
      EXPECT_TRUE(device.kernels() > before + 40 || !TestDevice::emulated() || there.values.empty());
      expectSame(what, there.values, host.values, kAllowed);
      EXPECT_NEAR(there.step, host.step, kAllowed);
      EXPECT_EQ(there.to_host, 0);
      // What is given changes between the stages of a step, whose last one is at the time of the next one's first.
      EXPECT_EQ(there.to_device, there.given * sizeof(double) * kSteps);
    }
  }
  EXPECT_EQ(device.held(), held);
}

TEST(FiniteVolumesOnDevice, WhatIsGivenForEverIsBroughtOnce) {
  TestDevice device;
  Problem p = problems()[2];
  for (BoundaryValue &b : p.flow.boundary) b.value = [](double, const double *x) { return x[0] * x[1]; };
  for (const Limiter limiter : {Limiter::sharp, Limiter::smooth}) {
    p.settings.limiter = limiter, p.flow.law.viscosity = limiter == Limiter::smooth ? 0.02 : 0;
    const Forest forest = adapted(p.flow, PETSC_COMM_WORLD);
    const Outcome host = run(device, p, forest, VECSTANDARD), there = run(device, p, forest, device.vecType());
    expectSame("finite volumes, given for ever", there.values, host.values, kAllowed);
    EXPECT_EQ(there.to_host + there.to_device, 0);
  }
}

// More than kRing cells around a vertex: a fan.
TEST(FiniteVolumesOnDevice, ManyCellsAroundAVertex) {
  PetscMPIInt size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  if (size > 1) GTEST_SKIP() << "a small mesh";
  TestDevice device;
  constexpr int n = 3 * kRing;
  std::vector<PetscInt> cells;
  std::vector<PetscReal> points{0, 0};
  for (int i = 0; i < n; ++i) {
    points.insert(points.end(), {std::cos(2 * kPi * i / n), std::sin(2 * kPi * i / n)});
    cells.insert(cells.end(), {0, 1 + i, 1 + (i + 1) % n});
  }
  std::vector<double> values[2];
  for (const bool there : {false, true}) {
    DM dm;
    PetRLThrow(DMPlexCreateFromCellListPetsc(PETSC_COMM_WORLD, 2, n, n + 1, 3, PETSC_TRUE, cells.data(), 2,
                                             points.data(), &dm));
    Problem p = problems()[0];
    p.flow.boundary.push_back({1, [](double, const double *x) { return x[1]; }});
    Solver s(p, dm, there ? device.vecType() : VECSTANDARD);
    PetRLThrow(TSSetType(s.ts, TSSSP));
    s.solve(0.01, 0.1);
    values[there ? 1 : 0] = valuesOf(s.u);
  }
  expectSame("finite volumes, a fan", values[1], values[0], kAllowed);
}

// Another mesh, on the same TS: everything that belongs to the mesh is brought there again, and what was is given back.
TEST(FiniteVolumesOnDevice, AnotherMesh) {
  TestDevice device;
  const Problem p = problems()[1];
  std::vector<double> values[2];
  const std::size_t held = device.held();
  for (const bool there : {false, true}) {
    const VecType type = there ? device.vecType() : VECSTANDARD;
    Solver s(p, Forest(p.flow.base(4), PETSC_COMM_WORLD), type);
    PetRLThrow(TSSetType(s.ts, TSSSP));
    s.solve(0.004, 0.02);
    PetRLThrow(TSReset(s.ts));
    DM dm = createPlex(adapted(p.flow, PETSC_COMM_WORLD), true), own;
    PetRLThrow(DMSetVecType(dm, type));
    PetRLThrow(plexConservation(s.ts, dm, p.flow.law, p.flow.boundary, p.settings));
    PetRLThrow(TSGetDM(s.ts, &own));
    PetRLThrow(VecDestroy(&s.u));
    PetRLThrow(DMCreateGlobalVector(own, &s.u));
    PetRLThrow(plexConservationAverages(s.ts, *p.flow.truth, 0, s.u));
    s.solve(0.004, 0.06);
    values[there ? 1 : 0] = valuesOf(s.u);
    PetRLThrow(DMDestroy(&dm));
  }
  expectSame("finite volumes, another mesh", values[1], values[0], kAllowed);
  EXPECT_EQ(device.held(), held);
}

}  // namespace
