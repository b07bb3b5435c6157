// TSADAPTRL: the error of an attempt, also one that is no number because the step left the domain of the equations (the
// root of a negative number); and whether the step is accepted.
#include <petscdm.h>

#include <cmath>
#include <cstring>

#include "adapt/rl.hpp"

namespace petrl {

namespace {

// Infinite: PETSC_INFINITY is a number.
const PetscReal kNoNumber = static_cast<PetscReal>(HUGE_VAL);

// Waits for one error: that PETSc's weighted norm, the same on all ranks, is not a number.
struct NormWatch {
  bool popped = false, seen = false;
};

PetscErrorCode AtError(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode code,
                       PetscErrorType type, const char *message, void *context) {
  auto &watch = *static_cast<NormWatch *>(context);
  if (type == PETSC_ERROR_INITIAL && code == PETSC_ERR_FP && function &&
      std::strncmp(function, "TSErrorWeightedNorm", 19) == 0)
    watch.seen = true;
  if (watch.seen) return code;
  // Any other error is the next handler's.
  watch.popped = true;
  (void)PetscPopErrorHandler();
  return PetscError(comm, line, function, file, code, type, message ? "%s" : nullptr, message);
}

// The weighted local error as TSADAPTBASIC measures it; -1 where the TS gives none.
PetscErrorCode Estimate(TSAdapt adapt, TS ts, PetscInt *order, PetscReal *error) {
  DM dm;
  Vec embedded;
  PetscReal absolute, relative, sum = 0;

  PetscFunctionBegin;
  if (ts->ops->evaluatewlte) {
    PetscCall(TSEvaluateWLTE(ts, adapt->wnormtype, order, error));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCheck(adapt->candidates.n >= 1 && adapt->candidates.inuse_set, PetscObjectComm((PetscObject)adapt),
             PETSC_ERR_ARG_WRONGSTATE, "TS type %s has registered no candidate scheme in use",
             ((PetscObject)ts)->type_name);
  *order = adapt->candidates.order[0];
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMGetGlobalVector(dm, &embedded));
  PetscErrorCode code = TSEvaluateStep(ts, *order - 1, embedded, NULL);
  if (!code) code = TSErrorWeightedNorm(ts, ts->vec_sol, embedded, adapt->wnormtype, error, &absolute, &relative);
  // The largest of some numbers may be found although one among them is none.
  if (!code && adapt->wnormtype == NORM_INFINITY && !adaptRL(adapt).basic_only) code = VecNorm(embedded, NORM_1, &sum);
  PetscCall(DMRestoreGlobalVector(dm, &embedded));
  PetscCall(code);
  if (PetscIsInfOrNanReal(sum)) *error = kNoNumber;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// Error: -1 where the TS gives none, infinite where it is no number. PETSc's norm makes that an error of the program.
PetscErrorCode AdaptRLLocalError(TSAdapt adapt, TS ts, PetscInt *order, PetscReal *error) {
  NormWatch watch;
  PetscErrorCode code;
  bool comes_back;

  PetscFunctionBegin;
  *order = PETSC_DECIDE;
  *error = -1;
  if (!ts->ops->evaluatewlte && !ts->ops->evaluatestep) {
    *order = 1;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscPushErrorHandler(AtError, &watch));
  code = Estimate(adapt, ts, order, error);
  if (!watch.popped) PetscCall(PetscPopErrorHandler());
  if (watch.seen || PetscIsInfOrNanReal(*error)) {
    PetscCall(AdaptRLComesBack(adapt, ts, &comes_back));
    PetscCheck(comes_back && !adaptRL(adapt).basic_only, PetscObjectComm((PetscObject)adapt), PETSC_ERR_FP,
               "Infinite or not-a-number generated in the norm of the step's error");
    PetscCall(PetscInfo(adapt, "The error of a step of length %g is not a number\n", (double)ts->time_step));
    *error = kNoNumber;
    if (*order < 1) *order = adapt->candidates.n > 0 ? adapt->candidates.order[0] : 1;
  } else {
    PetscCall(code);
  }
  PetscCheck(*error < 0 || *order >= 1, PetscObjectComm((PetscObject)adapt), PETSC_ERR_ARG_OUTOFRANGE,
             "TS type %s computed an error of order %" PetscInt_FMT ", expected a positive order",
             ((PetscObject)ts)->type_name, *order);
  if (*order < 1) *order = 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Acceptance is basic's unless it is to be decided, so that policies are compared at equal tolerance. A step that cannot
// be shortened is accepted, too - in the user's limits as often as basic does, at that of the clock a few times in a row,
// which is what a jump takes - or ends the solve: the same attempt would be rejected for ever.
PetscErrorCode AdaptRLAccept(TSAdapt adapt, TS ts, PetscReal h, PetscReal error, PetscInt order, PetscBool *accept) {
  constexpr int most = 16;
  AdaptRL &rl = adaptRL(adapt);
  const PetscReal above = 1 + PETSC_SQRT_MACHINE_EPSILON;
  const bool number = !PetscIsInfOrNanReal(error),
             good = error <= acceptedError(rl, static_cast<int>(order), adapt->safety);

  PetscFunctionBegin;
  *accept = good || (number && (adapt->always_accept || h < above * adapt->dt_min)) ? PETSC_TRUE : PETSC_FALSE;
  if (*accept) rl.at_floor = 0;
  if (*accept || rl.basic_only || h >= above * limitsAt(adapt, ts).dt_min) PetscFunctionReturn(PETSC_SUCCESS);
  if (number && rl.at_floor < most) {
    PetscCall(PetscInfo(adapt, "Accepting an error of %g: a step of length %g hardly moves the clock\n", (double)error,
                        (double)h));
    ++rl.at_floor;
    *accept = PETSC_TRUE;
  } else {
    PetscCall(PetscInfo(adapt, "No step leads on from t = %g: error %g with a step of length %g\n", (double)ts->ptime,
                        (double)error, (double)h));
    ts->reason = TS_DIVERGED_STEP_REJECTED;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
