// TSADAPTRL: a rejected step is taken back exactly. Runge-Kutta methods, also implicit-explicit ones, do it by
// subtraction: rounding, or a number that is none, would stay. RK's first stage still is what it started from; ARKIMEX
// shows its stages to nobody, so we keep a copy. Both call us before they copy the solution into their stages again.
#include "adapt/rl.hpp"

namespace petrl {

namespace {

PetscErrorCode IsARKIMEX(TS ts, bool *is) {
  PetscBool imex;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompareAny((PetscObject)ts, &imex, TSARKIMEX, "dirk", ""));
  *is = imex == PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode BeforeRetry(TS ts, PetscReal stage_time) {
  AdaptRL &rl = adaptRL(ts->adapt);
  PetscInt stages;
  Vec *stage = nullptr;

  PetscFunctionBegin;
  ts->prestage = rl.prestage;
  if (ts->steps == rl.seen_steps && ts->reject == rl.seen_rejections + 1) {
    PetscBool rk;
    PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSRK, &rk));
    if (rk) PetscCall(TSGetStages(ts, &stages, &stage));
    const Vec from = rk ? stage[0] : rl.start.copy;
    if (from) PetscCall(VecCopy(from, ts->vec_sol));
  }
  if (ts->prestage) PetscCall((*ts->prestage)(ts, stage_time));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// ARKIMEX asks at every implicit stage whether it is good, and every method has one. The solution is touched only after
// the last of them.
PetscErrorCode KeepStart(AdaptRL &rl, TS ts) {
  StepStart &start = rl.start;
  bool imex = false;
  PetscObjectId id;
  PetscObjectState state;

  PetscFunctionBegin;
  PetscCall(IsARKIMEX(ts, &imex));
  if (!imex || rl.basic_only) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscObjectGetId((PetscObject)ts->vec_sol, &id));
  PetscCall(PetscObjectStateGet((PetscObject)ts->vec_sol, &state));
  if (start.copy && id != start.of) PetscCall(VecDestroy(&start.copy));
  if (!start.copy) {
    start.fresh = false;
    PetscCall(VecDuplicate(ts->vec_sol, &start.copy));
  }
  if (!start.fresh || state != start.state) PetscCall(VecCopy(ts->vec_sol, start.copy));
  start.of = id;
  start.state = state;
  start.fresh = true;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AtStage(TSAdapt adapt, TS ts, PetscReal stage_time, Vec stage, PetscBool *accept) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  PetscCall(KeepStart(rl, ts));
  if (rl.start.check) PetscCall((*rl.start.check)(adapt, ts, stage_time, stage, accept));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// The program may set its own function at any time: ours then calls it, from the next step on.
PetscErrorCode AdaptRLWatchStages(TSAdapt adapt) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  rl.start.fresh = false; /* of the next attempt, none yet */
  if (adapt->checkstage == AtStage) PetscFunctionReturn(PETSC_SUCCESS);
  rl.start.check = adapt->checkstage;
  adapt->checkstage = AtStage;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AdaptRLUnwatchStages(TSAdapt adapt) {
  PetscFunctionBegin;
  if (adapt->checkstage == AtStage) adapt->checkstage = adaptRL(adapt).start.check;
  PetscCall(AdaptRLForgetStart(adapt));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AdaptRLForgetStart(TSAdapt adapt) {
  PetscFunctionBegin;
  PetscCall(VecDestroy(&adaptRL(adapt).start.copy));
  adaptRL(adapt).start.fresh = false;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Whether the type leaves the solution that it started from as it was, or can be given it back (below).
PetscErrorCode AdaptRLComesBack(TSAdapt adapt, TS ts, bool *comes_back) {
  PetscBool is;
  bool imex = false;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompareAny((PetscObject)ts, &is, TSRK, TSROSW, TSBDF, TSTHETA, TSBEULER, TSCN, TSALPHA,
                                      TSALPHA2, ""));
  PetscCall(IsARKIMEX(ts, &imex));
  *comes_back = is || (imex && adaptRL(adapt).start.fresh);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// An attempt was rejected; its error is infinite where it is no number. Where PETSc gives up now, nothing will call us.
PetscErrorCode AdaptRLTakeBack(TSAdapt adapt, TS ts, PetscReal error) {
  AdaptRL &rl = adaptRL(adapt);
  const PetscInt retries = rl.history.rejections() + rl.history.failures();
  PetscBool rk;
  bool imex = false;

  PetscFunctionBegin;
  if (rl.basic_only || ts->reason || (ts->max_reject >= 0 && retries > ts->max_reject))
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSRK, &rk));
  PetscCall(IsARKIMEX(ts, &imex));
  const bool kept = (rk && ts->ops->getstages) || (imex && rl.start.fresh);
  // A function after stages may have changed them.
  if (!kept || (ts->poststage && !PetscIsInfOrNanReal(error)) || ts->prestage == BeforeRetry)
    PetscFunctionReturn(PETSC_SUCCESS);
  rl.prestage = ts->prestage;
  ts->prestage = BeforeRetry;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
