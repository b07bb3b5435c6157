static char help[] =
    "The Oregonator, a stiff model of the Belousov-Zhabotinskii reaction.\n\
  -s, -q, -w <real>: the parameters;  -tf <real>: final time.\n";

/*
   x' = s (y + x (1 - q x - y)),  y' = (z - (1 + x) y) / s,  z' = w (x - z)

   Field and Noyes, J. Chem. Phys. 60 (1974).
*/
#include <petscts.h>

typedef struct {
  PetscReal s, q, w;
} Parameters;

static PetscErrorCode IFunction(TS ts, PetscReal t, Vec U, Vec Udot, Vec F, void *ctx) {
  Parameters *p = (Parameters *)ctx;
  const PetscScalar *u, *v;
  PetscScalar *f;

  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(VecGetArrayRead(Udot, &v));
  PetscCall(VecGetArrayWrite(F, &f));
  f[0] = v[0] - p->s * (u[1] + u[0] * (1 - p->q * u[0] - u[1]));
  f[1] = v[1] - (u[2] - (1 + u[0]) * u[1]) / p->s;
  f[2] = v[2] - p->w * (u[0] - u[2]);
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(Udot, &v));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(0);
}

static PetscErrorCode IJacobian(TS ts, PetscReal t, Vec U, Vec Udot, PetscReal a, Mat A, Mat B, void *ctx) {
  Parameters *p = (Parameters *)ctx;
  const PetscInt rows[3] = {0, 1, 2};
  const PetscScalar *u;

  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  (void)Udot;
  PetscCall(VecGetArrayRead(U, &u));
  {
    const PetscScalar J[9] = {a - p->s * (1 - 2 * p->q * u[0] - u[1]),
                              -p->s * (1 - u[0]),
                              0,
                              u[1] / p->s,
                              a + (1 + u[0]) / p->s,
                              -1 / p->s,
                              -p->w,
                              0,
                              a + p->w};
    PetscCall(MatSetValues(B, 3, rows, 3, rows, J, INSERT_VALUES));
  }
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  if (A != B) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  Parameters p = {77.27, 8.375e-6, 0.161};
  PetscReal tf = 360;
  PetscMPIInt size;
  PetscInt steps;
  TS ts;
  Vec u;
  Mat J;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCheck(size == 1, PETSC_COMM_WORLD, PETSC_ERR_WRONG_MPI_SIZE, "This program is serial");
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Oregonator", NULL);
  PetscCall(PetscOptionsReal("-s", "Ratio of rates", NULL, p.s, &p.s, NULL));
  PetscCall(PetscOptionsReal("-q", "Ratio of rates", NULL, p.q, &p.q, NULL));
  PetscCall(PetscOptionsReal("-w", "Rate of the slow variable", NULL, p.w, &p.w, NULL));
  PetscCall(PetscOptionsReal("-tf", "Final time", NULL, tf, &tf, NULL));
  PetscOptionsEnd();

  PetscCall(VecCreateSeq(PETSC_COMM_SELF, 3, &u));
  PetscCall(VecSetValue(u, 0, 1, INSERT_VALUES));
  PetscCall(VecSetValue(u, 1, 2, INSERT_VALUES));
  PetscCall(VecSetValue(u, 2, 3, INSERT_VALUES));
  PetscCall(VecAssemblyBegin(u));
  PetscCall(VecAssemblyEnd(u));
  PetscCall(MatCreateSeqDense(PETSC_COMM_SELF, 3, 3, NULL, &J));

  PetscCall(TSCreate(PETSC_COMM_SELF, &ts));
  PetscCall(TSSetIFunction(ts, NULL, IFunction, &p));
  PetscCall(TSSetIJacobian(ts, J, J, IJacobian, &p));
  PetscCall(TSSetType(ts, TSROSW));
  PetscCall(TSSetTimeStep(ts, 1e-3));
  PetscCall(TSSetMaxTime(ts, tf));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetMaxSNESFailures(ts, -1));
  PetscCall(TSSetTolerances(ts, 1e-5, NULL, 1e-5, NULL));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSSolve(ts, u));
  PetscCall(TSGetSolveTime(ts, &tf));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "time %g, %" PetscInt_FMT " steps\n", (double)tf, steps));
  PetscCall(TSDestroy(&ts));
  PetscCall(MatDestroy(&J));
  PetscCall(VecDestroy(&u));
  PetscCall(PetscFinalize());
  return 0;
}
