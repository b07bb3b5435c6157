#include "problems/advection/characteristics.hpp"

#include <algorithm>
#include <cmath>

namespace petrl::advection {

namespace {

constexpr int kOrder = 3;

}  // namespace

CharacteristicAdvection::CharacteristicAdvection(int n, double dt, const double *state, const double *velocity)
    : dt_(dt), initial_(1, n, n), state_(1, n, n), velocity_(2, n, n) {
  initial_.set(state);
  state_.set(state);
  velocity_.set(velocity);
  const auto components = 2 * static_cast<std::ptrdiff_t>(n) * n;
  double fastest = 0;
  for (std::ptrdiff_t i = 0; i < components; ++i) fastest = std::max(fastest, std::fabs(velocity[i]));
  steps_ = std::max(1, static_cast<int>(std::ceil(fastest * dt * n)));
  for (int y = 0; y < n; ++y)
    for (int x = 0; x < n; ++x) from_.push_back({static_cast<double>(x), static_cast<double>(y)});
}

void CharacteristicAdvection::advance() {
  const grid2d::Field &initial = initial_, &velocity = velocity_;
  const grid2d::ConstPatch was = initial.patch(), flow = velocity.patch();
  const grid2d::Patch now = state_.patch();
  auto place = from_.begin();
  for (int y = 0; y < now.ny; ++y) {
    for (int x = 0; x < now.nx; ++x, ++place) {
      *place = grid2d::departure(flow, kOrder, *place, dt_, steps_);
      now.at(0, y)[x] = grid2d::interpolate(was, 0, *place, kOrder);
    }
  }
}

}  // namespace petrl::advection
