// TSADAPTRL: failed solves. PETSc does not ask the adaptor then (TSAdaptCheckStage multiplies the step by
// scale_solve_failed), so the factor is decided in advance, and the failure is noticed when the retry starts to solve.
#include "adapt/rl.hpp"

namespace petrl {

struct FailureHook {
  TSAdapt adapt = nullptr;  // null once the adaptor is gone
  TS ts = nullptr;
  PetscObjectId snes = 0;  // the SNES that carries us
};

namespace {

PetscErrorCode AtSolveStart(SNES, PetscInt iteration, PetscReal, void *ctx) {
  FailureHook &hook = **static_cast<std::shared_ptr<FailureHook> *>(ctx);

  PetscFunctionBegin;
  if (iteration == 0 && hook.adapt) PetscCall(AdaptRLCatchUp(hook.adapt, hook.ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DestroyHook(void **ctx) {
  PetscFunctionBegin;
  delete static_cast<std::shared_ptr<FailureHook> *>(*ctx);
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
    rl.hook->ts = ts;
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
  PetscCall(AdaptRLRestartIfNew(adapt, ts));
  if (rl.user_scale_failed < 0) rl.user_scale_failed = adapt->scale_solve_failed;
  PetscCall(AdaptRLLoad(adapt, ts));
  Attempt attempt;
  attempt.t = ts->ptime;
  attempt.h = h;
  attempt.order = rl.history.empty() ? 1 : rl.history.last().order;
  attempt.failed = true;
  attempt.nonlinear = ts->snes_its - rl.seen_nonlinear;
  attempt.linear = ts->ksp_its - rl.seen_linear;
  attempt.cost = tsCost(ts) - rl.seen_cost;
  rl.seen_nonlinear = ts->snes_its;
  rl.seen_linear = ts->ksp_its;
  rl.seen_cost = tsCost(ts);
  rl.seen_rejections = ts->reject + 1; /* the TS counts it next */
  rl.own_rejection = false;
  ++rl.failures;
  rl.history.add(attempt, ts->max_time);
  if (rl.observer) PetRLCallCXX(rl.observer(attempt));
  if (rl.training) PetRLCallCXX(rl.training->outcome(attempt));
  if (!rl.basic_only) PetscCall(AdaptRLRetry(adapt, ts, h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Accounts for the failed solves since we last looked.
PetscErrorCode AdaptRLCatchUp(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  const PetscInt failed = ts->reject - rl.seen_rejections - (rl.own_rejection ? 1 : 0);
  if (failed <= 0) {
    // Our own rejection is counted by the TS only after choose() returned.
    if (failed == 0) rl.own_rejection = false, rl.seen_rejections = ts->reject;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  rl.seen_rejections = ts->reject;
  rl.own_rejection = false;
  for (PetscInt i = 0; i < failed; ++i) {
    const PetscInt left = failed - i;
    Attempt attempt;
    attempt.t = ts->ptime;
    // The step now set was scaled once for each failure.
    attempt.h = ts->time_step / PetscPowReal(adapt->scale_solve_failed, (PetscReal)left);
    attempt.order = rl.history.empty() ? 1 : rl.history.last().order;
    attempt.failed = true;
    attempt.nonlinear = static_cast<double>(ts->snes_its - rl.seen_nonlinear) / left;
    attempt.linear = static_cast<double>(ts->ksp_its - rl.seen_linear) / left;
    attempt.cost = (tsCost(ts) - rl.seen_cost) / left;
    rl.seen_nonlinear += static_cast<PetscInt>(attempt.nonlinear);
    rl.seen_linear += static_cast<PetscInt>(attempt.linear);
    rl.seen_cost += attempt.cost;
    ++rl.failures;
    rl.history.add(attempt, ts->max_time);
    if (rl.observer) PetRLCallCXX(rl.observer(attempt));
    if (rl.training) {
      PetRLCallCXX({
        rl.training->outcome(attempt);
        if (!rl.failed_observation.empty()) rl.training->decided(rl.failed_observation, rl.failed_action);
      });
    }
  }
  if (rl.loaded) {
    PetscReal h = ts->time_step;
    PetscCall(AdaptRLDecide(adapt, ts, true, ts->time_step, &h));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
