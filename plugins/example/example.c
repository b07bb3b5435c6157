/* A plugin of your own: an equation, the environment in which its step controller is trained, and an observable that only
   this equation has. Build it against an installed PetRL (CMakeLists.txt), then: petrl train example.yaml -o run

   The equation is a pellet that burns: heat u and fuel v, with a flame that comes suddenly.
     u' = q v exp(-e / u) - k (u - 1),  v' = -v exp(-e / u) */
#include <petrl.h>
#include <petrllearn.h>

#if PETSC_VERSION_LT(3, 23, 0)
#define PetscContainerSetCtxDestroy PetscContainerSetUserDestroy
#define PetscContainerCtxDestroyDefault PetscContainerUserDestroyDefault
#endif

typedef struct {
  PetscReal heat, barrier, loss;
} Pellet;

static PetscReal Rate(const Pellet *p, const PetscScalar *x) {
  return 1e4 * PetscRealPart(x[1]) * PetscExpReal(-p->barrier / PetscMax(PetscRealPart(x[0]), 0.1));
}

static PetscErrorCode RHS(TS ts, PetscReal t, Vec X, Vec F, void *ctx) {
  const Pellet *p = (const Pellet *)ctx;
  const PetscScalar *x;
  PetscScalar *f;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(X, &x));
  PetscCall(VecGetArrayWrite(F, &f));
  f[0] = p->heat * Rate(p, x) - p->loss * (x[0] - 1);
  f[1] = -Rate(p, x);
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscFunctionReturn(0);
}

/* What only this equation knows: how fast the fuel burns, on a logarithmic scale. */
static PetscErrorCode Burning(TS ts, void *ctx, PetscReal *value) {
  const PetscScalar *x;
  Vec X;

  PetscFunctionBeginUser;
  PetscCall(TSGetSolution(ts, &X));
  PetscCall(VecGetArrayRead(X, &x));
  *value = PetscLogReal(Rate((const Pellet *)ctx, x) + 1e-8);
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscFunctionReturn(0);
}

/* The case of a seed: another pellet, another tolerance. */
static PetscErrorCode CreateTS(PetRLEnvironment env, PetscInt64 seed, TS *ts) {
  PetscReal *barriers, draw[3];
  PetscRandom random;
  TSAdapt adapt;
  PetscContainer holder;
  Pellet *p;
  Vec X;

  PetscFunctionBeginUser;
  PetscCall(PetRLEnvironmentGetContext(env, &barriers));
  PetscCall(PetscRandomCreate(PETSC_COMM_SELF, &random));
  PetscCall(PetscRandomSetSeed(random, (unsigned long)(seed + 1)));
  PetscCall(PetscRandomSeed(random));
  for (PetscInt i = 0; i < 3; ++i) PetscCall(PetscRandomGetValueReal(random, &draw[i]));
  PetscCall(PetscRandomDestroy(&random));

  PetscCall(TSCreate(PETSC_COMM_SELF, ts));
  PetscCall(PetscNew(&p)); /* goes with the TS */
  p->barrier = barriers[0] + draw[0] * (barriers[1] - barriers[0]);
  p->heat = 2 + draw[1];
  p->loss = 0.2;
  PetscCall(PetscContainerCreate(PETSC_COMM_SELF, &holder));
  PetscCall(PetscContainerSetPointer(holder, p));
  PetscCall(PetscContainerSetCtxDestroy(holder, PetscContainerCtxDestroyDefault));
  PetscCall(PetscObjectCompose((PetscObject)*ts, "pellet", (PetscObject)holder));
  PetscCall(PetscContainerDestroy(&holder));

  PetscCall(VecCreateSeq(PETSC_COMM_SELF, 2, &X));
  PetscCall(VecSet(X, 1));
  PetscCall(TSSetType(*ts, TSRK));
  PetscCall(TSSetRHSFunction(*ts, NULL, RHS, p));
  PetscCall(TSSetSolution(*ts, X));
  PetscCall(VecDestroy(&X));
  PetscCall(TSSetMaxTime(*ts, 20));
  PetscCall(TSSetTimeStep(*ts, 1e-3));
  PetscCall(TSSetTolerances(*ts, PetscPowReal(10, -3 - 3 * draw[2]), NULL, PetscPowReal(10, -3 - 3 * draw[2]), NULL));
  PetscCall(TSGetAdapt(*ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
  PetscCall(TSAdaptRLAddObservable(adapt, "burning", Burning, p));
  PetscFunctionReturn(0);
}

static PetscErrorCode Free(void *ctx) {
  PetscFunctionBeginUser;
  PetscCall(PetscFree(ctx));
  PetscFunctionReturn(0);
}

/* Reads what the YAML file says and tells PetRL what kind of world this is. */
static PetscErrorCode CreateEnvironment(PetRLEnvironment env) {
  PetscReal *barriers;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(2, &barriers));
  barriers[0] = 8;
  barriers[1] = 12;
  PetscCall(PetRLEnvironmentSetContext(env, barriers, Free));
  PetscCall(PetRLEnvironmentGetReal(env, "least_barrier", 1, 20, &barriers[0]));
  PetscCall(PetRLEnvironmentGetReal(env, "largest_barrier", barriers[0], 20, &barriers[1]));
  PetscCall(PetRLEnvironmentAddObservable(env, "burning", -5, 5));
  PetscCall(PetRLEnvironmentSetTS(env, CreateTS));
  PetscFunctionReturn(0);
}

/* PETSc calls this when it loads libpetrl_example.so. */
PETSC_EXTERN PetscErrorCode PetscDLLibraryRegister_petrl_example(void) {
  PetscFunctionBegin;
  PetscCall(PetRLEnvironmentRegister("pellet", CreateEnvironment));
  PetscFunctionReturn(0);
}
