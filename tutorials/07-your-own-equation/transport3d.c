static char help[] =
  "A concentration carried through a periodic cube of side 1 by a steady, turning flow (Arnold-Beltrami-Childress).\n"
  "  c_t + div (w c) = 0,  div w = 0\n"
  "Finite volumes on a DMDA, upwind fluxes, explicit steps.\n"
  "  -seed <n>    initial state\n"
  "  -flow <n>    which flow\n"
  "  -order <1|2> piecewise constant, or linear with the limiter of van Leer\n"
  "  -cfl <c>     step over cell and fastest speed (.25)\n"
  "  -nx <n>      cells a side (32); or DMDA's options (-da_grid_x, ..., -da_refine)\n\n";

#include <petscdmda.h>
#include <petscts.h>
#include <petsc/private/petscimpl.h> /* PetscObjectStateGet() */

typedef struct {
  PetscScalar c[3];
} Velocity;

typedef struct {
  PetscInt         order;
  DM               velocities;
  Vec              velocity; /* at the cells' centres; with surrounding */
  Vec              from;     /* what that was made of, */
  PetscObjectState state;    /* and when */
} Transport;

static PetscReal VanLeer(PetscReal a, PetscReal b) { return a * b > 0 ? 2 * a * b / (a + b) : 0; }

/* Flux through the face between q[1] and q[2]. */
static PetscReal Flux(const PetscReal q[4], PetscReal w, PetscInt order) {
  if (order < 2) return w > 0 ? w * q[1] : w * q[2];
  return w > 0 ? w * (q[1] + 0.5 * VanLeer(q[1] - q[0], q[2] - q[1])) : w * (q[2] - 0.5 * VanLeer(q[2] - q[1], q[3] - q[2]));
}

/* The flow is the DM's auxiliary Vec, whoever changes it. */
static PetscErrorCode Velocities(DM da, Transport *transport) {
  Vec              W;
  PetscObjectState state;

  PetscFunctionBeginUser;
  PetscCall(DMGetAuxiliaryVec(da, NULL, 0, 0, &W));
  PetscCall(PetscObjectStateGet((PetscObject)W, &state));
  if (W == transport->from && state == transport->state) PetscFunctionReturn(0);
  PetscCall(DMGlobalToLocal(transport->velocities, W, INSERT_VALUES, transport->velocity));
  transport->from  = W;
  transport->state = state;
  PetscFunctionReturn(0);
}

static PetscErrorCode RHS(DMDALocalInfo *info, PetscReal t, PetscScalar ***x, PetscScalar ***f, Transport *transport) {
  const PetscReal r[3]    = {info->mx, info->my, info->mz};
  const PetscInt  low[3]  = {info->xs, info->ys, info->zs};
  const PetscInt  high[3] = {info->xs + info->xm, info->ys + info->ym, info->zs + info->zm};
  Velocity     ***w;
  PetscInt        i, j, k, d, n;

  PetscFunctionBeginUser;
  PetscCall(Velocities(info->da, transport));
  PetscCall(DMDAVecGetArrayRead(transport->velocities, transport->velocity, &w));
  for (k = low[2]; k < high[2]; ++k) {
    for (j = low[1]; j < high[1]; ++j) {
      for (i = low[0]; i < high[0]; ++i) f[k][j][i] = 0;
    }
  }
  for (d = 0; d < 3; ++d) {
    const PetscInt ex = d == 0, ey = d == 1, ez = d == 2;
    for (k = low[2]; k < high[2] + ez; ++k) {
      for (j = low[1]; j < high[1] + ey; ++j) {
        for (i = low[0]; i < high[0] + ex; ++i) {
          const PetscInt at = d == 0 ? i : d == 1 ? j : k;
          PetscReal      q[4], flux;
          for (n = 0; n < 4; ++n) q[n] = x[k + (n - 2) * ez][j + (n - 2) * ey][i + (n - 2) * ex];
          flux = r[d] * Flux(q, 0.5 * (w[k][j][i].c[d] + w[k - ez][j - ey][i - ex].c[d]), transport->order);
          if (at < high[d]) f[k][j][i] += flux;
          if (at > low[d]) f[k - ez][j - ey][i - ex] -= flux;
        }
      }
    }
  }
  PetscCall(DMDAVecRestoreArrayRead(transport->velocities, transport->velocity, &w));
  PetscFunctionReturn(0);
}

static PetscErrorCode Numbers(PetscInt seed, PetscInt n, PetscReal numbers[]) {
  PetscRandom random;
  PetscInt    k;

  PetscFunctionBeginUser;
  PetscCall(PetscRandomCreate(PETSC_COMM_SELF, &random));
  PetscCall(PetscRandomSetType(random, PETSCRAND48));
  PetscCall(PetscRandomSetSeed(random, 1 + (unsigned long)seed));
  PetscCall(PetscRandomSeed(random));
  for (k = 0; k < n; ++k) PetscCall(PetscRandomGetValueReal(random, &numbers[k]));
  PetscCall(PetscRandomDestroy(&random));
  PetscFunctionReturn(0);
}

/* w = (A sin z + C cos y, B sin x + A cos z, C sin y + B cos x), of largest speed 1; also global, for who wants to see */
static PetscErrorCode Flow(DM velocities, PetscInt number, Vec W) {
  DMDALocalInfo info;
  Velocity   ***w;
  PetscReal     u[6], a, b, c, speed = 0;
  PetscInt      i, j, k, d;

  PetscFunctionBeginUser;
  PetscCall(Numbers(1000 + number, 6, u));
  a = 0.3 + 0.7 * u[0], b = 0.3 + 0.7 * u[1], c = 0.3 + 0.7 * u[2];
  PetscCall(DMDAGetLocalInfo(velocities, &info));
  PetscCall(DMDAVecGetArray(velocities, W, &w));
  for (k = info.zs; k < info.zs + info.zm; ++k) {
    for (j = info.ys; j < info.ys + info.ym; ++j) {
      for (i = info.xs; i < info.xs + info.xm; ++i) {
        const PetscReal x = 2 * PETSC_PI * ((i + 0.5) / info.mx + u[3]), y = 2 * PETSC_PI * ((j + 0.5) / info.my + u[4]);
        const PetscReal z = 2 * PETSC_PI * ((k + 0.5) / info.mz + u[5]);
        w[k][j][i].c[0] = a * PetscSinReal(z) + c * PetscCosReal(y);
        w[k][j][i].c[1] = b * PetscSinReal(x) + a * PetscCosReal(z);
        w[k][j][i].c[2] = c * PetscSinReal(y) + b * PetscCosReal(x);
      }
    }
  }
  PetscCall(DMDAVecRestoreArray(velocities, W, &w));
  for (d = 0; d < 3; ++d) {
    const PetscReal most = d == 0 ? a + c : d == 1 ? a + b : b + c;
    speed                = PetscMax(speed, most);
  }
  PetscCall(VecScale(W, 1 / speed));
  PetscFunctionReturn(0);
}

/* Three clouds, 0 <= c <= 1 and a little more where they meet. */
static PetscErrorCode Initial(DM da, PetscInt seed, Vec X) {
  DMDALocalInfo  info;
  PetscScalar ***x;
  PetscReal      u[12];
  PetscInt       i, j, k, n, d;

  PetscFunctionBeginUser;
  PetscCall(Numbers(seed, 12, u));
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMDAVecGetArray(da, X, &x));
  for (k = info.zs; k < info.zs + info.zm; ++k) {
    for (j = info.ys; j < info.ys + info.ym; ++j) {
      for (i = info.xs; i < info.xs + info.xm; ++i) {
        const PetscReal p[3] = {(i + 0.5) / info.mx, (j + 0.5) / info.my, (k + 0.5) / info.mz};
        x[k][j][i]           = 0;
        for (n = 0; n < 3; ++n) {
          PetscReal r2 = 0;
          for (d = 0; d < 3; ++d) {
            const PetscReal away = p[d] - u[4 * n + d];
            r2 += PetscSqr(PetscMin(PetscAbsReal(away), 1 - PetscAbsReal(away)));
          }
          x[k][j][i] += PetscExpReal(-r2 / PetscSqr(0.08 + 0.08 * u[4 * n + 3]));
        }
      }
    }
  }
  PetscCall(DMDAVecRestoreArray(da, X, &x));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  DM        da;
  TS        ts;
  Vec       X, W;
  Transport transport = {1, NULL, NULL, NULL, 0};
  PetscInt  seed = 0, flow = 0, nx = 32, mx, my, mz;
  PetscReal cfl = 0.25;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-seed", &seed, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-flow", &flow, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-order", &transport.order, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-nx", &nx, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-cfl", &cfl, NULL));

  PetscCall(DMDACreate3d(PETSC_COMM_WORLD, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_PERIODIC,
                         DMDA_STENCIL_STAR, nx, nx, nx, PETSC_DECIDE, PETSC_DECIDE, PETSC_DECIDE, 1, 2, NULL, NULL, NULL, &da));
  PetscCall(DMSetFromOptions(da));
  PetscCall(DMSetUp(da));
  PetscCall(DMDASetFieldName(da, 0, "c"));
  PetscCall(DMDAGetInfo(da, NULL, &mx, &my, &mz, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDASetUniformCoordinates(da, 0.5 / mx, 1 + 0.5 / mx, 0.5 / my, 1 + 0.5 / my, 0.5 / mz, 1 + 0.5 / mz));

  PetscCall(DMDACreateCompatibleDMDA(da, 3, &transport.velocities));
  PetscCall(DMDASetFieldName(transport.velocities, 0, "wx"));
  PetscCall(DMDASetFieldName(transport.velocities, 1, "wy"));
  PetscCall(DMDASetFieldName(transport.velocities, 2, "wz"));
  PetscCall(DMCreateGlobalVector(transport.velocities, &W));
  PetscCall(Flow(transport.velocities, flow, W));
  PetscCall(DMCreateLocalVector(transport.velocities, &transport.velocity));
  PetscCall(DMSetAuxiliaryVec(da, NULL, 0, 0, W));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, da));
  PetscCall(TSSetProblemType(ts, TS_LINEAR));
  PetscCall(DMDATSSetRHSFunctionLocal(da, INSERT_VALUES, (DMDATSRHSFunctionLocal)RHS, &transport));
  PetscCall(TSSetType(ts, transport.order > 1 ? TSSSP : TSEULER));
  PetscCall(TSSetTimeStep(ts, cfl / PetscMax(mx, PetscMax(my, mz))));
  PetscCall(TSSetMaxTime(ts, 0.5));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));

  PetscCall(DMCreateGlobalVector(da, &X));
  PetscCall(Initial(da, seed, X));
  PetscCall(TSSolve(ts, X));
  PetscCall(VecDestroy(&X));
  PetscCall(VecDestroy(&W));
  PetscCall(VecDestroy(&transport.velocity));
  PetscCall(TSDestroy(&ts));
  PetscCall(DMDestroy(&transport.velocities));
  PetscCall(DMDestroy(&da));
  PetscCall(PetscFinalize());
  return 0;
}
