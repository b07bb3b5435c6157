#include "refine/plex_topology.hpp"

#include <petscsf.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "refine/forest_exchange.hpp"

namespace petrl {

PlexTopology::PlexTopology(const Forest::Impl &forest) : cells(forest.leaves()), vertices(forest.nodes()) {
  if (forest.dim() == 1) return;
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
    ends.push_back(vertex(turn ? b : a));
    ends.push_back(vertex(turn ? a : b));
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

void setPointSF(DM dm, const Forest::Impl &forest, const PlexTopology &topology) {
  struct Shared {
    PetscInt point, there;
    int rank;
  };
  std::vector<Shared> found;
  const auto vertices = [](const ForestInterface &i) -> const std::vector<int> & { return i.vertices; };
  const auto faces = [](const ForestInterface &i) -> const std::vector<int> & { return i.faces; };
  const auto vertex = [&](int v) { return topology.vertex(v); };
  std::vector<int> lowest;
  const std::vector<ForestInterface> corners = sharedCorners(forest, lowest);
  exchange<PetscInt>(*forest.base, corners, vertices, vertex, [&](int rank, int v, PetscInt there) {
    if (rank == lowest[v]) found.push_back({topology.vertex(v), there, rank});
  });
  exchange<PetscInt>(*forest.base, forest.interfaces, vertices, vertex, [&](int rank, int v, PetscInt there) {
    if (rank < forest.rank) found.push_back({topology.vertex(v), there, rank});
  });
  if (forest.dim() == 2)
    exchange<PetscInt>(
        *forest.base, forest.interfaces, faces, [&](int f) { return topology.edgePoint(topology.edge[f]); },
        [&](int rank, int f, PetscInt there) {
          if (rank < forest.rank) found.push_back({topology.edgePoint(topology.edge[f]), there, rank});
        });
  std::sort(found.begin(), found.end(), [](const Shared &a, const Shared &b) { return a.point < b.point; });
  std::vector<PetscInt> local;
  std::vector<PetscSFNode> remote;
  for (const Shared &l : found) {
    local.push_back(l.point);
    remote.push_back({l.rank, l.there});
  }
  PetscSF sf;
  PetRLThrow(DMGetPointSF(dm, &sf));
  PetRLThrow(PetscSFSetGraph(sf, topology.points(), static_cast<PetscInt>(local.size()), local.data(),
                             PETSC_COPY_VALUES, remote.data(), PETSC_COPY_VALUES));
}

}  // namespace petrl
