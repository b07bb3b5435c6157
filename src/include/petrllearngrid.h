/*
   Environments with an agent at each point of a grid. Part of petrllearn.h.
*/
#pragma once

#include "petrllearnenvironment.h"

/*@C
   PetRLEnvironmentSetGrid - Makes an environment one with an agent at each point of a periodic grid

   Not Collective

   Input Parameters:
+  env     - the environment, within its create function
.  nx      - points along x
.  ny      - points along y, 1 for a line
.  create  - starts the episode of a seed; several may run side by side
.  observe - what the agents see: network inputs, observables x nz x ny x nx, x fastest
.  step    - takes actions (actions x nz x ny x nx; to be bounded to [-1, 1]), gives each point its reward
-  destroy - ends an episode

   Level: advanced

   Note:
   Validation is by the mean return of `validation: {episodes: 4, steps: 50}` with seeds that training does not use.

.seealso: `PetRLEnvironment`, `PetRLClosure`, `PetRLEnvironmentSetGridDepth()`, `PetRLEnvironmentSetGridMargin()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentSetGrid(PetRLEnvironment env, PetscInt nx, PetscInt ny,
                                                    PetscErrorCode (*create)(PetRLEnvironment env, PetscInt64 seed,
                                                                             void **episode),
                                                    PetscErrorCode (*observe)(void *episode, float observation[]),
                                                    PetscErrorCode (*step)(void *episode, const float action[],
                                                                           float reward[], PetRLOutcome *outcome),
                                                    PetscErrorCode (*destroy)(void *episode));

/*@
   PetRLEnvironmentSetGridDepth - Makes the grid of an environment a volume

   Not Collective

   Input Parameters:
+  env - the environment, within its create function
-  nz  - points along z (1: a plane or a line)

   Level: advanced

.seealso: `PetRLEnvironment`, `PetRLEnvironmentSetGrid()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentSetGridDepth(PetRLEnvironment env, PetscInt nz);

/*@
   PetRLEnvironmentSetGridMargin - Makes the outermost points of an environment's grid ones that are seen only

   Not Collective

   Input Parameters:
+  env    - the environment, within its create function
-  margin - so many points on either side, in each direction that the grid has

   Level: advanced

   Note:
   For grids that are not periodic: what lies around them, or is made up there, is part of what the agents see; actions
   there have no effect and rewards there (which must be finite) do not count. The margin must be as wide as the network
   sees.

.seealso: `PetRLEnvironment`, `PetRLEnvironmentSetGrid()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentSetGridMargin(PetRLEnvironment env, PetscInt margin);
