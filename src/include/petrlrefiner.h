/*
   PetRLRefiner: where a mesh should be finer and where coarser, learned.
*/
#pragma once

#include <petscdm.h>
#include <petscdmlabel.h>
#include <petscts.h>

/*S
   PetRLRefiner - Adapts a DMPlex of intervals, triangles or tetrahedra to a solution, as a learned policy decides

   A graph network looks at the solution in each cell and around it, and predicts what refining the cell would gain and
   what coarsening it would lose until the next decision. Both are weighed against the price of computation: one
   trade-off, from "error alone counts" to "computation alone counts", serves all problems.

   Level: beginner

   Options Database Keys:
+  -refiner_policy <file>        - policy file of kind refiner (.h5), or the name of one that ships
.  -refiner_tradeoff <0.5>       - from 0 (error alone counts) to 1 (computation alone counts), exclusive
.  -refiner_interval <20>        - time steps between decisions
.  -refiner_max_level <4>        - how often a cell's diameter may be halved
.  -refiner_max_cells <n>        - over all ranks; refinements that gain least are left out beyond it
.  -refiner_remesh_cost <25>     - what re-meshing costs, in time steps on the same cells
.  -refiner_unit <1e-8>          - relative error that one cell and step is worth at a trade-off of 1/2
.  -refiner_skip <true>          - keep the mesh where a change would gain less than re-meshing costs
.  -refiner_gate <0>             - look only where more than this share of the range happens: `PetRLRefinerSetGate()`
.  -refiner_stable_steps <bool>  - the smallest cell limits the time step (explicit methods: true, implicit ones: false)
.  -refiner_imbalance <1.1>      - move cells between ranks when the largest load exceeds this many times the mean
.  -refiner_components <0,1,...> - components of the solution that count (all), each relative to its range
.  -refiner_initial_rounds <n>   - adaptations to the initial condition, at most (the maximum level + 2)
.  -refiner_method <hierarchy>   - hierarchy | adaptlabel, see `PetRLRefinerMethod`
.  -refiner_indicator <none>     - gradient | jump | recovery: thresholds decide, see `PetRLRefinerSetThresholds()`
.  -refiner_threshold <0.1>      - refine above it, relative to a component's range
.  -refiner_threshold_coarsen <0.25> - coarsen below so many times the threshold
.  -refiner_threshold_buffer <1> - layers of neighbours that are refined with a cell
.  -refiner_train                - learn a policy in this program before its first step, see `PetRLRefinerSetTraining()`
.  -refiner_save <file>          - where to write it (beside it file.state and file.csv)
.  -refiner_train_passes <10>    - over the part of the program's interval that is learned from
.  -refiner_train_minutes <0>    - end after so long, at the latest; 0: no limit
.  -refiner_train_heldout <0.2>  - share of the program's interval, at its end, that chooses the policy
.  -refiner_train_seed <0>       - of all random numbers
.  -refiner_train_config <file>  - YAML file with keys of the learner gain-loss
.  -refiner_monitor              - print each decision
.  -refiner_error_if_nan         - a solution or a prediction that is not finite is an error
-  -refiner_view                 - describe the refiner at its set-up

   Notes:
   Meshes: an interpolated DMPlex of intervals on a line or triangles in a plane, periodic or not, or of tetrahedra, not
   periodic, distributed in any way. It becomes the coarsest mesh of a hierarchy (newest-vertex bisection; tetrahedra:
   Arnold, Mukherjee, Pouly 2000): each rank keeps all of it, so that it should be coarse. Adapted meshes conform, and
   carry its DMLabels (`PetRLRefinerSetDM()`). With several ranks they overlap by one layer of cells that share a
   vertex. Curved cells are refused.

   Solutions: unknowns in cells (averages, finite volumes) or at vertices (linear finite elements), the same number
   everywhere, but for boundary values of DMAddBoundary() at vertices. Transfers conserve the integral. Fields keep
   their names, components and adjacency. Unknowns elsewhere, discontinuous and higher elements are refused.

   Meshes, decisions and solutions do not depend on the number of ranks (to rounding).

   Without a policy of your own: -refiner_train learns one in the program itself (`PetRLRefinerSetTraining()`);
   -refiner_indicator refines by thresholds, as classical programs do.

   If the solution or a prediction is not finite on any rank, the mesh is kept; this is counted
   (`PetRLRefinerGetStatistics()`) and reported once.

   Example Usage:
.vb
   PetRLRefinerCreate(PETSC_COMM_WORLD, &refiner);
   PetRLRefinerSetDM(refiner, coarse);
   PetRLRefinerSetPolicy(refiner, "refiner.h5");
   PetRLRefinerSetFromOptions(refiner);
   PetRLRefinerSetUp(refiner);
   PetRLRefinerGetDM(refiner, &dm);
   ... a section on dm, TSSetDM(ts, dm), DMCreateGlobalVector(dm, &u), the initial condition ...
   PetRLRefinerAttachTS(refiner, ts);
   TSSetSolution(ts, u);
   TSSolve(ts, NULL);
   TSGetSolution(ts, &u);
   PetRLRefinerDestroy(&refiner);
.ve

.seealso: `PetRLRefinerCreate()`, `PetRLRefinerAttachTS()`, `PetRLRefinerDecide()`, `PetRLRefinerAdapt()`,
          `PetRLRefinerTransfer()`
S*/
typedef struct _p_PetRLRefiner *PetRLRefiner;

/*E
   PetRLRefinerMethod - How the mesh is changed

   Values:
+  `PETRL_REFINER_HIERARCHY`  - a hierarchy of meshes by bisection: refines and coarsens, on any number of ranks
-  `PETRL_REFINER_ADAPTLABEL` - DMAdaptLabel(): what the DM's own adaptor does with the labels

   Level: intermediate

   Notes:
   DMAdaptLabel() coarsens simplices where PETSc has MMG or ParMMG. With -dm_plex_transform_type refine_sbr (triangles)
   or refine_1d (intervals) it only refines: wishes to coarsen are then left out, which is said once. Levels are then
   counted by volume from the largest cell of the first mesh. Solutions can be transferred where each new cell lies
   inside an old one of the same rank.

.seealso: `PetRLRefiner`, `PetRLRefinerSetMethod()`
E*/
typedef enum { PETRL_REFINER_HIERARCHY, PETRL_REFINER_ADAPTLABEL } PetRLRefinerMethod;
PETSC_EXTERN const char *const PetRLRefinerMethods[];

/*E
   PetRLRefinerIndicator - What is compared with a threshold where no policy decides

   Values:
+  `PETRL_REFINER_NONE`     - nothing: a policy decides
.  `PETRL_REFINER_GRADIENT` - h |gradient|, h the square root of a triangle's area or an interval's length
.  `PETRL_REFINER_JUMP`     - the largest difference to a neighbour
-  `PETRL_REFINER_RECOVERY` - h |recovered - own gradient| (Zienkiewicz and Zhu)

   Level: intermediate

   Note:
   Relative to the range of a component over the whole mesh; the component with the largest value counts.

.seealso: `PetRLRefiner`, `PetRLRefinerSetThresholds()`
E*/
typedef enum {
  PETRL_REFINER_NONE,
  PETRL_REFINER_GRADIENT,
  PETRL_REFINER_JUMP,
  PETRL_REFINER_RECOVERY
} PetRLRefinerIndicator;
PETSC_EXTERN const char *const PetRLRefinerIndicators[];

PETSC_EXTERN PetscClassId PETRL_REFINER_CLASSID;

PETSC_EXTERN PetscErrorCode PetRLRefinerCreate(MPI_Comm comm, PetRLRefiner *refiner);
PETSC_EXTERN PetscErrorCode PetRLRefinerDestroy(PetRLRefiner *refiner);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetDM(PetRLRefiner refiner, DM dm);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetPolicy(PetRLRefiner refiner, const char file[]);
PETSC_EXTERN PetscErrorCode PetRLRefinerGetPolicy(PetRLRefiner refiner, const char *file[]);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetTradeoff(PetRLRefiner refiner, PetscReal tradeoff);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetInterval(PetRLRefiner refiner, PetscInt steps);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetMaxLevel(PetRLRefiner refiner, PetscInt halvings);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetMaxCells(PetRLRefiner refiner, PetscInt cells);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetRemeshCost(PetRLRefiner refiner, PetscReal steps);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetUnit(PetRLRefiner refiner, PetscReal unit);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetSkip(PetRLRefiner refiner, PetscBool skip);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetGate(PetRLRefiner refiner, PetscReal tolerance);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetStableSteps(PetRLRefiner refiner, PetscBool stable);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetImbalance(PetRLRefiner refiner, PetscReal imbalance);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetComponents(PetRLRefiner refiner, PetscInt n, const PetscInt components[]);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetInitialRounds(PetRLRefiner refiner, PetscInt rounds);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetMethod(PetRLRefiner refiner, PetRLRefinerMethod method);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetThresholds(PetRLRefiner refiner, PetRLRefinerIndicator indicator,
                                                      PetscReal refine, PetscReal coarsen, PetscInt buffer);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetTraining(PetRLRefiner refiner, const char file[]);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetOptionsPrefix(PetRLRefiner refiner, const char prefix[]);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetFromOptions(PetRLRefiner refiner);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetUp(PetRLRefiner refiner);
PETSC_EXTERN PetscErrorCode PetRLRefinerGetDM(PetRLRefiner refiner, DM *dm);
PETSC_EXTERN PetscErrorCode PetRLRefinerDecide(PetRLRefiner refiner, Vec u, Vec udot, PetscReal interval,
                                               DMLabel *label);
PETSC_EXTERN PetscErrorCode PetRLRefinerAdapt(PetRLRefiner refiner, DMLabel label, DM *newdm);
PETSC_EXTERN PetscErrorCode PetRLRefinerTransfer(PetRLRefiner refiner, Vec u, Vec *newu);
PETSC_EXTERN PetscErrorCode PetRLRefinerGetStatistics(PetRLRefiner refiner, PetscInt *decisions, PetscInt *remeshes,
                                                      PetscInt *fallbacks);
PETSC_EXTERN PetscErrorCode PetRLRefinerView(PetRLRefiner refiner, PetscViewer viewer);

/*S
   PetRLRefinerResetFunction - What a program does after re-meshing, see `PetRLRefinerSetResetFunction()`

   Calling Sequence:
+  ts  - the TS; its DM and its solution are the new ones
.  dm  - the new DM
-  ctx - the context

   Level: intermediate

.seealso: `PetRLRefiner`, `PetRLRefinerSetResetFunction()`
S*/
typedef PetscErrorCode (*PetRLRefinerResetFunction)(TS ts, DM dm, void *ctx);

/*S
   PetRLRefinerInitialFunction - The initial condition on a new mesh, see `PetRLRefinerSetInitialFunction()`

   Calling Sequence:
+  dm   - the new DM
.  time - the initial time
.  u    - the Vec to fill
-  ctx  - the context

   Level: intermediate

.seealso: `PetRLRefiner`, `PetRLRefinerSetInitialFunction()`
S*/
typedef PetscErrorCode (*PetRLRefinerInitialFunction)(DM dm, PetscReal time, Vec u, void *ctx);

PETSC_EXTERN PetscErrorCode PetRLRefinerAttachTS(PetRLRefiner refiner, TS ts);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetResetFunction(PetRLRefiner refiner, PetRLRefinerResetFunction function,
                                                         void *ctx);
PETSC_EXTERN PetscErrorCode PetRLRefinerSetInitialFunction(PetRLRefiner refiner, PetRLRefinerInitialFunction function,
                                                           void *ctx);
