// How the points of the DMPlex of a forest are numbered on a rank: cells, vertices, triangles (3D), then edges.
#pragma once

#include <petscdmplex.h>

#include <vector>

#include "mesh/forest_impl.hpp"

namespace petrl {

struct PlexTopology {
  explicit PlexTopology(const Forest::Impl &forest);

  int cells, vertices, triangles = 0, edges = 0;
  std::vector<int> triangle;          ///< 3D, faces of the forest: the triangle
  std::vector<int> edge;              ///< 2D, faces of the forest: the edge; 3D, cells x 6, see kTetEdge
  std::vector<int> ends;              ///< edges: two vertices
  std::vector<signed char> reversed;  ///< 2D, faces of the forest: the edge runs clockwise round the cell

  PetscInt vertex(int v) const { return cells + v; }
  PetscInt trianglePoint(int f) const { return cells + vertices + f; }
  PetscInt edgePoint(int e) const { return cells + vertices + triangles + e; }
  PetscInt points() const { return cells + vertices + triangles + edges; }
  /// 3D: from how the forest's leaves touch.
  void numberTets(const Forest::Impl &forest);
};

/// A vertex, edge or cell as its owner numbers it.
struct PlexOwner {
  int rank, number;
};

/// Owners of vertices, triangles and edges: the lowest rank that has them among its leaves; and of cells beyond the own
/// ones.
struct PlexOwners {
  std::vector<PlexOwner> vertex, triangle, edge, ghost;
  /// Vertices shared with each other rank, in the same order there.
  std::vector<ForestInterface> shared;

  /// Several ranks only; collective.
  PlexOwners(const Forest::Impl &forest, const PlexTopology &topology);
};

/// Collective.
void setPointSF(DM dm, const Forest::Impl &forest, const PlexTopology &topology, const PlexOwners &owners);

/// Adds the leaves of other ranks that share a vertex with own ones behind the own ones. Several ranks only;
/// collective.
void addOverlap(Forest::Impl &forest, PlexTopology &topology, PlexOwners &owners);

}  // namespace petrl
