// Which DMPlex meshes can be worked with.
#pragma once

#include <petscdmplex.h>

namespace petrl {

/// Throws petrl::Error on all ranks unless `dm` is an interpolated DMPlex of intervals on a line, triangles in a
/// plane or tetrahedra; says what was found and where. `without_ghosts`: see cellMeshFromPlex(). Collective.
void checkSimplexPlex(DM dm, bool without_ghosts = false);

/// Its cells; `without_ghosts`: but for those beyond the boundary, which come last.
PetscErrorCode plexCells(DM dm, bool without_ghosts, PetscInt *start, PetscInt *end);

}  // namespace petrl
