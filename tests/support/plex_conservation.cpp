#include "support/plex_conservation.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "device/vec_view.hpp"
#include "mesh/halo.hpp"
#include "mesh/plex_cells.hpp"
#include "problems/conservation/device_volumes.hpp"

#if defined(PETSC_USE_COMPLEX) || !defined(PETSC_USE_REAL_DOUBLE)
#error "Finite volumes are written for real scalars in double precision"
#endif

namespace petrl::conservation {

namespace {

constexpr char kKey[] = "PetRLConservation";

struct Context {
  CellMesh mesh;
  std::unique_ptr<FiniteVolume> volumes;
  std::unique_ptr<DeviceVolumes> device;  // where the solution lives on one
  Halo halo;
  std::vector<PetscInt> global;  // of each cell: its row, ghosts' too
  device::Array<double> u;       // of all cells, on several ranks
  std::vector<double> slopes;
};

PetscErrorCode destroyContext(void *data) {
  PetscFunctionBegin;
  delete static_cast<Context *>(data);
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

// One unknown a cell, and nothing else.
PetscErrorCode cellSection(DM dm) {
  PetscSection section;
  PetscInt start, end, c_start, c_end;

  PetscFunctionBegin;
  PetscCall(DMPlexGetChart(dm, &start, &end));
  PetscCall(DMPlexGetHeightStratum(dm, 0, &c_start, &c_end));
  PetscCall(PetscSectionCreate(PetscObjectComm(reinterpret_cast<PetscObject>(dm)), &section));
  PetscCall(PetscSectionSetNumFields(section, 1));
  PetscCall(PetscSectionSetFieldComponents(section, 0, 1));
  PetscCall(PetscSectionSetFieldName(section, 0, "u"));
  PetscCall(PetscSectionSetChart(section, start, end));
  for (PetscInt c = c_start; c < c_end; ++c) {
    PetscCall(PetscSectionSetDof(section, c, 1));
    PetscCall(PetscSectionSetFieldDof(section, c, 0, 1));
  }
  PetscCall(PetscSectionSetUp(section));
  PetscCall(DMSetLocalSection(dm, section));
  PetscCall(DMCreateDS(dm));  // matrices of newer PETScs ask for it
  PetscCall(PetscSectionDestroy(&section));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode numberCells(DM dm, const std::vector<PetscInt> &points, Context *c) {
  PetscSection global;

  PetscFunctionBegin;
  PetscCall(DMGetGlobalSection(dm, &global));
  for (std::size_t i = 0; i < points.size(); ++i) {
    PetscInt row;
    PetscCall(PetscSectionGetOffset(global, points[i], &row));
    PetRLCallCXX(c->global.push_back(row < 0 ? -(row + 1) : row));
    // Arrays of global Vecs are used as they lie.
    const bool owned = i < static_cast<std::size_t>(c->mesh.owned);
    PetscCheck(owned == (row >= 0), PETSC_COMM_SELF, PETSC_ERR_PLIB, "Cell %" PetscInt_FMT " has changed its owner",
               points[i]);
    PetscCheck(!owned || row == c->global[0] + static_cast<PetscInt>(i), PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "Cells are not numbered as their points are");
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Values of all cells in a space: of the Vec itself on one rank. To be ended as the view is.
PetscErrorCode beginCells(Context *c, Vec u, device::Space space, device::VecView *view, const double **values) {
  const std::size_t owned = static_cast<std::size_t>(c->mesh.owned);

  PetscFunctionBegin;
  PetscCall(view->beginRead(u, space, values));
  if (!c->halo.needed()) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(c->u.resize(space, static_cast<std::size_t>(c->mesh.cells)));
  if (space == device::Space::device)
    PetscCall(device::runtime()->copy(c->u.data(), space, *values, space, owned * sizeof(double)));
  else
    PetscCall(PetscArraycpy(c->u.data(), *values, owned));
  PetscCall(c->halo.fill(MPI_DOUBLE, 1, c->u.data(), space));
  *values = c->u.data();
  PetscFunctionReturn(PETSC_SUCCESS);
}

// What is computed with where this Vec lives.
PetscErrorCode follow(Context *c, Vec u, device::Space *space) {
  PetscFunctionBegin;
  PetscCall(device::VecSpace(u, space));
  if (*space == device::Space::host || c->device) PetscFunctionReturn(PETSC_SUCCESS);
  PetRLCallCXX(c->device = std::make_unique<DeviceVolumes>());
  PetscCall(c->device->setUp(*space, *c->volumes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode onHost(Context *c, PetscReal t, const double *u, double *dudt) {
  const auto width = static_cast<std::size_t>(c->volumes->slopeWidth());

  PetscFunctionBegin;
  if (!c->halo.needed()) {
    PetRLCallCXX(c->volumes->rhs(t, u, dudt));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetRLCallCXX(c->slopes.resize(width * static_cast<std::size_t>(c->mesh.cells)));
  PetRLCallCXX(c->volumes->slopes(t, u, c->slopes.data()));
  PetscCall(c->halo.fill(MPI_DOUBLE, static_cast<int>(width), c->slopes.data()));
  PetRLCallCXX(c->volumes->rhsFromSlopes(t, u, c->slopes.data(), dudt));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode onDevice(Context *c, PetscReal t, const double *u, double *dudt) {
  DeviceVolumes::Exchange exchange;

  PetscFunctionBegin;
  if (c->halo.needed())
    exchange = [c](int width, double *rows) { return c->halo.fill(MPI_DOUBLE, width, rows, c->device->space()); };
  PetscCall(c->device->rhs(t, u, dudt, exchange));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode rightHandSide(TS, PetscReal t, Vec u, Vec f, void *data) {
  auto *c = static_cast<Context *>(data);
  device::Space space;
  device::VecView in, out;
  const double *values;
  double *rates;

  PetscFunctionBegin;
  PetscCall(follow(c, u, &space));
  PetscCall(beginCells(c, u, space, &in, &values));
  PetscCall(out.begin(f, space, device::Access::write, &rates));
  PetscCall(space == device::Space::device ? onDevice(c, t, values, rates) : onHost(c, t, values, rates));
  PetscCall(out.end());
  PetscCall(in.end());
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

// On the host, wherever the solution lives: PETSc puts the entries of matrices in their places there.
PetscErrorCode jacobian(TS, PetscReal t, Vec u, Mat A, Mat P, void *data) {
  auto *c = static_cast<Context *>(data);
  device::VecView view;
  const double *values;
  const Volumes v = c->volumes->arrays();
  const FaceArrays &f = v.face;
  const Law &law = c->volumes->law();
  std::vector<const double *> beyond;  // of each face: the value there

  PetscFunctionBegin;
  PetscCall(beginCells(c, u, device::Space::host, &view, &values));
  PetscCall(MatZeroEntries(P));
  PetRLCallCXX(beyond.assign(static_cast<std::size_t>(f.n), nullptr));
  PetRLCallCXX(c->volumes->givenValues(t));
  for (int i = 0; i < v.given.n; ++i) beyond[static_cast<std::size_t>(v.given.face[i])] = &v.given.value[i];
  for (int i = 0; i < f.n; ++i) {
    const auto l = static_cast<std::size_t>(f.left[i]), r = static_cast<std::size_t>(f.right[i]);
    double d[2];
    if (l == r) {  // boundary: one cell, and perhaps a value beyond
      const double *const given = beyond[static_cast<std::size_t>(i)];
      fluxDerivatives(v.burgers, f.k[i], values[l], given ? *given : values[l], d);
      if (!given) d[0] += d[1];
      d[0] += law.viscosity * f.direct[i];
      PetscCall(MatSetValue(P, c->global[l], c->global[l], -d[0] / c->mesh.volume[l], ADD_VALUES));
      continue;
    }
    fluxDerivatives(v.burgers, f.k[i], values[l], values[r], d);
    d[0] += law.viscosity * f.direct[i];
    d[1] -= law.viscosity * f.direct[i];
    const PetscInt columns[2] = {c->global[l], c->global[r]};
    const PetscScalar leaving[2] = {-d[0] / c->mesh.volume[l], -d[1] / c->mesh.volume[l]};
    PetscCall(MatSetValues(P, 1, &columns[0], 2, columns, leaving, ADD_VALUES));
    if (f.right[i] >= c->mesh.owned) continue;
    const PetscScalar coming[2] = {d[0] / c->mesh.volume[r], d[1] / c->mesh.volume[r]};
    PetscCall(MatSetValues(P, 1, &columns[1], 2, columns, coming, ADD_VALUES));
  }
  PetscCall(view.end());
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
  VecType type;
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
  PetscCall(DMGetVecType(dm, &type));
  PetscCall(DMSetVecType(own, type));
  PetscCall(cellSection(own));
  PetscCall(DMSetBasicAdjacency(own, PETSC_TRUE, PETSC_FALSE));
  std::vector<PetscInt> points;
  PetRLCallCXX(c->mesh = cellMeshFromPlex(own, &points));
  PetRLCallCXX(c->volumes = std::make_unique<FiniteVolume>(c->mesh, law, boundary, settings));
  PetscCall(c->halo.setUp(own, points, c->mesh.owned, false));
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
  device::Space space;
  device::VecView view;
  const double *values;
  PetscReal mine = 0;

  PetscFunctionBegin;
  PetscCall(contextOf(ts, &c));
  PetscCall(follow(c, u, &space));
  PetscCall(beginCells(c, u, space, &view, &values));
  if (space == device::Space::device)
    PetscCall(c->device->stableStep(values, &mine));
  else
    PetRLCallCXX(mine = c->volumes->stableStep(values));
  PetscCall(view.end());
  PetscCallMPI(MPI_Allreduce(&mine, dt, 1, MPIU_REAL, MPIU_MIN, PetscObjectComm(reinterpret_cast<PetscObject>(ts))));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode plexConservationAverages(TS ts, const Truth &truth, PetscReal t, Vec u) {
  Context *c = nullptr;
  device::VecView view;
  PetscScalar *out;

  PetscFunctionBegin;
  PetscCall(contextOf(ts, &c));
  PetscCall(view.begin(u, device::Space::host, device::Access::write, &out));
  PetRLCallCXX(truth.cellAverages(c->mesh, t, out));
  PetscCall(view.end());
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
