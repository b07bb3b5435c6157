#include "problems/lamp2d/triangle_mesh.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.hpp"

namespace petrl::lamp2d {

TriangleMesh::TriangleMesh(std::shared_ptr<const Grid> grid, const Forest &forest)
    : grid_(std::move(grid)), forest_(forest) {
  const CellMesh mesh = forest_.mesh();
  const int n = grid_->side();
  point_.assign(static_cast<std::size_t>(mesh.vertices), -1);
  for (std::size_t k = 0; k < mesh.vertex.size(); ++k) {
    const auto at = [&](std::size_t d) {
      return static_cast<int>(std::lround(mesh.corner[2 * k + d] * n / grid_->length)) % n;
    };
    point_[static_cast<std::size_t>(mesh.vertex[k])] = at(1) * n + at(0);
  }
  findEdges(mesh);
  findLimits(mesh);
  findPlaces(mesh);
}

void TriangleMesh::findEdges(const CellMesh &mesh) {
  const double scale = grid_->side() / grid_->length;
  edge_.resize(mesh.faces.size());
  side_.resize(2 * edge_.size());
  cell_edge_ = mesh.face;
  neighbour_.assign(point_.size() * kSlots, -1);
  edge_at_.assign(point_.size() * kSlots, -1);
  const auto join = [&](int from, int to, int e) {
    for (int s = 0; s < kSlots; ++s) {
      const auto at = static_cast<std::size_t>(from * kSlots + s);
      if (neighbour_[at] >= 0) continue;
      neighbour_[at] = to, edge_at_[at] = e;
      return;
    }
    throw Error("lamp2d: a vertex with more than " + std::to_string(kSlots) + " neighbours");
  };
  std::vector<char> seen(edge_.size(), 0);
  for (int c = 0; c < mesh.cells; ++c) {
    for (int s = 0; s < 3; ++s) {
      const int face = 3 * c + s, e = mesh.face[static_cast<std::size_t>(face)];
      char &times = seen[static_cast<std::size_t>(e)];
      side_[static_cast<std::size_t>(2 * e + times)] = c;
      if (times++ > 0) continue;
      const int k = 3 * c + (s + 1) % 3, m = 3 * c + (s + 2) % 3;
      const auto step = [&](int d) {
        return static_cast<int>(std::lround(scale * (mesh.corner[static_cast<std::size_t>(2 * m + d)] -
                                                     mesh.corner[static_cast<std::size_t>(2 * k + d)])));
      };
      Edge &edge = edge_[static_cast<std::size_t>(e)];
      edge = {mesh.vertex[static_cast<std::size_t>(k)],
              mesh.vertex[static_cast<std::size_t>(m)],
              face,
              step(0),
              step(1),
              true};
      join(edge.a, edge.b, e);
      join(edge.b, edge.a, e);
    }
  }
}

// As Forest::adaptEdges() will see it: an edge of a triangle is bisected after the triangle's refinement edge.
void TriangleMesh::findLimits(const CellMesh &mesh) {
  std::vector<int> work;
  const auto forbid = [&](int e) {
    if (!edge_[static_cast<std::size_t>(e)].splits) return;
    edge_[static_cast<std::size_t>(e)].splits = false;
    work.push_back(e);
  };
  const auto of = [&](int c, int s) { return cell_edge_[static_cast<std::size_t>(3 * c + s)]; };
  for (int c = 0; c < mesh.cells; ++c) {
    const int level = mesh.level[static_cast<std::size_t>(c)];
    if (level + 1 < grid_->limits.max_level) continue;
    forbid(of(c, 0)), forbid(of(c, 1));
    if (level + 1 > grid_->limits.max_level) forbid(of(c, 2));
  }
  while (!work.empty()) {
    const int e = work.back();
    work.pop_back();
    for (int k = 0; k < 2; ++k) {
      const int c = side_[static_cast<std::size_t>(2 * e + k)];
      if (of(c, 2) == e) forbid(of(c, 0)), forbid(of(c, 1));
    }
  }
  std::vector<int> around(point_.size(), 0), newest(point_.size(), 0);
  newest_.resize(static_cast<std::size_t>(mesh.cells));
  for (int c = 0; c < mesh.cells; ++c) {
    for (int k = 0; k < 3; ++k) ++around[static_cast<std::size_t>(mesh.vertex[static_cast<std::size_t>(3 * c + k)])];
    const int v = newest_[static_cast<std::size_t>(c)] = mesh.vertex[static_cast<std::size_t>(3 * c + 2)];
    if (mesh.level[static_cast<std::size_t>(c)] > 0) ++newest[static_cast<std::size_t>(v)];
  }
  removable_.resize(point_.size());
  for (std::size_t v = 0; v < removable_.size(); ++v) removable_[v] = newest[v] == around[v];
}

void TriangleMesh::findPlaces(const CellMesh &mesh) {
  const int n = grid_->side();
  const double scale = n / grid_->length;
  place_.resize(static_cast<std::size_t>(grid_->points()));
  for (int c = 0; c < mesh.cells; ++c) {
    int x[3], y[3];
    for (int k = 0; k < 3; ++k) {
      x[k] = static_cast<int>(std::lround(scale * mesh.corner[static_cast<std::size_t>(6 * c + 2 * k)]));
      y[k] = static_cast<int>(std::lround(scale * mesh.corner[static_cast<std::size_t>(6 * c + 2 * k + 1)]));
    }
    const int area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]);
    const float share = 1.f / static_cast<float>(area);
    const auto [left, right] = std::minmax({x[0], x[1], x[2]});
    const auto [low, high] = std::minmax({y[0], y[1], y[2]});
    for (int q = low; q <= high; ++q) {
      for (int p = left; p <= right; ++p) {
        const int w0 = (x[1] - p) * (y[2] - q) - (x[2] - p) * (y[1] - q);
        const int w1 = (x[2] - p) * (y[0] - q) - (x[0] - p) * (y[2] - q);
        const int w2 = area - w0 - w1;
        if (w0 < 0 || w1 < 0 || w2 < 0) continue;
        const auto at = static_cast<std::size_t>(3 * c);
        place_[static_cast<std::size_t>(q % n * n + p % n)] = {
            {mesh.vertex[at], mesh.vertex[at + 1], mesh.vertex[at + 2]},
            {share * static_cast<float>(w0), share * static_cast<float>(w1), share * static_cast<float>(w2)}};
      }
    }
  }
}

MeshPtr TriangleMesh::uniform(const std::shared_ptr<const Grid> &grid, int halvings) {
  Forest forest = grid->base;
  for (int k = 0; k < halvings; ++k)
    forest.adapt(std::vector<signed char>(static_cast<std::size_t>(forest.leaves()), 1), grid->limits);
  return std::make_shared<TriangleMesh>(grid, forest);
}

MeshPtr TriangleMesh::of(const std::shared_ptr<const Grid> &grid, const std::vector<int> &points) {
  MeshPtr mesh = uniform(grid, 0);
  const int n = grid->side();
  for (;;) {
    lamp::Action action;
    for (int e = 0; e < mesh->edges(); ++e) {
      const Edge &edge = mesh->edge(e);
      if (!edge.splits) continue;
      const int p = mesh->point(edge.a), x = (p % n + n + edge.x / 2) % n, y = (p / n + n + edge.y / 2) % n;
      if (std::binary_search(points.begin(), points.end(), y * n + x)) action.split.push_back(e);
    }
    if (action.split.empty()) return mesh;
    mesh = mesh->changed(action);
  }
}

MeshPtr TriangleMesh::changed(const lamp::Action &action) const {
  std::vector<char> bisect(static_cast<std::size_t>(3 * cells()), 0), vanish(point_.size(), 0);
  for (const int e : action.split) bisect[static_cast<std::size_t>(edge(e).face)] = 1;
  for (const int v : action.coarsen) vanish[static_cast<std::size_t>(v)] = 1;
  Forest forest = forest_;
  forest.adaptEdges(bisect, vanish, grid_->limits);
  return std::make_shared<TriangleMesh>(grid_, forest);
}

std::vector<int> TriangleMesh::points() const {
  std::vector<int> all = point_;
  std::sort(all.begin(), all.end());
  return all;
}

void TriangleMesh::sample(const float *values, State &state) const {
  state.resize(place_.size());
  for (std::size_t j = 0; j < state.size(); ++j) {
    const Place &p = place_[j];
    state[j] =
        p.weight[0] * values[p.vertex[0]] + p.weight[1] * values[p.vertex[1]] + p.weight[2] * values[p.vertex[2]];
  }
}

void TriangleMesh::splittable(std::vector<int> &out) const {
  out.clear();
  for (int e = 0; e < edges(); ++e)
    if (edge(e).splits) out.push_back(e);
}

void TriangleMesh::coarsenable(const std::vector<int> &split, std::vector<int> &out) const {
  std::vector<char> bisected(edge_.size(), 0), busy(point_.size(), 0);
  std::vector<int> work;
  const auto bisect = [&](int e) {
    char &flag = bisected[static_cast<std::size_t>(e)];
    if (flag == 0) work.push_back(e);
    flag = 1;
  };
  for (const int e : split) bisect(e);
  while (!work.empty()) {
    const int e = work.back();
    work.pop_back();
    for (int k = 0; k < 2; ++k) {
      const int c = side_[static_cast<std::size_t>(2 * e + k)];
      bisect(cell_edge_[static_cast<std::size_t>(3 * c + 2)]);
      busy[static_cast<std::size_t>(newest_[static_cast<std::size_t>(c)])] = 1;
    }
  }
  out.clear();
  for (int v = 0; v < vertices(); ++v)
    if (removable(v) && !busy[static_cast<std::size_t>(v)]) out.push_back(v);
}

int TriangleMesh::number(int k) const {
  static constexpr int numbers[lamp::kCounts] = {0,  1,  2,  3,  4,  6,  8,  10, 12,  16,
                                                 20, 24, 32, 40, 48, 64, 80, 96, 128, 160};
  return numbers[k];
}

}  // namespace petrl::lamp2d
