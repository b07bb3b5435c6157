static char help[] =
    "Burridge and Knopoff's model of an earthquake fault: blocks on a moving belt, held by springs.\n\
  -da_grid_x <n>: blocks;  -speed <real>: of the belt;  -stiffness <real>: of the springs between blocks;\n\
  -weakening <real>: of friction with slip speed;  -epsilon <real>: slip speed over which friction changes its sign;\n\
  -explicit: give the equations as a right-hand side, friction with a true jump (for -ts_type rk);  -tf <real>: final time.\n";

/*
   x_i' = y_i,  y_i' = k (x_{i-1} - 2 x_i + x_{i+1}) - x_i + phi(V - y_i),  free ends,
   phi(w) = sgn(w) / (1 + a |w|), sgn smoothed as tanh(w / epsilon) unless -explicit.

   Burridge and Knopoff, Bull. Seismol. Soc. Am. 57 (1967); Carlson and Langer, Phys. Rev. A 40 (1989).
*/
#include <petscdmda.h>
#include <petscts.h>

typedef struct {
  PetscScalar x, y;
} Field;

typedef struct {
  PetscReal speed, stiffness, weakening, epsilon;
  PetscBool explicitly;
} Parameters;

static PetscScalar Friction(const Parameters *p, PetscScalar w) {
  const PetscReal r = PetscRealPart(w);
  const PetscScalar s = p->explicitly ? (PetscReal)((r > 0) - (r < 0)) : PetscTanhScalar(w / p->epsilon);
  return s / (1 + p->weakening * PetscAbsReal(r));
}

static PetscScalar FrictionSlope(const Parameters *p, PetscScalar w) {
  const PetscReal r = PetscRealPart(w), q = 1 + p->weakening * PetscAbsReal(r);
  const PetscScalar s = PetscTanhScalar(w / p->epsilon);
  return (1 - s * s) / (p->epsilon * q) - s * p->weakening * (PetscReal)((r > 0) - (r < 0)) / (q * q);
}

static PetscErrorCode RHSFunction(DMDALocalInfo *info, PetscReal t, Field *u, Field *f, void *ctx) {
  Parameters *p = (Parameters *)ctx;

  PetscFunctionBeginUser;
  (void)t;
  for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
    const PetscScalar left = i > 0 ? u[i - 1].x : u[i].x, right = i < info->mx - 1 ? u[i + 1].x : u[i].x;
    f[i].x = u[i].y;
    f[i].y = p->stiffness * (left - 2 * u[i].x + right) - u[i].x + Friction(p, p->speed - u[i].y);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode IFunction(DMDALocalInfo *info, PetscReal t, Field *u, Field *udot, Field *f, void *ctx) {
  PetscFunctionBeginUser;
  PetscCall(RHSFunction(info, t, u, f, ctx));
  for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
    f[i].x = udot[i].x - f[i].x;
    f[i].y = udot[i].y - f[i].y;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode IJacobian(DMDALocalInfo *info, PetscReal t, Field *u, Field *udot, PetscReal a, Mat A, Mat B,
                                void *ctx) {
  Parameters *p = (Parameters *)ctx;

  PetscFunctionBeginUser;
  (void)t;
  (void)udot;
  for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
    const PetscReal k = p->stiffness, ends = (PetscReal)((i == 0) + (i == info->mx - 1));
    const MatStencil rx = {0, 0, i, 0}, ry = {0, 0, i, 1};
    const MatStencil cx[2] = {{0, 0, i, 0}, {0, 0, i, 1}};
    const PetscScalar vx[2] = {a, -1};
    MatStencil cy[4] = {{0, 0, i, 0}, {0, 0, i, 1}};
    PetscScalar vy[4] = {1 + k * (2 - ends), a + FrictionSlope(p, p->speed - u[i].y)};
    PetscInt n = 2;
    if (i > 0) {
      cy[n].i = i - 1;
      cy[n].c = 0;
      vy[n++] = -k;
    }
    if (i < info->mx - 1) {
      cy[n].i = i + 1;
      cy[n].c = 0;
      vy[n++] = -k;
    }
    PetscCall(MatSetValuesStencil(B, 1, &rx, 2, cx, vx, INSERT_VALUES));
    PetscCall(MatSetValuesStencil(B, 1, &ry, n, cy, vy, INSERT_VALUES));
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
  Parameters p = {0.1, 16, 3, 1e-4, PETSC_FALSE};
  PetscReal tf = 20;
  PetscInt steps;
  TS ts;
  DM da;
  Vec U;
  Field *u;
  DMDALocalInfo info;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Blocks on a belt", NULL);
  PetscCall(PetscOptionsReal("-speed", "Speed of the belt", NULL, p.speed, &p.speed, NULL));
  PetscCall(PetscOptionsReal("-stiffness", "Stiffness between blocks", NULL, p.stiffness, &p.stiffness, NULL));
  PetscCall(PetscOptionsReal("-weakening", "Weakening of friction", NULL, p.weakening, &p.weakening, NULL));
  PetscCall(PetscOptionsReal("-epsilon", "Slip speed of full friction", NULL, p.epsilon, &p.epsilon, NULL));
  PetscCall(PetscOptionsBool("-explicit", "As a right-hand side", NULL, p.explicitly, &p.explicitly, NULL));
  PetscCall(PetscOptionsReal("-tf", "Final time", NULL, tf, &tf, NULL));
  PetscOptionsEnd();

  PetscCall(DMDACreate1d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, 20, 2, 1, NULL, &da));
  PetscCall(DMSetFromOptions(da));
  PetscCall(DMSetUp(da));
  PetscCall(DMCreateGlobalVector(da, &U));
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMDAVecGetArrayWrite(da, U, &u));
  for (PetscInt i = info.xs; i < info.xs + info.xm; i++) {
    const PetscReal s = (PetscReal)i / (PetscReal)info.mx;
    u[i].x = 0.6 + 0.1 * PetscSinReal(17 * s) + 0.05 * PetscSinReal(41 * s + 1);
    u[i].y = p.speed;
  }
  PetscCall(DMDAVecRestoreArrayWrite(da, U, &u));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, da));
  if (p.explicitly) {
    PetscCall(DMDATSSetRHSFunctionLocal(da, INSERT_VALUES, (DMDATSRHSFunctionLocal)RHSFunction, &p));
    PetscCall(TSSetType(ts, TSRK));
  } else {
    PetscCall(DMDATSSetIFunctionLocal(da, INSERT_VALUES, (DMDATSIFunctionLocal)IFunction, &p));
    PetscCall(DMDATSSetIJacobianLocal(da, (DMDATSIJacobianLocal)IJacobian, &p));
    PetscCall(TSSetType(ts, TSARKIMEX));
  }
  PetscCall(TSSetTimeStep(ts, 1e-3));
  PetscCall(TSSetMaxTime(ts, tf));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetMaxStepRejections(ts, 100));
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
