// Meshes of tetrahedra whose edges are bisected in all the ways that there are, and checks that know nothing of how they
// are made.
#pragma once

#include <array>
#include <set>
#include <utility>

#include "support/forests.hpp"

namespace petrl::test {

inline constexpr double kLow3[3] = {0, 0, 0}, kHigh3[3] = {2, 1, 1.5};

/// Inner vertices moved at random: refinement edges that fit nowhere.
inline BaseMesh shakenBox(int n, double by, unsigned seed) {
  BaseMesh m = BaseMesh::box(n, n, n, kLow3, kHigh3);
  std::mt19937 gen(seed);
  std::uniform_real_distribution<double> uniform(-by / n, by / n);
  std::vector<std::array<double, 3>> moved(static_cast<std::size_t>(m.vertices));
  for (auto &x : moved)
    for (double &y : x) y = uniform(gen);
  for (std::size_t k = 0; k < m.cell.size(); ++k)
    for (std::size_t i = 0; i < 3; ++i) {
      double &x = m.corner[3 * k + i];
      if (x > kLow3[i] && x < kHigh3[i]) x += moved[static_cast<std::size_t>(m.cell[k])][i];
    }
  return m;
}

/// An odd number of tetrahedra around one edge.
inline BaseMesh spindle(int n) {
  BaseMesh m;
  m.dim = 3;
  m.vertices = n + 2;
  for (int i = 0; i < n; ++i) {
    const int j = (i + 1) % n;
    const double a = 2 * M_PI * i / n, b = 2 * M_PI * j / n, r = 1 + 0.2 * (i % 3), q = 1 + 0.2 * (j % 3);
    m.cell.insert(m.cell.end(), {i, j, n, n + 1});
    m.corner.insert(m.corner.end(), {r * std::cos(a), r * std::sin(a), 0.1 * (i % 2), q * std::cos(b), q * std::sin(b),
                                     0.1 * (j % 2), 0, 0.1, -1, 0.1, 0, 1});
    m.face.insert(m.face.end(), {0, 0, 7, 8});
  }
  m.labelBoundary();
  return m;
}

/// Two tetrahedra whose longest edge lies opposite the longest edge of both faces without it.
inline BaseMesh twoLongEdges() {
  BaseMesh m;
  m.dim = 3;
  m.vertices = 5;
  m.cell = {0, 1, 3, 2, 0, 1, 2, 4};
  const double x[5][3] = {{-1, 0, 0}, {1, 0, 0}, {0, -0.9, 0.3}, {0, 0.9, 0.3}, {0, 0.8, -0.6}};
  for (const int v : m.cell) m.corner.insert(m.corner.end(), x[v], x[v] + 3);
  m.face = {1, 1, 0, 1, 1, 1, 1, 0};
  m.labelBoundary();
  return m;
}

using Point = std::array<double, 3>;

inline Point cornerOf(const CellMesh &m, int c, int k) {
  const double *const x = &m.corner[static_cast<std::size_t>((c * 4 + k) * 3)];
  return {x[0], x[1], x[2]};
}

inline Point cross(const Point &p, const Point &q, const Point &r) {
  Point a, b;
  for (std::size_t i = 0; i < 3; ++i) a[i] = q[i] - p[i], b[i] = r[i] - p[i];
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

inline double dot(const Point &a, const Point &b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/// Degrees.
inline double smallestDihedral(const CellMesh &m) {
  static constexpr int face[4][3] = {{1, 2, 3}, {0, 3, 2}, {0, 1, 3}, {0, 2, 1}};
  double smallest = 180;
  for (int c = 0; c < m.cells; ++c) {
    std::array<Point, 4> normal;
    for (int s = 0; s < 4; ++s)
      normal[static_cast<std::size_t>(s)] =
          cross(cornerOf(m, c, face[s][0]), cornerOf(m, c, face[s][1]), cornerOf(m, c, face[s][2]));
    for (std::size_t s = 0; s < 4; ++s)
      for (std::size_t t = 0; t < s; ++t) {
        const double cosine =
            -dot(normal[s], normal[t]) / std::sqrt(dot(normal[s], normal[s]) * dot(normal[t], normal[t]));
        smallest = std::min(smallest, std::acos(std::min(1., std::max(-1., cosine))) * 180 / M_PI);
      }
  }
  return smallest;
}

/// Area of the faces that belong to one cell only, after checking that no face belongs to three and that cells and
/// neighbours agree.
inline double boundaryArea(const CellMesh &m) {
  std::map<std::array<int, 3>, std::vector<int>> faces;
  for (int f = 0; f < m.cells * 4; ++f) {
    std::array<int, 3> v;
    for (int k = 0, at = 0; k < 4; ++k)
      if (k != f % 4) v[static_cast<std::size_t>(at++)] = m.vertex[static_cast<std::size_t>(f / 4 * 4 + k)];
    std::sort(v.begin(), v.end());
    faces[v].push_back(f);
  }
  double area = 0;
  for (const auto &[v, sides] : faces) {
    EXPECT_LE(sides.size(), 2u);
    const int f = sides[0], neighbour = m.neighbour[static_cast<std::size_t>(f)];
    const int face = m.face[static_cast<std::size_t>(f)];
    if (sides.size() == 2) {
      EXPECT_EQ(neighbour, sides[1] / 4);
      EXPECT_EQ(m.neighbour[static_cast<std::size_t>(sides[1])], f / 4);
      EXPECT_EQ(m.face[static_cast<std::size_t>(sides[1])], face);
      EXPECT_EQ(m.faces[static_cast<std::size_t>(face)].label, 0);
      for (std::size_t i = 0; i < 3; ++i)
        EXPECT_NEAR(m.towards[static_cast<std::size_t>(f) * 3 + i],
                    -m.towards[static_cast<std::size_t>(sides[1]) * 3 + i], 1e-13);
      continue;
    }
    EXPECT_EQ(neighbour, -1);
    EXPECT_GT(m.faces[static_cast<std::size_t>(face)].label, 0);
    const int c = f / 4, s = f % 4;
    const Point n = cross(cornerOf(m, c, (s + 1) % 4), cornerOf(m, c, (s + 2) % 4), cornerOf(m, c, (s + 3) % 4));
    area += 0.5 * std::sqrt(dot(n, n));
  }
  return area;
}

inline int eulerOfTetrahedra(const CellMesh &m) {
  std::set<std::pair<int, int>> edges;
  for (int c = 0; c < m.cells; ++c)
    for (int k = 0; k < 4; ++k)
      for (int l = 0; l < k; ++l)
        edges.insert(
            std::minmax(m.vertex[static_cast<std::size_t>(c * 4 + k)], m.vertex[static_cast<std::size_t>(c * 4 + l)]));
  return m.vertices - static_cast<int>(edges.size()) + static_cast<int>(m.faces.size()) - m.cells;
}

/// A ball: cells of positive volume that fit together without gaps, holes or hanging vertices.
inline void expectConformingBall(const CellMesh &m, double volume, double area) {
  for (int c = 0; c < m.cells; ++c) ASSERT_GT(m.volume[static_cast<std::size_t>(c)], 0);
  EXPECT_NEAR(totalVolume(m), volume, 1e-12 * volume);
  EXPECT_NEAR(boundaryArea(m), area, 1e-12 * area);
  EXPECT_EQ(eulerOfTetrahedra(m), 1);
  const int last = *std::max_element(m.vertex.begin(), m.vertex.end());
  EXPECT_EQ(last + 1, m.vertices);
}

}  // namespace petrl::test
