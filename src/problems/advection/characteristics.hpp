// The advection problem without a grid's error in time or transport: along characteristics.
#pragma once

#include <vector>

#include "problems/grid2d/fine.hpp"
#include "problems/grid2d/semi_lagrangian.hpp"

namespace petrl::advection {

/// Values at the points of the fine grid are those of the initial state at the places from which the flow brings them,
/// followed back from the present with a velocity that does not change (RK4, cubic interpolation of state and velocity
/// between the fine grid's points). What the fine grid converges to, but for these interpolations.
class CharacteristicAdvection : public grid2d::FineSolver {
 public:
  /// state: n x n. velocity: u, then v, each n x n. dt: a coarse step.
  CharacteristicAdvection(int n, double dt, const double *state, const double *velocity);
  void advance() override;
  const grid2d::Field &state() const override { return state_; }

 private:
  double dt_;
  int steps_;  // of a coarse step, so that none crosses a cell
  grid2d::Field initial_, state_, velocity_;
  std::vector<grid2d::Place> from_;
};

}  // namespace petrl::advection
