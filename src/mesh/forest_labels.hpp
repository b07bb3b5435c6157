// What the points of all meshes of a forest inherit from labels of the base mesh.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mesh/forest_base.hpp"

namespace petrl {

/// Parts of a base point have its values: of a cell, the cells in it; of a triangle in space, the triangles on it; of an
/// edge, the edges on it. New triangles, edges and vertices inside of a base cell, new edges and vertices on a base
/// triangle, and new vertices on a base edge, have those values that the base point's whole closure has: labels that are complete (DMPlexLabelComplete()) stay so, others stay as thin as they were.
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
  Sets cell, face, edge, vertex;       ///< of base cells, base triangles (3D), base edges (2D, 3D), base vertices
  Sets inside_cell, on_face, on_edge;  ///< of new points there
};

}  // namespace petrl
