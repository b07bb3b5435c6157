/*
   A program that links PetRL: a pendulum that is kicked once in every period. It offers its policy a quantity that no
   TS knows, the phase of the kick, and trains a policy that uses it.
*/
#include <petrl.h>

typedef struct {
  PetscInt calls;
} Counter;

static PetscErrorCode Pendulum(TS ts, PetscReal t, Vec u, Vec f, void *ctx) {
  const PetscScalar *x;
  PetscScalar *y;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(u, &x));
  PetscCall(VecGetArray(f, &y));
  y[0] = x[1];
  y[1] = -PetscSinScalar(x[0]) - 0.1 * x[1] + (PetscSinReal(t) > 0.95 ? 5 : 0); /* a kick in every period */
  PetscCall(VecRestoreArray(f, &y));
  PetscCall(VecRestoreArrayRead(u, &x));
  PetscFunctionReturn(0);
}

/* Called at each decision. A policy that names "kick_phase" among its observables receives it. */
static PetscErrorCode KickPhase(TS ts, void *ctx, PetscReal *value) {
  PetscReal t;

  PetscFunctionBeginUser;
  PetscCall(TSGetTime(ts, &t));
  *value = PetscSinReal(t);
  ((Counter *)ctx)->calls++;
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  Counter counter = {0};
  PetscInt decisions = 0, fallbacks = 0, failures = 0, steps;
  PetscBool is_rl;
  TS ts;
  TSAdapt adapt;
  Vec u;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetRLInitialize());
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, 2, &u));
  PetscCall(VecSet(u, 0.1));

  PetscCall(TSCreate(PETSC_COMM_SELF, &ts));
  PetscCall(TSSetType(ts, TSRK));
  PetscCall(TSSetRHSFunction(ts, NULL, Pendulum, NULL));
  PetscCall(TSSetTimeStep(ts, 1e-2));
  PetscCall(TSSetMaxTime(ts, 100));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetTolerances(ts, 1e-6, NULL, 1e-6, NULL));
  PetscCall(TSGetAdapt(ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
  PetscCall(TSAdaptRLAddObservable(adapt, "kick_phase", KickPhase, &counter));
  PetscCall(TSSetFromOptions(ts)); /* -ts_adapt_rl_policy, -ts_adapt_type basic, ... */
  PetscCall(TSSolve(ts, u));

  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(PetscObjectTypeCompare((PetscObject)adapt, TSADAPTRL, &is_rl));
  if (is_rl) PetscCall(TSAdaptRLGetCounters(adapt, &decisions, &fallbacks, &failures));
  PetscCall(PetscPrintf(PETSC_COMM_SELF,
                        "%" PetscInt_FMT " steps, %" PetscInt_FMT " decisions, %" PetscInt_FMT " fallbacks, observable asked %" PetscInt_FMT " times\n",
                        steps, decisions, fallbacks, counter.calls));
  PetscCall(VecDestroy(&u));
  PetscCall(TSDestroy(&ts));
  PetscCall(PetscFinalize());
  return 0;
}
