// TSADAPTRL: what the user has decided himself about Newton's iteration, and where levers do not apply.
#include <petsc/private/snesimpl.h>

#include "adapt/rl.hpp"

namespace petrl {

namespace {

PetscErrorCode HasOption(PetscObject object, const char name[], std::string &found) {
  PetscBool has = PETSC_FALSE;

  PetscFunctionBegin;
  if (!found.empty()) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscOptionsHasName(object->options, object->prefix, name, &has));
  if (has) PetRLCallCXX(found = std::string("-") + (object->prefix ? object->prefix : "") + (name + 1) + " is given");
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Matrix-free operators cost nothing to renew, and are not to be kept.
PetscErrorCode MatrixFree(SNES snes, bool *is) {
  PetscBool free[2] = {PETSC_FALSE, PETSC_FALSE};

  PetscFunctionBegin;
  if (snes->jacobian)
    PetscCall(PetscObjectTypeCompareAny((PetscObject)snes->jacobian, &free[0], MATSHELL, MATMFFD, ""));
  if (snes->jacobian_pre)
    PetscCall(PetscObjectTypeCompareAny((PetscObject)snes->jacobian_pre, &free[1], MATSHELL, MATMFFD, ""));
  *is = snes->mf || snes->mf_operator || free[0] || free[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode AdaptRLExamine(TS ts, LeftAlone &alone) {
  SNES snes = ts->snes;
  PetscBool newton, known, undamped, theta, rosenbrock, only_linear;
  PetscReal weight = 0;
  bool matrix_free = false;
  KSP ksp;
  std::string all;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)snes, SNESNEWTONLS, &newton));
  PetscCall(PetscObjectTypeCompare((PetscObject)snes, SNESKSPONLY, &only_linear));
  PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSROSW, &rosenbrock));
  PetscCall(PetscObjectTypeCompareAny((PetscObject)ts, &known, TSARKIMEX, TSBDF, TSTHETA, TSBEULER, TSCN, TSALPHA,
                                      TSALPHA2, "dirk", ""));
  PetscCall(PetscObjectTypeCompareAny((PetscObject)ts, &undamped, TSCN, TSALPHA, TSALPHA2, TSTHETA, ""));
  PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSTHETA, &theta));
  if (theta) PetscCall(TSThetaGetTheta(ts, &weight));
  if (weight == 1) undamped = PETSC_FALSE;
  PetscCall(MatrixFree(snes, &matrix_free));
  PetRLCallCXX({
    if (!newton)
      all = std::string("SNES is of type ") + ((PetscObject)snes)->type_name;
    else if (!known)
      all = std::string("TS is of type ") + ((PetscObject)ts)->type_name;
    else if (snes->xl || snes->xu || snes->ops->computevariablebounds)
      all = "variables have bounds";
    else if (snes->npc)
      all = "SNES is preconditioned";
    else if (snes->gridsequence > 0)
      all = "SNES solves on a sequence of grids";
    else if (ts->trajectory)
      all = "the trajectory is saved";  // recomputed states must be those that were seen
    else if (ts->forward_solve)
      all = "sensitivities are computed";
    alone.tolerance = alone.krylov = alone.jacobian = all;
    if (all.empty() && matrix_free) alone.jacobian = "the operator is matrix-free";
  });
  alone.linear = rosenbrock && only_linear && !ts->trajectory && !ts->forward_solve;
  if (alone.linear) PetRLCallCXX(alone.krylov.clear());
  alone.careful = undamped == PETSC_TRUE;
  for (const char *name : {"-snes_rtol", "-snes_atol", "-snes_stol", "-snes_convergence_test", "-snes_force_iteration"})
    PetscCall(HasOption((PetscObject)snes, name, alone.tolerance));
  if (all.empty() && snes->ops->converged != SNESConvergedDefault)
    PetRLCallCXX(alone.tolerance = alone.jacobian = "SNES has a convergence test of its own");
  for (const char *name : {"-snes_lag_jacobian", "-snes_lag_preconditioner", "-snes_lag_jacobian_persists",
                           "-snes_lag_preconditioner_persists"})
    PetscCall(HasOption((PetscObject)snes, name, alone.jacobian));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(HasOption((PetscObject)ksp, "-ksp_rtol", alone.krylov));
  PetscCall(HasOption((PetscObject)snes, "-snes_ksp_ew", alone.krylov));
  PetRLCallCXX({
    if (alone.krylov.empty() && snes->ksp_ewconv) alone.krylov = "Eisenstat and Walker's tolerances are in use";
    if (alone.jacobian.empty() && (snes->lagjacobian != 1 || snes->lagpreconditioner != 1))
      alone.jacobian = "the program has set a lag";
    if (alone.krylov.empty() && !alone.linear) alone.krylov = alone.tolerance;
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
