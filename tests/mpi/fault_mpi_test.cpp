// The fault on several ranks: the same event, attempt by attempt, as on one.
#include <gtest/gtest.h>
#include <petrladapt.h>

#include <cstdio>

#include "problems/fault/observables.hpp"
#include "support/fault_runs.hpp"
#include "support/options.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::fault;
using namespace petrl::test;

namespace {

FaultRun runOn(MPI_Comm comm, const Scenario &s, const std::string &controller) {
  Fault f(comm, s);
  return simulate(f, faultController(controller));
}

void compare(const Scenario &s, const std::string &controller, double tolerance) {
  SCOPED_TRACE(controller);
  const FaultRun serial = runOn(PETSC_COMM_SELF, s, controller), parallel = runOn(PETSC_COMM_WORLD, s, controller);
  EXPECT_TRUE(parallel.finished) << parallel.reason;
  EXPECT_GT(serial.slip, 1e-3);
  EXPECT_NEAR(parallel.slip, serial.slip, tolerance * serial.slip);
  EXPECT_NEAR(parallel.peak_velocity, serial.peak_velocity, tolerance * serial.peak_velocity);
  EXPECT_EQ(parallel.iterations, serial.iterations);
  EXPECT_EQ(parallel.failures, serial.failures);
  ASSERT_EQ(parallel.attempts.size(), serial.attempts.size());
  for (std::size_t i = 0; i < serial.attempts.size(); ++i) {
    const RecordedAttempt &a = serial.attempts[i], &b = parallel.attempts[i];
    EXPECT_NEAR(b.attempt.t, a.attempt.t, tolerance * 20) << i;
    EXPECT_EQ(b.attempt.iterations, a.attempt.iterations) << i;
    EXPECT_EQ(b.attempt.accepted, a.attempt.accepted) << i;
    EXPECT_NEAR(b.velocity, a.velocity, tolerance * serial.peak_velocity) << i;
    EXPECT_NEAR(b.slip, a.slip, tolerance * serial.slip) << i;
  }
}

// Depth-dependent strength and an uneven start: cells stop one after the other.
Scenario unevenScenario() {
  Scenario s = faultScenario(9, 7);
  s.normal_stress.profile = NormalStress::Profile::linear;
  s.perturbation = 0.3;
  s.final_time = 12;  // ranks that share a core wait long for each other
  return s;
}

}  // namespace

TEST(FaultMpi, RunsAsOnOneRank) {
  for (const std::string controller : {"constant:h=0.4", "heuristic", "event"})
    compare(unevenScenario(), controller, 1e-9);
}

TEST(FaultMpi, RunsAsOnOneRankWithoutDenseMatrices) {
  Scenario s = unevenScenario();
  s.elasticity.dense_limit = 1;
  s.final_time = 8;
  compare(s, "constant:h=2", 1e-6);
}

TEST(FaultMpi, RanksShareRows) {
  compare(faultScenario(5, 1), "heuristic", 1e-9);
  const Options across{{"-da_processors_y", "1"}};
  compare(unevenScenario(), "heuristic", 1e-9);
}

TEST(FaultMpi, EveryRankKnowsTheWhole) {
  Fault serial(PETSC_COMM_SELF, unevenScenario()), parallel(PETSC_COMM_WORLD, unevenScenario());
  EXPECT_NEAR(parallel.growthRate(), serial.growthRate(), 1e-6 * serial.growthRate());
  EXPECT_NEAR(parallel.currentCriticalStep(), serial.currentCriticalStep(), 1e-6 * serial.criticalStep());
  EXPECT_NEAR(parallel.meanVelocity(), serial.meanVelocity(), 1e-12 * serial.meanVelocity());
  EXPECT_EQ(parallel.maxVelocity(), serial.maxVelocity());
  for (Fault *f : {&serial, &parallel}) simulate(*f, faultController("constant:h=0.5"));
  EXPECT_NEAR(parallel.energy(), serial.energy(), 1e-8);
  EXPECT_EQ(parallel.sliding(), serial.sliding());
}

// A policy that observes everything a fault offers: sums over all ranks, in the same order on each.
TEST(FaultMpi, PoliciesObserveTheWholeFault) {
  std::vector<std::string> names;
  for (const auto &o : faultObservables()) names.emplace_back(o.name);
  Policy p = faultPolicySpecification(names, "log", 0.2, 5);
  Tensor weight{{1, names.size()}, {}};
  for (std::size_t i = 0; i < names.size(); ++i) weight.data.push_back(i % 2 == 0 ? -0.2f : 0.15f);
  p.network.parameters = {{"activation", "relu"}, {"output", "tanh"}};
  p.network.weights = {{"layer0/weight", weight}, {"layer0/bias", {{1}, {0.1f}}}};
  p.provenance.config = "test: true\n";
  p.provenance.version = "test";
  p.provenance.libraries = "none";
  char file[512] = {};
  PetscMPIInt rank;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank == 0) {
    std::snprintf(file, sizeof file, "%s", temporary("fault-mpi.h5").c_str());
    writePolicy(file, p);
  }
  MPI_Bcast(file, sizeof file, MPI_CHAR, 0, PETSC_COMM_WORLD);
  // The network computes in single precision: rounding of its input shows.
  compare(unevenScenario(), std::string("rl:") + file, 1e-5);
  MPI_Barrier(PETSC_COMM_WORLD);
  if (rank == 0) std::remove(file);
}
