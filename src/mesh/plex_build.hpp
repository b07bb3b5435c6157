// The leaves of a forest as a DMPlex.
#pragma once

#include <petscdmplex.h>

#include "mesh/forest.hpp"

namespace petrl {

/// An interpolated DMPlex of the leaves on the forest's communicator; the caller destroys it. Cells 0 ... leaves - 1
/// are the leaves in their order, with and without overlap. `overlap` adds a layer of cells that share a vertex with
/// own ones (several ranks only). Coordinates belong to cells in periodic meshes. Labels: those of the base mesh, all
/// their values on all ranks, see ForestLabels. Collective.
DM createPlex(const Forest &forest, bool overlap);

}  // namespace petrl
