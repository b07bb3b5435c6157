static char help[] =
    "Van der Pol oscillators, a bouncing ball, and nothing of PetRL: a program as users have it.\n\
  -oscillators <n>;  -mu <real>: stiffness;  -tf <real>: final time;  -ball: a bouncing ball instead, with TSEvent.\n\
  -resources: print memory and mapped libraries at the end;  -leak: forget to free something.\n";

#include <petscts.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  PetscReal mu, t_last, h_min, h_max, ratio_min, ratio_max, h_before, bounce;
  PetscInt steps;
} App;

/* x' = y, y' = mu (1 - x^2) y - x; each rank holds whole oscillators */
static PetscErrorCode Oscillators(TS ts, PetscReal t, Vec U, Vec F, void *ctx) {
  const PetscReal mu = ((App *)ctx)->mu;
  const PetscScalar *u;
  PetscScalar *f;
  PetscInt n;

  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  PetscCall(VecGetLocalSize(U, &n));
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(VecGetArrayWrite(F, &f));
  for (PetscInt i = 0; i < n; i += 2) {
    f[i] = u[i + 1];
    f[i + 1] = mu * (1 - u[i] * u[i]) * u[i + 1] - u[i];
  }
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(0);
}

static PetscErrorCode OscillatorsJacobian(TS ts, PetscReal t, Vec U, Mat A, Mat B, void *ctx) {
  const PetscReal mu = ((App *)ctx)->mu;
  const PetscScalar *u;
  PetscInt first, last;

  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  (void)A;
  PetscCall(VecGetOwnershipRange(U, &first, &last));
  PetscCall(VecGetArrayRead(U, &u));
  for (PetscInt i = first; i < last; i += 2) {
    const PetscScalar *w = u + (i - first);
    const PetscInt at[2] = {i, i + 1};
    const PetscScalar v[2][2] = {{0, 1}, {-2 * mu * w[0] * w[1] - 1, mu * (1 - w[0] * w[0])}};
    PetscCall(MatSetValues(B, 2, at, 2, at, &v[0][0], INSERT_VALUES));
  }
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

/* A ball that falls from height 1 and keeps nine tenths of its speed at each bounce. */
static PetscErrorCode Ball(TS ts, PetscReal t, Vec U, Vec F, void *ctx) {
  const PetscScalar *u;
  PetscScalar *f;
  PetscInt n;

  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  (void)ctx;
  PetscCall(VecGetLocalSize(U, &n));
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(VecGetArrayWrite(F, &f));
  for (PetscInt i = 0; i < n; i += 2) {
    f[i] = u[i + 1];
    f[i + 1] = -1 - 0.1 * PetscSinReal(3 * t);
  }
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(0);
}

static PetscErrorCode Height(TS ts, PetscReal t, Vec U, PetscScalar *value, void *ctx) {
  const PetscScalar *u;
  PetscScalar x = 0;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  (void)t;
  (void)ctx;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)ts), &rank));
  PetscCall(VecGetArrayRead(U, &u));
  if (rank == 0) x = u[0];
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCallMPI(MPI_Bcast(&x, 1, MPIU_SCALAR, 0, PetscObjectComm((PetscObject)ts)));
  value[0] = x;
  PetscFunctionReturn(0);
}

static PetscErrorCode Bounce(TS ts, PetscInt n, PetscInt events[], PetscReal t, Vec U, PetscBool forward, void *ctx) {
  PetscScalar *u;
  PetscInt size;

  PetscFunctionBeginUser;
  (void)n;
  (void)events;
  (void)forward;
  ((App *)ctx)->bounce = t;
  PetscCall(PetscPrintf(PetscObjectComm((PetscObject)ts), "event at %.9f\n", (double)t));
  PetscCall(VecGetLocalSize(U, &size));
  PetscCall(VecGetArray(U, &u));
  for (PetscInt i = 0; i < size; i += 2) {
    u[i] = 0;
    u[i + 1] = -0.9 * u[i + 1];
  }
  PetscCall(VecRestoreArray(U, &u));
  PetscFunctionReturn(0);
}

static PetscErrorCode Watch(TS ts, PetscInt step, PetscReal t, Vec U, void *ctx) {
  App *app = (App *)ctx;
  const PetscReal h = t - app->t_last;

  PetscFunctionBeginUser;
  (void)ts;
  (void)U;
  if (step > 0 && h > 0) {
    app->h_min = PetscMin(app->h_min, h);
    app->h_max = PetscMax(app->h_max, h);
    if (app->h_before > 0) {
      app->ratio_min = PetscMin(app->ratio_min, h / app->h_before);
      app->ratio_max = PetscMax(app->ratio_max, h / app->h_before);
    }
    app->h_before = h;
    app->steps++;
  }
  app->t_last = t;
  PetscFunctionReturn(0);
}

static PetscErrorCode PrintResources(void) {
  char line[4096];
  FILE *file;
  int torch = 0;

  PetscFunctionBeginUser;
  file = fopen("/proc/self/maps", "r");
  while (file && fgets(line, sizeof(line), file)) torch += strstr(line, "libtorch") != NULL;
  if (file) fclose(file);
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "libtorch mapped %s\n", torch ? "yes" : "no"));
  file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof(line), file)) {
    if (!strncmp(line, "VmRSS", 5)) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s", line));
  }
  if (file) fclose(file);
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  App app = {5, 0, PETSC_MAX_REAL, 0, PETSC_MAX_REAL, 0, 0, -1, 0};
  PetscInt oscillators = 4, rejected, down = -1;
  PetscReal tf = 10, t;
  PetscBool ball = PETSC_FALSE, resources = PETSC_FALSE, leak = PETSC_FALSE, terminate = PETSC_FALSE;
  TS ts;
  Vec u;
  Mat A;
  PetscInt first, last;
  void *lost;

  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-oscillators", &oscillators, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-mu", &app.mu, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-tf", &tf, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-ball", &ball, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-resources", &resources, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-leak", &leak, NULL));
  if (leak) PetscCall(PetscMalloc(24, &lost));
  PetscCall(MatCreate(PETSC_COMM_WORLD, &A));
  PetscCall(MatSetSizes(A, PETSC_DECIDE, PETSC_DECIDE, 2 * oscillators, 2 * oscillators));
  PetscCall(MatSetBlockSize(A, 2));
  PetscCall(MatSetFromOptions(A));
  PetscCall(MatSetUp(A));
  PetscCall(MatCreateVecs(A, &u, NULL));
  PetscCall(VecGetOwnershipRange(u, &first, &last));
  for (PetscInt i = first; i < last; i += 2) {
    PetscCall(VecSetValue(u, i, ball ? 1 : 2 + 0.1 * (PetscReal)i, INSERT_VALUES));
    PetscCall(VecSetValue(u, i + 1, 0, INSERT_VALUES));
  }
  PetscCall(VecAssemblyBegin(u));
  PetscCall(VecAssemblyEnd(u));
  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetType(ts, TSRK));
  PetscCall(TSSetRHSFunction(ts, NULL, ball ? Ball : Oscillators, &app));
  if (!ball) PetscCall(TSSetRHSJacobian(ts, A, A, OscillatorsJacobian, &app));
  if (ball) PetscCall(TSSetEventHandler(ts, 1, &down, &terminate, Height, Bounce, &app));
  PetscCall(TSMonitorSet(ts, Watch, &app, NULL));
  PetscCall(TSSetTimeStep(ts, 1e-3));
  PetscCall(TSSetMaxTime(ts, tf));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSSolve(ts, u));
  PetscCall(TSGetSolveTime(ts, &t));
  PetscCall(TSGetStepRejections(ts, &rejected));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                        "final time %.17g steps %" PetscInt_FMT " rejected %" PetscInt_FMT
                        " h_min %.9g h_max %.9g ratio_min %.9g ratio_max %.9g\n",
                        (double)t, app.steps, rejected, (double)app.h_min, (double)app.h_max, (double)app.ratio_min,
                        (double)app.ratio_max));
  PetscCall(VecView(u, PETSC_VIEWER_STDOUT_WORLD));
  if (resources) PetscCall(PrintResources());
  PetscCall(VecDestroy(&u));
  PetscCall(MatDestroy(&A));
  PetscCall(TSDestroy(&ts));
  PetscCall(PetscFinalize());
  return 0;
}
