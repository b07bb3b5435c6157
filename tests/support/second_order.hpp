// Small second-order systems for TSBATHE, and PETSc errors caught as text.
#pragma once

#include <petrlts.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "integrate/bathe.hpp"
#include "support/options.hpp"

namespace petrl::test {

/// PETSc's errors are caught instead of printed; the first message is kept.
class CaughtErrors {
 public:
  CaughtErrors() { (void)PetscPushErrorHandler(keep, &message); }
  ~CaughtErrors() { (void)PetscPopErrorHandler(); }
  std::string message;

 private:
  static PetscErrorCode keep(MPI_Comm, int, const char *, const char *, PetscErrorCode n, PetscErrorType p,
                             const char *text, void *ctx) {
    auto &message = *static_cast<std::string *>(ctx);
    if (p == PETSC_ERROR_INITIAL && text != nullptr && message.empty()) message = text;
    return n;
  }
};

/// n equal oscillators M a + damping v + stiffness g(u) = 0, sequential, with an assembled Jacobian; g(u) = u or sin u.
/// M = mass everywhere but for `coupling` between neighbours.
class Oscillator {
 public:
  double mass = 1, damping = 0, stiffness = 1, coupling = 0;
  bool pendulum = false;
  double wall = PETSC_INFINITY;  ///< no values beyond this time: solves fail
  TS ts = nullptr;
  Vec u = nullptr, v = nullptr;
  std::vector<BatheAttempted> attempts;

  explicit Oscillator(PetscInt n = 1) : n_(n) {
    PetRLThrow(TSCreate(PETSC_COMM_SELF, &ts));
    PetRLThrow(TSSetType(ts, TSBATHE));
    PetRLThrow(VecCreateSeq(PETSC_COMM_SELF, n, &u));
    PetRLThrow(VecDuplicate(u, &v));
    PetRLThrow(MatCreateSeqDense(PETSC_COMM_SELF, n, n, NULL, &jacobian_));
    PetRLThrow(TSSetI2Function(ts, NULL, function, this));
    PetRLThrow(TSSetI2Jacobian(ts, jacobian_, jacobian_, jacobian, this));
    PetRLThrow(TSSetMaxTime(ts, 1));
    PetRLThrow(TSSetMaxSteps(ts, 1000000));
    PetRLThrow(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
    PetRLThrow(TSSetErrorIfStepFails(ts, PETSC_FALSE));
    SNES snes;
    KSP ksp;
    PC pc;
    PetRLThrow(TSGetSNES(ts, &snes));
    PetRLThrow(SNESSetTolerances(snes, 1e-14, 1e-14, 1e-14, 50, PETSC_DEFAULT));
    PetRLThrow(SNESGetKSP(snes, &ksp));
    PetRLThrow(KSPSetType(ksp, KSPPREONLY));
    PetRLThrow(KSPGetPC(ksp, &pc));
    PetRLThrow(PCSetType(pc, PCLU));
    bathe(ts).observer = [this](const BatheAttempted &a) { attempts.push_back(a); };
  }
  ~Oscillator() {
    (void)TSDestroy(&ts);
    (void)MatDestroy(&jacobian_);
    (void)VecDestroy(&u);
    (void)VecDestroy(&v);
  }
  Oscillator(const Oscillator &) = delete;
  Oscillator &operator=(const Oscillator &) = delete;

  void start(double u0, double v0) {
    PetRLThrow(VecSet(u, u0));
    PetRLThrow(VecSet(v, v0));
    PetRLThrow(TS2SetSolution(ts, u, v));
  }
  void solve(double h, double end) {
    PetRLThrow(TSSetTimeStep(ts, h));
    PetRLThrow(TSSetMaxTime(ts, end));
    PetRLThrow(TSSolve(ts, NULL));
  }
  /// Takes steps of just these lengths.
  void take(const std::vector<double> &lengths) {
    PetRLThrow(TSSetMaxTime(ts, PETSC_MAX_REAL));
    for (const double h : lengths) {
      PetRLThrow(TSSetTimeStep(ts, h));
      PetRLThrow(TSStep(ts));
    }
  }
  std::vector<double> accepted() const {
    std::vector<double> h;
    for (const auto &a : attempts) {
      if (a.accepted) h.push_back(static_cast<double>(a.h));
    }
    return h;
  }
  double energy() const {
    const double x = at(u), y = at(v);
    return 0.5 * mass * y * y + stiffness * (pendulum ? 1 - std::cos(x) : 0.5 * x * x);
  }
  static double at(Vec x, PetscInt i = 0) {
    PetscScalar value;
    PetRLThrow(VecGetValues(x, 1, &i, &value));
    return PetscRealPart(value);
  }
  /// The motion itself: exact where linear (under-damped), by RK4 with tiny steps else.
  void exact(double u0, double v0, double t, double *ut, double *vt) const {
    if (!pendulum) {
      const double s = damping / (2 * mass), w = std::sqrt(stiffness / mass - s * s);
      const double b = (v0 + s * u0) / w, c = std::cos(w * t), d = std::sin(w * t), e = std::exp(-s * t);
      *ut = e * (u0 * c + b * d);
      *vt = e * (-s * (u0 * c + b * d) + w * (b * c - u0 * d));
      return;
    }
    const int n = static_cast<int>(std::ceil(t / 1e-3));
    const double h = t / n;
    const auto a = [&](double x, double y) { return -(damping * y + stiffness * std::sin(x)) / mass; };
    double x = u0, y = v0;
    for (int i = 0; i < n; ++i) {
      const double x1 = y, y1 = a(x, y), x2 = y + h / 2 * y1, y2 = a(x + h / 2 * x1, x2), x3 = y + h / 2 * y2,
                   y3 = a(x + h / 2 * x2, x3), x4 = y + h * y3, y4 = a(x + h * x3, x4);
      x += h / 6 * (x1 + 2 * x2 + 2 * x3 + x4);
      y += h / 6 * (y1 + 2 * y2 + 2 * y3 + y4);
    }
    *ut = x;
    *vt = y;
  }

 private:
  static PetscErrorCode function(TS, PetscReal t, Vec u, Vec v, Vec a, Vec f, void *ctx) {
    const auto &o = *static_cast<Oscillator *>(ctx);
    const PetscScalar *x, *y, *z;
    PetscScalar *g;
    PetscFunctionBegin;
    PetscCall(VecGetArrayRead(u, &x));
    PetscCall(VecGetArrayRead(v, &y));
    PetscCall(VecGetArrayRead(a, &z));
    PetscCall(VecGetArray(f, &g));
    for (PetscInt i = 0; i < o.n_; ++i) {
      g[i] = o.mass * z[i] + o.damping * y[i] + o.stiffness * (o.pendulum ? std::sin(x[i]) : x[i]);
      if (i > 0) g[i] += o.coupling * z[i - 1];
      if (i + 1 < o.n_) g[i] += o.coupling * z[i + 1];
      if (t > o.wall) g[i] = NAN;
    }
    PetscCall(VecRestoreArray(f, &g));
    PetscCall(VecRestoreArrayRead(a, &z));
    PetscCall(VecRestoreArrayRead(v, &y));
    PetscCall(VecRestoreArrayRead(u, &x));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  static PetscErrorCode jacobian(TS, PetscReal, Vec u, Vec, Vec, PetscReal shift_v, PetscReal shift_a, Mat, Mat P,
                                 void *ctx) {
    const auto &o = *static_cast<Oscillator *>(ctx);
    const PetscScalar *x;
    PetscFunctionBegin;
    PetscCall(VecGetArrayRead(u, &x));
    PetscCall(MatZeroEntries(P));
    for (PetscInt i = 0; i < o.n_; ++i) {
      const PetscScalar k = o.stiffness * (o.pendulum ? std::cos(x[i]) : 1.0);
      PetscCall(MatSetValue(P, i, i, shift_a * o.mass + shift_v * o.damping + k, INSERT_VALUES));
      if (i > 0) PetscCall(MatSetValue(P, i, i - 1, shift_a * o.coupling, INSERT_VALUES));
      if (i + 1 < o.n_) PetscCall(MatSetValue(P, i, i + 1, shift_a * o.coupling, INSERT_VALUES));
    }
    PetscCall(VecRestoreArrayRead(u, &x));
    PetscCall(MatAssemblyBegin(P, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(P, MAT_FINAL_ASSEMBLY));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscInt n_;
  Mat jacobian_ = nullptr;
};

}  // namespace petrl::test
