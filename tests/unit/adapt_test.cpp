// TSADAPTRL inside real solves: it takes basic's decisions exactly when told to, sees failures, and overrules bad
// policies.
#include <gtest/gtest.h>
#include <petrl.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <random>

#include "adapt/rl.hpp"
#include "adapt/specification.hpp"
#include "problems/ode/run.hpp"

namespace {

using namespace petrl;

// A policy whose network ignores its input and always answers tanh(bias).
Policy constantPolicy(const std::string &transform, double low, double high, float bias) {
  Policy p = stepPolicySpecification({"error", "step_ratio"}, transform, low, high);
  p.network.parameters = {{"activation", "relu"}, {"output", "tanh"}};
  p.network.weights["layer0/weight"] = {{1, 2}, {0.f, 0.f}};
  p.network.weights["layer0/bias"] = {{1}, {bias}};
  p.provenance.config = "test: true";
  p.provenance.version = "test";
  p.provenance.libraries = "none";
  return p;
}

std::string temporary(const std::string &name) {
  return ::testing::TempDir() + name + std::to_string(getpid()) + ".h5";
}

ode::Case smallCase(const std::string &problem, const std::string &method, double rtol) {
  ode::Case c;
  c.problem = ode::makeProblem(problem, nullptr);
  c.method = method;
  c.rtol = rtol;
  return c;
}

TEST(Controller, BasicStepFollowsPetsc) {
  StepLimits limits;
  EXPECT_DOUBLE_EQ(basicStep(1, 0.125, 3, false, limits), 0.9 * 2);
  EXPECT_DOUBLE_EQ(basicStep(1, 8, 3, true, limits), 0.45 * 0.5);  // a second rejection is answered more sharply
  EXPECT_DOUBLE_EQ(basicStep(1, 1e-30, 3, false, limits), 10);     // clipped
  EXPECT_DOUBLE_EQ(basicStep(1, 0, 3, false, limits), 10);         // no error at all
  limits.hold = true;
  EXPECT_DOUBLE_EQ(basicStep(1, 0.125, 3, false, limits), 1);
}

TEST(Controller, ActionsMeanWhatTheManualSays) {
  StepLimits limits;
  ActionSpec a{"ratio", {0.1}, {10}};
  EXPECT_NEAR(proposedStep(a, 0, 2, 1, 3, false, limits), 2, 1e-12);
  EXPECT_NEAR(proposedStep(a, 1, 2, 1, 3, false, limits), 20, 1e-12);
  a = {"linear", {1}, {3}};
  EXPECT_NEAR(proposedStep(a, 0, 7, 1, 3, false, limits), 2, 1e-12);
  a = {"log", {1}, {100}};
  EXPECT_NEAR(proposedStep(a, 0, 7, 1, 3, false, limits), 10, 1e-12);
  a = {"error-ratio", {0.5}, {2}};
  EXPECT_NEAR(proposedStep(a, 0, 2, 0.125, 3, false, limits), 4, 1e-12);
  EXPECT_NEAR(proposedStep(a, 0, 2, 0.125, 3, true, limits), 0.5, 1e-12);
  a = {"pi-ratio", {0.25}, {4}};
  EXPECT_NEAR(proposedStep(a, 0, 2, 0.125, 3, false, limits, 3), 3, 1e-12);
  EXPECT_NEAR(proposedStep(a, 1, 2, 0.125, 3, false, limits, 3), 12, 1e-12);
  EXPECT_NEAR(proposedStep(a, 0, 2, 0.125, 3, true, limits, 3), 0.5, 1e-12);
  // A failed solve is never retried with the same step.
  EXPECT_NEAR(limitedStep(5, 2, true, limits), 1.8, 1e-12);
}

TEST(Controller, PiStepSettlesWhereBasicDoes) {
  StepLimits limits;
  const double c = std::log(limits.safety);
  EXPECT_NEAR(piStep(1, std::exp(3 * c), 3, c, limits), 1, 1e-12);
  // An error too large by x, in the units of the step: 0.9 x of it is taken back, and a tenth of its rise.
  EXPECT_NEAR(piStep(1, std::exp(3 * (c + 0.2)), 3, c, limits), std::exp(-0.9 * 0.2 - 0.1 * 0.2), 1e-12);
  EXPECT_NEAR(piStep(1, std::exp(3 * (c + 0.2)), 3, c + 0.2, limits), std::exp(-0.9 * 0.2), 1e-12);
  EXPECT_NEAR(piStep(1, 1e-30, 3, c, limits), 10, 1e-12);  // clipped
}

// With basic_only the type must reproduce basic to the last bit: same acceptance, same steps, same cost.
TEST(AdaptRL, BasicOnlyIsBasic) {
  const std::vector<std::array<std::string, 2>> cases = {
      {"vanderpol", "rosw-ra34pw2"}, {"stickslip", "rk3bs"}, {"robertson", "arkimex3"}, {"explosion", "bdf2"}};
  for (const auto &[problem, method] : cases) {
    const ode::Case c = smallCase(problem, method, 1e-4);
    const auto basic = ode::run(c, ode::controller("basic"));
    long attempts = 0;
    const auto ours = ode::run(c, [&attempts](TSAdapt adapt) {
      PetscFunctionBegin;
      PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
      adaptRL(adapt).basic_only = true;
      adaptRL(adapt).observer = [&attempts](const Attempt &) { ++attempts; };
      PetscFunctionReturn(PETSC_SUCCESS);
    });
    EXPECT_TRUE(basic.finished) << problem;
    EXPECT_EQ(basic.steps, ours.steps) << problem;
    EXPECT_EQ(basic.rejected, ours.rejected) << problem;
    EXPECT_EQ(basic.cost, ours.cost) << problem;
    EXPECT_EQ(basic.solution, ours.solution) << problem;
    EXPECT_EQ(attempts, ours.steps + ours.rejected) << problem << ": every attempt, failed ones too, is seen once";
  }
}

// error-ratio with r = 0.9 is basic's rule on accepted steps: it must finish and reach a like accuracy.
TEST(AdaptRL, PolicyFileDrivesTheSteps) {
  const std::string file = temporary("constant");
  writePolicy(file, constantPolicy("error-ratio", 0.45, 1.8, 0));  // tanh(0) = 0: r = 0.9
  const ode::Case c = smallCase("lotkavolterra", "rk5dp", 1e-6);
  const auto basic = ode::run(c, ode::controller("basic"));
  const auto ours = ode::run(c, ode::controller("rl:" + file));
  ASSERT_TRUE(ours.finished);
  EXPECT_NEAR(static_cast<double>(ours.steps), static_cast<double>(basic.steps),
              0.05 * static_cast<double>(basic.steps));
  unlink(file.c_str());
}

// pi-ratio with r = 1 is the step of the classical rule, also after rejections and failed solves.
TEST(AdaptRL, ActionZeroOfPiRatioIsTheClassicalRule) {
  const std::string file = temporary("pi");
  writePolicy(file, constantPolicy("pi-ratio", 0.25, 4, 0));
  const std::vector<std::array<std::string, 2>> cases = {
      {"lotkavolterra", "rk5dp"}, {"bounce", "rk3bs"}, {"explosion", "bdf2"}, {"stickslip_smooth", "arkimex3"}};
  for (const auto &[problem, method] : cases) {
    const ode::Case c = smallCase(problem, method, 1e-4);
    const auto ours = ode::run(c, ode::controller("rl:" + file));
    const auto classical = ode::run(c, [](TSAdapt adapt) {
      PetscFunctionBegin;
      PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
      PetscCall(TSAdaptRLSetPolicy(adapt, kClassical));
      PetscCall(TSAdaptRLSetControl(adapt, "step"));
      PetscFunctionReturn(PETSC_SUCCESS);
    });
    ASSERT_TRUE(ours.finished && classical.finished) << problem;
    EXPECT_EQ(ours.steps, classical.steps) << problem;
    EXPECT_EQ(ours.rejected, classical.rejected) << problem;
    EXPECT_EQ(ours.failed, classical.failed) << problem;
    for (std::size_t i = 0; i < ours.solution.size(); ++i)
      EXPECT_NEAR(ours.solution[i], classical.solution[i], 1e-9 * (1 + std::fabs(classical.solution[i]))) << problem;
  }
  unlink(file.c_str());
}

// A network whose answer leaves [-1, 1] is overruled by basic in each step, and the run is basic's.
TEST(AdaptRL, OutOfRangeFallsBackToBasic) {
  Policy p = constantPolicy("ratio", 0.1, 10, 7.f);
  p.network.parameters["output"] = "linear";
  const std::string file = temporary("wild");
  writePolicy(file, p);
  const ode::Case c = smallCase("lotkavolterra", "rk3bs", 1e-5);
  const auto basic = ode::run(c, ode::controller("basic"));
  PetscInt decisions = 0, fallbacks = 0;
  const auto set = ode::controller("rl:" + file);
  TSAdapt kept = nullptr;
  const auto ours = ode::run(c, [&](TSAdapt adapt) {
    kept = adapt;
    PetscFunctionBegin;
    PetscCall(set(adapt));
    PetscCall(PetscObjectReference((PetscObject)adapt));
    PetscFunctionReturn(PETSC_SUCCESS);
  });
  ASSERT_EQ(TSAdaptRLGetCounters(kept, &decisions, &fallbacks, nullptr), PETSC_SUCCESS);
  EXPECT_EQ(decisions, fallbacks);
  EXPECT_GT(decisions, 10);
  EXPECT_EQ(basic.solution, ours.solution);
  EXPECT_EQ(TSAdaptDestroy(&kept), PETSC_SUCCESS);
  unlink(file.c_str());
}

// Failed solves: the policy's own factor is used for the retry, twice in a row as well.
TEST(AdaptRL, PolicyDecidesTheRetryAfterFailedSolves) {
  const std::string file = temporary("retry");
  // r = 0.8 always: after a failure the step becomes h * 0.25 * 0.8.
  writePolicy(file, constantPolicy("error-ratio", 0.4, 1.6, 0));
  const ode::Case c = smallCase("stickslip_smooth", "arkimex3", 1e-4);
  std::vector<Attempt> attempts;
  const auto set = ode::controller("rl:" + file);
  const auto ours = ode::run(c, [&](TSAdapt adapt) {
    PetscFunctionBegin;
    PetscCall(set(adapt));
    adaptRL(adapt).observer = [&attempts](const Attempt &a) { attempts.push_back(a); };
    PetscFunctionReturn(PETSC_SUCCESS);
  });
  ASSERT_TRUE(ours.finished);
  long failures = 0, in_a_row = 0;
  for (std::size_t i = 1; i < attempts.size(); ++i) {
    if (!attempts[i - 1].failed) continue;
    ++failures;
    if (attempts[i].failed) ++in_a_row;
    EXPECT_NEAR(attempts[i].h / attempts[i - 1].h, 0.2, 1e-6) << "attempt " << i;
  }
  EXPECT_GT(failures, 0);
  EXPECT_EQ(failures, ours.failed) << "PETSc's own count";
  RecordProperty("failures_in_a_row", std::to_string(in_a_row));
  unlink(file.c_str());
}

TEST(AdaptRL, AnotherTypeGetsTheUsersScaleBack) {
  TS ts;
  TSAdapt adapt;
  ASSERT_EQ(TSCreate(PETSC_COMM_SELF, &ts), PETSC_SUCCESS);
  ASSERT_EQ(TSGetAdapt(ts, &adapt), PETSC_SUCCESS);
  ASSERT_EQ(TSAdaptSetScaleSolveFailed(adapt, 0.3), PETSC_SUCCESS);
  ASSERT_EQ(TSAdaptSetType(adapt, TSADAPTRL), PETSC_SUCCESS);
  adaptRL(adapt).user_scale_failed = 0.3;
  adapt->scale_solve_failed = 0.7;
  ASSERT_EQ(TSAdaptSetType(adapt, TSADAPTBASIC), PETSC_SUCCESS);
  EXPECT_DOUBLE_EQ(static_cast<double>(adapt->scale_solve_failed), 0.3);
  EXPECT_EQ(TSDestroy(&ts), PETSC_SUCCESS);
}

// Accepted steps that shrink for ever end where the error does not ask for it.
TEST(StallGuard, KeepsAndDoublesStepsThatWereGoodEnough) {
  StallGuard guard;
  const auto shrink = [&] {
    int steps = 0;
    for (double h = 1; !guard.leads() && steps < 1000; h *= 0.9, ++steps) {
      guard.decided(true, h, 0.9 * h);
      guard.decided(false, h, 1e-9 * h);  // rejections are the errors' business
    }
    return steps;
  };
  EXPECT_EQ(shrink(), 88);  // 0.9^88 = 1e-4
  const auto lead = [&](bool accepted, double h, double basic) { return guard.lead(accepted, h, basic).step; };
  EXPECT_DOUBLE_EQ(lead(true, 1, 0.9), 1);
  EXPECT_DOUBLE_EQ(lead(true, 1, 1.5), 1.5);
  EXPECT_DOUBLE_EQ(lead(true, 1, 0.9), 2);
  // The error asks for it: the policy was right.
  EXPECT_DOUBLE_EQ(lead(false, 2, 0.8), 0.8);
  EXPECT_FALSE(guard.leads());
  shrink();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(guard.lead(true, 1, 0.9).stalled);
  EXPECT_TRUE(guard.lead(true, 2, 1.8).stalled);
  EXPECT_DOUBLE_EQ(lead(true, 2, 1.8), 2);
  EXPECT_DOUBLE_EQ(lead(true, 2, 1.8), 4);
  // From now on rejections are answered as basic does, and the next trial waits longer.
  EXPECT_DOUBLE_EQ(lead(false, 4, 3), 3);
  for (int i = 0; i < 5; ++i) EXPECT_DOUBLE_EQ(lead(true, 3, 2.7), 3);
  EXPECT_DOUBLE_EQ(lead(true, 3, 2.7), 6);
  int left = 12;
  for (; guard.leads(); ++left) lead(true, 1, 0.9);
  EXPECT_EQ(left, 16);
  // Next time for twice as many; growth in between is no stall.
  for (int i = 0; i < 1000; ++i) guard.decided(true, 1, i % 2 == 0 ? 0.5 : 2.1);
  EXPECT_FALSE(guard.leads());
  shrink();
  for (left = 0; guard.leads(); ++left) lead(true, 1, 0.9);
  EXPECT_EQ(left, 32);
}

TEST(History, BarrierAndSlope) {
  StepHistory h;
  std::vector<double> v;
  const auto value = [&](const std::string &name) {
    for (std::size_t i = 0; i < observables().size(); ++i) {
      if (name == observables()[i].name) return v[i];
    }
    ADD_FAILURE() << name;
    return 0.0;
  };
  const auto attempt = [](double t, double step, double error) {
    Attempt a;
    a.t = t, a.h = step, a.order = 2, a.error = error, a.accepted = error <= 1;
    return a;
  };
  h.add(attempt(0, 1, 0.25), 10);
  h.values(v);
  EXPECT_DOUBLE_EQ(value("error"), std::log(0.25) / 2);
  EXPECT_EQ(value("barrier"), 0);
  h.add(attempt(1, 1, 16), 10);    // rejected: something lies in (1, 2]
  h.add(attempt(1, 0.25, 4), 10);  // error fell by 4 for a step shorter by 4: slope 1, over k = 2 that is 1/2
  h.values(v);
  EXPECT_DOUBLE_EQ(value("error_slope"), 0.5);
  EXPECT_EQ(value("rejections"), 2);
  EXPECT_EQ(value("barrier"), 1);
  EXPECT_DOUBLE_EQ(value("barrier_distance"), 0);  // 0.25 ahead, h = 0.25
  h.add(attempt(1, 0.125, 0.5), 10);
  h.values(v);
  EXPECT_EQ(value("barrier"), 1);
  EXPECT_DOUBLE_EQ(value("barrier_distance"), 0);
  EXPECT_DOUBLE_EQ(value("error_previous"), std::log(0.25) / 2);
  h.add(attempt(1.125, 0.125, 0.5), 10);
  h.values(v);
  EXPECT_EQ(value("barrier"), 0);  // reached
  EXPECT_EQ(value("rejections"), 0);
  h.ifFailed(1.25, 0.5).values(v);
  EXPECT_EQ(value("failures"), 1);
  EXPECT_EQ(value("error"), 0);
}

TEST(History, OscillationAndJitter) {
  const auto after = [](int attempts, double (*step)(int), bool (*accepted)(int)) {
    StepHistory h;
    std::vector<double> v;
    double t = 0;
    for (int i = 0; i < attempts; ++i) {
      Attempt a;
      a.t = t, a.h = step(i), a.order = 3, a.accepted = accepted(i), a.error = a.accepted ? 0.5 : 2;
      if (a.accepted) t += a.h;
      h.add(a, 1000);
    }
    h.values(v);
    std::array<double, 2> found{-1, -1};
    for (std::size_t i = 0; i < v.size(); ++i) {
      if (std::string("oscillation") == observables()[i].name) found[0] = v[i];
      if (std::string("step_jitter") == observables()[i].name) found[1] = v[i];
    }
    return found;
  };
  const auto always = [](int) { return true; };
  const auto share = [](int n) { return 1 - std::pow(0.9, n); };  // of a constant seen n times
  EXPECT_EQ(after(
                20, [](int) { return 0.1; }, always),
            (std::array<double, 2>{0, 0}));
  const auto growing = after(
      20, [](int i) { return std::pow(1.1, i); }, always);
  EXPECT_EQ(growing[0], 0);
  EXPECT_NEAR(growing[1], std::log(1.1) * share(19), 1e-12);
  // Up and down by a factor 1.3, be it that the longer ones are kept or rejected.
  const auto step = [](int i) { return i % 2 == 0 ? 1 : 1.3; };
  const auto kept = after(21, step, always);
  EXPECT_NEAR(kept[0], std::log(1.3) * share(19), 1e-12);
  EXPECT_NEAR(kept[1], std::log(1.3) * share(20), 1e-12);
  const auto rejected = after(21, step, [](int i) { return i % 2 == 0; });
  EXPECT_NEAR(rejected[0], std::log(1.3) * share(19), 1e-12);
  EXPECT_EQ(rejected[1], 0);
}

}  // namespace
