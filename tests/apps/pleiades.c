static char help[] =
    "Seven stars in the plane attract each other (the Pleiades).\n\
  -tf <real>: final time.\n";

/*
   x_i'' = sum_j m_j (x_j - x_i) / |x_j - x_i|^3,  m_j = j.  Unknowns: x, y, x', y'.

   Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, II.10.
*/
#include <petscts.h>

#define N 7

static PetscErrorCode RHSFunction(TS ts, PetscReal t, Vec U, Vec F, void *ctx) {
  const PetscScalar *u;
  PetscScalar *f;

  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  (void)ctx;
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(VecGetArrayWrite(F, &f));
  for (PetscInt i = 0; i < N; i++) {
    PetscScalar ax = 0, ay = 0;
    for (PetscInt j = 0; j < N; j++) {
      if (j != i) {
        const PetscScalar dx = u[j] - u[i], dy = u[N + j] - u[N + i], r2 = dx * dx + dy * dy;
        const PetscScalar w = (PetscReal)(j + 1) / (r2 * PetscSqrtScalar(r2));
        ax += w * dx;
        ay += w * dy;
      }
    }
    f[i] = u[2 * N + i];
    f[N + i] = u[3 * N + i];
    f[2 * N + i] = ax;
    f[3 * N + i] = ay;
  }
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  const PetscReal initial[4 * N] = {3, 3, -1, -3, 2, -2,   2,    3, -3, 2, 0,     0, -4, 4,
                                    0, 0, 0,  0,  0, 1.75, -1.5, 0, 0,  0, -1.25, 1, 0,  0};
  PetscReal tf = 3;
  PetscMPIInt size;
  PetscInt steps;
  PetscScalar *u;
  TS ts;
  Vec U;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCheck(size == 1, PETSC_COMM_WORLD, PETSC_ERR_WRONG_MPI_SIZE, "This program is serial");
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Pleiades", NULL);
  PetscCall(PetscOptionsReal("-tf", "Final time", NULL, tf, &tf, NULL));
  PetscOptionsEnd();

  PetscCall(VecCreateSeq(PETSC_COMM_SELF, 4 * N, &U));
  PetscCall(VecGetArrayWrite(U, &u));
  for (PetscInt i = 0; i < 4 * N; i++) u[i] = initial[i];
  PetscCall(VecRestoreArrayWrite(U, &u));

  PetscCall(TSCreate(PETSC_COMM_SELF, &ts));
  PetscCall(TSSetProblemType(ts, TS_NONLINEAR));
  PetscCall(TSSetRHSFunction(ts, NULL, RHSFunction, NULL));
  PetscCall(TSSetType(ts, TSRK));
  PetscCall(TSRKSetType(ts, TSRK5DP));
  PetscCall(TSSetTimeStep(ts, 1e-3));
  PetscCall(TSSetMaxTime(ts, tf));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetTolerances(ts, 1e-6, NULL, 1e-6, NULL));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSSolve(ts, U));
  PetscCall(TSGetSolveTime(ts, &tf));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "time %g, %" PetscInt_FMT " steps\n", (double)tf, steps));
  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&U));
  PetscCall(PetscFinalize());
  return 0;
}
