/* A run of linear elements: its seconds, its solution at points, a line about it. */
#include <petsctime.h>
#include <stdio.h>
#include <time.h>

#include "elements.h"

/* Seconds by the clock and of the processor. */
typedef struct {
  PetscLogDouble wall, processor;
} Seconds;

static Seconds Now(void) {
  Seconds s = {0, (PetscLogDouble)clock() / CLOCKS_PER_SEC};
  (void)PetscTime(&s.wall);
  return s;
}

static void Add(Seconds *sum, Seconds since) {
  const Seconds now = Now();
  sum->wall += now.wall - since.wall;
  sum->processor += now.processor - since.processor;
}

typedef struct {
  char file[PETSC_MAX_PATH_LEN];
  PetscInt side, every;
  PetscReal unknown_steps;
  Seconds aside; /* spent here, and none of the run's */
} Watch;

static Watch watch = {"", 96, 10, 0, {0, 0}}; /* a program has one TS */

/* Values at points in and on a triangle. */
static void SampleTriangle(const Triangle *t, void *ctx) {
  const PetscInt n = watch.side;
  double *values = ctx;
  PetscReal low[2], high[2];
  PetscInt i, j;
  int k;

  for (k = 0; k < 2; ++k) {
    low[k] = n * PetscMin(t->x[0][k], PetscMin(t->x[1][k], t->x[2][k])) - 1e-6;
    high[k] = n * PetscMax(t->x[0][k], PetscMax(t->x[1][k], t->x[2][k])) + 1e-6;
  }
  for (j = (PetscInt)PetscCeilReal(low[1]); j <= high[1]; ++j)
    for (i = (PetscInt)PetscCeilReal(low[0]); i <= high[0]; ++i) {
      PetscReal inside = 1, value = 0;
      for (k = 0; k < 3; ++k) {
        const PetscReal part = 1 + t->gradient[k][0] * ((PetscReal)i / n - t->x[k][0]) +
                               t->gradient[k][1] * ((PetscReal)j / n - t->x[k][1]);
        inside = PetscMin(inside, part);
        value += part * t->u[k];
      }
      if (inside > -1e-6) values[j * (n + 1) + i] = (double)value;
    }
}

static PetscErrorCode Sample(DM dm, Vec u) {
  const PetscInt points = (watch.side + 1) * (watch.side + 1);
  PetscMPIInt rank;
  double *values;
  FILE *file;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(points, &values));
  for (PetscInt i = 0; i < points; ++i) values[i] = -1e300; /* of other ranks */
  PetscCall(ElementsVisit(dm, u, SampleTriangle, values));
  PetscCallMPI(
      MPI_Allreduce(MPI_IN_PLACE, values, (PetscMPIInt)points, MPI_DOUBLE, MPI_MAX, PetscObjectComm((PetscObject)dm)));
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)dm), &rank));
  if (!rank) {
    PetscCall(PetscFOpen(PETSC_COMM_SELF, watch.file, "ab", &file));
    PetscCheck(fwrite(values, sizeof(double), (size_t)points, file) == (size_t)points, PETSC_COMM_SELF,
               PETSC_ERR_FILE_WRITE, "-samples %s: cannot be written", watch.file);
    PetscCall(PetscFClose(PETSC_COMM_SELF, file));
  }
  PetscCall(PetscFree(values));
  PetscFunctionReturn(0);
}

static PetscErrorCode Look(TS ts, PetscInt step, PetscReal t, Vec u, void *ctx) {
  const Seconds since = Now();
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(TSGetDM(ts, &dm));
  if (watch.file[0] && step > 0 && step % watch.every == 0) PetscCall(Sample(dm, u));
  Add(&watch.aside, since);
  PetscFunctionReturn(0);
}

/* With the mesh that the step is taken on; what a training did before is forgotten. */
static PetscErrorCode Count(TS ts) {
  PetscInt unknowns, step;
  Vec u;

  PetscFunctionBeginUser;
  PetscCall(TSGetStepNumber(ts, &step));
  PetscCall(TSGetSolution(ts, &u));
  PetscCall(VecGetSize(u, &unknowns));
  watch.unknown_steps = (step ? watch.unknown_steps : 0) + (PetscReal)unknowns;
  PetscFunctionReturn(0);
}

/* The seconds of events, where they are logged. */
static PetscErrorCode SecondsOf(PetscInt n, const char *const events[], PetscReal *seconds) {
  PetscEventPerfInfo info;
  PetscLogEvent event;

  PetscFunctionBeginUser;
  *seconds = 0;
  for (PetscInt i = 0; i < n; ++i) {
    PetscCall(PetscLogEventGetId(events[i], &event));
    if (event < 0) continue;
    PetscCall(PetscLogEventGetPerfInfo(0, event, &info));
    *seconds += info.time;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode ElementsPrepare(TS ts) {
  PetscBool set;
  FILE *file;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetString(NULL, NULL, "-samples", watch.file, sizeof(watch.file), &set));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-samples_side", &watch.side, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-samples_every", &watch.every, NULL));
  PetscCheck(watch.side > 0 && watch.every > 0, PETSC_COMM_WORLD, PETSC_ERR_USER_INPUT,
             "-samples_side %d, -samples_every %d: expected 1 or more", (int)watch.side, (int)watch.every);
  if (set) {
    PetscCall(PetscFOpen(PETSC_COMM_WORLD, watch.file, "wb", &file));
    PetscCall(PetscFClose(PETSC_COMM_WORLD, file));
  }
  PetscCall(TSSetPreStep(ts, Count));
  PetscCall(TSMonitorSet(ts, Look, NULL, NULL));
  PetscCall(PetscLogDefaultBegin());
  PetscFunctionReturn(0);
}

PetscErrorCode ElementsSolve(TS ts) {
  static const char *const decide[] = {"PetRLObserve", "PetRLInfer", "PetRLAct"}, *const remesh[] = {"PetRLRemesh"};
  PetscReal time, norm, integral, deciding, remeshing;
  PetscInt steps, unknowns;
  Seconds run = {0, 0};
  DM dm;
  Vec u;

  PetscFunctionBeginUser;
  const Seconds since = Now();
  PetscCall(TSSolve(ts, NULL));
  Add(&run, since);
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(TSGetSolution(ts, &u));
  PetscCall(TSGetTime(ts, &time));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(VecNorm(u, NORM_INFINITY, &norm));
  PetscCall(VecGetSize(u, &unknowns));
  PetscCall(ElementsIntegral(dm, u, &integral));
  PetscCall(SecondsOf(3, decide, &deciding));
  PetscCall(SecondsOf(1, remesh, &remeshing));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                        "seconds %.6g processor %.6g deciding %.6g remeshing %.6g unknown_steps %.0f\n",
                        run.wall - watch.aside.wall, run.processor - watch.aside.processor, (double)deciding,
                        (double)remeshing, (double)watch.unknown_steps));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "time %.12g steps %d unknowns %d largest %.12g integral %.12g\n",
                        (double)time, (int)steps, (int)unknowns, (double)norm, (double)integral));
  PetscFunctionReturn(0);
}
