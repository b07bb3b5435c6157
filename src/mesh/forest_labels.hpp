// What the points of all meshes of a forest inherit from labels of the base mesh.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mesh/forest_base.hpp"

namespace petrl {

/// Parts of a base point have its values: of a cell, the cells in it; of an edge, the edges on it. New edges and
/// vertices inside of a base cell, and new vertices on a base edge, have those values that the base point's whole
/// closure has: labels that are complete (DMPlexLabelComplete()) stay so, others stay as thin as they were.
///
/// A set is one value of one label. Shared by all copies of a forest, never changed.
struct ForestLabels {
  struct Set {
    int label;  ///< of `labels`
    PetscInt value;
  };
  /// The sets that points are in: of[first[p]] ... of[first[p + 1] - 1], in ascending order.
  struct Sets {
    std::vector<int> first, of;
    bool empty() const { return of.empty(); }
    bool has(int point, int set) const;
  };

  ForestLabels(const ForestBase &base, std::vector<BaseLabel> labels);

  std::vector<BaseLabel> labels;  ///< without their points
  std::vector<Set> sets;
  Sets cell, edge, vertex;    ///< of base cells, base edges (2D), base vertices
  Sets inside_cell, on_edge;  ///< of new edges and vertices there
};

}  // namespace petrl
