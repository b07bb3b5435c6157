// What a fault does cell by cell, where its state lives.
#pragma once

#include <petscvec.h>

#include "problems/fault/friction_formulas.hpp"

namespace petrl::fault {

/// What TSBATHE asks of a friction law: at history = known + c rate and the speeds |v|; normal forces in N. Each of
/// strength, slope, history and rate may be null.
struct FrictionVectors {
  Vec known, v, normal_force;
  Vec strength, slope, history, rate;
};
PetscErrorCode FrictionOnCells(const FrictionFormula &law, PetscReal c, const FrictionVectors &vectors);
/// Rate at which the strength falls with slip, at the history and at rest [N/m].
PetscErrorCode WeakeningOnCells(const FrictionFormula &law, Vec history, Vec normal_force, Vec rate);
/// y = z where a cell is active, x elsewhere.
PetscErrorCode SelectActive(Vec active, Vec z, Vec x, Vec y);
/// 1 where v is not zero, 0 elsewhere.
PetscErrorCode MarkSliding(Vec v, Vec mark);

}  // namespace petrl::fault
