/*
   Environments with an agent in each cell of a mesh. Part of petrllearn.h.
*/
#pragma once

#include "petrllearnenvironment.h"

/*S
   PetRLMeshAgent - What decides in an environment whose agents live on a mesh, and is told what would have been right

   Level: advanced

.seealso: `PetRLEnvironmentSetMesh()`, `PetRLMeshAgentDecide()`, `PetRLMeshAgentRecord()`
S*/
typedef struct _n_PetRLMeshAgent *PetRLMeshAgent;

/*@C
   PetRLEnvironmentSetMesh - Makes an environment one with an agent in each cell of a mesh

   Not Collective

   Input Parameters:
+  env     - the environment, within its create function
-  episode - runs the episode of a seed: asks the agent (PetRLMeshAgentDecide()), re-meshes, and tells it what would
             have been right (PetRLMeshAgentRecord()); explore, from 0 to 1, is the share of decisions to leave to
             chance

   Level: advanced

   Note:
   Validation is by the mean square of what the agent's answers lacked in `validation: {episodes: 4}` episodes with
   seeds that training does not use.

.seealso: `PetRLEnvironment`, `PetRLMeshAgent`, `PetRLRefiner`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentSetMesh(PetRLEnvironment env,
                                                    PetscErrorCode (*episode)(PetRLEnvironment env, PetscInt64 seed,
                                                                              PetscReal explore, PetRLMeshAgent agent));

/*@C
   PetRLMeshAgentDecide - Asks what the policy answers for each cell of a mesh

   Not Collective

   Input Parameters:
+  agent  - the agent
.  cells  - how many
.  slots  - largest number of neighbours of a cell
.  source - cells x slots neighbours, -1 where there is none
.  node   - cells x 5 inputs of cells (see RefinementObservation in src/refine/observation.hpp)
-  edge   - cells x slots x 5 inputs of pairs

   Output Parameter:
.  answer - cells x 2: what refining would gain, what coarsening would lose, as the network says it

   Level: advanced

.seealso: `PetRLMeshAgent`, `PetRLMeshAgentRecord()`
@*/
PETSC_EXTERN PetscErrorCode PetRLMeshAgentDecide(PetRLMeshAgent agent, PetscInt cells, PetscInt slots,
                                                 const int source[], const float node[], const float edge[],
                                                 float answer[]);

/*@C
   PetRLMeshAgentRecord - Tells what would have been the right answers

   Not Collective

   Input Parameters:
+  agent  - the agent
.  cells  - how many
.  slots  - largest number of neighbours of a cell
.  source - as in PetRLMeshAgentDecide()
.  node   - as there
.  edge   - as there
-  target - cells x 2 right answers, NaN where not known

   Level: advanced

.seealso: `PetRLMeshAgent`, `PetRLMeshAgentDecide()`
@*/
PETSC_EXTERN PetscErrorCode PetRLMeshAgentRecord(PetRLMeshAgent agent, PetscInt cells, PetscInt slots,
                                                 const int source[], const float node[], const float edge[],
                                                 const float target[]);
