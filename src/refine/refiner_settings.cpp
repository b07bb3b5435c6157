// PetRLRefiner: what a decision weighs, and its limits.
#include <algorithm>
#include <cmath>

#include "refine/refiner.hpp"

/*@
   PetRLRefinerSetTradeoff - Sets what counts more, error or computation

   Logically Collective

   Input Parameters:
+  refiner  - the refiner
-  tradeoff - from 0 (error alone counts) to 1 (computation alone counts), exclusive

   Options Database Key:
.  -refiner_tradeoff <tradeoff> - the same

   Level: beginner

   Note:
   default 1/2. At b, a cell must save an error of unit b / (1 - b) for each time step that it costs
   (`PetRLRefinerSetUnit()`).

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerSetTradeoff(PetRLRefiner refiner, PetscReal tradeoff) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetscCheck(tradeoff >= 0 && tradeoff < 1, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %g, expected a number from 0 to 1, exclusive",
             petrl::RefinerOption(refiner, "refiner_tradeoff").c_str(), (double)tradeoff);
  refiner->data->costs.tradeoff = tradeoff;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetInterval - Sets how often a TS's mesh is adapted

   Logically Collective

   Input Parameters:
+  refiner - the refiner
-  steps   - time steps between decisions

   Options Database Key:
.  -refiner_interval <steps> - the same

   Level: beginner

   Note:
   default 20. Decisions foresee so many steps, too.

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerSetInterval(PetRLRefiner refiner, PetscInt steps) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetscCheck(steps > 0, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %" PetscInt_FMT ", expected 1 or more",
             petrl::RefinerOption(refiner, "refiner_interval").c_str(), steps);
  refiner->data->interval = steps;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetMaxLevel - Sets how fine the mesh may become

   Logically Collective

   Input Parameters:
+  refiner  - the refiner
-  halvings - how often the diameter of a cell of the coarsest mesh may be halved

   Options Database Key:
.  -refiner_max_level <halvings> - the same

   Level: beginner

   Note:
   default 4. A halving is one bisection in one dimension, two in two, three in three.

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerSetMaxLevel(PetRLRefiner refiner, PetscInt halvings) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetscCheck(halvings >= 0 && halvings <= 30, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %" PetscInt_FMT ", expected 0 to 30",
             petrl::RefinerOption(refiner, "refiner_max_level").c_str(), halvings);
  refiner->data->max_level = halvings;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetMaxCells - Sets how many cells the mesh may have

   Logically Collective

   Input Parameters:
+  refiner - the refiner
-  cells   - over all ranks

   Options Database Key:
.  -refiner_max_cells <cells> - the same

   Level: beginner

   Note:
   Refinements that gain least are left out beyond it. Fewer than the coarsest mesh has are an error at the set-up.
   `PETRL_REFINER_HIERARCHY` only.

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerSetMaxCells(PetRLRefiner refiner, PetscInt cells) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetscCheck(cells > 0, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %" PetscInt_FMT ", expected 1 or more",
             petrl::RefinerOption(refiner, "refiner_max_cells").c_str(), cells);
  refiner->data->max_cells = cells;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetRemeshCost - Sets what re-meshing costs

   Logically Collective

   Input Parameters:
+  refiner - the refiner
-  steps   - time steps on the same cells

   Options Database Key:
.  -refiner_remesh_cost <steps> - the same

   Level: intermediate

   Note:
   A constant, so that decisions do not depend on timings; -log_view shows what re-meshing (PetRLRemesh) and what
   steps cost.

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerSetRemeshCost(PetRLRefiner refiner, PetscReal steps) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetscCheck(steps >= 0 && std::isfinite(steps), PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %g, expected 0 or more", petrl::RefinerOption(refiner, "refiner_remesh_cost").c_str(),
             (double)steps);
  refiner->data->costs.remesh = steps;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetUnit - Sets what one cell and one time step are worth

   Logically Collective

   Input Parameters:
+  refiner - the refiner
-  unit    - the error, relative to the solution's range and averaged over the domain and time, that they are worth at a
             trade-off of 1/2

   Options Database Key:
.  -refiner_unit <unit> - the same

   Level: advanced

   Note:
   default 1e-8

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerSetUnit(PetRLRefiner refiner, PetscReal unit) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetscCheck(unit > 0 && std::isfinite(unit), PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %g, expected a positive number", petrl::RefinerOption(refiner, "refiner_unit").c_str(),
             (double)unit);
  refiner->data->costs.unit = unit;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetImbalance - Sets when cells move between ranks

   Logically Collective

   Input Parameters:
+  refiner   - the refiner
-  imbalance - largest number of cells on a rank over the mean

   Options Database Key:
.  -refiner_imbalance <imbalance> - the same

   Level: intermediate

   Note:
   default 1.1. Trees of the hierarchy move whole: a coarsest mesh of few cells balances badly.
   `PETRL_REFINER_HIERARCHY` only.

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerSetImbalance(PetRLRefiner refiner, PetscReal imbalance) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetscCheck(imbalance >= 1, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %g, expected 1 or more", petrl::RefinerOption(refiner, "refiner_imbalance").c_str(),
             (double)imbalance);
  refiner->data->imbalance = imbalance;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetInitialRounds - Sets how often a mesh is adapted before the first step, at most

   Logically Collective

   Input Parameters:
+  refiner - the refiner
-  rounds  - number of adaptations; -1: the maximum level and two more

   Options Database Key:
.  -refiner_initial_rounds <rounds> - the same

   Level: intermediate

   Note:
   Adaptation ends as soon as nothing changes.

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerSetInitialRounds(PetRLRefiner refiner, PetscInt rounds) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetscCheck(rounds >= -1, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %" PetscInt_FMT ", expected 0 or more, or -1",
             petrl::RefinerOption(refiner, "refiner_initial_rounds").c_str(), rounds);
  refiner->data->initial_rounds = rounds;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetSkip - Keeps the mesh where a change would gain less than re-meshing costs

   Logically Collective

   Input Parameters:
+  refiner - the refiner
-  skip    - whether it is kept then (default: true)

   Options Database Key:
.  -refiner_skip <bool> - the same

   Level: intermediate

   Note:
   Before the first step every change is made.

.seealso: `PetRLRefiner`, `PetRLRefinerSetRemeshCost()`
@*/
PetscErrorCode PetRLRefinerSetSkip(PetRLRefiner refiner, PetscBool skip) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  refiner->data->skip = skip == PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetGate - Lets the policy look only where something happens

   Logically Collective

   Input Parameters:
+  refiner   - the refiner
-  tolerance - share of a component's range over the mesh; 0: look everywhere

   Options Database Key:
.  -refiner_gate <tolerance> - the same

   Level: intermediate

   Notes:
   default 0. The gate is open for a cell where a component differs from its value in a neighbour by more than the
   tolerance, or would change by more until the next decision at its present rate; and for all cells from which the
   network can see such a one (as many neighbours away as it has layers), on any rank. For these the policy predicts
   what it would without a gate. All others count as cells where refining gains nothing and coarsening loses nothing:
   they are coarsened as far as the hierarchy allows, unless computation costs nothing.

   That saves time where much of the mesh is quiet, and costs what the policy would have seen coming from further away
   or at smaller amplitudes: errors grow with the tolerance. -refiner_monitor and `PetRLRefinerView()` say for how
   many cells the gate was open. Where the solution lives on a device, all cells are looked at there.

.seealso: `PetRLRefiner`, `PetRLRefinerDecide()`
@*/
PetscErrorCode PetRLRefinerSetGate(PetRLRefiner refiner, PetscReal tolerance) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetscCheck(tolerance >= 0 && std::isfinite(tolerance), PetscObjectComm((PetscObject)refiner),
             PETSC_ERR_ARG_OUTOFRANGE, "%s: found %g, expected 0 or more",
             petrl::RefinerOption(refiner, "refiner_gate").c_str(), (double)tolerance);
  refiner->data->gate = static_cast<double>(tolerance);
  std::fill_n(refiner->data->looked, 3, 0.);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetStableSteps - Says whether the smallest cell limits the time step

   Logically Collective

   Input Parameters:
+  refiner - the refiner
-  stable  - whether a finer level makes all cells take more steps

   Options Database Key:
.  -refiner_stable_steps <bool> - the same

   Level: intermediate

   Note:
   By default it does with methods that solve no systems (TSSSP, TSRK, TSEULER), and does not with implicit ones. A
   program that keeps a step which suits the finest possible cells says false.

.seealso: `PetRLRefiner`, `PetRLRefinerAttachTS()`
@*/
PetscErrorCode PetRLRefinerSetStableSteps(PetRLRefiner refiner, PetscBool stable) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  refiner->data->stable_steps = stable == PETSC_TRUE;
  refiner->data->stable_steps_set = true;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetComponents - Sets which components of the solution count

   Logically Collective

   Input Parameters:
+  refiner    - the refiner
.  n          - number of them; 0: all
-  components - their numbers among the unknowns of a cell (or a vertex), from 0

   Options Database Key:
.  -refiner_components <numbers> - the same, separated by commas

   Level: intermediate

   Note:
   Errors of each component count relative to its range over the domain, and add up.

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerSetComponents(PetRLRefiner refiner, PetscInt n, const PetscInt components[]) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  const std::string option = petrl::RefinerOption(refiner, "refiner_components");
  PetscCheck(n >= 0, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %" PetscInt_FMT " components, expected 0 or more", option.c_str(), n);
  if (n > 0) PetRLNotNull(components, 3);
  for (PetscInt i = 0; i < n; ++i) {
    PetscCheck(components[i] >= 0, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
               "%s: found %" PetscInt_FMT ", expected 0 or more", option.c_str(), components[i]);
    PetscCheck(std::find(components, components + i, components[i]) == components + i,
               PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_WRONG,
               "%s: found %" PetscInt_FMT " twice, expected each component once", option.c_str(), components[i]);
  }
  PetRLCallCXX(refiner->data->components.assign(components, components + n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetMethod - Sets how the mesh is changed

   Logically Collective

   Input Parameters:
+  refiner - the refiner
-  method  - `PETRL_REFINER_HIERARCHY` (default) or `PETRL_REFINER_ADAPTLABEL`

   Options Database Key:
.  -refiner_method <hierarchy|adaptlabel> - the same

   Level: intermediate

.seealso: `PetRLRefiner`, `PetRLRefinerMethod`
@*/
PetscErrorCode PetRLRefinerSetMethod(PetRLRefiner refiner, PetRLRefinerMethod method) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetscCheck(method == PETRL_REFINER_HIERARCHY || method == PETRL_REFINER_ADAPTLABEL,
             PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %d, expected hierarchy (0) or adaptlabel (1)",
             petrl::RefinerOption(refiner, "refiner_method").c_str(), (int)method);
  if (method != refiner->data->method) PetscCall(petrl::RefinerReset(refiner));
  refiner->data->method = method;
  PetscFunctionReturn(PETSC_SUCCESS);
}
