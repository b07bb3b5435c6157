/*
   Learning in worlds of your own: environments that `petrl train` finds by name.

   A plugin is a shared library whose PetscDLLibraryRegister_<name>() (for lib<name>.so) calls PetRLEnvironmentRegister();
   `plugins: [path/to/lib<name>.so]` in the training's YAML loads it. Link it with libpetrl_learn.
   plugins/example is one.
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

/*S
   PetRLMeshAgent - What decides in an environment whose agents live on a mesh, and is told what would have been right

   Level: advanced

.seealso: `PetRLEnvironmentSetMesh()`, `PetRLMeshAgentDecide()`, `PetRLMeshAgentRecord()`
S*/
typedef struct _n_PetRLMeshAgent *PetRLMeshAgent;

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
PETSC_EXTERN PetscErrorCode PetRLEnvironmentGetReal(PetRLEnvironment env, const char key[], PetscReal low, PetscReal high,
                                                    PetscReal *value);

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
                                                  PetscErrorCode (*create)(PetRLEnvironment env, PetscInt64 seed, TS *ts));

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
PETSC_EXTERN PetscErrorCode PetRLEnvironmentSetGrid(
    PetRLEnvironment env, PetscInt nx, PetscInt ny,
    PetscErrorCode (*create)(PetRLEnvironment env, PetscInt64 seed, void **episode),
    PetscErrorCode (*observe)(void *episode, float observation[]),
    PetscErrorCode (*step)(void *episode, const float action[], float reward[], PetRLOutcome *outcome),
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
PETSC_EXTERN PetscErrorCode PetRLEnvironmentSetMesh(
    PetRLEnvironment env,
    PetscErrorCode (*episode)(PetRLEnvironment env, PetscInt64 seed, PetscReal explore, PetRLMeshAgent agent));

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
PETSC_EXTERN PetscErrorCode PetRLMeshAgentDecide(PetRLMeshAgent agent, PetscInt cells, PetscInt slots, const int source[],
                                                 const float node[], const float edge[], float answer[]);

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
PETSC_EXTERN PetscErrorCode PetRLMeshAgentRecord(PetRLMeshAgent agent, PetscInt cells, PetscInt slots, const int source[],
                                                 const float node[], const float edge[], const float target[]);

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
