// The fault on several ranks: the same event, attempt by attempt, as on one.
#include <gtest/gtest.h>

#include "support/fault_runs.hpp"

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
  EXPECT_GT(serial.slip, 0.01);
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
  return s;
}

}  // namespace

TEST(FaultMpi, RunsAsOnOneRank) {
  for (const std::string controller : {"constant:h=0.1", "heuristic", "event", "iterations"})
    compare(unevenScenario(), controller, 1e-9);
}

TEST(FaultMpi, RunsAsOnOneRankWithoutDenseMatrices) {
  Scenario s = unevenScenario();
  s.elasticity.dense_limit = 1;
  compare(s, "constant:h=0.25", 1e-6);
}

TEST(FaultMpi, RanksWithoutCellsTakePart) {
  compare(faultScenario(5, 1), "heuristic", 1e-9);
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
