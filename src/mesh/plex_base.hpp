// Any simplex DMPlex as the base mesh of a hierarchy.
#pragma once

#include <petscdmplex.h>

#include <vector>

#include "mesh/base_mesh.hpp"
#include "mesh/forest.hpp"

namespace petrl {

/// Where the cells of a base mesh came from.
struct BaseOrigin {
  std::vector<int> rank;        ///< cells: the rank that owns the cell in the DMPlex
  std::vector<PetscInt> point;  ///< cells: its point there
};

/// Gathers an interpolated DMPlex of intervals, triangles or tetrahedra on every rank. The numbering follows the places of cells,
/// not their distribution. Triangles are bisected at their longest edge first. Numbers of boundary faces come from "Face
/// Sets", or else "marker", or else are 1. All labels come along. Cells of an overlap are
/// left out. Throws petrl::Error on all ranks for other meshes, saying what was found. Collective.
BaseMesh baseMeshFromPlex(DM dm, BaseOrigin *origin = nullptr);

/// The labels as they are now on the DMPlex of a forest (createPlex()) that has not been adapted. Collective.
std::vector<BaseLabel> labelsFromPlex(DM dm, const Forest &forest);

}  // namespace petrl
