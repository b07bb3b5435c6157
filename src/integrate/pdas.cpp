// SNESPDAS: primal-dual active set iteration for F(v) + lambda = 0, lambda in q(|v|) Sign(v).
#include "integrate/pdas.hpp"

#include <petsc/private/vecimpl.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/real_double.hpp"
#include "integrate/friction_points.hpp"

namespace petrl {

namespace {

// Weight of v against lambda: the geometric mean of the Jacobian's diagonal, or its size on a constant vector.
PetscErrorCode EstimateScaling(SNES snes) {
  PDAS &p = pdas(snes);
  PetscBool has;

  PetscFunctionBegin;
  p.r = p.scaling;
  if (p.r > 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(MatHasOperation(snes->jacobian, MATOP_GET_DIAGONAL, &has));
  PetscReal norm, one;
  PetscCall(VecSet(p.work, 1));
  PetscCall(VecNorm(p.work, NORM_2, &one));
  if (has)
    PetscCall(MatGetDiagonal(snes->jacobian, p.rhs));
  else
    PetscCall(MatMult(snes->jacobian, p.work, p.rhs));
  PetscCall(VecNorm(p.rhs, NORM_2, &norm));
  p.r = norm > 0 ? norm / one : 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct Found {
  PetscReal norm;
  bool domain_error;
  bool slides, stops;  // some cells are in S; some off it still move
};

// lambda and the natural residual at v; on the way the sets of the next iteration and its right-hand side. `first`:
// lambda is the start value.
PetscErrorCode Residual(SNES snes, bool first, Found *found) {
  PDAS &p = pdas(snes);
  PetscReal local[4], all[4];

  PetscFunctionBegin;
  PetscCall(SNESComputeFunction(snes, snes->vec_sol, snes->vec_func));
  PetscCall((*p.friction)(snes, snes->vec_sol, p.strength, p.slope, p.friction_context));
  PetscCall(PDASPoints(snes, first, &local[0]));
  PetscCall(PDASRightHandSide(snes));
  PetscCall((*p.active->ops->norm_local)(p.active, NORM_INFINITY, &local[1]));
  PetscCall((*p.work->ops->norm_local)(p.work, NORM_INFINITY, &local[2]));
  // One reduction for all of it; a domain error on any rank stops all of them.
  local[3] = PETRL_SNES_DOMAIN_ERROR(snes) ? 1 : 0;
  PETRL_SNES_DOMAIN_ERROR(snes) = PETSC_FALSE;
  PetscCall(MPIU_Allreduce(local, all, 4, MPIU_REAL, MPIU_MAX, PetscObjectComm((PetscObject)snes)));
  *found = {all[0] / p.force_scale, all[3] > 0, all[1] > 0, all[2] > 0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Right-hand side on S: -(F + s (q - slope |v|) + slope v) + A (v off S), the first part of which is there.
PetscErrorCode RightHandSide(SNES snes, const Found &found) {
  PDAS &p = pdas(snes);

  PetscFunctionBegin;
  if (found.stops && found.slides) {
    // Cells that come to rest pull at those that slide.
    PetscCall(MatMult(snes->jacobian, p.work, p.update));
    PetscCall(VecPointwiseMult(p.update, p.update, p.active));
    PetscCall(VecAXPY(p.rhs, 1.0, p.update));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Norms of the solution and of its update, where somebody looks at them.
PetscErrorCode UpdateNorms(SNES snes, PetscReal *xnorm, PetscReal *ynorm) {
  const PDAS &p = pdas(snes);
  PetscFunctionBegin;
  if (snes->ops->converged == SNESConvergedDefault && snes->stol <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecNormBegin(p.update, NORM_2, ynorm));
  PetscCall(VecNormBegin(snes->vec_sol, NORM_2, xnorm));
  PetscCall(VecNormEnd(p.update, NORM_2, ynorm));
  PetscCall(VecNormEnd(snes->vec_sol, NORM_2, xnorm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode MinresSolver(SNES snes, KSP *ksp) {
  PDAS &p = pdas(snes);
  PetscFunctionBegin;
  if (!p.indefinite) {
    PetscReal rtol, atol, dtol;
    PetscInt maxits;
    PC pc;
    const char *prefix;
    PetscCall(KSPCreate(PetscObjectComm((PetscObject)snes), &p.indefinite));
    PetscCall(SNESGetOptionsPrefix(snes, &prefix));
    PetscCall(KSPSetOptionsPrefix(p.indefinite, prefix));
    PetscCall(KSPAppendOptionsPrefix(p.indefinite, "pdas_indefinite_"));
    PetscCall(KSPSetType(p.indefinite, KSPMINRES));
    PetscCall(KSPGetTolerances(snes->ksp, &rtol, &atol, &dtol, &maxits));
    PetscCall(KSPSetTolerances(p.indefinite, rtol, atol, dtol, maxits));
    PetscCall(KSPGetPC(snes->ksp, &pc));
    PetscCall(KSPSetPC(p.indefinite, pc));
    PetscCall(KSPSetFromOptions(p.indefinite));
  }
  *ksp = p.indefinite;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Solves the masked system for the update; false in *ok where no solver managed.
PetscErrorCode LinearSolve(SNES snes, PetscBool *ok) {
  PDAS &p = pdas(snes);
  Mat A, P;
  KSPConvergedReason reason;
  PetscInt its;

  PetscFunctionBegin;
  PetscCall(PDASOperators(snes, &A, &P));
  PetscCall(KSPSetOperators(snes->ksp, A, P));
  PetscCall(KSPSolve(snes->ksp, p.rhs, p.update));
  PetscCall(KSPGetIterationNumber(snes->ksp, &its));
  snes->linear_its += its;
  PetscCall(KSPGetConvergedReason(snes->ksp, &reason));
  if (reason == KSP_DIVERGED_INDEFINITE_MAT) {
    KSP minres = nullptr;
    PetscCall(MinresSolver(snes, &minres));
    PetscCall(KSPSetOperators(minres, A, P));
    PetscCall(KSPSolve(minres, p.rhs, p.update));
    PetscCall(KSPGetIterationNumber(minres, &its));
    snes->linear_its += its;
    PetscCall(KSPGetConvergedReason(minres, &reason));
    ++p.indefinite_solves;
  }
  *ok = reason >= 0 ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SNESSolve_PDAS(SNES snes) {
  PDAS &p = pdas(snes);
  PetscReal xnorm = 0, ynorm = 0;
  PetscBool ok = PETSC_TRUE;
  Found found{};

  PetscFunctionBegin;
  PetscCheck(p.friction, PetscObjectComm((PetscObject)snes), PETSC_ERR_ORDER,
             "SNES type pdas needs a friction strength: call SNESPDASSetFriction() (or TSBatheSetFriction()) first");
  snes->reason = SNES_CONVERGED_ITERATING;
  snes->iter = 0;
  snes->norm = 0;
  p.residual_sum = 0;
  if (p.scaling > 0) p.r = p.scaling;
  bool have_jacobian = false;
  if (p.scaling <= 0) {
    PetscCall(SNESComputeJacobian(snes, snes->vec_sol, snes->jacobian, snes->jacobian_pre));
    PetscCall(EstimateScaling(snes));
    have_jacobian = true;
  }
  PetscCall(Residual(snes, true, &found));
  for (PetscInt it = 0;; ++it) {
    const PetscReal norm = found.norm;
    snes->iter = it;
    snes->norm = norm;
    p.residual_sum += std::min(norm, 1.0);
    PetscCall(SNESLogConvergenceHistory(snes, norm, snes->linear_its));
    PetscCall(SNESMonitor(snes, it, norm));
    if (found.domain_error || norm >= PETSC_MAX_REAL / PetscMax(p.force_scale, 1.0)) {
      snes->reason = found.domain_error ? SNES_DIVERGED_FUNCTION_DOMAIN : PETRL_SNES_DIVERGED_NAN;
      break;
    }
    PetscUseTypeMethod(snes, converged, it, xnorm, ynorm, norm, &snes->reason, snes->cnvP);
    if (snes->reason) break;
    if (it >= snes->max_its) {
      snes->reason = SNES_DIVERGED_MAX_IT;
      break;
    }
    if (!have_jacobian) PetscCall(SNESComputeJacobian(snes, snes->vec_sol, snes->jacobian, snes->jacobian_pre));
    have_jacobian = false;
    PetscCall(RightHandSide(snes, found));
    PetscCall(VecSet(p.update, 0));
    if (found.slides) PetscCall(LinearSolve(snes, &ok));
    if (!ok) {
      ++snes->numLinearSolveFailures;
      snes->reason = SNES_DIVERGED_LINEAR_SOLVE;
      break;
    }
    // On S the update is added, elsewhere v becomes exactly zero.
    PetscCall(VecAXPY(snes->vec_sol, 1.0, p.update));
    PetscCall(VecPointwiseMult(snes->vec_sol, snes->vec_sol, p.active));
    PetscCall(UpdateNorms(snes, &xnorm, &ynorm));
    PetscCall(Residual(snes, false, &found));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SNESSetUp_PDAS(SNES snes) {
  PDAS &p = pdas(snes);
  PetscFunctionBegin;
  PetscCall(SNESSetUpMatrices(snes));
  for (Vec *v : {&p.active, &p.strength, &p.slope, &p.sign, &p.update, &p.rhs, &p.work}) {
    if (!*v) PetscCall(VecDuplicate(snes->vec_sol, v));
  }
  if (!p.reaction) {
    PetscCall(VecDuplicate(snes->vec_sol, &p.reaction));
    PetscCall(VecSet(p.reaction, 0));
  }
  PetscCall(VecSet(p.active, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SNESReset_PDAS(SNES snes) {
  PDAS &p = pdas(snes);
  PetscFunctionBegin;
  for (Vec *v : {&p.reaction, &p.active, &p.strength, &p.slope, &p.sign, &p.update, &p.rhs, &p.work})
    PetscCall(VecDestroy(v));
  for (Mat *m : {&p.masked, &p.operator_copy, &p.preconditioner_copy}) PetscCall(MatDestroy(m));
  PetscCall(KSPDestroy(&p.indefinite));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SNESSetFromOptions_PDAS(SNES snes, PETRL_OPTION_ITEMS PetscOptionsObject) {
  PDAS &p = pdas(snes);
  PetscReal r = p.scaling;
  PetscBool set;

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Primal-dual active set options");
  PetscCall(PetscOptionsReal("-snes_pdas_scaling", "Weight of v against the reaction in the choice of the sliding set",
                             "SNESPDASSetScaling", r, &r, &set));
  if (set) PetscCall(SNESPDASSetScaling(snes, r));
  PetscOptionsHeadEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SNESView_PDAS(SNES snes, PetscViewer viewer) {
  const PDAS &p = pdas(snes);
  PetscBool ascii;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)viewer, PETSCVIEWERASCII, &ascii));
  if (ascii) {
    PetscCall(PetscViewerASCIIPrintf(
        viewer, "  scaling %g%s, force scale %g, indefinite linear solves %" PetscInt_FMT "\n", (double)p.r,
        p.scaling > 0 ? "" : " (estimated)", (double)p.force_scale, p.indefinite_solves));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SetFriction(SNES snes, SNESPDASFriction f, void *ctx) {
  PetscFunctionBegin;
  pdas(snes).friction = f;
  pdas(snes).friction_context = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SetReaction(SNES snes, Vec reaction) {
  PDAS &p = pdas(snes);
  PetscFunctionBegin;
  if (!p.reaction) PetscCall(VecDuplicate(reaction, &p.reaction));
  PetscCall(VecCopy(reaction, p.reaction));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SNESDestroy_PDAS(SNES snes) {
  PetscFunctionBegin;
  PetscCall(SNESReset_PDAS(snes));
  PetscCall(PetscObjectComposeFunction((PetscObject)snes, "SNESPDASSetFriction_C", NULL));
  PetscCall(PetscObjectComposeFunction((PetscObject)snes, "SNESPDASSetReaction_C", NULL));
  delete static_cast<PDAS *>(snes->data);
  snes->data = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

}  // namespace petrl

PETSC_INTERN PetscErrorCode SNESCreate_PDAS(SNES snes);
PetscErrorCode SNESCreate_PDAS(SNES snes) {
  PetscFunctionBegin;
  PetRLRealDouble(PetscObjectComm((PetscObject)snes), "SNES type pdas");
  PetRLCallCXX(snes->data = new petrl::PDAS());
  snes->ops->setup = petrl::SNESSetUp_PDAS;
  snes->ops->solve = petrl::SNESSolve_PDAS;
  snes->ops->destroy = petrl::SNESDestroy_PDAS;
  snes->ops->setfromoptions = petrl::SNESSetFromOptions_PDAS;
  snes->ops->view = petrl::SNESView_PDAS;
  snes->ops->reset = petrl::SNESReset_PDAS;
  snes->usesksp = PETSC_TRUE;
  snes->usesnpc = PETSC_FALSE;
  snes->alwayscomputesfinalresidual = PETSC_TRUE;
  PETRL_SNES_DEFAULT(snes, abstol, 1e-8);
  PETRL_SNES_DEFAULT(snes, rtol, 0); /* the force scale makes the absolute one relative to what matters */
  PETRL_SNES_DEFAULT(snes, stol, 0);
  PETRL_SNES_DEFAULT(snes, max_its, 20);
  PETRL_SNES_DEFAULT(snes, divtol,
                     PETSC_UNLIMITED); /* a first step that turns cells around may well raise the residual */
  PetscCall(PetscObjectComposeFunction((PetscObject)snes, "SNESPDASSetFriction_C", petrl::SetFriction));
  PetscCall(PetscObjectComposeFunction((PetscObject)snes, "SNESPDASSetReaction_C", petrl::SetReaction));
  PetscFunctionReturn(PETSC_SUCCESS);
}
