// TSADAPTRICHARDSON and TSADAPTITERATIONS: their arithmetic by hand, failed solves, options.
#include <gtest/gtest.h>
#include <petrladapt.h>
#include <petsc/private/tsimpl.h>

#include <cmath>

#include "support/policies.hpp"
#include "support/second_order.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

double told = 0;  // the weighted error that the TS reports

PetscErrorCode tellError(TS, NormType, PetscInt *order, PetscReal *error) {
  PetscFunctionBegin;
  if (order) *order = 3;
  *error = told;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode fromOptions(TSAdapt adapt) {
  PetscFunctionBegin;
  PetscObjectOptionsBegin((PetscObject)adapt);
  PetscCall(TSAdaptSetFromOptions(adapt, PetscOptionsObject));
  PetscOptionsEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode announceFailure(TSAdapt adapt, TS ts, PetscReal h) {
  PetscFunctionBegin;
  PetscTryMethod(adapt, "TSAdaptSolveFailed_C", (TSAdapt, TS, PetscReal), (adapt, ts, h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// An adaptor alone, asked as a TS asks it.
class Adaptor {
 public:
  TS ts = nullptr;
  TSAdapt adapt = nullptr;

  explicit Adaptor(TSAdaptType type, double h_min = 1e-3, double h_max = 5) {
    PetRLThrow(TSCreate(PETSC_COMM_SELF, &ts));
    PetRLThrow(TSSetType(ts, TSBATHE));
    ts->ops->evaluatewlte = tellError;
    PetRLThrow(TSGetAdapt(ts, &adapt));
    PetRLThrow(TSAdaptSetType(adapt, type));
    PetRLThrow(TSAdaptSetStepLimits(adapt, h_min, h_max));
    PetRLThrow(fromOptions(adapt));
  }
  ~Adaptor() { (void)TSDestroy(&ts); }
  Adaptor(const Adaptor &) = delete;
  Adaptor &operator=(const Adaptor &) = delete;

  double next(double h, double error) {
    told = error;
    PetscReal next_h;
    PetscInt scheme;
    PetscBool accept = PETSC_TRUE;
    PetRLThrow(TSAdaptChoose(adapt, ts, h, &scheme, &next_h, &accept));
    EXPECT_TRUE(accept) << "accepted whatever the error is";
    return static_cast<double>(next_h);
  }
  double afterIterations(double h, PetscInt n) {
    ts->snes_its += n;
    return next(h, -1);
  }
  double afterFailure(double h) {
    PetRLThrow(announceFailure(adapt, ts, h));
    return h * static_cast<double>(adapt->scale_solve_failed);
  }
};

// What TSSetFromOptions() says to these options.
std::string complaint(TSAdaptType type, const std::string &key, const std::string &value) {
  Oscillator o;
  TSAdapt adapt;
  o.start(1, 0);
  PetRLThrow(TSGetAdapt(o.ts, &adapt));
  PetRLThrow(TSAdaptSetType(adapt, type));
  Options options({{key, value}});
  CaughtErrors errors;
  return TSSetFromOptions(o.ts) ? errors.message : "no error";
}

}  // namespace

TEST(Richardson, FollowsEquationFive) {
  Adaptor a(TSADAPTRICHARDSON);  // p = 1: q = 1, c_up = 2
  EXPECT_DOUBLE_EQ(a.next(0.5, 4), 0.125);
  EXPECT_DOUBLE_EQ(a.next(0.5, 1.25), 0.4);
  EXPECT_DOUBLE_EQ(a.next(0.002, 8), 0.00025) << "h_min bounds the step of small errors only";
  EXPECT_DOUBLE_EQ(a.next(0.5, 0.8), 0.625);
  EXPECT_DOUBLE_EQ(a.next(0.5, 0.1), 1) << "at most c_up";
  EXPECT_DOUBLE_EQ(a.next(0.5, 0), 1);
  EXPECT_DOUBLE_EQ(a.next(0.5, 1), 0.5);
  EXPECT_DOUBLE_EQ(a.next(4, 0.1), 5) << "h_max";
  EXPECT_DOUBLE_EQ(a.next(9, 1.5), 5) << "h_max";
  EXPECT_DOUBLE_EQ(a.next(2e-4, 0.9), 1e-3) << "h_min";
  EXPECT_DOUBLE_EQ(a.next(0.5, -1), 0.5) << "no estimate yet: the step is kept";
}

TEST(Richardson, TakesOrderAndFactorsFromOptions) {
  Options options(
      {{"-ts_adapt_richardson_order", "2"}, {"-ts_adapt_richardson_up", "3"}, {"-ts_adapt_richardson_down", "0.25"}});
  Adaptor a(TSADAPTRICHARDSON);
  // q = 1/3; the error is a third of the difference
  EXPECT_NEAR(a.next(0.5, 24), 0.25, 1e-15);
  EXPECT_NEAR(a.next(0.5, 2.999), 0.5 / std::cbrt(2.999 / 3), 1e-15);
  EXPECT_NEAR(a.next(0.5, 0.375), 1, 1e-15);
  EXPECT_NEAR(a.next(0.5, 1e-9), 1.5, 1e-15);
  EXPECT_NEAR(a.afterFailure(0.5), 0.125, 1e-15);
}

TEST(Richardson, ShortensAfterFailuresDownToTheShortestStep) {
  Adaptor a(TSADAPTRICHARDSON);
  EXPECT_NEAR(a.afterFailure(0.5), 0.3, 1e-15);
  EXPECT_NEAR(a.afterFailure(0.0012), 1e-3, 1e-15) << "not below h_min";
  EXPECT_EQ(a.ts->reason, TS_CONVERGED_ITERATING);
  a.afterFailure(1e-3);
  EXPECT_EQ(a.ts->reason, TS_DIVERGED_NONLINEAR_SOLVE);
}

// Beyond t = 0.5 the equations have no values.
TEST(Richardson, GivesUpAtTheShortestStep) {
  Oscillator o;
  TSAdapt adapt;
  o.wall = 0.5;
  PetRLThrow(TSBatheSetErrorType(o.ts, TS_BATHE_ERROR_DOUBLING));
  PetRLThrow(TSSetTolerances(o.ts, 1, NULL, 1, NULL));
  PetRLThrow(TSSetMaxSNESFailures(o.ts, -1));
  PetRLThrow(TSGetAdapt(o.ts, &adapt));
  PetRLThrow(TSAdaptSetType(adapt, TSADAPTRICHARDSON));
  PetRLThrow(TSAdaptSetStepLimits(adapt, 0.02, 0.2));
  o.start(1, 0);
  o.solve(0.2, 1);
  TSConvergedReason reason;
  PetRLThrow(TSGetConvergedReason(o.ts, &reason));
  EXPECT_EQ(reason, TS_DIVERGED_NONLINEAR_SOLVE);
  ASSERT_GT(o.attempts.size(), 6u);
  for (std::size_t i = 0; i + 1 < o.attempts.size(); ++i) {
    const BatheAttempted &a = o.attempts[i], &next = o.attempts[i + 1];
    EXPECT_EQ(a.failed, a.t + a.h > 0.5 + 1e-12);
    EXPECT_EQ(a.accepted, !a.failed);
    if (a.failed) {
      EXPECT_NEAR(next.h, std::max(0.6 * a.h, 0.02), 1e-12);
    }
    EXPECT_GE(next.h, 0.02 * (1 - 1e-9));
  }
  EXPECT_TRUE(o.attempts.back().failed);
  EXPECT_NEAR(o.attempts.back().h, 0.02, 1e-9);
  EXPECT_LE(o.attempts.back().t, 0.5 + 1e-12);
  // The solution is that of the last step that was accepted.
  double u, v;
  PetscReal t;
  PetRLThrow(TSGetTime(o.ts, &t));
  o.exact(1, 0, t, &u, &v);
  EXPECT_NEAR(o.at(o.u), u, 1e-3);
  EXPECT_NEAR(o.at(o.v), v, 1e-3);
}

TEST(Richardson, NeedsAnEstimate) {
  Oscillator o;
  TSAdapt adapt;
  PetRLThrow(TSGetAdapt(o.ts, &adapt));
  PetRLThrow(TSAdaptSetType(adapt, TSADAPTRICHARDSON));
  o.start(1, 0);
  PetRLThrow(TSSetTimeStep(o.ts, 0.1));
  CaughtErrors errors;
  EXPECT_NE(TSSolve(o.ts, NULL), 0);
  expectParts(errors.message, {"richardson", "-ts_bathe_error doubling"});
}

TEST(Richardson, ChecksItsOptions) {
  expectParts(complaint(TSADAPTRICHARDSON, "-ts_adapt_richardson_order", "0"), {"richardson_order", "0", "1 to 20"});
  expectParts(complaint(TSADAPTRICHARDSON, "-ts_adapt_richardson_up", "1"), {"richardson_up", "above 1"});
  expectParts(complaint(TSADAPTRICHARDSON, "-ts_adapt_richardson_down", "1"), {"richardson_down", "(0, 1)"});
  expectParts(complaint(TSADAPTRICHARDSON, "-ts_adapt_richardson_down", "-0.5"), {"richardson_down", "-0.5"});
  EXPECT_EQ(complaint(TSADAPTRICHARDSON, "-ts_adapt_richardson_up", "1.5"), "no error");
}

TEST(IterationsAdapt, CountsIterations) {
  Adaptor a(TSADAPTITERATIONS);  // target 6, power 1/2, factor 0.5 to 2
  EXPECT_DOUBLE_EQ(a.afterIterations(0.5, 6), 0.5);
  EXPECT_NEAR(a.afterIterations(0.5, 12), 0.5 * std::sqrt(0.5), 1e-15);
  EXPECT_NEAR(a.afterIterations(0.5, 3), 0.5 * std::sqrt(2.0), 1e-15);
  EXPECT_DOUBLE_EQ(a.afterIterations(0.5, 1), 1);
  EXPECT_DOUBLE_EQ(a.afterIterations(0.5, 0), 1) << "a step without any iteration counts as one";
  EXPECT_DOUBLE_EQ(a.afterIterations(0.5, 1000), 0.25);
  EXPECT_DOUBLE_EQ(a.afterIterations(4, 1), 5) << "h_max";
  EXPECT_DOUBLE_EQ(a.afterIterations(1.5e-3, 1000), 1e-3) << "h_min";
  // Iterations of an attempt that failed are not those of the retry.
  a.ts->snes_its += 40;
  EXPECT_DOUBLE_EQ(a.afterFailure(0.5), 0.5 * static_cast<double>(a.adapt->scale_solve_failed));
  EXPECT_DOUBLE_EQ(a.afterIterations(0.3, 6), 0.3);
  // Another solve: the TS counts from zero.
  a.ts->snes_its = 0;
  EXPECT_DOUBLE_EQ(a.afterIterations(0.3, 6), 0.3);
}

TEST(IterationsAdapt, TakesAndChecksOptions) {
  {
    Options options({{"-ts_adapt_iterations_target", "10"},
                     {"-ts_adapt_iterations_power", "1"},
                     {"-ts_adapt_iterations_limits", "0.2,4"}});
    Adaptor a(TSADAPTITERATIONS);
    EXPECT_NEAR(a.afterIterations(0.5, 4), 1.25, 1e-15);
    EXPECT_NEAR(a.afterIterations(0.5, 1), 2, 1e-15);
    EXPECT_NEAR(a.afterIterations(0.5, 100), 0.1, 1e-15);
  }
  expectParts(complaint(TSADAPTITERATIONS, "-ts_adapt_iterations_target", "0"), {"iterations", "target 0"});
  expectParts(complaint(TSADAPTITERATIONS, "-ts_adapt_iterations_power", "-1"), {"iterations", "power -1"});
  expectParts(complaint(TSADAPTITERATIONS, "-ts_adapt_iterations_limits", "2,1"), {"limits 2", "low <= high"});
}

TEST(IterationsAdapt, DrivesATSWithoutAnEstimate) {
  Options options({{"-ts_adapt_iterations_target", "7"}});
  Oscillator o;
  TSAdapt adapt;
  o.pendulum = true;
  PetRLThrow(TSGetAdapt(o.ts, &adapt));
  PetRLThrow(TSAdaptSetType(adapt, TSADAPTITERATIONS));
  PetRLThrow(TSAdaptSetStepLimits(adapt, 1e-3, 0.5));
  o.start(1.5, 0);
  PetRLThrow(TSSetFromOptions(o.ts));
  o.solve(0.01, 5);
  TSConvergedReason reason;
  PetRLThrow(TSGetConvergedReason(o.ts, &reason));
  EXPECT_EQ(reason, TS_CONVERGED_TIME);
  PetscInt iterations, solves;
  PetRLThrow(TSBatheGetAttempt(o.ts, &iterations, &solves, NULL));
  EXPECT_EQ(solves, 2);
  EXPECT_GE(iterations, 2);
  EXPECT_LT(o.attempts.size(), 500u) << "grows from the first step";
}
