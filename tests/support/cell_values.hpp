// Values on the cells of a mesh: functions, sums, distances.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "mesh/cell_mesh.hpp"

namespace petrl::test {

template <class F>
std::vector<double> atCentres(const CellMesh &m, F f) {
  std::vector<double> u(m.cells);
  for (int c = 0; c < m.cells; ++c) u[c] = m.dim == 2 ? f(m.centre[2 * c], m.centre[2 * c + 1]) : f(m.centre[c], 0);
  return u;
}

inline double mass(const CellMesh &m, const std::vector<double> &u) {
  double sum = 0;
  for (int c = 0; c < m.owned; ++c) sum += m.volume[c] * u[c];
  return sum;
}

template <class F>
double distance(const CellMesh &m, const std::vector<double> &u, F f) {
  const auto exact = atCentres(m, f);
  double sum = 0;
  for (int c = 0; c < m.owned; ++c) sum += m.volume[c] * std::fabs(u[c] - exact[c]);
  return sum;
}

inline std::vector<double> noise(int n) {
  std::mt19937_64 random(3);
  std::vector<double> u(n);
  for (double &x : u) x = static_cast<double>(random() >> 11) * 0x1p-52 - 1;
  return u;
}

}  // namespace petrl::test
