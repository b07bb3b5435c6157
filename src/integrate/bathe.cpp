// TSBATHE: the operations that PETSc calls. The public functions are in bathe_interface.cpp.
#include "integrate/bathe.hpp"

#include <petsc/private/vecimpl.h>
#include <petscdm.h>

#include "base/error.hpp"
#include "base/package.hpp"
#include "base/real_double.hpp"

namespace petrl {

namespace {

const char *const kErrorTypes[] = {"none", "embedded", "doubling", "TSBatheErrorType", "TS_BATHE_ERROR_", NULL};

PetscErrorCode CreateState(TS ts, BatheState &s) {
  PetscFunctionBegin;
  for (Vec *v : {&s.u, &s.v, &s.a}) PetscCall(VecDuplicate(ts->vec_sol, v));
  if (bathe(ts).friction) {
    for (Vec *v : {&s.history, &s.rate, &s.reaction}) {
      PetscCall(VecDuplicate(ts->vec_sol, v));
      PetscCall(VecSet(*v, 0));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DestroyState(BatheState &s) {
  PetscFunctionBegin;
  for (Vec *v : {&s.u, &s.v, &s.a, &s.history, &s.rate, &s.reaction}) PetscCall(VecDestroy(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CopyState(const BatheState &from, BatheState &to) {
  PetscFunctionBegin;
  PetscCall(VecCopy(from.u, to.u));
  PetscCall(VecCopy(from.v, to.v));
  PetscCall(VecCopy(from.a, to.a));
  if (from.history) {
    PetscCall(VecCopy(from.history, to.history));
    PetscCall(VecCopy(from.rate, to.rate));
    PetscCall(VecCopy(from.reaction, to.reaction));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSetUp_Bathe(TS ts) {
  Bathe &b = bathe(ts);
  TSI2Function function = NULL;
  PetscBool match;

  PetscFunctionBegin;
  DM dm;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMTSGetI2Function(dm, &function, NULL));
  PetscCheck(ts->vec_dot && function, PetscObjectComm((PetscObject)ts), PETSC_ERR_ORDER,
             "TS type bathe integrates second-order systems: give the equations with TSSetI2Function() and "
             "TSSetI2Jacobian(), the start with TS2SetSolution()");
  for (BatheState *s : {&b.start, &b.first, &b.middle, &b.now}) PetscCall(CreateState(ts, *s));
  for (Vec *v : {&b.error_u, &b.error_v, &b.known_u, &b.known_v, &b.stage_u, &b.stage_a})
    PetscCall(VecDuplicate(ts->vec_sol, v));
  if (b.friction) {
    PetscCall(VecDuplicate(ts->vec_sol, &b.known_history));
    if (b.initial_history) PetscCall(VecCopy(b.initial_history, b.now.history));
  }
  b.started = false;
  PetscCall(TSGetAdapt(ts, &ts->adapt));
  PetscCall(TSAdaptCandidatesClear(ts->adapt));
  // Adaptors that can do without an estimate must see that there is none.
  ts->ops->evaluatewlte = b.error_type == TS_BATHE_ERROR_NONE ? NULL : TSEvaluateWLTE_Bathe;
  PetscCall(TSGetSNES(ts, &ts->snes));
  if (b.friction) {
    PetscCall(PetscObjectTypeCompare((PetscObject)ts->snes, SNESPDAS, &match));
    PetscCheck(match, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_INCOMP,
               "TS type bathe with friction needs -snes_type pdas, found %s",
               ((PetscObject)ts->snes)->type_name ? ((PetscObject)ts->snes)->type_name : "none");
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode BeginStep(TS ts) {
  Bathe &b = bathe(ts);

  PetscFunctionBegin;
  if (ts->steprollback && b.started) PetscFunctionReturn(PETSC_SUCCESS);
  // A step that was given up leaves `start` as the state that the solution has.
  const bool anew = !b.started || ts->steps == 0, advanced = b.status != TS_STEP_INCOMPLETE;
  if (!anew && advanced) PetscCall(CopyState(b.now, b.start));
  // Events and poststep functions may have changed the solution.
  PetscCall(VecCopy(ts->vec_sol, b.start.u));
  PetscCall(VecCopy(ts->vec_dot, b.start.v));
  if (anew && b.initial_history)
    PetscCall(VecCopy(b.initial_history, b.start.history));
  else if (anew && b.friction)
    PetscCall(VecSet(b.start.history, 0));
  if (anew || ts->steprestart) PetscCall(BatheStart(ts, b.start, ts->ptime));
  b.started = true;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSStep_Bathe(TS ts) {
  Bathe &b = bathe(ts);
  PetscInt rejections = 0;
  PetscBool ok, accept = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCall(BeginStep(ts));
  b.status = TS_STEP_INCOMPLETE;
  while (!ts->reason && b.status != TS_STEP_COMPLETE) {
    const PetscReal h = ts->time_step;
    PetscReal next = h;
    PetscBool stage_ok = PETSC_TRUE;

    PetscCall(BatheAttempt(ts, &ok));
    // Whoever adapts may choose the retry before PETSc does.
    b.latest.failed = !ok;
    if (!ok && b.observer) PetRLCallCXX(b.observer(b.latest));
    if (!ok) PetscTryMethod(ts->adapt, "TSAdaptSolveFailed_C", (TSAdapt, TS, PetscReal), (ts->adapt, ts, h));
    if (ts->reason) break;
    PetscCall(TSAdaptCheckStage(ts->adapt, ts, ts->ptime + h, ok ? b.now.u : b.start.u, &stage_ok));
    if (ts->reason) break;
    if (ok && stage_ok) {
      b.status = TS_STEP_PENDING;
      PetscCall(VecCopy(b.now.u, ts->vec_sol));
      PetscCall(VecCopy(b.now.v, ts->vec_dot));
      PetscCall(TSAdaptChoose(ts->adapt, ts, h, NULL, &next, &accept));
      b.latest.accepted = accept == PETSC_TRUE;
      if (b.observer) PetRLCallCXX(b.observer(b.latest));
      if (accept) {
        b.status = TS_STEP_COMPLETE;
        ts->ptime += h;
        ts->time_step = next;
        break;
      }
      b.status = TS_STEP_INCOMPLETE;
      PetscCall(VecCopy(b.start.u, ts->vec_sol));
      PetscCall(VecCopy(b.start.v, ts->vec_dot));
      ts->time_step = next;
    }
    ts->reject++;
    accept = PETSC_FALSE;
    if (!ts->reason && ++rejections > ts->max_reject && ts->max_reject >= 0) {
      ts->reason = TS_DIVERGED_STEP_REJECTED;
      PetscCall(PetscInfo(ts,
                          "Step=%" PetscInt_FMT ", step rejections %" PetscInt_FMT
                          " greater than current TS allowed, stopping solve\n",
                          ts->steps, rejections));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// RMS of two vectors of one layout, in one reduction.
PetscErrorCode RootMeanSquares(Vec x, Vec y, PetscReal *rms_x, PetscReal *rms_y) {
  MPI_Comm comm = PetscObjectComm((PetscObject)x);
  PetscMPIInt ranks;
  PetscInt n;
  PetscReal norms[2];
  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  PetscUseTypeMethod(x, norm_local, NORM_2, &norms[0]);
  PetscUseTypeMethod(y, norm_local, NORM_2, &norms[1]);
  if (ranks > 1) {
    const PetscReal squares[2] = {norms[0] * norms[0], norms[1] * norms[1]};
    PetscCall(MPIU_Allreduce(squares, norms, 2, MPIU_REAL, MPIU_SUM, comm));
    for (PetscReal &norm : norms) norm = PetscSqrtReal(norm);
  }
  PetscCall(VecGetSize(x, &n));
  *rms_x = norms[0] / PetscSqrtReal((PetscReal)n);
  *rms_y = norms[1] / PetscSqrtReal((PetscReal)n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSRollBack_Bathe(TS ts) {
  Bathe &b = bathe(ts);
  PetscFunctionBegin;
  b.status = TS_STEP_INCOMPLETE;
  PetscCall(VecCopy(b.start.u, ts->vec_sol));
  PetscCall(VecCopy(b.start.v, ts->vec_dot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Cubic Hermite interpolation within the latest step.
PetscErrorCode TSInterpolate_Bathe(TS ts, PetscReal t, Vec u) {
  Bathe &b = bathe(ts);
  const PetscReal h = ts->ptime - ts->ptime_prev, x = (t - ts->ptime_prev) / h, y = 1 - x;
  const PetscScalar weights[4] = {y * y * (1 + 2 * x), h * x * y * y, x * x * (1 + 2 * y), -h * x * x * y};
  Vec terms[4] = {b.start.u, b.start.v, ts->vec_sol, ts->vec_dot};
  PetscFunctionBegin;
  PetscCall(VecSet(u, 0));
  PetscCall(VecMAXPY(u, 4, weights, terms));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSReset_Bathe(TS ts) {
  Bathe &b = bathe(ts);
  PetscFunctionBegin;
  for (BatheState *s : {&b.start, &b.first, &b.middle, &b.now}) PetscCall(DestroyState(*s));
  for (Vec *v : {&b.error_u, &b.error_v, &b.known_u, &b.known_v, &b.stage_u, &b.stage_a, &b.known_history})
    PetscCall(VecDestroy(v));
  b.started = false;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSetFromOptions_Bathe(TS ts, PETRL_OPTION_ITEMS PetscOptionsObject) {
  Bathe &b = bathe(ts);
  PetscReal rho = b.rho, u = b.displacement_scale, v = b.velocity_scale;
  PetscEnum error = (PetscEnum)b.error_type;
  PetscBool set;

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Bathe's composite method");
  PetscCall(PetscOptionsReal("-ts_bathe_rho_infinity", "Spectral radius at infinite frequency", "TSBatheSetRhoInfinity",
                             rho, &rho, &set));
  if (set) PetscCall(TSBatheSetRhoInfinity(ts, rho));
  PetscCall(PetscOptionsEnum("-ts_bathe_error", "Estimate of the local error", "TSBatheSetErrorType", kErrorTypes,
                             error, &error, &set));
  if (set) PetscCall(TSBatheSetErrorType(ts, (TSBatheErrorType)error));
  PetscCall(PetscOptionsReal("-ts_bathe_displacement_scale", "Displacement that errors are compared with",
                             "TSBatheSetErrorScales", u, &u, NULL));
  PetscCall(PetscOptionsReal("-ts_bathe_velocity_scale", "Velocity that errors are compared with",
                             "TSBatheSetErrorScales", v, &v, NULL));
  PetscCall(TSBatheSetErrorScales(ts, u, v));
  PetscOptionsHeadEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSView_Bathe(TS ts, PetscViewer viewer) {
  const Bathe &b = bathe(ts);
  PetscBool ascii;
  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)viewer, PETSCVIEWERASCII, &ascii));
  if (ascii) {
    PetscCall(PetscViewerASCIIPrintf(viewer, "  rho_infinity=%g, gamma=%g, error estimate %s%s\n", (double)b.rho,
                                     (double)b.gamma, kErrorTypes[b.error_type],
                                     b.friction ? ", set-valued friction" : ""));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SetFriction(TS ts, TSBatheFriction law, void *ctx) {
  Bathe &b = bathe(ts);
  SNES snes;
  PetscFunctionBegin;
  PetscCheck(!ts->setupcalled, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_WRONGSTATE,
             "TSBatheSetFriction() must come before TSSetUp() and TSSolve()");
  b.friction = law;
  b.friction_context = ctx;
  PetscCall(TSGetSNES(ts, &snes));
  if (!((PetscObject)snes)->type_name) PetscCall(SNESSetType(snes, SNESPDAS));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSDestroy_Bathe(TS ts) {
  Bathe &b = bathe(ts);
  PetscFunctionBegin;
  PetscCall(TSReset_Bathe(ts));
  PetscCall(VecDestroy(&b.initial_history));
  PetscCall(PetscObjectComposeFunction((PetscObject)ts, "TSBatheSetFriction_C", NULL));
  PetscCall(PetscObjectComposeFunction((PetscObject)ts, "TSAnnouncesFailures_C", NULL));
  delete static_cast<Bathe *>(ts->data);
  ts->data = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

void BatheSetMethod(Bathe &b, PetscReal rho) {
  b.rho = rho;
  b.gamma = rho == 1 ? 0.5 : (2 - PetscSqrtReal(2 + 2 * rho)) / (1 - rho);
  b.q1 = (rho + 1) / (2 * b.gamma * (rho - 1) + 4);
  b.q0 = (b.gamma - 1) * b.q1 + 0.5;
  b.q2 = 0.5 - b.gamma * b.q1;
}

PetscErrorCode TSEvaluateWLTE_Bathe(TS ts, NormType type, PetscInt *order, PetscReal *wlte) {
  Bathe &b = bathe(ts);

  PetscFunctionBegin;
  *wlte = -1;
  if (order) *order = 3; /* the local error is O(h^3) */
  if (b.error_type == TS_BATHE_ERROR_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  if (b.displacement_scale > 0 && b.velocity_scale > 0) {
    PetscReal u, v;
    PetscCall(RootMeanSquares(b.error_u, b.error_v, &u, &v));
    *wlte = PetscMax(v / b.velocity_scale, u / b.displacement_scale) / ts->rtol;
  } else {
    PetscReal u, v, absolute, relative;
    // Against the solution plus the error.
    PetscCall(VecAYPX(b.error_u, 1, b.now.u));
    PetscCall(VecAYPX(b.error_v, 1, b.now.v));
    PetscCall(TSErrorWeightedNorm(ts, b.now.u, b.error_u, type, &u, &absolute, &relative));
    PetscCall(TSErrorWeightedNorm(ts, b.now.v, b.error_v, type, &v, &absolute, &relative));
    PetscCall(VecAXPY(b.error_u, -1, b.now.u));
    PetscCall(VecAXPY(b.error_v, -1, b.now.v));
    *wlte = PetscMax(u, v);
  }
  b.latest.error = *wlte;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

PETSC_INTERN PetscErrorCode TSCreate_Bathe(TS ts);
PetscErrorCode TSCreate_Bathe(TS ts) {
  PetscFunctionBegin;
  PetRLRealDouble(PetscObjectComm((PetscObject)ts), "TS type bathe");
  PetscCall(petrl::InitializePackage());
  PetRLCallCXX(ts->data = new petrl::Bathe());
  petrl::BatheSetMethod(petrl::bathe(ts), 0);
  ts->ops->setup = petrl::TSSetUp_Bathe;
  ts->ops->step = petrl::TSStep_Bathe;
  ts->ops->rollback = petrl::TSRollBack_Bathe;
  ts->ops->interpolate = petrl::TSInterpolate_Bathe;
  ts->ops->reset = petrl::TSReset_Bathe;
  ts->ops->destroy = petrl::TSDestroy_Bathe;
  ts->ops->view = petrl::TSView_Bathe;
  ts->ops->setfromoptions = petrl::TSSetFromOptions_Bathe;
  ts->ops->snesfunction = petrl::BatheSNESFunction;
  ts->ops->snesjacobian = petrl::BatheSNESJacobian;
  ts->default_adapt_type = TSADAPTNONE;
  ts->usessnes = PETSC_TRUE;
  PetscCall(PetscObjectComposeFunction((PetscObject)ts, "TSBatheSetFriction_C", petrl::SetFriction));
  // For adaptors: TSAdaptSolveFailed_C will be called, failures need not be noticed otherwise.
  PetscCall(PetscObjectComposeFunction((PetscObject)ts, "TSAnnouncesFailures_C", petrl::SetFriction));
  PetscFunctionReturn(PETSC_SUCCESS);
}
