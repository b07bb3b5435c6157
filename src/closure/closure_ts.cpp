// PetRLClosure in a TS: before each step, or as a forcing.
#include <petsc/private/tsimpl.h>

#include "closure/closure.hpp"

namespace petrl {

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
  PetscReal dt;
  Vec X;

  PetscFunctionBegin;
  PetscCall(Query(ts, &closure, &attached));
  if (attached->prestep) PetscCall((*attached->prestep)(ts));
  PetscCall(TSGetSolution(ts, &X));
  PetscCall(TSGetTimeStep(ts, &dt));
  PetscCall(PetRLClosureCorrect(closure, dt, X));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Forced(TS ts, PetscReal t, Vec X, Vec F, void *ctx) {
  const std::shared_ptr<Attached> attached = *static_cast<std::shared_ptr<Attached> *>(ctx);
  PetscReal dt;

  PetscFunctionBegin;
  if (attached->rhs)
    PetscCall((*attached->rhs)(ts, t, X, F, attached->rhs_context));
  else
    PetscCall(VecSet(F, 0));
  PetscCall(TSGetTimeStep(ts, &dt));
  if (attached->closure) PetscCall(PetRLClosureAddForcing(attached->closure, X, dt, F));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DestroyForcing(PETRL_CONTEXT ctx) {
  PetscFunctionBegin;
  delete static_cast<std::shared_ptr<Attached> *>(PETRL_CONTEXT_OF(ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode ClosureDetachForcing(PetRLClosure closure, TS ts) {
  PetscObjectId id;
  TSRHSFunction rhs;
  DM dm;

  PetscFunctionBegin;
  PetscCall(PetscObjectGetId((PetscObject)ts, &id));
  const auto it = closure->data->attached.find(id);
  if (it == closure->data->attached.end()) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMTSGetRHSFunction(dm, &rhs, NULL));
  if (rhs == Forced) PetscCall(DMTSSetRHSFunction(dm, it->second->rhs, it->second->rhs_context));
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
   Before the step: TSSetPreStep() is used; a function that was set there goes on being called, first. Set yours before
   you call this. The step is that of TSGetTimeStep(); what an adaptive method makes of it later does not count, so
   policies that know their step (transform additive-rate) want fixed steps. A corrected state restarts multistep
   methods.

   Forcing: the right-hand side function (TSSetRHSFunction(), or DMTSSetRHSFunction() on the DM) is wrapped; set it
   before you call this. With implicit methods the forcing is not part of the Jacobian.

   One closure may act on several TS, and a TS has one closure.

.seealso: `PetRLClosure`, `PetRLClosureMode`, `TSCLOSURE`
@*/
PetscErrorCode PetRLClosureAttachTS(PetRLClosure closure, TS ts, PetRLClosureMode mode) {
  std::shared_ptr<petrl::Attached> attached;
  PetRLClosure asked;
  DM dm;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(closure, PETRL_CLOSURE_CLASSID, 1);
  PetscValidHeaderSpecific(ts, TS_CLASSID, 2);
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
  if (mode == PETRL_CLOSURE_BEFORE_STEP) {
    if (ts->prestep != petrl::CorrectBeforeStep) attached->prestep = ts->prestep;
    PetscCall(TSSetPreStep(ts, petrl::CorrectBeforeStep));
  } else {
    TSRHSFunction rhs;
    void *ctx;
    PetscCall(DMTSGetRHSFunction(dm, &rhs, &ctx));
    const petrl::Attached *other =
        rhs == petrl::Forced ? static_cast<std::shared_ptr<petrl::Attached> *>(ctx)->get() : NULL;
    if (other != attached.get()) {
      attached->rhs = other ? other->rhs : rhs;
      attached->rhs_context = other ? other->rhs_context : ctx;
    }
    PetRLCallCXX(ctx = new std::shared_ptr<petrl::Attached>(attached));
    PetscCall(TSSetRHSFunction(ts, NULL, petrl::Forced, ctx));
    PetscCall(DMTSSetRHSFunctionContextDestroy(dm, petrl::DestroyForcing));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
