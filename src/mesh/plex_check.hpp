// Which DMPlex meshes can be worked with.
#pragma once

#include <petscdmplex.h>

namespace petrl {

/// Throws petrl::Error on all ranks unless `dm` is an interpolated DMPlex of intervals on a line or triangles in a
/// plane; says what was found and where. Collective.
void checkSimplexPlex(DM dm);

}  // namespace petrl
