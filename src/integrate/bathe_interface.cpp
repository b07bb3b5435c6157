// TSBATHE: the public functions.
#include "base/error.hpp"
#include "integrate/bathe.hpp"

namespace {

// Also where PETSc was built without its own checks: another type's data are something else.
PetscErrorCode CheckType(TS ts) {
  PetscBool match;
  PetscFunctionBegin;
  PetRLValid(ts, TS_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSBATHE, &match));
  PetscCheck(match, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_WRONG, "Expected a TS of type %s, found %s",
             TSBATHE, ((PetscObject)ts)->type_name ? ((PetscObject)ts)->type_name : "none");
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

/*@C
   TSBatheSetFriction - Adds set-valued friction, F_r in q Sign(v)

   Logically Collective

   Input Parameters:
+  ts  - the TS, ignored unless of type `TSBATHE`
.  law - the friction law, see `TSBatheFriction`
-  ctx - passed to law

   Level: intermediate

   Note:
   Sets the SNES type to `SNESPDAS` unless one was chosen. Must come before TSSetUp().

.seealso: `TSBATHE`, `TSBatheSetHistory()`, `SNESPDAS`
@*/
PetscErrorCode TSBatheSetFriction(TS ts, TSBatheFriction law, void *ctx) {
  PetscFunctionBegin;
  PetRLValid(ts, TS_CLASSID, 1);
  PetscTryMethod(ts, "TSBatheSetFriction_C", (TS, TSBatheFriction, void *), (ts, law, ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSBatheSetHistory - Sets the friction law's history variable at the start; it is copied. Default: zero

   Logically Collective

   Input Parameters:
+  ts      - the TS, of type `TSBATHE`
-  history - per component, e.g. the slip accumulated so far

   Level: intermediate

   Note:
   Every TSSolve() that starts at step 0 (`TSSetStepNumber()`) begins with it; others go on.

.seealso: `TSBatheSetFriction()`, `TSBatheGetHistory()`
@*/
PetscErrorCode TSBatheSetHistory(TS ts, Vec history) {
  PetscFunctionBegin;
  PetscCall(CheckType(ts));
  PetRLValid(history, VEC_CLASSID, 2);
  petrl::Bathe &b = petrl::bathe(ts);
  if (!b.initial_history) PetscCall(VecDuplicate(history, &b.initial_history));
  PetscCall(VecCopy(history, b.initial_history));
  if (b.now.history) PetscCall(VecCopy(history, b.now.history));
  b.started = false;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSBatheGetHistory - Gets the friction law's history variable at the current solution (borrowed)

   Not Collective

   Input Parameter:
.  ts - the TS, of type `TSBATHE`

   Output Parameter:
.  history - per component; before the set-up that of `TSBatheSetHistory()`; NULL without friction

   Level: intermediate

.seealso: `TSBatheSetFriction()`
@*/
PetscErrorCode TSBatheGetHistory(TS ts, Vec *history) {
  PetscFunctionBegin;
  PetscCall(CheckType(ts));
  PetRLNotNull(history, 2);
  *history = petrl::BatheCurrent(ts).history ? petrl::BatheCurrent(ts).history : petrl::bathe(ts).initial_history;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSBatheGetReaction - Gets the friction force F_r at the current solution (borrowed)

   Not Collective

   Input Parameter:
.  ts - the TS, of type `TSBATHE`, set up

   Output Parameter:
.  reaction - per component, |F_r| <= q; NULL without friction

   Level: intermediate

.seealso: `TSBatheSetFriction()`
@*/
PetscErrorCode TSBatheGetReaction(TS ts, Vec *reaction) {
  PetscFunctionBegin;
  PetscCall(CheckType(ts));
  PetRLNotNull(reaction, 2);
  *reaction = petrl::BatheCurrent(ts).reaction;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSBatheGetAcceleration - Gets the acceleration at the current solution (borrowed)

   Not Collective

   Input Parameter:
.  ts - the TS, of type `TSBATHE`, set up

   Output Parameter:
.  acceleration - per component

   Level: intermediate

.seealso: `TSBATHE`
@*/
PetscErrorCode TSBatheGetAcceleration(TS ts, Vec *acceleration) {
  PetscFunctionBegin;
  PetscCall(CheckType(ts));
  PetRLNotNull(acceleration, 2);
  *acceleration = petrl::BatheCurrent(ts).a;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSBatheSetForceScale - Sets the force that the residuals of the friction solver are measured in

   Logically Collective

   Input Parameters:
+  ts    - the TS, of type `TSBATHE`
-  scale - positive, e.g. the largest static strength: then -snes_atol is a relative accuracy

   Level: intermediate

.seealso: `TSBatheSetFriction()`, `SNESPDASSetForceScale()`
@*/
PetscErrorCode TSBatheSetForceScale(TS ts, PetscReal scale) {
  PetscFunctionBegin;
  PetscCall(CheckType(ts));
  PetscCheck(scale > 0, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_OUTOFRANGE,
             "force scale: found %g, expected a positive number", (double)scale);
  petrl::bathe(ts).force_scale = scale;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSBatheSetRhoInfinity - Sets the spectral radius at infinite frequency

   Logically Collective

   Input Parameters:
+  ts  - the TS, of type `TSBATHE`
-  rho - in [0, 1]: 0 damps the highest frequencies within a step, 1 conserves energy

   Options Database Key:
.  -ts_bathe_rho_infinity <rho> - the radius

   Level: intermediate

.seealso: `TSBATHE`
@*/
PetscErrorCode TSBatheSetRhoInfinity(TS ts, PetscReal rho) {
  PetscFunctionBegin;
  PetscCall(CheckType(ts));
  PetscCheck(rho >= 0 && rho <= 1, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_OUTOFRANGE,
             "-ts_bathe_rho_infinity: found %g, expected a number in [0, 1]", (double)rho);
  petrl::BatheSetMethod(petrl::bathe(ts), rho);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSBatheSetErrorType - Sets how the local error is estimated

   Logically Collective

   Input Parameters:
+  ts   - the TS, of type `TSBATHE`
-  type - `TS_BATHE_ERROR_NONE` (default), `TS_BATHE_ERROR_EMBEDDED`, `TS_BATHE_ERROR_DOUBLING`

   Options Database Key:
.  -ts_bathe_error <none|embedded|doubling> - the estimate

   Level: intermediate

.seealso: `TSBATHE`, `TSBatheSetErrorScales()`
@*/
PetscErrorCode TSBatheSetErrorType(TS ts, TSBatheErrorType type) {
  PetscFunctionBegin;
  PetscCall(CheckType(ts));
  petrl::bathe(ts).error_type = type;
  if (ts->setupcalled) ts->ops->evaluatewlte = type == TS_BATHE_ERROR_NONE ? NULL : petrl::TSEvaluateWLTE_Bathe;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSBatheSetErrorScales - Sets what local errors are compared with

   Logically Collective

   Input Parameters:
+  ts           - the TS, of type `TSBATHE`
.  displacement - positive, or 0 for the tolerances of the TS
-  velocity     - positive, or 0 for the tolerances of the TS

   Options Database Keys:
+  -ts_bathe_displacement_scale <u> - displacement
-  -ts_bathe_velocity_scale <v>     - velocity

   Level: intermediate

   Note:
   With both set, the weighted error is max(RMS(dv)/velocity, RMS(du)/displacement)/rtol.

.seealso: `TSBATHE`, `TSBatheSetErrorType()`
@*/
PetscErrorCode TSBatheSetErrorScales(TS ts, PetscReal displacement, PetscReal velocity) {
  PetscFunctionBegin;
  PetscCall(CheckType(ts));
  PetscCheck(displacement >= 0 && velocity >= 0, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_OUTOFRANGE,
             "error scales: found %g (displacement), %g (velocity), expected positive numbers, or 0",
             (double)displacement, (double)velocity);
  petrl::bathe(ts).displacement_scale = displacement;
  petrl::bathe(ts).velocity_scale = velocity;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSBatheGetAttempt - Gets what the latest attempt at a step cost

   Not Collective

   Input Parameter:
.  ts - the TS, of type `TSBATHE`

   Output Parameters (any may be NULL):
+  iterations   - nonlinear iterations
.  solves       - sub-steps solved (2; 6 with step doubling; fewer if one failed)
-  residual_sum - sum over the iterations of min(norm, 1); 0 unless the SNES is of type pdas

   Level: advanced

.seealso: `TSBATHE`, `SNESPDASGetResidualSum()`
@*/
PetscErrorCode TSBatheGetAttempt(TS ts, PetscInt *iterations, PetscInt *solves, PetscReal *residual_sum) {
  PetscFunctionBegin;
  PetscCall(CheckType(ts));
  const petrl::Bathe &b = petrl::bathe(ts);
  if (iterations) *iterations = b.latest.iterations;
  if (solves) *solves = b.latest.solves;
  if (residual_sum) *residual_sum = b.latest.residual_sum;
  PetscFunctionReturn(PETSC_SUCCESS);
}
