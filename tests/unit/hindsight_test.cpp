// Decisions in hindsight: the search against known optima, schedules against what their actions mean, errors along a
// trajectory against a known solution.
#include "learn/step/hindsight.hpp"

#include <gtest/gtest.h>
#include <petrl.h>

#include <cmath>

#include "adapt/rl.hpp"
#include "learn/step/trajectory.hpp"
#include "problems/ode/run.hpp"
#include "support/decay.hpp"

using namespace petrl;

namespace {

Schedule pieces(std::size_t n, std::size_t actions) {
  std::vector<double> until;
  for (std::size_t i = 1; i <= n; ++i) until.push_back(static_cast<double>(i));
  return Schedule::still(until, actions);
}

// Distance from 0.4 everywhere for one action, from -0.6 before and 0.2 after the middle for another.
double distance(const Schedule &s) {
  double sum = 0;
  for (std::size_t k = 0; k < s.action.size(); ++k)
    sum += std::pow(s.action[k][0] - 0.4, 2) + std::pow(s.action[k][1] - (2 * k < s.action.size() ? -0.6 : 0.2), 2);
  return sum / static_cast<double>(s.action.size());
}

StepController basic() {
  return [](TSAdapt adapt) { return TSAdaptSetType(adapt, TSADAPTBASIC); };
}

StepController rules() {
  return [](TSAdapt adapt) {
    PetscFunctionBegin;
    PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
    PetscCall(TSAdaptRLSetPolicy(adapt, kClassical));
    PetscFunctionReturn(PETSC_SUCCESS);
  };
}

}  // namespace

TEST(Hindsight, SearchFindsAKnownOptimum) {
  Schedule s = pieces(16, 2), again = s;
  const double start = distance(s);
  int asked = 0;
  const auto price = [&asked](const Schedule &x) { return ++asked, distance(x); };
  const double found = searchSchedule(s, start, price, 2, 400, 3);
  EXPECT_EQ(asked, 400);
  EXPECT_DOUBLE_EQ(found, distance(s));
  EXPECT_LT(found, 0.02 * start);
  EXPECT_NEAR(s.action[3][0], 0.4, 0.15);
  EXPECT_NEAR(s.action[3][1], -0.6, 0.15);
  EXPECT_NEAR(s.action[12][1], 0.2, 0.15);
  EXPECT_EQ(searchSchedule(again, start, price, 2, 400, 3), found);
  EXPECT_EQ(again.action, s.action);
  // Those that are not to change do not.
  Schedule half = pieces(16, 2);
  searchSchedule(half, start, distance, 1, 200, 3);
  EXPECT_NEAR(half.action[3][0], 0.4, 0.15);
  EXPECT_EQ(half.action[3][1], 0.f);
  // Beyond the range of actions there is nothing; where all is worse the start is kept.
  Schedule edge = pieces(4, 1);
  searchSchedule(
      edge, 0, [](const Schedule &x) { return -x.action[0][0] - x.action[3][0]; }, 1, 100, 1);
  EXPECT_EQ(edge.action[0][0], 1.f);
  EXPECT_EQ(edge.action[3][0], 1.f);
  Schedule kept = pieces(4, 1);
  EXPECT_EQ(searchSchedule(
                kept, 0, [](const Schedule &) { return 1.0; }, 1, 50, 1),
            0);
  EXPECT_EQ(kept.action, pieces(4, 1).action);
}

TEST(Hindsight, PiecesOfTime) {
  const Schedule s = pieces(3, 1);
  EXPECT_EQ(s.piece(-1), 0u);
  EXPECT_EQ(s.piece(0.99), 0u);
  EXPECT_EQ(s.piece(1), 1u);
  EXPECT_EQ(s.piece(7), 2u);
}

TEST(Hindsight, NoActionIsTheRules) {
  for (const auto &[problem, method] : std::vector<std::pair<std::string, std::string>>{
           {"lotkavolterra", "rk5dp"}, {"robertson", "bdf2"}, {"explosion", "arkimex4"}, {"diode", "bdf2"}}) {
    ode::Case c;
    c.problem = ode::makeProblem(problem, nullptr);
    c.method = method;
    ScheduledController controller("step accept tolerance jacobian order");
    ASSERT_EQ(controller.actions(), 3u);
    const Schedule still = pieces(5, 3);
    const StepRun a = ode::run(c, rules()), b = ode::run(c, controller.follow(still));
    EXPECT_TRUE(a.finished && b.finished) << problem;
    EXPECT_EQ(a.steps, b.steps) << problem;
    EXPECT_EQ(a.rejected, b.rejected) << problem;
    EXPECT_EQ(a.functions, b.functions) << problem;
    EXPECT_EQ(a.jacobians, b.jacobians) << problem;
    EXPECT_EQ(a.linear, b.linear) << problem;
  }
}

// PI control settles where E^(1/k) = safety; with a factor r on its steps, at safety r^(1/0.9).
TEST(Hindsight, AFactorMeansWhatItSays) {
  Decay decay;
  ScheduledController controller("step");
  Schedule s = Schedule::still({8, 16}, 1);
  const double r = 0.8;
  s.action[1][0] = static_cast<float>(std::log(r) / std::log(ScheduledController::kFarthest));
  double early = 0, late = 0;
  const auto follow = controller.follow(s);
  decay.run(
      [&](TSAdapt adapt) {
        PetscFunctionBegin;
        PetscCall(follow(adapt));
        PetRLCallCXX(adaptRL(adapt).observer = [&](const Attempt &a) {
          if (a.t + a.h < 8 && a.accepted) early = std::pow(a.error, 1.0 / a.order);
          if (a.t + a.h < 15 && a.accepted) late = std::pow(a.error, 1.0 / a.order);
        });
        PetscFunctionReturn(PETSC_SUCCESS);
      },
      10000);
  EXPECT_NEAR(early, 0.9, 0.005);
  EXPECT_NEAR(late, 0.9 * std::pow(r, 1 / 0.9), 0.005);
}

// If cost alone counts, the best that can be had is steps that are just accepted: 0.9 of the rules' number.
TEST(Hindsight, FewestStepsThatAreAccepted) {
  Decay decay;
  ScheduledController controller("step");
  const auto steps = [&](const Schedule &s) {
    const StepRun run = decay.run(controller.follow(s), 10000);
    return run.finished ? static_cast<double>(run.steps + run.rejected) : 1e9;
  };
  Schedule s = Schedule::still({4, 8, 12, 16}, 1);
  const double before = steps(s), found = searchSchedule(s, before, steps, 1, 60, 1);
  EXPECT_LT(found, 0.95 * before);
  EXPECT_GT(found, 0.88 * before);
}

TEST(Trajectory, IsTheSolutionBetweenTheSteps) {
  Decay accurate;
  accurate.rtol = 1e-9;
  const Trajectory path(accurate, basic(), 100000);
  ASSERT_TRUE(path.finished());
  std::vector<double> u;
  for (const double t : {0.0, 0.1234, 3.3, 15.99, 16.0}) {
    path.at(t, u);
    EXPECT_NEAR(u[0] * std::exp(t), 1, 1e-7) << t;
  }
  // With steps of one length all is off by a factor a step: the error grows like t, its mean is half of the last one.
  Decay coarse;
  const auto fixed = [](TSAdapt adapt) { return TSAdaptSetType(adapt, TSADAPTNONE); };
  const double h = coarse.step, factor = 1 - h + h * h / 2 - h * h * h / 6;
  const RunBeside r = runBeside(coarse, fixed, 1000, path);
  EXPECT_EQ(r.times.size(), 128u);
  EXPECT_NEAR(r.end, 1 - std::pow(factor * std::exp(h), 128), 1e-6);
  EXPECT_NEAR(r.mean, r.end * 129 / 256, 0.02 * r.mean);
  EXPECT_TRUE(std::isinf(runBeside(coarse, fixed, 100, path).mean));
  EXPECT_EQ(runBeside(coarse, rules(), 1000, path).order, 3);
}
