// TSCLOSURE: private state.
#pragma once

#include "closure/closure.hpp"

namespace petrl {

struct ClosureTS {
  TS inner = NULL;
  PetRLClosure closure = NULL;
  PetRLClosureMode mode = PETRL_CLOSURE_BEFORE_STEP;
  Vec start = NULL;      // the solution before the step, as the program saw it
  PetscInt first = -1;   // number of the step at which the run that is recorded began; -1: none is
  bool trained = false;  // no more
};

ClosureTS &closureTS(TS ts);
/// One step of the inner TS from time t, of the outer's state. `taken`: its length, shorter than h if a solve failed.
PetscErrorCode ClosureInnerStep(TS ts, PetscReal t, PetscReal h, bool restart, PetscReal *taken,
                                TSConvergedReason *reason);
/// Whether the options ask for a record, or for a training; errors for what does not go together.
PetscErrorCode ClosurePlan(TS ts, bool *learns);
/// A monitor that records, and trains before the first step.
PetscErrorCode ClosureBeforeStep(TS ts, PetscInt step, PetscReal t, Vec X, void *ctx);

}  // namespace petrl
