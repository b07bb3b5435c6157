static char help[] =
    "Nonlinear diffusion with moving sources by linear finite elements on triangles, on a mesh that follows them.\n\
  -n <squares a side>, -power <m>: conductivity cold + u^m, -cold <k>, -speed <v>: of the sources, -width <w>: of them.\n";

/*
   u_t = div((cold + u^m) grad u) + sources, u = 0 on the boundary of the unit square. Two sources go around on circles.
   Lumped masses; the conductivity of a cell is that of its mean. What is at a vertex of another rank is its owner's.

   All that concerns PetRL are the lines with PetRLRefiner in main().
*/
#include <petrlrefiner.h>
#include <petscdmplex.h>
#include <petscts.h>

typedef struct {
  PetscReal power, cold, speed, width;
} App;

static PetscReal Source(const App *app, const PetscScalar x[], PetscReal t) {
  PetscReal sum = 0;
  for (int s = 0; s < 2; ++s) {
    const PetscReal angle = (s ? -1.4 : 1) * app->speed * t + 2.5 * s, radius = s ? 0.18 : 0.3;
    const PetscReal r2 = PetscSqr(PetscRealPart(x[0]) - 0.5 - radius * PetscCosReal(angle)) +
                         PetscSqr(PetscRealPart(x[1]) - 0.5 - radius * PetscSinReal(angle));
    sum += (s ? 60 : 100) * PetscExpReal(-r2 / PetscSqr(app->width));
  }
  return sum;
}

/* The corners of a triangle from its first two edges. */
static PetscErrorCode Corners(DM dm, PetscInt c, PetscInt corner[3]) {
  const PetscInt *edge, *one, *two;

  PetscFunctionBeginUser;
  PetscCall(DMPlexGetCone(dm, c, &edge));
  PetscCall(DMPlexGetCone(dm, edge[0], &one));
  PetscCall(DMPlexGetCone(dm, edge[1], &two));
  corner[0] = one[0];
  corner[1] = one[1];
  corner[2] = two[0] == one[0] || two[0] == one[1] ? two[1] : two[0];
  PetscFunctionReturn(0);
}

/* F = u_t - ..., or with B its Jacobian. */
static PetscErrorCode Assemble(TS ts, PetscReal t, Vec U, Vec Udot, PetscReal shift, Vec F, Mat B, const App *app) {
  PetscInt c, start, end, v_start, first = 0, i, j, d;
  const PetscScalar *u, *udot, *x;
  PetscScalar *f = NULL;
  PetscSection local, global, places;
  Vec here, rates, coordinates;
  DMLabel wall;
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMGetLabel(dm, "wall", &wall));
  PetscCall(DMGetLocalSection(dm, &local));
  PetscCall(DMGetGlobalSection(dm, &global));
  PetscCall(DMGetCoordinateSection(dm, &places));
  PetscCall(DMGetCoordinatesLocal(dm, &coordinates));
  PetscCall(DMGetLocalVector(dm, &here));
  PetscCall(DMGetLocalVector(dm, &rates));
  PetscCall(DMGlobalToLocal(dm, U, INSERT_VALUES, here));
  PetscCall(DMGlobalToLocal(dm, Udot, INSERT_VALUES, rates));
  PetscCall(VecGetArrayRead(here, &u));
  PetscCall(VecGetArrayRead(rates, &udot));
  PetscCall(VecGetArrayRead(coordinates, &x));
  if (F) {
    PetscCall(VecZeroEntries(F));
    PetscCall(VecGetArray(F, &f));
    PetscCall(VecGetOwnershipRange(F, &first, NULL));
  } else
    PetscCall(MatZeroEntries(B));
  PetscCall(DMPlexGetDepthStratum(dm, 0, &v_start, NULL));
  PetscCall(DMPlexGetHeightStratum(dm, 0, &start, &end));
  for (c = start; c < end; ++c) {
    PetscInt corner[3], place[3], row[3], column[3], on_wall[3];
    const PetscScalar *p[3];
    PetscReal gradient[3][2], slope[2] = {0, 0}, area, mean, k, dk;
    PetscCall(Corners(dm, c, corner));
    for (i = 0, mean = 0; i < 3; ++i) {
      PetscCall(PetscSectionGetOffset(local, corner[i], &place[i]));
      PetscCall(PetscSectionGetOffset(global, corner[i], &row[i]));
      column[i] = row[i] < 0 ? -(row[i] + 1) : row[i];
      PetscCall(PetscSectionGetOffset(places, corner[i], &j));
      p[i] = x + j;
      PetscCall(DMLabelGetValue(wall, corner[i], &on_wall[i]));
      mean += PetscRealPart(u[place[i]]) / 3;
    }
    for (i = 0; i < 3; ++i) { /* of the basis functions, times twice the area */
      const PetscScalar *a = p[(i + 1) % 3], *b = p[(i + 2) % 3];
      gradient[i][0] = PetscRealPart(a[1] - b[1]);
      gradient[i][1] = PetscRealPart(b[0] - a[0]);
    }
    area = 0.5 * (gradient[1][0] * gradient[2][1] - gradient[2][0] * gradient[1][1]);
    for (i = 0; i < 3; ++i)
      for (d = 0; d < 2; ++d) {
        gradient[i][d] /= 2 * area;
        slope[d] += gradient[i][d] * PetscRealPart(u[place[i]]);
      }
    area = PetscAbsReal(area);
    mean = PetscMax(mean, 0);
    k = app->cold + PetscPowReal(mean, app->power);
    dk = mean > 0 ? app->power * PetscPowReal(mean, app->power - 1) / 3 : 0;
    for (i = 0; i < 3; ++i) {
      const PetscReal along = gradient[i][0] * slope[0] + gradient[i][1] * slope[1];
      if (row[i] < 0) continue;
      if (F) {
        f[row[i] - first] += area / 3 * (on_wall[i] == 1 ? u[place[i]] : udot[place[i]] - Source(app, p[i], t)) +
                             (on_wall[i] == 1 ? 0 : area * k * along);
      } else {
        PetscScalar values[3];
        for (j = 0; j < 3; ++j)
          values[j] = on_wall[i] == 1 ? (i == j) * area / 3
                                      : area * (k * (gradient[i][0] * gradient[j][0] + gradient[i][1] * gradient[j][1]) +
                                                dk * along + (i == j) * shift / 3);
        PetscCall(MatSetValues(B, 1, &row[i], 3, column, values, ADD_VALUES));
      }
    }
  }
  if (F) PetscCall(VecRestoreArray(F, &f));
  PetscCall(VecRestoreArrayRead(coordinates, &x));
  PetscCall(VecRestoreArrayRead(rates, &udot));
  PetscCall(VecRestoreArrayRead(here, &u));
  PetscCall(DMRestoreLocalVector(dm, &rates));
  PetscCall(DMRestoreLocalVector(dm, &here));
  PetscFunctionReturn(0);
}

static PetscErrorCode Residual(TS ts, PetscReal t, Vec U, Vec Udot, Vec F, void *ctx) {
  PetscFunctionBeginUser;
  PetscCall(Assemble(ts, t, U, Udot, 0, F, NULL, ctx));
  PetscFunctionReturn(0);
}

static PetscErrorCode Jacobian(TS ts, PetscReal t, Vec U, Vec Udot, PetscReal shift, Mat A, Mat B, void *ctx) {
  PetscFunctionBeginUser;
  PetscCall(Assemble(ts, t, U, Udot, shift, NULL, B, ctx));
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  if (A != B) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(0);
}

/* The unit square, two triangles a square; vertices on the boundary have the label "wall". One unknown a vertex. */
static PetscErrorCode CreateMesh(PetscInt n, DM *dm) {
  PetscInt cells = 0, start, end, *list;
  PetscMPIInt rank;
  PetscReal *x;
  PetscSection s;
  PetscPartitioner partitioner;
  DMLabel label;
  DM parallel;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(PetscMalloc2(6 * n * n, &list, 2 * (n + 1) * (n + 1), &x));
  for (PetscInt j = 0; j <= n; ++j)
    for (PetscInt i = 0; i <= n; ++i) {
      x[2 * (j * (n + 1) + i)] = (PetscReal)i / n;
      x[2 * (j * (n + 1) + i) + 1] = (PetscReal)j / n;
    }
  for (PetscInt j = 0; j < n; ++j)
    for (PetscInt i = 0; i < n; ++i) {
      const PetscInt v = j * (n + 1) + i;
      PetscInt *l = &list[6 * cells++];
      l[0] = l[3] = v;
      l[1] = v + 1;
      l[2] = l[4] = v + n + 2;
      l[5] = v + n + 1;
    }
  cells *= 2;
  PetscCall(DMPlexCreateFromCellListPetsc(PETSC_COMM_WORLD, 2, rank ? 0 : cells, rank ? 0 : (n + 1) * (n + 1), 3,
                                          PETSC_TRUE, list, 2, x, dm));
  PetscCall(PetscFree2(list, x));
  PetscCall(DMCreateLabel(*dm, "wall"));
  PetscCall(DMGetLabel(*dm, "wall", &label));
  PetscCall(DMPlexMarkBoundaryFaces(*dm, 1, label));
  PetscCall(DMPlexLabelComplete(*dm, label));
  PetscCall(DMSetBasicAdjacency(*dm, PETSC_FALSE, PETSC_TRUE));
  PetscCall(DMPlexGetPartitioner(*dm, &partitioner));
  PetscCall(PetscPartitionerSetFromOptions(partitioner));
  PetscCall(DMPlexDistribute(*dm, 1, NULL, &parallel));
  if (parallel) {
    PetscCall(DMDestroy(dm));
    *dm = parallel;
  }
  PetscCall(PetscSectionCreate(PETSC_COMM_WORLD, &s));
  PetscCall(DMPlexGetDepthStratum(*dm, 0, &start, &end));
  PetscCall(PetscSectionSetChart(s, start, end));
  for (PetscInt v = start; v < end; ++v) PetscCall(PetscSectionSetDof(s, v, 1));
  PetscCall(PetscSectionSetUp(s));
  PetscCall(DMSetLocalSection(*dm, s));
  PetscCall(PetscSectionDestroy(&s));
  PetscCall(DMSetBasicAdjacency(*dm, PETSC_FALSE, PETSC_TRUE)); /* of the field that came with the section */
  PetscCall(DMCreateDS(*dm));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  App app = {2, 2e-3, 6, 0.05};
  PetscReal time, norm;
  PetscInt n = 8, steps, unknowns;
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
  PetscCall(CreateMesh(n, &dm));
  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, dm));
  PetscCall(TSSetIFunction(ts, NULL, Residual, &app));
  PetscCall(TSSetIJacobian(ts, NULL, NULL, Jacobian, &app));
  PetscCall(TSSetType(ts, TSBEULER));
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESSetTolerances(snes, 1e-50, 1e-4, 1e-10, 20, 10000)); /* well below the error of a step */
  PetscCall(TSSetTimeStep(ts, 0.01));
  PetscCall(TSSetMaxTime(ts, 1));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(DMCreateGlobalVector(dm, &u));
  PetscCall(TSSetSolution(ts, u));

  PetscCall(PetRLRefinerCreate(PETSC_COMM_WORLD, &refiner));
  PetscCall(PetRLRefinerSetFromOptions(refiner));
  PetscCall(PetRLRefinerAttachTS(refiner, ts));
  PetscCall(PetRLRefinerDestroy(&refiner));

  PetscCall(TSSolve(ts, NULL));
  PetscCall(VecDestroy(&u));
  PetscCall(TSGetSolution(ts, &u));
  PetscCall(TSGetTime(ts, &time));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(VecNorm(u, NORM_INFINITY, &norm));
  PetscCall(VecGetSize(u, &unknowns));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "time %.12g steps %d unknowns %d largest %.12g\n", (double)time, (int)steps,
                        (int)unknowns, (double)norm));
  PetscCall(TSDestroy(&ts));
  PetscCall(DMDestroy(&dm));
  PetscCall(PetscFinalize());
  return 0;
}
