// TSADAPTRL beyond the step: Newton's tolerance, the Jacobian's life, BDF's order; what the user has set stays.
#include <gtest/gtest.h>
#include <petrl.h>
#include <petsc/private/snesimpl.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "adapt/rl.hpp"

namespace {

using namespace petrl;

TEST(Newton, ErrorFromTheContraction) {
  Contraction c;
  c.begin();
  c.update(8, 0);
  EXPECT_GE(c.error(), 8);  // nothing is known of its contraction
  c.update(2, 0);           // rate 1/4: 2 (1/4 + 1/16 + ...) are missing
  EXPECT_DOUBLE_EQ(c.rate(), 0.25);
  EXPECT_NEAR(c.error(), 2. / 3, 1e-12);
  EXPECT_EQ(c.missing(0.1), 2);  // 2/3, 1/6, 1/24
  EXPECT_FALSE(c.diverges());
  c.update(4, 0);
  EXPECT_TRUE(c.diverges());
  EXPECT_GE(c.missing(0.1), 100);

  Contraction next;
  next.begin();
  next.update(1, 0);
  next.update(0.01, 0);
  next.begin();
  next.update(1, 0);  // as far as last time: about the same is missing
  EXPECT_GT(next.error(), 0.01);
  EXPECT_LT(next.error(), 0.02);
  next.begin();
  next.update(10, 0);  // ten times as far: the contraction is trusted less
  EXPECT_GT(next.error(), 1);
  next.begin();
  next.update(1, 0.5);  // nor beyond what the linear solver leaves
  EXPECT_GE(next.error(), 1);
}

TEST(Newton, JacobiansAge) {
  const SolveRule rule;
  JacobianAge age;
  EXPECT_TRUE(age.stale(10, 0, rule));
  age.built(10, 5);
  age.fresh(1);
  EXPECT_FALSE(age.stale(12, 6, rule));
  EXPECT_TRUE(age.stale(14, 6, rule));  // another shift
  EXPECT_TRUE(age.stale(6, 6, rule));
  EXPECT_TRUE(age.stale(10, 25, rule));  // old
  EXPECT_TRUE(age.stale(10, 4, rule));   // the steps are counted anew
  age.paid(2);                           // dearer by one iteration, then by another
  EXPECT_FALSE(age.stale(10, 6, rule));
  age.paid(2);
  EXPECT_TRUE(age.stale(10, 6, rule));
}

TEST(Order, ErrorsOfOtherOrdersAndTheChoice) {
  // BDF of order k is exact for polynomials of degree k; for the next one its error is that of the derivative, over
  // the leading weight: here of x^3 under order 2 with unequal steps.
  const std::vector<double> t = {1, 0.6, 0.3, 0.1, -0.2};
  for (int k = 1; k <= 3; ++k) {
    const auto w = bdfErrorWeights(t.data(), k);
    for (int degree = 0; degree <= k + 1; ++degree) {
      double sum = 0, leading = 0, expected = 1;
      for (int i = 0; i <= k + 1; ++i)
        sum += w[static_cast<std::size_t>(i)] * std::pow(t[static_cast<std::size_t>(i)], degree);
      for (int j = 1; j <= k; ++j) leading += 1 / (t[0] - t[static_cast<std::size_t>(j)]);
      for (int j = 1; j <= k; ++j) expected *= t[0] - t[static_cast<std::size_t>(j)];
      expected = degree <= k ? 0 : -expected / leading;
      EXPECT_NEAR(sum, expected, 1e-12) << k << " " << degree;
    }
  }
  EXPECT_EQ(chooseOrder(2, -1, 0.5, -1).order, 2);
  EXPECT_EQ(chooseOrder(1, -1, -1, -1).order, 1);
  EXPECT_EQ(chooseOrder(2, 0.5, 0.5, 0.01).order, 3);
  EXPECT_EQ(chooseOrder(3, 0.01, 0.9, 0.9).order, 2);
  EXPECT_EQ(chooseOrder(3, 0.4, 0.5, 0.45).order, 3);  // not for little
}

// u' = -k(t) (u - cos t), k much larger from t = 1 on: no Newton iteration comes through with a Jacobian of before.
struct Stiff {
  double before = 20, after = 20, from = 1;
  PetscInt jacobians = 0, first = 0;
  double rate(double t) const { return t < from ? before : after; }
};

PetscErrorCode Function(TS, PetscReal t, Vec u, Vec v, Vec f, void *ctx) {
  const PetscScalar *x, *y;
  PetscScalar *z;
  PetscInt n;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(u, &n));
  PetscCall(VecGetArrayRead(u, &x));
  PetscCall(VecGetArrayRead(v, &y));
  PetscCall(VecGetArrayWrite(f, &z));
  for (PetscInt i = 0; i < n; ++i)
    z[i] = y[i] + static_cast<const Stiff *>(ctx)->rate(t) * (x[i] - std::cos((double)t) + 0.01 * x[i] * x[i] * x[i]);
  PetscCall(VecRestoreArrayWrite(f, &z));
  PetscCall(VecRestoreArrayRead(v, &y));
  PetscCall(VecRestoreArrayRead(u, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Jacobian(TS, PetscReal t, Vec u, Vec, PetscReal shift, Mat, Mat B, void *ctx) {
  auto *s = static_cast<Stiff *>(ctx);
  const PetscScalar *x;
  PetscInt first, last;

  PetscFunctionBegin;
  ++s->jacobians;
  PetscCall(VecGetOwnershipRange(u, &first, &last));
  PetscCall(VecGetArrayRead(u, &x));
  for (PetscInt i = first; i < last; ++i)
    PetscCall(MatSetValue(B, i, i, shift + s->rate(t) * (1 + 0.03 * x[i - first] * x[i - first]), INSERT_VALUES));
  PetscCall(VecRestoreArrayRead(u, &x));
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct Program {
  TS ts = nullptr;
  Vec u = nullptr;
  Mat J = nullptr;
  ~Program() {
    (void)TSDestroy(&ts);
    (void)VecDestroy(&u);
    (void)MatDestroy(&J);
  }
  AdaptRL &rl() const { return adaptRL(ts->adapt); }
};

PetscErrorCode Prepare(Program &run, Stiff &s, const char type[], const char levers[]) {
  PetscFunctionBegin;
  PetscCall(VecCreateMPI(PETSC_COMM_WORLD, PETSC_DECIDE, 4, &run.u));
  PetscCall(VecSet(run.u, 0.9));
  PetscCall(MatCreateAIJ(PETSC_COMM_WORLD, PETSC_DECIDE, PETSC_DECIDE, 4, 4, 1, NULL, 0, NULL, &run.J));
  PetscCall(TSCreate(PETSC_COMM_WORLD, &run.ts));
  PetscCall(TSSetIFunction(run.ts, NULL, Function, &s));
  PetscCall(TSSetIJacobian(run.ts, run.J, run.J, Jacobian, &s));
  PetscCall(TSSetType(run.ts, type));
  if (std::string(type) == TSARKIMEX) PetscCall(TSARKIMEXSetFullyImplicit(run.ts, PETSC_TRUE));
  PetscCall(TSSetMaxTime(run.ts, 2));
  PetscCall(TSSetTimeStep(run.ts, 1e-3));
  PetscCall(TSSetExactFinalTime(run.ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetTolerances(run.ts, 1e-4, NULL, 1e-4, NULL));
  TSAdapt adapt;
  PetscCall(TSGetAdapt(run.ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
  PetscCall(TSAdaptRLSetPolicy(adapt, "classical"));
  if (levers[0] != '\0') PetscCall(TSAdaptRLSetControl(adapt, levers));
  AdaptRL &rl = adaptRL(adapt);
  rl.observer = [&s](const Attempt &) {
    if (s.first == 0) s.first = s.jacobians;
  };
  PetscCall(TSSetFromOptions(run.ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The adaptive theta methods come from an option.
struct ThetaAdapts {
  ThetaAdapts() { (void)PetscOptionsSetValue(NULL, "-ts_theta_adapt", "1"); }
  ~ThetaAdapts() { (void)PetscOptionsClearValue(NULL, "-ts_theta_adapt"); }
};

TEST(WholeSolve, JacobiansAreBuiltExactlyWhenDecided) {
  const ThetaAdapts theta;
  for (const char *type : {TSBDF, TSARKIMEX, TSCN}) {
    Stiff s;
    Program run;
    ASSERT_FALSE(Prepare(run, s, type, ""));
    ASSERT_FALSE(TSSolve(run.ts, run.u));
    const SolveCounts &n = run.rl().counts;
    EXPECT_EQ(s.jacobians, s.first + n.jacobians) << type;
    EXPECT_LT(2 * n.jacobians, n.iterations) << type;
    EXPECT_EQ(n.repeated, 0) << type;
    EXPECT_LT(n.iterations, 3 * n.solves) << type;
  }
}

TEST(WholeSolve, AnOldJacobianCostsNoStep) {
  const ThetaAdapts theta;
  for (const char *type : {TSBDF, TSARKIMEX, TSBEULER, TSCN}) {
    PetscInt repeated = 0;
    for (const double from : {0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3}) {
      Stiff s;
      s.after = 2000;
      s.from = from;
      Program run;
      ASSERT_FALSE(Prepare(run, s, type, "tolerance,jacobian"));
      SNESLineSearch search;  // that does not damp
      ASSERT_FALSE(TSGetSNES(run.ts, &run.ts->snes));
      ASSERT_FALSE(SNESGetLineSearch(run.ts->snes, &search));
      ASSERT_FALSE(SNESLineSearchSetType(search, SNESLINESEARCHBASIC));
      std::vector<Attempt> attempts;
      run.rl().observer = [&attempts](const Attempt &a) { attempts.push_back(a); };
      ASSERT_FALSE(TSSolve(run.ts, run.u));
      repeated += run.rl().counts.repeated;
      EXPECT_EQ(run.ts->num_snes_failures, 0) << type;
      for (const Attempt &a : attempts) EXPECT_FALSE(a.failed) << type << " at " << a.t;
      const PetscScalar *x;
      ASSERT_FALSE(VecGetArrayRead(run.u, &x));
      EXPECT_NEAR(PetscRealPart(x[0]), std::cos(2.0), 2e-2) << type;
      ASSERT_FALSE(VecRestoreArrayRead(run.u, &x));
    }
    if (std::string(type) != TSCN) {  // whose steps had a new one in time
      EXPECT_GT(repeated, 0) << type;
    }
  }
}

struct Settings {
  PetscErrorCode (*solve)(SNES);
  PetscErrorCode (*test)(SNES, PetscInt, PetscReal, PetscReal, PetscReal, SNESConvergedReason *, void *);
  PetscInt lag, order;
  PetscReal rtol;
  bool operator==(const Settings &o) const {
    return solve == o.solve && test == o.test && lag == o.lag && order == o.order && rtol == o.rtol;
  }
};

Settings settings(TS ts) {
  Settings s{};
  KSP ksp;
  (void)SNESGetKSP(ts->snes, &ksp);
  s.solve = ts->snes->ops->solve;
  s.test = ts->snes->ops->converged;
  s.lag = ts->snes->lagjacobian;
  (void)KSPGetTolerances(ksp, &s.rtol, NULL, NULL, NULL);
  (void)TSBDFGetOrder(ts, &s.order);
  return s;
}

PetscErrorCode Ready(Program &run, Stiff &s, Settings *before) {
  PetscFunctionBegin;
  PetscCall(Prepare(run, s, TSBDF, ""));
  PetscCall(TSSetSolution(run.ts, run.u));
  PetscCall(TSSetUp(run.ts));
  PetscCall(SNESSetUp(run.ts->snes));
  *before = settings(run.ts);
  PetscFunctionReturn(PETSC_SUCCESS);
}

TEST(WholeSolve, RestoredAfterwardsHoweverItEnded) {
  for (const bool fails : {false, true}) {
    Stiff s;
    Program run;
    Settings before{};
    ASSERT_FALSE(Ready(run, s, &before));
    bool differed = false;
    run.rl().observer = [&](const Attempt &) { differed = differed || !(settings(run.ts) == before); };
    if (fails) {  // the error asks for ever shorter steps: it ends as it does with basic
      s.after = -1e6;
      ASSERT_FALSE(TSSetMaxStepRejections(run.ts, 3));
      ASSERT_FALSE(TSSetErrorIfStepFails(run.ts, PETSC_FALSE));
    }
    ASSERT_FALSE(TSSolve(run.ts, run.u));
    EXPECT_EQ(run.ts->reason < 0, fails);
    EXPECT_TRUE(differed);
    EXPECT_TRUE(settings(run.ts) == before);
  }
  // An error in the program's own function leaves nothing behind in the solver but the hook, which steps aside.
  Stiff s;
  Program run;
  Settings before{};
  ASSERT_FALSE(Ready(run, s, &before));
  ASSERT_FALSE(
      TSSetPreStage(run.ts, [](TS, PetscReal t) -> PetscErrorCode { return t > 1 ? PETSC_ERR_USER : PETSC_SUCCESS; }));
  ASSERT_FALSE(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  EXPECT_NE(TSSolve(run.ts, run.u), PETSC_SUCCESS);
  ASSERT_FALSE(PetscPopErrorHandler());
  const Settings after = settings(run.ts);
  EXPECT_EQ(after.lag, before.lag);
  EXPECT_EQ(after.test, before.test);
  EXPECT_EQ(after.rtol, before.rtol);
}

// What a program or its user has decided is left alone, for the reason that the view gives.
TEST(WholeSolve, LeavesWhatTheUserHasSet) {
  const auto own = [](SNES snes, PetscInt it, PetscReal x, PetscReal y, PetscReal f, SNESConvergedReason *reason,
                      void *) -> PetscErrorCode { return SNESConvergedDefault(snes, it, x, y, f, reason, NULL); };
  const struct {
    const char *name;
    std::function<void(TS)> set;
    bool tolerance, jacobian;  // pulled
  } cases[] = {
      {"nothing", [](TS) {}, true, true},
      {"test", [own](TS ts) { (void)SNESSetConvergenceTest(ts->snes, own, NULL, NULL); }, false, false},
      {"lag", [](TS ts) { (void)SNESSetLagJacobian(ts->snes, 3); }, true, false},
      {"ksponly", [](TS ts) { (void)SNESSetType(ts->snes, SNESKSPONLY); }, false, false},
      {"bounds", [](TS ts) { (void)SNESSetType(ts->snes, SNESVINEWTONRSLS); }, false, false},
      {"trajectory", [](TS ts) { (void)TSSetSaveTrajectory(ts); }, false, false},
  };
  for (const auto &c : cases) {
    Stiff s;
    Program run;
    ASSERT_FALSE(Prepare(run, s, TSBDF, "tolerance,jacobian"));
    ASSERT_FALSE(TSGetSNES(run.ts, &run.ts->snes));
    c.set(run.ts);
    ASSERT_FALSE(TSSolve(run.ts, run.u)) << c.name;
    EXPECT_EQ(run.rl().alone.tolerance.empty(), c.tolerance) << c.name;
    EXPECT_EQ(run.rl().alone.jacobian.empty(), c.jacobian) << c.name;
    EXPECT_EQ(run.rl().counts.solves > 0, c.tolerance || c.jacobian) << c.name;
    if (!c.tolerance && !c.jacobian) {  // not a bit differs
      Stiff again;
      Program basic;
      ASSERT_FALSE(Prepare(basic, again, TSBDF, "tolerance,jacobian"));
      ASSERT_FALSE(TSGetSNES(basic.ts, &basic.ts->snes));
      c.set(basic.ts);
      TSAdapt adapt;
      ASSERT_FALSE(TSGetAdapt(basic.ts, &adapt));
      ASSERT_FALSE(TSAdaptSetType(adapt, TSADAPTBASIC));
      ASSERT_FALSE(TSSolve(basic.ts, basic.u));
      EXPECT_EQ(basic.ts->steps, run.ts->steps) << c.name;
      EXPECT_EQ(again.jacobians, s.jacobians) << c.name;
      PetscBool same;
      ASSERT_FALSE(VecEqual(basic.u, run.u, &same));
      EXPECT_TRUE(same) << c.name;
    }
  }
}

// A post-step function that solves another TS, with the same adaptor type, changes nothing; nor does one that touches
// the solution, which PETSc takes for a restart, where the method does not start again.
PetscErrorCode SolveInner(TS) {
  Stiff s;
  Program inner;
  PetscFunctionBegin;
  PetscCall(Prepare(inner, s, TSBDF, ""));
  PetscCall(TSSetMaxTime(inner.ts, 0.1));
  PetscCall(TSSolve(inner.ts, inner.u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Touch(TS ts) {
  Vec u;
  PetscScalar *x;
  PetscFunctionBegin;
  PetscCall(TSGetSolution(ts, &u));
  PetscCall(VecGetArray(u, &x));
  PetscCall(VecRestoreArray(u, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

TEST(WholeSolve, SurvivesPostStepFunctions) {
  for (auto *post : {SolveInner, Touch}) {
    const char *type = post == SolveInner ? TSBDF : TSARKIMEX;
    Stiff s[2];
    Program runs[2];
    for (int i = 0; i < 2; ++i) {
      ASSERT_FALSE(Prepare(runs[i], s[i], type, ""));
      // Of an ODE in its usual form ARKIMEX needs nothing from the step before.
      if (i == 1) {
        ASSERT_FALSE(TSSetPostStep(runs[i].ts, post));
      }
      ASSERT_FALSE(TSSolve(runs[i].ts, runs[i].u));
    }
    EXPECT_EQ(runs[0].ts->steps, runs[1].ts->steps) << type;
    if (post == Touch) continue;  // some PETSc's ARKIMEX starts again itself then
    EXPECT_EQ(s[0].jacobians, s[1].jacobians) << type;
    PetscBool same;
    ASSERT_FALSE(VecEqual(runs[0].u, runs[1].u, &same));
    EXPECT_TRUE(same) << type;
  }
}

TEST(WholeSolve, LeversHaveNames) {
  EXPECT_EQ(controlNames(controlFrom("jacobian,step")), "step,jacobian");
  EXPECT_EQ(controlNames(controlFrom("")), "nothing");
  EXPECT_THROW(controlFrom("step,kappa"), Error);
}

}  // namespace
