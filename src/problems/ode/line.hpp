// Equations on a line of points.
#pragma once

#include <functional>

#include "problems/ode/grid.hpp"

namespace petrl::ode {

/// u_i' = f(u_{i-1}, u_i, u_{i+1}) with `fields` unknowns a point; outside the ends u has fixed values.
class LineProblem : public GridProblem {
 public:
  using Initial = std::function<void(PetscInt i, double *u)>;
  /// Writes fields values of f at one point.
  using Point = std::function<void(const double *left, const double *here, const double *right, double *f)>;
  /// Writes the fields x fields blocks (by rows) df/dleft, df/dhere, df/dright; they are zero on entry.
  using PointJacobian =
      std::function<void(const double *left, const double *here, const double *right, double *l, double *h, double *r)>;

  LineProblem(PetscInt points, std::vector<double> boundary, Initial initial, Point point, PointJacobian jacobian);

  PetscInt size() const override { return points_ * fields_; }

 protected:
  PetscErrorCode create(MPI_Comm comm, DM *da) const override;
  void begin(PetscInt i, PetscInt j, double *u) const override;
  void evaluate(const PointValues &u, PetscInt i, PetscInt j, double *f) const override;
  void differentiate(const PointValues &u, PetscInt i, PetscInt j, double shift, Blocks &blocks) const override;
  PetscErrorCode setSolver(TS ts) const override;

 private:
  const double *value(const PointValues &u, PetscInt i) const;  // also outside

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
