#include "problems/grid2d/trajectory.hpp"

namespace petrl::grid2d {

Trajectory::Trajectory(const Model &model, const Case &c, int last) : model_(model), last_(last) {
  const int n = model.sizes().n;
  if (!c.velocity.empty()) velocity_ = model.velocity(c, n);
  fine_ = model.fine(c);
  states_.push_back(model.initial(c, n));
}

const std::vector<double> &Trajectory::at(int step) {
  std::vector<double> coarse(states_.front().size());
  while (static_cast<int>(states_.size()) <= step && fine_) {
    fine_->advance();
    model_.restrictTo(model_.sizes().n, fine_->state().patch(), coarse.data());
    states_.push_back(coarse);
    if (static_cast<int>(states_.size()) > last_) fine_.reset();
  }
  return states_.at(static_cast<std::size_t>(step));
}

}  // namespace petrl::grid2d
