// Cell meshes made by hand: triangles on a box, intervals on a line.
#pragma once

#include <cmath>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "mesh/cell_mesh.hpp"

namespace petrl::test {

/// What a mesh consists of; `corner` is unwrapped where it is periodic.
struct Simplices {
  int dim, vertices;
  std::vector<int> cell;
  std::vector<double> corner;
};

/// label: of a boundary face with this centre.
template <class Label>
CellMesh cellMesh(const Simplices &in, Label label) {
  CellMesh m;
  const int dim = in.dim, slots = dim + 1;
  const int n = static_cast<int>(in.cell.size()) / slots;
  m.dim = dim, m.owned = m.cells = n, m.vertices = in.vertices;
  m.vertex = in.cell, m.corner = in.corner;
  m.level.assign(n, 0);
  m.volume.resize(n);
  m.centre.assign(n * dim, 0.);
  m.neighbour.assign(n * slots, -1), m.face.assign(n * slots, -1);
  m.towards.assign(n * slots * dim, 0.);
  std::map<std::pair<int, int>, std::pair<int, int>> open;  // vertices of a face -> face, slot of its left cell
  for (int c = 0; c < n; ++c) {
    const double *x = &in.corner[c * slots * dim];
    for (int s = 0; s < slots; ++s)
      for (int d = 0; d < dim; ++d) m.centre[c * dim + d] += x[s * dim + d] / slots;
    m.volume[c] = dim == 1 ? x[1] - x[0] : 0.5 * ((x[2] - x[0]) * (x[5] - x[1]) - (x[4] - x[0]) * (x[3] - x[1]));
    for (int s = 0; s < slots; ++s) {
      const int a = (s + 1) % slots, b = dim == 1 ? a : (s + 2) % slots;
      const int va = in.cell[c * slots + a], vb = in.cell[c * slots + b];
      const auto [known, fresh] = open.try_emplace({std::min(va, vb), std::max(va, vb)}, m.faces.size(), s);
      CellMesh::Face f;
      for (int d = 0; d < dim; ++d) f.centre[d] = 0.5 * (x[a * dim + d] + x[b * dim + d]);
      double *towards = &m.towards[(c * slots + s) * dim];
      for (int d = 0; d < dim; ++d) towards[d] = f.centre[d] - m.centre[c * dim + d];
      m.face[c * slots + s] = known->second.first;
      if (fresh) {
        f.left = c;
        f.normal[0] = dim == 1 ? (s == 0 ? 1 : -1) : x[b * 2 + 1] - x[a * 2 + 1];
        f.normal[1] = dim == 1 ? 0 : x[a * 2] - x[b * 2];
        m.faces.push_back(f);
        continue;
      }
      CellMesh::Face &g = m.faces[known->second.first];
      const int other = g.left, slot = known->second.second;
      g.right = c;
      m.neighbour[c * slots + s] = other, m.neighbour[other * slots + slot] = c;
      double *back = &m.towards[(other * slots + slot) * dim];
      for (int d = 0; d < dim; ++d) {
        const double sum = back[d] - towards[d];
        back[d] = sum, towards[d] = -sum;
      }
    }
  }
  for (auto &f : m.faces)
    if (f.right < 0) f.label = label(f.centre);
  return m;
}

/// 2 n^2 triangles of [0, length]^2, diagonals alternating; inner vertices moved by up to `shake` of the spacing.
/// Boundary labels 1 bottom, 2 right, 3 top, 4 left.
inline CellMesh boxCells(int n, double length, bool periodic, double shake = 0) {
  Simplices in{2, 0, {}, {}};
  const int points = periodic ? n : n + 1;
  in.vertices = points * points;
  std::mt19937_64 random(7);
  std::vector<double> moved(2 * in.vertices, 0.);
  for (double &x : moved) x = shake * (static_cast<double>(random() >> 11) * 0x1p-52 - 1);
  const auto add = [&](int i, int j) {
    const int v = (j % points) * points + i % points;
    const bool edge = !periodic && (i == 0 || j == 0 || i == n || j == n);
    in.cell.push_back(v);
    in.corner.push_back(length / n * (i + (edge ? 0 : moved[2 * v])));
    in.corner.push_back(length / n * (j + (edge ? 0 : moved[2 * v + 1])));
  };
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      const bool turned = (i + j) % 2 != 0;
      add(i, j), add(i + 1, j), add(i + (turned ? 0 : 1), j + 1);
      add(i + (turned ? 1 : 0), j), add(i + 1, j + 1), add(i, j + 1);
    }
  }
  return cellMesh(in, [length](const double *x) {
    if (x[1] < 1e-12) return 1;
    if (x[0] > length - 1e-12) return 2;
    return x[1] > length - 1e-12 ? 3 : 4;
  });
}

/// n intervals of [0, length], alternating widths for shake > 0; labels 1 left, 2 right.
inline CellMesh lineCells(int n, double length, bool periodic, double shake = 0) {
  Simplices in{1, periodic ? n : n + 1, {}, {}};
  const auto at = [&](int i) { return length / n * (i + (i % 2 ? shake : 0)); };
  for (int i = 0; i < n; ++i) {
    in.cell.push_back(i), in.cell.push_back((i + 1) % in.vertices);
    in.corner.push_back(at(i)), in.corner.push_back(at(i + 1));
  }
  return cellMesh(in, [length](const double *x) { return x[0] < 0.5 * length ? 1 : 2; });
}

}  // namespace petrl::test
