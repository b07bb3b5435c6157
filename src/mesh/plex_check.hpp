// Which DMPlex meshes can be worked with.
#pragma once

#include <petscdmplex.h>

namespace petrl {

/// Throws petrl::Error on all ranks unless `dm` is an interpolated DMPlex of intervals on a line, triangles in a
/// plane or tetrahedra; says what was found and where. Collective.
void checkSimplexPlex(DM dm);

}  // namespace petrl
