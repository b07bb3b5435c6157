// The leaves of a forest as a DMPlex.
#pragma once

#include <petscdmplex.h>

#include "mesh/forest.hpp"

namespace petrl {

/// An interpolated DMPlex of the leaves on the forest's communicator; the caller destroys it. Cells 0 ... leaves - 1
/// are the leaves in their order, with and without overlap. `overlap` adds a layer of cells that share a vertex with
/// own ones (several ranks only). Coordinates belong to cells in periodic meshes. Labels "Face Sets" (the base mesh's
/// boundary labels, on faces), "marker" (1 on boundary faces and their vertices), "Cell Sets" (regions, if there are
/// any). Collective.
DM createPlex(const Forest &forest, bool overlap);

}  // namespace petrl
