// A layer of other ranks' leaves. PETSc's own way there takes twenty times as long as all the rest.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "mesh/forest_exchange.hpp"
#include "mesh/plex_topology.hpp"

namespace petrl {

namespace {

/// A leaf as another rank must know it.
struct Ghost {
  Leaf leaf;
  ForestNode node[3];
  PlexOwner vertex[3], edge[3];
  int number;
  signed char reversed[3];
};

std::uint64_t keyOf(const PlexOwner &o) {
  return std::uint64_t(o.rank) << 32 | static_cast<std::uint32_t>(o.number);
}

Ghost describe(const Forest::Impl &forest, const PlexTopology &topology, const PlexOwners &owners, int c) {
  Ghost g{};
  g.leaf = forest.leaf[c];
  g.number = c;
  for (int k = 0; k < forest.slots(); ++k) {
    g.node[k] = forest.node[g.leaf.v[k]];
    g.vertex[k] = owners.vertex[g.leaf.v[k]];
    if (forest.dim() == 1) continue;
    g.edge[k] = owners.edge[topology.edge[3 * c + k]];
    g.reversed[k] = topology.reversed[3 * c + k];
  }
  return g;
}

/// For each rank that shares vertices: the leaves around them.
std::map<int, std::vector<Ghost>> toSend(const Forest::Impl &forest, const PlexTopology &topology,
                                         const PlexOwners &owners) {
  std::map<int, std::vector<int>> vertices;
  for (const ForestInterface &i : owners.shared) {
    std::vector<int> &all = vertices[i.rank];
    all.insert(all.end(), i.vertices.begin(), i.vertices.end());
  }
  std::vector<int> seen(forest.nodes(), -1), near;
  for (const auto &[rank, list] : vertices)
    for (const int v : list) seen[v] = -2;
  const auto touches = [&](int c, int mark) {
    const int *const v = forest.leaf[c].v;
    return std::any_of(v, v + forest.slots(), [&](int w) { return seen[w] == mark; });
  };
  for (int c = 0; c < forest.leaves(); ++c)
    if (touches(c, -2)) near.push_back(c);
  std::map<int, std::vector<Ghost>> ghosts;
  for (const auto &[rank, list] : vertices) {
    for (const int v : list) seen[v] = rank;
    std::vector<Ghost> &out = ghosts[rank];
    for (const int c : near)
      if (touches(c, rank)) out.push_back(describe(forest, topology, owners, c));
  }
  return ghosts;
}

}  // namespace

void addOverlap(Forest::Impl &forest, PlexTopology &topology, PlexOwners &owners) {
  const int own = forest.leaves(), slots = forest.slots();
  std::vector<int> from;
  const std::vector<Ghost> ghosts = swapLists(*forest.base, toSend(forest, topology, owners), &from);
  std::unordered_map<std::uint64_t, int> known;
  for (const ForestInterface &i : owners.shared)
    for (const int v : i.vertices) known.emplace(keyOf(owners.vertex[v]), v);
  for (std::size_t i = 0; i < ghosts.size(); ++i) {
    const Ghost &g = ghosts[i];
    forest.leaf.push_back(g.leaf);
    owners.ghost.push_back({from[i], g.number});
    for (int k = 0; k < slots; ++k) {
      const auto [at, fresh] = known.emplace(keyOf(g.vertex[k]), forest.nodes());
      forest.leaf.back().v[k] = at->second;
      if (!fresh) continue;
      forest.node.push_back(g.node[k]);
      owners.vertex.push_back(g.vertex[k]);
    }
  }
  forest.connectFaces();
  topology.cells = forest.leaves();
  topology.vertices = forest.nodes();
  for (int f = 0; f < topology.cells * slots; ++f) {
    const int side = forest.leaf[f / slots].side[f % slots];
    // Of other ranks' trees only some leaves are here.
    const bool boundary = side >= 0 && forest.base->twin[forest.leaf[f / slots].base * slots + side] < 0;
    if (forest.twin[f] < 0 && !boundary) forest.twin[f] = kElsewhere;
  }
  if (forest.dim() == 1) return;
  for (int f = own * 3; f < topology.cells * 3; ++f) {
    const int other = forest.twin[f], s = f % 3;
    if (other >= 0 && other < f) {
      topology.edge.push_back(topology.edge[other]);
      topology.reversed.push_back(!topology.reversed[other]);
      continue;
    }
    const Ghost &g = ghosts[f / 3 - own];
    const int *const v = forest.leaf[f / 3].v;
    const int a = v[s == 2 ? 0 : s + 1], b = v[s == 0 ? 2 : s - 1];
    topology.edge.push_back(topology.edges++);
    topology.reversed.push_back(g.reversed[s]);
    topology.ends.push_back(g.reversed[s] ? b : a);
    topology.ends.push_back(g.reversed[s] ? a : b);
    owners.edge.push_back(g.edge[s]);
  }
}

}  // namespace petrl
