static char help[] =
  "Shallow water in a closed basin of any shape: waves from humps of the surface, reflected by walls.\n"
  "  h_t + (hu)_x + (hv)_y = 0,  (hu)_t + (hu^2/h + h^2/2)_x + (hu hv/h)_y = 0, and so for hv;  units: depth, sqrt(g depth)\n"
  "Finite volumes on a DMPlex of triangles (-dm_plex_filename, -dm_refine), Rusanov fluxes, explicit steps.\n"
  "  -seed <n>    initial state: which humps, and where\n"
  "  -order <1|2> piecewise constant, or linear: least squares, limiter of Barth and Jespersen\n"
  "  -cfl <c>     step over the smallest ratio of a cell's area and its longest side, at wave speed 1 (.4)\n\n";

#include <petscdmplex.h>
#include <petscts.h>

#define N 3 /* unknowns: h, hu, hv */

/* A face inside (two cells) or on a wall (one); what does not change. Lists are of this rank, with what it sees of others'. */
typedef struct {
  PetscInt  cell[2], place[2]; /* number among local cells; first unknown in a local Vec; -1: wall */
  PetscReal normal[2];         /* from the first to the second, of the face's length */
  PetscReal to[2][2];          /* from the centres of the cells to that of the face */
} Face;

typedef struct {
  PetscInt   order, cells, faces;
  Face      *face;
  PetscReal *volume, *moment, *gradient, *limit; /* of each cell; moment: of least squares, xx xy yy */
  PetscReal (*between)[2];                       /* of each face: from centre to centre */
} Mesh;

/* The flux along n (of length one) for the states on both sides. */
static void Rusanov(const PetscReal l[N], const PetscReal r[N], PetscReal nx, PetscReal ny, PetscReal f[N]) {
  const PetscReal ul = (l[1] * nx + l[2] * ny) / l[0], ur = (r[1] * nx + r[2] * ny) / r[0];
  const PetscReal c = PetscMax(PetscAbsReal(ul) + PetscSqrtReal(l[0]), PetscAbsReal(ur) + PetscSqrtReal(r[0]));
  const PetscReal p = 0.25 * (l[0] * l[0] + r[0] * r[0]);

  f[0] = 0.5 * (l[0] * ul + r[0] * ur - c * (r[0] - l[0]));
  f[1] = 0.5 * (l[1] * ul + r[1] * ur - c * (r[1] - l[1])) + p * nx;
  f[2] = 0.5 * (l[2] * ul + r[2] * ur - c * (r[2] - l[2])) + p * ny;
}

/* What a wall reflects. */
static void Mirrored(const PetscReal q[N], PetscReal nx, PetscReal ny, PetscReal m[N]) {
  const PetscReal un = q[1] * nx + q[2] * ny;

  m[0] = q[0];
  m[1] = q[1] - 2 * un * nx;
  m[2] = q[2] - 2 * un * ny;
}

/* The state in a cell, seen from a face. */
static void At(const Mesh *m, const Face *f, int side, const PetscScalar *u, PetscReal q[N]) {
  const PetscInt   c = f->cell[side];
  const PetscReal *g = m->gradient + 2 * N * c;

  for (int k = 0; k < N; ++k) {
    q[k] = PetscRealPart(u[f->place[side] + k]);
    if (m->order > 1) q[k] += m->limit[N * c + k] * (g[2 * k] * f->to[side][0] + g[2 * k + 1] * f->to[side][1]);
  }
}

/* Gradients by least squares over neighbours (a wall: the mirror image), limited so that faces stay within their range. */
static PetscErrorCode Gradients(const Mesh *m, const PetscScalar *u) {
  PetscReal *range;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(2 * N * m->cells, &range));
  PetscCall(PetscArrayzero(m->gradient, 2 * N * m->cells));
  for (PetscInt i = 0; i < N * m->cells; ++i) range[2 * i] = range[2 * i + 1] = 0, m->limit[i] = 1;
  for (PetscInt i = 0; i < m->faces; ++i) {
    const Face     *f = m->face + i;
    const PetscReal dx = m->between[i][0], dy = m->between[i][1], w = 1 / (dx * dx + dy * dy);
    PetscReal       q[2][N];
    for (int k = 0; k < N; ++k) q[0][k] = PetscRealPart(u[f->place[0] + k]);
    if (f->cell[1] < 0) {
      const PetscReal area = PetscSqrtReal(PetscSqr(f->normal[0]) + PetscSqr(f->normal[1]));
      Mirrored(q[0], f->normal[0] / area, f->normal[1] / area, q[1]);
    } else {
      for (int k = 0; k < N; ++k) q[1][k] = PetscRealPart(u[f->place[1] + k]);
    }
    for (int s = 0; s < 2; ++s) {
      const PetscInt c = f->cell[s];
      if (c < 0) continue;
      for (int k = 0; k < N; ++k) {
        const PetscReal d = q[1][k] - q[0][k], mine = s ? -d : d;
        m->gradient[2 * (N * c + k)] += w * dx * d;
        m->gradient[2 * (N * c + k) + 1] += w * dy * d;
        range[2 * (N * c + k)] = PetscMin(range[2 * (N * c + k)], mine);
        range[2 * (N * c + k) + 1] = PetscMax(range[2 * (N * c + k) + 1], mine);
      }
    }
  }
  for (PetscInt c = 0; c < m->cells; ++c) {
    const PetscReal *a = m->moment + 3 * c, det = a[0] * a[2] - a[1] * a[1];
    for (int k = 0; k < N; ++k) {
      PetscReal      *g = m->gradient + 2 * (N * c + k);
      const PetscReal x = g[0], y = g[1];
      g[0] = det > 0 ? (a[2] * x - a[1] * y) / det : 0;
      g[1] = det > 0 ? (a[0] * y - a[1] * x) / det : 0;
    }
  }
  for (PetscInt i = 0; i < m->faces; ++i) {
    const Face *f = m->face + i;
    for (int s = 0; s < 2; ++s) {
      const PetscInt c = f->cell[s];
      if (c < 0) continue;
      for (int k = 0; k < N; ++k) {
        const PetscReal *g = m->gradient + 2 * (N * c + k), *r = range + 2 * (N * c + k);
        const PetscReal  d = g[0] * f->to[s][0] + g[1] * f->to[s][1];
        const PetscReal  most = d > 0 ? r[1] / d : d < 0 ? r[0] / d : 1;
        m->limit[N * c + k] = PetscMin(m->limit[N * c + k], most);
      }
    }
  }
  PetscCall(PetscFree(range));
  PetscFunctionReturn(0);
}

static PetscErrorCode RHS(TS ts, PetscReal t, Vec X, Vec F, void *ctx) {
  const Mesh        *m = (const Mesh *)ctx;
  const PetscScalar *u;
  PetscScalar       *f;
  DM                 dm;
  Vec                local, sum;

  PetscFunctionBeginUser;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMGetLocalVector(dm, &local));
  PetscCall(DMGetLocalVector(dm, &sum));
  PetscCall(DMGlobalToLocal(dm, X, INSERT_VALUES, local));
  PetscCall(VecZeroEntries(sum));
  PetscCall(VecGetArrayRead(local, &u));
  PetscCall(VecGetArray(sum, &f));
  if (m->order > 1) PetscCall(Gradients(m, u));
  for (PetscInt i = 0; i < m->faces; ++i) {
    const Face     *face = m->face + i;
    const PetscReal area = PetscSqrtReal(PetscSqr(face->normal[0]) + PetscSqr(face->normal[1]));
    const PetscReal nx = face->normal[0] / area, ny = face->normal[1] / area;
    PetscReal       l[N], r[N], flux[N];
    At(m, face, 0, u, l);
    if (face->cell[1] < 0) Mirrored(l, nx, ny, r);
    else At(m, face, 1, u, r);
    Rusanov(l, r, nx, ny, flux);
    for (int k = 0; k < N; ++k) {
      f[face->place[0] + k] -= area * flux[k] / m->volume[face->cell[0]];
      if (face->cell[1] >= 0) f[face->place[1] + k] += area * flux[k] / m->volume[face->cell[1]];
    }
  }
  PetscCall(VecRestoreArray(sum, &f));
  PetscCall(VecRestoreArrayRead(local, &u));
  PetscCall(DMLocalToGlobal(dm, sum, INSERT_VALUES, F));
  PetscCall(DMRestoreLocalVector(dm, &sum));
  PetscCall(DMRestoreLocalVector(dm, &local));
  PetscFunctionReturn(0);
}

/* Three unknowns in each cell, and the lists of faces and cells. step: the smallest area over side. */
static PetscErrorCode Prepare(DM dm, Mesh *m, PetscReal *step) {
  PetscSection s;
  PetscInt     pStart, pEnd, cStart, cEnd, fStart, fEnd;
  PetscReal(*centre)[3], smallest = PETSC_MAX_REAL;

  PetscFunctionBeginUser;
  PetscCall(DMGetCoordinatesLocalSetUp(dm));
  PetscCall(DMPlexGetChart(dm, &pStart, &pEnd));
  PetscCall(DMPlexGetHeightStratum(dm, 0, &cStart, &cEnd));
  PetscCall(DMPlexGetHeightStratum(dm, 1, &fStart, &fEnd));
  PetscCall(PetscSectionCreate(PetscObjectComm((PetscObject)dm), &s));
  PetscCall(PetscSectionSetNumFields(s, 1));
  PetscCall(PetscSectionSetFieldComponents(s, 0, N));
  PetscCall(PetscSectionSetComponentName(s, 0, 0, "h"));
  PetscCall(PetscSectionSetComponentName(s, 0, 1, "hu"));
  PetscCall(PetscSectionSetComponentName(s, 0, 2, "hv"));
  PetscCall(PetscSectionSetChart(s, pStart, pEnd));
  for (PetscInt c = cStart; c < cEnd; ++c) {
    PetscCall(PetscSectionSetDof(s, c, N));
    PetscCall(PetscSectionSetFieldDof(s, c, 0, N));
  }
  PetscCall(PetscSectionSetUp(s));
  PetscCall(DMSetLocalSection(dm, s));

  m->cells = cEnd - cStart;
  m->faces = 0;
  PetscCall(PetscMalloc1(m->cells, &centre));
  PetscCall(PetscMalloc2(fEnd - fStart, &m->face, fEnd - fStart, &m->between));
  PetscCall(PetscMalloc4(m->cells, &m->volume, 3 * m->cells, &m->moment, 2 * N * m->cells, &m->gradient, N * m->cells, &m->limit));
  PetscCall(PetscArrayzero(m->moment, 3 * m->cells));
  for (PetscInt c = 0; c < m->cells; ++c) PetscCall(DMPlexComputeCellGeometryFVM(dm, cStart + c, &m->volume[c], centre[c], NULL));
  for (PetscInt p = fStart; p < fEnd; ++p) {
    const PetscInt *support;
    PetscInt        n;
    PetscReal       area, x[3], normal[3], sign;
    Face           *f = m->face + m->faces;
    PetscCall(DMPlexGetSupportSize(dm, p, &n));
    PetscCall(DMPlexGetSupport(dm, p, &support));
    if (n == 0) continue; /* of a cell that another rank has */
    PetscCall(DMPlexComputeCellGeometryFVM(dm, p, &area, x, normal));
    for (int i = 0; i < 2; ++i) {
      f->cell[i] = i < n ? support[i] - cStart : -1;
      f->place[i] = -1;
      if (i >= n) continue;
      PetscCall(PetscSectionGetOffset(s, support[i], &f->place[i]));
      for (int d = 0; d < 2; ++d) f->to[i][d] = x[d] - centre[f->cell[i]][d];
      smallest = PetscMin(smallest, m->volume[f->cell[i]] / area);
    }
    sign = normal[0] * f->to[0][0] + normal[1] * f->to[0][1] > 0 ? area : -area;
    for (int d = 0; d < 2; ++d) {
      f->normal[d] = sign * normal[d];
      m->between[m->faces][d] = n > 1 ? f->to[0][d] - f->to[1][d] : 2 * f->to[0][d];
    }
    for (int i = 0; i < n; ++i) {
      const PetscReal dx = m->between[m->faces][0], dy = m->between[m->faces][1], w = 1 / (dx * dx + dy * dy);
      m->moment[3 * f->cell[i]] += w * dx * dx;
      m->moment[3 * f->cell[i] + 1] += w * dx * dy;
      m->moment[3 * f->cell[i] + 2] += w * dy * dy;
    }
    ++m->faces;
  }
  PetscCallMPI(MPI_Allreduce(&smallest, step, 1, MPIU_REAL, MPIU_MIN, PetscObjectComm((PetscObject)dm)));
  PetscCall(PetscFree(centre));
  PetscCall(PetscSectionDestroy(&s));
  PetscFunctionReturn(0);
}

/* Humps and hollows of the surface, smooth, at rest. */
static PetscErrorCode Initial(DM dm, PetscInt seed, Vec X) {
  PetscSection section;
  PetscRandom  random;
  PetscReal    cx[5], cy[5], a[5], w[5], u;
  PetscInt     cStart, cEnd, first;
  PetscScalar *x;

  PetscFunctionBeginUser;
  PetscCall(PetscRandomCreate(PETSC_COMM_SELF, &random));
  PetscCall(PetscRandomSetType(random, PETSCRAND48));
  PetscCall(PetscRandomSetSeed(random, 1 + (unsigned long)seed));
  PetscCall(PetscRandomSeed(random));
  for (int k = 0; k < 5; ++k) {
    PetscCall(PetscRandomGetValueReal(random, &cx[k]));
    PetscCall(PetscRandomGetValueReal(random, &cy[k]));
    PetscCall(PetscRandomGetValueReal(random, &u));
    a[k] = 0.6 * u - 0.2;
    PetscCall(PetscRandomGetValueReal(random, &u));
    w[k] = 0.07 + 0.08 * u;
  }
  PetscCall(PetscRandomDestroy(&random));
  PetscCall(DMGetGlobalSection(dm, &section));
  PetscCall(DMPlexGetHeightStratum(dm, 0, &cStart, &cEnd));
  PetscCall(VecGetOwnershipRange(X, &first, NULL));
  PetscCall(VecGetArray(X, &x));
  for (PetscInt c = cStart; c < cEnd; ++c) {
    PetscInt  at;
    PetscReal volume, p[3];
    PetscCall(PetscSectionGetOffset(section, c, &at));
    if (at < 0) continue; /* another rank's */
    PetscCall(DMPlexComputeCellGeometryFVM(dm, c, &volume, p, NULL));
    x[at - first] = 1;
    x[at - first + 1] = x[at - first + 2] = 0;
    for (int k = 0; k < 5; ++k) x[at - first] += a[k] * PetscExpReal(-(PetscSqr(p[0] - cx[k]) + PetscSqr(p[1] - cy[k])) / PetscSqr(w[k]));
  }
  PetscCall(VecRestoreArray(X, &x));
  PetscFunctionReturn(0);
}

static PetscErrorCode DefaultOption(const char *name, const char *value) {
  PetscBool given;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsHasName(NULL, NULL, name, &given));
  if (!given) PetscCall(PetscOptionsSetValue(NULL, name, value));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  DM        dm;
  TS        ts;
  TSAdapt   adapt;
  Vec       X;
  Mesh      mesh = {1};
  PetscInt  seed = 0;
  PetscReal cfl = 0.4, step;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-seed", &seed, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-order", &mesh.order, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-cfl", &cfl, NULL));
  PetscCall(DefaultOption("-dm_distribute_overlap", "2")); /* gradients of the cells next to a rank's own */

  PetscCall(DMCreate(PETSC_COMM_WORLD, &dm));
  PetscCall(DMSetType(dm, DMPLEX));
  PetscCall(DMSetBasicAdjacency(dm, PETSC_TRUE, PETSC_FALSE));
  PetscCall(DMSetFromOptions(dm));
  PetscCall(DMViewFromOptions(dm, NULL, "-dm_view"));
  PetscCall(Prepare(dm, &mesh, &step));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, dm));
  PetscCall(TSSetProblemType(ts, TS_NONLINEAR));
  PetscCall(TSSetRHSFunction(ts, NULL, RHS, &mesh));
  PetscCall(TSSetType(ts, mesh.order > 1 ? TSRK : TSEULER));
  if (mesh.order > 1) PetscCall(TSRKSetType(ts, TSRK2A));
  PetscCall(TSSetTimeStep(ts, cfl * step));
  PetscCall(TSSetMaxTime(ts, 1));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSGetAdapt(ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTNONE));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));

  PetscCall(DMCreateGlobalVector(dm, &X));
  PetscCall(Initial(dm, seed, X));
  PetscCall(TSSolve(ts, X));
  PetscCall(VecDestroy(&X));
  PetscCall(TSDestroy(&ts));
  PetscCall(PetscFree2(mesh.face, mesh.between));
  PetscCall(PetscFree4(mesh.volume, mesh.moment, mesh.gradient, mesh.limit));
  PetscCall(DMDestroy(&dm));
  PetscCall(PetscFinalize());
  return 0;
}
