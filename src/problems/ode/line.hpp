// Equations on a line of points (DMDA, three-point stencil), on any number of ranks.
#pragma once

#include <petscdmda.h>

#include <functional>

#include "problems/ode/problem.hpp"

namespace petrl::ode {

/// u_i' = f(u_{i-1}, u_i, u_{i+1}) with `fields` unknowns a point; outside the ends u has fixed values.
class LineProblem : public Problem {
 public:
  using Initial = std::function<void(PetscInt i, double *u)>;
  /// Writes fields values of f at one point.
  using Point = std::function<void(const double *left, const double *here, const double *right, double *f)>;
  /// Writes the fields x fields blocks (by rows) df/dleft, df/dhere, df/dright; they are zero on entry.
  using PointJacobian =
      std::function<void(const double *left, const double *here, const double *right, double *l, double *h, double *r)>;

  LineProblem(PetscInt points, std::vector<double> boundary, Initial initial, Point point, PointJacobian jacobian);

  PetscErrorCode setUp(TS ts) override;
  PetscInt size() const override { return points_ * fields_; }

 private:
  static PetscErrorCode evaluate(DMDALocalInfo *info, PetscReal t, void *u, void *f, void *context);
  static PetscErrorCode evaluateImplicit(DMDALocalInfo *info, PetscReal t, void *u, void *udot, void *f, void *context);
  static PetscErrorCode differentiate(DMDALocalInfo *info, PetscReal t, void *u, void *udot, PetscReal shift, Mat a,
                                      Mat b, void *context);

  PetscInt points_, fields_;
  std::vector<double> boundary_;
  Initial initial_;
  Point point_;
  PointJacobian jacobian_;
};

inline std::unique_ptr<LineProblem> line(PetscInt points, std::vector<double> boundary, LineProblem::Initial initial,
                                         LineProblem::Point point, LineProblem::PointJacobian jacobian) {
  return std::make_unique<LineProblem>(points, std::move(boundary), std::move(initial), std::move(point),
                                       std::move(jacobian));
}

}  // namespace petrl::ode
