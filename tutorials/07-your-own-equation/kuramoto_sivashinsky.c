static char help[] =
  "The Kuramoto-Sivashinsky equation on a circle of length L = 64, from a smooth random state: chaotic flame fronts.\n"
  "  u_t + (u^2/2)_x + u_xx + u_xxxx = 0\n"
  "Central differences of second order; the linear part is implicit.\n"
  "  -seed <n>   initial state\n"
  "  -nx <n>     points (64); or DMDA's options (-da_grid_x, -da_refine)\n"
  "  -order <2|4> of the differences\n"
  "  -step <s>   time step in units of the spacing (.1)\n\n";

#include <petscdmda.h>
#include <petscts.h>

static const PetscReal kLength = 64;

typedef struct {
  PetscInt order;
} Equation;

/* Coefficients of the first, second, fourth difference at distances 0, 1, ... */
static void Coefficients(PetscInt order, PetscReal d1[4], PetscReal d2[4], PetscReal d4[4]) {
  const PetscReal second[3][4] = {{0, 0.5, 0, 0}, {-2, 1, 0, 0}, {6, -4, 1, 0}};
  const PetscReal fourth[3][4] = {
    {0, 2. / 3, -1. / 12, 0}, {-5. / 2, 4. / 3, -1. / 12, 0}, {28. / 3, -13. / 2, 2, -1. / 6}};
  PetscInt k;

  for (k = 0; k < 4; ++k) {
    d1[k] = order > 2 ? fourth[0][k] : second[0][k];
    d2[k] = order > 2 ? fourth[1][k] : second[1][k];
    d4[k] = order > 2 ? fourth[2][k] : second[2][k];
  }
}

/* -(u^2/2)_x in the conservative form */
static PetscErrorCode RHS(DMDALocalInfo *info, PetscReal t, PetscScalar *u, PetscScalar *f, Equation *e) {
  const PetscReal h = kLength / info->mx;
  PetscReal       d1[4], d2[4], d4[4];
  PetscInt        i, k;

  PetscFunctionBeginUser;
  Coefficients(e->order, d1, d2, d4);
  for (i = info->xs; i < info->xs + info->xm; ++i) {
    f[i] = 0;
    for (k = 1; k < 3; ++k) f[i] -= d1[k] / h * 0.5 * (u[i + k] * u[i + k] - u[i - k] * u[i - k]);
  }
  PetscFunctionReturn(0);
}

/* u_t + u_xx + u_xxxx */
static PetscErrorCode Implicit(DMDALocalInfo *info, PetscReal t, PetscScalar *u, PetscScalar *ut, PetscScalar *f,
                               Equation *e) {
  const PetscReal h2 = PetscSqr(kLength / info->mx), h4 = h2 * h2;
  PetscReal       d1[4], d2[4], d4[4];
  PetscInt        i, k;

  PetscFunctionBeginUser;
  Coefficients(e->order, d1, d2, d4);
  for (i = info->xs; i < info->xs + info->xm; ++i) {
    f[i] = ut[i] + (d2[0] / h2 + d4[0] / h4) * u[i];
    for (k = 1; k < 4; ++k) f[i] += (d2[k] / h2 + d4[k] / h4) * (u[i - k] + u[i + k]);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Jacobian(DMDALocalInfo *info, PetscReal t, PetscScalar *u, PetscScalar *ut, PetscReal shift,
                               Mat A, Mat P, Equation *e) {
  const PetscReal h2 = PetscSqr(kLength / info->mx), h4 = h2 * h2;
  PetscReal       d1[4], d2[4], d4[4];
  PetscInt        i, k;

  PetscFunctionBeginUser;
  Coefficients(e->order, d1, d2, d4);
  for (i = info->xs; i < info->xs + info->xm; ++i) {
    MatStencil  row = {0}, column[7] = {{0}};
    PetscScalar value[7];
    PetscInt    n = 0;
    row.i         = i;
    for (k = -3; k <= 3; ++k) {
      const PetscInt a = PetscAbsInt(k);
      column[n].i      = i + k;
      value[n]         = d2[a] / h2 + d4[a] / h4 + (k == 0 ? shift : 0);
      ++n;
    }
    PetscCall(MatSetValuesStencil(P, 1, &row, n, column, value, INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(P, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(P, MAT_FINAL_ASSEMBLY));
  if (A != P) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Initial(DM da, PetscInt seed, Vec X) {
  DMDALocalInfo info;
  PetscScalar  *x;
  PetscRandom   random;
  PetscReal     a[8], phase[8];
  PetscInt      i, k;

  PetscFunctionBeginUser;
  PetscCall(PetscRandomCreate(PETSC_COMM_SELF, &random));
  PetscCall(PetscRandomSetType(random, PETSCRAND48));
  PetscCall(PetscRandomSetSeed(random, 1 + (unsigned long)seed));
  PetscCall(PetscRandomSeed(random));
  for (k = 0; k < 8; ++k) {
    PetscCall(PetscRandomGetValueReal(random, &a[k]));
    PetscCall(PetscRandomGetValueReal(random, &phase[k]));
  }
  PetscCall(PetscRandomDestroy(&random));
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMDAVecGetArray(da, X, &x));
  for (i = info.xs; i < info.xs + info.xm; ++i) {
    x[i] = 0;
    for (k = 0; k < 8; ++k) x[i] += (2 * a[k] - 1) * PetscSinReal(2 * PETSC_PI * ((k + 1) * (PetscReal)i / info.mx + phase[k]));
  }
  PetscCall(DMDAVecRestoreArray(da, X, &x));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  DM        da;
  TS        ts;
  Vec       X;
  Equation  equation = {2};
  PetscInt  seed = 0, nx = 64, mx;
  PetscReal step = 0.1;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-seed", &seed, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-order", &equation.order, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-nx", &nx, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-step", &step, NULL));

  PetscCall(DMDACreate1d(PETSC_COMM_WORLD, DM_BOUNDARY_PERIODIC, nx, 1, 3, NULL, &da));
  PetscCall(DMSetFromOptions(da));
  PetscCall(DMSetUp(da));
  PetscCall(DMDASetFieldName(da, 0, "u"));
  PetscCall(DMDASetUniformCoordinates(da, 0, kLength, 0, 0, 0, 0));
  PetscCall(DMDAGetInfo(da, NULL, &mx, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, da));
  PetscCall(DMDATSSetRHSFunctionLocal(da, INSERT_VALUES, (DMDATSRHSFunctionLocal)RHS, &equation));
  PetscCall(DMDATSSetIFunctionLocal(da, INSERT_VALUES, (DMDATSIFunctionLocal)Implicit, &equation));
  PetscCall(DMDATSSetIJacobianLocal(da, (DMDATSIJacobianLocal)Jacobian, &equation));
  PetscCall(TSSetType(ts, TSARKIMEX));
  PetscCall(TSSetTimeStep(ts, step * kLength / mx));
  PetscCall(TSSetMaxTime(ts, 50));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));

  PetscCall(DMCreateGlobalVector(da, &X));
  PetscCall(Initial(da, seed, X));
  PetscCall(TSSolve(ts, X));
  PetscCall(VecDestroy(&X));
  PetscCall(TSDestroy(&ts));
  PetscCall(DMDestroy(&da));
  PetscCall(PetscFinalize());
  return 0;
}
