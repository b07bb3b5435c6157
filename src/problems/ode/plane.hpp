// Reactions and diffusion on a square, solved by Krylov methods: what PDE programs do, in little.
#pragma once

#include <petscdmda.h>

#include <functional>

#include "problems/ode/problem.hpp"

namespace petrl::ode {

/// u_t = r(u) + d_f Laplace(u_f) for each field f, on n x n inner points of the unit square (DMDA, five-point stencil);
/// normal derivatives are zero on the boundary.
class PlaneProblem : public Problem {
 public:
  /// Values of the fields at x, y.
  using Initial = std::function<void(double x, double y, double *u)>;
  /// r at one point, and its derivatives (fields x fields, by rows) where `slope` is not null.
  using Reaction = std::function<void(const double *u, double *r, double *slope)>;

  /// preconditioner: a PCType for GMRES.
  PlaneProblem(PetscInt points, std::vector<double> diffusion, Initial initial, Reaction reaction,
               std::string preconditioner);

  PetscErrorCode setUp(TS ts) override;
  PetscInt size() const override { return points_ * points_ * fields_; }
  bool iterative() const override { return true; }

 private:
  static PetscErrorCode evaluate(DMDALocalInfo *info, PetscReal t, void *u, void *f, void *context);
  static PetscErrorCode evaluateImplicit(DMDALocalInfo *info, PetscReal t, void *u, void *udot, void *f, void *context);
  static PetscErrorCode differentiate(DMDALocalInfo *info, PetscReal t, void *u, void *udot, PetscReal shift, Mat a,
                                      Mat b, void *context);

  PetscInt points_, fields_;
  std::vector<double> diffusion_;
  Initial initial_;
  Reaction reaction_;
  std::string preconditioner_;
};

}  // namespace petrl::ode
