#include "mesh/base_mesh.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "mesh/tetrahedron.hpp"

namespace petrl {

namespace {

/// The i-th of n equal steps; both ends are met exactly.
double station(double a, double b, int i, int n) {
  return i == n ? b : a + (b - a) * i / n;
}

struct Square {
  int corner[4];  // vertices, anticlockwise from the lower left
  double x[2], y[2];
  int bottom, right, top, left;  // labels
};

void addTriangle(BaseMesh &mesh, const Square &s, const int corners[3], const int labels[3]) {
  for (int k = 0; k < 3; ++k) {
    const int c = corners[k];
    mesh.cell.push_back(s.corner[c]);
    mesh.corner.push_back(s.x[c == 1 || c == 2]);
    mesh.corner.push_back(s.y[c >= 2]);
    mesh.face.push_back(labels[k]);
  }
}

/// Two triangles on either side of the diagonal from the lower left, which is their refinement edge.
void addSquare(BaseMesh &mesh, const Square &s) {
  const int lower[3] = {2, 0, 1}, lower_labels[3] = {s.bottom, s.right, 0};
  const int upper[3] = {0, 2, 3}, upper_labels[3] = {s.top, s.left, 0};
  addTriangle(mesh, s, lower, lower_labels);
  addTriangle(mesh, s, upper, upper_labels);
}

}  // namespace

void BaseMesh::labelBoundary() {
  const int slots = dim + 1;
  BaseLabel sets{"Face Sets"}, marker{"marker"};
  for (int f = 0; f < static_cast<int>(face.size()); ++f) {
    if (face[f] <= 0) continue;
    const int c = f / slots, s = f % slots;
    // In 1D faces are vertices.
    const int part = dim == 1 ? slots + 1 - s : s;
    sets.at.push_back({c, part, face[f]});
    marker.at.push_back({c, part, 1});
    for (int k = 1; dim >= 2 && k < slots; ++k) marker.at.push_back({c, slots + (s + k) % slots, 1});
    for (int e = 0; dim == 3 && e < 6; ++e)
      if (kTetEdge[e][0] != s && kTetEdge[e][1] != s) marker.at.push_back({c, 2 * slots + 1 + e, 1});
  }
  for (BaseLabel *label : {&sets, &marker}) {
    for (const BaseLabel::At &at : label->at) label->values.push_back(at.value);
    labels.push_back(std::move(*label));
  }
}

BaseMesh BaseMesh::interval(int n, double a, double b, bool periodic) {
  if (n < (periodic ? 2 : 1))
    throw Error("interval of " + std::to_string(n) + " cells: expected at least " + (periodic ? "2" : "1"),
                PETSC_ERR_ARG_OUTOFRANGE);
  if (!(a < b)) throw Error("interval: its left end must be less than its right end", PETSC_ERR_ARG_OUTOFRANGE);
  BaseMesh mesh;
  mesh.dim = 1;
  mesh.vertices = periodic ? n : n + 1;
  for (int i = 0; i < n; ++i) {
    mesh.cell.insert(mesh.cell.end(), {i, periodic && i + 1 == n ? 0 : i + 1});
    mesh.corner.insert(mesh.corner.end(), {station(a, b, i, n), station(a, b, i + 1, n)});
    mesh.face.insert(mesh.face.end(), {!periodic && i + 1 == n ? 2 : 0, !periodic && i == 0 ? 1 : 0});
  }
  mesh.labelBoundary();
  return mesh;
}

BaseMesh BaseMesh::box(int nx, int ny, const double lower[2], const double upper[2], bool periodic_x, bool periodic_y) {
  if (nx < (periodic_x ? 3 : 1) || ny < (periodic_y ? 3 : 1))
    throw Error("box of " + std::to_string(nx) + " x " + std::to_string(ny) +
                    " squares: expected at least 1 in each direction, 3 in a periodic one",
                PETSC_ERR_ARG_OUTOFRANGE);
  if (!(lower[0] < upper[0]) || !(lower[1] < upper[1]))
    throw Error("box: its lower corner must be less than its upper corner", PETSC_ERR_ARG_OUTOFRANGE);
  BaseMesh mesh;
  const int columns = periodic_x ? nx : nx + 1, rows = periodic_y ? ny : ny + 1;
  mesh.vertices = columns * rows;
  const auto vertex = [&](int i, int j) { return (j % rows) * columns + i % columns; };
  for (int j = 0; j < ny; ++j)
    for (int i = 0; i < nx; ++i)
      addSquare(mesh, {{vertex(i, j), vertex(i + 1, j), vertex(i + 1, j + 1), vertex(i, j + 1)},
                       {station(lower[0], upper[0], i, nx), station(lower[0], upper[0], i + 1, nx)},
                       {station(lower[1], upper[1], j, ny), station(lower[1], upper[1], j + 1, ny)},
                       !periodic_y && j == 0 ? 1 : 0,
                       !periodic_x && i + 1 == nx ? 2 : 0,
                       !periodic_y && j + 1 == ny ? 3 : 0,
                       !periodic_x && i == 0 ? 4 : 0});
  mesh.labelBoundary();
  return mesh;
}

BaseMesh BaseMesh::box(int nx, int ny, int nz, const double lower[3], const double upper[3]) {
  const int n[3] = {nx, ny, nz};
  if (std::min({nx, ny, nz}) < 1)
    throw Error("box of " + std::to_string(nx) + " x " + std::to_string(ny) + " x " + std::to_string(nz) +
                    " cubes: expected at least 1 in each direction",
                PETSC_ERR_ARG_OUTOFRANGE);
  for (int i = 0; i < 3; ++i)
    if (!(lower[i] < upper[i]))
      throw Error("box: its lower corner must be less than its upper corner", PETSC_ERR_ARG_OUTOFRANGE);
  BaseMesh mesh;
  mesh.dim = 3;
  mesh.vertices = (nx + 1) * (ny + 1) * (nz + 1);
  static constexpr int axes[6][3] = {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0}};
  for (int cube = 0; cube < nx * ny * nz; ++cube)
    for (int t = 0; t < 6; ++t) {
      int at[4][3] = {{cube % nx, cube / nx % ny, cube / nx / ny}};
      for (int k = 1; k < 4; ++k) {
        std::copy(at[k - 1], at[k - 1] + 3, at[k]);
        ++at[k][axes[t][k - 1]];
      }
      if (t > 2) std::swap_ranges(at[1], at[1] + 3, at[2]);  // the other hand
      for (int k = 0; k < 4; ++k) {
        mesh.cell.push_back((at[k][2] * (ny + 1) + at[k][1]) * (nx + 1) + at[k][0]);
        for (int i = 0; i < 3; ++i) mesh.corner.push_back(station(lower[i], upper[i], at[k][i], n[i]));
        int face = 0;
        for (int i = 0; i < 3; ++i)
          for (const int end : {0, n[i]}) {
            const auto on = [&](int l) { return l == k || at[l][i] == end; };
            if (on(0) && on(1) && on(2) && on(3)) face = 2 * i + (end == 0 ? 1 : 2);
          }
        mesh.face.push_back(face);
      }
    }
  mesh.labelBoundary();
  return mesh;
}

BaseMesh BaseMesh::lShape(int n) {
  if (n < 2 || n % 2)
    throw Error("L shape of " + std::to_string(n) + " squares a unit length: expected an even number, 2 at least",
                PETSC_ERR_ARG_OUTOFRANGE);
  BaseMesh mesh;
  const int half = n / 2;
  const auto inside = [&](int i, int j) { return i >= 0 && j >= 0 && i < n && j < n && (i < half || j < half); };
  std::vector<int> number(static_cast<std::size_t>((n + 1) * (n + 1)), -1);
  for (int j = 0; j <= n; ++j)
    for (int i = 0; i <= n; ++i)
      if (inside(i, j) || inside(i - 1, j) || inside(i, j - 1) || inside(i - 1, j - 1))
        number[static_cast<std::size_t>(j * (n + 1) + i)] = mesh.vertices++;
  const auto vertex = [&](int i, int j) { return number[static_cast<std::size_t>(j * (n + 1) + i)]; };
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < n; ++i)
      if (inside(i, j))
        addSquare(mesh, {{vertex(i, j), vertex(i + 1, j), vertex(i + 1, j + 1), vertex(i, j + 1)},
                         {station(0, 1, i, n), station(0, 1, i + 1, n)},
                         {station(0, 1, j, n), station(0, 1, j + 1, n)},
                         inside(i, j - 1) ? 0 : 1,
                         inside(i + 1, j) ? 0 : 1,
                         inside(i, j + 1) ? 0 : 1,
                         inside(i - 1, j) ? 0 : 1});
  mesh.labelBoundary();
  return mesh;
}

}  // namespace petrl
