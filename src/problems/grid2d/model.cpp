#include "problems/grid2d/model.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl::grid2d {

void Model::checkDivides(int n) const {
  if (n < 1 || sizes_.fine() % n != 0) {
    throw Error("a grid of " + std::to_string(n) + " points a side does not divide the fine one of " +
                    std::to_string(sizes_.fine()),
                PETSC_ERR_ARG_OUTOFRANGE);
  }
}

Field Model::velocity(const Case &c, int n) const {
  checkDivides(n);
  Field out(2, n, n);
  if (c.velocity.empty()) return out;
  const int fine = sizes_.fine(), step = fine / n;
  const Patch p = out.patch();
  for (int k = 0; k < 2; ++k) {
    const double *plane = c.velocity.data() + static_cast<std::ptrdiff_t>(k) * fine * fine;
    for (int y = 0; y < n; ++y) {
      const double *line = plane + static_cast<std::ptrdiff_t>(y) * step * fine;
      for (int x = 0; x < n; ++x) p.at(k, y)[x] = line[static_cast<std::ptrdiff_t>(x) * step];
    }
  }
  return out;
}

std::vector<double> Model::initial(const Case &c, int n) const {
  checkDivides(n);
  std::vector<double> out(static_cast<std::size_t>(components_) * static_cast<std::size_t>(n) *
                          static_cast<std::size_t>(n));
  const int fine = sizes_.fine();
  const ConstPatch p{c.state.data(), fine, fine, 0, fine, static_cast<std::ptrdiff_t>(fine) * fine};
  restrictTo(n, p, out.data());
  return out;
}

Stepper Model::stepper(const Case &c, const Scheme &scheme, int n, double dt) const {
  Stepper out(scheme, components_, n, n, dt);
  if (!c.velocity.empty()) out.setVelocity(velocity(c, n));
  return out;
}

double Model::relativeError(const std::vector<double> &state, const std::vector<double> &target) const {
  double sum = 0;
  for (std::size_t i = 0; i < state.size(); ++i) sum += std::fabs(state[i] - target[i]);
  return sum * components_ / static_cast<double>(state.size()) / scale(target);
}

double Model::massError(const std::vector<double> &state, const std::vector<double> &target) const {
  const std::size_t points = state.size() / static_cast<std::size_t>(components_);
  double worst = 0, size = 0;
  for (std::size_t c = 0; c < static_cast<std::size_t>(components_); ++c) {
    double difference = 0;
    for (std::size_t i = c * points; i < (c + 1) * points; ++i) {
      difference += state[i] - target[i];
      size += std::fabs(target[i]);
    }
    // Not std::max alone: a NaN must stay one.
    worst = std::isnan(difference) ? difference : std::max(worst, std::fabs(difference));
  }
  return size > 0 ? worst * components_ / size : worst;
}

}  // namespace petrl::grid2d
