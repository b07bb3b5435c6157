// Options that look like ours and that nobody read.
#pragma once

#include <petscsys.h>

namespace petrl {

/// Warns of each option that was given, has the prefix of one of our objects or nearly a name of theirs, is none of
/// them, and was not asked for by anybody; names the nearest one. At the end, when all objects have asked. Collective on
/// PETSC_COMM_WORLD.
PetscErrorCode WarnOfUnreadOptions();

}  // namespace petrl
