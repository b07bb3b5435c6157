// A layer of other ranks' leaves. PETSc's own way there takes twenty times as long as all the rest.
#include <algorithm>
#include <map>
#include <type_traits>
#include <unordered_map>

#include "mesh/forest_exchange.hpp"
#include "mesh/plex_topology.hpp"

namespace petrl {

namespace {

/// A leaf as another rank must know it.
template <typename Any>
struct Ghost {
  static constexpr bool kTet = std::is_same_v<Any, Tetrahedron>;
  static constexpr int kCorners = kTet ? 4 : 3;
  Any leaf;
  ForestNode node[kCorners];
  PlexOwner vertex[kCorners], triangle[kCorners], edge[kTet ? 6 : 3];
  int number;
  signed char reversed[3];
};

std::uint64_t keyOf(const PlexOwner &o) {
  return std::uint64_t(o.rank) << 32 | static_cast<std::uint32_t>(o.number);
}

template <typename Any>
Ghost<Any> describe(const Forest::Impl &forest, const Any &leaf, const PlexTopology &topology, const PlexOwners &owners,
                    int c) {
  Ghost<Any> g{};
  g.leaf = leaf;
  g.number = c;
  for (int k = 0; k < forest.slots(); ++k) {
    g.node[k] = forest.node[leaf.v[k]];
    g.vertex[k] = owners.vertex[leaf.v[k]];
    if constexpr (Ghost<Any>::kTet) {
      g.triangle[k] = owners.triangle[topology.triangle[4 * c + k]];
    } else if (forest.dim() == 2) {
      g.edge[k] = owners.edge[topology.edge[3 * c + k]];
      g.reversed[k] = topology.reversed[3 * c + k];
    }
  }
  if constexpr (Ghost<Any>::kTet)
    for (int e = 0; e < 6; ++e) g.edge[e] = owners.edge[topology.edge[6 * c + e]];
  return g;
}

/// For each rank that shares vertices: the leaves around them.
template <typename Any>
std::map<int, std::vector<Ghost<Any>>> toSend(const Forest::Impl &forest, const std::vector<Any> &leaf,
                                              const PlexTopology &topology, const PlexOwners &owners) {
  std::map<int, std::vector<int>> vertices;
  for (const ForestInterface &i : owners.shared) {
    std::vector<int> &all = vertices[i.rank];
    all.insert(all.end(), i.vertices.begin(), i.vertices.end());
  }
  std::vector<int> seen(forest.nodes(), -1), near;
  for (const auto &[rank, list] : vertices)
    for (const int v : list) seen[v] = -2;
  const auto touches = [&](int c, int mark) {
    const int *const v = leaf[c].v;
    return std::any_of(v, v + forest.slots(), [&](int w) { return seen[w] == mark; });
  };
  for (int c = 0; c < forest.leaves(); ++c)
    if (touches(c, -2)) near.push_back(c);
  std::map<int, std::vector<Ghost<Any>>> ghosts;
  for (const auto &[rank, list] : vertices) {
    for (const int v : list) seen[v] = rank;
    std::vector<Ghost<Any>> &out = ghosts[rank];
    for (const int c : near)
      if (touches(c, rank)) out.push_back(describe(forest, leaf[c], topology, owners, c));
  }
  return ghosts;
}

int sideOf(const Leaf &leaf, int slot) {
  return leaf.side[slot];
}
int sideOf(const Tetrahedron &leaf, int slot) {
  return leaf.side(slot);
}

/// Appends the leaves of others, and the vertices that only they have.
template <typename Any>
std::vector<Ghost<Any>> appendGhosts(Forest::Impl &forest, std::vector<Any> &leaf, const PlexTopology &topology,
                                     PlexOwners &owners) {
  std::vector<int> from;
  std::vector<Ghost<Any>> ghosts = swapLists(*forest.base, toSend(forest, leaf, topology, owners), &from);
  std::unordered_map<std::uint64_t, int> known;
  for (const ForestInterface &i : owners.shared)
    for (const int v : i.vertices) known.emplace(keyOf(owners.vertex[v]), v);
  for (std::size_t i = 0; i < ghosts.size(); ++i) {
    const Ghost<Any> &g = ghosts[i];
    leaf.push_back(g.leaf);
    owners.ghost.push_back({from[i], g.number});
    for (int k = 0; k < forest.slots(); ++k) {
      const auto [at, fresh] = known.emplace(keyOf(g.vertex[k]), forest.nodes());
      leaf.back().v[k] = at->second;
      if (!fresh) continue;
      forest.node.push_back(g.node[k]);
      owners.vertex.push_back(g.vertex[k]);
    }
  }
  return ghosts;
}

/// Of other ranks' trees only some leaves are here: a face without another side is not on the boundary for that.
void markElsewhere(Forest::Impl &forest) {
  const int slots = forest.slots();
  forest.withLeaves([&](const auto &all) {
    for (int f = 0; f < static_cast<int>(all.size()) * slots; ++f) {
      if (forest.twin[f] >= 0) continue;
      const int side = sideOf(all[f / slots], f % slots);
      if (side < 0 || forest.base->twin[all[f / slots].base * slots + side] >= 0) forest.twin[f] = kElsewhere;
    }
  });
}

void addTets(Forest::Impl &forest, PlexTopology &topology, PlexOwners &owners) {
  const int own = forest.leaves(), own_triangles = topology.triangles, own_edges = topology.edges;
  const std::vector<Ghost<Tetrahedron>> ghosts = appendGhosts(forest, forest.tet, topology, owners);
  forest.connectTets();
  markElsewhere(forest);
  topology.numberTets(forest);
  owners.triangle.resize(topology.triangles);
  owners.edge.resize(topology.edges);
  for (std::size_t i = 0; i < ghosts.size(); ++i) {
    const int c = own + static_cast<int>(i);
    for (int k = 0; k < 4; ++k)
      if (const int f = topology.triangle[4 * c + k]; f >= own_triangles) owners.triangle[f] = ghosts[i].triangle[k];
    for (int e = 0; e < 6; ++e)
      if (const int l = topology.edge[6 * c + e]; l >= own_edges) owners.edge[l] = ghosts[i].edge[e];
  }
}

}  // namespace

void addOverlap(Forest::Impl &forest, PlexTopology &topology, PlexOwners &owners) {
  if (forest.dim() == 3) {
    addTets(forest, topology, owners);
    return;
  }
  const int own = forest.leaves();
  const std::vector<Ghost<Leaf>> ghosts = appendGhosts(forest, forest.leaf, topology, owners);
  forest.connectFaces();
  topology.cells = forest.leaves();
  topology.vertices = forest.nodes();
  markElsewhere(forest);
  if (forest.dim() == 1) return;
  for (int f = own * 3; f < topology.cells * 3; ++f) {
    const int other = forest.twin[f], s = f % 3;
    if (other >= 0 && other < f) {
      topology.edge.push_back(topology.edge[other]);
      topology.reversed.push_back(!topology.reversed[other]);
      continue;
    }
    const Ghost<Leaf> &g = ghosts[f / 3 - own];
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
