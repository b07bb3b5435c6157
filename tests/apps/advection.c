static char help[] =
    "A blob carried through a periodic square by vortices: first-order upwind differences, forward Euler.\n\
  -da_grid_x <n>, -da_grid_y <n>: points;  -tf <real>: final time;  -courant <real>: Courant number;\n\
  -keep_velocity: do not attach the velocity to the DM;  -velocity_view <viewer>: write it;\n\
  -keep_coordinates: do not tell the DM where its points are;  -nonsense: start from nonsense.\n";

/*
   psi_t + u psi_x + v psi_y = 0, u = sin(2 pi x) cos(2 pi y), v = -cos(2 pi x) sin(2 pi y).
*/
#include <petscdmda.h>
#include <petscts.h>

typedef struct {
  PetscScalar u, v;
} Velocity;

typedef struct {
  DM grid; /* of the velocity */
  Vec velocity;
} App;

static PetscErrorCode Upwind(TS ts, PetscReal t, Vec X, Vec F, void *ctx) {
  const App *app = (const App *)ctx;
  DMDALocalInfo info;
  DM da;
  Vec local;
  const PetscScalar **x;
  PetscScalar **f;
  const Velocity **w;

  PetscFunctionBeginUser;
  (void)t;
  PetscCall(TSGetDM(ts, &da));
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMGetLocalVector(da, &local));
  PetscCall(DMGlobalToLocal(da, X, INSERT_VALUES, local));
  PetscCall(DMDAVecGetArrayRead(da, local, (void *)&x));
  PetscCall(DMDAVecGetArrayRead(app->grid, app->velocity, (void *)&w));
  PetscCall(DMDAVecGetArrayWrite(da, F, &f));
  for (PetscInt j = info.ys; j < info.ys + info.ym; j++) {
    for (PetscInt i = info.xs; i < info.xs + info.xm; i++) {
      const PetscScalar u = w[j][i].u * info.mx, v = w[j][i].v * info.my;
      f[j][i] = -u * (PetscRealPart(u) > 0 ? x[j][i] - x[j][i - 1] : x[j][i + 1] - x[j][i]) -
                v * (PetscRealPart(v) > 0 ? x[j][i] - x[j - 1][i] : x[j + 1][i] - x[j][i]);
    }
  }
  PetscCall(DMDAVecRestoreArrayWrite(da, F, &f));
  PetscCall(DMDAVecRestoreArrayRead(app->grid, app->velocity, (void *)&w));
  PetscCall(DMDAVecRestoreArrayRead(da, local, (void *)&x));
  PetscCall(DMRestoreLocalVector(da, &local));
  PetscFunctionReturn(0);
}

static PetscErrorCode Start(DM da, Vec X, App *app) {
  DMDALocalInfo info;
  PetscScalar **x;
  Velocity **w;

  PetscFunctionBeginUser;
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMDAVecGetArrayWrite(da, X, &x));
  PetscCall(DMDAVecGetArrayWrite(app->grid, app->velocity, &w));
  for (PetscInt j = info.ys; j < info.ys + info.ym; j++) {
    for (PetscInt i = info.xs; i < info.xs + info.xm; i++) {
      const PetscReal s = 2 * PETSC_PI * i / info.mx, r = 2 * PETSC_PI * j / info.my;
      x[j][i] = PetscExpReal(2 * PetscCosReal(s - 1) + 2 * PetscCosReal(r - 2) - 4);
      w[j][i].u = PetscSinReal(s) * PetscCosReal(r);
      w[j][i].v = -PetscCosReal(s) * PetscSinReal(r);
    }
  }
  PetscCall(DMDAVecRestoreArrayWrite(app->grid, app->velocity, &w));
  PetscCall(DMDAVecRestoreArrayWrite(da, X, &x));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  PetscReal tf = 0.25, courant = 0.25, norm, largest;
  PetscBool keep = PETSC_FALSE, nowhere = PETSC_FALSE, nonsense = PETSC_FALSE;
  PetscInt n, steps;
  PetscScalar sum;
  App app;
  TS ts;
  DM da;
  Vec X;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Advection", NULL);
  PetscCall(PetscOptionsReal("-tf", "Final time", NULL, tf, &tf, NULL));
  PetscCall(PetscOptionsReal("-courant", "Courant number", NULL, courant, &courant, NULL));
  PetscCall(PetscOptionsBool("-keep_velocity", "Do not attach the velocity to the DM", NULL, keep, &keep, NULL));
  PetscCall(PetscOptionsBool("-keep_coordinates", "Do not set coordinates", NULL, nowhere, &nowhere, NULL));
  PetscCall(PetscOptionsBool("-nonsense", "Start from nonsense", NULL, nonsense, &nonsense, NULL));
  PetscOptionsEnd();

  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_PERIODIC, DMDA_STENCIL_STAR, 32, 32,
                         PETSC_DECIDE, PETSC_DECIDE, 1, 1, NULL, NULL, &da));
  PetscCall(DMSetFromOptions(da));
  PetscCall(DMSetUp(da));
  if (!nowhere) PetscCall(DMDASetUniformCoordinates(da, 0, 1, 0, 1, 0, 0));
  PetscCall(DMDASetFieldName(da, 0, "psi"));
  PetscCall(DMCreateGlobalVector(da, &X));
  PetscCall(DMDACreateCompatibleDMDA(da, 2, &app.grid));
  PetscCall(DMDASetFieldName(app.grid, 0, "u"));
  PetscCall(DMDASetFieldName(app.grid, 1, "v"));
  PetscCall(DMCreateGlobalVector(app.grid, &app.velocity));
  PetscCall(Start(da, X, &app));
  PetscCall(VecViewFromOptions(app.velocity, NULL, "-velocity_view"));
  if (!keep) PetscCall(DMSetAuxiliaryVec(da, NULL, 0, 0, app.velocity));
  if (nonsense) PetscCall(VecSetValue(X, 0, 0. / PetscRealPart(sum = 0), INSERT_VALUES));
  PetscCall(VecAssemblyBegin(X));
  PetscCall(VecAssemblyEnd(X));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, da));
  PetscCall(TSSetRHSFunction(ts, NULL, Upwind, &app));
  PetscCall(TSSetType(ts, TSEULER));
  PetscCall(DMDAGetInfo(da, NULL, &n, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(TSSetTimeStep(ts, courant / (PetscReal)n));
  PetscCall(TSSetMaxTime(ts, tf));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSSolve(ts, X));
  PetscCall(TSGetSolveTime(ts, &tf));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(VecSum(X, &sum));
  PetscCall(VecNorm(X, NORM_2, &norm));
  PetscCall(VecMax(X, NULL, &largest));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "time %g steps %" PetscInt_FMT " sum %.15g norm %.15g max %.15g\n",
                        (double)tf, steps, (double)PetscRealPart(sum), (double)norm, (double)largest));
  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&X));
  PetscCall(VecDestroy(&app.velocity));
  PetscCall(DMDestroy(&app.grid));
  PetscCall(DMDestroy(&da));
  PetscCall(PetscFinalize());
  return 0;
}
