static char help[] =
    "Patterns of Gray and Scott in two dimensions, reaction explicit and diffusion implicit.\n\
  -da_grid_x <n>, -da_grid_y <n>: points;  -feed, -kill, -du, -dv <real>;  -length <real>: side;  -tf <real>: final time.\n";

/*
   u_t = Du lap u - u v^2 + F (1 - u),  v_t = Dv lap v + u v^2 - (F + K) v  on a periodic square.

   Pearson, Science 261 (1993).
*/
#include <petscdmda.h>
#include <petscts.h>

typedef struct {
  PetscScalar u, v;
} Field;

typedef struct {
  PetscReal feed, kill, du, dv, length;
} Parameters;

static PetscErrorCode Reaction(DMDALocalInfo *info, PetscReal t, Field **x, Field **f, void *ctx) {
  Parameters *p = (Parameters *)ctx;

  PetscFunctionBeginUser;
  (void)t;
  for (PetscInt j = info->ys; j < info->ys + info->ym; j++) {
    for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
      const PetscScalar u = x[j][i].u, v = x[j][i].v;
      f[j][i].u = -u * v * v + p->feed * (1 - u);
      f[j][i].v = u * v * v - (p->feed + p->kill) * v;
    }
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Diffusion(DMDALocalInfo *info, PetscReal t, Field **x, Field **xdot, Field **f, void *ctx) {
  Parameters *p = (Parameters *)ctx;
  const PetscReal hx = p->length / (PetscReal)info->mx, hy = p->length / (PetscReal)info->my;
  const PetscReal sx = 1 / (hx * hx), sy = 1 / (hy * hy);

  PetscFunctionBeginUser;
  (void)t;
  for (PetscInt j = info->ys; j < info->ys + info->ym; j++) {
    for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
      const Field c = x[j][i];
      f[j][i].u = xdot[j][i].u - p->du * (sx * (x[j][i - 1].u - 2 * c.u + x[j][i + 1].u) +
                                          sy * (x[j - 1][i].u - 2 * c.u + x[j + 1][i].u));
      f[j][i].v = xdot[j][i].v - p->dv * (sx * (x[j][i - 1].v - 2 * c.v + x[j][i + 1].v) +
                                          sy * (x[j - 1][i].v - 2 * c.v + x[j + 1][i].v));
    }
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode DiffusionJacobian(DMDALocalInfo *info, PetscReal t, Field **x, Field **xdot, PetscReal a, Mat A,
                                        Mat B, void *ctx) {
  Parameters *p = (Parameters *)ctx;
  const PetscReal hx = p->length / (PetscReal)info->mx, hy = p->length / (PetscReal)info->my;
  const PetscReal sx = 1 / (hx * hx), sy = 1 / (hy * hy), d[2] = {p->du, p->dv};

  PetscFunctionBeginUser;
  (void)t;
  (void)x;
  (void)xdot;
  for (PetscInt j = info->ys; j < info->ys + info->ym; j++) {
    for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
      for (PetscInt c = 0; c < 2; c++) {
        const MatStencil row = {0, j, i, c};
        const MatStencil col[5] = {
            {0, j, i, c}, {0, j, i - 1, c}, {0, j, i + 1, c}, {0, j - 1, i, c}, {0, j + 1, i, c}};
        const PetscScalar v[5] = {a + 2 * d[c] * (sx + sy), -d[c] * sx, -d[c] * sx, -d[c] * sy, -d[c] * sy};
        PetscCall(MatSetValuesStencil(B, 1, &row, 5, col, v, INSERT_VALUES));
      }
    }
  }
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  if (A != B) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(0);
}

/* A square of v in the middle, disturbed so that the pattern does not stay symmetric. */
static PetscErrorCode InitialState(DM da, Vec U) {
  DMDALocalInfo info;
  Field **x;

  PetscFunctionBeginUser;
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMDAVecGetArrayWrite(da, U, &x));
  for (PetscInt j = info.ys; j < info.ys + info.ym; j++) {
    for (PetscInt i = info.xs; i < info.xs + info.xm; i++) {
      const PetscReal s = (PetscReal)i / (PetscReal)info.mx, r = (PetscReal)j / (PetscReal)info.my;
      const PetscBool in = (PetscBool)(PetscAbsReal(s - 0.5) < 0.1 && PetscAbsReal(r - 0.5) < 0.1);
      x[j][i].u = in ? 0.5 + 0.01 * PetscSinReal(40 * s + 7 * r) : 1;
      x[j][i].v = in ? 0.25 + 0.01 * PetscCosReal(11 * s - 50 * r) : 0;
    }
  }
  PetscCall(DMDAVecRestoreArrayWrite(da, U, &x));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  Parameters p = {0.04, 0.06, 2e-5, 1e-5, 1.0};
  PetscReal tf = 1000;
  PetscInt steps;
  TS ts;
  DM da;
  Vec U;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Gray-Scott", NULL);
  PetscCall(PetscOptionsReal("-feed", "Feed rate F", NULL, p.feed, &p.feed, NULL));
  PetscCall(PetscOptionsReal("-kill", "Kill rate K", NULL, p.kill, &p.kill, NULL));
  PetscCall(PetscOptionsReal("-du", "Diffusion of u", NULL, p.du, &p.du, NULL));
  PetscCall(PetscOptionsReal("-dv", "Diffusion of v", NULL, p.dv, &p.dv, NULL));
  PetscCall(PetscOptionsReal("-length", "Side of the square", NULL, p.length, &p.length, NULL));
  PetscCall(PetscOptionsReal("-tf", "Final time", NULL, tf, &tf, NULL));
  PetscOptionsEnd();

  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_PERIODIC, DMDA_STENCIL_STAR, 48, 48,
                         PETSC_DECIDE, PETSC_DECIDE, 2, 1, NULL, NULL, &da));
  PetscCall(DMSetFromOptions(da));
  PetscCall(DMSetUp(da));
  PetscCall(DMDASetFieldName(da, 0, "u"));
  PetscCall(DMDASetFieldName(da, 1, "v"));
  PetscCall(DMCreateGlobalVector(da, &U));
  PetscCall(InitialState(da, U));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, da));
  PetscCall(DMDATSSetRHSFunctionLocal(da, INSERT_VALUES, (DMDATSRHSFunctionLocal)Reaction, &p));
  PetscCall(DMDATSSetIFunctionLocal(da, INSERT_VALUES, (DMDATSIFunctionLocal)Diffusion, &p));
  PetscCall(DMDATSSetIJacobianLocal(da, (DMDATSIJacobianLocal)DiffusionJacobian, &p));
  PetscCall(TSSetType(ts, TSARKIMEX));
  PetscCall(TSSetTimeStep(ts, 0.1));
  PetscCall(TSSetMaxTime(ts, tf));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetMaxSNESFailures(ts, -1));
  PetscCall(TSSetTolerances(ts, 1e-4, NULL, 1e-4, NULL));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSSolve(ts, U));
  PetscCall(TSGetSolveTime(ts, &tf));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "time %g, %" PetscInt_FMT " steps\n", (double)tf, steps));
  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&U));
  PetscCall(DMDestroy(&da));
  PetscCall(PetscFinalize());
  return 0;
}
