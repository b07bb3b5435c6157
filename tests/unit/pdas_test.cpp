// SNESPDAS: complementarity, agreement with a box-constrained variational inequality, failures that end.
#include "integrate/pdas.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "support/second_order.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

using Numbers = std::vector<double>;

// A v + lambda = b with strengths q (1 + drop (exp(-|v|/scale) - 1)).
class Friction {
 public:
  PetscInt n;
  Numbers a, b, q;
  double drop = 0, scale = 1;
  bool bad = false;  // no value of component 0
  SNES snes = nullptr;
  Vec v = nullptr;

  explicit Friction(PetscInt size, unsigned seed, bool shell = false) : n(size), shell_(shell) {
    const auto m = static_cast<std::size_t>(n);
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform(0.5, 2);
    Numbers g(m * m);
    for (double &x : g) x = normal(generator);
    a.assign(m * m, 0);
    b.resize(m);
    q.resize(m);
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < m; ++j) {
        for (std::size_t k = 0; k < m; ++k) a[i * m + j] += g[i * m + k] * g[j * m + k] / static_cast<double>(m);
      }
      a[i * m + i] += 0.5;
      b[i] = 1.5 * normal(generator);
      q[i] = uniform(generator);
    }
  }
  ~Friction() {
    (void)SNESDestroy(&snes);
    (void)MatDestroy(&jacobian_);
    (void)VecDestroy(&v);
    (void)VecDestroy(&f_);
  }
  Friction(const Friction &) = delete;
  Friction &operator=(const Friction &) = delete;

  void create() {
    PetRLThrow(VecCreateSeq(PETSC_COMM_SELF, n, &v));
    PetRLThrow(VecDuplicate(v, &f_));
    if (shell_) {
      PetRLThrow(MatCreateShell(PETSC_COMM_SELF, n, n, n, n, this, &jacobian_));
      PetRLThrow(MatShellSetOperation(jacobian_, MATOP_MULT, (void (*)(void))multiply));
    } else {
      PetRLThrow(MatCreateSeqDense(PETSC_COMM_SELF, n, n, NULL, &jacobian_));
    }
    KSP ksp;
    PC pc;
    PetRLThrow(SNESCreate(PETSC_COMM_SELF, &snes));
    PetRLThrow(SNESSetType(snes, SNESPDAS));
    PetRLThrow(SNESSetFunction(snes, f_, function, this));
    PetRLThrow(SNESSetJacobian(snes, jacobian_, jacobian_, jacobian, this));
    PetRLThrow(SNESPDASSetFriction(snes, strength, this));
    PetRLThrow(SNESGetKSP(snes, &ksp));
    PetRLThrow(KSPSetType(ksp, KSPCG));
    PetRLThrow(KSPSetTolerances(ksp, 1e-13, 1e-50, PETSC_DEFAULT, 500));
    PetRLThrow(KSPGetPC(ksp, &pc));
    PetRLThrow(PCSetType(pc, PCNONE));
    PetRLThrow(SNESSetFromOptions(snes));
  }
  SNESConvergedReason solve(double start = 0) {
    PetRLThrow(VecSet(v, start));
    PetRLThrow(SNESSolve(snes, NULL, v));
    SNESConvergedReason reason;
    PetRLThrow(SNESGetConvergedReason(snes, &reason));
    return reason;
  }
  Numbers values(Vec x) const {
    const PetscScalar *y;
    PetRLThrow(VecGetArrayRead(x, &y));
    Numbers copy(y, y + n);
    PetRLThrow(VecRestoreArrayRead(x, &y));
    return copy;
  }
  Numbers reaction() const {
    Vec lambda;
    PetRLThrow(SNESPDASGetReaction(snes, &lambda));
    return values(lambda);
  }
  PetscInt iterations() const {
    PetscInt its;
    PetRLThrow(SNESGetIterationNumber(snes, &its));
    return its;
  }
  double strengthOf(std::size_t i, double speed) const { return q[i] * (1 + drop * (std::exp(-speed / scale) - 1)); }
  Numbers times(const Numbers &x) const {
    Numbers y(x.size(), 0);
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t j = 0; j < x.size(); ++j) y[i] += a[i * x.size() + j] * x[j];
    return y;
  }
  // Shares of cells that stick and slide, after checking everything that a solution must be.
  void check(std::size_t *sticking, std::size_t *sliding) const {
    const Numbers speed = values(v), lambda = reaction(), av = times(speed);
    *sticking = *sliding = 0;
    for (std::size_t i = 0; i < speed.size(); ++i) {
      const double strength = strengthOf(i, std::fabs(speed[i]));
      EXPECT_NEAR(av[i] + lambda[i], b[i], 1e-8);
      EXPECT_LE(std::fabs(lambda[i]), strength + 1e-8);
      if (speed[i] == 0) {
        ++*sticking;
      } else {
        ++*sliding;
        EXPECT_NEAR(lambda[i], speed[i] > 0 ? strength : -strength, 1e-8);
        EXPECT_GT(std::fabs(speed[i]), 1e-12) << "neither at rest nor moving";
      }
    }
  }

 private:
  static PetscErrorCode function(SNES, Vec v, Vec f, void *ctx) {
    const auto &p = *static_cast<Friction *>(ctx);
    PetscFunctionBegin;
    PetscCall(multiplyBy(p, v, f));
    PetscScalar *y;
    PetscCall(VecGetArray(f, &y));
    for (PetscInt i = 0; i < p.n; ++i) y[i] -= p.b[static_cast<std::size_t>(i)];
    if (p.bad) y[0] = NAN;
    PetscCall(VecRestoreArray(f, &y));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  static PetscErrorCode multiplyBy(const Friction &p, Vec x, Vec y) {
    PetscScalar *out;
    PetscFunctionBegin;
    const Numbers result = p.times(p.values(x));
    PetscCall(VecGetArray(y, &out));
    std::copy(result.begin(), result.end(), out);
    PetscCall(VecRestoreArray(y, &out));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  static PetscErrorCode multiply(Mat mat, Vec x, Vec y) {
    Friction *p;
    PetscFunctionBegin;
    PetscCall(MatShellGetContext(mat, &p));
    PetscCall(multiplyBy(*p, x, y));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  static PetscErrorCode jacobian(SNES, Vec, Mat, Mat P, void *ctx) {
    const auto &p = *static_cast<Friction *>(ctx);
    PetscFunctionBegin;
    if (p.shell_) PetscFunctionReturn(PETSC_SUCCESS);
    for (PetscInt i = 0; i < p.n; ++i)
      for (PetscInt j = 0; j < p.n; ++j)
        PetscCall(MatSetValue(P, i, j, p.a[static_cast<std::size_t>(i * p.n + j)], INSERT_VALUES));
    PetscCall(MatAssemblyBegin(P, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(P, MAT_FINAL_ASSEMBLY));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  static PetscErrorCode strength(SNES, Vec v, Vec strength, Vec slope, void *ctx) {
    const auto &p = *static_cast<Friction *>(ctx);
    PetscScalar *s;
    PetscFunctionBegin;
    const Numbers x = p.values(v);
    for (Vec out : {strength, slope}) {
      if (!out) continue;
      PetscCall(VecGetArray(out, &s));
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double speed = std::fabs(x[i]);
        s[i] = out == strength ? p.strengthOf(i, speed) : -p.q[i] * p.drop / p.scale * std::exp(-speed / p.scale);
      }
      PetscCall(VecRestoreArray(out, &s));
    }
    PetscFunctionReturn(PETSC_SUCCESS);
  }

  bool shell_;
  Mat jacobian_ = nullptr;
  Vec f_ = nullptr;
};

// lambda of the box-constrained variational inequality F(lambda) = A^-1 (lambda - b), |lambda| <= q, by another solver.
class BoxInequality {
 public:
  explicit BoxInequality(const Friction &p) : n_(p.n), b_(p.b) {
    Mat a, identity;
    IS rows, columns;
    MatFactorInfo info;
    PetRLThrow(MatCreateSeqDense(PETSC_COMM_SELF, n_, n_, NULL, &a));
    PetRLThrow(MatCreateSeqDense(PETSC_COMM_SELF, n_, n_, NULL, &identity));
    PetRLThrow(MatCreateSeqDense(PETSC_COMM_SELF, n_, n_, NULL, &inverse_));
    PetRLThrow(MatCreateSeqDense(PETSC_COMM_SELF, n_, n_, NULL, &jacobian_));
    for (PetscInt i = 0; i < n_; ++i) {
      PetRLThrow(MatSetValue(identity, i, i, 1, INSERT_VALUES));
      for (PetscInt j = 0; j < n_; ++j)
        PetRLThrow(MatSetValue(a, i, j, p.a[static_cast<std::size_t>(i * n_ + j)], INSERT_VALUES));
    }
    for (Mat m : {a, identity, inverse_, jacobian_}) {
      PetRLThrow(MatAssemblyBegin(m, MAT_FINAL_ASSEMBLY));
      PetRLThrow(MatAssemblyEnd(m, MAT_FINAL_ASSEMBLY));
    }
    PetRLThrow(MatGetOrdering(a, MATORDERINGNATURAL, &rows, &columns));
    PetRLThrow(MatFactorInfoInitialize(&info));
    PetRLThrow(MatLUFactor(a, rows, columns, &info));
    PetRLThrow(MatMatSolve(a, identity, inverse_));
    PetRLThrow(ISDestroy(&rows));
    PetRLThrow(ISDestroy(&columns));
    PetRLThrow(MatDestroy(&a));
    PetRLThrow(MatDestroy(&identity));
    PetRLThrow(VecCreateSeq(PETSC_COMM_SELF, n_, &lambda_));
    for (Vec *w : {&work_, &low_, &high_, &f_}) PetRLThrow(VecDuplicate(lambda_, w));
  }
  ~BoxInequality() {
    for (Vec *w : {&lambda_, &work_, &low_, &high_, &f_}) (void)VecDestroy(w);
    (void)MatDestroy(&inverse_);
    (void)MatDestroy(&jacobian_);
  }
  Numbers solve(const Numbers &q) {
    SNES snes;
    KSP ksp;
    PC pc;
    for (std::size_t i = 0; i < q.size(); ++i) {
      PetRLThrow(VecSetValue(high_, static_cast<PetscInt>(i), q[i], INSERT_VALUES));
      PetRLThrow(VecSetValue(low_, static_cast<PetscInt>(i), -q[i], INSERT_VALUES));
    }
    for (Vec w : {high_, low_}) {
      PetRLThrow(VecAssemblyBegin(w));
      PetRLThrow(VecAssemblyEnd(w));
    }
    PetRLThrow(SNESCreate(PETSC_COMM_SELF, &snes));
    PetRLThrow(SNESSetType(snes, SNESVINEWTONRSLS));
    PetRLThrow(SNESSetFunction(snes, f_, function, this));
    PetRLThrow(SNESSetJacobian(snes, jacobian_, jacobian_, jacobian, this));
    PetRLThrow(SNESVISetVariableBounds(snes, low_, high_));
    PetRLThrow(SNESSetTolerances(snes, 1e-13, 1e-13, 1e-15, 100, 10000));
    PetRLThrow(SNESGetKSP(snes, &ksp));
    PetRLThrow(KSPSetType(ksp, KSPPREONLY));
    PetRLThrow(KSPGetPC(ksp, &pc));
    PetRLThrow(PCSetType(pc, PCLU));
    PetRLThrow(VecSet(lambda_, 0));
    PetRLThrow(SNESSolve(snes, NULL, lambda_));
    SNESConvergedReason reason;
    PetRLThrow(SNESGetConvergedReason(snes, &reason));
    EXPECT_GT(reason, 0);
    PetRLThrow(SNESDestroy(&snes));
    return values(lambda_);
  }
  // v = A^-1 (b - lambda)
  Numbers velocity() {
    PetRLThrow(function(NULL, lambda_, f_, this));
    Numbers v = values(f_);
    for (double &x : v) x = -x;
    return v;
  }

 private:
  Numbers values(Vec x) const {
    const PetscScalar *y;
    PetRLThrow(VecGetArrayRead(x, &y));
    Numbers copy(y, y + n_);
    PetRLThrow(VecRestoreArrayRead(x, &y));
    return copy;
  }
  static PetscErrorCode function(SNES, Vec lambda, Vec f, void *ctx) {
    auto &p = *static_cast<BoxInequality *>(ctx);
    PetscScalar *w;
    PetscFunctionBegin;
    PetscCall(VecCopy(lambda, p.work_));
    PetscCall(VecGetArray(p.work_, &w));
    for (PetscInt i = 0; i < p.n_; ++i) w[i] -= p.b_[static_cast<std::size_t>(i)];
    PetscCall(VecRestoreArray(p.work_, &w));
    PetscCall(MatMult(p.inverse_, p.work_, f));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  static PetscErrorCode jacobian(SNES, Vec, Mat, Mat P, void *ctx) {
    PetscFunctionBegin;
    PetscCall(MatCopy(static_cast<BoxInequality *>(ctx)->inverse_, P, SAME_NONZERO_PATTERN));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscInt n_;
  const Numbers b_;
  Mat inverse_ = nullptr, jacobian_ = nullptr;
  Vec lambda_ = nullptr, work_ = nullptr, low_ = nullptr, high_ = nullptr, f_ = nullptr;
};

double farthest(const Numbers &a, const Numbers &b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::fabs(a[i] - b[i]));
  return most;
}

}  // namespace

TEST(Pdas, SolvesTheInclusionAsTheBoxInequalityDoes) {
  for (const bool shell : {false, true})
    for (const double drop : {0.0, 0.3})
      for (const unsigned seed : {1u, 2u, 3u, 4u}) {
        SCOPED_TRACE((shell ? "shell, drop " : "dense, drop ") + std::to_string(drop) + ", seed " +
                     std::to_string(seed));
        Friction p(30, seed, shell);
        p.drop = drop;
        p.create();
        EXPECT_EQ(p.solve(), SNES_CONVERGED_FNORM_ABS);
        EXPECT_LE(p.iterations(), 10);
        std::size_t sticking, sliding;
        p.check(&sticking, &sliding);
        EXPECT_GT(sticking, 3u);
        EXPECT_GT(sliding, 3u);
        BoxInequality box(p);
        Numbers q = p.q, lambda;
        // Strengths that depend on the speed: by repeating with those of the speeds found.
        for (int outer = 0; outer < (drop > 0 ? 200 : 1); ++outer) {
          lambda = box.solve(q);
          const Numbers v = box.velocity();
          Numbers next(q.size());
          for (std::size_t i = 0; i < q.size(); ++i) next[i] = p.strengthOf(i, std::fabs(v[i]));
          const double change = farthest(next, q);
          q = next;
          if (change < 1e-11) break;
        }
        EXPECT_LT(farthest(p.reaction(), lambda), 1e-8);
        EXPECT_LT(farthest(p.values(p.v), box.velocity()), 1e-8);
        // The solution is recognised as such.
        PetRLThrow(SNESSolve(p.snes, NULL, p.v));
        EXPECT_EQ(p.iterations(), 0);
      }
}

TEST(Pdas, DoesNotDependOnUnitsOrScaling) {
  Numbers first;
  for (const double r : {0.0, 0.3, 5.0}) {
    Friction p(30, 5);
    p.create();
    PetRLThrow(SNESPDASSetScaling(p.snes, r));
    EXPECT_GT(p.solve(), 0) << r;
    if (first.empty()) first = p.values(p.v);
    EXPECT_LT(farthest(p.values(p.v), first), 1e-8) << r;
  }
  // Forces in other units, with the force scale to match: the same iterations.
  PetscInt iterations[2];
  double norms[2];
  for (int i = 0; i < 2; ++i) {
    Friction p(30, 5);
    const double unit = i == 0 ? 1 : 1e13;
    for (Numbers *x : {&p.a, &p.b, &p.q})
      for (double &y : *x) y *= unit;
    p.create();
    PetRLThrow(SNESPDASSetForceScale(p.snes, unit));
    PetscReal sum;
    EXPECT_GT(p.solve(), 0);
    PetRLThrow(SNESPDASGetResidualSum(p.snes, &sum));
    iterations[i] = p.iterations();
    norms[i] = static_cast<double>(sum);
  }
  EXPECT_EQ(iterations[0], iterations[1]);
  EXPECT_NEAR(norms[0], norms[1], 1e-6);
  EXPECT_GT(norms[0], 0.1);
  EXPECT_LE(norms[0], 1.0 + static_cast<double>(iterations[0]));
}

TEST(Pdas, MonitorsAndStopsAtTheLimit) {
  Options options({{"-snes_max_it", "1"}});
  Friction p(30, 2);
  p.create();
  static int seen;
  seen = 0;
  PetRLThrow(SNESMonitorSet(
      p.snes,
      [](SNES, PetscInt it, PetscReal norm, void *) -> PetscErrorCode {
        PetscFunctionBegin;
        EXPECT_EQ(it, seen++);
        EXPECT_GT(norm, 1e-8);
        PetscFunctionReturn(PETSC_SUCCESS);
      },
      NULL, NULL));
  EXPECT_EQ(p.solve(), SNES_DIVERGED_MAX_IT);
  EXPECT_EQ(p.iterations(), 1);
  EXPECT_EQ(seen, 2);
}

TEST(Pdas, ValuesThatAreNotNumbersEndTheSolve) {
  Friction p(30, 2);
  p.create();
  p.bad = true;  // one component only: the others must not hide it
  EXPECT_EQ(p.solve(), PETRL_SNES_DIVERGED_NAN);
  PetRLThrow(SNESPDASSetForceScale(p.snes, 1e-13));
  EXPECT_EQ(p.solve(), PETRL_SNES_DIVERGED_NAN);
  p.bad = false;
  PetRLThrow(SNESPDASSetForceScale(p.snes, 1));
  EXPECT_EQ(p.solve(NAN), PETRL_SNES_DIVERGED_NAN);
  p.q[0] = NAN;
  EXPECT_LT(p.solve(), 0);
  EXPECT_EQ(p.iterations(), 0);
  p.q[0] = 1;
  // And it is good for another solve.
  Vec zero;
  PetRLThrow(VecDuplicate(p.v, &zero));
  PetRLThrow(VecSet(zero, 0));
  PetRLThrow(SNESPDASSetReaction(p.snes, zero));
  PetRLThrow(VecDestroy(&zero));
  EXPECT_GT(p.solve(), 0);
}

// Weakening steeper than A: MINRES takes over from CG, and finds the solution next to the start.
TEST(Pdas, IndefiniteOperatorsAreSolvedByMinres) {
  for (const bool shell : {false, true}) {
    Friction p(30, 7, shell);
    p.drop = 0.5;
    p.scale = 0.15;
    std::fill(p.q.begin(), p.q.end(), 1.0);
    Numbers speed(30);
    for (std::size_t i = 0; i < 30; ++i) speed[i] = (i % 2 == 0 ? 1 : -1) * (0.01 + 0.002 * static_cast<double>(i % 7));
    p.b = p.times(speed);
    for (std::size_t i = 0; i < 30; ++i) p.b[i] += (speed[i] > 0 ? 1 : -1) * p.strengthOf(i, std::fabs(speed[i]));
    p.create();
    Vec lambda;
    PetRLThrow(VecDuplicate(p.v, &lambda));
    PetscScalar *x, *y;
    PetRLThrow(VecGetArray(p.v, &x));
    PetRLThrow(VecGetArray(lambda, &y));
    for (std::size_t i = 0; i < 30; ++i) {
      x[i] = 1.001 * speed[i];
      y[i] = (speed[i] > 0 ? 1 : -1) * p.strengthOf(i, std::fabs(speed[i]));
    }
    PetRLThrow(VecRestoreArray(lambda, &y));
    PetRLThrow(VecRestoreArray(p.v, &x));
    PetRLThrow(SNESPDASSetReaction(p.snes, lambda));
    PetRLThrow(VecDestroy(&lambda));
    PetRLThrow(SNESSolve(p.snes, NULL, p.v));
    SNESConvergedReason reason;
    PetRLThrow(SNESGetConvergedReason(p.snes, &reason));
    EXPECT_GT(reason, 0);
    EXPECT_LT(farthest(p.values(p.v), speed), 1e-6);
    EXPECT_GT(static_cast<PDAS *>(p.snes->data)->indefinite_solves, 0);
  }
}

// Nothing resists, and the push exceeds the strength: no solution exists.
TEST(Pdas, EndsWhereThereIsNoSolution) {
  for (const bool shell : {false, true})
    for (const double stiffness : {0.0, -1.0}) {
      Friction p(3, 1, shell);
      std::fill(p.a.begin(), p.a.end(), 0.0);
      for (std::size_t i = 0; i < 3; ++i) p.a[i * 4] = stiffness;
      p.q = {1, 1, 1};
      p.b = {2, 2, 2};
      p.drop = 0.9;
      p.scale = 0.1;
      p.create();
      const SNESConvergedReason reason = p.solve();
      EXPECT_LE(p.iterations(), 20);
      if (stiffness == 0) {
        EXPECT_LT(reason, 0);
      }
    }
}

TEST(Pdas, ReportsMisuse) {
  Friction p(3, 1);
  p.create();
  {
    CaughtErrors errors;
    EXPECT_NE(SNESPDASSetScaling(p.snes, -1), 0);
    EXPECT_NE(errors.message.find("-snes_pdas_scaling"), std::string::npos) << errors.message;
    errors.message.clear();
    EXPECT_NE(SNESPDASSetForceScale(p.snes, 0), 0);
    EXPECT_NE(errors.message.find("force scale"), std::string::npos) << errors.message;
  }
  SNES other;
  PetRLThrow(SNESCreate(PETSC_COMM_SELF, &other));
  PetRLThrow(SNESSetType(other, SNESNEWTONLS));
  EXPECT_EQ(SNESPDASSetFriction(other, NULL, NULL), 0);  // ignored
  PetRLThrow(SNESDestroy(&other));
}
