// TSCLOSURE: runs that are recorded, and a training before the first step.
#include <petsc/private/tsimpl.h>

#include "closure/solver_world.hpp"
#include "closure/ts_closure.hpp"

namespace petrl {

PetscErrorCode ClosurePlan(TS ts, bool *learns) {
  const ClosureTS &c = closureTS(ts);
  const Closure &closure = *c.closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)ts);
  const std::string &record = closure.recording.file, &save = closure.training.save;
  const bool records = !record.empty(), trains = !closure.training.records.empty();

  PetscFunctionBegin;
  PetscCheck(!records || closure.file.empty() || c.trained, comm, PETSC_ERR_ARG_INCOMP,
             "-closure_record %s and -closure_policy %s: runs are recorded without a policy", record.c_str(),
             closure.file.c_str());
  PetscCheck(!records || !trains, comm, PETSC_ERR_ARG_INCOMP,
             "-closure_record and -closure_train: record with the fine grid, then train with the coarse one");
  PetscCheck(trains == !save.empty(), comm, PETSC_ERR_ARG_INCOMP,
             "-closure_train and -closure_save belong together: the records to learn from, and the file of the policy");
  PetscCheck(!trains || c.mode == PETRL_CLOSURE_BEFORE_STEP, comm, PETSC_ERR_ARG_INCOMP,
             "-closure_train: policies are trained before the step, found -closure_mode %s", PetRLClosureModes[c.mode]);
  *learns = records || trains;
  PetscFunctionReturn(PETSC_SUCCESS);
}

namespace {

PetscErrorCode RecordStep(TS ts, PetscInt step, PetscReal t, Vec X) {
  ClosureTS &c = closureTS(ts);
  Recording &r = c.closure->data->recording;

  PetscFunctionBegin;
  if (c.first < 0) {
    PetscCall(PetRLClosureRecordBegin(c.closure));
    c.first = step;
    PetRLCallCXX(r.origin.ts_type = ((PetscObject)c.inner)->type_name);
    r.origin.dt = (double)ts->time_step;
  }
  if ((step - c.first) % r.origin.interval == 0) PetscCall(PetRLClosureRecordState(c.closure, t, X));
  if (ts->reason == TS_CONVERGED_ITERATING) PetscFunctionReturn(PETSC_SUCCESS);
  c.first = -1;
  PetscCall(PetRLClosureRecordEnd(c.closure));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// As TSSolve() does it, events excepted.
PetscErrorCode Before(TS ts, PetscInt number, PetscReal t, PetscReal dt) {
  PetscFunctionBegin;
  ts->steps = number;
  ts->ptime = t;
  ts->ptime_prev = t - dt;
  ts->time_step = dt;
  ts->reason = TS_CONVERGED_ITERATING;
  ts->steprestart = PETSC_TRUE;
  ts->steprollback = PETSC_FALSE;
  PetscCall(TSPreStep(ts));
  PetscCheck(PetscAbsReal(ts->time_step - dt) <= 1e-9 * dt, PetscObjectComm((PetscObject)ts), PETSC_ERR_SUP,
             "-closure_train: the program changes its step, from %g to %g: policies belong to a fixed one", (double)dt,
             (double)ts->time_step);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Step(TS ts, PetscInt number, PetscReal t, PetscReal dt, PetscBool *failed) {
  PetscReal taken;
  TSConvergedReason reason;

  PetscFunctionBegin;
  ts->steps = number;
  ts->ptime = t;
  PetscCall(ClosureInnerStep(ts, t, dt, true, &taken, &reason));
  *failed = reason < 0 || taken < 0.999 * dt ? PETSC_TRUE : PETSC_FALSE;
  ts->ptime_prev = t;
  ts->ptime = t + dt;
  ts->steps = number + 1;
  PetscCall(TSPostEvaluate(ts));
  PetscCall(TSPostStep(ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The solution itself is worked on: programs may know it by other ways than the TS. What monitors are shown is locked.
PetscErrorCode Train(TS ts) {
  ClosureTS &c = closureTS(ts);
  const PetscReal dt = ts->time_step, t = ts->ptime, before = ts->ptime_prev;
  const PetscInt number = ts->steps;
  const TSConvergedReason reason = ts->reason;
  const PetscBool restart = ts->steprestart, rollback = ts->steprollback;
  const Vec X = ts->vec_sol;
  PetscInt locks;
  bool learned;
  SolverFunctions functions;

  PetscFunctionBegin;
  c.trained = true;
  PetscCall(ClosureCheckMethod(c.inner));
  PetscCall(ClosureSetBase(c.closure, c.inner));
  PetRLCallCXX({
    functions.before = [ts, dt](PetscInt n, PetscReal time, Vec) { return Before(ts, n, time, dt); };
    functions.step = [ts](PetscInt n, PetscReal time, PetscReal h, Vec, PetscBool *failed) {
      return Step(ts, n, time, h, failed);
    };
  });
  PetscCall(VecLockGet(X, &locks));
  for (PetscInt i = 0; i < locks; ++i) PetscCall(VecLockReadPop(X));
  PetscCall(ClosureTrainRun(c.closure, X, dt, functions, &learned));
  for (PetscInt i = 0; i < locks; ++i) PetscCall(VecLockReadPush(X));
  ts->time_step = dt;
  ts->ptime = t;
  ts->ptime_prev = before;
  ts->steps = number;
  ts->reason = reason;
  ts->steprestart = restart;
  ts->steprollback = rollback;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode ClosureBeforeStep(TS ts, PetscInt step, PetscReal t, Vec X, void *) {
  PetscBool match;
  bool learns;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSCLOSURE, &match));
  if (!match || step < 0) PetscFunctionReturn(PETSC_SUCCESS);  // -1: a solution that was interpolated
  PetscCall(ClosurePlan(ts, &learns));
  if (!closureTS(ts).closure->data->recording.file.empty()) PetscCall(RecordStep(ts, step, t, X));
  const bool begins = ts->reason == TS_CONVERGED_ITERATING && !closureTS(ts).trained;
  if (begins && !closureTS(ts).closure->data->training.records.empty()) PetscCall(Train(ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
