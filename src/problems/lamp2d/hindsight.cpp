#include "problems/lamp2d/hindsight.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace petrl::lamp2d {

namespace {

constexpr double kHysteresis = .5;

/// From the straight line between a label point and the one (x, y) spacings further, at the points between.
float departure(const float *values, int n, int from, int x, int y) {
  const int parts = std::max(std::abs(x), std::abs(y));
  const auto at = [&](int k) {
    const int p = (from % n + n + x * k / parts) % n, q = (from / n + n + y * k / parts) % n;
    return values[q * n + p];
  };
  const float a = at(0), b = at(parts);
  float most = 0;
  for (int k = 1; k < parts; ++k)
    most = std::max(most, std::fabs(at(k) - a - (b - a) * static_cast<float>(k) / static_cast<float>(parts)));
  return most;
}

/// As many as the largest number that is not too large, those with the least keys.
std::vector<int> first(const TriangleMesh &mesh, std::vector<std::pair<float, int>> &wanted) {
  std::sort(wanted.begin(), wanted.end());
  std::size_t count = 0;
  for (int k = 0; k < lamp::kCounts && mesh.number(k) <= static_cast<int>(wanted.size()); ++k)
    count = static_cast<std::size_t>(mesh.number(k));
  std::vector<int> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(wanted[i].second);
  return out;
}

}  // namespace

MeshPtr adaptedMesh(const std::shared_ptr<const Grid> &grid, const float *values, double tolerance,
                    const std::function<double()> &factor) {
  MeshPtr mesh = TriangleMesh::uniform(grid, 0);
  for (int round = 0; round < 4 * grid->halvings; ++round) {
    lamp::Action action;
    for (int e = 0; e < mesh->edges(); ++e) {
      const TriangleMesh::Edge &edge = mesh->edge(e);
      if (!edge.splits) continue;
      const auto most = static_cast<double>(departure(values, grid->side(), mesh->point(edge.a), edge.x, edge.y));
      if (most > tolerance * (factor ? factor() : 1)) action.split.push_back(e);
    }
    if (action.split.empty()) break;
    mesh = mesh->changed(action);
  }
  return mesh;
}

lamp::Action towards(const TriangleMesh &mesh, const float *values, double tolerance) {
  const int n = mesh.grid().side();
  const auto limit = static_cast<float>(tolerance), low = static_cast<float>(kHysteresis * tolerance);
  std::vector<std::pair<float, int>> wanted;
  for (int e = 0; e < mesh.edges(); ++e) {
    const TriangleMesh::Edge &edge = mesh.edge(e);
    if (!edge.splits) continue;
    const float most = departure(values, n, mesh.point(edge.a), edge.x, edge.y);
    if (most > limit) wanted.emplace_back(-most, e);
  }
  lamp::Action action;
  action.split = first(mesh, wanted);
  std::vector<int> free;
  mesh.coarsenable(action.split, free);
  wanted.clear();
  for (const int v : free) {
    // It was made between two of its neighbours, which lie opposite each other; the other two may do so as well.
    float most = 0;
    for (int s = 0; s < TriangleMesh::kSlots; ++s) {
      const auto slot = static_cast<std::size_t>(v * TriangleMesh::kSlots + s);
      if (mesh.neighbours()[slot] < 0) continue;
      const TriangleMesh::Edge &edge = mesh.edge(mesh.edgesAt()[slot]);
      const int sign = edge.a == v ? -1 : 1;
      most = std::max(most,
                      departure(values, n, mesh.point(mesh.neighbours()[slot]), 2 * sign * edge.x, 2 * sign * edge.y));
    }
    if (most < low) wanted.emplace_back(most, v);
  }
  action.coarsen = first(mesh, wanted);
  return action;
}

State midway(const FlowSet &set, int trajectory, int level) {
  const auto points = static_cast<std::size_t>(set.grid->points());
  State middle(points);
  const float *before = set.at(trajectory, level), *after = set.at(trajectory, level + 1);
  for (std::size_t j = 0; j < points; ++j) middle[j] = .5f * (before[j] + after[j]);
  return middle;
}

}  // namespace petrl::lamp2d
