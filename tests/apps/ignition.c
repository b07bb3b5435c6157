static char help[] =
    "A hot spot ignites a combustible gas; the flame spreads over a square vessel with cold walls.\n\
  -da_grid_x <n>, -da_grid_y <n>: points;  -zeldovich, -lewis, -expansion <real>;  -length <real>: side in flame thicknesses;\n\
  -tf <real>: final time.\n";

/*
   T_t = lap T + w,  Y_t = lap Y / Le - w,  w = Ze^2 / (2 Le) Y exp(-Ze (1 - T) / (1 - e (1 - T))),
   T = 0 on the walls (which let no fuel through); scaled by the temperature of the burnt gas, flame thickness, flame
   time.

   Williams, Combustion Theory (1985): the thermal-diffusive model. Newton gets a few iterations, as is usual in
   combustion codes; when they are not enough the step is shortened.
*/
#include <petscdmda.h>
#include <petscts.h>

typedef struct {
  PetscScalar T, Y;
} Field;

typedef struct {
  PetscReal zeldovich, lewis, expansion, length;
} Parameters;

/* Rate over Y, and its derivative by T. Newton may try temperatures where the formula has its pole. */
static PetscScalar Rate(const Parameters *p, PetscScalar T, PetscScalar *slope) {
  const PetscReal d = 1 - p->expansion * (1 - PetscRealPart(T));
  PetscReal r;

  *slope = 0;
  if (d < 0.02) return 0;
  r = 0.5 * p->zeldovich * p->zeldovich / p->lewis * PetscExpReal(-p->zeldovich * (1 - PetscRealPart(T)) / d);
  *slope = r * p->zeldovich / (d * d);
  return r;
}

/* Values at the four neighbours; a wall has T = 0 halfway to the ghost point and mirrors Y. */
static void Neighbours(const DMDALocalInfo *info, Field **x, PetscInt i, PetscInt j, Field n[4]) {
  const Field wall = {-x[j][i].T, x[j][i].Y};

  n[0] = i > 0 ? x[j][i - 1] : wall;
  n[1] = i < info->mx - 1 ? x[j][i + 1] : wall;
  n[2] = j > 0 ? x[j - 1][i] : wall;
  n[3] = j < info->my - 1 ? x[j + 1][i] : wall;
}

static PetscErrorCode IFunction(DMDALocalInfo *info, PetscReal t, Field **x, Field **xdot, Field **f, void *ctx) {
  Parameters *p = (Parameters *)ctx;
  const PetscReal sx = PetscSqr((PetscReal)info->mx / p->length), sy = PetscSqr((PetscReal)info->my / p->length);

  PetscFunctionBeginUser;
  (void)t;
  for (PetscInt j = info->ys; j < info->ys + info->ym; j++) {
    for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
      const Field c = x[j][i];
      Field n[4];
      PetscScalar slope, w = c.Y * Rate(p, c.T, &slope);
      Neighbours(info, x, i, j, n);
      f[j][i].T = xdot[j][i].T - sx * (n[0].T - 2 * c.T + n[1].T) - sy * (n[2].T - 2 * c.T + n[3].T) - w;
      f[j][i].Y = xdot[j][i].Y - (sx * (n[0].Y - 2 * c.Y + n[1].Y) + sy * (n[2].Y - 2 * c.Y + n[3].Y)) / p->lewis + w;
    }
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode IJacobian(DMDALocalInfo *info, PetscReal t, Field **x, Field **xdot, PetscReal a, Mat A, Mat B,
                                void *ctx) {
  Parameters *p = (Parameters *)ctx;
  const PetscReal sx = PetscSqr((PetscReal)info->mx / p->length), sy = PetscSqr((PetscReal)info->my / p->length);

  PetscFunctionBeginUser;
  (void)t;
  (void)xdot;
  for (PetscInt j = info->ys; j < info->ys + info->ym; j++) {
    for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
      const PetscBool in[4] = {(PetscBool)(i > 0), (PetscBool)(i < info->mx - 1), (PetscBool)(j > 0),
                               (PetscBool)(j < info->my - 1)};
      const PetscInt di[4] = {-1, 1, 0, 0}, dj[4] = {0, 0, -1, 1};
      PetscScalar slope, rate = Rate(p, x[j][i].T, &slope);
      slope *= x[j][i].Y;
      for (PetscInt c = 0; c < 2; c++) {
        const PetscReal d = c ? 1 / p->lewis : 1;
        const MatStencil row = {0, j, i, c};
        MatStencil col[6];
        PetscScalar v[6];
        PetscInt n = 2;
        col[0] = row;
        v[0] = a + 2 * d * (sx + sy) + (c ? rate : -slope);
        col[1] = row;
        col[1].c = 1 - c;
        v[1] = c ? slope : -rate;
        for (PetscInt k = 0; k < 4; k++) {
          const PetscReal s = k < 2 ? sx : sy;
          if (in[k]) {
            col[n] = row;
            col[n].i += di[k];
            col[n].j += dj[k];
            v[n++] = -d * s;
          } else {
            v[0] += c ? -d * s : d * s;
          }
        }
        PetscCall(MatSetValuesStencil(B, 1, &row, n, col, v, INSERT_VALUES));
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

static PetscErrorCode InitialState(DM da, const Parameters *p, Vec U) {
  DMDALocalInfo info;
  Field **x;

  PetscFunctionBeginUser;
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMDAVecGetArrayWrite(da, U, &x));
  for (PetscInt j = info.ys; j < info.ys + info.ym; j++) {
    for (PetscInt i = info.xs; i < info.xs + info.xm; i++) {
      const PetscReal s = p->length * (((PetscReal)i + 0.5) / (PetscReal)info.mx - 0.4),
                      r = p->length * (((PetscReal)j + 0.5) / (PetscReal)info.my - 0.5);
      x[j][i].T = 0.98 * PetscExpReal(-(s * s + r * r) / 6);
      x[j][i].Y = 1;
    }
  }
  PetscCall(DMDAVecRestoreArrayWrite(da, U, &x));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  Parameters p = {10, 1, 0.85, 12};
  PetscReal tf = 8;
  PetscInt steps;
  TS ts;
  SNES snes;
  DM da;
  Vec U;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Ignition", NULL);
  PetscCall(PetscOptionsReal("-zeldovich", "Zeldovich number", NULL, p.zeldovich, &p.zeldovich, NULL));
  PetscCall(PetscOptionsReal("-lewis", "Lewis number", NULL, p.lewis, &p.lewis, NULL));
  PetscCall(PetscOptionsReal("-expansion", "(T burnt - T fresh) / T burnt", NULL, p.expansion, &p.expansion, NULL));
  PetscCall(PetscOptionsReal("-length", "Side of the vessel", NULL, p.length, &p.length, NULL));
  PetscCall(PetscOptionsReal("-tf", "Final time", NULL, tf, &tf, NULL));
  PetscOptionsEnd();

  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, 24, 24, PETSC_DECIDE,
                         PETSC_DECIDE, 2, 1, NULL, NULL, &da));
  PetscCall(DMSetFromOptions(da));
  PetscCall(DMSetUp(da));
  PetscCall(DMDASetFieldName(da, 0, "temperature"));
  PetscCall(DMDASetFieldName(da, 1, "fuel"));
  PetscCall(DMCreateGlobalVector(da, &U));
  PetscCall(InitialState(da, &p, U));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, da));
  PetscCall(DMDATSSetIFunctionLocal(da, INSERT_VALUES, (DMDATSIFunctionLocal)IFunction, &p));
  PetscCall(DMDATSSetIJacobianLocal(da, (DMDATSIJacobianLocal)IJacobian, &p));
  PetscCall(TSSetType(ts, TSBDF));
  PetscCall(TSSetTimeStep(ts, 1e-3));
  PetscCall(TSSetMaxTime(ts, tf));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetMaxStepRejections(ts, 100));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetMaxSNESFailures(ts, -1));
  PetscCall(TSSetTolerances(ts, 1e-3, NULL, 1e-3, NULL));
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESSetTolerances(snes, PETSC_DEFAULT, 1e-6, PETSC_DEFAULT, 4, PETSC_DEFAULT));
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
