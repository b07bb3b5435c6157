/*
   Environments in which decisions follow each other, the steps of a TS among them. Part of petrllearn.h.
*/
#pragma once

#include "petrllearnenvironment.h"

/*@C
   PetRLEnvironmentSetStream - Makes an environment one in which decisions follow each other

   Not Collective

   Input Parameters:
+  env   - the environment, within its create function
.  reset - starts the episode of a seed and gives its first observation
-  step  - takes actions (network answers in [-1, 1]), gives the reward and, unless the outcome is PETRL_TERMINAL, the
           next observation

   Level: intermediate

   Notes:
   Observations are raw values, in the order of `PetRLEnvironmentAddObservable()`. Validation is by the mean return of
   `validation: {episodes: 10}` episodes with seeds that training does not use.

.seealso: `PetRLEnvironment`, `PetRLEnvironmentSetTS()`, `PetRLOutcome`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentSetStream(
    PetRLEnvironment env, PetscErrorCode (*reset)(PetRLEnvironment env, PetscInt64 seed, PetscReal observation[]),
    PetscErrorCode (*step)(PetRLEnvironment env, const PetscReal action[], PetscReal observation[], PetscReal *reward,
                           PetRLOutcome *outcome));

/*@C
   PetRLEnvironmentSetTS - Makes an environment one in which a step controller (`TSADAPTRL`) of a TS is trained

   Not Collective

   Input Parameters:
+  env    - the environment, within its create function
-  create - makes the TS of a seed, on PETSC_COMM_SELF, ready for TSSolve(): type, functions, initial state
            (TSSetSolution()), times, tolerances, the application's own observables (TSAdaptRLAddObservable())

   Level: intermediate

   Notes:
   An episode is a solve, rewarded against one by `TSADAPTBASIC` for what it saves and for what it gains in accuracy.
   Validation: cost and error against those of `TSADAPTBASIC`, errors against a solution at much tighter tolerances.
   Keys of the YAML section, beside those that `create` asks for: max_steps, error_price, observables (names; default:
   all that are free of units, and the application's own), transform, low, high, validation: {cases}.

.seealso: `PetRLEnvironment`, `TSADAPTRL`, `TSAdaptRLAddObservable()`, `PetRLEnvironmentAddObservable()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentSetTS(PetRLEnvironment env,
                                                  PetscErrorCode (*create)(PetRLEnvironment env, PetscInt64 seed,
                                                                           TS *ts));
