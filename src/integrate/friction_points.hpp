// What TSBATHE and SNESPDAS do cell by cell, where the state lives.
#pragma once

#include "integrate/pdas.hpp"

namespace petrl {

/// lambda at v (where not `first`: from the sets and -F), the sets of the next iteration, and how far the inclusion is
/// from holding: the largest violation on this rank, PETSC_MAX_REAL where something is not finite.
PetscErrorCode PDASPoints(SNES snes, bool first, PetscReal *violation);
/// Right-hand side on S: -(F + s (q - slope |v|) + slope v), zero elsewhere; p.work becomes v off S, zero on it.
PetscErrorCode PDASRightHandSide(SNES snes);
/// y becomes y + slope p.work on S, x elsewhere.
PetscErrorCode PDASMask(const PDAS &p, Vec x, Vec y);
/// lambda at the start: opposes v; where v = 0 it holds the force as far as the strength goes.
PetscErrorCode FrictionAtStart(Vec v, Vec force, Vec strength, Vec lambda);

}  // namespace petrl
