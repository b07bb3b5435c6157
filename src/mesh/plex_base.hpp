// Any simplex DMPlex as the base mesh of a hierarchy.
#pragma once

#include <petscdmplex.h>

#include <vector>

#include "mesh/base_mesh.hpp"

namespace petrl {

/// Where the cells of a base mesh came from.
struct BaseOrigin {
  std::vector<int> rank;        ///< cells: the rank that owns the cell in the DMPlex
  std::vector<PetscInt> point;  ///< cells: its point there
};

/// Gathers an interpolated DMPlex of intervals or triangles on every rank. The numbering follows the places of cells,
/// not their distribution. Triangles are bisected at their longest edge first. Boundary labels come from "Face Sets",
/// or else "marker", or else are 1; regions from "Cell Sets". Cells of an overlap are left out. Throws petrl::Error on
/// all ranks for other meshes, saying what was found. Collective.
BaseMesh baseMeshFromPlex(DM dm, BaseOrigin *origin = nullptr);

}  // namespace petrl
