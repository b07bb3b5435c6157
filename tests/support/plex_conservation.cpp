#include "support/plex_conservation.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "mesh/plex_cells.hpp"

#if defined(PETSC_USE_COMPLEX) || !defined(PETSC_USE_REAL_DOUBLE)
#error "Finite volumes are written for real scalars in double precision"
#endif

namespace petrl::conservation {

namespace {

constexpr char kKey[] = "PetRLConservation";

struct Context {
  CellMesh mesh;
  std::unique_ptr<FiniteVolume> volumes;
  DM slope_dm = nullptr;
  std::vector<PetscInt> local, global, slope_local;  // of each cell: where in local Vecs; global row (ghosts too)
  bool in_order = false;                             // local Vecs are the cells, as they come
  std::vector<double> u, slopes;
};

PetscErrorCode destroyContext(void *data) {
  auto *c = static_cast<Context *>(data);

  PetscFunctionBegin;
  PetscCall(DMDestroy(&c->slope_dm));
  delete c;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode contextOf(TS ts, Context **context) {
  PetscContainer container;
  void *data;

  PetscFunctionBegin;
  PetscCall(PetscObjectQuery(reinterpret_cast<PetscObject>(ts), kKey, reinterpret_cast<PetscObject *>(&container)));
  PetscCheck(container, PetscObjectComm(reinterpret_cast<PetscObject>(ts)), PETSC_ERR_ARG_WRONGSTATE,
             "This TS solves no conservation law: call plexConservation() first");
  PetscCall(PetscContainerGetPointer(container, &data));
  *context = static_cast<Context *>(data);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// `width` unknowns a cell, and nothing else.
PetscErrorCode cellSection(DM dm, PetscInt width) {
  PetscSection section;
  PetscInt start, end, c_start, c_end;

  PetscFunctionBegin;
  PetscCall(DMPlexGetChart(dm, &start, &end));
  PetscCall(DMPlexGetHeightStratum(dm, 0, &c_start, &c_end));
  PetscCall(PetscSectionCreate(PetscObjectComm(reinterpret_cast<PetscObject>(dm)), &section));
  PetscCall(PetscSectionSetNumFields(section, 1));
  PetscCall(PetscSectionSetFieldComponents(section, 0, width));
  PetscCall(PetscSectionSetFieldName(section, 0, "u"));
  PetscCall(PetscSectionSetChart(section, start, end));
  for (PetscInt c = c_start; c < c_end; ++c) {
    PetscCall(PetscSectionSetDof(section, c, width));
    PetscCall(PetscSectionSetFieldDof(section, c, 0, width));
  }
  PetscCall(PetscSectionSetUp(section));
  PetscCall(DMSetLocalSection(dm, section));
  PetscCall(DMCreateDS(dm));  // matrices of newer PETScs ask for it
  PetscCall(PetscSectionDestroy(&section));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode numberCells(DM dm, const std::vector<PetscInt> &points, Context *c) {
  PetscSection local, global, slopes;

  PetscFunctionBegin;
  PetscCall(DMGetLocalSection(dm, &local));
  PetscCall(DMGetGlobalSection(dm, &global));
  PetscCall(DMGetLocalSection(c->slope_dm, &slopes));
  c->in_order = true;
  c->local.clear(), c->global.clear(), c->slope_local.clear();
  for (std::size_t i = 0; i < points.size(); ++i) {
    PetscInt offset, row, slope;
    PetscCall(PetscSectionGetOffset(local, points[i], &offset));
    PetscCall(PetscSectionGetOffset(global, points[i], &row));
    PetscCall(PetscSectionGetOffset(slopes, points[i], &slope));
    c->local.push_back(offset);
    c->global.push_back(row < 0 ? -(row + 1) : row);
    c->slope_local.push_back(slope);
    if (offset != static_cast<PetscInt>(i)) c->in_order = false;
    // Arrays of global Vecs are used as they lie.
    const bool owned = i < static_cast<std::size_t>(c->mesh.owned);
    PetscCheck(owned == (row >= 0), PETSC_COMM_SELF, PETSC_ERR_PLIB, "Cell %" PetscInt_FMT " has changed its owner",
               points[i]);
    PetscCheck(!owned || row == c->global[0] + static_cast<PetscInt>(i), PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "Cells are not numbered as their points are");
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Values of all cells; an array to be given back to `local`, or the context's own.
PetscErrorCode ghosted(DM dm, Context *c, Vec u, Vec *local, const PetscScalar **raw, const double **values) {
  PetscFunctionBegin;
  PetscCall(DMGetLocalVector(dm, local));
  PetscCall(DMGlobalToLocal(dm, u, INSERT_VALUES, *local));
  PetscCall(VecGetArrayRead(*local, raw));
  *values = *raw;
  if (!c->in_order) {
    c->u.resize(c->local.size());
    for (std::size_t i = 0; i < c->u.size(); ++i) c->u[i] = (*raw)[c->local[i]];
    *values = c->u.data();
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode restoreGhosted(DM dm, Vec *local, const PetscScalar **raw) {
  PetscFunctionBegin;
  PetscCall(VecRestoreArrayRead(*local, raw));
  PetscCall(DMRestoreLocalVector(dm, local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Slopes of ghosts come from their owners.
PetscErrorCode exchangedSlopes(Context *c, double t, const double *u) {
  const auto width = static_cast<std::size_t>(c->volumes->slopeWidth());
  const auto owned = static_cast<std::size_t>(c->mesh.owned), cells = static_cast<std::size_t>(c->mesh.cells);
  Vec global, local;
  PetscScalar *mine;
  const PetscScalar *all;

  PetscFunctionBegin;
  c->slopes.resize(width * cells);
  PetscCall(DMGetGlobalVector(c->slope_dm, &global));
  PetscCall(VecGetArrayWrite(global, &mine));
  c->volumes->slopes(t, u, mine);
  std::copy(mine, mine + width * owned, c->slopes.begin());
  PetscCall(VecRestoreArrayWrite(global, &mine));
  PetscCall(DMGetLocalVector(c->slope_dm, &local));
  PetscCall(DMGlobalToLocal(c->slope_dm, global, INSERT_VALUES, local));
  PetscCall(VecGetArrayRead(local, &all));
  for (std::size_t i = owned; i < cells; ++i)
    for (std::size_t k = 0; k < width; ++k)
      c->slopes[width * i + k] = all[static_cast<std::size_t>(c->slope_local[i]) + k];
  PetscCall(VecRestoreArrayRead(local, &all));
  PetscCall(DMRestoreLocalVector(c->slope_dm, &local));
  PetscCall(DMRestoreGlobalVector(c->slope_dm, &global));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode rightHandSide(TS ts, PetscReal t, Vec u, Vec f, void *data) {
  auto *c = static_cast<Context *>(data);
  DM dm;
  Vec local;
  PetscMPIInt size;
  const PetscScalar *raw;
  const double *values;
  PetscScalar *out;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &dm));
  PetscCallMPI(MPI_Comm_size(PetscObjectComm(reinterpret_cast<PetscObject>(ts)), &size));
  PetscCall(ghosted(dm, c, u, &local, &raw, &values));
  if (size > 1) PetscCall(exchangedSlopes(c, t, values));
  PetscCall(VecGetArrayWrite(f, &out));
  if (size > 1)
    PetRLCallCXX(c->volumes->rhsFromSlopes(t, values, c->slopes.data(), out));
  else
    PetRLCallCXX(c->volumes->rhs(t, values, out));
  PetscCall(VecRestoreArrayWrite(f, &out));
  PetscCall(restoreGhosted(dm, &local, &raw));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Derivatives of the first-order flux by what is left and right.
void fluxDerivatives(bool burgers, double k, double left, double right, double d[2]) {
  d[0] = d[1] = 0;
  const int behind = k > 0 ? 0 : 1;
  if (!burgers) {
    d[behind] = k;
    return;
  }
  const double p = std::max(behind == 0 ? left : right, 0.), m = std::min(behind == 0 ? right : left, 0.);
  if (p * p > m * m)
    d[behind] = k * p;
  else
    d[1 - behind] = k * m;
}

PetscErrorCode jacobian(TS ts, PetscReal t, Vec u, Mat A, Mat P, void *data) {
  auto *c = static_cast<Context *>(data);
  DM dm;
  Vec local;
  const PetscScalar *raw;
  const double *values;
  const FaceArrays f = c->volumes->faces();
  const Law &law = c->volumes->law();
  const bool burgers = law.kind == Law::Kind::burgers;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(ghosted(dm, c, u, &local, &raw, &values));
  PetscCall(MatZeroEntries(P));
  std::vector<const FiniteVolume::Given *> given(static_cast<std::size_t>(f.n), nullptr);
  for (const auto &g : c->volumes->given()) given[static_cast<std::size_t>(g.face)] = &g;
  for (int i = 0; i < f.n; ++i) {
    const auto l = static_cast<std::size_t>(f.left[i]), r = static_cast<std::size_t>(f.right[i]);
    double d[2];
    if (l == r) {  // boundary: one cell, and perhaps a value beyond
      double beyond = values[l];
      if (const auto *g = given[static_cast<std::size_t>(i)]) {
        beyond = c->volumes->boundary()[static_cast<std::size_t>(g->entry)].value(t, g->centre);
        fluxDerivatives(burgers, f.k[i], values[l], beyond, d);
      } else {
        fluxDerivatives(burgers, f.k[i], values[l], beyond, d);
        d[0] += d[1];
      }
      d[0] += law.viscosity * f.direct[i];
      PetscCall(MatSetValue(P, c->global[l], c->global[l], -d[0] / c->mesh.volume[l], ADD_VALUES));
      continue;
    }
    fluxDerivatives(burgers, f.k[i], values[l], values[r], d);
    d[0] += law.viscosity * f.direct[i];
    d[1] -= law.viscosity * f.direct[i];
    const PetscInt columns[2] = {c->global[l], c->global[r]};
    const PetscScalar leaving[2] = {-d[0] / c->mesh.volume[l], -d[1] / c->mesh.volume[l]};
    PetscCall(MatSetValues(P, 1, &columns[0], 2, columns, leaving, ADD_VALUES));
    if (f.right[i] >= c->mesh.owned) continue;
    const PetscScalar coming[2] = {d[0] / c->mesh.volume[r], d[1] / c->mesh.volume[r]};
    PetscCall(MatSetValues(P, 1, &columns[1], 2, columns, coming, ADD_VALUES));
  }
  PetscCall(restoreGhosted(dm, &local, &raw));
  PetscCall(MatAssemblyBegin(P, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(P, MAT_FINAL_ASSEMBLY));
  if (A != P) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode settingsFromOptions(TS ts, FiniteVolumeSettings *settings) {
  const char *const names[] = {"none", "sharp", "smooth", "Limiter", "", nullptr};
  PetscEnum limiter = static_cast<PetscEnum>(settings->limiter);
  const char *prefix;
  PetscBool first = settings->first_order ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(TSGetOptionsPrefix(ts, &prefix));
  PetscOptionsBegin(PetscObjectComm(reinterpret_cast<PetscObject>(ts)), prefix, "Finite volumes on a DMPlex", "TS");
  PetscCall(PetscOptionsEnum("-conservation_limiter", "Limiter of the gradients", "plexConservation", names, limiter,
                             &limiter, nullptr));
  PetscCall(
      PetscOptionsBool("-conservation_first_order", "No gradients at all", "plexConservation", first, &first, nullptr));
  PetscOptionsEnd();
  settings->limiter = static_cast<Limiter>(limiter);
  settings->first_order = first == PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode plexConservation(TS ts, DM dm, const Law &law, const std::vector<BoundaryValue> &boundary,
                                const FiniteVolumeSettings &defaults) {
  FiniteVolumeSettings settings = defaults;
  PetscContainer container;
  PetscMPIInt size;
  PetscBool plex;
  PetscInt overlap;
  DM own;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare(reinterpret_cast<PetscObject>(dm), DMPLEX, &plex));
  PetscCheck(plex, PetscObjectComm(reinterpret_cast<PetscObject>(dm)), PETSC_ERR_ARG_WRONG,
             "Finite volumes need a DMPlex");
  PetscCallMPI(MPI_Comm_size(PetscObjectComm(reinterpret_cast<PetscObject>(dm)), &size));
  PetscCall(DMPlexGetOverlap(dm, &overlap));
  PetscCheck(size == 1 || overlap > 0, PetscObjectComm(reinterpret_cast<PetscObject>(dm)), PETSC_ERR_ARG_WRONG,
             "The DMPlex has no overlap: finite volumes need one layer of cells (plexDistribute())");

  PetscCall(settingsFromOptions(ts, &settings));
  auto *c = new Context;
  PetscCall(PetscContainerCreate(PetscObjectComm(reinterpret_cast<PetscObject>(ts)), &container));
  PetscCall(PetscContainerSetPointer(container, c));
  PetscCall(PetscContainerSetUserDestroy(container, destroyContext));

  PetscCall(DMClone(dm, &own));
  PetscCall(cellSection(own, 1));
  PetscCall(DMSetBasicAdjacency(own, PETSC_TRUE, PETSC_FALSE));
  std::vector<PetscInt> points;
  PetRLCallCXX(c->mesh = cellMeshFromPlex(own, &points));
  PetRLCallCXX(c->volumes = std::make_unique<FiniteVolume>(c->mesh, law, boundary, settings));
  PetscCall(DMClone(dm, &c->slope_dm));
  PetscCall(cellSection(c->slope_dm, c->volumes->slopeWidth()));
  PetscCall(numberCells(own, points, c));

  PetscCall(TSSetDM(ts, own));
  PetscCall(TSSetRHSFunction(ts, nullptr, rightHandSide, c));
  PetscCall(TSSetRHSJacobian(ts, nullptr, nullptr, jacobian, c));
  PetscCall(PetscObjectCompose(reinterpret_cast<PetscObject>(ts), kKey, reinterpret_cast<PetscObject>(container)));
  PetscCall(PetscContainerDestroy(&container));
  PetscCall(DMDestroy(&own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode plexConservationMesh(TS ts, const CellMesh **mesh) {
  Context *c = nullptr;

  PetscFunctionBegin;
  PetscCall(contextOf(ts, &c));
  *mesh = &c->mesh;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode plexConservationStableStep(TS ts, Vec u, PetscReal *dt) {
  Context *c = nullptr;
  DM dm;
  Vec local;
  const PetscScalar *raw;
  const double *values;
  PetscReal mine = 0;

  PetscFunctionBegin;
  PetscCall(contextOf(ts, &c));
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(ghosted(dm, c, u, &local, &raw, &values));
  PetRLCallCXX(mine = c->volumes->stableStep(values));
  PetscCall(restoreGhosted(dm, &local, &raw));
  PetscCallMPI(MPI_Allreduce(&mine, dt, 1, MPIU_REAL, MPIU_MIN, PetscObjectComm(reinterpret_cast<PetscObject>(ts))));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode plexConservationAverages(TS ts, const Truth &truth, PetscReal t, Vec u) {
  Context *c = nullptr;
  PetscScalar *out;

  PetscFunctionBegin;
  PetscCall(contextOf(ts, &c));
  PetscCall(VecGetArrayWrite(u, &out));
  PetRLCallCXX(truth.cellAverages(c->mesh, t, out));
  PetscCall(VecRestoreArrayWrite(u, &out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode plexDistribute(DM *dm) {
  DM parallel;

  PetscFunctionBegin;
  // Ghosts are the cells that share a vertex.
  PetscCall(DMSetBasicAdjacency(*dm, PETSC_FALSE, PETSC_TRUE));
  PetscCall(DMPlexDistribute(*dm, 1, nullptr, &parallel));
  if (parallel) {
    PetscCall(DMDestroy(dm));
    *dm = parallel;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::conservation
