// PetRLClosure in a TS: before each step, or as a forcing.
#include <petsc/private/tsimpl.h>
#include <petscdmshell.h>

#include <cmath>

#include "closure/closure.hpp"

namespace petrl {

PetscErrorCode ClosureCheckMethod(TS ts) {
  PetscBool own;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompareAny((PetscObject)ts, &own, TSGLEE, TSGLLE, TSPSEUDO, TSSUNDIALS, TSRADAU5, ""));
  PetscCheck(
      !own, PetscObjectComm((PetscObject)ts), PETSC_ERR_SUP,
      "TS type %s goes on from its own copy of the solution: a correction before the step would be lost; use the "
      "forcing (-closure_mode forcing, PETRL_CLOSURE_FORCING)",
      ((PetscObject)ts)->type_name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

namespace {

PetscErrorCode Query(TS ts, PetRLClosure *closure, std::shared_ptr<Attached> *attached) {
  PetscObjectId id;
  PetscFunctionBegin;
  PetscCall(PetscObjectQuery((PetscObject)ts, "PetRLClosure", (PetscObject *)closure));
  PetscCheck(*closure, PetscObjectComm((PetscObject)ts), PETSC_ERR_PLIB, "The TS has lost its closure");
  PetscCall(PetscObjectGetId((PetscObject)ts, &id));
  std::shared_ptr<Attached> &known = (*closure)->data->attached[id];
  if (!known) PetRLCallCXX(known = std::make_shared<Attached>());
  *attached = known;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CorrectBeforeStep(TS ts) {
  PetRLClosure closure;
  std::shared_ptr<Attached> attached;
  Vec X;

  PetscFunctionBegin;
  PetscCall(Query(ts, &closure, &attached));
  if (attached->prestep) PetscCall((*attached->prestep)(ts));
  if (attached->mode != PETRL_CLOSURE_BEFORE_STEP) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetSolution(ts, &X));
  PetscCall(TSGetTime(ts, &attached->from));
  PetscCall(TSGetTimeStep(ts, &attached->dt));
  PetscCall(ClosureCheckMethod(ts));
  PetscCall(ClosureSetBase(closure, ts));
  PetscCall(PetRLClosureCorrect(closure, attached->dt, X));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Forced(TS ts, PetscReal t, Vec X, Vec F, void *ctx) {
  const std::shared_ptr<Attached> attached = *static_cast<std::shared_ptr<Attached> *>(ctx);
  PetscReal dt;
  PetscInt level, own;
  DM dm;

  PetscFunctionBegin;
  if (attached->rhs)
    PetscCall((*attached->rhs)(ts, t, X, F, attached->rhs_context));
  else
    PetscCall(VecSet(F, 0));
  PetscCall(TSGetTimeStep(ts, &dt));
  if (!attached->closure || attached->mode != PETRL_CLOSURE_FORCING) PetscFunctionReturn(PETSC_SUCCESS);
  // Multigrid evaluates the right-hand side on coarser grids, too: for a Jacobian, of which the forcing is no part.
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMGetCoarsenLevel(dm, &level));
  PetscCall(DMGetCoarsenLevel(attached->closure->data->dm, &own));
  if (level > own) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ClosureSetBase(attached->closure, ts));
  PetscCall(PetRLClosureAddForcing(attached->closure, X, dt, F));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DestroyForcing(PETRL_CONTEXT ctx) {
  PetscFunctionBegin;
  delete static_cast<std::shared_ptr<Attached> *>(PETRL_CONTEXT_OF(ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Takes the place of the DM's right-hand side. A copy of what the DM knows of its equations keeps alive what the program
// gave it to free the function's context (DMTSSetRHSFunctionContextDestroy()).
PetscErrorCode TakeRightHandSide(TS ts, const std::shared_ptr<Attached> &attached) {
  TSRHSFunction rhs;
  void *ctx;
  DM dm;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMTSGetRHSFunction(dm, &rhs, &ctx));
  if (rhs != Forced) {
    PetscCall(DMDestroy(&attached->kept));
    PetscCall(DMShellCreate(PetscObjectComm((PetscObject)dm), &attached->kept));
    PetscCall(DMCopyDMTS(dm, attached->kept));
    PetscCall(DMTSSetForcingFunction(attached->kept, NULL, NULL));  // copied on write
    attached->rhs = rhs;
    attached->rhs_context = ctx;
  } else if (const Attached &other = **static_cast<std::shared_ptr<Attached> *>(ctx); &other != attached.get()) {
    PetscCall(PetscObjectReference((PetscObject)other.kept));
    PetscCall(DMDestroy(&attached->kept));
    attached->kept = other.kept;
    attached->rhs = other.rhs;
    attached->rhs_context = other.rhs_context;
  }
  PetRLCallCXX(ctx = new std::shared_ptr<Attached>(attached));
  PetscCall(TSSetRHSFunction(ts, NULL, Forced, ctx));
  PetscCall(DMTSSetRHSFunctionContextDestroy(dm, DestroyForcing));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// After each step, and before the first: a program that takes the closure's place unawares would go on without it.
PetscErrorCode Watch(TS ts, PetscInt, PetscReal t, Vec, void *) {
  MPI_Comm comm = PetscObjectComm((PetscObject)ts);
  PetRLClosure closure;
  std::shared_ptr<Attached> attached;
  bool forces;

  PetscFunctionBegin;
  PetscCall(Query(ts, &closure, &attached));
  if (attached->mode == PETRL_CLOSURE_FORCING) {
    PetscCall(ClosureForces(closure, ts, &forces));
    PetscCheck(forces, comm, PETSC_ERR_ORDER,
               "The right-hand side (TSSetRHSFunction()) or the DM of the TS was set after PetRLClosureAttachTS() and "
               "took the closure's place: set it before");
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCheck(ts->prestep == CorrectBeforeStep, comm, PETSC_ERR_ORDER,
             "TSSetPreStep() was called after PetRLClosureAttachTS() and took the closure's place: call it before");
  const PetscReal taken = t - attached->from, dt = attached->dt;
  attached->dt = 0;
  if (dt <= 0 || attached->warned || std::abs(taken - dt) <= 1e-3 * dt) PetscFunctionReturn(PETSC_SUCCESS);
  attached->warned = true;
  PetscCall(PetscPrintf(comm,
                        "PetRL warning: closure: the step to t = %g was %g long, the state before it was corrected for "
                        "one of %g: take fixed steps (-ts_adapt_type none), -ts_type closure, or "
                        "PETRL_CLOSURE_FORCING (said once)\n",
                        (double)t, (double)taken, (double)dt));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode ClosureSetBase(PetRLClosure closure, TS ts) {
  TSType type;
  ClosureUse &use = closure->data->use;
  PetscBool rk;
  PetscInt order;

  PetscFunctionBegin;
  PetscCall(TSGetType(ts, &type));
  if (!type || use.ts_type == type) PetscFunctionReturn(PETSC_SUCCESS);
  PetRLCallCXX(use.ts_type = type);
  use.order = use.ts_type == TSEULER ? 1 : 0;
  PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSRK, &rk));
  if (rk) {
    PetscCall(TSRKGetOrder(ts, &order));
    use.order = static_cast<int>(order);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureForces(PetRLClosure closure, TS ts, bool *forces) {
  TSRHSFunction rhs;
  void *ctx;
  DM dm;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMTSGetRHSFunction(dm, &rhs, &ctx));
  *forces = rhs == Forced && (*static_cast<std::shared_ptr<Attached> *>(ctx))->closure == closure;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The function in the DM stays, and hands every call on to the program's.
PetscErrorCode ClosureDetachForcing(PetRLClosure closure, TS ts) {
  PetscObjectId id;

  PetscFunctionBegin;
  PetscCall(PetscObjectGetId((PetscObject)ts, &id));
  const auto it = closure->data->attached.find(id);
  if (it != closure->data->attached.end()) it->second->closure = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

/*@
   PetRLClosureAttachTS - Makes a closure act on a TS

   Collective

   Input Parameters:
+  closure - the closure; the TS keeps a reference to it
.  ts      - the TS; its DM becomes that of the closure unless one was set
-  mode    - `PETRL_CLOSURE_BEFORE_STEP` or `PETRL_CLOSURE_FORCING`

   Level: beginner

   Notes:
   Before the step: TSSetPreStep() is used; a function that was set there goes on being called, first. The correction is
   for the step of TSGetTimeStep(). Where an adaptive method then takes another one, that is said once: use fixed steps,
   the forcing, or `TSCLOSURE`. A corrected state restarts multistep methods.

   Forcing: the right-hand side function (TSSetRHSFunction(), or DMTSSetRHSFunction() on the DM) is wrapped. With
   implicit methods the forcing is not part of the Jacobian. It is one of dX/dt = F: equations with a mass matrix, and
   algebraic ones, want the correction before the step.

   Set your pre-step function, right-hand side and DM before you call this: TSSolve() ends with an error where a later
   one has taken the closure's place. The latest call says the mode. One closure may act on several TS, and a TS has
   one closure.

.seealso: `PetRLClosure`, `PetRLClosureMode`, `TSCLOSURE`
@*/
PetscErrorCode PetRLClosureAttachTS(PetRLClosure closure, TS ts, PetRLClosureMode mode) {
  std::shared_ptr<petrl::Attached> attached;
  PetRLClosure asked;
  DM dm;

  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLValid(ts, TS_CLASSID, 2);
  PetscCheck(mode == PETRL_CLOSURE_BEFORE_STEP || mode == PETRL_CLOSURE_FORCING, PetscObjectComm((PetscObject)ts),
             PETSC_ERR_ARG_OUTOFRANGE, "mode: found %d, expected before-step (0) or forcing (1)", (int)mode);
  PetscCall(PetscObjectQuery((PetscObject)ts, "PetRLClosure", (PetscObject *)&asked));
  PetscCheck(!asked || asked == closure, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_WRONGSTATE,
             "The TS has another closure already");
  PetscCall(TSGetDM(ts, &dm));
  if (!closure->data->dm) PetscCall(PetRLClosureSetDM(closure, dm));
  PetscCall(PetscObjectCompose((PetscObject)ts, "PetRLClosure", (PetscObject)closure));
  PetscCall(petrl::Query(ts, &asked, &attached));
  attached->closure = closure;
  attached->mode = mode;
  if (mode == PETRL_CLOSURE_BEFORE_STEP) {
    if (ts->prestep != petrl::CorrectBeforeStep) attached->prestep = ts->prestep;
    PetscCall(TSSetPreStep(ts, petrl::CorrectBeforeStep));
  } else {
    PetscCall(petrl::TakeRightHandSide(ts, attached));
  }
  PetscCall(TSMonitorSet(ts, petrl::Watch, NULL, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}
