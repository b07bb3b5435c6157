#include "elements.h"

#include <petscdmplex.h>

/* A DM and up to two Vecs on it, triangle by triangle. */
typedef struct {
  PetscSection local, global, places;
  Vec u, rate, coordinates;
  const PetscScalar *values, *rates, *x;
  DMLabel wall;
  PetscInt start, end;
  DM dm;
} Loop;

static PetscErrorCode GetLocal(DM dm, Vec global, Vec *local, const PetscScalar **values) {
  PetscFunctionBeginUser;
  PetscCall(DMGetLocalVector(dm, local));
  PetscCall(DMGlobalToLocal(dm, global, INSERT_VALUES, *local));
  PetscCall(VecGetArrayRead(*local, values));
  PetscFunctionReturn(0);
}

static PetscErrorCode Begin(DM dm, Vec u, Vec rate, Loop *l) {
  PetscBool walls;

  PetscFunctionBeginUser;
  l->dm = dm;
  l->wall = NULL;
  l->rate = NULL;
  PetscCall(DMHasLabel(dm, "wall", &walls));
  if (walls) PetscCall(DMGetLabel(dm, "wall", &l->wall));
  PetscCall(DMGetLocalSection(dm, &l->local));
  PetscCall(DMGetGlobalSection(dm, &l->global));
  PetscCall(DMGetCoordinateSection(dm, &l->places));
  PetscCall(DMGetCoordinatesLocal(dm, &l->coordinates));
  PetscCall(VecGetArrayRead(l->coordinates, &l->x));
  PetscCall(GetLocal(dm, u, &l->u, &l->values));
  if (rate) PetscCall(GetLocal(dm, rate, &l->rate, &l->rates));
  PetscCall(DMPlexGetHeightStratum(dm, 0, &l->start, &l->end));
  PetscFunctionReturn(0);
}

static PetscErrorCode End(Loop *l) {
  PetscFunctionBeginUser;
  if (l->rate) {
    PetscCall(VecRestoreArrayRead(l->rate, &l->rates));
    PetscCall(DMRestoreLocalVector(l->dm, &l->rate));
  }
  PetscCall(VecRestoreArrayRead(l->u, &l->values));
  PetscCall(DMRestoreLocalVector(l->dm, &l->u));
  PetscCall(VecRestoreArrayRead(l->coordinates, &l->x));
  PetscFunctionReturn(0);
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

/* row: the unknown's, negative (as PETSc has it) where another rank owns it. */
static PetscErrorCode Get(const Loop *l, PetscInt c, Triangle *t, PetscInt row[3], PetscInt on_wall[3]) {
  PetscInt corner[3], i, at;
  PetscReal twice;

  PetscFunctionBeginUser;
  PetscCall(Corners(l->dm, c, corner));
  for (i = 0; i < 3; ++i) {
    PetscCall(PetscSectionGetOffset(l->local, corner[i], &at));
    t->u[i] = PetscRealPart(l->values[at]);
    t->rate[i] = l->rate ? PetscRealPart(l->rates[at]) : 0;
    PetscCall(PetscSectionGetOffset(l->global, corner[i], &row[i]));
    PetscCall(PetscSectionGetOffset(l->places, corner[i], &at));
    t->x[i][0] = PetscRealPart(l->x[at]);
    t->x[i][1] = PetscRealPart(l->x[at + 1]);
    on_wall[i] = 0;
    if (l->wall) PetscCall(DMLabelGetValue(l->wall, corner[i], &on_wall[i]));
  }
  for (i = 0; i < 3; ++i) {
    const PetscReal *a = t->x[(i + 1) % 3], *b = t->x[(i + 2) % 3];
    t->gradient[i][0] = a[1] - b[1];
    t->gradient[i][1] = b[0] - a[0];
  }
  twice = t->gradient[1][0] * t->gradient[2][1] - t->gradient[2][0] * t->gradient[1][1];
  for (i = 0; i < 3; ++i) {
    t->gradient[i][0] /= twice;
    t->gradient[i][1] /= twice;
  }
  t->area = PetscAbsReal(twice) / 2;
  PetscFunctionReturn(0);
}

/* F, or with B its Jacobian. What is at a vertex of another rank is its owner's. */
static PetscErrorCode Assemble(TS ts, PetscReal t, Vec U, Vec rate, PetscReal shift, Vec F, Mat B, const Elements *e) {
  PetscInt c, first = 0, i, j, row[3], on_wall[3];
  PetscScalar *f = NULL, *entry = NULL, *entries = NULL;
  Triangle triangle;
  Loop l;
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(Begin(dm, U, rate, &l));
  if (F) {
    PetscCall(VecZeroEntries(F));
    PetscCall(VecGetArray(F, &f));
    PetscCall(VecGetOwnershipRange(F, &first, NULL));
  } else {
    PetscCall(PetscMalloc1(9 * (l.end - l.start), &entries));
    entry = entries;
  }
  for (c = l.start; c < l.end; ++c) {
    PetscReal add[3] = {0, 0, 0}, slope[3][3] = {{0}};
    PetscCall(Get(&l, c, &triangle, row, on_wall));
    e->terms(e->ctx, &triangle, t, shift, F ? add : NULL, F ? NULL : slope);
    for (i = 0; i < 3; ++i) {
      if (on_wall[i] == 1) {
        add[i] = triangle.area / 3 * triangle.u[i];
        for (j = 0; j < 3; ++j) slope[i][j] = (i == j) * triangle.area / 3;
      }
      if (F && row[i] >= 0) f[row[i] - first] += add[i];
      for (j = 0; B && j < 3; ++j) *entry++ = slope[i][j];
    }
  }
  if (F) PetscCall(VecRestoreArray(F, &f));
  if (B) PetscCall(MatSetValuesCOO(B, entries, INSERT_VALUES));
  PetscCall(PetscFree(entries));
  PetscCall(End(&l));
  PetscFunctionReturn(0);
}

static PetscErrorCode Residual(TS ts, PetscReal t, Vec U, Vec rate, Vec F, void *ctx) {
  PetscFunctionBeginUser;
  PetscCall(Assemble(ts, t, U, rate, 0, F, NULL, ctx));
  PetscFunctionReturn(0);
}

static PetscErrorCode Jacobian(TS ts, PetscReal t, Vec U, Vec rate, PetscReal shift, Mat A, Mat B, void *ctx) {
  PetscFunctionBeginUser;
  PetscCall(Assemble(ts, t, U, rate, shift, NULL, B, ctx));
  if (A != B) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode ElementsSetMatrix(TS ts, DM dm, void *ctx) {
  PetscInt c, i, j, n, row[3], on_wall[3], *at, *rows, *columns;
  Triangle triangle;
  Mat matrix;
  Loop l;
  Vec u;

  PetscFunctionBeginUser;
  PetscCall(DMGetGlobalVector(dm, &u));
  PetscCall(VecGetLocalSize(u, &n));
  PetscCall(Begin(dm, u, NULL, &l));
  PetscCall(PetscMalloc2(9 * (l.end - l.start), &rows, 9 * (l.end - l.start), &columns));
  for (c = l.start, at = rows; c < l.end; ++c) {
    PetscCall(Get(&l, c, &triangle, row, on_wall));
    for (i = 0; i < 3; ++i)
      for (j = 0; j < 3; ++j, ++at) {
        *at = row[i]; /* negative ones are left out */
        columns[at - rows] = row[j] < 0 ? -(row[j] + 1) : row[j];
      }
  }
  PetscCall(End(&l));
  PetscCall(DMRestoreGlobalVector(dm, &u));
  PetscCall(MatCreate(PetscObjectComm((PetscObject)dm), &matrix));
  PetscCall(MatSetSizes(matrix, n, n, PETSC_DETERMINE, PETSC_DETERMINE));
  PetscCall(MatSetType(matrix, MATAIJ));
  PetscCall(MatSetPreallocationCOO(matrix, (PetscCount)(at - rows), rows, columns));
  PetscCall(PetscFree2(rows, columns));
  PetscCall(TSSetIJacobian(ts, matrix, matrix, Jacobian, ctx));
  PetscCall(MatDestroy(&matrix));
  PetscFunctionReturn(0);
}

PetscErrorCode ElementsSetUpTS(const Elements *elements, TS ts) {
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(TSSetIFunction(ts, NULL, Residual, (void *)elements));
  PetscCall(ElementsSetMatrix(ts, dm, (void *)elements));
  PetscFunctionReturn(0);
}

PetscErrorCode ElementsFill(DM dm, PetscReal (*value)(const void *ctx, const PetscReal x[2]), const void *ctx, Vec u) {
  PetscInt row[3], on_wall[3], first;
  PetscScalar *values;
  Triangle t;
  Loop l;

  PetscFunctionBeginUser;
  PetscCall(Begin(dm, u, NULL, &l));
  PetscCall(VecGetOwnershipRange(u, &first, NULL));
  PetscCall(VecGetArray(u, &values));
  for (PetscInt c = l.start; c < l.end; ++c) {
    PetscCall(Get(&l, c, &t, row, on_wall));
    for (int i = 0; i < 3; ++i)
      if (row[i] >= 0) values[row[i] - first] = value(ctx, t.x[i]);
  }
  PetscCall(VecRestoreArray(u, &values));
  PetscCall(End(&l));
  PetscFunctionReturn(0);
}

PetscErrorCode ElementsVisit(DM dm, Vec u, void (*visit)(const Triangle *, void *), void *ctx) {
  PetscInt row[3], on_wall[3];
  Triangle t;
  Loop l;

  PetscFunctionBeginUser;
  PetscCall(Begin(dm, u, NULL, &l));
  for (PetscInt c = l.start; c < l.end; ++c) {
    PetscCall(Get(&l, c, &t, row, on_wall));
    visit(&t, ctx);
  }
  PetscCall(End(&l));
  PetscFunctionReturn(0);
}

PetscErrorCode ElementsIntegral(DM dm, Vec u, PetscReal *integral) {
  PetscInt row[3], on_wall[3];
  Triangle t;
  Loop l;

  PetscFunctionBeginUser;
  *integral = 0;
  PetscCall(Begin(dm, u, NULL, &l));
  for (PetscInt c = l.start; c < l.end; ++c) {
    PetscCall(Get(&l, c, &t, row, on_wall));
    for (int i = 0; i < 3; ++i)
      if (row[i] >= 0) *integral += t.area / 3 * t.u[i];
  }
  PetscCall(End(&l));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, integral, 1, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)dm)));
  PetscFunctionReturn(0);
}

PetscReal ElementsRandom(unsigned long long *state) {
  *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (PetscReal)((double)(*state >> 11) / 9007199254740992.0);
}

void ElementsSeed(PetscInt seed, unsigned long long *state) {
  *state = 1000003ULL * (unsigned long long)(seed + 1);
  for (int k = 0; k < 8; ++k) (void)ElementsRandom(state);
}

PetscErrorCode ElementsCreateMesh(PetscInt n, PetscBool walls, DM *dm) {
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
  if (walls) {
    PetscCall(DMCreateLabel(*dm, "wall"));
    PetscCall(DMGetLabel(*dm, "wall", &label));
    PetscCall(DMPlexMarkBoundaryFaces(*dm, 1, label));
    PetscCall(DMPlexLabelComplete(*dm, label));
  }
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
