// What ranks share in space: base triangles with one other, base edges and vertices with any number of others.
#include <algorithm>
#include <map>
#include <tuple>

#include "mesh/forest_impl.hpp"

namespace petrl {

ForestSharing::ForestSharing(const Forest::Impl &forest) : cell(forest.base->mesh.cells(), false) {
  const ForestBase &base = *forest.base;
  std::vector<int> around;
  const auto add = [&](int carrier) {
    bool mine = false;
    std::vector<int> others;
    for (const int c : around) {
      const int r = forest.owner(c);
      r == forest.rank ? void(mine = true) : others.push_back(r);
    }
    if (!mine || others.empty()) return;
    std::sort(others.begin(), others.end());
    others.erase(std::unique(others.begin(), others.end()), others.end());
    ranks.emplace(carrier, std::move(others));
    for (const int c : around) cell[c] = true;
  };
  for (int f = 0; f < base.facets(); ++f) {
    around = {base.side[f] / 4};
    if (base.twin[base.side[f]] >= 0) around.push_back(base.twin[base.side[f]] / 4);
    add(f);
  }
  for (int l = 0; l < base.lines(); ++l) {
    around.assign(&base.line_around[base.line_first[l]],
                  &base.line_around[base.line_first[l]] + (base.line_first[l + 1] - base.line_first[l]));
    add(base.facets() + l);
  }
  for (int v = 0; v < base.mesh.vertices; ++v) {
    around.assign(base.around.begin() + base.first[v], base.around.begin() + base.first[v + 1]);
    add(-2 - v);
  }
}

/// Meshes conform, so that all ranks see the same points: sorted by where they lie they need no names.
void Forest::Impl::findTetInterfaces() {
  using Place = std::tuple<int, std::uint64_t, std::uint64_t, int>;  // carrier, position on it, point
  struct Shared {
    std::vector<Place> faces, vertices, edges;
  };
  if (!sharing) sharing = std::make_shared<ForestSharing>(*this);
  std::map<int, Shared> shared;
  std::vector<bool> seen_edge(lines.size(), false), seen_vertex(nodes(), false);
  for (int c = 0; c < leaves(); ++c) {
    const Tetrahedron &t = tet[c];
    if (!sharing->cell[t.base]) continue;
    for (int k = 0; k < 4; ++k) {
      const int v = t.v[k];
      if (!seen_vertex[v] && node[v].edge >= 0)
        for (const int r : sharing->of(node[v].edge))
          shared[r].vertices.emplace_back(node[v].edge, node[v].position, 0, v);
      seen_vertex[v] = true;
      const int f = c * 4 + k;
      if (twin[f] != kElsewhere) continue;
      // Its centroid: only one face of a mesh has it there.
      const int on = carrier(t.base, 15 & ~(1 << t.side(k)));
      std::uint64_t sum[2] = {0, 0};
      for (const int corner : kTetFace[k]) {
        const ForestNode twice = between(node[t.v[corner]], node[t.v[corner]], t.base, 15 & ~(1 << t.side(k)));
        sum[0] += twice.position >> 32;
        sum[1] += twice.position & 0xffffffffu;
      }
      for (const int r : sharing->of(on)) shared[r].faces.emplace_back(on, sum[0], sum[1], f);
    }
    for (int e = 0; e < 6; ++e) {
      const int a = kTetEdge[e][0], b = kTetEdge[e][1], l = lines.of[c * 6 + e], mask = t.mask[a] | t.mask[b];
      if (seen_edge[l]) continue;
      seen_edge[l] = true;
      const int on = carrier(t.base, mask);
      if (on < 0) continue;
      const std::vector<int> &ranks = sharing->of(on);
      if (ranks.empty()) continue;
      const std::uint64_t middle = between(node[t.v[a]], node[t.v[b]], t.base, mask).position;
      for (const int r : ranks) shared[r].edges.emplace_back(on, middle, 0, l);
    }
  }
  const auto sorted = [](std::vector<Place> &places) {
    std::sort(places.begin(), places.end());
    std::vector<int> points;
    for (const Place &p : places) points.push_back(std::get<3>(p));
    return points;
  };
  for (auto &[other, places] : shared)
    interfaces.push_back({other, sorted(places.faces), sorted(places.vertices), sorted(places.edges)});
}

}  // namespace petrl
