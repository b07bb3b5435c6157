// Helpers of the tests of problems on periodic grids.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "problems/grid2d/stepper.hpp"

namespace petrl::test {

inline constexpr double kTwoPi = 6.283185307179586;

/// f(x, y) at x = i / nx, y = j / ny.
template <class F>
std::vector<double> sampleGrid(int nx, int ny, F &&f) {
  std::vector<double> out;
  for (int j = 0; j < ny; ++j)
    for (int i = 0; i < nx; ++i) out.push_back(f(static_cast<double>(i) / nx, static_cast<double>(j) / ny));
  return out;
}

inline std::vector<double> join(std::vector<double> a, const std::vector<double> &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline grid2d::Field makeField(int components, int nx, int ny, const std::vector<double> &dense) {
  grid2d::Field field(components, nx, ny);
  field.set(dense.data());
  return field;
}

inline double largestDifference(const std::vector<double> &a, const std::vector<double> &b) {
  double worst = a.size() == b.size() ? 0 : HUGE_VAL;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) worst = std::max(worst, std::fabs(a[i] - b[i]));
  return worst;
}

/// Components x ny x nx, moved by (dx, dy) points around the torus.
inline std::vector<double> shifted(const std::vector<double> &field, int components, int nx, int ny, int dx, int dy) {
  std::vector<double> out(field.size());
  const auto at = [&](int c, int y, int x) { return static_cast<std::size_t>((c * ny + y) * nx + x); };
  for (int c = 0; c < components; ++c)
    for (int y = 0; y < ny; ++y)
      for (int x = 0; x < nx; ++x) out[at(c, (y + dy + ny) % ny, (x + dx + nx) % nx)] = field[at(c, y, x)];
  return out;
}

/// The right-hand side alone.
inline std::vector<double> rightHandSide(const grid2d::Scheme &scheme, int components, int nx, int ny,
                                         const std::vector<double> &state, const std::vector<double> &velocity) {
  const grid2d::Discretization d = grid2d::discretize(scheme, 1. / nx, 1. / ny);
  grid2d::Field q = makeField(components, nx, ny, state), u = makeField(2, nx, ny, velocity), out(components, nx, ny);
  q.fillGhosts(d.radius);
  const grid2d::Field &in = q, &by = u;
  grid2d::advance(d, components, in.patch(), by.patch(), 0, in.patch(), 1, out.patch());
  return out.dense();
}

/// `steps` steps of dt; an empty velocity means that the state carries itself.
inline std::vector<double> integrate(const grid2d::Scheme &scheme, int components, int nx, int ny,
                                     const std::vector<double> &state, const std::vector<double> &velocity, double dt,
                                     int steps) {
  grid2d::Stepper stepper(scheme, components, nx, ny, dt);
  if (!velocity.empty()) stepper.setVelocity(makeField(2, nx, ny, velocity));
  grid2d::Field q = makeField(components, nx, ny, state);
  for (int i = 0; i < steps; ++i) stepper.step(q);
  return q.dense();
}

}  // namespace petrl::test
