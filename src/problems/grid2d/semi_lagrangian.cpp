#include "problems/grid2d/semi_lagrangian.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/clones.hpp"
#include "base/error.hpp"

namespace petrl::grid2d {

namespace {

constexpr int kMaxPoints = 6;

// Of Lagrange's polynomial through the points -m .. m + 1 (2 m + 1 = order) at 0 <= t <= 1.
std::array<double, kMaxPoints> lagrange(int order, double t) {
  const int m = (order - 1) / 2;
  std::array<double, kMaxPoints> w{};
  for (int i = -m; i <= m + 1; ++i) {
    double value = 1;
    for (int j = -m; j <= m + 1; ++j)
      if (j != i) value *= (t - j) / (i - j);
    w[static_cast<std::size_t>(i + m)] = value;
  }
  return w;
}

int wrapped(int i, int n) {
  return (i % n + n) % n;
}

struct Place {
  double x, y;  // in cells
};

// The velocity anywhere, in cells a unit of time.
class Flow {
 public:
  Flow(const Field &velocity, int order) : velocity_(velocity.patch()), order_(order) {}
  Place operator()(const Place &p) const {
    const double fx = std::floor(p.x), fy = std::floor(p.y);
    const auto wx = lagrange(order_, p.x - fx), wy = lagrange(order_, p.y - fy);
    const int m = (order_ - 1) / 2, x = static_cast<int>(fx) - m, y = static_cast<int>(fy) - m;
    Place sum{0, 0};
    for (int j = 0; j <= order_; ++j) {
      const double *u = velocity_.at(0, wrapped(y + j, velocity_.ny)),
                   *v = velocity_.at(1, wrapped(y + j, velocity_.ny));
      for (int i = 0; i <= order_; ++i) {
        const double w = wx[static_cast<std::size_t>(i)] * wy[static_cast<std::size_t>(j)];
        const int at = wrapped(x + i, velocity_.nx);
        sum.x += w * u[at] * velocity_.nx, sum.y += w * v[at] * velocity_.ny;
      }
    }
    return sum;
  }

 private:
  ConstPatch velocity_;
  int order_;
};

Place departure(const Flow &flow, Place p, int steps, double h) {
  const auto along = [](const Place &from, const Place &v, double t) {
    return Place{from.x - t * v.x, from.y - t * v.y};
  };
  for (int s = 0; s < steps; ++s) {
    const Place a = flow(p), b = flow(along(p, a, h / 2)), c = flow(along(p, b, h / 2)), d = flow(along(p, c, h));
    p = along(p, {(a.x + 2 * b.x + 2 * c.x + d.x) / 6, (a.y + 2 * b.y + 2 * c.y + d.y) / 6}, h);
  }
  return p;
}

template <int Points>
PETRL_INLINE void interpolate(std::size_t n, std::ptrdiff_t width, const double *padded, const std::int32_t *corner,
                              const double *weights, double *out) {
  for (std::size_t p = 0; p < n; ++p, weights += 2 * Points) {
    const double *from = padded + corner[p];
    double column[Points] = {};
    for (int j = 0; j < Points; ++j)
      for (int i = 0; i < Points; ++i) column[i] += weights[Points + j] * from[j * width + i];
    double sum = 0;
    for (int i = 0; i < Points; ++i) sum += weights[i] * column[i];
    out[p] = sum;
  }
}

PETRL_CLONES void interpolateRow(int order, std::size_t n, std::ptrdiff_t width, const double *padded,
                                 const std::int32_t *corner, const double *weights, double *out) {
  if (order == 3)
    interpolate<4>(n, width, padded, corner, weights, out);
  else
    interpolate<6>(n, width, padded, corner, weights, out);
}

}  // namespace

SemiLagrangian::SemiLagrangian(const Field &velocity, int order, double dt)
    : n_{velocity.nx(), velocity.ny()}, reach_((order - 1) / 2), width_(velocity.nx() + order) {
  if (order != 3 && order != 5) throw Error("semi-Lagrangian: order: expected 3 or 5, found " + std::to_string(order));
  if (std::min(n_[0], n_[1]) <= order)
    throw Error("semi-Lagrangian: expected more than " + std::to_string(order) + " points a side");
  const Flow flow(velocity, order);
  const ConstPatch speeds = velocity.patch();
  double fastest = 0;
  for (int y = 0; y < n_[1]; ++y)
    for (int x = 0; x < n_[0]; ++x)
      fastest = std::max({fastest, std::fabs(speeds.at(0, y)[x]) * n_[0], std::fabs(speeds.at(1, y)[x]) * n_[1]});
  const int steps = std::max(1, static_cast<int>(std::ceil(fastest * dt)));
  for (int y = 0; y < n_[1]; ++y) {
    for (int x = 0; x < n_[0]; ++x) {
      const Place from = departure(flow, {static_cast<double>(x), static_cast<double>(y)}, steps, dt / steps);
      const double fx = std::floor(from.x), fy = std::floor(from.y);
      const auto column = wrapped(static_cast<int>(fx), n_[0]), row = wrapped(static_cast<int>(fy), n_[1]);
      corner_.push_back(static_cast<std::int32_t>(row * width_ + column));
      for (const auto &w : {lagrange(order, from.x - fx), lagrange(order, from.y - fy)})
        weights_.insert(weights_.end(), w.begin(), w.begin() + order + 1);
    }
  }
  padded_.resize(static_cast<std::size_t>(width_) * static_cast<std::size_t>(n_[1] + order));
}

void SemiLagrangian::step(Field &state) {
  const int order = 2 * reach_ + 1;
  const auto points = static_cast<std::size_t>(n_[0]) * static_cast<std::size_t>(n_[1]);
  const Patch p = state.patch();
  for (int c = 0; c < state.components(); ++c) {
    double *to = padded_.data();
    for (int y = -reach_; y < n_[1] + reach_ + 1; ++y, to += width_) {
      const double *from = p.at(c, wrapped(y, n_[1]));
      std::copy_n(from + n_[0] - reach_, reach_, to);
      std::copy_n(from, n_[0], to + reach_);
      std::copy_n(from, reach_ + 1, to + reach_ + n_[0]);
    }
    const auto row = static_cast<std::size_t>(n_[0]);
    for (std::size_t at = 0; at < points; at += row)
      interpolateRow(order, row, width_, padded_.data(), &corner_[at],
                     &weights_[at * 2 * static_cast<std::size_t>(order + 1)], p.at(c, static_cast<int>(at / row)));
  }
}

}  // namespace petrl::grid2d
