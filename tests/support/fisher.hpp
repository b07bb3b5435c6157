// Fisher's equation on a ring, as a program for devices has it.
#pragma once

#include <petscdmda.h>
#include <petscts.h>

namespace petrl::test {

/// u' = d u_xx + r u (1 - u)
PetscErrorCode FisherRightHandSide(TS ts, PetscReal t, Vec u, Vec f, void *);
PetscErrorCode FisherImplicit(TS ts, PetscReal t, Vec u, Vec rate, Vec f, void *);

/// 64 points on a ring, Vecs of a type, and a bump.
void fisherState(VecType type, DM *da, Vec *u);

}  // namespace petrl::test
