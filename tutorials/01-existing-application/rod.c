static char help[] = "A rod heated by a pulsed laser: conduction and radiation.\n\
  -da_grid_x <n>: cells;  -power <real>, -period <s>: of the laser.\n";

/*
   u_t = D u_xx - R (u^4 - 1) + s(t) P exp(-((x - 0.3) / 0.03)^2),  0 < x < 1 m,  insulated ends,

   u: absolute temperature over that of the surroundings; s: 1 in the first third of each period, else 0.
   An ordinary PETSc program: it includes petscts.h and knows nothing of PetRL.
*/
#include <petscdmda.h>
#include <petscts.h>

typedef struct {
  PetscReal conduction, radiation, power, period;
} Rod;

static PetscErrorCode IFunction(DMDALocalInfo *info, PetscReal t, PetscScalar *u, PetscScalar *udot, PetscScalar *f,
                                void *ctx) {
  Rod *rod = (Rod *)ctx;
  const PetscReal dx = 1.0 / (PetscReal)info->mx, phase = t / rod->period - PetscFloorReal(t / rod->period);

  PetscFunctionBeginUser;
  for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
    const PetscScalar left = i > 0 ? u[i - 1] : u[i], right = i < info->mx - 1 ? u[i + 1] : u[i];
    const PetscReal z = (((PetscReal)i + 0.5) * dx - 0.3) / 0.03;
    f[i] = udot[i] - rod->conduction * (left - 2 * u[i] + right) / (dx * dx) +
           rod->radiation * (PetscPowScalar(u[i], 4) - 1) - (phase < 1.0 / 3 ? rod->power * PetscExpReal(-z * z) : 0);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode IJacobian(DMDALocalInfo *info, PetscReal t, PetscScalar *u, PetscScalar *udot, PetscReal shift,
                                Mat A, Mat B, void *ctx) {
  Rod *rod = (Rod *)ctx;
  const PetscReal d = rod->conduction * (PetscReal)info->mx * (PetscReal)info->mx;

  PetscFunctionBeginUser;
  for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
    const PetscInt neighbours = (i > 0) + (i < info->mx - 1);
    const MatStencil row = {0, 0, i, 0}, columns[3] = {{0, 0, i, 0}, {0, 0, i > 0 ? i - 1 : i + 1, 0}, {0, 0, i + 1, 0}};
    const PetscScalar v[3] = {shift + neighbours * d + 4 * rod->radiation * PetscPowScalar(u[i], 3), -d, -d};
    PetscCall(MatSetValuesStencil(B, 1, &row, 1 + neighbours, columns, v, INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  if (A != B) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  Rod rod = {1e-3, 0.05, 60, 1};
  TS ts;
  DM da;
  Vec u;
  PetscReal highest;
  PetscInt steps;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-power", &rod.power, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-period", &rod.period, NULL));
  PetscCall(DMDACreate1d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, 100, 1, 1, NULL, &da));
  PetscCall(DMSetFromOptions(da));
  PetscCall(DMSetUp(da));
  PetscCall(DMCreateGlobalVector(da, &u));
  PetscCall(VecSet(u, 1));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, da));
  PetscCall(DMDATSSetIFunctionLocal(da, INSERT_VALUES, (DMDATSIFunctionLocal)IFunction, &rod));
  PetscCall(DMDATSSetIJacobianLocal(da, (DMDATSIJacobianLocal)IJacobian, &rod));
  PetscCall(TSSetType(ts, TSARKIMEX));
  PetscCall(TSSetTimeStep(ts, 1e-4));
  PetscCall(TSSetMaxTime(ts, 10));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetTolerances(ts, 1e-4, NULL, 1e-4, NULL));
  PetscCall(TSSetMaxSNESFailures(ts, -1)); /* a failed solve is tried again with a shorter step */
  PetscCall(TSSetMaxStepRejections(ts, 100));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSSolve(ts, u));

  PetscCall(VecMax(u, NULL, &highest));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%" PetscInt_FMT " steps, highest temperature %.6f\n", steps, (double)highest));
  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&u));
  PetscCall(DMDestroy(&da));
  PetscCall(PetscFinalize());
  return 0;
}
