// PetRLRefiner in a TS: the mesh follows the solution, within one TSSolve().
#include <petsc/private/tsimpl.h>

#include <algorithm>

#include "refine/refiner.hpp"

namespace petrl {

namespace {

PetscErrorCode Query(TS ts, PetRLRefiner *refiner) {
  PetscFunctionBegin;
  PetscCall(PetscObjectQuery((PetscObject)ts, "PetRLRefiner", (PetscObject *)refiner));
  PetscCheck(*refiner, PetscObjectComm((PetscObject)ts), PETSC_ERR_PLIB, "The TS has lost its refiner");
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// The rate of the solution: the right-hand side if there is nothing else in the equations, or else a difference of the
// last two solutions; NULL if there is neither. To be destroyed.
PetscErrorCode RefinerRate(PetRLRefiner refiner, TS ts, Vec u, Vec *rate) {
  RefinerData &r = *refiner->data;
  TSRHSFunction rhs;
  TSIFunction implicit;
  PetscReal time;
  DM dm;

  PetscFunctionBegin;
  *rate = NULL;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(TSGetTime(ts, &time));
  PetscCall(DMTSGetRHSFunction(dm, &rhs, NULL));
  PetscCall(DMTSGetIFunction(dm, &implicit, NULL));
  if (rhs && !implicit) {
    PetscCall(VecDuplicate(u, rate));
    PetscCall(TSComputeRHSFunction(ts, time, u, *rate));
  } else if (r.ts.last && time > r.ts.last_time) {
    PetscCall(VecDuplicate(u, rate));
    PetscCall(VecWAXPY(*rate, -1, r.ts.last, u));
    PetscCall(VecScale(*rate, 1 / (time - r.ts.last_time)));
  } else if (!r.said_rates) {
    r.said_rates = true;
    PetscCall(PetscInfo(refiner, "No right-hand side and no earlier solution: decides as if nothing moved\n"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Until the next decision.
PetscErrorCode RefinerInterval(PetRLRefiner refiner, TS ts, PetscReal *interval) {
  PetscReal dt, time, end;

  PetscFunctionBegin;
  PetscCall(TSGetTimeStep(ts, &dt));
  PetscCall(TSGetTime(ts, &time));
  PetscCall(TSGetMaxTime(ts, &end));
  *interval = std::max(std::min(static_cast<PetscReal>(refiner->data->interval) * dt, end - time), (PetscReal)0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

namespace {

PetscErrorCode DecideAndAdapt(PetRLRefiner refiner, TS ts, bool initial, DM *newdm) {
  PetscReal interval = 0;
  DMLabel label;
  Vec u, rate;

  PetscFunctionBegin;
  *newdm = NULL;
  PetscCall(TSGetSolution(ts, &u));
  PetscCall(TSGetTime(ts, &refiner->data->time));
  PetscCall(RefinerInterval(refiner, ts, &interval));
  PetscCall(PetscLogEventBegin(PetRL_Observe, refiner, 0, 0, 0));
  PetscCall(RefinerRate(refiner, ts, u, &rate));
  PetscCall(PetscLogEventEnd(PetRL_Observe, refiner, 0, 0, 0));
  PetscCall(RefinerDecide(refiner, u, rate, interval, initial, &label));
  PetscCall(VecDestroy(&rate));
  if (label) PetscCall(PetRLRefinerAdapt(refiner, label, newdm));
  PetscCall(DMLabelDestroy(&label));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The first mesh has the cells of the program's, in its own order and on other ranks.
PetscErrorCode Enter(PetRLRefiner refiner, TS ts) {
  RefinerData &r = *refiner->data;
  DM dm;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &dm));
  bool there = RefinerSameMesh(dm, r.mesh->dm), base = RefinerSameMesh(dm, r.base);
  if (r.ts.ghosts) {
    PetscCall(RefinerSameCells(dm, r.mesh->dm, &there));
    PetscCall(RefinerSameCells(dm, r.base, &base));
  }
  if (there) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(!r.before && r.passage && base, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_WRONG,
             "The TS's DM is not the refiner's mesh: expected PetRLRefinerGetDM() or a clone of it");
  PetscCall(RefinerMoveTS(refiner, ts, r.mesh->dm, false));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode RefinerRounds(PetRLRefiner refiner, TS ts, bool initial) {
  const RefinerData &r = *refiner->data;
  DM dm;

  PetscFunctionBegin;
  const PetscInt rounds = r.initial_rounds < 0 ? r.max_level + 2 : r.initial_rounds;
  for (PetscInt i = 0; i < rounds; ++i) {
    PetscCall(DecideAndAdapt(refiner, ts, true, &dm));
    if (!dm) break;
    PetscCall(RefinerMoveTS(refiner, ts, dm, initial));
    PetscCall(DMDestroy(&dm));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

namespace {

PetscErrorCode PreStep(TS ts) {
  PetRLRefiner refiner;

  PetscFunctionBegin;
  PetscCall(Query(ts, &refiner));
  RefinerData &r = *refiner->data;
  if (!r.ts.started) {
    r.ts.started = true;
    PetscCall(PetRLRefinerSetUp(refiner));
    if (!r.stable_steps_set) r.stable_steps = !ts->usessnes;
    PetscCall(Enter(refiner, ts));
    if (r.training.on) PetscCall(RefinerTrain(refiner, ts));
    PetscCall(RefinerRounds(refiner, ts, true));
  }
  if (r.ts.prestep) PetscCall((*r.ts.prestep)(ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Steps are counted over the whole run: a restarted one decides at the same times.
bool due(const RefinerData &r, PetscInt step) {
  return step > 0 && step % r.interval == 0;
}

// The solution one step before a decision, for equations whose right-hand side is not the rate.
PetscErrorCode Remember(PetRLRefiner refiner, TS ts) {
  RefinerData &r = *refiner->data;
  PetscInt step;
  TSIFunction implicit;
  TSRHSFunction rhs;
  DM dm;
  Vec u;

  PetscFunctionBegin;
  PetscCall(TSGetStepNumber(ts, &step));
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMTSGetIFunction(dm, &implicit, NULL));
  PetscCall(DMTSGetRHSFunction(dm, &rhs, NULL));
  if (!due(r, step + 1) || (rhs && !implicit)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetSolution(ts, &u));
  if (!r.ts.last) PetscCall(VecDuplicate(u, &r.ts.last));
  PetscCall(VecCopy(u, r.ts.last));
  PetscCall(TSGetTime(ts, &r.ts.last_time));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// After a step: a decision, and the mesh that follows from it, if it is time for one; NULL otherwise.
PetscErrorCode AfterStep(PetRLRefiner refiner, TS ts, DM *dm) {
  PetscInt step;
  TSConvergedReason reason;

  PetscFunctionBegin;
  *dm = NULL;
  PetscCall(TSGetStepNumber(ts, &step));
  PetscCall(TSGetConvergedReason(ts, &reason));
  if (reason || refiner->data->ts.frozen) PetscFunctionReturn(PETSC_SUCCESS);
  if (due(*refiner->data, step)) PetscCall(DecideAndAdapt(refiner, ts, false, dm));
  if (!*dm) PetscCall(Remember(refiner, ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#if PETRL_TS_RESIZE
// TSSolve() asks after each step, resets the TS, and hands over all Vecs that the method goes on with.
PetscErrorCode ResizeSetUp(TS ts, PetscInt, PetscReal, Vec, PetscBool *resize, void *) {
  PetRLRefiner refiner;

  PetscFunctionBegin;
  PetscCall(Query(ts, &refiner));
  RefinedTS &r = refiner->data->ts;
  PetscCall(AfterStep(refiner, ts, &r.next));
  *resize = r.next ? PETSC_TRUE : PETSC_FALSE;
  if (!r.next) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetSolution(ts, &r.solution));
  PetscCall(RefinerTakeTolerances(refiner, ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ResizeTransfer(TS ts, PetscInt n, Vec from[], Vec to[], void *) {
  PetRLRefiner refiner;

  PetscFunctionBegin;
  PetscCall(Query(ts, &refiner));
  RefinedTS &r = refiner->data->ts;
  DM dm = r.next;
  // The mesh's own DM gets its unknowns from the first transfer.
  Vec u = NULL;
  for (PetscInt i = 0; i < n; ++i) {
    PetscCall(PetRLRefinerTransfer(refiner, from[i], &to[i]));
    if (r.ghosts) {
      PetscCall(RefinerGhosted(refiner, *refiner->data->mesh, &dm));
      PetscCall(RefinerToGhosted(dm, &to[i]));
    }
    if (from[i] == r.solution) u = to[i];
  }
  PetscCheck(u, PetscObjectComm((PetscObject)ts), PETSC_ERR_PLIB, "The TS resizes without its solution");
  PetscCall(RefinerSettle(refiner, ts, dm, u));
  PetscCall(DMDestroy(&r.next));
  // Methods that hand over their solution alone have lost the rest.
  if (n == 1) PetscCall(TSRestartStep(ts));
  PetscCall(Remember(refiner, ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}
#else
PetscErrorCode PostStep(TS ts) {
  PetRLRefiner refiner;
  DM dm;

  PetscFunctionBegin;
  PetscCall(Query(ts, &refiner));
  if (refiner->data->ts.poststep) PetscCall((*refiner->data->ts.poststep)(ts));
  PetscCall(AfterStep(refiner, ts, &dm));
  if (dm) {
    PetscCall(RefinerMoveTS(refiner, ts, dm, false));
    PetscCall(Remember(refiner, ts));
  }
  PetscCall(DMDestroy(&dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
#endif

}  // namespace

}  // namespace petrl

/*@
   PetRLRefinerAttachTS - Makes the mesh of a TS follow its solution

   Collective

   Input Parameters:
+  refiner - the refiner
-  ts      - the TS; it keeps a reference to the refiner

   Level: beginner

   Notes:
   Before the first step the mesh is adapted to the initial condition, then every so many steps
   (`PetRLRefinerSetInterval()`). All of it happens within TSSolve(). The solution's Vec is replaced by others, so that
   a program hands it over and gets it back like this:
.vb
   TSSetSolution(ts, u);
   TSSolve(ts, NULL);
   TSGetSolution(ts, &u);
.ve
   The TS's DM must have been set, and be the one of `PetRLRefinerGetDM()`, a clone of it, or that of
   `PetRLRefinerSetDM()`; if none was set there, the TS's DM is the coarsest mesh.

   Where the TS's DM has ghost cells beyond the boundary (DMPlexConstructGhostCells() with the label "Face Sets",
   PetscFV fields), all DMs that the TS gets have; PetRLRefinerSetDM() must have been called with the mesh without
   them. The initial and the reset function are called with the DM with ghost cells.

   With each new mesh the TS is reset (TSReset()), and gets the new DM with the unknowns, types, adjacency,
   callbacks and application context of the old one, and the transferred solution. Time, step number, step size,
   monitors, events, tolerances, options and solvers' settings stay. Where PETSc resizes a TS itself (3.21 on),
   TSBDF, TSALPHA and TSTHETA go on with all that they remember; with older ones the method starts again (TSBDF with
   its first order). What else depends on the mesh is the program's matter: `PetRLRefinerSetResetFunction()`. Fixed
   steps must suit the finest cells.

   Where the state is given by the right-hand side function alone, its rate is the right-hand side, otherwise
   (implicit functions) the difference of the last two solutions.

   TSSetPreStep() is used, and where PETSc does not resize, TSSetPostStep(); functions that were set there go on being
   called. Set yours before you call this. A program that resizes the TS itself cannot use this.

.seealso: `PetRLRefiner`, `PetRLRefinerSetResetFunction()`, `PetRLRefinerSetInitialFunction()`
@*/
PetscErrorCode PetRLRefinerAttachTS(PetRLRefiner refiner, TS ts) {
  PetRLRefiner asked;
  PetscObjectId id;
  DM dm;

  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetRLValid(ts, TS_CLASSID, 2);
  petrl::RefinerData &r = *refiner->data;
  PetscCall(PetscObjectGetId((PetscObject)ts, &id));
  PetscCall(PetscObjectQuery((PetscObject)ts, "PetRLRefiner", (PetscObject *)&asked));
  PetscCheck(!asked || asked == refiner, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_WRONGSTATE,
             "The TS has another refiner already");
  PetscCheck(!r.ts.id || r.ts.id == id, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_WRONGSTATE,
             "The refiner belongs to another TS already");
  PetscCheck(petrl::RefinerDecides(r) || r.training.on, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_WRONGSTATE,
             "No policy: expected %s <file> or PetRLRefinerSetPolicy()",
             petrl::RefinerOption(refiner, "refiner_policy").c_str());
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(petrl::RefinerHasGhosts(dm, &r.ts.ghosts));
  PetscCheck(r.base || !r.ts.ghosts, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_WRONGSTATE,
             "The TS's DM has ghost cells: expected PetRLRefinerSetDM() with the mesh that was given to "
             "DMPlexConstructGhostCells()");
  if (!r.base) PetscCall(PetRLRefinerSetDM(refiner, dm));
  PetscCall(PetRLRefinerSetUp(refiner));
  if (!asked) {
    r.ts.id = id;
    r.ts.prestep = ts->prestep;
    PetscCall(PetscObjectCompose((PetscObject)ts, "PetRLRefiner", (PetscObject)refiner));
    PetscCall(TSSetPreStep(ts, petrl::PreStep));
#if PETRL_TS_RESIZE
    PetscCall(TSSetResize(ts, PETSC_FALSE, petrl::ResizeSetUp, petrl::ResizeTransfer, NULL));
#else
    r.ts.poststep = ts->poststep;
    PetscCall(TSSetPostStep(ts, petrl::PostStep));
#endif
  }
  r.ts.started = false;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLRefinerSetResetFunction - Sets what a program does after re-meshing

   Logically Collective

   Input Parameters:
+  refiner  - the refiner
.  function - called with the TS, whose DM and solution are the new ones, the DM, and the context; or NULL
-  ctx      - the context

   Level: intermediate

   Note:
   For what depends on the mesh and does not follow from the DM: geometry, coefficients, matrices made by the
   program, a step that suits the cells. It may give the TS a clone of the DM (TSSetDM()), and functions
   (TSSetRHSFunction()).

.seealso: `PetRLRefinerAttachTS()`
@*/
PetscErrorCode PetRLRefinerSetResetFunction(PetRLRefiner refiner, PetRLRefinerResetFunction function, void *ctx) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  refiner->data->reset = function;
  refiner->data->reset_context = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLRefinerSetInitialFunction - Sets the initial condition on new meshes

   Logically Collective

   Input Parameters:
+  refiner  - the refiner
.  function - called with the DM, the time, the Vec to fill, and the context; or NULL (the condition is transferred)
-  ctx      - the context

   Level: intermediate

   Note:
   Without it the initial condition on the adapted mesh is no better than it was on the coarsest one. It is called
   before the reset function.

.seealso: `PetRLRefinerAttachTS()`, `PetRLRefinerSetInitialRounds()`
@*/
PetscErrorCode PetRLRefinerSetInitialFunction(PetRLRefiner refiner, PetRLRefinerInitialFunction function, void *ctx) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  refiner->data->initial = function;
  refiner->data->initial_context = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}
