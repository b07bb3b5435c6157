static char help[] =
  "Burgers' equations in a periodic cube of side 1: decaying vortices of Taylor and Green that steepen to fronts.\n"
  "  u_t + (u . grad) u = nu lap u,  and so for v and w\n"
  "Finite differences on a DMDA, upwind by the velocity; Runge-Kutta of third order (-order 1: Euler).\n"
  "  -seed <n>        initial state: which vortices, and where; largest speed 1\n"
  "  -order <1|3|5>   of what advects; what diffuses has one order more (3)\n"
  "  -values <points|means> what the initial numbers are: at the cells' centres, or means over the cells (points)\n"
  "  -nu <nu>         viscosity (.005)\n"
  "  -cfl <c>         step over cell and largest speed (.25)\n"
  "  -nx <n>          cells a side (32); or DMDA's options (-da_grid_x, ..., -da_refine)\n\n";

#include <petscdmda.h>
#include <petscts.h>
#include <time.h>

#define VORTICES 6

typedef struct {
  PetscScalar c[3];
} Velocity;

typedef struct {
  PetscInt  order;
  PetscReal nu;
} Burgers;

/* Derivatives along an axis, from points to both sides: central, what upwinding adds by the speed, second. */
typedef struct {
  PetscReal first[4], upwind[4], second[4];
} Stencil;

static const Stencil kStencils[3] = {
  {{0, 1. / 2}, {1, -1. / 2}, {-2, 1}},
  {{0, 2. / 3, -1. / 12}, {1. / 2, -1. / 3, 1. / 12}, {-5. / 2, 4. / 3, -1. / 12}},
  {{0, 3. / 4, -3. / 20, 1. / 60}, {1. / 3, -1. / 4, 1. / 10, -1. / 60}, {-49. / 18, 3. / 2, -3. / 20, 1. / 90}},
};

/* The right-hand side for n points of a row; step: to the next point along each axis. Inlined for each width. */
static inline void Row(const PetscInt width, PetscInt n, const Velocity *x, const PetscInt step[3],
                       const PetscReal r[3], PetscReal nu, Velocity *f) {
  const Stencil *const s = &kStencils[width - 1];
  PetscInt             i, d, c, m;

  for (i = 0; i < n; ++i) {
    PetscReal sum[3] = {0, 0, 0};
    for (d = 0; d < 3; ++d) {
      const PetscReal a = -r[d] * x[i].c[d], b = -r[d] * PetscAbsReal(x[i].c[d]), e = nu * r[d] * r[d];
      PetscReal       right[4], left[4];
      right[0] = e * s->second[0] + b * s->upwind[0];
      for (m = 1; m <= width; ++m) {
        const PetscReal even = e * s->second[m] + b * s->upwind[m];
        right[m] = even + a * s->first[m];
        left[m]  = even - a * s->first[m];
      }
      for (c = 0; c < 3; ++c) {
        sum[c] += right[0] * x[i].c[c];
        for (m = 1; m <= width; ++m) sum[c] += right[m] * x[i + m * step[d]].c[c] + left[m] * x[i - m * step[d]].c[c];
      }
    }
    for (c = 0; c < 3; ++c) f[i].c[c] = sum[c];
  }
}

static PetscErrorCode RHS(DMDALocalInfo *info, PetscReal t, Velocity ***x, Velocity ***f, Burgers *burgers) {
  const PetscReal r[3]    = {info->mx, info->my, info->mz}; /* 1 over the cell's sides */
  const PetscInt  step[3] = {1, info->gxm, info->gxm * info->gym};
  PetscInt        j, k;

  PetscFunctionBeginUser;
  for (k = info->zs; k < info->zs + info->zm; ++k) {
    for (j = info->ys; j < info->ys + info->ym; ++j) {
      const Velocity *const row = &x[k][j][info->xs];
      Velocity *const       to  = &f[k][j][info->xs];
      if (burgers->order == 1) Row(1, info->xm, row, step, r, burgers->nu, to);
      else if (burgers->order == 3) Row(2, info->xm, row, step, r, burgers->nu, to);
      else Row(3, info->xm, row, step, r, burgers->nu, to);
    }
  }
  PetscFunctionReturn(0);
}

/* A vortex: sin(a) cos(b) cos(c) along one axis, - cos(a) sin(b) cos(c) along the next, a = 2 pi k x + a phase, ...;
   and with it a current: cos(a) / 2 along the third. */
typedef struct {
  PetscInt  axis, k;
  PetscReal strength, phase[3];
} Vortex;

/* Speeds of .35 along each axis, root mean square over states and space. */
static PetscErrorCode Vortices(PetscInt seed, Vortex vortices[]) {
  PetscRandom random;
  PetscReal   u, squares = 0;
  PetscInt    v, d;

  PetscFunctionBeginUser;
  PetscCall(PetscRandomCreate(PETSC_COMM_SELF, &random));
  PetscCall(PetscRandomSetType(random, PETSCRAND48));
  PetscCall(PetscRandomSetSeed(random, 1 + (unsigned long)seed));
  PetscCall(PetscRandomSeed(random));
  for (v = 0; v < VORTICES; ++v) {
    vortices[v].axis = v % 3;
    PetscCall(PetscRandomGetValueReal(random, &u));
    vortices[v].k = u < 0.5 ? 1 : 2;
    PetscCall(PetscRandomGetValueReal(random, &u));
    vortices[v].strength = (0.5 + u) / vortices[v].k;
    squares += (2. / 8 + 1. / 8) / 3 * PetscSqr(vortices[v].strength);
    for (d = 0; d < 3; ++d) {
      PetscCall(PetscRandomGetValueReal(random, &u));
      vortices[v].phase[d] = 2 * PETSC_PI * u;
    }
  }
  for (v = 0; v < VORTICES; ++v) vortices[v].strength *= 0.35 / PetscSqrtReal(squares);
  PetscCall(PetscRandomDestroy(&random));
  PetscFunctionReturn(0);
}

/* Sine and cosine along an axis of n cells, at the centre of cell i or as means over it. */
static void Wave(const Vortex *o, PetscInt d, PetscInt i, PetscInt n, PetscBool means, PetscReal *sine,
                 PetscReal *cosine) {
  const PetscReal at = 2 * PETSC_PI * o->k * (i + 0.5) / n + o->phase[d], half = PETSC_PI * o->k / n;
  const PetscReal factor = means ? PetscSinReal(half) / half : 1;

  *sine   = factor * PetscSinReal(at);
  *cosine = factor * PetscCosReal(at);
}

static PetscErrorCode Initial(DM da, PetscInt seed, PetscBool means, Vec X) {
  DMDALocalInfo info;
  Velocity   ***x;
  Vortex        vortices[VORTICES];
  PetscInt      i, j, k, v;

  PetscFunctionBeginUser;
  PetscCall(Vortices(seed, vortices));
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(VecSet(X, 0));
  PetscCall(DMDAVecGetArray(da, X, &x));
  for (k = info.zs; k < info.zs + info.zm; ++k) {
    for (j = info.ys; j < info.ys + info.ym; ++j) {
      for (i = info.xs; i < info.xs + info.xm; ++i) {
        for (v = 0; v < VORTICES; ++v) {
          const Vortex *const o = &vortices[v];
          const PetscInt      a = o->axis, b = (a + 1) % 3, c = (a + 2) % 3;
          PetscReal           sine[3], cosine[3];
          Wave(o, 0, i, info.mx, means, &sine[0], &cosine[0]);
          Wave(o, 1, j, info.my, means, &sine[1], &cosine[1]);
          Wave(o, 2, k, info.mz, means, &sine[2], &cosine[2]);
          x[k][j][i].c[a] += o->strength * sine[a] * cosine[b] * cosine[c];
          x[k][j][i].c[b] -= o->strength * cosine[a] * sine[b] * cosine[c];
          x[k][j][i].c[c] += o->strength * 0.5 * cosine[a];
        }
      }
    }
  }
  PetscCall(DMDAVecRestoreArray(da, X, &x));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  const char *const values[] = {"points", "means"};
  const char *const names[]  = {"u", "v", "w"};
  DM                da;
  TS                ts;
  TSAdapt           adapt;
  Vec               X;
  Burgers           burgers = {3, 0.005};
  PetscInt          seed = 0, nx = 32, mx, my, mz, which = 0, steps, d;
  PetscReal         cfl = 0.25;
  clock_t           begin, end;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-seed", &seed, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-order", &burgers.order, NULL));
  PetscCall(PetscOptionsGetEList(NULL, NULL, "-values", values, 2, &which, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-nu", &burgers.nu, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-cfl", &cfl, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-nx", &nx, NULL));
  PetscCheck(burgers.order == 1 || burgers.order == 3 || burgers.order == 5, PETSC_COMM_WORLD, PETSC_ERR_ARG_OUTOFRANGE,
             "-order: expected 1, 3 or 5");

  PetscCall(DMDACreate3d(PETSC_COMM_WORLD, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_PERIODIC,
                         DMDA_STENCIL_STAR, nx, nx, nx, PETSC_DECIDE, PETSC_DECIDE, PETSC_DECIDE, 3,
                         (burgers.order + 1) / 2, NULL, NULL, NULL, &da));
  PetscCall(DMSetFromOptions(da));
  PetscCall(DMSetUp(da));
  for (d = 0; d < 3; ++d) PetscCall(DMDASetFieldName(da, d, names[d]));
  PetscCall(DMDAGetInfo(da, NULL, &mx, &my, &mz, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDASetUniformCoordinates(da, 0.5 / mx, 1 + 0.5 / mx, 0.5 / my, 1 + 0.5 / my, 0.5 / mz, 1 + 0.5 / mz));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, da));
  PetscCall(TSSetProblemType(ts, TS_NONLINEAR));
  PetscCall(DMDATSSetRHSFunctionLocal(da, INSERT_VALUES, (DMDATSRHSFunctionLocal)RHS, &burgers));
  PetscCall(TSSetType(ts, burgers.order > 1 ? TSRK : TSEULER));
  PetscCall(TSGetAdapt(ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTNONE));
  PetscCall(TSSetTimeStep(ts, cfl / PetscMax(mx, PetscMax(my, mz))));
  PetscCall(TSSetMaxTime(ts, 0.5));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));

  PetscCall(DMCreateGlobalVector(da, &X));
  PetscCall(Initial(da, seed, which == 1 ? PETSC_TRUE : PETSC_FALSE, X));
  PetscCall(TSSetSolution(ts, X));
  PetscCall(TSSetUp(ts));
  begin = clock();
  PetscCall(TSSolve(ts, X));
  end = clock();
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%" PetscInt_FMT " steps, %g s of the processor\n", steps,
                        (double)(end - begin) / CLOCKS_PER_SEC));
  PetscCall(VecDestroy(&X));
  PetscCall(TSDestroy(&ts));
  PetscCall(DMDestroy(&da));
  PetscCall(PetscFinalize());
  return 0;
}
