/*
   What environments of all shapes have: a name, keys, data of their own, what policies see and do in them. Part of petrllearn.h.
*/
#pragma once

#include <petscts.h>

/*S
   PetRLEnvironment - A world in which policies are trained

   Level: intermediate

   Notes:
   It is made, by the function given to `PetRLEnvironmentRegister()`, from the section `environment` of a training's
   YAML file, and it is deterministic: an episode follows from its seed alone. Decisions come in one of three shapes,
   a stream (`PetRLEnvironmentSetStream()`, or `PetRLEnvironmentSetTS()` for the steps of a TS), a grid of agents
   (`PetRLEnvironmentSetGrid()`) or a mesh of agents (`PetRLEnvironmentSetMesh()`).

.seealso: `PetRLEnvironmentRegister()`
S*/
typedef struct _n_PetRLEnvironment *PetRLEnvironment;

/*E
   PetRLOutcome - How an episode stands after a step

   Values:
+  PETRL_RUNNING   - it goes on
.  PETRL_TRUNCATED - it ends here, but the world would go on: what follows is worth what the observation says
-  PETRL_TERMINAL  - it ends, and nothing follows

   Level: intermediate

.seealso: `PetRLEnvironmentSetStream()`, `PetRLEnvironmentSetGrid()`
E*/
typedef enum { PETRL_RUNNING, PETRL_TRUNCATED, PETRL_TERMINAL } PetRLOutcome;

/*@C
   PetRLEnvironmentRegister - Makes an environment known by name

   Not Collective

   Input Parameters:
+  name   - what `environment: {name: ...}` says in the YAML file of a training
-  create - fills a new environment: reads its keys, sets its shape and functions

   Level: intermediate

   Note:
   May be called before PETSc is initialised, as PetscDLLibraryRegister functions are. A later call with the same name
   replaces an earlier one.

.seealso: `PetRLEnvironment`, `PetRLEnvironmentGetReal()`, `PetRLEnvironmentSetTS()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentRegister(const char name[], PetscErrorCode (*create)(PetRLEnvironment env));

/*@C
   PetRLEnvironmentGetReal - Gets a number from the environment's section of the YAML file

   Not Collective

   Input Parameters:
+  env   - the environment, within its create function
.  key   - the key; keys that nobody asks for are errors
.  low   - least value allowed
.  high  - largest value allowed
-  value - comes in as the default, goes out as what the file says

   Level: intermediate

.seealso: `PetRLEnvironment`, `PetRLEnvironmentGetInt()`, `PetRLEnvironmentGetString()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentGetReal(PetRLEnvironment env, const char key[], PetscReal low,
                                                    PetscReal high, PetscReal *value);

/*@C
   PetRLEnvironmentGetInt - Gets a whole number from the environment's section of the YAML file

   Not Collective

   Input Parameters:
+  env   - the environment, within its create function
.  key   - the key; keys that nobody asks for are errors
.  low   - least value allowed
.  high  - largest value allowed
-  value - comes in as the default, goes out as what the file says

   Level: intermediate

.seealso: `PetRLEnvironment`, `PetRLEnvironmentGetReal()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentGetInt(PetRLEnvironment env, const char key[], PetscInt low, PetscInt high,
                                                   PetscInt *value);

/*@C
   PetRLEnvironmentGetString - Gets a text from the environment's section of the YAML file

   Not Collective

   Input Parameters:
+  env   - the environment, within its create function
.  key   - the key; keys that nobody asks for are errors
.  value - comes in as the default, goes out as what the file says; a longer text than fits is an error
-  len   - length of value

   Level: intermediate

.seealso: `PetRLEnvironment`, `PetRLEnvironmentGetReal()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentGetString(PetRLEnvironment env, const char key[], char value[], size_t len);

/*@C
   PetRLEnvironmentSetContext - Gives an environment data of its own

   Not Collective

   Input Parameters:
+  env     - the environment
.  ctx     - the data
-  destroy - frees them when the environment goes; NULL if there is nothing to free

   Level: intermediate

.seealso: `PetRLEnvironment`, `PetRLEnvironmentGetContext()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentSetContext(PetRLEnvironment env, void *ctx,
                                                       PetscErrorCode (*destroy)(void *ctx));

/*@C
   PetRLEnvironmentGetContext - Gets what PetRLEnvironmentSetContext() was given

   Not Collective

   Input Parameter:
.  env - the environment

   Output Parameter:
.  ctx - the data (the address of a pointer), NULL if there are none

   Level: intermediate

.seealso: `PetRLEnvironment`, `PetRLEnvironmentSetContext()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentGetContext(PetRLEnvironment env, void *ctx);

/*@C
   PetRLEnvironmentAddObservable - Says what policies see here, one name after another

   Not Collective

   Input Parameters:
+  env    - the environment, within its create function
.  name   - how the policy file calls it
.  offset - a network's input is (value - offset) / scale
-  scale  - positive

   Level: intermediate

   Note:
   With `PetRLEnvironmentSetTS()` these are the application's own observables (`TSAdaptRLAddObservable()`), beside those
   that every TS offers.

.seealso: `PetRLEnvironment`, `PetRLEnvironmentAddAction()`, `TSAdaptRLAddObservable()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentAddObservable(PetRLEnvironment env, const char name[], PetscReal offset,
                                                          PetscReal scale);

/*@C
   PetRLEnvironmentAddAction - Says what policies do here, one action after another

   Not Collective

   Input Parameters:
+  env  - the environment, within its create function
.  low  - what a network's answer of -1 means
-  high - what a network's answer of +1 means

   Level: intermediate

.seealso: `PetRLEnvironment`, `PetRLEnvironmentSetPolicy()`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentAddAction(PetRLEnvironment env, PetscReal low, PetscReal high);

/*@C
   PetRLEnvironmentSetPolicy - Says which policies are trained here

   Not Collective

   Input Parameters:
+  env       - the environment, within its create function
.  kind      - tsadapt or closure
-  transform - how that kind turns its actions into deeds, e.g. ratio, or additive-rate

   Level: intermediate

.seealso: `PetRLEnvironment`, `TSADAPTRL`, `PetRLClosure`
@*/
PETSC_EXTERN PetscErrorCode PetRLEnvironmentSetPolicy(PetRLEnvironment env, const char kind[], const char transform[]);
