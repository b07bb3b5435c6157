// Reactions and diffusion on a square, solved by Krylov methods: what PDE programs do, in little.
#pragma once

#include <functional>

#include "problems/ode/grid.hpp"

namespace petrl::ode {

/// u_t = r(u) + d_f Laplace(u_f) for each field f, on n x n inner points of the unit square (five-point stencil);
/// normal derivatives are zero on the boundary.
class PlaneProblem : public GridProblem {
 public:
  /// Values of the fields at x, y.
  using Initial = std::function<void(double x, double y, double *u)>;
  /// r at one point, and its derivatives (fields x fields, by rows) where `slope` is not null.
  using Reaction = std::function<void(const double *u, double *r, double *slope)>;

  /// preconditioner: a PCType for GMRES.
  PlaneProblem(PetscInt points, std::vector<double> diffusion, Initial initial, Reaction reaction,
               std::string preconditioner);

  PetscInt size() const override { return points_ * points_ * fields_; }
  bool iterative() const override { return true; }

 protected:
  PetscErrorCode create(MPI_Comm comm, DM *da) const override;
  void begin(PetscInt i, PetscInt j, double *u) const override;
  void evaluate(const PointValues &u, PetscInt i, PetscInt j, double *f) const override;
  void differentiate(const PointValues &u, PetscInt i, PetscInt j, double shift, Blocks &blocks) const override;
  PetscErrorCode setSolver(TS ts) const override;

 private:
  double coupling(PetscInt field) const;  // with each neighbour

  std::vector<double> diffusion_;
  Initial initial_;
  Reaction reaction_;
  std::string preconditioner_;
};

}  // namespace petrl::ode
