#include "mesh/plex_topology.hpp"

#include <petscsf.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "mesh/forest_exchange.hpp"

namespace petrl {

PlexTopology::PlexTopology(const Forest::Impl &forest) : cells(forest.leaves()), vertices(forest.nodes()) {
  if (forest.dim() == 1) return;
  if (forest.dim() == 3) {
    numberTets(forest);
    return;
  }
  const int faces = cells * 3;
  edge.resize(faces);
  reversed.resize(faces);
  ends.reserve(faces + 64);
  for (int f = 0; f < faces; ++f) {
    const int other = forest.twin[f], s = f % 3;
    const Leaf &l = forest.leaf[f / 3];
    const int a = l.v[s == 2 ? 0 : s + 1], b = l.v[s == 0 ? 2 : s - 1];
    if (other >= 0 && other < f) {
      edge[f] = edge[other];
      reversed[f] = !reversed[other];
      continue;
    }
    // Ranks agree on the direction of edges that they share: along the base edge.
    const int along = other == kElsewhere ? forest.base->edge[l.base * 3 + l.side[s]] : -1;
    const bool turn = along >= 0 && forest.position(along, a) > forest.position(along, b);
    edge[f] = edges++;
    reversed[f] = turn;
    ends.push_back(turn ? b : a);
    ends.push_back(turn ? a : b);
  }
}

void PlexTopology::numberTets(const Forest::Impl &forest) {
  cells = forest.leaves();
  vertices = forest.nodes();
  edges = forest.lines.size();
  edge = forest.lines.of;
  ends = forest.lines.ends;
  triangles = 0;
  triangle.resize(forest.twin.size());
  for (int f = 0; f < cells * 4; ++f) {
    const int other = forest.twin[f];
    triangle[f] = other >= 0 && other < f ? triangle[other] : triangles++;
  }
}

namespace {

/// Base vertices on this rank that others have too, with each of them. Everybody knows who.
std::vector<ForestInterface> sharedCorners(const Forest::Impl &forest, std::vector<int> &lowest) {
  std::map<int, std::vector<std::pair<int, int>>> shared;
  const ForestBase &base = *forest.base;
  lowest.assign(forest.nodes(), forest.rank);
  for (int v = 0; v < forest.nodes(); ++v) {
    const int corner = -2 - forest.node[v].edge;
    if (corner < 0) continue;
    std::vector<int> ranks;
    for (int i = base.first[corner]; i < base.first[corner + 1]; ++i) ranks.push_back(forest.owner(base.around[i]));
    std::sort(ranks.begin(), ranks.end());
    ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
    lowest[v] = ranks.front();
    for (const int r : ranks)
      if (r != forest.rank) shared[r].emplace_back(corner, v);
  }
  std::vector<ForestInterface> all;
  for (auto &[r, corners] : shared) {
    std::sort(corners.begin(), corners.end());
    ForestInterface i{r, {}, {}};
    for (const auto &[corner, v] : corners) i.vertices.push_back(v);
    all.push_back(std::move(i));
  }
  return all;
}

}  // namespace

PlexOwners::PlexOwners(const Forest::Impl &forest, const PlexTopology &topology) {
  const int rank = forest.rank;
  for (int v = 0; v < topology.vertices; ++v) vertex.push_back({rank, v});
  for (int e = 0; e < topology.edges; ++e) edge.push_back({rank, e});
  const auto vertices = [](const ForestInterface &i) -> const std::vector<int> & { return i.vertices; };
  const auto faces = [](const ForestInterface &i) -> const std::vector<int> & { return i.faces; };
  const auto itself = [](int v) { return v; };
  std::vector<int> lowest;
  shared = sharedCorners(forest, lowest);
  exchange<int>(*forest.base, shared, vertices, itself, [&](int other, int v, int there) {
    if (other == lowest[v]) vertex[v] = {other, there};
  });
  exchange<int>(*forest.base, forest.interfaces, vertices, itself, [&](int other, int v, int there) {
    if (other < vertex[v].rank) vertex[v] = {other, there};
  });
  shared.insert(shared.end(), forest.interfaces.begin(), forest.interfaces.end());
  if (forest.dim() == 1) return;
  if (forest.dim() == 3) {
    for (int f = 0; f < topology.triangles; ++f) triangle.push_back({rank, f});
    exchange<int>(
        *forest.base, forest.interfaces, faces, [&](int f) { return topology.triangle[f]; },
        [&](int other, int f, int there) {
          if (other < rank) triangle[topology.triangle[f]] = {other, there};
        });
    exchange<int>(
        *forest.base, forest.interfaces, [](const ForestInterface &i) -> const std::vector<int> & { return i.edges; },
        itself, [&](int other, int e, int there) {
          if (other < edge[e].rank) edge[e] = {other, there};
        });
    return;
  }
  exchange<int>(
      *forest.base, forest.interfaces, faces, [&](int f) { return topology.edge[f]; },
      [&](int other, int f, int there) {
        if (other < rank) edge[topology.edge[f]] = {other, there};
      });
}

void setPointSF(DM dm, const Forest::Impl &forest, const PlexTopology &topology, const PlexOwners &owners) {
  std::vector<int> sizes(3 * forest.size);
  const int mine[3] = {topology.cells, topology.vertices, topology.triangles};
  MPI_Allgather(mine, 3, MPI_INT, sizes.data(), 3, MPI_INT, forest.base->comm);
  std::vector<PetscInt> local;
  std::vector<PetscSFNode> remote;
  const auto add = [&](const std::vector<PlexOwner> &all, PetscInt first, int before) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const PlexOwner &o = all[i];
      if (o.rank == forest.rank) continue;
      PetscInt offset = 0;
      for (int k = 0; k < before; ++k) offset += sizes[3 * o.rank + k];
      local.push_back(first + static_cast<PetscInt>(i));
      remote.push_back({o.rank, offset + o.number});
    }
  };
  add(owners.ghost, topology.cells - static_cast<PetscInt>(owners.ghost.size()), 0);
  add(owners.vertex, topology.vertex(0), 1);
  add(owners.triangle, topology.trianglePoint(0), 2);
  add(owners.edge, topology.edgePoint(0), 3);
  PetscSF sf;
  PetRLThrow(DMGetPointSF(dm, &sf));
  PetRLThrow(PetscSFSetGraph(sf, topology.points(), static_cast<PetscInt>(local.size()), local.data(),
                             PETSC_COPY_VALUES, remote.data(), PETSC_COPY_VALUES));
}

}  // namespace petrl
