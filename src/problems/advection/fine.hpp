// The fine grid of the advection problem, written as fast as one core allows: the rival of every closure.
#pragma once

#include <vector>

#include "problems/grid2d/fine.hpp"

namespace petrl::advection {

/// q_t + u q_x + v q_y = 0 on the periodic unit square: central second-order differences, classical Runge-Kutta.
///
/// The equation is linear and the velocity constant in time, so a Runge-Kutta step is the Taylor polynomial
/// q + dt L(q + dt/2 L(q + dt/3 L(q + dt/4 L q))). Its four stages run through the grid together, one row behind the
/// other: rows between them never leave the first-level cache, and the grid is read and written once a step, in place.
/// Rows at the seam are computed twice (12 of 4 n).
class FineAdvection : public grid2d::FineSolver {
 public:
  /// state: n x n. velocity: u, then v, each n x n. substeps of dt make one coarse step. n >= 4.
  FineAdvection(int n, double dt, int substeps, const double *state, const double *velocity);
  void advance() override;
  const grid2d::Field &state() const override { return state_; }

 private:
  int n_, substeps_;
  grid2d::Field state_, courant_;  // courant: velocity times dt / (2 h)
  grid2d::Field rings_;            // the last four rows of each of the three inner stages
};

}  // namespace petrl::advection
