/*
   Time integration of second-order systems with set-valued friction: TSBATHE and its solver SNESPDAS.
*/
#pragma once

#include <petscts.h>

/*MC
   SNESPDAS - "pdas": primal-dual active set method (semismooth Newton) for set-valued friction

   Finds v and the reaction lambda of

     F(v) + lambda = 0,    lambda_i in q_i(|v_i|) Sign(v_i),

   F from `SNESSetFunction()`, its Jacobian A from `SNESSetJacobian()`, the strength q >= 0 from
   `SNESPDASSetFriction()`. Where the set S = {|lambda + r v| > q} slides in direction s = sign(lambda + r v), one
   iteration solves

     (A_SS + diag(dq/d|v|)) v_S = -(F - A v_old)_S - s (q - dq/d|v| |v_old|),

   v is exactly zero elsewhere, and lambda is s q on S and -F elsewhere.

   Options Database Keys:
+  -snes_pdas_scaling <r>  - weight r of v against lambda in the choice of S; default: from the diagonal of the Jacobian
-  -snes_atol, -snes_max_it, -snes_monitor, ... - as for every SNES

   Level: intermediate

   Notes:
   The norm that is monitored and tested is the largest component of the natural residual,
   max(|F + lambda|, |lambda - P_[-q,q](lambda + r v)|), over the force scale (`SNESPDASSetForceScale()`).
   Defaults: -snes_atol 1e-8, -snes_max_it 20, no test of the step length.

   With an assembled Jacobian any KSP and PC work. With a shell Jacobian the operator is restricted to S by masking,
   and a shell preconditioner should restrict itself with `SNESPDASGetActive()`. Where weakening makes the operator
   indefinite and KSPCG says so, the system is solved again by KSPMINRES (options prefix pdas_indefinite_).

   Reference: M. Hintermueller, K. Ito, K. Kunisch, The primal-dual active set strategy as a semismooth Newton method,
   SIAM J. Optim. 13 (2002).

.seealso: `SNESPDASSetFriction()`, `SNESPDASSetReaction()`, `TSBATHE`, `SNESVINEWTONRSLS`
M*/
#define SNESPDAS "pdas"

/*S
   SNESPDASFriction - Computes the strength of friction, see `SNESPDASSetFriction()`; collective

   Calling Sequence:
+  snes     - the SNES
.  v        - the velocity
.  strength - q >= 0, a force, to be computed; may be NULL
.  slope    - its derivative dq/d|v|, to be computed; may be NULL
-  ctx      - the context

   Level: intermediate

.seealso: `SNESPDAS`, `SNESPDASSetFriction()`
S*/
typedef PetscErrorCode (*SNESPDASFriction)(SNES snes, Vec v, Vec strength, Vec slope, void *ctx);

PETSC_EXTERN PetscErrorCode SNESPDASSetFriction(SNES snes, SNESPDASFriction f, void *ctx);
PETSC_EXTERN PetscErrorCode SNESPDASSetReaction(SNES snes, Vec reaction);
PETSC_EXTERN PetscErrorCode SNESPDASGetReaction(SNES snes, Vec *reaction);
PETSC_EXTERN PetscErrorCode SNESPDASGetActive(SNES snes, Vec *active);
PETSC_EXTERN PetscErrorCode SNESPDASSetScaling(SNES snes, PetscReal r);
PETSC_EXTERN PetscErrorCode SNESPDASSetForceScale(SNES snes, PetscReal scale);
PETSC_EXTERN PetscErrorCode SNESPDASGetResidualSum(SNES snes, PetscReal *sum);

/*MC
   TSBATHE - "bathe": Bathe's composite implicit method for second-order systems, with or without set-valued friction

   For F(t, u, v, a) + F_r = 0, v = du/dt, a = dv/dt (`TSSetI2Function()`, `TSSetI2Jacobian()`, `TS2SetSolution()`, as
   for `TSALPHA2`) and, with `TSBatheSetFriction()`, a reaction F_r in q Sign(v). The unknown of each of the two
   sub-steps is the velocity.

   Options Database Keys:
+  -ts_bathe_rho_infinity <0..1> - spectral radius at infinite frequency: 0 (default) damps it, 1 conserves it
.  -ts_bathe_error <none|embedded|doubling> - local error estimate for step control
.  -ts_bathe_velocity_scale <v>     - velocity that an error is compared with (see Notes)
-  -ts_bathe_displacement_scale <u> - displacement that an error is compared with

   Level: intermediate

   Notes:
   With q1 = (rho+1)/(2 gamma (rho-1)+4), q0 = (gamma-1) q1 + 1/2, q2 = 1/2 - gamma q1 and
   gamma = (2 - sqrt(2+2 rho))/(1-rho) (1/2 for rho = 1), the sub-steps are
     v_g = v_n + gamma h/2 (a_n + a_g),           u_g = u_n + gamma h/2 (v_n + v_g),
     v_1 = v_n + h (q0 a_n + q1 a_g + q2 a_1),    u_1 = u_n + h (q0 v_n + q1 v_g + q2 v_1).
   Second order; the local error is O(h^3).

   Error estimates (`-ts_adapt_type` other than none needs one): "doubling" compares the step with two of half its
   length and goes on with the latter (three steps' work); "embedded" compares with the quadrature of third order
   through the three accelerations (velocities) at hand, at no cost. Where both scales are set the weighted error is
   max(RMS(dv)/v_scale, RMS(du)/u_scale)/rtol with rtol of `TSSetTolerances()`; otherwise the larger of the
   `TSErrorWeightedNorm()`s of velocity and displacement.

   A solve that fails is announced to the TSAdapt by the composed function "TSAdaptSolveFailed_C" (TSAdapt, TS,
   PetscReal h) before PETSc shortens the step, so that it may choose the retry (its `scale_solve_failed`).

   Reference: M.M. Malakiyeh, S. Shojaee, K.J. Bathe, The Bathe time integration method revisited for prescribing
   desired numerical dissipation, Computers & Structures 212 (2019).

.seealso: `TSBatheSetFriction()`, `TSBatheSetRhoInfinity()`, `TSBatheSetErrorScales()`, `SNESPDAS`, `TSALPHA2`
M*/
#define TSBATHE "bathe"

/*E
   TSBatheErrorType - How a `TSBATHE` estimates its local error

   Values:
+  `TS_BATHE_ERROR_NONE`     - not at all
.  `TS_BATHE_ERROR_EMBEDDED` - by a quadrature of third order, at no cost
-  `TS_BATHE_ERROR_DOUBLING` - by two steps of half the length

   Level: intermediate

.seealso: `TSBATHE`, `TSBatheSetErrorType()`
E*/
typedef enum { TS_BATHE_ERROR_NONE, TS_BATHE_ERROR_EMBEDDED, TS_BATHE_ERROR_DOUBLING } TSBatheErrorType;

/*S
   TSBatheFriction - Friction law of a `TSBATHE`, see `TSBatheSetFriction()`; collective

   Calling Sequence:
+  ts       - the TS
.  t        - the time
.  known    - the known part s* of the history variable
.  c        - the weight of its rate; with 0 the history variable is s* itself
.  v        - the velocity
.  strength - q_i >= 0, a force
.  slope    - dq_i/d|v_i|, the dependence of s on |v| included
.  history  - s
.  rate     - g(s, |v|)
-  ctx      - the context

   Level: intermediate

   Note:
   The strength depends on the speed |v| and on a history variable s with ds/dt = g(s, |v|) (accumulated slip: g = |v|).
   Given the known part of an implicit update s = s* + c g(s, |v|), the function computes those of strength, slope,
   history and rate that are not NULL.

.seealso: `TSBATHE`, `TSBatheSetFriction()`
S*/
typedef PetscErrorCode (*TSBatheFriction)(TS ts, PetscReal t, Vec known, PetscReal c, Vec v, Vec strength, Vec slope,
                                          Vec history, Vec rate, void *ctx);

PETSC_EXTERN PetscErrorCode TSBatheSetFriction(TS ts, TSBatheFriction law, void *ctx);
PETSC_EXTERN PetscErrorCode TSBatheSetHistory(TS ts, Vec history);
PETSC_EXTERN PetscErrorCode TSBatheGetHistory(TS ts, Vec *history);
PETSC_EXTERN PetscErrorCode TSBatheGetReaction(TS ts, Vec *reaction);
PETSC_EXTERN PetscErrorCode TSBatheGetAcceleration(TS ts, Vec *acceleration);
PETSC_EXTERN PetscErrorCode TSBatheSetForceScale(TS ts, PetscReal scale);
PETSC_EXTERN PetscErrorCode TSBatheSetRhoInfinity(TS ts, PetscReal rho);
PETSC_EXTERN PetscErrorCode TSBatheSetErrorType(TS ts, TSBatheErrorType type);
PETSC_EXTERN PetscErrorCode TSBatheSetErrorScales(TS ts, PetscReal displacement, PetscReal velocity);
PETSC_EXTERN PetscErrorCode TSBatheGetAttempt(TS ts, PetscInt *iterations, PetscInt *solves, PetscReal *residual_sum);
