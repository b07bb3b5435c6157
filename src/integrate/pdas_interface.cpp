// SNESPDAS: the public functions.
#include "base/error.hpp"
#include "integrate/pdas.hpp"

namespace {

// Also where PETSc was built without its own checks: another type's data are something else.
PetscErrorCode CheckType(SNES snes) {
  PetscBool match;
  PetscFunctionBegin;
  PetRLValid(snes, SNES_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)snes, SNESPDAS, &match));
  PetscCheck(match, PetscObjectComm((PetscObject)snes), PETSC_ERR_ARG_WRONG, "Expected a SNES of type %s, found %s",
             SNESPDAS, ((PetscObject)snes)->type_name ? ((PetscObject)snes)->type_name : "none");
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

/*@C
   SNESPDASSetFriction - Sets the function that computes the strength q(|v|) of the friction

   Logically Collective

   Input Parameters:
+  snes - the SNES, ignored unless of type `SNESPDAS`
.  f    - computes q >= 0 and dq/d|v| per component
-  ctx  - passed to f

   Level: intermediate

.seealso: `SNESPDAS`, `SNESPDASSetReaction()`
@*/
PetscErrorCode SNESPDASSetFriction(SNES snes, SNESPDASFriction f, void *ctx) {
  PetscFunctionBegin;
  PetRLValid(snes, SNES_CLASSID, 1);
  PetscTryMethod(snes, "SNESPDASSetFriction_C", (SNES, SNESPDASFriction, void *), (snes, f, ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   SNESPDASSetReaction - Sets the start value of the reaction lambda; it is copied

   Logically Collective

   Input Parameters:
+  snes     - the SNES, ignored unless of type `SNESPDAS`
-  reaction - start value, laid out as the solution

   Level: intermediate

   Note:
   Without it the first solve starts from zero and each further one from the latest result.

.seealso: `SNESPDAS`, `SNESPDASGetReaction()`
@*/
PetscErrorCode SNESPDASSetReaction(SNES snes, Vec reaction) {
  PetscFunctionBegin;
  PetRLValid(snes, SNES_CLASSID, 1);
  PetRLValid(reaction, VEC_CLASSID, 2);
  PetscTryMethod(snes, "SNESPDASSetReaction_C", (SNES, Vec), (snes, reaction));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   SNESPDASGetReaction - Gets the reaction lambda of the latest solve (borrowed: do not destroy)

   Not Collective

   Input Parameter:
.  snes - the SNES, of type `SNESPDAS`

   Output Parameter:
.  reaction - lambda

   Level: intermediate

.seealso: `SNESPDAS`, `SNESPDASSetReaction()`
@*/
PetscErrorCode SNESPDASGetReaction(SNES snes, Vec *reaction) {
  PetscFunctionBegin;
  PetscCall(CheckType(snes));
  PetRLNotNull(reaction, 2);
  *reaction = petrl::pdas(snes).reaction;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   SNESPDASGetActive - Gets the sliding set of the current iteration: 1 where sliding, 0 elsewhere (borrowed)

   Not Collective

   Input Parameter:
.  snes - the SNES, of type `SNESPDAS`

   Output Parameter:
.  active - the mask; NULL before the first solve

   Level: advanced

   Note:
   For shell preconditioners: P_S B P_S with B an approximate inverse of the whole Jacobian does well.

.seealso: `SNESPDAS`
@*/
PetscErrorCode SNESPDASGetActive(SNES snes, Vec *active) {
  PetscFunctionBegin;
  PetscCall(CheckType(snes));
  PetRLNotNull(active, 2);
  *active = petrl::pdas(snes).active;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   SNESPDASSetScaling - Sets the weight r of v against lambda in the choice of the sliding set {|lambda + r v| > q}

   Logically Collective

   Input Parameters:
+  snes - the SNES, of type `SNESPDAS`
-  r    - positive, in force per velocity; the geometric mean of the Jacobian's extreme eigenvalues does well; 0 for the
          default, an estimate from the Jacobian

   Options Database Key:
.  -snes_pdas_scaling <r> - the weight

   Level: advanced

.seealso: `SNESPDAS`
@*/
PetscErrorCode SNESPDASSetScaling(SNES snes, PetscReal r) {
  PetscFunctionBegin;
  PetscCall(CheckType(snes));
  PetscCheck(r >= 0, PetscObjectComm((PetscObject)snes), PETSC_ERR_ARG_OUTOFRANGE,
             "-snes_pdas_scaling: found %g, expected a positive number (or 0: estimate)", (double)r);
  petrl::pdas(snes).scaling = r;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   SNESPDASSetForceScale - Sets the force that residuals are measured in

   Logically Collective

   Input Parameters:
+  snes  - the SNES, of type `SNESPDAS`
-  scale - positive, in units of F; for friction the largest strength makes -snes_atol a relative accuracy

   Level: intermediate

.seealso: `SNESPDAS`
@*/
PetscErrorCode SNESPDASSetForceScale(SNES snes, PetscReal scale) {
  PetscFunctionBegin;
  PetscCall(CheckType(snes));
  PetscCheck(scale > 0, PetscObjectComm((PetscObject)snes), PETSC_ERR_ARG_OUTOFRANGE,
             "force scale: found %g, expected a positive number", (double)scale);
  petrl::pdas(snes).force_scale = scale;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   SNESPDASGetResidualSum - Gets the sum of min(norm, 1) over the iterations of the latest solve

   Not Collective

   Input Parameter:
.  snes - the SNES, of type `SNESPDAS`

   Output Parameter:
.  sum - how hard the solve was, between 0 and 1 + the number of iterations

   Level: advanced

.seealso: `SNESPDAS`
@*/
PetscErrorCode SNESPDASGetResidualSum(SNES snes, PetscReal *sum) {
  PetscFunctionBegin;
  PetscCall(CheckType(snes));
  PetRLNotNull(sum, 2);
  *sum = petrl::pdas(snes).residual_sum;
  PetscFunctionReturn(PETSC_SUCCESS);
}
