/*
   PetRLClosure: what the grid cannot see, as a learned correction of the state.
*/
#pragma once

#include <petscdm.h>
#include <petscts.h>

/*S
   PetRLClosure - A learned correction of a coarse solver's state on a DMDA, or in the cells of a DMPlex

   On a DMDA of one, two or three dimensions a fully convolutional network looks at the fields around each grid point
   and gives a correction A of the state there: the solver goes on from X - A instead of X. What is observed, how the
   network's output becomes A and which components it changes is in the policy file.

   Level: beginner

   Options Database Keys:
+  -closure_policy <file>          - policy file of kind closure (.h5; TorchScript .pt with a YAML sidecar), or the name
                                     of one that ships
.  -closure_fields <names>         - names of the state's components, in their order, where the DMDA does not name them
                                     (or names them differently from the policy)
.  -closure_auxiliary <file>       - fields that the policy observes and the state does not hold, see Notes
.  -closure_auxiliary_fields <names> - what the components of that file are
.  -closure_spacing <hx[,hy[,hz]]> - distances of the grid's points, see `PetRLClosureSetGridSpacing()`
.  -closure_own_step <dt>          - step that the policy's corrections are for, see `PetRLClosureSetOwnStep()`
.  -closure_error_if_nan           - a state or an answer that is not finite is an error
.  -closure_error_if_outside       - use outside of what the policy was trained on is an error, not a warning
.  -closure_monitor                - print each correction
.  -closure_view                   - describe the closure at its set-up
.  -petrl_memtype <auto|host|device> - where values of Vecs are taken (auto: where they live), for diagnosis
.  -closure_record <file>          - record a fine run for training, see `TSCLOSURE`
.  -closure_record_coarsen <ratio> - points per point of the coarse grid and direction (1)
.  -closure_record_restrict <inject|average> - how its states become those of the coarse grid
.  -closure_record_interval <steps> - steps between two states that are recorded (the ratio)
.  -closure_train <records>        - train a policy against these records, see `TSCLOSURE`
.  -closure_save <file>            - file of that policy
.  -closure_observe <names>        - what it observes (all components and auxiliary fields)
.  -closure_correct <names>        - what it corrects (all components that it observes)
.  -closure_form <additive-rate|flux> - form of the corrections, see `PetRLClosureTrainSetForm()`
.  -closure_free_boundary          - corrections change values on the boundary, too, see `PetRLClosureTrainSetForm()`
.  -closure_differences            - on a DMPlex: it observes nothing of the unknowns but differences, see Notes
.  -closure_velocity <names>       - fields that are the velocity, for fluxes (u, v, w, if there are such); on a
                                     DMPlex two unknowns that are a vector in the plane
.  -closure_half_width <n>         - differences on either side of a face (1)
.  -closure_shear <share>          - fluxes move with so much of the velocity's differences, too (0)
.  -closure_width <n>              - channels of the network (16)
.  -closure_depth <n>              - its layers (3)
.  -closure_train_minutes <minutes> - budget of the training (20)
.  -closure_train_iterations <n>   - budget in iterations of the learner, instead
.  -closure_train_regression <share> - how much of it is regression, before PPO, from 0 to 1
.  -closure_train_horizon <n>      - comparisons of an episode with the record (24, or as many as there are)
.  -closure_train_every <n>        - iterations between two validations (10)
.  -closure_train_seed <n>         - random seed (0)
-  -closure_train_config <file>    - YAML file with keys of the learner ppo

   Notes:
   A state on a device (-dm_vec_type cuda) stays there: exchange, observation, inference of native networks and
   correction are kernels in the stream of PETSc's current device context. The host learns no more than what the fields
   reach and whether all is finite: a hundred bytes a correction, which waits for them. Networks of other backends, what
   is recorded and what is learned are on the host, with copies by PETSc.

   Channels that the policy observes are found by name: among the components of the state (DMDASetFieldName(), or
   -closure_fields; where nobody names them: component0, component1, ...), then among the fields given with
   `PetRLClosureSetField()` (and -closure_auxiliary), then in the
   DM's auxiliary Vec (DMSetAuxiliaryVec() with label NULL, value 0, part 0; the names are those of the Vec's DMDA). A
   program may change that Vec, or give the DM another one, at any time.

   Where the policy says that the network sees none of the state's components (normalise: unseen), face fluxes are
   linear in the state, and the network is evaluated again only after a Vec of what it does see has changed: once, for a
   velocity that is prescribed. -closure_view says how often that was. Velocities that it sees as Courant numbers
   (normalise: courant) make the answer independent of all units; for a step of another length it is then evaluated
   again, too.

   -closure_auxiliary reads a Vec of the DMDA's grid as VecView() writes it: a PETSc binary file (any name) with one
   component a name of -closure_auxiliary_fields, or an HDF5 file (name ending in .h5 or .hdf5) with one dataset a name.
   Without -closure_auxiliary_fields the names are those that the policy observes and nothing else offers, in order.

   At boundaries that are not periodic the network sees the values of the boundary points continued outwards (zero
   gradient); face fluxes end there, so that they neither lose nor gain anything, and nothing is added to the values on
   the boundary (unless the policy's action has boundary: free, as -closure_free_boundary makes it). Points needed from
   other ranks are exchanged, as many as the network's receptive field is wide: the answer is the same on any number of
   ranks, but each rank's part of the grid must be that wide.

   If the state, or what the network makes of it, is not finite on any rank, the correction is zero for that step on all
   ranks; this is counted (`PetRLClosureGetStatistics()`) and reported once.

   On a DMPlex, closures are for finite volumes on triangles in a plane: the same unknowns in each cell, none
   elsewhere, named by PetscFV, by the section's components, or by -closure_fields. A network that passes messages
   between the sides of the cells gives fluxes through all faces inside, in units of the local differences of the
   unknowns: what leaves one cell enters the next, nothing goes through a wall, and what is constant stays so. What it
   sees does not depend on how cells are numbered, and, where -closure_velocity names two unknowns that are a vector,
   not on how the mesh lies in the plane. With -closure_differences it does not see the unknowns' values: adding a
   number to them changes nothing, and a factor only that factor; for equations that are linear in them. Ranks must see
   the cells beyond their own (-dm_distribute_overlap 1); the answer is the same on any number of them. It is computed
   on the host.

   How a correction depends on the step. What a coarse grid misses acts all the time: it is a forcing f, of which a step
   of length dt gets f dt, whatever divides the time - a last step that is cut, an event, a step twice as long. So all
   corrections are proportional to dt, two half steps change a state as much as a whole one, and A/dt is the same f:
.vb
   additive-rate   A = dt a                        a, the network's answer, is f
   additive        A = a dt / (step in training)   a is the change in one step of the training
   flux            A = dt/h x (differences of face fluxes), weights of the fluxes by the network; with speed: step,
                   A = dt / (step in training) x (differences of weighted differences)
.ve
   Without this a step of 1 % of dt would get a full correction. The step in training is in the policy file, and counts
   at the training's ratio of step and spacing: on a grid twice as coarse (or in other units) it is twice as long. Where
   the file does not say it, the first step that the closure is asked for counts. All this is right to first order in
   dt: what a network learned includes the scheme's error in time, which grows faster.

   A policy is good where it was trained. Fields that reach beyond what it saw, Courant numbers, steps and spacings,
   boundaries, and a method (`TSType`) that are others, are named in one warning, with the values found and those of the
   training, as far as the file has them (`petrl info`). What cannot be found out here is the scheme in space that the
   policy completes: see there.

   Arrays are used in host memory. PETSc must be configured with real scalars.

   Example Usage:
.vb
   PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
   PetRLClosureSetDM(closure, da);
   PetRLClosureSetPolicy(closure, "advection.h5");
   PetRLClosureSetField(closure, "u", velocity, 0);
   PetRLClosureSetField(closure, "v", velocity, 1);
   PetRLClosureSetFromOptions(closure);
   PetRLClosureAttachTS(closure, ts, PETRL_CLOSURE_BEFORE_STEP);
   TSSolve(ts, X);
   PetRLClosureDestroy(&closure);
.ve

.seealso: `PetRLClosureCreate()`, `PetRLClosureCorrect()`, `PetRLClosureAttachTS()`, `TSCLOSURE`
S*/
typedef struct _p_PetRLClosure *PetRLClosure;

/*E
   PetRLClosureMode - When a closure acts on a TS

   Values:
+  `PETRL_CLOSURE_BEFORE_STEP` - the state is corrected once before each step: X <- X - A(X)
-  `PETRL_CLOSURE_FORCING`     - the right-hand side gets a further term: F(t, X) - A(X)/dt, at every evaluation

   Level: beginner

   Note:
   Policies are trained the first way. The second evaluates the network at each stage of the method; it differs by
   terms of second order in dt, and suits methods that must see the state that they left.

.seealso: `PetRLClosureAttachTS()`, `TSCLOSURE`
E*/
typedef enum { PETRL_CLOSURE_BEFORE_STEP, PETRL_CLOSURE_FORCING } PetRLClosureMode;
PETSC_EXTERN const char *const PetRLClosureModes[];

/*E
   PetRLClosureRestriction - How a fine grid's state becomes that of a coarse one

   Values:
+  `PETRL_CLOSURE_INJECT`  - a coarse point takes the value of the fine point that lies there
-  `PETRL_CLOSURE_AVERAGE` - a coarse cell takes the mean of the fine cells in it

   Level: intermediate

.seealso: `PetRLClosureRecordSetCoarsening()`
E*/
typedef enum { PETRL_CLOSURE_INJECT, PETRL_CLOSURE_AVERAGE } PetRLClosureRestriction;
PETSC_EXTERN const char *const PetRLClosureRestrictions[];

/*E
   PetRLClosureForm - Form of corrections that are learned

   Values:
+  `PETRL_CLOSURE_ADDITIVE_RATE` - a number at each point and component, times the step
-  `PETRL_CLOSURE_FLUX`          - differences of face fluxes: conservative

   Level: intermediate

.seealso: `PetRLClosureTrainSetForm()`
E*/
typedef enum { PETRL_CLOSURE_ADDITIVE_RATE, PETRL_CLOSURE_FLUX } PetRLClosureForm;
PETSC_EXTERN const char *const PetRLClosureForms[];

PETSC_EXTERN PetscClassId PETRL_CLOSURE_CLASSID;

PETSC_EXTERN PetscErrorCode PetRLClosureCreate(MPI_Comm comm, PetRLClosure *closure);
PETSC_EXTERN PetscErrorCode PetRLClosureDestroy(PetRLClosure *closure);
PETSC_EXTERN PetscErrorCode PetRLClosureSetDM(PetRLClosure closure, DM dm);
PETSC_EXTERN PetscErrorCode PetRLClosureSetPolicy(PetRLClosure closure, const char file[]);
PETSC_EXTERN PetscErrorCode PetRLClosureGetPolicy(PetRLClosure closure, const char *file[]);
PETSC_EXTERN PetscErrorCode PetRLClosureSetStateNames(PetRLClosure closure, PetscInt n, const char *const names[]);
PETSC_EXTERN PetscErrorCode PetRLClosureSetField(PetRLClosure closure, const char name[], Vec field,
                                                 PetscInt component);
PETSC_EXTERN PetscErrorCode PetRLClosureSetSpacing(PetRLClosure closure, PetscReal hx, PetscReal hy);
PETSC_EXTERN PetscErrorCode PetRLClosureSetGridSpacing(PetRLClosure closure, PetscInt dim, const PetscReal h[]);
PETSC_EXTERN PetscErrorCode PetRLClosureSetOwnStep(PetRLClosure closure, PetscReal step);
PETSC_EXTERN PetscErrorCode PetRLClosureSetErrorIfNaN(PetRLClosure closure, PetscBool error);
PETSC_EXTERN PetscErrorCode PetRLClosureSetErrorIfOutside(PetRLClosure closure, PetscBool error);
PETSC_EXTERN PetscErrorCode PetRLClosureSetOptionsPrefix(PetRLClosure closure, const char prefix[]);
PETSC_EXTERN PetscErrorCode PetRLClosureSetFromOptions(PetRLClosure closure);
PETSC_EXTERN PetscErrorCode PetRLClosureSetUp(PetRLClosure closure);
PETSC_EXTERN PetscErrorCode PetRLClosureApply(PetRLClosure closure, Vec X, PetscReal dt, Vec A);
PETSC_EXTERN PetscErrorCode PetRLClosureCorrect(PetRLClosure closure, PetscReal dt, Vec X);
PETSC_EXTERN PetscErrorCode PetRLClosureAddForcing(PetRLClosure closure, Vec X, PetscReal dt, Vec F);
PETSC_EXTERN PetscErrorCode PetRLClosureGetStatistics(PetRLClosure closure, PetscInt *calls, PetscInt *fallbacks);
PETSC_EXTERN PetscErrorCode PetRLClosureView(PetRLClosure closure, PetscViewer viewer);
PETSC_EXTERN PetscErrorCode PetRLClosureAttachTS(PetRLClosure closure, TS ts, PetRLClosureMode mode);

PETSC_EXTERN PetscErrorCode PetRLClosureRecordSetFile(PetRLClosure closure, const char file[]);
PETSC_EXTERN PetscErrorCode PetRLClosureRecordSetCoarsening(PetRLClosure closure, PetscInt ratio,
                                                            PetRLClosureRestriction how);
PETSC_EXTERN PetscErrorCode PetRLClosureRecordSetInterval(PetRLClosure closure, PetscInt steps);
PETSC_EXTERN PetscErrorCode PetRLClosureRecordBegin(PetRLClosure closure);
PETSC_EXTERN PetscErrorCode PetRLClosureRecordState(PetRLClosure closure, PetscReal t, Vec X);
PETSC_EXTERN PetscErrorCode PetRLClosureRecordEnd(PetRLClosure closure);
PETSC_EXTERN PetscErrorCode PetRLClosureTrainSetFiles(PetRLClosure closure, PetscInt n, const char *const records[],
                                                      const char save[]);
PETSC_EXTERN PetscErrorCode PetRLClosureTrainSetObserved(PetRLClosure closure, PetscInt n, const char *const names[]);
PETSC_EXTERN PetscErrorCode PetRLClosureTrainSetCorrected(PetRLClosure closure, PetscInt n, const char *const names[]);
PETSC_EXTERN PetscErrorCode PetRLClosureTrainSetForm(PetRLClosure closure, PetRLClosureForm form);
PETSC_EXTERN PetscErrorCode PetRLClosureTrainSetBudget(PetRLClosure closure, PetscReal minutes, PetscInt iterations);
PETSC_EXTERN PetscErrorCode PetRLClosureTrainSetStep(PetRLClosure closure,
                                                     PetscErrorCode (*before)(PetRLClosure closure, PetscInt number,
                                                                              PetscReal t, Vec X, void *ctx),
                                                     PetscErrorCode (*step)(PetRLClosure closure, PetscInt number,
                                                                            PetscReal t, PetscReal dt, Vec X,
                                                                            PetscBool *failed, void *ctx),
                                                     void *ctx);
PETSC_EXTERN PetscErrorCode PetRLClosureTrain(PetRLClosure closure, PetscReal dt, Vec X, PetscBool *learned);

/*MC
   TSCLOSURE - "closure": another TS with a learned correction of its state (PetRLClosure)

   Options Database Keys:
+  -closure_ts_type <type>  - the TS that takes the steps (euler); all of its options have the prefix closure_
.  -closure_mode <before-step|forcing> - see `PetRLClosureMode`
-  -closure_policy <file>, ... - see `PetRLClosure`

   Level: beginner

   Notes:
   For programs that know nothing of closures, with a DMDA or a DMPlex as the TS's DM:
.vb
   ./app -dll_append libpetrl.so -ts_type closure -closure_ts_type euler -closure_policy advection.h5
.ve
   The step is that of the outer TS (-ts_dt, -ts_max_time, -ts_exact_final_time, TSSetTimeStep()). It is fixed: policies
   belong to the step that they were trained with, and the inner TS gets `TSADAPTNONE`. Monitors, events and the final
   time belong to the outer TS; -ts_view shows both.

   The inner TS uses the program's DM and with it the functions that were set there; Jacobians, pre- and post-stage
   functions, the equation type and the application context are handed on. Its solvers take the prefix closure_
   (-closure_snes_type, -closure_ksp_type).

   With -closure_record, and no policy, the inner TS takes the steps as it would by itself, and the run is recorded: its
   start and each state -closure_record_interval steps later, on a grid that is -closure_record_coarsen times coarser,
   added to the HDF5 file as one run once TSSolve() ends. Any number of runs, of any number of programs, go to one file,
   over one coarse grid:
.vb
   ./app -da_refine 2 -dll_append libpetrl.so -ts_type closure -closure_record truth.h5 -closure_record_coarsen 4
.ve

   With -closure_train and -closure_save a policy is trained before the first step, in the program's own solver, on the
   coarse grid: episodes begin at recorded states and go on from the solver's own ones, and each step is compared with
   the record. The program's pre- and post-step functions are called as in a run, fields that were recorded are put in
   place, and afterwards state, fields, time and step number are what they were; TSSolve() then goes on with the policy:
.vb
   ./app -dll_append libpetrl.so -ts_type closure -closure_ts_type euler -closure_train truth.h5 -closure_save my.h5
   ./app -dll_append libpetrl.so -ts_type closure -closure_ts_type euler -closure_policy my.h5
.ve
   With a DMPlex the fine run is on the same mesh, refined uniformly (-dm_refine), and what is recorded are means over
   the cells that one was refined into; -closure_record_coarsen is the ratio of their sides, a power of two, and
   -closure_form flux the only form. Training is regression alone, on one rank; -closure_width and -closure_depth are
   the network's width, and the number of its layers, of which all but one pass messages; keys of -closure_train_config
   are hidden, layers, horizon, batch_size, learning_rate, max_gradient_norm:
.vb
   M="-dm_plex_filename my.msh" L="-dll_append libpetrl.so -ts_type closure"
   ./app $M -dm_refine 2 $L -closure_record truth.h5 -closure_record_coarsen 4
   ./app $M $L -closure_train truth.h5 -closure_form flux -closure_save my.h5
.ve

   The step must be the time between two recorded states, a part or a multiple of it. The last run, or the last fifth of
   the only one, is held out: it chooses the policy, and the training ends with a table of the errors there, with and
   without. A policy that does not lessen them is not written ("nothing learned"), and the program goes on without one.

   Two ways of learning follow each other (-closure_train_regression says where): regression, which takes from each
   comparison what the correction should have been, as if the rest of the step changed nothing of it; and proximal
   policy optimisation, which takes nothing but the reward: at each point the squared error with the action that the
   policy holds best minus that with the one that was tried, as the solver itself finds them, over the mean on the grid.
   It begins at the best policy of the regression, which is validated then, and returns to the best, more slowly, where
   validation finds its own more than 2 % worse three times in a row: what is saved is never worse than what regression
   had come to.

   In directions that are not periodic nothing is added at the first and last points, which are taken to lie on the
   boundary; -closure_free_boundary is for grids where they do not (cells), or are unknowns like others. Face fluxes
   (-closure_form flux) end at walls in any case.

   A training goes on where it was when the same command is given again: what it needs lies in the folder
   <save>.training, with a log (log.csv). Ctrl-C ends it early and saves; a second one ends the program.

   Interpolation within a step is linear. A solve that fails may make the inner TS take a shorter step than it was
   given: the state is then corrected for that one, and the step repeated. Methods that go on from their own copy of the
   solution (glee) need the forcing, those that choose their steps themselves (pseudo) are refused.

.seealso: `PetRLClosure`, `TSClosureGetClosure()`, `TSClosureGetTS()`, `TSClosureSetMode()`
M*/
#define TSCLOSURE "closure"

PETSC_EXTERN PetscErrorCode TSClosureGetClosure(TS ts, PetRLClosure *closure);
PETSC_EXTERN PetscErrorCode TSClosureGetTS(TS ts, TS *inner);
PETSC_EXTERN PetscErrorCode TSClosureSetMode(TS ts, PetRLClosureMode mode);
