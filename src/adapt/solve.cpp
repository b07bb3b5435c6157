// TSADAPTRL: Newton's iteration within a step. SNES's own solve is called with another convergence test, tolerance and
// lag of the Jacobian, which hold for that call only; one that fails then is repeated, at the same step, without them.
#include "adapt/solve.hpp"

#include <petsc/private/pcimpl.h>
#include <petsc/private/snesimpl.h>
#include <petscdm.h>

#include <algorithm>
#include <cmath>

#include "adapt/rl.hpp"
#include "adapt/solve_hook.hpp"

namespace petrl {

namespace {

constexpr char kName[] = "PetRLSolveHook";

// What PC remembers of its matrix: a number till 3.25, a struct since.
[[maybe_unused]] PetscObjectState seen(PetscObjectState state) {
  return state;
}
template <typename State>
auto seen(const State &state) -> decltype(state.state) {
  return state.state;
}

PetscErrorCode DestroyHook(PETRL_CONTEXT ctx) {
  PetscFunctionBegin;
  auto *hook = static_cast<std::shared_ptr<SolveHook> *>(PETRL_CONTEXT_OF(ctx));
  (*hook)->snes = nullptr;
  delete hook;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HookOf(SNES snes, std::shared_ptr<SolveHook> **hook) {
  PetscObject object;
  void *pointer = nullptr;

  PetscFunctionBegin;
  PetscCall(PetscObjectQuery((PetscObject)snes, kName, &object));
  if (object) PetscCall(PetscContainerGetPointer((PetscContainer)object, &pointer));
  *hook = static_cast<std::shared_ptr<SolveHook> *>(pointer);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// All ranks alike, or none.
PetscErrorCode Anywhere(SNES snes, bool *flag) {
  MPI_Comm comm = PetscObjectComm((PetscObject)snes);
  PetscMPIInt size;
  int any = *flag;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  if (size > 1) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPI_INT, MPI_MAX, comm));
  *flag = any != 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Somebody has changed the matrix since it was factored.
PetscErrorCode Changed(SNES snes, bool *changed) {
  PetscObjectState state;
  PC pc;

  PetscFunctionBegin;
  PetscCall(KSPGetPC(snes->ksp, &pc));
  PetscCall(PetscObjectStateGet((PetscObject)snes->jacobian_pre, &state));
  *changed = pc->pmat != snes->jacobian_pre || state != seen(pc->matstate);
  PetscCall(Anywhere(snes, changed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// d u'/d u of the step at hand, up to a factor that does not change.
PetscErrorCode Shift(const AdaptRL &rl, TS ts, double *shift) {
  PetscBool bdf;
  PetscInt order;

  PetscFunctionBegin;
  *shift = 1 / ts->time_step;
  PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSBDF, &bdf));
  if (!bdf || rl.times.empty()) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSBDFGetOrder(ts, &order));
  // It rises by one in each step.
  const PetscInt last = ts->adapt->candidates.n > 0 ? ts->adapt->candidates.order[0] : 1;
  const auto k = static_cast<std::size_t>(std::min(ts->steps > rl.times_step ? last + 1 : last, order));
  *shift = 0;
  for (std::size_t j = 0; j < std::min(k, rl.times.size()); ++j)
    *shift += 1 / (ts->ptime + ts->time_step - rl.times[j]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The linear solver's tolerance for an update of this weighted norm (0: not known).
PetscErrorCode SetKrylov(SolveHook &hook, const SolveRule &rule, double update) {
  PetscFunctionBegin;
  if (!hook.krylov) PetscFunctionReturn(PETSC_SUCCESS);
  const double wanted = update > 0 ? rule.krylov * hook.kappa / update : hook.rtol;
  hook.floor = std::max<double>(hook.rtol, std::min(wanted, rule.loosest));
  PetscCall(KSPSetTolerances(hook.ksp, hook.floor, hook.atol, hook.dtol, hook.most));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Called after each of Newton's iterations, and before the first one.
PetscErrorCode AtIteration(SNES snes, PetscInt it, PetscReal xnorm, PetscReal ynorm, PetscReal fnorm,
                           SNESConvergedReason *reason, void *ctx) {
  SolveHook &hook = *static_cast<SolveHook *>(ctx);
  AdaptRL &rl = adaptRL(hook.adapt);
  Contraction &contraction = *hook.contraction;
  PetscReal norm = 0, absolute, relative;
  bool changed = false;

  PetscFunctionBegin;
  PetscCall((*hook.test)(snes, it, xnorm, ynorm, fnorm, reason, hook.test_context));
  hook.tested = true;
  const bool first_use = hook.lag == 1 || hook.lag == -2;  // of a Jacobian
  if (it > 0 && first_use) ++rl.counts.jacobians, hook.built = true;
  hook.ended = *reason != 0;
  if (*reason < 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (it > 0 && !PetscIsInfOrNanReal(xnorm) && !PetscIsInfOrNanReal(ynorm)) {
    PetscCall(TSErrorWeightedNorm(hook.now, snes->vec_sol, hook.previous, hook.adapt->wnormtype, &norm, &absolute,
                                  &relative));
    contraction.update(norm, it == 1 && !first_use ? std::max(hook.first_floor, hook.floor) : hook.floor);
    if (!*reason && hook.loose && contraction.error() <= hook.kappa) {
      *reason = SNES_CONVERGED_SNORM_RELATIVE;
      PetscCall(PetscInfo(snes, "Converged due to weighted update %g, contraction %g: error %g <= %g\n", (double)norm,
                          contraction.rate(), contraction.error(), hook.kappa));
    }
  }
  // An update far below the tolerance is mostly rounding.
  const bool rates = it > 1 && norm > 1e-3 * hook.kappa;
  if (rates) rl.counts.slowest = std::max(rl.counts.slowest, contraction.rate());
  if (rates && contraction.rate() > rl.in_force.slow) hook.slow = true;
  if (!*reason) PetscCall(VecCopy(snes->vec_sol, hook.previous));
  if (hook.keep && !*reason && hook.lag == (it == 0 ? -1 : -2)) {
    PetscCall(Changed(snes, &changed));
    if (changed && it > 0) hook.changing = true;
    if (changed) snes->lagjacobian = hook.changing ? 1 : -2;
  }
  if (hook.keep && !*reason && rates && snes->lagjacobian == -1) {
    if (contraction.diverges() && !hook.built) {
      *reason = SNES_DIVERGED_INNER; /* from the start again, with a Jacobian of there */
    } else {
      const int missing = contraction.missing(hook.kappa);
      if ((hook.slow && missing > 2) || missing > snes->max_its - it) snes->lagjacobian = -2;
    }
  }
  if (it > 0 && !*reason) PetscCall(SetKrylov(hook, rl.in_force, std::max(contraction.error(), hook.kappa)));
  hook.lag = snes->lagjacobian;
  hook.ended = *reason != 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// SNES's own solve, once, with what the hook says.
PetscErrorCode SolveOnce(SNES snes, SolveHook &hook) {
  AdaptRL &rl = adaptRL(hook.adapt);

  PetscFunctionBegin;
  hook.ksp = snes->ksp;
  PetscCall(KSPGetTolerances(hook.ksp, &hook.rtol, &hook.atol, &hook.dtol, &hook.most));
  hook.floor = hook.rtol;
  hook.test = snes->ops->converged;
  hook.test_context = snes->cnvP;
  snes->ops->converged = AtIteration;
  snes->cnvP = &hook;
  const PetscInt lag = snes->lagjacobian;
  if (!hook.keep) hook.lag = lag;
  snes->lagjacobian = hook.lag;
  hook.built = hook.slow = hook.tested = hook.ended = false;
  hook.contraction = &hook.contractions[hook.lag == 1 ? 1 : 0];
  hook.contraction->begin();
  PetscCall(SetKrylov(hook, rl.in_force, hook.contraction->first()));
  const PetscErrorCode code = (*hook.solve)(snes);
  // An iteration that never came to the test has its Jacobian, too.
  if (hook.tested && !hook.ended && snes->reason != SNES_DIVERGED_MAX_IT && (hook.lag == 1 || hook.lag == -2))
    ++rl.counts.jacobians, hook.built = true;
  if (hook.keep) snes->lagjacobian = lag;
  snes->ops->converged = hook.test;
  snes->cnvP = hook.test_context;
  if (hook.krylov) PetscCall(KSPSetTolerances(hook.ksp, hook.rtol, hook.atol, hook.dtol, hook.most));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Is a new Jacobian cheaper than the iterations that the shift of the old one costs in the solves of this step?
bool Dear(const SolveHook &hook, const SolveRule &rule, double shift) {
  if (!hook.age.valid()) return true;
  const int more = hook.contractions[0].expected(hook.age.mismatch(shift), hook.kappa) - hook.age.fresh();
  const double left = std::max<double>(1, hook.solves_before - hook.solves + 1);
  return more * left >= rule.price;
}

// In place of the SNES type's solve.
PetscErrorCode SolveAndRepeat(SNES snes) {
  std::shared_ptr<SolveHook> *found;
  PetscErrorCode (*function)(SNES, Vec, Vec, void *) = nullptr;
  void *context = nullptr;
  PetscObjectId id, matrices[2];
  PetscObjectState state;
  DM dm;
  Vec guess;
  double shift;
  bool restarts = false;

  PetscFunctionBegin;
  PetscCall(HookOf(snes, &found));
  const std::shared_ptr<SolveHook> kept = *found;
  SolveHook &hook = *kept;
  PetscCall(SNESGetFunction(snes, NULL, &function, &context));
  TS ts = static_cast<TS>(context);
  const bool ours = hook.adapt && function == SNESTSFormFunction && ts->adapt == hook.adapt && !hook.now;
  if (!ours) {
    PetscCall((*hook.solve)(snes));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(AdaptRLFollow(hook.adapt, ts));
  if (hook.linear) {
    PetscCall(SolveLinearly(snes, hook, ts));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  AdaptRL &rl = adaptRL(hook.adapt);
  const bool usual =
      snes->ops->converged == SNESConvergedDefault && !snes->npc && !ts->trajectory && !ts->forward_solve;
  hook.tolerance = rl.control.tolerance && usual && rl.estimates && hook.alone.tolerance.empty();
  hook.keep = rl.control.jacobian && usual && hook.alone.jacobian.empty() && !hook.changing && snes->lagjacobian == 1 &&
              snes->lagpreconditioner == 1;
  if ((!hook.tolerance && !hook.keep) || !snes->jacobian || !snes->jacobian_pre) {
    PetscCall((*hook.solve)(snes));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  hook.now = ts;
  hook.kappa =
      hook.tolerance ? solveTolerance(rl, hook.alone.careful) : 1e-6; /* about what PETSc's own test comes to */
  PetscCall(PetscObjectGetId((PetscObject)ts, &id));
  PetscCall(PetscObjectGetId((PetscObject)snes->jacobian, &matrices[0]));
  PetscCall(PetscObjectGetId((PetscObject)snes->jacobian_pre, &matrices[1]));
  PetscCall(PetscObjectStateGet((PetscObject)snes->jacobian, &state));
  PetscCall(Shift(rl, ts, &shift));
  PetscCall(AdaptRLRestarts(rl, ts, &restarts));
  bool touched = snes->jacobian != snes->jacobian_pre && state != hook.state;
  if (snes->jacobian != snes->jacobian_pre) PetscCall(Anywhere(snes, &touched));
  if (touched || id != hook.ts || matrices[0] != hook.matrices[0] || matrices[1] != hook.matrices[1] ||
      (restarts && hook.age.step() != ts->steps))
    hook.age.forget();
  if (hook.step != ts->steps) hook.solves_before = std::max<PetscInt>(hook.solves, 1), hook.solves = 0;
  hook.step = ts->steps;
  ++hook.solves;
  const bool dear = Dear(hook, rl.in_force, shift);
  // No savings in the solves with which some methods start, nor for a while after they had to be taken back.
  PetscBool starts;
  PetscCall(PetscObjectTypeCompareAny((PetscObject)ts, &starts, TSBDF, TSALPHA, TSALPHA2, ""));
  bool strict = hook.caution.on() || (starts && ts->steprestart);
  const bool krylov = hook.tolerance && hook.alone.krylov.empty();
  bool exact = strict || !(krylov || hook.keep);

  PetscCall(SNESGetDM(snes, &dm));
  PetscCall(DMGetGlobalVector(dm, &hook.previous));
  PetscCall(DMGetGlobalVector(dm, &guess));
  PetscCall(VecCopy(snes->vec_sol, guess));
  ++rl.counts.solves;
  PetscInt iterations = 0, linear = snes->linear_its;
  for (bool again = true; again;) {
    hook.krylov = krylov && !exact;
    hook.loose = hook.tolerance && !strict;
    hook.lag = !hook.keep || exact ? 1 : dear || hook.age.stale(shift, ts->steps, rl.in_force) ? -2 : -1;
    hook.first_floor = hook.lag == -1 ? hook.age.mismatch(shift) : 0;
    const PetscErrorCode code = SolveOnce(snes, hook);
    if (code) {
      hook.now = nullptr;
      PetscCall(DMRestoreGlobalVector(dm, &guess));
      PetscCall(DMRestoreGlobalVector(dm, &hook.previous));
    }
    PetscCall(code);
    iterations += snes->iter;
    again = snes->reason < 0 && !exact;
    if (again) {
      PetscCall(PetscInfo(snes, "Repeated without savings: %s\n", SNESConvergedReasons[snes->reason]));
      PetscCall(VecCopy(guess, snes->vec_sol));
      PETRL_SNES_DOMAIN_ERROR(snes) = PETSC_FALSE;
      snes->jacobiandomainerror = PETSC_FALSE;
      hook.caution.failed();
      ++rl.counts.repeated;
      exact = strict = true;
    }
  }
  if (snes->reason < 0 && !hook.caution.on()) hook.caution.failed();
  snes->iter = iterations;
  PetscCall(DMRestoreGlobalVector(dm, &guess));
  PetscCall(DMRestoreGlobalVector(dm, &hook.previous));
  rl.counts.iterations += iterations;
  rl.counts.linear += snes->linear_its - linear;
  if (hook.built) {
    hook.age.built(shift, ts->steps);
    if (hook.lag == -1) hook.age.fresh(static_cast<int>(snes->iter));
  } else {
    hook.age.paid(static_cast<int>(snes->iter));
  }
  if (hook.slow || snes->reason < 0) hook.age.forget();
  if (snes->reason >= 0) hook.caution.solved();
  hook.ts = id;
  std::copy_n(matrices, 2, hook.matrices);
  PetscCall(PetscObjectStateGet((PetscObject)snes->jacobian, &hook.state));
  hook.now = nullptr;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// From the first decision of a solve on.
PetscErrorCode AdaptRLTakeOver(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);
  std::shared_ptr<SolveHook> *found = nullptr;
  PetscContainer container;

  PetscFunctionBegin;
  if (!rl.control.solves() || rl.basic_only || !ts->usessnes || !ts->snes) PetscFunctionReturn(PETSC_SUCCESS);
  if (rl.solve && rl.solve->adapt && rl.solve->snes == ts->snes && ts->snes->ops->solve == SolveAndRepeat)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(AdaptRLGiveBack(adapt));
  LeftAlone alone;
  PetscCall(AdaptRLExamine(ts, alone));
  PetRLCallCXX(alone.order = rl.alone.order; rl.alone = alone);
  const bool anything =
      (rl.control.tolerance && (rl.alone.tolerance.empty() || (rl.alone.linear && rl.alone.krylov.empty()))) ||
      (rl.control.jacobian && rl.alone.jacobian.empty());
  if (!anything) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HookOf(ts->snes, &found));
  if (!found) {
    PetRLCallCXX(found = new std::shared_ptr<SolveHook>(std::make_shared<SolveHook>()));
    PetscCall(PetscContainerCreate(PETSC_COMM_SELF, &container));
    PetscCall(PetscContainerSetPointer(container, found));
    PetscCall(PETRL_CONTAINER_DESTROY(container, DestroyHook));
    PetscCall(PetscObjectCompose((PetscObject)ts->snes, kName, (PetscObject)container));
    PetscCall(PetscContainerDestroy(&container));
  }
  SolveHook &hook = **found;
  if (ts->snes->ops->solve != SolveAndRepeat) hook.solve = ts->snes->ops->solve;
  hook.adapt = adapt;
  hook.snes = ts->snes;
  // As if nothing had been solved before.
  hook.contractions[0] = hook.contractions[1] = Contraction();
  hook.caution = Caution();
  hook.age = JacobianAge();
  hook.step = -1;
  hook.solves = 0, hook.solves_before = 1;
  hook.increment = hook.increment_before = 0;
  PetRLCallCXX(hook.alone = rl.alone);
  hook.linear = rl.alone.linear;
  ts->snes->ops->solve = SolveAndRepeat;
  rl.solve = *found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The solve has ended, or the adaptor goes.
PetscErrorCode AdaptRLGiveBack(TSAdapt adapt) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  if (!rl.solve) PetscFunctionReturn(PETSC_SUCCESS);
  SNES snes = rl.solve->snes;
  if (snes && snes->ops->solve == SolveAndRepeat) snes->ops->solve = rl.solve->solve;
  rl.solve->adapt = nullptr;
  rl.solve.reset();
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
