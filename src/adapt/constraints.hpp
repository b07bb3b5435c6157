// Whether components of an equation are algebraic.
#pragma once

#include <petscts.h>

namespace petrl {

/// Constraints: components of F(t, u, u') that do not change with u', but with components of u that do have a rate (a
/// boundary value does not). Asks the equation three times, where the program does not say of what type it is. Needs a
/// solution. Collective.
PetscErrorCode HasConstraints(TS ts, PetscBool *has);

}  // namespace petrl
