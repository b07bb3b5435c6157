// PetRLRefiner: meshes with ghost cells beyond their boundary, as PETSc's finite volumes have them.
#include <petscfv.h>

#include <cmath>

#include "refine/refiner.hpp"

namespace petrl {

// Cells without ghosts, which come last.
static PetscErrorCode Interior(DM dm, PetscInt *end) {
  PetscInt ghosts;

  PetscFunctionBegin;
  PetscCall(DMPlexGetHeightStratum(dm, 0, NULL, end));
  PetscCall(PETRL_PLEX_GHOST_CELLS(dm, &ghosts, NULL));
  if (ghosts >= 0) *end = ghosts;
  PetscFunctionReturn(PETSC_SUCCESS);
}

bool RefinerFits(PetRLRefiner refiner, DM dm, DM mesh) {
  PetscInt one, other;
  if (RefinerSameMesh(dm, mesh)) return true;
  if (!refiner->data->ts.ghosts || Interior(dm, &one) || Interior(mesh, &other)) return false;
  return one == other;
}

PetscErrorCode RefinerHasGhosts(DM dm, bool *has) {
  PetscInt ghosts;
  PetscBool plex;

  PetscFunctionBegin;
  *has = false;
  PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMPLEX, &plex));
  if (!plex) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PETRL_PLEX_GHOST_CELLS(dm, &ghosts, NULL));
  int any = ghosts >= 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPI_INT, MPI_MAX, PetscObjectComm((PetscObject)dm)));
  *has = any != 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerSameCells(DM dm, DM mesh, bool *same) {
  PetscInt one, other;
  PetscReal volumes[2], x[2][3] = {{0, 0, 0}, {0, 0, 0}}, normal[3];

  PetscFunctionBegin;
  PetscCall(Interior(dm, &one));
  PetscCall(Interior(mesh, &other));
  int differs = one != other;
  for (PetscInt c = 0; c < one && !differs; ++c) {
    PetscCall(DMPlexComputeCellGeometryFVM(dm, c, &volumes[0], x[0], normal));
    PetscCall(DMPlexComputeCellGeometryFVM(mesh, c, &volumes[1], x[1], normal));
    const double size = std::sqrt(std::fabs(static_cast<double>(volumes[0])));
    for (int i = 0; i < 2; ++i)
      if (std::fabs(static_cast<double>(x[0][i] - x[1][i])) > 1e-6 * size) differs = 1;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &differs, 1, MPI_INT, MPI_MAX, PetscObjectComm((PetscObject)dm)));
  *same = differs == 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerGhosted(PetRLRefiner refiner, RefinerMesh &mesh, DM *ghosted) {
  MPI_Comm comm = PetscObjectComm((PetscObject)refiner);
  void *context;
  VecType vec_type;
  MatType mat_type;
  PetscInt fields;
  const char *name;
  PetscBool faces;

  PetscFunctionBegin;
  if (!mesh.ghosted) {
    PetscCall(DMGetNumFields(mesh.dm, &fields));
    for (PetscInt f = 0; f < fields; ++f) {
      PetscObject field;
      PetscClassId id;
      PetscCall(DMGetField(mesh.dm, f, NULL, &field));
      PetscCall(PetscObjectGetClassId(field, &id));
      PetscCheck(id == PETSCFV_CLASSID, comm, PETSC_ERR_SUP,
                 "The TS's DM has ghost cells (DMPlexConstructGhostCells()) and fields that are no finite volumes: "
                 "expected PetscFV fields");
    }
    PetscCall(DMHasLabel(mesh.dm, "Face Sets", &faces));
    PetscCheck(faces, comm, PETSC_ERR_SUP,
               "The TS's DM has ghost cells (DMPlexConstructGhostCells()), but the mesh has no label 'Face Sets' that "
               "says where they belong");
    PetscCall(DMPlexConstructGhostCells(mesh.dm, NULL, NULL, &mesh.ghosted));
    PetscCall(PetscObjectGetName((PetscObject)mesh.dm, &name));
    PetscCall(PetscObjectSetName((PetscObject)mesh.ghosted, name));
    PetscCall(DMSetOptionsPrefix(mesh.ghosted, ((PetscObject)mesh.dm)->prefix));
    PetscCall(DMGetVecType(mesh.dm, &vec_type));
    PetscCall(DMSetVecType(mesh.ghosted, vec_type));
    PetscCall(DMGetMatType(mesh.dm, &mat_type));
    PetscCall(DMSetMatType(mesh.ghosted, mat_type));
    PetscCall(DMGetApplicationContext(mesh.dm, &context));
    PetscCall(DMSetApplicationContext(mesh.ghosted, context));
    PetscCall(DMCopyDisc(mesh.dm, mesh.ghosted));
    PetscCall(RefinerCopyAdjacency(mesh.dm, mesh.ghosted));
  }
  *ghosted = mesh.ghosted;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerToGhosted(DM ghosted, Vec *u) {
  PetscInt n, m;
  const char *name;
  Vec v;

  PetscFunctionBegin;
  PetscCall(DMCreateGlobalVector(ghosted, &v));
  PetscCall(VecGetLocalSize(*u, &n));
  PetscCall(VecGetLocalSize(v, &m));
  PetscCheck(n == m, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%" PetscInt_FMT " unknowns, with ghost cells %" PetscInt_FMT, n,
             m);
  PetscCall(VecCopy(*u, v));
  PetscCall(PetscObjectGetName((PetscObject)*u, &name));
  PetscCall(PetscObjectSetName((PetscObject)v, name));
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)v, ((PetscObject)*u)->prefix));
  PetscCall(VecDestroy(u));
  *u = v;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
