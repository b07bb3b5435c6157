// The fine grid of the Burgers problem, written as fast as one core allows: the rival of every closure.
#pragma once

#include <vector>

#include "problems/grid2d/fine.hpp"

namespace petrl::burgers {

/// u_t + u u_x + v u_y = nu (u_xx + u_yy), the same for v, on the periodic unit square: first-order upwind differences
/// (by the sign of the advecting velocity, or of what is differentiated, see grid2d::Scheme::transported), central second differences, forward Euler.
///
/// Five Euler steps run through the grid together, one row behind the other, in place: rows between them stay in the
/// first-level cache. Rows at the seam are computed twice.
class FineBurgers : public grid2d::FineSolver {
 public:
  /// state: u, then v, each n x n. substeps of dt make one coarse step. n >= 5.
  FineBurgers(int n, double dt, int substeps, double viscosity, const double *state, bool transported = false);
  void advance() override;
  const grid2d::Field &state() const override { return state_; }

 private:
  int n_, substeps_;
  bool transported_;
  double courant_, diffusion_;  // dt / (2 h), nu dt / h^2
  grid2d::Field state_, rings_;
};

}  // namespace petrl::burgers
