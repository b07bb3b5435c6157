// TSCLOSURE: another TS with a learned correction of its state.
#include "closure/ts_closure.hpp"

#include <petsc/private/tsimpl.h>

#include "base/real_double.hpp"

namespace petrl {

ClosureTS &closureTS(TS ts) {
  return *static_cast<ClosureTS *>(ts->data);
}

namespace {

// The inner TS uses the outer's DM, and with it the functions that were set there. What a TS keeps itself is handed on.
PetscErrorCode HandOn(TS ts) {
  ClosureTS &c = closureTS(ts);
  TSIJacobian ijacobian;
  TSRHSJacobian rhs_jacobian;
  TSEquationType equation;
  SNES snes;
  Mat A = NULL, B = NULL;
  DM dm;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(TSSetDM(c.inner, dm));
  PetscCall(TSSetProblemType(c.inner, ts->problem_type));
  PetscCall(TSGetEquationType(ts, &equation));
  PetscCall(TSSetEquationType(c.inner, equation));
  // The solver's function is kept in the DM too, with the TS that it belongs to: that must be the inner one.
  PetscCall(TSGetSNES(c.inner, &snes));
  PetscCall(SNESSetFunction(snes, NULL, SNESTSFormFunction, c.inner));
  // The Jacobians' functions are in the DM; only matrices that the program made are the outer TS's own.
  PetscCall(DMTSGetRHSJacobian(dm, &rhs_jacobian, NULL));
  PetscCall(DMTSGetIJacobian(dm, &ijacobian, NULL));
  if (ts->Arhs) PetscCall(PetscObjectReference((PetscObject)ts->Arhs));
  if (ts->Brhs) PetscCall(PetscObjectReference((PetscObject)ts->Brhs));
  PetscCall(MatDestroy(&c.inner->Arhs));
  PetscCall(MatDestroy(&c.inner->Brhs));
  c.inner->Arhs = ts->Arhs;
  c.inner->Brhs = ts->Brhs;
  if (ijacobian || rhs_jacobian) {
    if (ts->snes) PetscCall(SNESGetJacobian(ts->snes, &A, &B, NULL, NULL));
    PetscCall(SNESSetJacobian(snes, A, B, SNESTSFormJacobian, c.inner));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// What a program may set again between steps.
static PetscErrorCode HandOnFunctions(TS ts) {
  const TS inner = closureTS(ts).inner;
  void *user = nullptr;

  PetscFunctionBegin;
  PetscCheck(ts->dm == inner->dm, PetscObjectComm((PetscObject)ts), PETSC_ERR_ORDER,
             "The DM of the TS was changed after its set-up: call TSReset() before TSSetDM()");
  PetscCall(TSGetApplicationContext(ts, &user));
  PetscCall(TSSetApplicationContext(inner, user));
  PetscCall(TSSetPreStage(inner, ts->prestage));
  PetscCall(TSSetPostStage(inner, ts->poststage));
  PetscCall(TSSetPostEvaluate(inner, ts->postevaluate));
  if (ts->functiondomainerror) PetscCall(TSSetFunctionDomainError(inner, ts->functiondomainerror));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureInnerStep(TS ts, PetscReal t, PetscReal h, bool restart, PetscReal *taken,
                                TSConvergedReason *reason) {
  ClosureTS &c = closureTS(ts);

  PetscFunctionBegin;
  PetscCall(HandOnFunctions(ts));
  if (c.inner->vec_sol != ts->vec_sol) PetscCall(TSSetSolution(c.inner, ts->vec_sol));
  // Methods that remember earlier steps remember another state than this one.
  if (restart) PetscCall(TSRestartStep(c.inner));
  PetscCall(TSSetStepNumber(c.inner, ts->steps));
  PetscCall(TSSetTime(c.inner, t));
  PetscCall(TSSetTimeStep(c.inner, h));
  PetscCall(TSSetConvergedReason(c.inner, TS_CONVERGED_ITERATING));
  PetscCall(TSStep(c.inner));
  PetscCall(TSGetConvergedReason(c.inner, reason));
  *taken = c.inner->ptime - t;
  PetscCheck(*reason < 0 || *taken < 1.001 * h, PetscObjectComm((PetscObject)ts), PETSC_ERR_SUP,
             "The inner TS of type %s took a step of %g where %g was asked for: closures need one that takes the steps "
             "that it is given",
             ((PetscObject)c.inner)->type_name, (double)*taken, (double)h);
  PetscFunctionReturn(PETSC_SUCCESS);
}

namespace {

// The DM outlives the inner TS: what it knows of the solver's functions is the outer's again.
PetscErrorCode TakeBack(TS ts) {
  const TS inner = closureTS(ts).inner;
  PetscErrorCode (*function)(SNES, Vec, Vec, void *);
  PetscErrorCode (*jacobian)(SNES, Vec, Mat, Mat, void *);
  void *ctx;

  PetscFunctionBegin;
  if (!inner->dm) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMSNESGetFunction(inner->dm, &function, &ctx));
  if (ctx == inner) PetscCall(DMSNESSetFunction(inner->dm, function, ts));
  PetscCall(DMSNESGetJacobian(inner->dm, &jacobian, &ctx));
  if (ctx == inner) PetscCall(DMSNESSetJacobian(inner->dm, jacobian, ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSetUp_Closure(TS ts) {
  ClosureTS &c = closureTS(ts);
  TSAdapt adapt;
  TSI2Function second_order;
  DM dm;
  bool learns;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMTSGetI2Function(dm, &second_order, NULL));
  PetscCheck(!second_order, PetscObjectComm((PetscObject)ts), PETSC_ERR_SUP,
             "TS type closure is for systems of first order (TSSetRHSFunction(), TSSetIFunction())");
  PetscCall(HandOn(ts));
  PetscCall(TSGetAdapt(c.inner, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTNONE));
  PetscCall(TSSetExactFinalTime(c.inner, TS_EXACTFINALTIME_STEPOVER));
  PetscCall(TSSetMaxSteps(c.inner, PETSC_MAX_INT - 1));
  PetscCall(TSSetErrorIfStepFails(c.inner, PETSC_FALSE));
  PetscCall(PetRLClosureSetDM(c.closure, dm));
  PetscCall(ClosurePlan(ts, &learns));
  if (learns) {
    PetscCall(TSMonitorSet(ts, ClosureBeforeStep, NULL, NULL));
  } else {
    PetscCall(PetRLClosureSetUp(c.closure));
    if (c.mode == PETRL_CLOSURE_FORCING) PetscCall(PetRLClosureAttachTS(c.closure, c.inner, c.mode));
  }
  PetscCall(VecDuplicate(ts->vec_sol, &c.start));
  PetscCall(TSSetSolution(c.inner, ts->vec_sol));
  PetscCall(TSSetUp(c.inner));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSStep_Closure(TS ts) {
  ClosureTS &c = closureTS(ts);
  // While a run is recorded, and where nothing was learned, the inner TS is on its own.
  const bool acts = !c.closure->data->file.empty(), before = acts && c.mode == PETRL_CLOSURE_BEFORE_STEP;
  PetscReal next, taken, h = ts->time_step;
  PetscBool accept = PETSC_TRUE;
  PetscInt scheme = 0;
  TSConvergedReason reason;
  bool forces;

  PetscFunctionBegin;
  if (before) {
    PetscCall(ClosureCheckMethod(c.inner));
  } else if (acts) {
    // The program may have set its right-hand side again since.
    PetscCall(ClosureForces(c.closure, c.inner, &forces));
    if (!forces) PetscCall(PetRLClosureAttachTS(c.closure, c.inner, c.mode));
  }
  PetscCall(VecCopy(ts->vec_sol, c.start));
  PetscCall(ClosureSetBase(c.closure, c.inner));
  for (;;) {
    if (before) PetscCall(PetRLClosureCorrect(c.closure, h, ts->vec_sol));
    const bool restart = before || ts->steprestart || ts->steprollback;
    PetscCall(ClosureInnerStep(ts, ts->ptime, h, restart, &taken, &reason));
    if (!before || reason < 0 || taken > 0.999 * h) break;
    // A solve failed, and the step became shorter than the one that the state was corrected for.
    PetscCall(VecCopy(c.start, ts->vec_sol));
    h = taken;
  }
  ts->snes_its = c.inner->snes_its;
  ts->ksp_its = c.inner->ksp_its;
  ts->num_snes_failures = c.inner->num_snes_failures;
  ts->reject = c.inner->reject;
  ts->rhsfuncs = c.inner->rhsfuncs;
  ts->ifuncs = c.inner->ifuncs;
  if (reason < 0) {
    PetscCall(VecCopy(c.start, ts->vec_sol));
    ts->reason = reason;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  ts->time_step = c.inner->ptime - ts->ptime;
  PetscCall(TSAdaptChoose(ts->adapt, ts, h, &scheme, &next, &accept));
  if (!accept) {
    PetscCall(VecCopy(c.start, ts->vec_sol));
    ts->reason = TS_DIVERGED_STEP_REJECTED;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  ts->ptime += ts->time_step;
  ts->time_step = next;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSRollBack_Closure(TS ts) {
  PetscFunctionBegin;
  PetscCall(VecCopy(closureTS(ts).start, ts->vec_sol));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Linear within the latest step.
PetscErrorCode TSInterpolate_Closure(TS ts, PetscReal t, Vec U) {
  const PetscReal alpha = (ts->ptime - t) / (ts->ptime - ts->ptime_prev);
  PetscFunctionBegin;
  PetscCall(VecAXPBYPCZ(U, alpha, 1 - alpha, 0, closureTS(ts).start, ts->vec_sol));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSetFromOptions_Closure(TS ts, PETRL_OPTION_ITEMS PetscOptionsObject) {
  ClosureTS &c = closureTS(ts);
  PetscEnum mode = (PetscEnum)c.mode;
  const char *prefix;
  std::string inner;
  char adapt[256] = "";
  PetscBool set;

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Learned closure around another TS");
  PetscCall(PetscOptionsEnum("-closure_mode", "When the closure acts", "TSClosureSetMode", PetRLClosureModes, mode,
                             &mode, &set));
  if (set) PetscCall(TSClosureSetMode(ts, (PetRLClosureMode)mode));
  PetscOptionsHeadEnd();
  PetscCall(TSGetOptionsPrefix(ts, &prefix));
  PetRLCallCXX(inner = std::string(prefix ? prefix : "") + "closure_");
  PetscCall(TSSetOptionsPrefix(c.inner, inner.c_str()));
  PetscCall(PetRLClosureSetOptionsPrefix(c.closure, prefix));
  PetscCall(PetRLClosureSetFromOptions(c.closure));
  PetscCall(
      PetscOptionsGetString(((PetscObject)ts)->options, inner.c_str(), "-ts_adapt_type", adapt, sizeof(adapt), &set));
  PetscCheck(!set || std::string(adapt) == TSADAPTNONE, PetscObjectComm((PetscObject)ts), PETSC_ERR_SUP,
             "-%sts_adapt_type: found %s, expected none: policies belong to a fixed step", inner.c_str(), adapt);
  PetscCall(TSSetFromOptions(c.inner));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSView_Closure(TS ts, PetscViewer viewer) {
  ClosureTS &c = closureTS(ts);
  PetscBool ascii;
  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)viewer, PETSCVIEWERASCII, &ascii));
  if (!ascii) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscViewerASCIIPrintf(viewer, "  closure acts: %s\n", PetRLClosureModes[c.mode]));
  PetscCall(PetscViewerASCIIPushTab(viewer));
  PetscCall(PetRLClosureView(c.closure, viewer));
  PetscCall(PetscViewerASCIIPrintf(viewer, "inner TS:\n"));
  PetscCall(TSView(c.inner, viewer));
  PetscCall(PetscViewerASCIIPopTab(viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSReset_Closure(TS ts) {
  ClosureTS &c = closureTS(ts);
  PetscFunctionBegin;
  PetscCall(ClosureDetachForcing(c.closure, c.inner));
  PetscCall(TakeBack(ts));
  PetscCall(TSReset(c.inner));
  PetscCall(ClosureReset(c.closure));
  ClosureRecordDiscard(*c.closure->data);
  c.first = -1;
  PetscCall(VecDestroy(&c.start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSDestroy_Closure(TS ts) {
  ClosureTS &c = closureTS(ts);
  PetscFunctionBegin;
  PetscCall(TSReset_Closure(ts));
  PetscCall(TSDestroy(&c.inner));
  PetscCall(PetRLClosureDestroy(&c.closure));
  delete &c;
  ts->data = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CheckType(TS ts) {
  PetscBool match;
  PetscFunctionBegin;
  PetRLValid(ts, TS_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSCLOSURE, &match));
  PetscCheck(match, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_WRONG, "Expected a TS of type %s, found %s",
             TSCLOSURE, ((PetscObject)ts)->type_name ? ((PetscObject)ts)->type_name : "none");
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

}  // namespace petrl

/*@
   TSClosureGetClosure - Gets the closure of a TS of type `TSCLOSURE` (borrowed), to set its policy or fields

   Not Collective

   Input Parameter:
.  ts - the TS, of type `TSCLOSURE`

   Output Parameter:
.  closure - the closure

   Level: intermediate

.seealso: `TSCLOSURE`, `PetRLClosureSetPolicy()`, `PetRLClosureSetField()`
@*/
PetscErrorCode TSClosureGetClosure(TS ts, PetRLClosure *closure) {
  PetscFunctionBegin;
  PetscCall(petrl::CheckType(ts));
  PetRLNotNull(closure, 2);
  *closure = petrl::closureTS(ts).closure;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSClosureGetTS - Gets the TS that takes the steps of a TS of type `TSCLOSURE` (borrowed)

   Not Collective

   Input Parameter:
.  ts - the TS, of type `TSCLOSURE`

   Output Parameter:
.  inner - the inner TS

   Level: intermediate

.seealso: `TSCLOSURE`
@*/
PetscErrorCode TSClosureGetTS(TS ts, TS *inner) {
  PetscFunctionBegin;
  PetscCall(petrl::CheckType(ts));
  PetRLNotNull(inner, 2);
  *inner = petrl::closureTS(ts).inner;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSClosureSetMode - Sets when the closure of a TS of type `TSCLOSURE` acts

   Logically Collective

   Input Parameters:
+  ts   - the TS, of type `TSCLOSURE`
-  mode - `PETRL_CLOSURE_BEFORE_STEP` (default) or `PETRL_CLOSURE_FORCING`

   Options Database Key:
.  -closure_mode <before-step|forcing> - the mode

   Level: intermediate

   Note:
   Must come before TSSetUp().

.seealso: `TSCLOSURE`, `PetRLClosureMode`
@*/
PetscErrorCode TSClosureSetMode(TS ts, PetRLClosureMode mode) {
  PetscFunctionBegin;
  PetscCall(petrl::CheckType(ts));
  PetscCheck(mode == PETRL_CLOSURE_BEFORE_STEP || mode == PETRL_CLOSURE_FORCING, PetscObjectComm((PetscObject)ts),
             PETSC_ERR_ARG_OUTOFRANGE, "mode: found %d, expected before-step (0) or forcing (1)", (int)mode);
  PetscCheck(!ts->setupcalled || mode == petrl::closureTS(ts).mode, PetscObjectComm((PetscObject)ts),
             PETSC_ERR_ARG_WRONGSTATE, "TSClosureSetMode() must come before TSSetUp() and TSSolve()");
  petrl::closureTS(ts).mode = mode;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PETSC_INTERN PetscErrorCode TSCreate_Closure(TS ts);
PetscErrorCode TSCreate_Closure(TS ts) {
  MPI_Comm comm = PetscObjectComm((PetscObject)ts);
  PetscFunctionBegin;
  PetRLRealDouble(PetscObjectComm((PetscObject)ts), "TS type closure");
  PetscCall(petrl::InitializePackage());
  PetRLCallCXX(ts->data = new petrl::ClosureTS());
  petrl::ClosureTS &c = petrl::closureTS(ts);
  PetscCall(TSCreate(comm, &c.inner));
  PetscCall(PetscObjectIncrementTabLevel((PetscObject)c.inner, (PetscObject)ts, 1));
  PetscCall(TSSetType(c.inner, TSEULER));
  PetscCall(PetRLClosureCreate(comm, &c.closure));
  ts->ops->setup = petrl::TSSetUp_Closure;
  ts->ops->step = petrl::TSStep_Closure;
  ts->ops->rollback = petrl::TSRollBack_Closure;
  ts->ops->interpolate = petrl::TSInterpolate_Closure;
  ts->ops->reset = petrl::TSReset_Closure;
  ts->ops->destroy = petrl::TSDestroy_Closure;
  ts->ops->view = petrl::TSView_Closure;
  ts->ops->setfromoptions = petrl::TSSetFromOptions_Closure;
  ts->default_adapt_type = TSADAPTNONE;
  ts->usessnes = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
