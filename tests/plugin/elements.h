/*
   Linear elements on triangles with lumped masses, for programs that say what happens in one triangle: one unknown a
   vertex, a TS with implicit functions, numbers about a run. Nothing of PetRL.
*/
#pragma once

#include <petscts.h>

typedef struct {
  PetscReal area, x[3][2], gradient[3][2]; /* of the basis functions */
  PetscReal u[3], rate[3];
} Triangle;

/* What a triangle adds to F(t, u, rate), or with j to F_u + shift F_rate; the other one is NULL. */
typedef void (*TriangleTerms)(const void *ctx, const Triangle *triangle, PetscReal t, PetscReal shift, PetscReal f[3],
                              PetscReal j[3][3]);

typedef struct {
  TriangleTerms terms;
  const void *ctx;
} Elements;

/* Numbers in (0, 1) that are the same everywhere. */
void ElementsSeed(PetscInt seed, unsigned long long *state);
PetscReal ElementsRandom(unsigned long long *state);

/* The unit square, two triangles a square, distributed with one layer of overlap. walls: u = 0 on the boundary. */
PetscErrorCode ElementsCreateMesh(PetscInt n, PetscBool walls, DM *dm);
/* The elements must live as long as the TS. */
PetscErrorCode ElementsSetUpTS(const Elements *elements, TS ts);
/*
   The Jacobian's matrix on a mesh, ctx: the elements. Called again after each new mesh, because DMCreateMatrix() of a
   DMPlex takes as long as tens of steps. It fits PetRLRefinerSetResetFunction().
*/
PetscErrorCode ElementsSetMatrix(TS ts, DM dm, void *ctx);
/* u = value(ctx, x) at each vertex. */
PetscErrorCode ElementsFill(DM dm, PetscReal (*value)(const void *ctx, const PetscReal x[2]), const void *ctx, Vec u);
/* Each triangle that this rank has, with its values. */
PetscErrorCode ElementsVisit(DM dm, Vec u, void (*visit)(const Triangle *, void *), void *ctx);
PetscErrorCode ElementsIntegral(DM dm, Vec u, PetscReal *integral);

/*
   TSSolve() under the clock. Prepare before a refiner is attached, solve after it. -samples <file> writes the solution at
   (n + 1)^2 points after every so many steps (-samples_side <96>, -samples_every <10>), which is not in the seconds.
   Prints two lines of numbers.
*/
PetscErrorCode ElementsPrepare(TS ts);
PetscErrorCode ElementsSolve(TS ts);
