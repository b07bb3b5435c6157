/*
   TSADAPTRL: the step size as a learned decision.
*/
#pragma once

#include <petscts.h>

/*MC
   TSADAPTRL - "rl": a policy chooses the time step, also after a failed solve; rules may decide the rest of a solve

   Options Database Keys:
+  -ts_adapt_rl_policy <file>  - policy file (HDF5 .h5; TorchScript .pt with a YAML sidecar), or the name of one that
                                 ships, or classical (rules, no network); default: default.h5
.  -ts_adapt_rl_control <levers> - what is decided, see Notes: some of step,accept,tolerance,jacobian,order; default:
                                 those of the policy file, and all of them with policy classical
.  -ts_adapt_rl_kappa <0.1>    - Newton's error over the tolerance of the step (lever tolerance)
.  -ts_adapt_rl_persistence <1> - how dear a Jacobian is, over what is usual: above 1 it is kept longer (lever jacobian)
.  -ts_adapt_rl_monitor        - print each observation and decision
.  -ts_adapt_rl_error_if_nan   - a decision that is not finite or out of its range is an error
.  -ts_adapt_rl_time_scale <t> - time scale of the application, for policies whose steps are in units of it
.  -ts_adapt_rl_safeguard <true> - bound the policy's choice, see Notes
.  -ts_adapt_rl_train          - learn (TQC) while the program runs; loads libpetrl_learn
.  -ts_adapt_rl_save <file>    - where training writes its policy; it goes on from what an earlier run wrote there
.  -ts_adapt_rl_train_config <file> - YAML of the learner (keys of `tqc`)
-  -ts_adapt_rl_seed <n>       - random seed of training

   Level: intermediate

   Notes:
   Steps are accepted as `TSADAPTBASIC` accepts them (weighted local error <= 1, `-ts_adapt_always_accept`, minimum
   step) unless acceptance is decided, too; `-ts_adapt_clip`, `-ts_adapt_dt_min`, `-ts_adapt_dt_max` bound the policy's
   choice. A decision that is not finite or outside the policy's range is replaced by that of `TSADAPTBASIC`, counted,
   and reported once.

   With -ts_adapt_rl_safeguard false only the step limits hold: neither `-ts_adapt_clip` nor what follows here.
   A retry after a failed solve is at most 0.9 times as long.
   From the fourth rejection (or failed solve) of a step on, the next attempt is at least as short as
   `TSADAPTBASIC`'s, so that PETSc's limit on rejections (`TSSetMaxStepRejections()`) is not met where `TSADAPTBASIC`
   would not meet it; earlier where that limit is below eight.
   A step that leaves the domain of the equations, so that its error is not a number, is rejected (rk, arkimex, rosw,
   bdf, theta, cn, beuler, alpha; elsewhere, and with `TSADAPTBASIC`, it is an error). Rejected steps of rk and arkimex
   are taken back exactly; for that a copy of the solution is kept under arkimex, at its first implicit stage
   (`TSAdaptSetCheckStage()` of the program is called from there; set after a solve has begun, from the next step on).
   A step of 64 roundings of the time, the shortest, is accepted whatever its error, up to 16 times in a row: a jump.
   After that, or where the error is not a number even then, the solve ends with `TS_DIVERGED_STEP_REJECTED`.
   Where decisions after accepted steps have shrunk the step by 1e4, it is kept, then doubled: an error that asks for
   less gives the policy back its say. Otherwise (warned of once) `TSADAPTBASIC` decides for 16 steps, and twice as many
   each further time, but steps that were accepted are not shortened.
   Constraints (components without a time derivative that depend on those with one; looked for where
   `TSSetEquationType()` does not say) leave all decisions to `TSADAPTBASIC` under theta and alpha methods, and under
   the default policy, which has seen none. -ts_view tells how many.

   The levers beyond the step are pulled by the rules of classical codes (CVODE; Hairer, Wanner, Solving Ordinary
   Differential Equations II, IV.8), each only where the user has not decided himself; -ts_view says what is left alone
   and why, and what was saved. They take effect after the first attempt of a solve and end with it.

   Lever step: the policy's step (what its output in [-1, 1] means is in the policy file: POLICY-FILE.md; with the
   transform pi-ratio, at 0, the step of `classical`); of `classical` PI control that settles where `TSADAPTBASIC`
   does, and steps that come back slowly to the length at which a solve has failed. Without it, `TSADAPTBASIC`'s.

   Lever accept: a step whose error is up to min(4, 1.25^k), k the order of the estimate, is kept, unless one of the
   last three was rejected, failed, or started anew.

   Lever tolerance: Newton's method (`SNESNEWTONLS`) stops when its error, estimated from its updates and their
   contraction in the norm of the step's error, is below kappa (a fiftieth of it for theta, cn and alpha, which are far
   better than what they estimate); linear solves as far as that needs. For arkimex, dirk, bdf, beuler, theta, cn,
   alpha, alpha2. Left alone: -snes_rtol, -snes_atol, -snes_stol, -snes_convergence_test, a convergence test of the
   program's; linear solves with -ksp_rtol or Eisenstat and Walker's tolerances. Tolerances that the program sets
   itself are loosened, never tightened.

   Lever jacobian: Jacobian and preconditioner are kept over iterations, stages and steps, until the shift has
   changed by 30 %, for 20 steps, until the contraction is above 0.3, or the iterations that they cost since are
   worth a new one (all four scaled by the persistence). A solve that fails is repeated at the same step as the user
   has set it up, and so are the next ones for a while. For arkimex, dirk, bdf, beuler, theta, cn, alpha, alpha2.
   Left alone: lags of the user's, matrices that somebody else changes.

   Lever order: that of `TSBDF`, from 1 to 5, by the estimated errors of the neighbouring ones. Left alone:
   -ts_bdf_order, or a program's that is not 2.

   SNES of other types (ksponly, vi, ...; of rosw, which solves with ksponly, lever tolerance decides how far linear
   solves go), bounds, nonlinear preconditioners, saved trajectories and sensitivities leave tolerance and jacobian
   alone, matrix-free operators jacobian.

   What happened before is remembered for each TS apart, until a TSSolve() that starts at step 0; also across
   `TSRestartStep()`, which PETSc calls after every pre- or post-step function that touches the solution.

   The default policy observes only dimensionless quantities (weighted errors, step ratios, iteration counts), so it
   knows neither the units nor the size of a problem. Where a TS gives no error estimate it keeps the step, as
   `TSADAPTBASIC` does; a policy that was named by the user and needs the estimate is an error there.

   Training (`-ts_adapt_rl_train`) keeps, beside the policy FILE of `-ts_adapt_rl_save`: FILE.state (the complete
   learner, from which the next run goes on), FILE.baseline (the first run, against which later ones are rewarded) and
   FILE.csv (cost, error and score of each rewarded run, beside those of the first one over the same times).
   FILE holds the policy of the best run so far.

   A decision is taken on the first rank of the TS's communicator and sent to the others.

.seealso: `TSAdaptRLSetPolicy()`, `TSAdaptRLSetControl()`, `TSAdaptRLAddObservable()`, `TSAdaptRLGetCounters()`,
          `TSADAPTBASIC`, `TSADAPTDSP`
M*/
#define TSADAPTRL "rl"

/*S
   TSAdaptRLObservable - Computes an application's own observable, see `TSAdaptRLAddObservable()`

   Calling Sequence:
+  ts    - the TS; TSGetSolution() is the new solution of the attempt
.  ctx   - the context
-  value - the observable: the same on every rank (the first rank's is used)

   Level: intermediate

.seealso: `TSADAPTRL`, `TSAdaptRLAddObservable()`
S*/
typedef PetscErrorCode (*TSAdaptRLObservable)(TS ts, void *ctx, PetscReal *value);

PETSC_EXTERN PetscErrorCode TSAdaptRLSetPolicy(TSAdapt adapt, const char file[]);
PETSC_EXTERN PetscErrorCode TSAdaptRLSetControl(TSAdapt adapt, const char levers[]);
PETSC_EXTERN PetscErrorCode TSAdaptRLGetPolicy(TSAdapt adapt, const char *file[]);
PETSC_EXTERN PetscErrorCode TSAdaptRLAddObservable(TSAdapt adapt, const char name[], TSAdaptRLObservable f, void *ctx);
PETSC_EXTERN PetscErrorCode TSAdaptRLSetTimeScale(TSAdapt adapt, PetscReal scale);
PETSC_EXTERN PetscErrorCode TSAdaptRLGetCounters(TSAdapt adapt, PetscInt *decisions, PetscInt *fallbacks,
                                                 PetscInt *failures);

/*MC
   TSADAPTRICHARDSON - "richardson": step doubling's own step control, the heuristic to measure learned ones by

   After a step of length h with weighted error E = D/(2^p - 1), D the difference that the TS weighs (accepted whatever
   E is):
     E > 1:   h <- min(h E^-q, h_max)
     E <= 1:  h <- min(max(h min(c_up, E^-q), h_min), h_max),     q = 1/(2^p - 1)
   After a failed solve h <- c_down h; if h was h_min already, the solve is given up.

   Options Database Keys:
+  -ts_adapt_richardson_order <p>   - assumed order (1: order is lost where the solution is not smooth)
.  -ts_adapt_richardson_up <c_up>   - largest growth (2)
.  -ts_adapt_richardson_down <c_down> - factor after a failed solve (0.6)
.  -ts_adapt_dt_min <h_min>         - shortest step
-  -ts_adapt_dt_max <h_max>         - longest step

   Level: intermediate

   Notes:
   For a TS whose error estimate is the difference to two half steps (`TSBATHE` with -ts_bathe_error doubling). With
   another TS, failed solves shorten the step by c_down too, but h_min does not end the solve.

   Reference: D.M. Riley, A. Stathas, D. Gutierrez-Oribio, I. Stefanou, Reinforcement learning-based adaptive
   time-integration for nonsmooth dynamics, eq. 2-5 and Table 3; E. Hairer, S.P. Norsett, G. Wanner, Solving Ordinary
   Differential Equations I, II.4.

.seealso: `TSADAPTRL`, `TSBATHE`, `TSADAPTBASIC`
M*/
#define TSADAPTRICHARDSON "richardson"

/*MC
   TSADAPTITERATIONS - "iterations": step control by the number of nonlinear iterations

   After a step that took n nonlinear iterations h <- h min(max((target/n)^power, low), high); every step is
   accepted. After a failed solve the step is multiplied by -ts_adapt_scale_solve_failed. Needs no estimate of the local
   error; common in implicit structural codes.

   Options Database Keys:
+  -ts_adapt_iterations_target <n>  - iterations of a step that is kept (6)
.  -ts_adapt_iterations_power <p>   - 0.5
-  -ts_adapt_iterations_limits <low,high> - bounds of the factor (0.5, 2)

   Level: intermediate

   Reference: E. Ramm, Strategies for tracing the nonlinear response near limit points, in Nonlinear Finite Element
   Analysis in Structural Mechanics, Springer 1981.

.seealso: `TSADAPTRL`, `TSADAPTRICHARDSON`
M*/
#define TSADAPTITERATIONS "iterations"
