/*
   A small finite-volume program whose mesh follows its solution: advection, first-order upwind, on a DMPlex. Nothing in
   the equations knows about refinement.

   -dm_plex_filename <file>, or -dim 1|2|3, -n <intervals a side>, -periodic (1D);
   -implicit_function (an IFunction instead of a right-hand side), -vertices (unknowns at vertices, a rate of decay),
   -front (the solution is drawn to a steep front that stands still), -own (the TS has the program's own DM), -cfl <c> (the step follows the mesh), -no_initial (the initial condition is
   transferred), -spoil (the solution becomes NaN at step 3), -labels (lengths and areas of the mesh's parts, before and
   after)
*/
#include <petrlrefiner.h>
#include <petscdmplex.h>
#include <petscsf.h>

typedef struct {
  PetscReal a[3], cfl;
  PetscBool vertices, front, spoil;
  PetscInt resets, monitored;
} App;

static const PetscReal front = 0.55;

static PetscReal Initial(const App *app, PetscInt dim, const PetscReal x[]) {
  if (app->front) return PetscTanhReal((x[0] - front) / 0.02);
  const PetscReal r2 = PetscSqr((x[0] - 0.3) / 0.15) + (dim > 1 ? PetscSqr((x[1] - 0.35) / 0.15) : 0) +
                       (dim > 2 ? PetscSqr((x[2] - 0.4) / 0.15) : 0);
  return r2 < 1 ? PetscSqr(1 - r2) : 0;
}

/* The same in space. */
static PetscErrorCode TetRate(DM dm, const App *app, PetscSection s, const PetscScalar *u, PetscInt c, PetscScalar *f) {
  PetscReal volume, x[3], normal[3];
  PetscInt offset, k, i;
  const PetscInt *cone;

  PetscFunctionBeginUser;
  PetscCall(DMPlexComputeCellGeometryFVM(dm, c, &volume, x, normal));
  PetscCall(DMPlexGetCone(dm, c, &cone));
  PetscCall(PetscSectionGetOffset(s, c, &offset));
  *f = 0;
  for (k = 0; k < 4; ++k) {
    const PetscInt *cells;
    PetscInt n, other;
    PetscReal area, y[3], out = 0, away = 0;
    PetscCall(DMPlexComputeCellGeometryFVM(dm, cone[k], &area, y, normal));
    for (i = 0; i < 3; ++i) {
      away += (y[i] - x[i]) * normal[i];
      out += app->a[i] * normal[i];
    }
    out *= away > 0 ? area : -area;
    PetscCall(DMPlexGetSupportSize(dm, cone[k], &n));
    PetscCall(DMPlexGetSupport(dm, cone[k], &cells));
    if (n != 2) continue; /* walls: nothing leaves */
    PetscCall(PetscSectionGetOffset(s, cells[cells[0] == c], &other));
    *f -= out * (out > 0 ? u[offset] : u[other]) / volume;
  }
  PetscFunctionReturn(0);
}

/* du/dt of one cell: each of its faces takes the value from upwind. */
static PetscErrorCode CellRate(DM dm, const App *app, PetscSection s, const PetscScalar *u, PetscInt c,
                               PetscScalar *f) {
  PetscInt dim, nx, k, offset;
  const PetscInt *cone;
  const PetscScalar *array;
  PetscScalar *x = NULL, flux = 0, volume;
  PetscBool dg;

  PetscFunctionBeginUser;
  PetscCall(DMGetDimension(dm, &dim));
  if (dim == 3) {
    PetscCall(TetRate(dm, app, s, u, c, f));
    PetscFunctionReturn(0);
  }
  PetscCall(DMPlexGetCellCoordinates(dm, c, &dg, &nx, &array, &x));
  PetscCall(DMPlexGetCone(dm, c, &cone));
  volume = dim == 1 ? x[1] - x[0] : 0.5 * ((x[2] - x[0]) * (x[5] - x[1]) - (x[4] - x[0]) * (x[3] - x[1]));
  PetscCall(PetscSectionGetOffset(s, c, &offset));
  for (k = 0; k <= dim; ++k) {
    const PetscInt *cells;
    PetscInt n, other = offset;
    PetscReal out; /* normal velocity times the face's area */
    const PetscInt i = 2 * k, j = 2 * ((k + 1) % 3);
    if (dim == 1)
      out = k == 0 ? (PetscRealPart(x[0]) < PetscRealPart(x[1]) ? -app->a[0] : app->a[0]) : (PetscRealPart(x[1]) > PetscRealPart(x[0]) ? app->a[0] : -app->a[0]);
    else
      out = (PetscRealPart(volume) > 0 ? 1 : -1) *
            PetscRealPart(app->a[0] * (x[j + 1] - x[i + 1]) - app->a[1] * (x[j] - x[i]));
    PetscCall(DMPlexGetSupportSize(dm, cone[k], &n));
    PetscCall(DMPlexGetSupport(dm, cone[k], &cells));
    if (n == 2) PetscCall(PetscSectionGetOffset(s, cells[cells[0] == c], &other));
    if (n == 2) flux += out * (out > 0 ? u[offset] : u[other]); /* walls: nothing leaves */
  }
  *f = -flux / PetscAbsScalar(volume);
  PetscCall(DMPlexRestoreCellCoordinates(dm, c, &dg, &nx, &array, &x));
  PetscFunctionReturn(0);
}

static PetscErrorCode FillInitial(DM dm, PetscReal t, Vec U, void *ctx);

static PetscErrorCode Rate(TS ts, PetscReal t, Vec U, Vec F, void *ctx) {
  const App *app = ctx;
  PetscSection s, g;
  PetscInt c, start, end, first;
  const PetscScalar *u;
  PetscScalar *f;
  Vec local;
  DM dm;

  PetscFunctionBeginUser;
  if (app->vertices) {
    PetscCall(VecCopy(U, F));
    PetscCall(VecScale(F, -1));
    PetscFunctionReturn(0);
  }
  PetscCall(TSGetDM(ts, &dm));
  if (app->front) {
    PetscCall(FillInitial(dm, t, F, ctx));
    PetscCall(VecAXPY(F, -1, U));
    PetscCall(VecScale(F, 40));
    PetscFunctionReturn(0);
  }
  PetscCall(DMGetLocalSection(dm, &s));
  PetscCall(DMGetGlobalSection(dm, &g));
  PetscCall(DMGetLocalVector(dm, &local));
  PetscCall(DMGlobalToLocal(dm, U, INSERT_VALUES, local));
  PetscCall(VecGetArrayRead(local, &u));
  PetscCall(VecGetArrayWrite(F, &f));
  PetscCall(VecGetOwnershipRange(F, &first, NULL));
  PetscCall(DMPlexGetHeightStratum(dm, 0, &start, &end));
  for (c = start; c < end; ++c) {
    PetscInt row;
    PetscCall(PetscSectionGetOffset(g, c, &row));
    if (row >= 0) PetscCall(CellRate(dm, app, s, u, c, &f[row - first]));
  }
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(local, &u));
  PetscCall(DMRestoreLocalVector(dm, &local));
  PetscFunctionReturn(0);
}

static PetscErrorCode Residual(TS ts, PetscReal t, Vec U, Vec Udot, Vec F, void *ctx) {
  PetscFunctionBeginUser;
  PetscCall(Rate(ts, t, U, F, ctx));
  PetscCall(VecAYPX(F, -1, Udot));
  PetscFunctionReturn(0);
}

/* Unknowns: one a cell or one a vertex. */
static PetscErrorCode CreateSection(DM dm, PetscBool vertices) {
  PetscSection s;
  PetscInt start, end, p;

  PetscFunctionBeginUser;
  PetscCall(PetscSectionCreate(PetscObjectComm((PetscObject)dm), &s));
  PetscCall(PetscSectionSetNumFields(s, 1));
  PetscCall(PetscSectionSetFieldName(s, 0, "density"));
  PetscCall(DMPlexGetChart(dm, &start, &end));
  PetscCall(PetscSectionSetChart(s, start, end));
  if (vertices)
    PetscCall(DMPlexGetDepthStratum(dm, 0, &start, &end));
  else
    PetscCall(DMPlexGetHeightStratum(dm, 0, &start, &end));
  for (p = start; p < end; ++p) {
    PetscCall(PetscSectionSetDof(s, p, 1));
    PetscCall(PetscSectionSetFieldDof(s, p, 0, 1));
  }
  PetscCall(PetscSectionSetUp(s));
  PetscCall(DMSetLocalSection(dm, s));
  PetscCall(PetscSectionDestroy(&s));
  PetscFunctionReturn(0);
}

static PetscErrorCode Centre(DM dm, PetscInt p, PetscReal x[]) {
  PetscReal volume, normal[3];
  PetscInt dim, start, end, offset, k;

  PetscFunctionBeginUser;
  PetscCall(DMGetDimension(dm, &dim));
  PetscCall(DMPlexGetDepthStratum(dm, 0, &start, &end));
  if (p >= start && p < end) {
    PetscSection s;
    const PetscScalar *array;
    Vec all;
    PetscCall(DMGetCoordinateSection(dm, &s));
    PetscCall(DMGetCoordinatesLocal(dm, &all));
    PetscCall(VecGetArrayRead(all, &array));
    PetscCall(PetscSectionGetOffset(s, p, &offset));
    for (k = 0; k < dim; ++k) x[k] = PetscRealPart(array[offset + k]);
    PetscCall(VecRestoreArrayRead(all, &array));
  } else
    PetscCall(DMPlexComputeCellGeometryFVM(dm, p, &volume, x, normal));
  PetscFunctionReturn(0);
}

static PetscErrorCode FillInitial(DM dm, PetscReal t, Vec U, void *ctx) {
  const App *app = ctx;
  PetscSection g;
  PetscInt p, start, end, first, dim;
  PetscScalar *u;

  PetscFunctionBeginUser;
  PetscCall(DMGetDimension(dm, &dim));
  PetscCall(DMGetGlobalSection(dm, &g));
  PetscCall(VecGetOwnershipRange(U, &first, NULL));
  PetscCall(VecGetArrayWrite(U, &u));
  if (app->vertices)
    PetscCall(DMPlexGetDepthStratum(dm, 0, &start, &end));
  else
    PetscCall(DMPlexGetHeightStratum(dm, 0, &start, &end));
  for (p = start; p < end; ++p) {
    PetscReal x[3];
    PetscInt row;
    PetscCall(PetscSectionGetOffset(g, p, &row));
    if (row < 0) continue;
    PetscCall(Centre(dm, p, x));
    u[row - first] = Initial(app, dim, x);
  }
  PetscCall(VecRestoreArrayWrite(U, &u));
  PetscFunctionReturn(0);
}

static PetscReal Size(PetscInt dim, PetscReal volume) {
  return dim == 1 ? volume : dim == 2 ? PetscSqrtReal(volume) : PetscPowReal(volume, 1. / 3);
}

/* Sums over owned cells: mass, mass weighted by place; a checksum of all cells' places; smallest cell. */
static PetscErrorCode Measure(DM dm, const App *app, Vec U, PetscReal sums[4]) {
  PetscSection s;
  PetscSF sf;
  PetscInt c, k, start, end, v_start, v_end, dim, n;
  const PetscInt *ghosts;
  const PetscScalar *u;
  PetscReal smallest = PETSC_MAX_REAL;
  PetscBool *ghost;
  Vec local;

  PetscFunctionBeginUser;
  sums[0] = sums[1] = sums[2] = 0;
  PetscCall(DMGetDimension(dm, &dim));
  PetscCall(DMGetLocalSection(dm, &s));
  PetscCall(DMPlexGetHeightStratum(dm, 0, &start, &end));
  PetscCall(DMPlexGetDepthStratum(dm, 0, &v_start, &v_end));
  PetscCall(PetscCalloc1(end, &ghost));
  PetscCall(DMGetPointSF(dm, &sf));
  PetscCall(PetscSFGetGraph(sf, NULL, &n, &ghosts, NULL));
  for (k = 0; k < n; ++k)
    if (ghosts[k] >= start && ghosts[k] < end) ghost[ghosts[k]] = PETSC_TRUE;
  PetscCall(DMGetLocalVector(dm, &local));
  PetscCall(DMGlobalToLocal(dm, U, INSERT_VALUES, local));
  PetscCall(VecGetArrayRead(local, &u));
  for (c = start; c < end; ++c) {
    PetscReal volume, x[3] = {0, 0, 0}, normal[3], mean = 0;
    PetscInt *closure = NULL, points, offset;
    if (ghost[c]) continue;
    PetscCall(DMPlexComputeCellGeometryFVM(dm, c, &volume, x, normal));
    if (app->vertices) {
      PetscCall(DMPlexGetTransitiveClosure(dm, c, PETSC_TRUE, &points, &closure));
      for (k = 0; k < points; ++k) {
        if (closure[2 * k] < v_start || closure[2 * k] >= v_end) continue;
        PetscCall(PetscSectionGetOffset(s, closure[2 * k], &offset));
        mean += PetscRealPart(u[offset]) / (dim + 1);
      }
      PetscCall(DMPlexRestoreTransitiveClosure(dm, c, PETSC_TRUE, &points, &closure));
    } else {
      PetscCall(PetscSectionGetOffset(s, c, &offset));
      mean = PetscRealPart(u[offset]);
    }
    sums[0] += volume * mean;
    sums[1] += volume * mean * (1 + x[0] + 2 * x[1] + 3 * x[2]);
    sums[2] += PetscSinReal(1e3 * x[0] + 77 * x[1] + 7 * x[2]) + volume * PetscCosReal(3 * x[0] + 500 * x[1] + 50 * x[2]);
    smallest = PetscMin(smallest, Size(dim, volume));
  }
  PetscCall(VecRestoreArrayRead(local, &u));
  PetscCall(DMRestoreLocalVector(dm, &local));
  PetscCall(PetscFree(ghost));
  sums[3] = smallest;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &sums[3], 1, MPIU_REAL, MPIU_MIN, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}

/* Where the finest cells are. */
static PetscErrorCode ShowFinest(DM dm, PetscReal smallest) {
  PetscInt c, k, start, end, n, dim, count[2] = {0, 0};
  const PetscInt *ghosts;
  PetscSF sf;

  PetscFunctionBeginUser;
  PetscCall(DMGetDimension(dm, &dim));
  PetscCall(DMPlexGetHeightStratum(dm, 0, &start, &end));
  PetscCall(DMGetPointSF(dm, &sf));
  PetscCall(PetscSFGetGraph(sf, NULL, &n, &ghosts, NULL));
  for (c = start; c < end; ++c) {
    PetscReal volume, x[3], normal[3];
    PetscCall(DMPlexComputeCellGeometryFVM(dm, c, &volume, x, normal));
    for (k = 0; k < n && ghosts[k] != c; ++k)
      ;
    if ((n > 0 && k < n) || Size(dim, volume) > 1.2 * smallest) continue;
    ++count[0];
    if (PetscAbsReal(x[0] - front) < 0.2) ++count[1];
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, count, 2, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "finest %d near %d\n", (int)count[0], (int)count[1]));
  PetscFunctionReturn(0);
}

/* Of all labels, each value: vertices and edges, length of the edges, area of what is flat, volume of cells in space. */
static PetscErrorCode ShowLabels(DM dm, const char when[]) {
  PetscInt n, i, value, k, ghosts, points, start, end, depth;
  const PetscInt *ghost, *point;
  PetscSF sf;

  PetscFunctionBeginUser;
  PetscCall(DMGetCoordinatesLocalSetUp(dm));
  PetscCall(DMGetNumLabels(dm, &n));
  PetscCall(DMGetPointSF(dm, &sf));
  PetscCall(PetscSFGetGraph(sf, NULL, &ghosts, &ghost, NULL));
  for (i = 0; i < n; ++i)
    for (value = -9; value < 100; ++value) {
      PetscReal sum[5] = {0, 0, 0, 0, 0}; /* vertices, edges, their length, area, volume */
      const char *name;
      DMLabel label;
      IS stratum;
      PetscCall(DMGetLabelName(dm, i, &name));
      if (!strcmp(name, "depth") || !strcmp(name, "celltype")) break;
      PetscCall(DMGetLabel(dm, name, &label));
      PetscCall(DMLabelGetStratumIS(label, value, &stratum));
      points = 0;
      if (stratum) {
        PetscCall(ISGetLocalSize(stratum, &points));
        PetscCall(ISGetIndices(stratum, &point));
      }
      for (k = 0; k < points; ++k) {
        PetscInt found = -1;
        PetscReal size;
        if (ghosts > 0) PetscCall(PetscFindInt(point[k], ghosts, ghost, &found));
        if (found >= 0) continue;
        for (depth = 0; depth < 4; ++depth) {
          PetscCall(DMPlexGetDepthStratum(dm, depth, &start, &end));
          if (point[k] < start || point[k] >= end) continue;
          if (depth < 2) ++sum[depth];
          if (depth == 0) continue;
          PetscCall(DMPlexComputeCellGeometryFVM(dm, point[k], &size, NULL, NULL));
          /* Over the seam of a periodic mesh, along an axis. */
          sum[depth + 1] += depth == 1 && size > 0.5 ? 1 - size : size;
        }
      }
      if (stratum) PetscCall(ISRestoreIndices(stratum, &point));
      PetscCall(ISDestroy(&stratum));
      PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 5, MPIU_REAL, MPIU_SUM, PETSC_COMM_WORLD));
      if (sum[0] + sum[1] + sum[3] + sum[4] > 0)
        PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                              "%s label '%s' value %d vertices %d faces %d length %.6f area %.6f volume %.6f\n", when,
                              name, (int)value, (int)sum[0], (int)sum[1], (double)sum[2], (double)sum[3],
                              (double)sum[4]));
    }
  PetscFunctionReturn(0);
}

static PetscErrorCode Reset(TS ts, DM dm, void *ctx) {
  App *app = ctx;
  PetscReal sums[4];
  Vec U;

  PetscFunctionBeginUser;
  ++app->resets;
  if (app->cfl > 0) {
    PetscCall(TSGetSolution(ts, &U));
    PetscCall(Measure(dm, app, U, sums));
    PetscCall(TSSetTimeStep(ts, app->cfl * sums[3]));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Spoil(TS ts) {
  App *app;
  PetscInt step;
  Vec U;

  PetscFunctionBeginUser;
  PetscCall(TSGetApplicationContext(ts, &app));
  PetscCall(TSGetStepNumber(ts, &step));
  PetscCall(TSGetSolution(ts, &U));
  if (app->spoil && step == 3) PetscCall(VecShift(U, PETSC_INFINITY));
  PetscFunctionReturn(0);
}

static PetscErrorCode Monitor(TS ts, PetscInt step, PetscReal t, Vec U, void *ctx) {
  DM dm;
  PetscInt size, fits;

  PetscFunctionBeginUser;
  /* What a monitor sees fits together. */
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(VecGetSize(U, &size));
  PetscCall(DMGetGlobalVector(dm, &U));
  PetscCall(VecGetSize(U, &fits));
  PetscCall(DMRestoreGlobalVector(dm, &U));
  PetscCheck(size == fits, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "monitor: %d and %d unknowns", (int)size, (int)fits);
  ++((App *)ctx)->monitored;
  PetscFunctionReturn(0);
}

/* The unit cube, six tetrahedra around the diagonal of each of n^3 cubes. */
static PetscErrorCode CreateCube(PetscInt n, DM *dm) {
  static const PetscInt axes[6][3] = {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0}};
  const PetscInt m = n + 1, step[3] = {1, m, m * m};
  PetscInt i, t, k, *list;
  PetscMPIInt rank;
  PetscReal *x;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(PetscMalloc2(24 * n * n * n, &list, 3 * m * m * m, &x));
  for (i = 0; i < m * m * m; ++i)
    for (k = 0; k < 3; ++k) x[3 * i + k] = (PetscReal)(i / step[k] % m) / n;
  for (i = 0; i < n * n * n; ++i)
    for (t = 0; t < 6; ++t) {
      PetscInt *l = &list[24 * i + 4 * t];
      l[0] = i % n + (i / n % n) * m + i / n / n * m * m;
      for (k = 0; k < 3; ++k) l[k + 1] = l[k] + step[axes[t][k]];
      if (t < 3) { /* PETSc's are left-handed */
        const PetscInt swap = l[1];
        l[1] = l[2];
        l[2] = swap;
      }
    }
  PetscCall(DMPlexCreateFromCellListPetsc(PETSC_COMM_WORLD, 3, rank ? 0 : 6 * n * n * n, rank ? 0 : m * m * m, 4,
                                          PETSC_TRUE, list, 3, x, dm));
  PetscCall(PetscFree2(list, x));
  PetscFunctionReturn(0);
}

/* A file, or the unit interval, square or cube; two triangles a square. All cells start on the first rank. */
static PetscErrorCode CreateMesh(PetscBool file, PetscInt dim, PetscInt n, PetscBool periodic, DM *dm) {
  PetscInt cells = 0, i, j, *list;
  PetscMPIInt rank;
  PetscReal *x;
  DM parallel;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (file) {
    PetscCall(DMCreate(PETSC_COMM_WORLD, dm));
    PetscCall(DMSetType(*dm, DMPLEX));
    PetscCall(DMSetFromOptions(*dm));
  } else if (dim == 1) {
    const DMBoundaryType type = periodic ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_NONE;
#if PETSC_VERSION_LT(3, 22, 0)
    PetscCall(DMPlexCreateBoxMesh(PETSC_COMM_WORLD, 1, PETSC_TRUE, &n, NULL, NULL, &type, PETSC_TRUE, dm));
#else
    PetscCall(DMPlexCreateBoxMesh(PETSC_COMM_WORLD, 1, PETSC_TRUE, &n, NULL, NULL, &type, PETSC_TRUE, 0, PETSC_FALSE, dm));
#endif
  } else if (dim == 3) {
    PetscCall(CreateCube(n, dm));
  } else {
    PetscCall(PetscMalloc2(6 * n * n, &list, 2 * (n + 1) * (n + 1), &x));
    for (j = 0; j <= n; ++j)
      for (i = 0; i <= n; ++i) {
        x[2 * (j * (n + 1) + i)] = (PetscReal)i / n;
        x[2 * (j * (n + 1) + i) + 1] = (PetscReal)j / n;
      }
    for (j = 0; j < n; ++j)
      for (i = 0; i < n; ++i) {
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
  }
  PetscCall(DMSetBasicAdjacency(*dm, PETSC_TRUE, PETSC_FALSE));
  if (file) {
    PetscCall(DMPlexDistributeOverlap(*dm, 1, NULL, &parallel));
  } else {
    PetscPartitioner partitioner;
    PetscCall(DMPlexGetPartitioner(*dm, &partitioner));
    PetscCall(PetscPartitionerSetFromOptions(partitioner));
    PetscCall(DMPlexDistribute(*dm, 1, NULL, &parallel));
  }
  if (parallel) {
    PetscCall(DMDestroy(dm));
    *dm = parallel;
  }
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  App app = {{1, 0.6, 0.5}, 0, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, 0, 0};
  PetscInt dim = 2, n = 8, steps, decisions, remeshes, fallbacks;
  PetscInt cells;
  PetscBool file, labels, periodic = PETSC_FALSE, implicit = PETSC_FALSE, own = PETSC_FALSE, no_initial = PETSC_FALSE;
  PetscReal sums[4], before, time;
  PetRLRefiner refiner;
  DM base, dm;
  TS ts;
  Vec U;

  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-dim", &dim, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-n", &n, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-cfl", &app.cfl, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-periodic", &periodic, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-implicit_function", &implicit, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-vertices", &app.vertices, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-front", &app.front, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-own", &own, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-no_initial", &no_initial, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-spoil", &app.spoil, NULL));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-dm_plex_filename", &file));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-labels", &labels));

  PetscCall(CreateMesh(file, dim, n, periodic, &base));
  if (labels) PetscCall(ShowLabels(base, "before"));
  PetscCall(PetRLRefinerCreate(PETSC_COMM_WORLD, &refiner));
  PetscCall(PetRLRefinerSetDM(refiner, base));
  if (!no_initial) PetscCall(PetRLRefinerSetInitialFunction(refiner, FillInitial, &app));
  PetscCall(PetRLRefinerSetResetFunction(refiner, Reset, &app));
  PetscCall(PetRLRefinerSetFromOptions(refiner));
  PetscCall(PetRLRefinerSetUp(refiner));
  dm = base;
  if (!own) PetscCall(PetRLRefinerGetDM(refiner, &dm));
  PetscCall(CreateSection(dm, app.vertices));
  /* After the section: it brings a field along, which has an adjacency of its own. */
  PetscCall(DMSetBasicAdjacency(dm, PETSC_TRUE, PETSC_FALSE));
  PetscCall(DMCreateDS(dm)); /* later PETSc makes no matrices without */

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, dm));
  PetscCall(TSSetApplicationContext(ts, &app));
  if (implicit)
    PetscCall(TSSetIFunction(ts, NULL, Residual, &app));
  else
    PetscCall(TSSetRHSFunction(ts, NULL, Rate, &app));
  PetscCall(TSSetType(ts, TSSSP));
  PetscCall(TSSetTimeStep(ts, 0.002));
  PetscCall(TSSetMaxTime(ts, 0.2));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetPostStep(ts, Spoil));
  PetscCall(TSMonitorSet(ts, Monitor, &app, NULL));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(DMCreateGlobalVector(dm, &U));
  PetscCall(PetscObjectSetName((PetscObject)U, "solution"));
  PetscCall(FillInitial(dm, 0, U, &app));
  PetscCall(Measure(dm, &app, U, sums));
  before = sums[0];
  PetscCall(PetRLRefinerAttachTS(refiner, ts));
  PetscCall(TSSetSolution(ts, U));
  PetscCall(VecDestroy(&U));
  PetscCall(TSSolve(ts, NULL));

  PetscCall(TSGetSolution(ts, &U));
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(TSGetTime(ts, &time));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(Measure(dm, &app, U, sums));
  PetscCall(VecGetSize(U, &cells));
  PetscCall(PetRLRefinerGetStatistics(refiner, &decisions, &remeshes, &fallbacks));
  PetscCall(PetscPrintf(
      PETSC_COMM_WORLD,
      "time %.12g steps %d unknowns %d places %.14g before %.15g mass %.15g moment %.14g smallest %g\n"
      "decisions %d remeshes %d fallbacks %d resets %d monitored %d\n",
      (double)time, (int)steps, (int)cells, (double)sums[2], (double)before, (double)sums[0], (double)sums[1],
      (double)sums[3], (int)decisions, (int)remeshes, (int)fallbacks, (int)app.resets, (int)app.monitored));
  if (app.front) PetscCall(ShowFinest(dm, sums[3]));
  PetscCall(VecViewFromOptions(U, NULL, "-solution_view"));
  if (labels) PetscCall(ShowLabels(dm, "after"));
  PetscCall(TSDestroy(&ts));
  PetscCall(PetRLRefinerDestroy(&refiner));
  PetscCall(DMDestroy(&base));
  PetscCall(PetscFinalize());
  return 0;
}
