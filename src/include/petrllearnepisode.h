/*
   Environments seen from outside, step by step: for programs that decide themselves. Part of petrllearn.h.
*/
#pragma once

#include "petrllearnenvironment.h"

/*S
   PetRLEpisode - An environment seen from outside: its episodes, step by step

   Level: advanced

   Notes:
   Environments run whole episodes and ask for decisions; here the program that decides runs, and the episode waits for
   it, in the middle of a TSSolve() if need be. It waits on a stack of its own but on the caller's thread: PETSc and
   MPI see that one thread only, and any number of `PetRLEpisode` may be under way side by side. All of one must be
   called by the thread that created it. What PETSc is in the middle of must not be ended beneath it: destroy all
   before PetscFinalize().

   plugins/python makes a gymnasium.Env of it. Its functions need no PetscInt or PetscReal: what calls them may be
   written in another language.

.seealso: `PetRLEpisodeCreate()`, `PetRLEpisodeReset()`, `PetRLEpisodeStep()`, `PetRLEnvironment`
S*/
typedef struct _n_PetRLEpisode *PetRLEpisode;

/*@C
   PetRLEpisodeCreate - Makes an environment by the section `environment` of a training

   Not Collective

   Input Parameters:
+  yaml - text (or JSON) with the key environment, and plugins if it needs some; other keys of a training are skipped
-  name - of the file that it was read from, for messages and for the folder of plugins; NULL if it is none

   Output Parameter:
.  episode - the environment; no episode is under way

   Level: advanced

   Note:
   Only environments in which decisions follow each other: `PetRLEnvironmentSetStream()`, `PetRLEnvironmentSetTS()`, and
   of ours ode and fault. `PetRLInitialize()` is called if it was not.

.seealso: `PetRLEpisode`, `PetRLEpisodeReset()`, `PetRLEpisodeDestroy()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEpisodeCreate(const char yaml[], const char name[], PetRLEpisode *episode);

/*@C
   PetRLEpisodeGetSizes - Gets how many numbers an observation and an action are

   Not Collective

   Input Parameter:
.  episode - the environment

   Output Parameters:
+  observations - of an observation; may be NULL
-  actions      - of an action; may be NULL

   Level: advanced

.seealso: `PetRLEpisode`, `PetRLEpisodeGetSpecification()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEpisodeGetSizes(PetRLEpisode episode, int *observations, int *actions);

/*@C
   PetRLEpisodeGetSpecification - Gets what policies of this environment observe and do

   Not Collective

   Input Parameter:
.  episode - the environment

   Output Parameter:
.  text - JSON (which is YAML): kind, observation {names, offset, scale, clip}, action {transform, low, high,
          parameters}, validity {ranges, words}; it lives until the environment is asked again, or destroyed

   Level: advanced

   Note:
   It is what a policy file says beside its network, see plugins/python/POLICY-FILE.md.

.seealso: `PetRLEpisode`, `PetRLEpisodeGetSizes()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEpisodeGetSpecification(PetRLEpisode episode, const char *text[]);

/*@C
   PetRLEpisodeReset - Starts an episode, and leaves the one that is under way

   Not Collective

   Input Parameters:
+  episode - the environment
-  seed    - of the episode, from 0 to 2^40 - 1; what is held out for validation has larger ones

   Output Parameter:
.  observation - the first one: network inputs, which are offset, scaled and clipped

   Level: advanced

.seealso: `PetRLEpisode`, `PetRLEpisodeStep()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEpisodeReset(PetRLEpisode episode, PetscInt64 seed, float observation[]);

/*@C
   PetRLEpisodeStep - Takes an action

   Not Collective

   Input Parameters:
+  episode - the environment, with an episode under way
-  action  - network outputs in [-1, 1]

   Output Parameters:
+  observation - the next one; where nothing follows, the latest that there was
.  reward      - of the step
-  outcome     - PETRL_TRUNCATED and PETRL_TERMINAL end the episode

   Level: advanced

   Note:
   A TS of PETSc's own wants to know before a solve what it should do if that fails. Nobody can be asked in the middle
   of another question: here `TSADAPTBASIC` retries, and what that costs belongs to the reward of the step.
   `petrl train` asks its learner.

.seealso: `PetRLEpisode`, `PetRLEpisodeReset()`, `PetRLOutcome`
@*/
PETSC_EXTERN PetscErrorCode PetRLEpisodeStep(PetRLEpisode episode, const float action[], float observation[],
                                             double *reward, PetRLOutcome *outcome);

/*@C
   PetRLEpisodeDecide - Asks a policy

   Not Collective

   Input Parameters:
+  episode     - the environment
.  policy      - file of a policy that observes and does what this environment says; it is read when the name changes
-  observation - network inputs, as `PetRLEpisodeReset()` and `PetRLEpisodeStep()` give them

   Output Parameter:
.  action - what its network answers

   Level: advanced

.seealso: `PetRLEpisode`, `PetRLEpisodeEvaluate()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEpisodeDecide(PetRLEpisode episode, const char policy[], const float observation[],
                                               float action[]);

/*@C
   PetRLEpisodeEvaluate - Validates a policy as `petrl train` does, on held-out cases

   Not Collective

   Input Parameters:
+  episode - the environment; the episode that is under way is left
-  policy  - file of a policy that observes and does what this environment says

   Output Parameters:
+  score - lower is better
-  text  - JSON: the numbers behind it; as `PetRLEpisodeGetSpecification()`'s. May be NULL

   Level: advanced

.seealso: `PetRLEpisode`, `PetRLEpisodeGetSpecification()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEpisodeEvaluate(PetRLEpisode episode, const char policy[], double *score,
                                                 const char *text[]);

/*@C
   PetRLEpisodeDestroy - Frees an environment, and leaves the episode that is under way

   Not Collective

   Input Parameter:
.  episode - the environment; NULL afterwards

   Level: advanced

.seealso: `PetRLEpisode`, `PetRLEpisodeCreate()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEpisodeDestroy(PetRLEpisode *episode);
