// The cells of any DMPlex of simplices as plain arrays.
#pragma once

#include <petscdmplex.h>

#include <vector>

#include "base/api.hpp"
#include "mesh/cell_mesh.hpp"

namespace petrl {

/// Interpolated meshes whose cells fill their space (intervals on a line, triangles in a plane, tetrahedra),
/// distributed or not, with overlap or without. Ghosts are cells that another rank owns. `points`, if given: the point of each cell in the
/// DMPlex (owned cells first, in the order of points); vertex v is the v-th vertex point. Corners are in the order of
/// cones, turned anticlockwise (right-handed in 3D). Boundary labels come from "Face Sets", or else "marker", or else are 1; a face whose
/// other cell lies on another rank, unseen for lack of overlap, has label 0. `level` is zero. `faces`, if given: the
/// points of the cells' faces. `without_ghosts`: ghost cells of PETSc's finite volumes, beyond the boundary, are left out;
/// otherwise they are an error. Throws petrl::Error for other meshes, saying what was found. Collective.
CellMesh cellMeshFromPlex(DM dm, std::vector<PetscInt> *points = nullptr, std::vector<PetscInt> *faces = nullptr,
                          bool without_ghosts = false);

}  // namespace petrl
