static char help[] =
    "Nonlinear diffusion with moving sources by linear finite elements on triangles, on a mesh that follows them.\n\
  -n <squares a side>, -power <m>: conductivity cold + u^m, -cold <k>, -speed <v>: of the sources, -width <w>: of them,\n\
  -seed <0>: other circles and places on them, -refine <true>.\n";

/*
   u_t = div((cold + u^m) grad u) + sources, u = 0 on the boundary of the unit square. Two sources go around on circles.
   Lumped masses; the conductivity of a cell is that of its mean.

   All that concerns PetRL are the lines with PetRLRefiner in main().
*/
#include <petrlrefiner.h>

#include "elements.h"

typedef struct {
  PetscReal power, cold, speed, width, radius[2], angle[2];
} App;

static PetscReal Source(const App *app, const PetscReal x[], PetscReal t) {
  PetscReal sum = 0;
  for (int s = 0; s < 2; ++s) {
    const PetscReal angle = (s ? -1.4 : 1) * app->speed * t + app->angle[s], radius = app->radius[s];
    const PetscReal r2 =
        PetscSqr(x[0] - 0.5 - radius * PetscCosReal(angle)) + PetscSqr(x[1] - 0.5 - radius * PetscSinReal(angle));
    sum += (s ? 60 : 100) * PetscExpReal(-r2 / PetscSqr(app->width));
  }
  return sum;
}

static void Terms(const void *ctx, const Triangle *e, PetscReal t, PetscReal shift, PetscReal f[3], PetscReal J[3][3]) {
  const App *app = ctx;
  const PetscReal mean = PetscMax((e->u[0] + e->u[1] + e->u[2]) / 3, 0), k = app->cold + PetscPowReal(mean, app->power),
                  dk = mean > 0 ? app->power * PetscPowReal(mean, app->power - 1) / 3 : 0;
  PetscReal slope[2] = {0, 0};

  for (int i = 0; i < 3; ++i)
    for (int d = 0; d < 2; ++d) slope[d] += e->gradient[i][d] * e->u[i];
  for (int i = 0; i < 3; ++i) {
    const PetscReal along = e->gradient[i][0] * slope[0] + e->gradient[i][1] * slope[1];
    if (f) f[i] = e->area / 3 * (e->rate[i] - Source(app, e->x[i], t)) + e->area * k * along;
    for (int j = 0; J && j < 3; ++j)
      J[i][j] = e->area * (k * (e->gradient[i][0] * e->gradient[j][0] + e->gradient[i][1] * e->gradient[j][1]) +
                           dk * along + (i == j) * shift / 3);
  }
}

int main(int argc, char **argv) {
  App app = {2, 2e-3, 6, 0.05, {0.3, 0.18}, {0, 2.5}};
  const Elements elements = {Terms, &app};
  PetscInt n = 8, seed = 0;
  PetscBool refine = PETSC_TRUE;
  unsigned long long state;
  PetRLRefiner refiner;
  DM dm;
  TS ts;
  SNES snes;
  Vec u;

  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-n", &n, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-power", &app.power, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-cold", &app.cold, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-speed", &app.speed, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-width", &app.width, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-seed", &seed, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-refine", &refine, NULL));
  ElementsSeed(seed, &state);
  for (int s = 0; seed && s < 2; ++s) {
    app.radius[s] = 0.12 + 0.2 * ElementsRandom(&state);
    app.angle[s] = 2 * PETSC_PI * ElementsRandom(&state);
  }
  PetscCall(ElementsCreateMesh(n, PETSC_TRUE, &dm));
  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, dm));
  PetscCall(ElementsSetUpTS(&elements, ts));
  PetscCall(TSSetType(ts, TSBEULER));
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESSetTolerances(snes, 1e-50, 1e-4, 1e-10, 20, 10000)); /* well below the error of a step */
  PetscCall(TSSetTimeStep(ts, 0.01));
  PetscCall(TSSetMaxTime(ts, 1));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(DMCreateGlobalVector(dm, &u));
  PetscCall(TSSetSolution(ts, u));
  PetscCall(VecDestroy(&u));
  PetscCall(ElementsPrepare(ts));

  if (refine) {
    PetscCall(PetRLRefinerCreate(PETSC_COMM_WORLD, &refiner));
    PetscCall(PetRLRefinerSetFromOptions(refiner));
    PetscCall(PetRLRefinerSetResetFunction(refiner, ElementsSetMatrix, (void *)&elements));
    PetscCall(PetRLRefinerAttachTS(refiner, ts));
    PetscCall(PetRLRefinerDestroy(&refiner));
  }

  PetscCall(ElementsSolve(ts));
  PetscCall(TSDestroy(&ts));
  PetscCall(DMDestroy(&dm));
  PetscCall(PetscFinalize());
  return 0;
}
