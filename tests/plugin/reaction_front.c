static char help[] =
    "Bistable reaction and diffusion by linear finite elements on triangles: thin fronts from nuclei, on a mesh that follows them.\n\
  -n <squares a side>, -diffusion <D>, -reaction <k>, -threshold <a>, -seed <places and times of nuclei>,\n\
  -nuclei <how many there are>, -later <and come>, -wave: a plane front at x = 0.2 instead, -refine <true>.\n";

/*
   u_t = D lap u + k u (1 - u) (u - a) + nuclei, no flux through the walls of the unit square. Plane fronts are
   1 / (1 + exp((x - c t) / l)), l = sqrt(2 D / k), and travel at c = sqrt(D k / 2) (1 - 2 a).
   Discs of 1 begin with the program; later ones are drawn to 1 for a short time. The seed decides where and when.

   All that concerns PetRL are the lines with PetRLRefiner in main().
*/
#include <petrlrefiner.h>

#include "elements.h"

enum { MOST = 64 };

typedef struct {
  PetscReal diffusion, reaction, threshold;
  PetscInt nuclei, later;
  PetscBool wave;
  PetscReal x[MOST], y[MOST], since[MOST], radius[MOST];
} App;

static const PetscReal disc = 0.08, lasts = 0.2, strength = 50;

/* Rate at which nuclei draw u to 1. */
static PetscReal Nuclei(const App *app, const PetscReal x[], PetscReal t) {
  PetscReal sum = 0;
  for (PetscInt i = app->nuclei; i < app->nuclei + app->later; ++i) {
    const PetscReal phase = (t - app->since[i]) / lasts;
    if (phase <= 0 || phase >= 1) continue;
    const PetscReal r2 = (PetscSqr(x[0] - app->x[i]) + PetscSqr(x[1] - app->y[i])) / PetscSqr(disc);
    if (r2 < 30) sum += strength * PetscSqr(PetscSinReal(PETSC_PI * phase)) * PetscExpReal(-r2);
  }
  return sum;
}

static void Terms(const void *ctx, const Triangle *e, PetscReal t, PetscReal shift, PetscReal f[3], PetscReal J[3][3]) {
  const App *app = ctx;
  const PetscReal a = app->threshold, d = e->area * app->diffusion, mass = e->area / 3;

  for (int i = 0; i < 3; ++i) {
    const PetscReal u = e->u[i], drawn = Nuclei(app, e->x[i], t);
    if (f) f[i] = mass * (e->rate[i] - app->reaction * u * (1 - u) * (u - a) - drawn * (1 - u));
    for (int j = 0; j < 3; ++j) {
      const PetscReal k = d * (e->gradient[i][0] * e->gradient[j][0] + e->gradient[i][1] * e->gradient[j][1]);
      if (f) f[i] += k * e->u[j];
      if (J) J[i][j] = k;
    }
    if (J) J[i][i] += mass * (shift - app->reaction * (2 * u - 3 * u * u - a + 2 * a * u) + drawn);
  }
}

static void Scatter(App *app, PetscInt seed) {
  unsigned long long state;
  ElementsSeed(seed, &state);
  for (PetscInt i = 0; i < app->nuclei + app->later; ++i) {
    app->x[i] = 0.1 + 0.8 * ElementsRandom(&state);
    app->y[i] = 0.1 + 0.8 * ElementsRandom(&state);
    app->radius[i] = 0.08 + 0.04 * ElementsRandom(&state);
    app->since[i] = 0.3 * ElementsRandom(&state);
  }
}

/* Discs, or a plane, with the front that travels. */
static PetscReal Start(const void *ctx, const PetscReal x[2]) {
  const App *app = ctx;
  const PetscReal length = PetscSqrtReal(2 * app->diffusion / app->reaction);
  PetscReal inside = app->wave ? 0.2 - x[0] : -1;
  for (PetscInt i = 0; i < app->nuclei; ++i)
    inside = PetscMax(inside, app->radius[i] - PetscSqrtReal(PetscSqr(x[0] - app->x[i]) + PetscSqr(x[1] - app->y[i])));
  return 1 / (1 + PetscExpReal(-inside / length));
}

static PetscErrorCode Initial(DM dm, PetscReal t, Vec u, void *ctx) {
  (void)t;
  PetscFunctionBeginUser;
  PetscCall(ElementsFill(dm, Start, ctx, u));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  App app = {1.683e-3, 75, 0.1, 3, 0, PETSC_FALSE, {0}, {0}, {0}, {0}};
  const Elements elements = {Terms, &app};
  PetscInt n = 12, seed = 1;
  PetscBool refine = PETSC_TRUE;
  PetRLRefiner refiner;
  TSAdapt adapt;
  SNES snes;
  KSP ksp;
  PC pc;
  DM dm;
  TS ts;
  Vec u;

  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-n", &n, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-seed", &seed, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-nuclei", &app.nuclei, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-later", &app.later, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-diffusion", &app.diffusion, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-reaction", &app.reaction, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-threshold", &app.threshold, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-wave", &app.wave, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-refine", &refine, NULL));
  PetscCheck(seed >= 0 && app.nuclei >= 0 && app.later >= 0 && app.nuclei + app.later <= MOST, PETSC_COMM_WORLD,
             PETSC_ERR_USER_INPUT, "-seed %d, -nuclei %d, -later %d: expected 0 or more, and %d nuclei at most",
             (int)seed, (int)app.nuclei, (int)app.later, MOST);
  if (app.wave) app.nuclei = app.later = 0;
  Scatter(&app, seed);
  PetscCall(ElementsCreateMesh(n, PETSC_FALSE, &dm));
  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, dm));
  PetscCall(ElementsSetUpTS(&elements, ts));
  /* Third order, linearly implicit: TSBDF and Crank-Nicolson take two to four times as long to the same error. */
  PetscCall(TSSetType(ts, TSROSW));
  PetscCall(TSGetAdapt(ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTNONE));
  PetscCall(TSSetTimeStep(ts, 0.01));
  PetscCall(TSSetMaxTime(ts, 0.6));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESSetTolerances(snes, 1e-50, 1e-4, 1e-10, 20, 10000)); /* well below the error of a step */
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPCG)); /* symmetric, and positive definite with steps that resolve the reaction */
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCBJACOBI));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(DMCreateGlobalVector(dm, &u));
  PetscCall(Initial(dm, 0, u, &app));
  PetscCall(TSSetSolution(ts, u));
  PetscCall(VecDestroy(&u));
  PetscCall(ElementsPrepare(ts));

  if (refine) {
    PetscCall(PetRLRefinerCreate(PETSC_COMM_WORLD, &refiner));
    PetscCall(PetRLRefinerSetFromOptions(refiner));
    PetscCall(PetRLRefinerSetInitialFunction(refiner, Initial, &app));
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
