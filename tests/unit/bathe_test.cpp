// TSBATHE: order, dissipation, error estimates, roll-back, dry friction with known answers, errors.
#include <gtest/gtest.h>
#include <petrladapt.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "support/policies.hpp"
#include "support/second_order.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

const double radii[] = {0, 0.5, 1};

// A damped oscillator or pendulum, ready to go.
void describe(Oscillator &o, bool pendulum, double rho) {
  o.mass = 2;
  o.damping = 0.6;
  o.stiffness = 8;
  o.pendulum = pendulum;
  PetRLThrow(TSBatheSetRhoInfinity(o.ts, rho));
  o.start(1.2, -0.5);
}

struct Errors {
  double u, v;
};

Errors errorAfter(bool pendulum, double rho, double h, double end) {
  Oscillator o;
  describe(o, pendulum, rho);
  o.solve(h, end);
  double u, v;
  o.exact(1.2, -0.5, end, &u, &v);
  return {std::fabs(o.at(o.u) - u), std::fabs(o.at(o.v) - v)};
}

std::string viewed(TS ts) {
  const std::string file = temporary("view.txt");
  PetscViewer viewer;
  PetRLThrow(PetscViewerASCIIOpen(PETSC_COMM_SELF, file.c_str(), &viewer));
  PetRLThrow(TSView(ts, viewer));
  PetRLThrow(PetscViewerDestroy(&viewer));
  std::ifstream in(file);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  unlink(file.c_str());
  return text;
}

// Dry friction of constant strength; the history variable is the way gone.
PetscErrorCode dryFriction(TS, PetscReal, Vec known, PetscReal c, Vec v, Vec strength, Vec slope, Vec history, Vec rate,
                           void *ctx) {
  PetscFunctionBegin;
  if (strength) PetscCall(VecSet(strength, *static_cast<double *>(ctx)));
  if (slope) PetscCall(VecSet(slope, 0));
  for (Vec out : {history, rate}) {
    if (!out) continue;
    PetscCall(VecCopy(v, out));
    PetscCall(VecAbs(out));
  }
  if (history) PetscCall(VecAYPX(history, c, known));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

TEST(Bathe, WeightsAreThoseOfThePaper) {
  Oscillator o;
  for (const double rho : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    PetRLThrow(TSBatheSetRhoInfinity(o.ts, rho));
    const Bathe &b = bathe(o.ts);
    EXPECT_NEAR(b.q0 + b.q1 + b.q2, 1, 1e-15) << rho;
    EXPECT_NEAR(b.gamma * b.q1 + b.q2, 0.5, 1e-15) << rho;
    // Both sub-steps have the same operator.
    EXPECT_NEAR(b.gamma / 2, b.q2, 1e-14) << rho;
  }
  PetRLThrow(TSBatheSetRhoInfinity(o.ts, 0));
  const Bathe &b = bathe(o.ts);
  EXPECT_NEAR(b.gamma, 2 - std::sqrt(2.0), 1e-15);
  EXPECT_NEAR(b.q0, 0.353553, 1e-6);
  EXPECT_NEAR(b.q1, 0.353553, 1e-6);
  EXPECT_NEAR(b.q2, 0.292893, 1e-6);
}

TEST(Bathe, IsOfSecondOrder) {
  for (const bool pendulum : {false, true})
    for (const double rho : radii) {
      SCOPED_TRACE((pendulum ? "pendulum, rho " : "oscillator, rho ") + std::to_string(rho));
      const Errors coarse = errorAfter(pendulum, rho, 0.04, 2), fine = errorAfter(pendulum, rho, 0.02, 2);
      EXPECT_NEAR(std::log2(coarse.u / fine.u), 2, 0.1);
      EXPECT_NEAR(std::log2(coarse.v / fine.v), 2, 0.1);
      // One step.
      const Errors step = errorAfter(pendulum, rho, 0.04, 0.04), half = errorAfter(pendulum, rho, 0.02, 0.02);
      EXPECT_NEAR(std::log2(step.u / half.u), 3, 0.15);
      EXPECT_NEAR(std::log2(step.v / half.v), 3, 0.15);
    }
}

TEST(Bathe, ConservesEnergyOrNotAsAsked) {
  double left[3];
  for (int i = 0; i < 3; ++i) {
    Oscillator o;
    o.stiffness = 9;
    PetRLThrow(TSBatheSetRhoInfinity(o.ts, radii[i]));
    o.start(1, 0.5);
    const double before = o.energy();
    o.solve(0.1, 100);
    left[i] = o.energy() / before;
  }
  EXPECT_NEAR(left[2], 1, 1e-11);
  EXPECT_LT(left[0], 0.99);
  EXPECT_GT(left[0], 0.5);
  EXPECT_GT(left[1], left[0]);
  EXPECT_LT(left[1], 1);
}

// The amplification matrix of one very long step has determinant rho^2.
TEST(Bathe, HasTheSpectralRadiusAskedFor) {
  for (const double rho : {0.0, 0.3, 0.5, 0.8, 1.0}) {
    const double h = 1e5;
    double a[2][2];
    for (int j = 0; j < 2; ++j) {
      Oscillator o;
      PetRLThrow(TSBatheSetRhoInfinity(o.ts, rho));
      o.start(j == 0 ? 1 : 0, j == 1 ? 1 : 0);
      o.solve(h, h);
      a[0][j] = o.at(o.u);
      a[1][j] = o.at(o.v);
    }
    EXPECT_NEAR(a[0][0] * a[1][1] - a[0][1] * a[1][0], rho * rho, 1e-3) << rho;
    EXPECT_NEAR(std::fabs(a[0][0] + a[1][1]), 2 * rho, 1e-3) << rho;
  }
}

TEST(Bathe, StartsFromTheAccelerationOfTheEquations) {
  Oscillator o(3);
  o.mass = 2;
  o.coupling = 0.7;
  o.damping = 3;
  o.stiffness = 1e9;  // stiff: no shift makes this negligible
  o.start(0.3, -0.2);
  o.take({1e-7});
  const Vec a = bathe(o.ts).start.a;
  const double force = -(o.damping * -0.2 + o.stiffness * 0.3);
  for (PetscInt i = 0; i < 3; ++i) {
    double inertia = o.mass * o.at(a, i);
    if (i > 0) inertia += o.coupling * o.at(a, i - 1);
    if (i < 2) inertia += o.coupling * o.at(a, i + 1);
    EXPECT_NEAR(inertia / force, 1, 1e-10) << i;
  }
}

TEST(Bathe, EstimatesTheLocalError) {
  for (const TSBatheErrorType type : {TS_BATHE_ERROR_EMBEDDED, TS_BATHE_ERROR_DOUBLING})
    for (const bool pendulum : {false, true})
      for (const double rho : radii) {
        SCOPED_TRACE(std::to_string(type) + (pendulum ? " pendulum, rho " : " oscillator, rho ") + std::to_string(rho));
        double last[2] = {0, 0};
        for (const double h : {0.02, 0.01}) {
          Oscillator o;
          describe(o, pendulum, rho);
          PetRLThrow(TSBatheSetErrorType(o.ts, type));
          PetRLThrow(TSBatheSetErrorScales(o.ts, 1e-3, 2e-3));
          PetRLThrow(TSSetTolerances(o.ts, PETSC_DEFAULT, NULL, 0.5, NULL));
          o.take({h});
          double u, v;
          o.exact(1.2, -0.5, h, &u, &v);
          // Doubling goes on with the half steps, whose error is a third of the difference.
          const double share = type == TS_BATHE_ERROR_DOUBLING ? 3 : 1;
          const Bathe &b = bathe(o.ts);
          const double eu = o.at(b.error_u), ev = o.at(b.error_v);
          EXPECT_NEAR(std::fabs(eu / (share * (o.at(o.u) - u))), 1, 0.1);
          EXPECT_NEAR(std::fabs(ev / (share * (o.at(o.v) - v))), 1, 0.1);
          PetscReal error;
          PetscInt order;
          PetRLThrow(TSEvaluateWLTE(o.ts, NORM_2, &order, &error));
          EXPECT_EQ(order, 3);
          EXPECT_NEAR(error, std::max(std::fabs(ev) / 2e-3, std::fabs(eu) / 1e-3) / 0.5, 1e-12);
          // Without scales: by the tolerances of the TS.
          PetRLThrow(TSBatheSetErrorScales(o.ts, 0, 0));
          PetRLThrow(TSSetTolerances(o.ts, 1e-3, NULL, 0, NULL));
          PetRLThrow(TSEvaluateWLTE(o.ts, NORM_2, &order, &error));
          EXPECT_NEAR(error, std::max(std::fabs(ev), std::fabs(eu)) / 1e-3, 1e-9);
          if (last[0] != 0) {
            EXPECT_NEAR(std::log2(last[0] / eu), 3, 0.2);
            EXPECT_NEAR(std::log2(last[1] / ev), 3, 0.2);
          }
          last[0] = eu, last[1] = ev;
        }
      }
}

TEST(Bathe, InterpolatesWithinTheStep) {
  double last = 0;
  for (const double h : {0.04, 0.02}) {
    Oscillator o;
    describe(o, false, 0);
    o.solve(h, 1.6);
    Vec w;
    PetRLThrow(VecDuplicate(o.u, &w));
    double u, v, worst = 0;
    for (const double x : {0.25, 0.5, 0.8}) {
      PetRLThrow(TSInterpolate(o.ts, 1.6 - h + x * h, w));
      o.exact(1.2, -0.5, 1.6 - h + x * h, &u, &v);
      worst = std::max(worst, std::fabs(o.at(w) - u));
    }
    PetscReal end, start;
    PetRLThrow(TSGetTime(o.ts, &end));
    PetRLThrow(TSGetPrevTime(o.ts, &start));
    PetRLThrow(TSInterpolate(o.ts, end, w));
    EXPECT_NEAR(o.at(w), o.at(o.u), 1e-14);
    PetRLThrow(TSInterpolate(o.ts, start, w));
    EXPECT_NEAR(o.at(w), o.at(bathe(o.ts).start.u), 1e-12);
    if (last > 0) {
      EXPECT_NEAR(std::log2(last / worst), 2, 0.15);
    }
    last = worst;
    PetRLThrow(VecDestroy(&w));
  }
}

// Whatever was tried and thrown away leaves no trace: the same lengths give the same numbers.
TEST(Bathe, RejectedStepsLeaveNoTrace) {
  for (const TSBatheErrorType type : {TS_BATHE_ERROR_EMBEDDED, TS_BATHE_ERROR_DOUBLING}) {
    Oscillator o, again;
    for (Oscillator *p : {&o, &again}) {
      describe(*p, true, 0);
      PetRLThrow(TSBatheSetErrorType(p->ts, type));
    }
    TSAdapt adapt;
    PetRLThrow(TSGetAdapt(o.ts, &adapt));
    PetRLThrow(TSAdaptSetType(adapt, TSADAPTBASIC));
    PetRLThrow(TSSetTolerances(o.ts, 1e-5, NULL, 1e-5, NULL));
    o.solve(1, 2);  // far too long at first
    const std::vector<double> steps = o.accepted();
    ASSERT_GT(o.attempts.size(), steps.size());
    ASSERT_GT(steps.size(), 10u);
    double u, v;
    o.exact(1.2, -0.5, 2, &u, &v);
    EXPECT_NEAR(o.at(o.u), u, 1e-3);
    again.take(steps);
    EXPECT_EQ(again.at(again.u), o.at(o.u));
    EXPECT_EQ(again.at(again.v), o.at(o.v));
  }
}

TEST(Bathe, EventsAreFoundByRollingBack) {
  Oscillator o, again;
  describe(o, true, 0);
  describe(again, true, 0);
  PetscInt direction[] = {-1};
  PetscBool terminate[] = {PETSC_FALSE};
  static int found;
  found = 0;
  PetRLThrow(TSSetEventHandler(
      o.ts, 1, direction, terminate,
      [](TS, PetscReal, Vec u, PetscScalar *f, void *) -> PetscErrorCode {
        PetscInt i = 0;
        PetscFunctionBegin;
        PetscCall(VecGetValues(u, 1, &i, f));
        PetscFunctionReturn(PETSC_SUCCESS);
      },
      [](TS, PetscInt, PetscInt *, PetscReal t, Vec u, PetscBool, void *) -> PetscErrorCode {
        PetscFunctionBegin;
        ++found;
        EXPECT_NEAR(Oscillator::at(u), 0, 1e-6) << "at t = " << t;
        PetscFunctionReturn(PETSC_SUCCESS);
      },
      NULL));
  PetRLThrow(TSSetEventTolerances(o.ts, 1e-7, NULL));
  std::vector<double> kept;
  static std::vector<double> *times;
  times = &kept;
  PetRLThrow(TSMonitorSet(
      o.ts,
      [](TS, PetscInt, PetscReal t, Vec, void *) -> PetscErrorCode {
        PetscFunctionBegin;
        times->push_back(static_cast<double>(t));
        PetscFunctionReturn(PETSC_SUCCESS);
      },
      NULL, NULL));
  o.solve(0.1, 2);
  EXPECT_EQ(found, 1);
  std::vector<double> lengths;
  for (std::size_t i = 1; i < kept.size(); ++i) {
    if (kept[i] > kept[i - 1]) lengths.push_back(kept[i] - kept[i - 1]);
  }
  EXPECT_GT(o.attempts.size(), lengths.size());
  again.take(lengths);
  EXPECT_NEAR(again.at(again.u), o.at(o.u), 1e-12);
  EXPECT_NEAR(again.at(again.v), o.at(o.v), 1e-12);
}

// A block on a plane: stops after m v0/q and (m v0^2)/(2 q), and stays.
TEST(BatheFriction, StopsASlidingBlock) {
  for (const double rho : radii) {
    Oscillator o;
    o.mass = 2;
    o.stiffness = 0;
    double strength = 4;
    PetRLThrow(TSBatheSetRhoInfinity(o.ts, rho));
    PetRLThrow(TSBatheSetFriction(o.ts, dryFriction, &strength));
    o.start(0, -1);
    o.solve(0.001, 0.4);
    EXPECT_NEAR(o.at(o.v), -(1 - 2 * 0.4), 1e-9);  // q/m = 2
    EXPECT_NEAR(o.at(o.u), -(0.4 - 0.4 * 0.4), 1e-9);
    Vec reaction, history;
    PetRLThrow(TSBatheGetReaction(o.ts, &reaction));
    EXPECT_DOUBLE_EQ(o.at(reaction), -strength);
    o.solve(0.0013, 1);
    EXPECT_EQ(o.at(o.v), 0) << rho;
    EXPECT_NEAR(o.at(o.u), -0.25, 1e-5);
    PetRLThrow(TSBatheGetReaction(o.ts, &reaction));
    // Nothing pulls; a method that damps nothing remembers the jolt.
    if (rho < 1) {
      EXPECT_NEAR(o.at(reaction), 0, 1e-12);
    }
    PetRLThrow(TSBatheGetHistory(o.ts, &history));
    EXPECT_NEAR(o.at(history), 0.25, 1e-5);
  }
}

// On a spring the amplitude falls by 2 q/k each half swing until the spring is too weak: 1, -.76, .52, -.28, .04.
TEST(BatheFriction, StopsAnOscillatorWhereCoulombSays) {
  double last = 0;
  for (const double h : {0.02, 0.01, 0.005}) {
    Oscillator o;
    o.stiffness = 4;
    double strength = 0.48;
    PetRLThrow(TSBatheSetFriction(o.ts, dryFriction, &strength));
    o.start(1, 0);
    o.solve(h, 10);
    Vec reaction, history;
    PetRLThrow(TSBatheGetReaction(o.ts, &reaction));
    PetRLThrow(TSBatheGetHistory(o.ts, &history));
    EXPECT_EQ(o.at(o.v), 0);
    const double error = std::fabs(o.at(o.u) - 0.04);
    EXPECT_LT(error, 30 * h * h) << h;
    EXPECT_NEAR(o.at(history), 1.76 + 1.28 + 0.8 + 0.32, 100 * h * h);
    EXPECT_NEAR(o.at(reaction), -4 * o.at(o.u), 1e-9);
    if (last > 0) {
      EXPECT_LT(error, 0.6 * last);
    }
    last = error;
  }
}

// Reaction and history are those of the current solution, also where an attempt was thrown away last.
TEST(BatheFriction, StateBelongsToTheSolution) {
  Oscillator o;
  o.mass = 2;
  o.stiffness = 0;
  double strength = 4;
  TSAdapt adapt;
  PetRLThrow(TSBatheSetFriction(o.ts, dryFriction, &strength));
  PetRLThrow(TSBatheSetErrorType(o.ts, TS_BATHE_ERROR_DOUBLING));
  PetRLThrow(TSGetAdapt(o.ts, &adapt));
  PetRLThrow(TSAdaptSetType(adapt, TSADAPTBASIC));
  PetRLThrow(TSSetTolerances(o.ts, 1e-9, NULL, 1e-9, NULL));
  PetRLThrow(TSSetMaxStepRejections(o.ts, 1));
  o.start(0, 1.03);
  PetRLThrow(TSAdaptSetStepLimits(adapt, 1e-9, 0.1));
  o.solve(0.1, 1);  // at the stop the tolerance cannot be met within one rejection
  TSConvergedReason reason;
  PetRLThrow(TSGetConvergedReason(o.ts, &reason));
  ASSERT_EQ(reason, TS_DIVERGED_STEP_REJECTED);
  Vec history;
  PetRLThrow(TSBatheGetHistory(o.ts, &history));
  EXPECT_NEAR(o.at(history), o.at(o.u), 1e-14);
  EXPECT_GT(o.at(o.v), 0);
}

// A solve from step 0 on is a new one: what has slipped before is not remembered.
TEST(BatheFriction, ASecondSolveStartsFromTheGivenHistory) {
  for (const double initial : {0.0, 0.7}) {
    Oscillator o;
    double strength = 0.3;
    PetRLThrow(TSBatheSetFriction(o.ts, dryFriction, &strength));
    o.start(0, 1);
    if (initial > 0) {
      Vec history;
      PetRLThrow(VecDuplicate(o.u, &history));
      PetRLThrow(VecSet(history, initial));
      PetRLThrow(TSBatheSetHistory(o.ts, history));
      PetRLThrow(VecDestroy(&history));
    }
    double slip[2];
    for (double &s : slip) {
      o.start(0, 1);
      PetRLThrow(TSSetTime(o.ts, 0));
      PetRLThrow(TSSetStepNumber(o.ts, 0));
      o.solve(0.01, 2);
      Vec history;
      PetRLThrow(TSBatheGetHistory(o.ts, &history));
      s = o.at(history);
    }
    EXPECT_GT(slip[0], initial + 0.5);
    EXPECT_EQ(slip[0], slip[1]);
  }
}

// A step that was given up is no part of the state: the next solve goes on from the solution.
TEST(BatheFriction, GoesOnFromBeforeAStepThatWasGivenUp) {
  Oscillator o;
  double strength = 0.3;
  o.stiffness = 0;
  PetRLThrow(TSBatheSetFriction(o.ts, dryFriction, &strength));
  o.wall = 0.5;
  o.start(0, 1);
  o.solve(0.2, 2);
  TSConvergedReason reason;
  PetRLThrow(TSGetConvergedReason(o.ts, &reason));
  ASSERT_LT(reason, 0);
  o.wall = PETSC_INFINITY;
  o.solve(0.05, 2);
  PetRLThrow(TSGetConvergedReason(o.ts, &reason));
  ASSERT_EQ(reason, TS_CONVERGED_TIME);
  Vec history;
  PetRLThrow(TSBatheGetHistory(o.ts, &history));
  EXPECT_NEAR(o.at(history), o.at(o.u), 1e-13);
  EXPECT_NEAR(o.at(o.v), 1 - 0.3 * 2, 1e-12);
}

TEST(Bathe, ReportsMisuse) {
  {
    CaughtErrors errors;
    TS ts;
    Vec u;
    ASSERT_EQ(TSCreate(PETSC_COMM_SELF, &ts), 0);
    ASSERT_EQ(TSSetType(ts, TSBATHE), 0);
    ASSERT_EQ(VecCreateSeq(PETSC_COMM_SELF, 1, &u), 0);
    ASSERT_EQ(TSSetSolution(ts, u), 0);
    EXPECT_NE(TSSetUp(ts), 0);
    expectParts(errors.message, {"second-order", "TSSetI2Function", "TS2SetSolution"});
    ASSERT_EQ(TSDestroy(&ts), 0);
    ASSERT_EQ(VecDestroy(&u), 0);
  }
  for (const double rho : {-0.1, 1.5, static_cast<double>(NAN)}) {
    Oscillator o;
    CaughtErrors errors;
    EXPECT_NE(TSBatheSetRhoInfinity(o.ts, rho), 0);
    expectParts(errors.message, {"-ts_bathe_rho_infinity", "[0, 1]"});
  }
  {
    Oscillator o;
    double strength = 1;
    SNES snes;
    o.start(1, 0);
    PetRLThrow(TSBatheSetFriction(o.ts, dryFriction, &strength));
    PetRLThrow(TSGetSNES(o.ts, &snes));
    PetRLThrow(SNESSetType(snes, SNESNEWTONLS));
    CaughtErrors errors;
    EXPECT_NE(TSSetUp(o.ts), 0);
    expectParts(errors.message, {"-snes_type pdas", "newtonls"});
  }
  {
    Oscillator o;
    o.start(1, 0);
    PetRLThrow(TSSetUp(o.ts));
    CaughtErrors errors;
    EXPECT_NE(TSBatheSetFriction(o.ts, dryFriction, NULL), 0);
    expectParts(errors.message, {"before TSSetUp"});
    errors.message.clear();
    EXPECT_NE(TSBatheSetErrorScales(o.ts, -1, 1), 0);
    EXPECT_NE(TSBatheSetForceScale(o.ts, 0), 0);
    expectParts(errors.message, {"error scales", "-1"});
  }
  {
    Oscillator o;
    SNES snes;
    o.start(1, 0);
    PetRLThrow(TSGetSNES(o.ts, &snes));
    PetRLThrow(SNESSetType(snes, SNESPDAS));
    PetRLThrow(TSSetTimeStep(o.ts, 0.1));
    CaughtErrors errors;
    EXPECT_NE(TSSolve(o.ts, NULL), 0);
    expectParts(errors.message, {"SNESPDASSetFriction"});
  }
}

TEST(Bathe, TakesOptionsAndShowsThem) {
  Options options({{"-ts_bathe_rho_infinity", "0.5"}, {"-ts_bathe_error", "embedded"}});
  Oscillator o;
  double strength = 1;
  PetRLThrow(TSBatheSetFriction(o.ts, dryFriction, &strength));
  o.start(1, 0);
  PetRLThrow(TSSetFromOptions(o.ts));
  expectParts(viewed(o.ts), {"bathe", "rho_infinity=0.5", "error estimate embedded", "set-valued friction"});
  o.solve(0.1, 0.3);
  expectParts(viewed(o.ts), {"scaling", "force scale"});
  EXPECT_GT(o.attempts.size(), 0u);
  // Also once it is set up.
  PetRLThrow(TSBatheSetErrorType(o.ts, TS_BATHE_ERROR_NONE));
  EXPECT_EQ(o.ts->ops->evaluatewlte, nullptr);
  PetRLThrow(TSSetFromOptions(o.ts));
  EXPECT_NE(o.ts->ops->evaluatewlte, nullptr);
}
