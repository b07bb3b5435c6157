static char help[] =
    "Nonlinear heat conduction (a Marshak wave) by finite volumes on an unstructured mesh of boxes.\n\
  -dm_plex_dim <d>, -dm_plex_box_faces <n,n>: the mesh;  -power <real>, -cold <real>: conductivity cold + u^power;\n\
  -wind <real>: advection to the right;  -tf <real>: final time.\n";

/*
   u_t + div(a u) = div(k(u) grad u),  k = k0 + u^m,  u = 1 at x = 0, closed elsewhere (open to the wind at the right).

   Two-point fluxes between the centres of cells, the conductivity of a face from the mean of u, advection upwind: right
   for meshes whose faces stand square to the line between centres. One unknown a cell, one layer of cells overlaps.
*/
#include <petscdmplex.h>
#include <petscts.h>

typedef struct {
  PetscReal power, cold, wind;
  Vec cells, faces; /* geometry */
} Parameters;

static PetscErrorCode DefaultOption(const char *name, const char *value) {
  PetscBool given;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsHasName(NULL, NULL, name, &given));
  if (!given) PetscCall(PetscOptionsSetValue(NULL, name, value));
  PetscFunctionReturn(0);
}

/* A mesh with one unknown a cell, distributed with an overlap of one layer. */
static PetscErrorCode CreateMesh(MPI_Comm comm, DM *dm) {
  PetscSection s;
  PetscInt pStart, pEnd, cStart, cEnd;

  PetscFunctionBeginUser;
  PetscCall(DefaultOption("-dm_plex_simplex", "0"));
  PetscCall(DefaultOption("-dm_plex_dim", "2"));
  PetscCall(DefaultOption("-dm_plex_box_faces", "32,32,8"));
  PetscCall(DefaultOption("-dm_distribute_overlap", "1"));
  PetscCall(DMCreate(comm, dm));
  PetscCall(DMSetType(*dm, DMPLEX));
  PetscCall(DMSetBasicAdjacency(*dm, PETSC_TRUE, PETSC_FALSE));
  PetscCall(DMSetFromOptions(*dm));
  PetscCall(DMViewFromOptions(*dm, NULL, "-dm_view"));
  PetscCall(DMPlexGetChart(*dm, &pStart, &pEnd));
  PetscCall(DMPlexGetHeightStratum(*dm, 0, &cStart, &cEnd));
  PetscCall(PetscSectionCreate(comm, &s));
  PetscCall(PetscSectionSetChart(s, pStart, pEnd));
  for (PetscInt c = cStart; c < cEnd; c++) PetscCall(PetscSectionSetDof(s, c, 1));
  PetscCall(PetscSectionSetUp(s));
  PetscCall(DMSetLocalSection(*dm, s));
  PetscCall(PetscSectionDestroy(&s));
  PetscFunctionReturn(0);
}

/*
   The flux through a face out of its first cell is flux, and its derivatives by the values on both sides.
   A face of the left boundary has the value 1 behind it.
*/
static PetscErrorCode FaceFlux(DM dm, const Parameters *p, const PetscScalar *cells, const PetscScalar *faces,
                               PetscInt face, const PetscScalar *u, PetscReal *flux, PetscReal slope[2],
                               PetscReal volume[2]) {
  const PetscInt *support;
  PetscInt n, dim;
  PetscFVFaceGeom *fg;
  PetscFVCellGeom *cg;
  DM dmFace, dmCell;
  PetscReal area = 0, distance = 0, side[2], velocity, mean, k, dk;

  PetscFunctionBeginUser;
  *flux = slope[0] = slope[1] = 0;
  volume[0] = volume[1] = 1;
  PetscCall(DMGetDimension(dm, &dim));
  PetscCall(VecGetDM(p->faces, &dmFace));
  PetscCall(VecGetDM(p->cells, &dmCell));
  PetscCall(DMPlexGetSupportSize(dm, face, &n));
  PetscCall(DMPlexGetSupport(dm, face, &support));
  PetscCall(DMPlexPointLocalRead(dmFace, face, faces, &fg));
  for (PetscInt d = 0; d < dim; d++) area += PetscSqr(fg->normal[d]);
  area = PetscSqrtReal(area);
  for (PetscInt i = 0; i < n; i++) {
    PetscReal to = 0;
    PetscCall(DMPlexPointLocalRead(dmCell, support[i], cells, &cg));
    for (PetscInt d = 0; d < dim; d++) to += fg->normal[d] * (fg->centroid[d] - cg->centroid[d]) / area;
    distance += PetscAbsReal(to);
    volume[i] = cg->volume;
    if (i == 0 && to < 0) area = -area; /* the normal points into the first cell */
  }
  velocity = p->wind * fg->normal[0] * (area < 0 ? -1 : 1);
  area = PetscAbsReal(area);
  {
    PetscScalar *value[2];
    PetscCall(DMPlexPointLocalRead(dm, support[0], u, &value[0]));
    side[0] = PetscRealPart(*value[0]);
    if (n == 2) {
      PetscCall(DMPlexPointLocalRead(dm, support[1], u, &value[1]));
      side[1] = PetscRealPart(*value[1]);
    } else if (fg->centroid[0] < 1e-10) {
      side[1] = 1;
    } else { /* closed, but the wind blows out */
      *flux = PetscMax(velocity, 0) * side[0];
      slope[0] = PetscMax(velocity, 0);
      PetscFunctionReturn(0);
    }
  }
  mean = PetscMax(0, 0.5 * (side[0] + side[1]));
  k = p->cold + PetscPowReal(mean, p->power);
  dk = mean > 0 ? 0.5 * p->power * PetscPowReal(mean, p->power - 1) : 0;
  *flux = area / distance * k * (side[0] - side[1]) + velocity * (velocity > 0 ? side[0] : side[1]);
  slope[0] = area / distance * (k + dk * (side[0] - side[1])) + PetscMax(velocity, 0);
  slope[1] = area / distance * (-k + dk * (side[0] - side[1])) + PetscMin(velocity, 0);
  PetscFunctionReturn(0);
}

/* F = u_t + (flux out of the cell) / volume, or with B its Jacobian; local vectors in, owned cells out. */
static PetscErrorCode Assemble(TS ts, Vec U, Vec Udot, PetscReal a, Vec F, Mat B, const Parameters *p) {
  DM dm;
  Vec local;
  PetscInt fStart, fEnd;
  const PetscScalar *u, *cells, *faces;
  PetscScalar *f = NULL;

  PetscFunctionBeginUser;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMGetLocalVector(dm, &local));
  PetscCall(DMGlobalToLocal(dm, U, INSERT_VALUES, local));
  PetscCall(VecGetArrayRead(local, &u));
  PetscCall(VecGetArrayRead(p->cells, &cells));
  PetscCall(VecGetArrayRead(p->faces, &faces));
  if (F) {
    PetscCall(VecCopy(Udot, F));
    PetscCall(VecGetArray(F, &f));
  } else {
    PetscCall(MatZeroEntries(B));
    PetscCall(MatShift(B, a));
  }
  PetscCall(DMPlexGetHeightStratum(dm, 1, &fStart, &fEnd));
  for (PetscInt face = fStart; face < fEnd; face++) {
    const PetscInt *support;
    PetscInt n, row[2] = {-1, -1}, unused;
    PetscReal flux, slope[2], volume[2];
    PetscCall(DMPlexGetSupportSize(dm, face, &n));
    PetscCall(DMPlexGetSupport(dm, face, &support));
    for (PetscInt i = 0; i < n; i++) PetscCall(DMPlexGetPointGlobal(dm, support[i], &row[i], &unused));
    if (row[0] < 0 && row[1] < 0) continue; /* another rank's; also the outer faces of the overlap */
    PetscCall(FaceFlux(dm, p, cells, faces, face, u, &flux, slope, volume));
    for (PetscInt i = 0; i < n; i++) {
      const PetscReal sign = i ? -1 : 1;
      if (row[i] < 0) continue;
      if (F) {
        PetscScalar *value;
        PetscCall(DMPlexPointGlobalRef(dm, support[i], f, &value));
        *value += sign * flux / volume[i];
      } else {
        /* A cell of another rank has the index -(row + 1). */
        const PetscInt columns[2] = {row[0] < 0 ? -(row[0] + 1) : row[0], row[1] < 0 ? -(row[1] + 1) : row[1]};
        PetscScalar values[2];
        values[0] = sign * slope[0] / volume[i];
        values[1] = sign * slope[1] / volume[i];
        PetscCall(MatSetValues(B, 1, &row[i], n, columns, values, ADD_VALUES));
      }
    }
  }
  if (F) PetscCall(VecRestoreArray(F, &f));
  PetscCall(VecRestoreArrayRead(p->faces, &faces));
  PetscCall(VecRestoreArrayRead(p->cells, &cells));
  PetscCall(VecRestoreArrayRead(local, &u));
  PetscCall(DMRestoreLocalVector(dm, &local));
  PetscFunctionReturn(0);
}

static PetscErrorCode IFunction(TS ts, PetscReal t, Vec U, Vec Udot, Vec F, void *ctx) {
  PetscFunctionBeginUser;
  (void)t;
  PetscCall(Assemble(ts, U, Udot, 0, F, NULL, (Parameters *)ctx));
  PetscFunctionReturn(0);
}

static PetscErrorCode IJacobian(TS ts, PetscReal t, Vec U, Vec Udot, PetscReal a, Mat A, Mat B, void *ctx) {
  PetscFunctionBeginUser;
  (void)t;
  PetscCall(Assemble(ts, U, Udot, a, NULL, B, (Parameters *)ctx));
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  if (A != B) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  Parameters p = {4, 1e-3, 0.2, NULL, NULL};
  PetscReal tf = 0.5;
  PetscInt steps;
  TS ts;
  DM dm;
  Vec U;
  Mat J;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Nonlinear heat conduction", NULL);
  PetscCall(PetscOptionsReal("-power", "Power of u in the conductivity", NULL, p.power, &p.power, NULL));
  PetscCall(PetscOptionsReal("-cold", "Conductivity where u = 0", NULL, p.cold, &p.cold, NULL));
  PetscCall(PetscOptionsReal("-wind", "Speed of advection", NULL, p.wind, &p.wind, NULL));
  PetscCall(PetscOptionsReal("-tf", "Final time", NULL, tf, &tf, NULL));
  PetscOptionsEnd();

  PetscCall(CreateMesh(PETSC_COMM_WORLD, &dm));
  PetscCall(DMPlexComputeGeometryFVM(dm, &p.cells, &p.faces));
  PetscCall(DMCreateGlobalVector(dm, &U));
  PetscCall(VecSet(U, 1e-3));
  PetscCall(DMCreateMatrix(dm, &J));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, dm));
  PetscCall(TSSetIFunction(ts, NULL, IFunction, &p));
  PetscCall(TSSetIJacobian(ts, J, J, IJacobian, &p));
  PetscCall(TSSetType(ts, TSBDF));
  PetscCall(TSSetTimeStep(ts, 1e-4));
  PetscCall(TSSetMaxTime(ts, tf));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetMaxStepRejections(ts, 100));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetMaxSNESFailures(ts, -1));
  PetscCall(TSSetTolerances(ts, 1e-3, NULL, 1e-3, NULL));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSSolve(ts, U));
  PetscCall(TSGetSolveTime(ts, &tf));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "time %g, %" PetscInt_FMT " steps\n", (double)tf, steps));
  PetscCall(TSDestroy(&ts));
  PetscCall(MatDestroy(&J));
  PetscCall(VecDestroy(&U));
  PetscCall(VecDestroy(&p.cells));
  PetscCall(VecDestroy(&p.faces));
  PetscCall(DMDestroy(&dm));
  PetscCall(PetscFinalize());
  return 0;
}
