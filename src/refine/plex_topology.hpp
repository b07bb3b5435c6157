// How the points of the DMPlex of a forest are numbered on a rank: cells, vertices, then edges.
#pragma once

#include <petscdmplex.h>

#include <vector>

#include "refine/forest_impl.hpp"

namespace petrl {

struct PlexTopology {
  explicit PlexTopology(const Forest::Impl &forest);

  int cells, vertices, edges = 0;
  std::vector<int> edge;              ///< 2D, faces of the forest: the edge
  std::vector<PetscInt> ends;         ///< edges: two vertex points
  std::vector<signed char> reversed;  ///< faces of the forest: the edge runs clockwise round the cell

  PetscInt vertex(int v) const { return cells + v; }
  PetscInt edgePoint(int e) const { return cells + vertices + e; }
  PetscInt points() const { return cells + vertices + edges; }
};

/// The point SF: shared vertices and edges belong to the lowest rank that has them. Several ranks only; collective.
void setPointSF(DM dm, const Forest::Impl &forest, const PlexTopology &topology);

}  // namespace petrl
