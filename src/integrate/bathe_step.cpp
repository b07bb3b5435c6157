// TSBATHE: the two sub-steps, the start of an integration, and the estimates of the local error.
#include "integrate/bathe.hpp"
#include "integrate/friction_points.hpp"

namespace petrl {

namespace {

// q and dq/d|v| in the units of the sub-step's equations, which are those of the problem over c.
PetscErrorCode StageFriction(SNES snes, Vec v, Vec strength, Vec slope, void *ctx) {
  TS ts = static_cast<TS>(ctx);
  const Bathe &b = bathe(ts);

  PetscFunctionBegin;
  (void)snes;
  PetscCall((*b.friction)(ts, b.stage_time, b.known_history, b.c, v, strength, slope, NULL, NULL, b.friction_context));
  if (strength) PetscCall(VecScale(strength, 1 / b.c));
  if (slope) PetscCall(VecScale(slope, 1 / b.c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Solves one sub-step; v holds the start value on entry. The rest of `out` follows from v.
PetscErrorCode SolveStage(TS ts, Vec start_reaction, BatheState &out, PetscBool *ok) {
  Bathe &b = bathe(ts);
  PetscInt its, lits;
  SNESConvergedReason reason;

  PetscFunctionBegin;
  if (b.friction) {
    PetscCall(SNESPDASSetFriction(ts->snes, StageFriction, ts));
    PetscCall(SNESPDASSetForceScale(ts->snes, b.force_scale / b.c));
    PetscCall(VecCopy(start_reaction, out.reaction));
    PetscCall(VecScale(out.reaction, 1 / b.c));
    PetscCall(SNESPDASSetReaction(ts->snes, out.reaction));
  }
  PetscCall(TSPreStage(ts, b.stage_time));
  PetscCall(SNESSolve(ts->snes, NULL, out.v));
  PetscCall(SNESGetIterationNumber(ts->snes, &its));
  PetscCall(SNESGetLinearSolveIterations(ts->snes, &lits));
  PetscCall(SNESGetConvergedReason(ts->snes, &reason));
  ts->snes_its += its;
  ts->ksp_its += lits;
  b.latest.iterations += its;
  b.latest.linear += lits;
  ++b.latest.solves;
  if (b.friction) {
    PetscReal sum;
    Vec reaction;
    PetscCall(SNESPDASGetResidualSum(ts->snes, &sum));
    b.latest.residual_sum += sum;
    PetscCall(SNESPDASGetReaction(ts->snes, &reaction));
    PetscCall(VecCopy(reaction, out.reaction));
    PetscCall(VecScale(out.reaction, b.c));
  }
  *ok = reason >= 0 ? PETSC_TRUE : PETSC_FALSE;
  if (!*ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecWAXPY(out.u, b.c, out.v, b.known_u));
  PetscCall(VecWAXPY(out.a, -1, b.known_v, out.v));
  PetscCall(VecScale(out.a, 1 / b.c));
  if (b.friction) {
    PetscCall((*b.friction)(ts, b.stage_time, b.known_history, b.c, out.v, NULL, NULL, out.history, out.rate,
                            b.friction_context));
  }
  PetscCall(TSPostStage(ts, b.stage_time, 0, &out.u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// One composite step of length h from `from` (at time t) to `to`; `from` may not be `to`.
PetscErrorCode CompositeStep(TS ts, PetscReal t, PetscReal h, const BatheState &from, BatheState &to, PetscBool *ok) {
  Bathe &b = bathe(ts);
  BatheState &g = b.first;

  PetscFunctionBegin;
  // First sub-step: trapezoidal rule over gamma h.
  b.c = b.gamma * h / 2;
  b.stage_time = t + b.gamma * h;
  PetscCall(VecWAXPY(b.known_u, b.c, from.v, from.u));
  PetscCall(VecWAXPY(b.known_v, b.c, from.a, from.v));
  if (b.friction) PetscCall(VecWAXPY(b.known_history, b.c, from.rate, from.history));
  PetscCall(VecCopy(from.v, g.v));
  PetscCall(SolveStage(ts, from.reaction, g, ok));
  if (!*ok) PetscFunctionReturn(PETSC_SUCCESS);
  // Second sub-step.
  const PetscScalar weights[2] = {b.q0 * h, b.q1 * h};
  b.c = b.q2 * h;
  b.stage_time = t + h;
  Vec v[2] = {from.v, g.v}, a[2] = {from.a, g.a}, r[2] = {from.rate, g.rate};
  PetscCall(VecCopy(from.u, b.known_u));
  PetscCall(VecMAXPY(b.known_u, 2, weights, v));
  PetscCall(VecCopy(from.v, b.known_v));
  PetscCall(VecMAXPY(b.known_v, 2, weights, a));
  if (b.friction) {
    PetscCall(VecCopy(from.history, b.known_history));
    PetscCall(VecMAXPY(b.known_history, 2, weights, r));
  }
  PetscCall(VecCopy(g.v, to.v));
  PetscCall(SolveStage(ts, g.reaction, to, ok));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Difference to the quadrature of third order through the three velocities and accelerations of the step.
PetscErrorCode EmbeddedError(TS ts, PetscReal h) {
  Bathe &b = bathe(ts);
  const PetscReal wg = 1 / (6 * b.gamma * (1 - b.gamma)), w1 = 0.5 - b.gamma * wg, w0 = 1 - wg - w1;
  const PetscScalar weights[3] = {h * (w0 - b.q0), h * (wg - b.q1), h * (w1 - b.q2)};
  Vec v[3] = {b.start.v, b.first.v, b.now.v}, a[3] = {b.start.a, b.first.a, b.now.a};

  PetscFunctionBegin;
  PetscCall(VecSet(b.error_u, 0));
  PetscCall(VecMAXPY(b.error_u, 3, weights, v));
  PetscCall(VecSet(b.error_v, 0));
  PetscCall(VecMAXPY(b.error_v, 3, weights, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Displacement and acceleration that go with a velocity of the sub-step.
PetscErrorCode StageState(Bathe &b, Vec v) {
  PetscFunctionBegin;
  PetscCall(VecWAXPY(b.stage_u, b.c, v, b.known_u));
  PetscCall(VecWAXPY(b.stage_a, -1, b.known_v, v));
  PetscCall(VecScale(b.stage_a, 1 / b.c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode BatheSNESFunction(SNES snes, Vec v, Vec f, TS ts) {
  Bathe &b = bathe(ts);

  PetscFunctionBegin;
  (void)snes;
  PetscCall(StageState(b, v));
  PetscCall(TSComputeI2Function(ts, b.stage_time, b.stage_u, v, b.stage_a, f));
  // TSI2Jacobian differentiates with respect to the displacement u = known + c v: divide by c to match.
  PetscCall(VecScale(f, 1 / b.c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode BatheSNESJacobian(SNES snes, Vec v, Mat J, Mat P, TS ts) {
  Bathe &b = bathe(ts);

  PetscFunctionBegin;
  (void)snes;
  PetscCall(StageState(b, v));
  PetscCall(TSComputeI2Jacobian(ts, b.stage_time, b.stage_u, v, b.stage_a, 1 / b.c, 1 / PetscSqr(b.c), J, P));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// F(t, u, v, a) + F_r = 0 for a, F_r given u, v: with a = 0 the function gives the force; where v = 0 friction holds it
// as far as it can, elsewhere it opposes v. The mass matrix is the Jacobian with respect to a.
PetscErrorCode BatheStart(TS ts, BatheState &s, PetscReal t) {
  Bathe &b = bathe(ts);
  KSP ksp;
  Mat J, P;

  PetscFunctionBegin;
  PetscCall(VecSet(s.a, 0));
  PetscCall(TSComputeI2Function(ts, t, s.u, s.v, s.a, b.stage_a));
  PetscCall(VecScale(b.stage_a, -1)); /* the force */
  if (b.friction) {
    PetscCall((*b.friction)(ts, t, s.history, 0, s.v, b.stage_u, NULL, NULL, s.rate, b.friction_context));
    PetscCall(FrictionAtStart(s.v, b.stage_a, b.stage_u, s.reaction));
    PetscCall(VecAXPY(b.stage_a, -1, s.reaction));
  }
  // M a = force - reaction. dF/da alone cannot be asked for: a large shift makes the rest small, and corrections remove
  // what is left of it.
  const PetscReal shift = 1e12;
  PetscReal norm, norm0, last;
  PetscCall(VecNorm(b.stage_a, NORM_INFINITY, &norm0));
  last = norm0;
  if (norm0 == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SNESGetJacobian(ts->snes, &J, &P, NULL, NULL));
  PetscCall(TSComputeI2Jacobian(ts, t, s.u, s.v, s.a, 0, shift, J, P));
  PetscCall(KSPCreate(PetscObjectComm((PetscObject)ts), &ksp));
  PetscCall(KSPSetType(ksp, KSPGMRES));
  PetscCall(KSPSetOptionsPrefix(ksp, "ts_bathe_mass_"));
  PC pc;
  PetscCall(KSPGetPC(ksp, &pc));
  PetscBool diagonal;
  PetscCall(MatHasOperation(P, MATOP_GET_DIAGONAL, &diagonal));
  PetscCall(PCSetType(pc, diagonal ? PCJACOBI : PCNONE));
  PetscCall(KSPSetTolerances(ksp, 1e-13, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  PetscCall(KSPSetOperators(ksp, J, P));
  PetscCall(KSPSetFromOptions(ksp));
  KSPConvergedReason reason;
  for (int correction = 0;; ++correction) {
    PetscCall(VecScale(b.stage_a, shift));
    PetscCall(KSPSolve(ksp, b.stage_a, b.stage_u));
    PetscCall(KSPGetConvergedReason(ksp, &reason));
    PetscCall(VecAXPY(s.a, 1, b.stage_u));
    if (reason < 0 || correction == 4) break;
    PetscCall(TSComputeI2Function(ts, t, s.u, s.v, s.a, b.stage_a));
    if (b.friction) PetscCall(VecAXPY(b.stage_a, 1, s.reaction));
    PetscCall(VecScale(b.stage_a, -1));
    PetscCall(VecNorm(b.stage_a, NORM_INFINITY, &norm));
    if (norm <= 1e-13 * norm0 || norm > 0.5 * last) break; /* good, or no better for rounding */
    last = norm;
  }
  PetscCall(KSPDestroy(&ksp));
  PetscCall(VecNorm(s.a, NORM_INFINITY, &norm));
  PetscCheck(reason >= 0 && !PetscIsInfOrNanReal(norm), PetscObjectComm((PetscObject)ts), PETSC_ERR_NOT_CONVERGED,
             "TSBATHE: the initial acceleration could not be solved for: is the mass matrix dF/da singular? "
             "(options -ts_bathe_mass_ksp_..., -ts_bathe_mass_pc_...)");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode BatheAttempt(TS ts, PetscBool *ok) {
  Bathe &b = bathe(ts);
  const PetscReal t = ts->ptime, h = ts->time_step;

  PetscFunctionBegin;
  b.latest = BatheAttempted();
  b.latest.t = t;
  b.latest.h = h;
  PetscCall(CompositeStep(ts, t, h, b.start, b.now, ok));
  if (!*ok || b.error_type == TS_BATHE_ERROR_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  if (b.error_type == TS_BATHE_ERROR_EMBEDDED) {
    PetscCall(EmbeddedError(ts, h));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(VecCopy(b.now.u, b.error_u));
  PetscCall(VecCopy(b.now.v, b.error_v));
  PetscCall(CompositeStep(ts, t, h / 2, b.start, b.middle, ok));
  if (!*ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CompositeStep(ts, t + h / 2, h / 2, b.middle, b.now, ok));
  if (!*ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecAXPY(b.error_u, -1, b.now.u));
  PetscCall(VecAXPY(b.error_v, -1, b.now.v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
