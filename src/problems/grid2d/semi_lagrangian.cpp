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

}  // namespace

double interpolate(const ConstPatch &field, int component, const Place &at, int order) {
  const double fx = std::floor(at.x), fy = std::floor(at.y);
  const auto wx = lagrange(order, at.x - fx), wy = lagrange(order, at.y - fy);
  const int m = (order - 1) / 2, left = static_cast<int>(fx) - m, low = static_cast<int>(fy) - m;
  double sum = 0;
  for (int j = 0; j <= order; ++j) {
    const double *row = field.at(component, wrapped(low + j, field.ny));
    double along = 0;
    for (int i = 0; i <= order; ++i) along += wx[static_cast<std::size_t>(i)] * row[wrapped(left + i, field.nx)];
    sum += wy[static_cast<std::size_t>(j)] * along;
  }
  return sum;
}

Place departure(const ConstPatch &velocity, int order, Place p, double time, int steps) {
  const double h = time / steps;
  const auto flow = [&](const Place &at) {
    return Place{interpolate(velocity, 0, at, order) * velocity.nx, interpolate(velocity, 1, at, order) * velocity.ny};
  };
  const auto back = [](const Place &from, const Place &v, double t) {
    return Place{from.x - t * v.x, from.y - t * v.y};
  };
  for (int s = 0; s < steps; ++s) {
    const Place a = flow(p), b = flow(back(p, a, h / 2)), c = flow(back(p, b, h / 2)), d = flow(back(p, c, h));
    p = back(p, {(a.x + 2 * b.x + 2 * c.x + d.x) / 6, (a.y + 2 * b.y + 2 * c.y + d.y) / 6}, h);
  }
  return p;
}

namespace {

template <int Points>
PETRL_INLINE void interpolatePoints(std::size_t n, std::ptrdiff_t width, const double *padded,
                                    const std::int32_t *corner, const double *weights, double *out) {
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
    interpolatePoints<4>(n, width, padded, corner, weights, out);
  else
    interpolatePoints<6>(n, width, padded, corner, weights, out);
}

}  // namespace

SemiLagrangian::SemiLagrangian(const Field &velocity, int order, double dt)
    : n_{velocity.nx(), velocity.ny()}, reach_((order - 1) / 2), width_(velocity.nx() + order) {
  if (order != 3 && order != 5) throw Error("semi-Lagrangian: order: expected 3 or 5, found " + std::to_string(order));
  if (std::min(n_[0], n_[1]) <= order)
    throw Error("semi-Lagrangian: expected more than " + std::to_string(order) + " points a side");
  const ConstPatch speeds = velocity.patch();
  double fastest = 0;
  for (int y = 0; y < n_[1]; ++y)
    for (int x = 0; x < n_[0]; ++x)
      fastest = std::max({fastest, std::fabs(speeds.at(0, y)[x]) * n_[0], std::fabs(speeds.at(1, y)[x]) * n_[1]});
  const int steps = std::max(1, static_cast<int>(std::ceil(fastest * dt)));
  for (int y = 0; y < n_[1]; ++y) {
    for (int x = 0; x < n_[0]; ++x) {
      const Place from = departure(speeds, order, {static_cast<double>(x), static_cast<double>(y)}, dt, steps);
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
