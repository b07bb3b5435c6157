/* SLEPc and a TS in one program: the two slowest modes of a rod that cools are computed, decay in a TS from their sum,
   and are computed again. Nothing of PetRL is in here; what is in options decides.

   The exact solution is known: all of the error, which is printed, is the integrator's. */
#include <slepceps.h>
#include <petscts.h>

static PetscErrorCode Modes(Mat A, PetscReal *rate, Vec *mode) {
  EPS eps;
  PetscInt i, found;

  PetscFunctionBeginUser;
  PetscCall(EPSCreate(PETSC_COMM_WORLD, &eps));
  PetscCall(EPSSetOperators(eps, A, NULL));
  PetscCall(EPSSetProblemType(eps, EPS_HEP));
  PetscCall(EPSSetWhichEigenpairs(eps, EPS_LARGEST_REAL));
  PetscCall(EPSSetDimensions(eps, 2, PETSC_DEFAULT, PETSC_DEFAULT));
  PetscCall(EPSSetTolerances(eps, 1e-10, 5000));
  PetscCall(EPSSetFromOptions(eps));
  PetscCall(EPSSolve(eps));
  PetscCall(EPSGetConverged(eps, &found));
  PetscCheck(found >= 2, PETSC_COMM_WORLD, PETSC_ERR_CONV_FAILED, "Only %" PetscInt_FMT " modes of 2", found);
  for (i = 0; i < 2; ++i) {
    PetscScalar value;

    PetscCall(EPSGetEigenpair(eps, i, &value, NULL, mode[i], NULL));
    rate[i] = PetscRealPart(value);
  }
  PetscCall(EPSDestroy(&eps));
  PetscFunctionReturn(0);
}

static PetscErrorCode Cool(TS ts, PetscReal t, Vec u, Vec f, void *A) {
  PetscFunctionBeginUser;
  PetscCall(MatMult((Mat)A, u, f));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  const PetscInt n = 40;
  const PetscReal end = 0.3;
  PetscReal rate[2], again[2], t, error;
  PetscInt i, begin, stop;
  Mat A, J;
  Vec mode[2], u, exact;
  TS ts;
  SNES snes;
  KSP ksp;

  PetscCall(SlepcInitialize(&argc, &argv, NULL, NULL));
  PetscCall(MatCreateAIJ(PETSC_COMM_WORLD, PETSC_DECIDE, PETSC_DECIDE, n, n, 3, NULL, 2, NULL, &A));
  PetscCall(MatGetOwnershipRange(A, &begin, &stop));
  for (i = begin; i < stop; ++i) {
    const PetscScalar h2 = (n + 1) * (n + 1);

    if (i > 0) PetscCall(MatSetValue(A, i, i - 1, h2, INSERT_VALUES));
    if (i < n - 1) PetscCall(MatSetValue(A, i, i + 1, h2, INSERT_VALUES));
    PetscCall(MatSetValue(A, i, i, -2 * h2, INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatCreateVecs(A, &u, &exact));
  for (i = 0; i < 2; ++i) PetscCall(VecDuplicate(u, &mode[i]));
  PetscCall(Modes(A, rate, mode));

  PetscCall(VecWAXPY(u, 1, mode[0], mode[1]));
  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetProblemType(ts, TS_LINEAR));
  PetscCall(TSSetType(ts, TSBDF));
  PetscCall(TSSetRHSFunction(ts, NULL, Cool, A));
  PetscCall(MatDuplicate(A, MAT_COPY_VALUES, &J));  /* the TS shifts it */
  PetscCall(TSSetRHSJacobian(ts, J, J, TSComputeRHSJacobianConstant, NULL));
  PetscCall(TSSetTimeStep(ts, 1e-4));
  PetscCall(TSSetMaxTime(ts, end));
  PetscCall(TSSetMaxSteps(ts, 5000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetTolerances(ksp, 1e-10, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSSolve(ts, u));
  PetscCall(TSGetSolveTime(ts, &t));
  PetscCall(VecSet(exact, 0));
  for (i = 0; i < 2; ++i) PetscCall(VecAXPY(exact, PetscExpReal(rate[i] * t), mode[i]));
  PetscCall(VecAXPY(exact, -1, u));
  PetscCall(VecNorm(exact, NORM_INFINITY, &error));
  PetscCall(TSDestroy(&ts));

  PetscCall(Modes(A, again, mode));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "error %g rate %.9f %.9f again %.9f %.9f\n", (double)error, (double)rate[0],
                        (double)rate[1], (double)again[0], (double)again[1]));
  for (i = 0; i < 2; ++i) PetscCall(VecDestroy(&mode[i]));
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&exact));
  PetscCall(MatDestroy(&A));
  PetscCall(MatDestroy(&J));
  PetscCall(SlepcFinalize());
  return 0;
}
