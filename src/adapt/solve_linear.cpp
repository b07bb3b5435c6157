// TSADAPTRL: the linear solves of Rosenbrock methods, which iterate no further than their step's error asks for.
#include <petsc/private/snesimpl.h>
#include <petscdm.h>

#include <algorithm>

#include "adapt/rl.hpp"
#include "adapt/solve_hook.hpp"

namespace petrl {

// Where steps are shorter than the tolerance asks for, because solves fail or something grows that the estimate hardly
// sees, as much of the tolerance would be far more than the step's own error.
double solveTolerance(const AdaptRL &rl, bool careful) {
  const SolveRule &rule = rl.in_force;
  return rule.kappa * (careful ? rule.careful : 1) * std::clamp(rl.level, rule.level, 1.0);
}

PetscErrorCode SolveLinearly(SNES snes, SolveHook &hook, TS ts) {
  AdaptRL &rl = adaptRL(hook.adapt);
  const SolveRule &rule = rl.in_force;
  const bool loose = rl.control.tolerance && rl.estimates && !ts->trajectory && !ts->forward_solve && !ts->steprestart;
  PetscReal rtol, atol, dtol, size, absolute, relative;
  PetscInt most;
  Vec before, there;
  DM dm;

  PetscFunctionBegin;
  if (!loose) {
    PetscCall((*hook.solve)(snes));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  // The largest increment of the step before says how much of one may be missing.
  if (hook.step != ts->steps) hook.increment_before = hook.increment, hook.increment = 0;
  hook.step = ts->steps;
  PetscCall(KSPGetTolerances(snes->ksp, &rtol, &atol, &dtol, &most));
  if (hook.increment_before > 0) {
    const double wanted = rule.krylov * solveTolerance(rl, false) / hook.increment_before;
    PetscCall(KSPSetTolerances(snes->ksp, std::max<double>(rtol, std::min(wanted, rule.loosest)), atol, dtol, most));
  }
  PetscCall(SNESGetDM(snes, &dm));
  PetscCall(DMGetGlobalVector(dm, &before));
  PetscCall(DMGetGlobalVector(dm, &there));
  PetscCall(VecCopy(snes->vec_sol, before));
  const PetscInt linear = snes->linear_its;
  const PetscErrorCode code = (*hook.solve)(snes);
  if (!code && snes->reason >= 0) {
    PetscCall(VecWAXPY(there, -1, before, snes->vec_sol));
    PetscCall(VecAXPY(there, 1, ts->vec_sol));
    PetscCall(TSErrorWeightedNorm(ts, ts->vec_sol, there, ts->adapt->wnormtype, &size, &absolute, &relative));
    hook.increment = std::max<double>(hook.increment, size);
  }
  PetscCall(DMRestoreGlobalVector(dm, &there));
  PetscCall(DMRestoreGlobalVector(dm, &before));
  PetscCall(KSPSetTolerances(snes->ksp, rtol, atol, dtol, most));
  PetscCall(code);
  ++rl.counts.solves;
  rl.counts.iterations += snes->iter;
  rl.counts.jacobians += snes->iter;
  rl.counts.linear += snes->linear_its - linear;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
