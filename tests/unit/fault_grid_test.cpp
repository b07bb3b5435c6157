// The fault on its grid: options of the DMDA, monitors, viewers; and the runs that it gave on plain vectors.
#include <gtest/gtest.h>
#include <petrlclosure.h>
#include <petscviewerhdf5.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "support/closures.hpp"
#include "support/fault_elasticity.hpp"
#include "support/fault_runs.hpp"
#include "support/options.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::fault;
using namespace petrl::test;

namespace {

Scenario uneven(PetscInt nx, PetscInt nz) {
  Scenario s = faultScenario(nx, nz);
  s.normal_stress.profile = NormalStress::Profile::linear;
  s.perturbation = 0.3;
  return s;
}

struct Watched {
  int calls = 0;
  double largest = 0, x = 0, z = 0;  // displacement at the end: its largest value and where
};

// A user's, who knows of PETSc alone.
PetscErrorCode Watch(TS ts, PetscInt, PetscReal, Vec u, void *ctx) {
  Watched &w = *static_cast<Watched *>(ctx);
  DM grid, coordinates_grid;
  Vec coordinates;
  PetscScalar **d;
  DMDACoor2d **at;
  PetscInt x0, z0, nx, nz;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &grid));
  PetscCall(DMDAGetCorners(grid, &x0, &z0, NULL, &nx, &nz, NULL));
  PetscCall(DMGetCoordinateDM(grid, &coordinates_grid));
  PetscCall(DMGetCoordinates(grid, &coordinates));
  PetscCall(DMDAVecGetArrayRead(grid, u, &d));
  PetscCall(DMDAVecGetArrayRead(coordinates_grid, coordinates, &at));
  w.largest = -1;
  for (PetscInt j = z0; j < z0 + nz; ++j) {
    for (PetscInt i = x0; i < x0 + nx; ++i) {
      if (PetscRealPart(d[j][i]) <= w.largest) continue;
      w.largest = PetscRealPart(d[j][i]);
      w.x = PetscRealPart(at[j][i].x);
      w.z = PetscRealPart(at[j][i].y);
    }
  }
  PetscCall(DMDAVecRestoreArrayRead(coordinates_grid, coordinates, &at));
  PetscCall(DMDAVecRestoreArrayRead(grid, u, &d));
  ++w.calls;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// Recorded before there was a DMDA.
TEST(FaultGrid, RunsAreThoseOfPlainVectors) {
  struct Recorded {
    Scenario scenario;
    const char *controller;
    long steps, iterations, linear;
    double slip, peak;
  };
  Scenario full = faultScenario(20, 20, Kernel::full), half = faultScenario(12, 8, Kernel::half);
  full.elasticity.damping = half.elasticity.damping = Damping::symbol;
  full.elasticity.k_scale = half.elasticity.k_scale = 0;
  const Recorded recorded[] = {{uneven(9, 7), "heuristic", 15, 133, 421, 0.197719351443, 0.0624195197102},
                               {uneven(9, 7), "event", 16, 78, 360, 0.19787622898, 0.0624760811751},
                               {faultScenario(1, 1), "heuristic", 13, 112, 107, 0.242854985512, 0.071469429381},
                               {full, "dsp-PI42:error=embedded", 16, 61, 181, 0.170845324692, 0.0465658278172},
                               {half, "constant:h=0.4", 50, 98, 215, 0.21620726632, 0.0656537849517}};
  for (const Recorded &r : recorded) {
    SCOPED_TRACE(std::string(r.controller) + " on " + std::to_string(r.scenario.elasticity.nx));
    const FaultRun run = simulated(r.scenario, r.controller);
    EXPECT_EQ(run.steps, r.steps);
    EXPECT_EQ(run.iterations, r.iterations);
    EXPECT_EQ(run.linear, r.linear);
    EXPECT_NEAR(run.slip, r.slip, 1e-10 * r.slip);
    EXPECT_NEAR(run.peak_velocity, r.peak, 1e-10 * r.peak);
  }
}

TEST(FaultGrid, RefinementHalvesCells) {
  const FaultRun fine = simulated(uneven(12, 10), "constant:h=0.5");
  {
    const Options refine{{"-da_refine", "1"}};
    Fault fault(PETSC_COMM_SELF, uneven(6, 5));
    EXPECT_EQ(fault.elasticity().nx(), 12);
    EXPECT_EQ(fault.scenario().elasticity.nz, 10);
    EXPECT_EQ(simulate(fault, faultController("constant:h=0.5")).slip, fine.slip);
  }
  const Options grid{{"-da_grid_x", "12"}, {"-da_grid_y", "10"}};
  EXPECT_EQ(simulated(uneven(3, 3), "constant:h=0.5").slip, fine.slip);
}

TEST(FaultGrid, MonitorsSeeAGrid) {
  for (const auto &[nx, nz] : {std::pair<int, int>{9, 7}, {1, 6}, {5, 1}, {1, 1}}) {
    Fault fault(PETSC_COMM_SELF, uneven(nx, nz));
    Watched watched;
    PetRLThrow(TSMonitorSet(fault.ts(), Watch, &watched, NULL));
    const FaultRun run = simulate(fault, faultController("constant:h=0.5"));
    EXPECT_EQ(watched.calls, run.steps + 1);
    // What it found by indices and coordinates is what lies in natural order.
    const std::vector<double> d = numbersOf(fault.displacement());
    const auto most = static_cast<std::size_t>(std::max_element(d.begin(), d.end()) - d.begin());
    EXPECT_EQ(watched.largest, d[most]);
    EXPECT_NEAR(watched.x, (static_cast<double>(most % static_cast<std::size_t>(nx)) + 0.5) * 3000 / nx, 1e-9);
    EXPECT_NEAR(watched.z, (static_cast<double>(most / static_cast<std::size_t>(nx)) + 0.5) * 3000 / nz, 1e-9);
  }
}

// A closure on the fault's own grid: minus the Laplacian of the displacement, here of x^2 + 2 z^2 in cells.
TEST(FaultGrid, ClosuresWorkOnIt) {
  const std::string file = temporary("fault-closure.h5");
  writePolicy(file, diffusionClosure({"displacement"}, "additive", 0.25, 100));
  Fault fault(PETSC_COMM_SELF, uneven(9, 7));
  PetRLClosure closure;
  Vec state = fault.displacement(), change;
  PetscScalar **d;
  PetRLThrow(DMDAVecGetArray(fault.grid(), state, &d));
  for (int z = 0; z < 7; ++z)
    for (int x = 0; x < 9; ++x) d[z][x] = x * x + 2 * z * z;
  PetRLThrow(DMDAVecRestoreArray(fault.grid(), state, &d));
  PetRLThrow(VecDuplicate(state, &change));
  PetRLThrow(PetRLClosureCreate(PETSC_COMM_SELF, &closure));
  PetRLThrow(PetRLClosureSetDM(closure, fault.grid()));
  PetRLThrow(PetRLClosureSetPolicy(closure, file.c_str()));
  PetRLThrow(PetRLClosureApply(closure, state, 1, change));
  const double inner = numbersOf(change)[3 * 9 + 4];
  PetRLThrow(PetRLClosureDestroy(&closure));
  PetRLThrow(VecDestroy(&change));
  EXPECT_NEAR(std::fabs(inner), 0.25 * (2 + 4), 1e-5);
  (void)std::remove(file.c_str());
}

TEST(FaultGrid, TwoFaultsOfOneElasticityKeepTheirEquations) {
  const Scenario s = uneven(4, 3);
  Scenario weak = s;
  weak.prestress = 0.5;
  weak.initial_velocity = 0.01;
  const FaultRun alone = simulated(s, "heuristic");
  Fault first(PETSC_COMM_SELF, s), second(PETSC_COMM_SELF, weak, first.sharedElasticity());
  EXPECT_NE(first.grid(), second.grid());
  EXPECT_LT(simulate(second, faultController("heuristic")).slip, 0.9 * alone.slip);
  EXPECT_EQ(simulate(first, faultController("heuristic")).slip, alone.slip);
}

TEST(FaultGrid, ViewersWriteIt) {
  const TemporaryFolder folder;
  const std::string vts = folder.path + "/slip-%03d.vts", h5 = folder.path + "/fault.h5";
  Scenario s = uneven(5, 4);
  s.final_time = 2;
  Fault fault(PETSC_COMM_SELF, s);
  {
    const Options write{{"-ts_monitor_solution_vtk", vts}};
    EXPECT_EQ(simulate(fault, faultController("constant:h=0.5"), true).steps, 4);
    PetRLThrow(TSMonitorCancel(fault.ts()));
  }
  std::ifstream in(folder.path + "/slip-004.vts", std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_NE(text.str().find("WholeExtent=\"0 4 0 3 0 0\""), std::string::npos);
  EXPECT_NE(text.str().find("Name=\"displacement"), std::string::npos);

  PetscViewer viewer;
  Vec read;
  const std::vector<double> v = numbersOf(fault.velocity());
  PetRLThrow(PetscViewerHDF5Open(PETSC_COMM_SELF, h5.c_str(), FILE_MODE_WRITE, &viewer));
  PetRLThrow(VecView(fault.velocity(), viewer));
  PetRLThrow(PetscViewerDestroy(&viewer));
  PetRLThrow(DMCreateGlobalVector(fault.grid(), &read));
  PetRLThrow(PetscObjectSetName(reinterpret_cast<PetscObject>(read), "velocity"));
  PetRLThrow(PetscViewerHDF5Open(PETSC_COMM_SELF, h5.c_str(), FILE_MODE_READ, &viewer));
  PetRLThrow(VecLoad(read, viewer));
  PetRLThrow(PetscViewerDestroy(&viewer));
  EXPECT_EQ(numbersOf(read), v);
  PetRLThrow(VecDestroy(&read));
}
