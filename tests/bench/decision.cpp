// What a decision of a refiner costs, part by part, with and without a gate, on a mesh that is fine along a ring: CSV on
// standard output, nanoseconds for each cell of the mesh, the least of many tries in time of the processor.
//
//   bench_decision [-policy refiner.h5] [-squares 8] [-halvings 6] [-family mixed]
//   bench_decision -steps [-squares 8] [-halvings 6]     a step of the finite volumes instead, global and local (0 where
//                                                        there is none)
#include <petscsys.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>

#include "base/error.hpp"
#include "mesh/forest.hpp"
#include "policy/shared_policy.hpp"
#include "problems/conservation/cases.hpp"
#include "problems/conservation/finite_volume.hpp"
#include "problems/conservation/truth.hpp"
#include "refine/refinement_policy.hpp"

using namespace petrl;
using namespace petrl::conservation;

namespace {

double least(int cells, const std::function<void()> &what) {
  const auto now = [] {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  };
  double seconds = 1e300;
  for (int i = 0; i < 60; ++i) {
    const double start = now();
    what();
    seconds = std::min(seconds, now() - start);
  }
  return 1e9 * seconds / cells;
}

Forest ring(const FlowCase &flow, int squares, int rounds) {
  Forest forest(flow.base(squares), PETSC_COMM_SELF);
  for (int r = 0; r < rounds; ++r) {
    const CellMesh m = forest.mesh();
    std::vector<signed char> marks(static_cast<std::size_t>(m.cells), 0);
    for (int c = 0; c < m.cells; ++c) {
      const double x = m.centre[2 * c] / flow.length - .5, y = m.centre[2 * c + 1] / flow.length - .5;
      marks[c] = std::fabs(std::hypot(x, y) - .3) < .3 / (1 << r);
    }
    forest.adapt(marks, ForestLimits{10, 1 << 26});
  }
  return forest;
}

/// A step of one cell, globally and locally, and what comes before the first local one on a new mesh.
void steps(const char *family, int squares, int rounds) {
  const FlowCase flow = drawCase(family, Split::train, 0, 1);
  const CellMesh m = ring(flow, squares, rounds).mesh();
  const std::vector<double> start = flow.truth->initialAverages(m);
  double each[2] = {}, whole[2] = {}, setup = 0, first = 0;
  std::int64_t updates[2] = {};
  for (const TimeStepping how : {TimeStepping::global, TimeStepping::local}) {
    if (how == TimeStepping::local && !scalarFlow(family)) continue;
    FiniteVolumeSettings settings;
    settings.time_stepping = how;
    FiniteVolume volumes(m, flow.law, flow.boundary, settings);
    const double interval = 32 * .45 * volumes.stableStep(start.data());
    const int k = how == TimeStepping::local;
    std::vector<double> u;
    const auto advance = [&] {
      u = start;
      updates[k] = volumes.advance(u.data(), 0, interval, .45).cell_steps;
    };
    advance();
    whole[k] = least(m.cells, advance);
    each[k] = whole[k] * m.cells / static_cast<double>(updates[k]);
    if (k == 0) setup = least(m.cells, [&] { volumes.reset(m); });
    if (k == 0) continue;
    first = least(m.cells, [&] {
      volumes.reset(m);
      advance();
    });
  }
  PetscPrintf(PETSC_COMM_SELF, "%s,%d,%.1f,%.1f,%.3f,%.3f,%.1f,%.1f\n", family, m.cells, each[0], each[1],
              static_cast<double>(updates[1]) / static_cast<double>(updates[0]), whole[1] / whole[0], setup,
              std::max(0., first - setup - whole[1]));
}

void measure(const std::string &file, const std::string &family, int squares, int rounds) {
  RefinementPolicy policy(loadPolicy(file, "refiner"), file);
  const FlowCase flow = drawCase(family, Split::train, 0, 1);
  const CellMesh m = ring(flow, squares, rounds).mesh();
  FiniteVolume volumes(m, flow.law, flow.boundary);
  const std::vector<double> u = flow.truth->initialAverages(m);
  std::vector<double> rate(u.size()), gradient(2 * static_cast<std::size_t>(m.cells));
  const double gradients = least(m.cells, [&] { volumes.gradient(u.data(), gradient.data()); }),
               rates = least(m.cells, [&] { volumes.rhs(0, u.data(), rate.data()); });
  const auto ends = std::minmax_element(u.begin(), u.begin() + m.cells);
  const std::vector<RefinementPolicy::Field> fields = {
      {{u.data(), rate.data(), gradient.data()}, *ends.second - *ends.first}};
  RefinementCosts costs;
  costs.steps = 30, costs.measure = flow.length * flow.length, costs.max_level = 10;
  costs.finest = *std::max_element(m.level.begin(), m.level.end());
  RefinementDecision decision;
  PetscPrintf(PETSC_COMM_SELF,
              "# %s, %d cells; gradients %.1f, rate (half a time step) %.1f\n"
              "gate,open_for,looked_at,gate_ns,observe_ns,infer_ns,weigh_ns,all_ns\n",
              family.c_str(), m.cells, gradients, rates);
  for (const double gate : {0., 1e-6, 1e-3, 1e-2, 1e-1}) {
    policy.setGate(gate);
    const float *predicted = policy.predict(m, fields, .02, {}).data();
    const double weighing = least(m.cells, [&] { weigh(m, predicted, costs, decision); }),
                 all = least(m.cells, [&] { policy.decide(m, fields, .02, costs, {}, {}, decision); }),
                 gating = least(m.cells, [&] { policy.begin(m, fields, .02, {}); }),
                 observing = least(m.cells, [&] { policy.observe(m, fields[0], .02); }),
                 inferring = least(m.cells, [&] { policy.infer(m, {}); });
    PetscPrintf(PETSC_COMM_SELF, "%g,%.3f,%.3f,%.1f,%.1f,%.1f,%.1f,%.1f\n", gate,
                static_cast<double>(policy.looked().asked) / m.cells,
                static_cast<double>(policy.looked().seen) / m.cells, gating, observing, inferring, weighing, all);
  }
}

}  // namespace

int main(int argc, char **argv) {
  char policy[PETSC_MAX_PATH_LEN] = "refiner.h5", family[64] = "mixed";
  PetscInt squares = 8, halvings = 6;
  PetscBool stepping = PETSC_FALSE;
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  try {
    PetRLThrow(PetscOptionsGetString(NULL, NULL, "-policy", policy, sizeof(policy), NULL));
    PetRLThrow(PetscOptionsGetString(NULL, NULL, "-family", family, sizeof(family), NULL));
    PetRLThrow(PetscOptionsGetInt(NULL, NULL, "-squares", &squares, NULL));
    PetRLThrow(PetscOptionsGetInt(NULL, NULL, "-halvings", &halvings, NULL));
    PetRLThrow(PetscOptionsGetBool(NULL, NULL, "-steps", &stepping, NULL));
    if (stepping) {
      PetscPrintf(PETSC_COMM_SELF,
                  "family,cells,global_step_ns,local_step_ns,steps_ratio,time_ratio,reset_ns,order_ns\n");
      for (const char *each : {"gaussian", "mixed", "burgers", "shockbubble"})
        for (const int rounds : {0, static_cast<int>(halvings)}) steps(each, rounds ? squares : 64, rounds);
    } else {
      measure(policy, family, static_cast<int>(squares), static_cast<int>(halvings));
    }
  } catch (const std::exception &e) {
    PetscPrintf(PETSC_COMM_SELF, "%s\n", e.what());
    return 1;
  }
  return PetscFinalize();
}
