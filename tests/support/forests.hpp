// Checks of adaptive meshes that know nothing of how they were made.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "mesh/forest.hpp"

namespace petrl::test {

inline std::vector<signed char> randomMarks(int n, unsigned seed, double refine, double coarsen) {
  std::mt19937 gen(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<signed char> marks(n);
  for (auto &m : marks) {
    const double u = uniform(gen);
    m = u < refine ? 1 : u > 1 - coarsen ? -1 : 0;
  }
  return marks;
}

inline double totalVolume(const CellMesh &m) {
  double sum = 0;
  for (int c = 0; c < m.owned; ++c) sum += m.volume[c];
  return sum;
}

/// Degrees.
inline double smallestAngle(const CellMesh &m) {
  double smallest = 180;
  for (int c = 0; c < m.cells; ++c)
    for (int s = 0; s < 3; ++s) {
      const double *const x = &m.corner[c * 6];
      const double *const p = x + 2 * s, *const q = x + 2 * ((s + 1) % 3), *const r = x + 2 * ((s + 2) % 3);
      const double ax = q[0] - p[0], ay = q[1] - p[1], bx = r[0] - p[0], by = r[1] - p[1];
      smallest = std::min(smallest, std::atan2(ax * by - ay * bx, ax * bx + ay * by) * 180 / M_PI);
    }
  return smallest;
}

/// The mesh conforms: cells fit together at their faces, nothing is left over but the boundary of this length.
inline void expectConforming(const CellMesh &m, double volume, double boundary) {
  const int slots = m.slots(), d = m.dim;
  ASSERT_EQ(m.cells, static_cast<int>(m.volume.size()));
  EXPECT_NEAR(totalVolume(m), volume, 1e-12 * volume);
  double length = 0;
  std::vector<int> used(m.faces.size(), 0);
  std::vector<bool> seen(m.vertices, false);
  for (int c = 0; c < m.cells; ++c) {
    ASSERT_GT(m.volume[c], 0);
    double closed[2] = {0, 0};
    for (int s = 0; s < slots; ++s) {
      const int f = c * slots + s, n = m.neighbour[f];
      seen[m.vertex[f]] = true;
      ASSERT_GE(m.face[f], 0);
      const CellMesh::Face &face = m.faces[m.face[f]];
      ++used[m.face[f]];
      ASSERT_TRUE((face.left == c && face.right == n) || (face.right == c && face.left == n));
      const double sign = face.left == c ? 1 : -1;
      double dot = 0;
      for (int i = 0; i < d; ++i) {
        closed[i] += sign * face.normal[i];
        dot += sign * face.normal[i] * m.towards[f * d + i];
      }
      EXPECT_GT(dot, 0);
      if (n < 0) {
        EXPECT_GT(face.label, 0);
        length += std::hypot(face.normal[0], face.normal[1]);
        continue;
      }
      EXPECT_EQ(face.label, 0);
      EXPECT_LT(face.left, face.right);
      // All vertices but one are common; the way there is the way back.
      int common = 0, back = -1;
      for (int k = 0; k < slots; ++k) {
        for (int l = 0; l < slots; ++l) common += m.vertex[c * slots + k] == m.vertex[n * slots + l];
        if (m.face[n * slots + k] == m.face[f]) back = n * slots + k;
      }
      ASSERT_GE(back, 0);
      EXPECT_EQ(m.neighbour[back], c);
      if (d == 2) {
        EXPECT_EQ(common, 2);
      }
      for (int i = 0; i < d; ++i) EXPECT_NEAR(m.towards[f * d + i], -m.towards[back * d + i], 1e-13);
    }
    EXPECT_NEAR(std::hypot(closed[0], closed[1]), 0, 1e-14);
  }
  for (std::size_t f = 0; f < used.size(); ++f) EXPECT_EQ(used[f], m.faces[f].right < 0 ? 1 : 2);
  EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](bool b) { return b; }));
  EXPECT_NEAR(length, boundary, 1e-12 * (boundary + 1));
}

inline int eulerCharacteristic(const CellMesh &m) {
  return m.dim == 1 ? m.vertices - m.cells : m.vertices - static_cast<int>(m.faces.size()) + m.cells;
}

template <typename Call>
std::string refusal(const Call &call) {
  try {
    call();
  } catch (const Error &e) {
    return e.what();
  }
  return "";
}

}  // namespace petrl::test
