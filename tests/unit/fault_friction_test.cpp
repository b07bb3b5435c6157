// Friction laws of the fault: values, slopes, and what they make it do.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "support/fault_runs.hpp"

using namespace petrl;
using namespace petrl::fault;
using namespace petrl::test;

TEST(FaultFriction, SlopesAreDerivatives) {
  const double inf = std::numeric_limits<double>::infinity();
  std::vector<std::unique_ptr<FrictionLaw>> laws;
  for (const double healing : {inf, 0.7}) {
    laws.push_back(std::make_unique<ExponentialWeakening>(0.5, 0.1, 0.1, healing));
    laws.push_back(std::make_unique<LinearWeakening>(0.5, 0.1, 0.1, healing));
  }
  laws.push_back(std::make_unique<RateAndState>(0.6, 0.015, 0.02, 1e-6, 0.01, 1e-4));
  for (const auto &law : laws) {
    const bool state = law->name() == "rate-and-state";
    for (const double known : {0.02, 0.3})
      for (const double c : {0.0, 0.05, 1.5})
        for (const double speed : {1e-5, 0.01, 0.2}) {
          SCOPED_TRACE(law->name() + " s " + std::to_string(known) + " c " + std::to_string(c) + " v " +
                       std::to_string(speed));
          const FrictionPoint p = law->evaluate(known, c, speed);
          // An implicit update of the history.
          EXPECT_NEAR(p.history, known + c * p.rate, 1e-12 * (1 + std::fabs(p.history)));
          const double step = 1e-5 * speed;
          const double difference =
              (law->evaluate(known, c, speed + step).mu - law->evaluate(known, c, speed - step).mu) / (2 * step);
          EXPECT_NEAR(p.slope, difference, 1e-5 * std::fabs(difference) + 4e-16 / step);
          // At a given history: what the law says of it.
          EXPECT_NEAR(law->evaluate(p.history, 0, speed).mu, p.mu, 1e-13);
          if (!state) {
            EXPECT_GE(p.mu, law->residualCoefficient());
            EXPECT_LE(p.mu, law->staticCoefficient());
          }
        }
  }
  EXPECT_DOUBLE_EQ(laws[0]->evaluate(0.1, 0, 1).mu, 0.5 + 0.1 * std::exp(-1.0));
  EXPECT_DOUBLE_EQ(laws[1]->evaluate(0.05, 0, 1).mu, 0.55);
  EXPECT_DOUBLE_EQ(laws[1]->evaluate(5, 0, 1).mu, 0.5);
  EXPECT_DOUBLE_EQ(laws[0]->weakening(), 1);
  // Healing over a step of many healing times, a characteristic slip far below what slipped: no stronger than at first.
  for (const FrictionPoint p : {ExponentialWeakening(0.5, 0.1, 1e-4, 0.7).evaluate(-0.3, 0.1, 0.01),
                                LinearWeakening(0.5, 0.1, 1e-4, 0.7).evaluate(-0.3, 0.1, 0.01)}) {
    EXPECT_DOUBLE_EQ(p.mu, 0.6);
    EXPECT_EQ(p.slope, 0);
    EXPECT_EQ(p.history, 0);
  }
  // f0/a of 1200, beyond what exp() holds: f0 + a log(v/v0) all the same.
  const RateAndState steep(0.6, 5e-4, 1e-4, 1e-6, 0.01, 1e-6);
  EXPECT_NEAR(steep.evaluate(0.01 / 1e-6, 0, 1e-4).mu, 0.6 + 5e-4 * std::log(100.0), 1e-12);
  EXPECT_NEAR(steep.evaluate(0.01 / 1e-6, 0, 1e-4).slope, 5e-4 / 1e-4, 1e-9);
  EXPECT_TRUE(std::isfinite(steep.evaluate(0.01 / 1e-6, 0, 0).slope));
  // Steady state of rate and state: f0 + (a - b) log(v/v0), to the regularisation.
  const FrictionPoint steady = laws.back()->evaluate(0.01 / 1e-4, 0, 1e-4);
  EXPECT_NEAR(steady.mu, 0.6 - 0.005 * std::log(1e-4 / 1e-6), 1e-9);
  EXPECT_NEAR(steady.rate, 0, 1e-12);
}

TEST(FaultFriction, RateAndStateRuptures) {
  Scenario s = faultScenario(3, 3);
  s.initial_velocity = 1e-3;
  s.far_field_velocity = 2e-3;
  s.friction = std::make_shared<RateAndState>(0.6, 0.015, 0.04, 1e-6, 0.005, s.initial_velocity);
  Fault f(PETSC_COMM_SELF, s);
  EXPECT_GT(f.growthRate(), 0);
  const FaultRun run = simulate(f, faultController("constant:h=0.02"));
  EXPECT_TRUE(run.finished) << run.reason;
  EXPECT_GT(run.peak_velocity, 20 * s.initial_velocity) << "velocity weakening is unstable";
  EXPECT_GT(run.slip, s.friction->criticalSlip());
  // The response converges.
  const FaultRun fine = simulate(f, faultController("constant:h=0.01"));
  EXPECT_NEAR(run.slip, fine.slip, 0.02 * fine.slip);
}

// A fault that heals and is pulled from afar slips more than once.
TEST(FaultFriction, HealingLetsItSlipAgain) {
  Scenario s = faultScenario(1, 1);
  s.friction = std::make_shared<ExponentialWeakening>(0.5, 0.1, 0.1, 1.0);
  s.far_field_velocity = 0.02;
  s.final_time = 60;
  Fault f(PETSC_COMM_SELF, s);
  int starts = 0;
  bool moving = true;
  const FaultRun run = simulate(f, faultController("constant:h=0.05"), false, [&](Fault &fault, double) {
    const bool now = fault.sliding() > 0;
    if (now && !moving) ++starts;
    moving = now;
  });
  EXPECT_TRUE(run.finished);
  EXPECT_GE(starts, 1);
}
