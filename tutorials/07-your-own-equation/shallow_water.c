static char help[] =
  "Shallow water in a closed basin of 1 x 1: waves from humps of the surface, reflected by walls.\n"
  "  h_t + (hu)_x + (hv)_y = 0,  (hu)_t + (hu^2/h + h^2/2)_x + (hu hv/h)_y = 0, and so for hv;  units: depth, sqrt(g depth)\n"
  "Finite volumes on a cell-centred DMDA, Rusanov fluxes; explicit steps of a quarter of a cell and fastest wave.\n"
  "  -seed <n>    initial state: which humps, and where\n"
  "  -order <1|2> piecewise constant, or linear with the limiter of van Leer\n"
  "  -cfl <c>     step over cell and wave speed at rest (.25)\n"
  "  -nx <n>      cells a side (64); or DMDA's options (-da_grid_x, -da_grid_y, -da_refine)\n\n";

#include <petscdmda.h>
#include <petscts.h>
#include <time.h>

typedef struct {
  PetscScalar h, hu, hv;
} Field;

typedef struct {
  PetscInt order;
} Flow;

static PetscReal VanLeer(PetscReal a, PetscReal b) { return a * b > 0 ? 2 * a * b / (a + b) : 0; }

/* Flux along x of the states on both sides of a face; along y with u and v exchanged. */
static Field Rusanov(Field l, Field r) {
  const PetscReal ul = l.hu / l.h, ur = r.hu / r.h;
  const PetscReal c = PetscMax(PetscAbsReal(ul) + PetscSqrtReal(l.h), PetscAbsReal(ur) + PetscSqrtReal(r.h));
  Field           f;

  f.h  = 0.5 * (l.hu + r.hu - c * (r.h - l.h));
  f.hu = 0.5 * (l.hu * ul + 0.5 * l.h * l.h + r.hu * ur + 0.5 * r.h * r.h - c * (r.hu - l.hu));
  f.hv = 0.5 * (l.hv * ul + r.hv * ur - c * (r.hv - l.hv));
  return f;
}

/* q[0..3]: the cells around a face, the face is between q[1] and q[2] */
static Field Flux(const Field q[4], PetscInt order) {
  Field l = q[1], r = q[2];

  if (order > 1) {
    l.h += 0.5 * VanLeer(q[1].h - q[0].h, q[2].h - q[1].h);
    l.hu += 0.5 * VanLeer(q[1].hu - q[0].hu, q[2].hu - q[1].hu);
    l.hv += 0.5 * VanLeer(q[1].hv - q[0].hv, q[2].hv - q[1].hv);
    r.h -= 0.5 * VanLeer(q[2].h - q[1].h, q[3].h - q[2].h);
    r.hu -= 0.5 * VanLeer(q[2].hu - q[1].hu, q[3].hu - q[2].hu);
    r.hv -= 0.5 * VanLeer(q[2].hv - q[1].hv, q[3].hv - q[2].hv);
  }
  return Rusanov(l, r);
}

static Field Turned(Field q) {
  Field t = {q.h, q.hv, q.hu};
  return t;
}

/* The cell (i, j), or beyond a wall the mirror image of the one inside. */
static Field Cell(Field **x, const DMDALocalInfo *info, PetscInt i, PetscInt j) {
  const PetscInt mi = i < 0 ? -1 - i : i >= info->mx ? 2 * info->mx - 1 - i : i;
  const PetscInt mj = j < 0 ? -1 - j : j >= info->my ? 2 * info->my - 1 - j : j;
  Field          q  = x[mj][mi];

  if (mi != i) q.hu = -q.hu;
  if (mj != j) q.hv = -q.hv;
  return q;
}

static PetscErrorCode RHS(DMDALocalInfo *info, PetscReal t, Field **x, Field **f, Flow *flow) {
  const PetscReal rx = info->mx, ry = info->my; /* 1 over the cell's sides */
  PetscInt        i, j, k;
  Field           q[4];

  PetscFunctionBeginUser;
  for (j = info->ys; j < info->ys + info->ym; ++j) {
    for (i = info->xs; i < info->xs + info->xm; ++i) f[j][i].h = f[j][i].hu = f[j][i].hv = 0;
  }
  for (j = info->ys; j < info->ys + info->ym; ++j) {
    for (i = info->xs; i <= info->xs + info->xm; ++i) {
      Field a;
      for (k = 0; k < 4; ++k) q[k] = Cell(x, info, i - 2 + k, j);
      a = Flux(q, flow->order);
      if (i < info->xs + info->xm) f[j][i].h += rx * a.h, f[j][i].hu += rx * a.hu, f[j][i].hv += rx * a.hv;
      if (i > info->xs) f[j][i - 1].h -= rx * a.h, f[j][i - 1].hu -= rx * a.hu, f[j][i - 1].hv -= rx * a.hv;
    }
  }
  for (i = info->xs; i < info->xs + info->xm; ++i) {
    for (j = info->ys; j <= info->ys + info->ym; ++j) {
      Field a;
      for (k = 0; k < 4; ++k) q[k] = Turned(Cell(x, info, i, j - 2 + k));
      a = Turned(Flux(q, flow->order));
      if (j < info->ys + info->ym) f[j][i].h += ry * a.h, f[j][i].hu += ry * a.hu, f[j][i].hv += ry * a.hv;
      if (j > info->ys) f[j - 1][i].h -= ry * a.h, f[j - 1][i].hu -= ry * a.hu, f[j - 1][i].hv -= ry * a.hv;
    }
  }
  PetscFunctionReturn(0);
}

/* Humps and hollows of the surface, smooth, at rest. */
static PetscErrorCode Initial(DM da, PetscInt seed, Vec X) {
  DMDALocalInfo info;
  Field       **x;
  PetscRandom   random;
  PetscReal     cx[5], cy[5], a[5], w[5], u;
  PetscInt      i, j, k;

  PetscFunctionBeginUser;
  PetscCall(PetscRandomCreate(PETSC_COMM_SELF, &random));
  PetscCall(PetscRandomSetType(random, PETSCRAND48));
  PetscCall(PetscRandomSetSeed(random, 1 + (unsigned long)seed));
  PetscCall(PetscRandomSeed(random));
  for (k = 0; k < 5; ++k) {
    PetscCall(PetscRandomGetValueReal(random, &cx[k]));
    PetscCall(PetscRandomGetValueReal(random, &cy[k]));
    PetscCall(PetscRandomGetValueReal(random, &u));
    a[k] = 0.6 * u - 0.2;
    PetscCall(PetscRandomGetValueReal(random, &u));
    w[k] = 0.05 + 0.07 * u;
  }
  PetscCall(PetscRandomDestroy(&random));
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMDAVecGetArray(da, X, &x));
  for (j = info.ys; j < info.ys + info.ym; ++j) {
    for (i = info.xs; i < info.xs + info.xm; ++i) {
      const PetscReal px = (i + 0.5) / info.mx, py = (j + 0.5) / info.my;
      x[j][i].h = 1;
      x[j][i].hu = x[j][i].hv = 0;
      for (k = 0; k < 5; ++k) {
        const PetscReal r2 = (PetscSqr(px - cx[k]) + PetscSqr(py - cy[k])) / PetscSqr(w[k]);
        x[j][i].h += a[k] * PetscExpReal(-r2);
      }
    }
  }
  PetscCall(DMDAVecRestoreArray(da, X, &x));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  DM        da;
  TS        ts;
  Vec       X;
  Flow      flow = {1};
  PetscInt  seed = 0, nx = 64, mx, my, steps;
  PetscReal cfl = 0.25;
  clock_t   begin, end;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-seed", &seed, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-order", &flow.order, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-nx", &nx, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-cfl", &cfl, NULL));

  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, nx, nx, PETSC_DECIDE,
                         PETSC_DECIDE, 3, 2, NULL, NULL, &da));
  PetscCall(DMDASetInterpolationType(da, DMDA_Q0)); /* cell-centred: -da_refine doubles the cells */
  PetscCall(DMSetFromOptions(da));
  PetscCall(DMSetUp(da));
  PetscCall(DMDASetFieldName(da, 0, "h"));
  PetscCall(DMDASetFieldName(da, 1, "hu"));
  PetscCall(DMDASetFieldName(da, 2, "hv"));
  PetscCall(DMDAGetInfo(da, NULL, &mx, &my, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDASetUniformCoordinates(da, 0.5 / mx, 1 - 0.5 / mx, 0.5 / my, 1 - 0.5 / my, 0, 0));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, da));
  PetscCall(TSSetProblemType(ts, TS_NONLINEAR));
  PetscCall(DMDATSSetRHSFunctionLocal(da, INSERT_VALUES, (DMDATSRHSFunctionLocal)RHS, &flow));
  PetscCall(TSSetType(ts, flow.order > 1 ? TSSSP : TSEULER));
  PetscCall(TSSetTimeStep(ts, cfl / PetscMax(mx, my)));
  PetscCall(TSSetMaxTime(ts, 1));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));

  PetscCall(DMCreateGlobalVector(da, &X));
  PetscCall(Initial(da, seed, X));
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
