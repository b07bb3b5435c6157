// The fine solution of a training case, restricted to the coarse grid, as far as somebody asked for it.
#pragma once

#include <memory>
#include <vector>

#include "problems/grid2d/model.hpp"

namespace petrl::grid2d {

class Trajectory {
 public:
  /// Keeps the fine solver until `last` steps are known (none: it is asked for no more than that).
  Trajectory(const Model &model, const Case &c, int last);
  /// u, v on the coarse grid; empty where the state is the velocity.
  const Field &velocity() const { return velocity_; }
  /// The restricted fine state after so many coarse steps.
  const std::vector<double> &at(int step);

 private:
  const Model &model_;
  Field velocity_;
  std::unique_ptr<FineSolver> fine_;
  std::vector<std::vector<double>> states_;
  int last_;
};

}  // namespace petrl::grid2d
