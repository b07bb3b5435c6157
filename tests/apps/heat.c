static char help[] =
    "Waves that decay, in one to three dimensions: u_t = nu (u_xx + ...) - lambda u, forward Euler.\n\
  -dim <n>, -da_grid_x <n>, ...: the grid, 32 points a side;  -walls: not periodic (values there are mirrored);\n\
  -cells: points in the middle of cells;  -components <n>: the k-th has k nu;  -nu, -lambda <real>: coefficients;\n\
  -dt, -tf <real>: step and final time;  -seed <n>: other waves;  -solves <n>: one after another, with further seeds;\n\
  -nameless: components have no names;  -source <real>: in an auxiliary Vec, added to u_t;  -source_rate <real>: it grows.\n";

#include <petscdmda.h>
#include <petscts.h>

typedef struct {
  PetscReal nu, lambda, source, rate;
  PetscInt dim, seed;
  PetscBool walls, cells;
  Vec field; /* the source */
} App;

static PetscErrorCode Rate(TS ts, PetscReal t, Vec X, Vec F, void *ctx) {
  const App *app = (const App *)ctx;
  DMDALocalInfo info;
  DM da;
  Vec local;
  const PetscScalar *x, *s = NULL;
  PetscScalar *f;
  PetscReal h[3];
  PetscInt n[3], size[3], first[3];

  PetscFunctionBeginUser;
  (void)t;
  PetscCall(TSGetDM(ts, &da));
  PetscCall(DMDAGetLocalInfo(da, &info));
  n[0] = info.mx, n[1] = info.my, n[2] = info.mz;
  size[0] = info.gxm, size[1] = info.gym, size[2] = info.gzm;
  first[0] = info.gxs, first[1] = info.gys, first[2] = info.gzs;
  for (int d = 0; d < 3; d++) h[d] = 1. / (PetscReal)(app->walls && !app->cells ? PetscMax(n[d] - 1, 1) : n[d]);
  PetscCall(DMGetLocalVector(da, &local));
  PetscCall(DMGlobalToLocal(da, X, INSERT_VALUES, local));
  PetscCall(VecGetArrayRead(local, &x));
  PetscCall(VecGetArrayWrite(F, &f));
  if (app->field) PetscCall(VecGetArrayRead(app->field, &s));
  for (PetscInt k = info.zs; k < info.zs + info.zm; k++) {
    for (PetscInt j = info.ys; j < info.ys + info.ym; j++) {
      for (PetscInt i = info.xs; i < info.xs + info.xm; i++) {
        const PetscInt at[3] = {i, j, k};
        PetscInt own = 0, stride = info.dof;
        for (int d = 0; d < 3; d++) {
          own += (at[d] - first[d]) * stride;
          stride *= size[d];
        }
        for (PetscInt c = 0; c < info.dof; c++) {
          PetscScalar sum = 0;
          stride = info.dof;
          for (int d = 0; d < app->dim; d++) {
            PetscInt left = own - stride, right = own + stride;
            if (app->walls && at[d] == 0) left = app->cells ? own : right;
            if (app->walls && at[d] == n[d] - 1) right = app->cells ? own : own - stride;
            sum += (x[left + c] - 2 * x[own + c] + x[right + c]) / (h[d] * h[d]);
            stride *= size[d];
          }
          *f++ = app->nu * (PetscReal)(c + 1) * sum - app->lambda * x[own + c] + (s ? *s : 0);
        }
        if (s) s++;
      }
    }
  }
  f = NULL, s = NULL;
  if (app->field) PetscCall(VecRestoreArrayRead(app->field, &s));
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(local, &x));
  PetscCall(DMRestoreLocalVector(da, &local));
  PetscFunctionReturn(0);
}

static PetscErrorCode Start(DM da, Vec X, const App *app) {
  DMDALocalInfo info;
  PetscScalar *x;

  PetscFunctionBeginUser;
  PetscCall(DMDAGetLocalInfo(da, &info));
  const PetscInt n[3] = {info.mx, info.my, info.mz};
  PetscCall(VecGetArrayWrite(X, &x));
  for (PetscInt k = info.zs; k < info.zs + info.zm; k++) {
    for (PetscInt j = info.ys; j < info.ys + info.ym; j++) {
      for (PetscInt i = info.xs; i < info.xs + info.xm; i++) {
        const PetscInt at[3] = {i, j, k};
        for (PetscInt c = 0; c < info.dof; c++) {
          PetscReal sum = 0;
          for (int w = 1; w <= 4; w++) {
            /* Waves that fit the box, with phases that the seed tells. */
            PetscReal phase = 1.7 * (PetscReal)(app->seed * w) + 0.9 * (PetscReal)(c * w), wave = 1. / w;
            for (int d = 0; d < app->dim; d++) {
              const PetscReal y = app->cells   ? ((PetscReal)at[d] + 0.5) / (PetscReal)n[d]
                                  : app->walls ? (PetscReal)at[d] / (PetscReal)PetscMax(n[d] - 1, 1)
                                               : (PetscReal)at[d] / (PetscReal)n[d];
              wave *= app->walls ? PetscCosReal(PETSC_PI * w * y) : PetscCosReal(2 * PETSC_PI * w * y + phase);
              phase *= 1.3;
            }
            sum += app->walls ? wave * PetscSinReal(phase) : wave;
          }
          *x++ = sum;
        }
      }
    }
  }
  x = NULL;
  PetscCall(VecRestoreArrayWrite(X, &x));
  PetscFunctionReturn(0);
}

/* The source as it is during the step. */
static PetscErrorCode SetSource(TS ts) {
  App *app;
  PetscReal t;

  PetscFunctionBeginUser;
  PetscCall(TSGetApplicationContext(ts, &app));
  PetscCall(TSGetTime(ts, &t));
  if (app->rate != 0) PetscCall(VecSet(app->field, app->source + app->rate * t));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  App app = {0.001, 0, 0, 0, 2, 1, PETSC_FALSE, PETSC_FALSE, NULL};
  PetscReal dt = 0.01, tf = 0.3, norm;
  PetscInt dof = 1, solves = 1, steps;
  PetscBool nameless = PETSC_FALSE, sourced;
  PetscScalar sum;
  TS ts;
  DM da, single;
  Vec X;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Heat", NULL);
  PetscCall(PetscOptionsInt("-dim", "Dimensions", NULL, app.dim, &app.dim, NULL));
  PetscCall(PetscOptionsInt("-components", "Components", NULL, dof, &dof, NULL));
  PetscCall(PetscOptionsInt("-seed", "Initial state", NULL, app.seed, &app.seed, NULL));
  PetscCall(PetscOptionsInt("-solves", "Solves", NULL, solves, &solves, NULL));
  PetscCall(PetscOptionsReal("-nu", "Diffusion", NULL, app.nu, &app.nu, NULL));
  PetscCall(PetscOptionsReal("-lambda", "Decay", NULL, app.lambda, &app.lambda, NULL));
  PetscCall(PetscOptionsReal("-source", "Source", NULL, app.source, &app.source, &sourced));
  PetscCall(PetscOptionsReal("-source_rate", "Its growth", NULL, app.rate, &app.rate, NULL));
  PetscCall(PetscOptionsReal("-dt", "Step", NULL, dt, &dt, NULL));
  PetscCall(PetscOptionsReal("-tf", "Final time", NULL, tf, &tf, NULL));
  PetscCall(PetscOptionsBool("-walls", "Not periodic", NULL, app.walls, &app.walls, NULL));
  PetscCall(PetscOptionsBool("-cells", "Cell-centred", NULL, app.cells, &app.cells, NULL));
  PetscCall(PetscOptionsBool("-nameless", "No names", NULL, nameless, &nameless, NULL));
  PetscOptionsEnd();

  PetscCall(DMDACreate(PETSC_COMM_WORLD, &da));
  const DMBoundaryType b = app.walls ? DM_BOUNDARY_NONE : DM_BOUNDARY_PERIODIC;
  PetscCall(DMSetDimension(da, app.dim));
  PetscCall(DMDASetSizes(da, 32, app.dim > 1 ? 32 : 1, app.dim > 2 ? 32 : 1));
  PetscCall(DMDASetBoundaryType(da, b, app.dim > 1 ? b : DM_BOUNDARY_NONE, app.dim > 2 ? b : DM_BOUNDARY_NONE));
  PetscCall(DMDASetDof(da, dof));
  PetscCall(DMDASetStencilType(da, DMDA_STENCIL_STAR));
  PetscCall(DMDASetStencilWidth(da, 1));
  PetscCall(DMSetFromOptions(da));
  PetscCall(DMSetUp(da));
  PetscCall(DMDASetUniformCoordinates(da, 0, 1, 0, 1, 0, 1));
  if (app.cells) {
    DMDALocalInfo info;
    PetscCall(DMDAGetLocalInfo(da, &info));
    const PetscReal hx = 0.5 / info.mx, hy = 0.5 / info.my, hz = 0.5 / info.mz;
    PetscCall(DMDASetUniformCoordinates(da, hx, app.walls ? 1 - hx : 1 + hx, hy, app.walls ? 1 - hy : 1 + hy, hz,
                                        app.walls ? 1 - hz : 1 + hz));
  }
  for (PetscInt c = 0; c < dof && !nameless; c++) {
    char name[8];
    PetscCall(PetscSNPrintf(name, sizeof(name), "u%d", (int)c));
    PetscCall(DMDASetFieldName(da, c, name));
  }
  PetscCall(DMCreateGlobalVector(da, &X));
  if (sourced) {
    PetscCall(DMDACreateCompatibleDMDA(da, 1, &single));
    PetscCall(DMDASetFieldName(single, 0, "source"));
    PetscCall(DMCreateGlobalVector(single, &app.field));
    PetscCall(VecSet(app.field, app.source));
    PetscCall(DMSetAuxiliaryVec(da, NULL, 0, 0, app.field));
    PetscCall(DMDestroy(&single));
  }
  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, da));
  PetscCall(TSSetApplicationContext(ts, &app));
  PetscCall(TSSetRHSFunction(ts, NULL, Rate, &app));
  if (sourced) PetscCall(TSSetPreStep(ts, SetSource));
  PetscCall(TSSetType(ts, TSEULER));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));
  for (PetscInt s = 0; s < solves; s++, app.seed++) {
    PetscCall(Start(da, X, &app));
    PetscCall(TSSetTime(ts, 0));
    PetscCall(TSSetStepNumber(ts, 0));
    PetscCall(TSSetTimeStep(ts, dt));
    PetscCall(TSSetMaxTime(ts, tf));
    PetscCall(TSSetMaxSteps(ts, 1000000));
    PetscCall(TSSolve(ts, X));
    PetscCall(TSGetSolveTime(ts, &tf));
    PetscCall(TSGetStepNumber(ts, &steps));
    PetscCall(VecSum(X, &sum));
    PetscCall(VecNorm(X, NORM_2, &norm));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "time %g steps %" PetscInt_FMT " sum %.12g norm %.12g\n", (double)tf, steps,
                          (double)PetscRealPart(sum), (double)norm));
  }
  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&app.field));
  PetscCall(VecDestroy(&X));
  PetscCall(DMDestroy(&da));
  PetscCall(PetscFinalize());
  return 0;
}
