// TSADAPTRL: failed solves. PETSc does not ask the adaptor then (TSAdaptCheckStage multiplies the step by
// scale_solve_failed), so the factor is decided in advance, and the failure is noticed when the retry starts to solve.
#include "adapt/rl.hpp"

namespace petrl {

struct FailureHook {
  TSAdapt adapt = nullptr;  // null once the adaptor is gone
  PetscObjectId snes = 0;   // the SNES that carries us
};

namespace {

// The TS whose stage is solved is asked of the SNES each time: several may share it, and some are gone tomorrow.
PetscErrorCode AtSolveStart(SNES snes, PetscInt iteration, PetscReal, void *ctx) {
  FailureHook &hook = **static_cast<std::shared_ptr<FailureHook> *>(ctx);
  PetscErrorCode (*function)(SNES, Vec, Vec, void *) = nullptr;
  void *ts = nullptr;

  PetscFunctionBegin;
  if (iteration != 0 || !hook.adapt) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SNESGetFunction(snes, NULL, &function, &ts));
  if (function == SNESTSFormFunction && static_cast<TS>(ts)->adapt == hook.adapt)
    PetscCall(AdaptRLCatchUp(hook.adapt, static_cast<TS>(ts)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DestroyHook(PETRL_CONTEXT_ADDRESS ctx) {
  PetscFunctionBegin;
  delete static_cast<std::shared_ptr<FailureHook> *>(PETRL_CONTEXT_AT(ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode AdaptRLHook(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);
  PetscBool linear;
  PetscObjectId id;

  PetscFunctionBegin;
  if (!ts->usessnes || !ts->snes || announcesFailures(rl, ts)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscObjectGetId((PetscObject)ts->snes, &id));
  if (rl.hook && rl.hook->snes == id) PetscFunctionReturn(PETSC_SUCCESS);
  // A monitor makes SNESKSPONLY evaluate the function once more; linear solves fail too rarely to pay for that.
  PetscCall(PetscObjectTypeCompare((PetscObject)ts->snes, SNESKSPONLY, &linear));
  if (linear) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(AdaptRLUnhook(adapt));
  std::shared_ptr<FailureHook> *context = nullptr;
  PetRLCallCXX({
    rl.hook = std::make_shared<FailureHook>();
    rl.hook->adapt = adapt;
    rl.hook->snes = id;
    context = new std::shared_ptr<FailureHook>(rl.hook);
  });
  PetscCall(SNESMonitorSet(ts->snes, AtSolveStart, context, DestroyHook));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AdaptRLUnhook(TSAdapt adapt) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  if (rl.hook) rl.hook->adapt = nullptr;
  rl.hook.reset();
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Asked at every step, so the answer is kept until the TS changes its type.
bool announcesFailures(AdaptRL &rl, TS ts) {
  if (rl.known_step != ts->ops->step) {
    void (*function)(void) = nullptr;
    rl.known_step = ts->ops->step;
    rl.announces =
        PetscObjectQueryFunction((PetscObject)ts, "TSAnnouncesFailures_C", &function) == PETSC_SUCCESS && function;
  }
  return rl.announces;
}

// A TS of ours tells of a failed solve before PETSc shortens the step: the policy sees what happened and decides.
PetscErrorCode AdaptRLSolveFailed(TSAdapt adapt, TS ts, PetscReal h) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  PetscCall(AdaptRLFollow(adapt, ts));
  if (rl.user_scale_failed < 0) rl.user_scale_failed = adapt->scale_solve_failed;
  PetscCall(AdaptRLLoad(adapt, ts));
  rl.seen_rejections = ts->reject + 1; /* the TS counts it next */
  rl.own_rejection = false;
  PetscCall(AdaptRLRecordFailure(rl, ts, h, 1));
  if (!rl.basic_only) PetscCall(AdaptRLRetry(adapt, ts, h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Accounts for the failed solves since we last looked.
PetscErrorCode AdaptRLCatchUp(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  PetscCall(AdaptRLFollow(adapt, ts));
  const PetscInt failed = ts->reject - rl.seen_rejections - (rl.own_rejection ? 1 : 0);
  if (failed <= 0) {
    // Our own rejection is counted by the TS only after choose() returned.
    if (failed == 0) rl.own_rejection = false, rl.seen_rejections = ts->reject;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  rl.seen_rejections = ts->reject;
  rl.own_rejection = false;
  for (PetscInt i = 0; i < failed; ++i) {
    // The step now set was scaled once for each failure.
    const PetscInt left = failed - i;
    PetscCall(
        AdaptRLRecordFailure(rl, ts, ts->time_step / PetscPowReal(adapt->scale_solve_failed, (PetscReal)left), left));
    if (rl.training && !rl.failed_observation.empty())
      AdaptRLTry(rl, [&] { rl.training->decided(rl.failed_observation, rl.failed_action); });
  }
  if (rl.loaded) {
    PetscReal h = ts->time_step;
    PetscCall(AdaptRLDecide(adapt, ts, true, ts->time_step, &h));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
