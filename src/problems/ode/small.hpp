// A few ordinary differential equations on one process, with a dense Jacobian.
#pragma once

#include <functional>

#include "problems/ode/problem.hpp"

namespace petrl::ode {

/// A dense matrix J(i, j) = df_i / du_j, stored by columns as PETSc does.
class DenseJacobian {
 public:
  DenseJacobian(PetscScalar *values, PetscInt rows) : values_(values), rows_(rows) {}
  PetscScalar &operator()(PetscInt i, PetscInt j) const { return values_[i + j * rows_]; }

 private:
  PetscScalar *values_;
  PetscInt rows_;
};

class SmallProblem : public Problem {
 public:
  using Rhs = std::function<void(double t, const double *u, double *f)>;
  using Jacobian = std::function<void(double t, const double *u, DenseJacobian J)>;  // J is zero on entry

  /// jacobian may be empty where only explicit methods are listed.
  SmallProblem(std::vector<double> initial, Rhs rhs, Jacobian jacobian);

  PetscErrorCode setUp(TS ts) override;
  PetscInt size() const override { return static_cast<PetscInt>(initial_.size()); }

 private:
  static PetscErrorCode evaluate(TS ts, PetscReal t, Vec u, Vec f, void *context);
  static PetscErrorCode evaluateImplicit(TS ts, PetscReal t, Vec u, Vec udot, Vec f, void *context);
  static PetscErrorCode differentiate(TS ts, PetscReal t, Vec u, Vec udot, PetscReal shift, Mat a, Mat b,
                                      void *context);

  std::vector<double> initial_;
  Rhs rhs_;
  Jacobian jacobian_;
};

inline std::unique_ptr<SmallProblem> small(std::vector<double> initial, SmallProblem::Rhs rhs,
                                           SmallProblem::Jacobian jacobian) {
  return std::make_unique<SmallProblem>(std::move(initial), std::move(rhs), std::move(jacobian));
}

}  // namespace petrl::ode
