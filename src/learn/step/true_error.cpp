#include "learn/step/true_error.hpp"

#include <petsc/private/tsimpl.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl {

namespace {

constexpr double kFirstStep = 0.1;  // of the accurate solver, over the step that it goes again
constexpr PetscInt kMostSteps = 2000;

// After an attempt TSBDF still holds the old solution, its SNES the new one.
PetscErrorCode NewSolution(TS ts, Vec *x) {
  PetscBool bdf;

  PetscFunctionBegin;
  *x = ts->vec_sol;
  PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSBDF, &bdf));
  if (bdf) PetscCall(SNESGetSolution(ts->snes, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

TrueError::~TrueError() {
  (void)TSDestroy(&fine_);
  (void)VecDestroy(&before_);
  (void)VecDestroy(&work_);
}

void TrueError::begin(TS ts) {
  if (!before_) {
    PetRLThrow(VecDuplicate(ts->vec_sol, &before_));
    PetRLThrow(VecDuplicate(ts->vec_sol, &work_));
  }
  PetRLThrow(VecCopy(ts->vec_sol, before_));
}

PetscErrorCode TrueError::integrate(Vec x, double t, double end, PetscBool *there) {
  TSConvergedReason reason;
  PetscReal size;

  PetscFunctionBegin;
  PetscCall(VecCopy(x, fine_->vec_sol));
  PetscCall(TSSetTime(fine_, t));
  PetscCall(TSSetStepNumber(fine_, 0));
  PetscCall(TSSetMaxTime(fine_, end));
  PetscCall(TSSetMaxSteps(fine_, kMostSteps));
  PetscCall(TSSetTimeStep(fine_, kFirstStep * (end - t)));
  PetscCall(TSSetErrorIfStepFails(fine_, PETSC_FALSE));
  PetscCall(TSRestartStep(fine_));
  PetscCall(TSSolve(fine_, NULL));
  PetscCall(TSGetConvergedReason(fine_, &reason));
  PetscCall(VecCopy(fine_->vec_sol, x));
  PetscCall(VecNorm(x, NORM_INFINITY, &size));
  *there = reason == TS_CONVERGED_TIME && !PetscIsInfOrNanReal(size) ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TrueError::appraise(TS ts, Attempt &attempt) {
  Vec x;
  PetscBool there;
  PetscReal error, absolute, relative;

  PetscFunctionBegin;
  if (!attempt.accepted) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NewSolution(ts, &x));
  PetscCall(VecCopy(before_, work_));
  PetscCall(integrate(work_, attempt.t, attempt.t + attempt.h, &there));
  if (there) {
    PetscCall(TSErrorWeightedNorm(ts, x, work_, ts->adapt->wnormtype, &error, &absolute, &relative));
    attempt.true_error = static_cast<double>(error);
  }
  PetscCall(VecCopy(x, before_));
  PetscFunctionReturn(PETSC_SUCCESS);
}

std::vector<double> TrueError::growth(TS ts, const std::vector<double> &times, double rtol) {
  constexpr double aside = 10;  // in units of the tolerance
  Vec x[2];
  PetscScalar *values;
  PetscInt n;
  PetscReal size, distance, absolute, relative;
  PetscBool there = PETSC_TRUE;
  std::vector<double> distances;

  begin(ts);
  for (Vec &v : x) {
    PetRLThrow(VecDuplicate(before_, &v));
    PetRLThrow(VecCopy(before_, v));
  }
  PetRLThrow(VecNorm(x[1], NORM_INFINITY, &size));
  PetRLThrow(VecGetLocalSize(x[1], &n));
  PetRLThrow(VecGetArray(x[1], &values));
  // Neither smooth nor along an axis.
  for (PetscInt i = 0; i < n; ++i)
    values[i] +=
        aside * rtol * (1e-3 * size + PetscAbsScalar(values[i])) * std::cos(2.7 * static_cast<double>(i) + 0.5);
  PetRLThrow(VecRestoreArray(x[1], &values));
  for (std::size_t i = 0; i < times.size() && there; ++i) {
    for (int k = 0; k < 2 && i > 0 && there; ++k) PetRLThrow(integrate(x[k], times[i - 1], times[i], &there));
    PetRLThrow(TSErrorWeightedNorm(ts, x[0], x[1], ts->adapt->wnormtype, &distance, &absolute, &relative));
    distances.push_back(std::max(static_cast<double>(distance), 1e-12));
  }
  for (Vec &v : x) PetRLThrow(VecDestroy(&v));
  if (!there) return {};
  const double last = distances.back();
  for (double &d : distances) d = last / d;
  return distances;
}

}  // namespace petrl
