// PetRLRefiner where the solution lives on a device: what is observed and predicted is computed there.
#include "device/vec_view.hpp"
#include "refine/refiner.hpp"

namespace petrl {

namespace {

DevicePrediction::Exchange exchangeOf(RefinerMesh &mesh, device::Space space) {
  if (!mesh.halo.needed()) return {};
  return [&mesh, space](std::size_t bytes, int width, void *rows) {
    return mesh.halo.fill(bytes == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE, width, rows, space);
  };
}

// Where each cell's numbers are in the array of a Vec (of a local one, where unknowns are at vertices): real numbers.
PetscErrorCode Offsets(PetRLRefiner refiner, DM dm, Vec u, const FieldLayout &layout) {
  RefinerData &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;
  const PetscInt reals = FieldLayout::kReals;
  PetscSection section;
  PetscObjectId id;
  PetscInt first = 0, vertices = 0, offset;
  std::vector<PetscInt> places;

  PetscFunctionBegin;
  if (layout.vertices) {
    PetscCall(DMGetLocalSection(dm, &section));
    PetscCall(DMPlexGetDepthStratum(dm, 0, &vertices, NULL));
  } else {
    PetscCall(DMGetGlobalSection(dm, &section));
    PetscCall(VecGetOwnershipRange(u, &first, NULL));
  }
  PetscCall(PetscObjectGetId((PetscObject)section, &id));
  if (id == r.placed) PetscFunctionReturn(PETSC_SUCCESS);
  const int each = layout.vertices ? m.slots() : 1;
  for (int c = 0; c < m.owned; ++c)
    for (int k = 0; k < each; ++k) {
      const PetscInt point = layout.vertices ? vertices + m.vertex[c * each + k] : r.mesh->points[c];
      PetscCall(PetscSectionGetOffset(section, point, &offset));
      PetRLCallCXX(places.push_back((offset - first) * reals));
    }
  PetscCall(r.places.resize(r.device->space(), places.size()));
  PetscCall(r.places.set(places.data()));
  r.placed = id;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// One Vec's components that count.
PetscErrorCode Take(PetRLRefiner refiner, bool rate, DM dm, Vec u, const FieldLayout &layout,
                    const std::vector<PetscInt> &components) {
  RefinerData &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;
  device::VecView view;
  const PetscScalar *values;
  Vec from = u;

  PetscFunctionBegin;
  PetscCall(Offsets(refiner, dm, u, layout));
  if (layout.vertices) {
    PetscCall(DMGetLocalVector(dm, &from));
    PetscCall(DMGlobalToLocal(dm, u, INSERT_VALUES, from));
  }
  PetscCall(view.beginRead(from, r.device->space(), &values));
  for (std::size_t k = 0; k < components.size(); ++k)
    PetscCall(r.device->take(rate, k, reinterpret_cast<const PetscReal *>(values), r.places,
                             layout.vertices ? m.slots() : 1, m.owned, components[k]));
  PetscCall(view.end());
  if (layout.vertices) PetscCall(DMRestoreLocalVector(dm, &from));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode RefinerFollowState(PetRLRefiner refiner, const RefinementPolicy *policy, Vec u) {
  RefinerData &r = *refiner->data;
  device::Space space = device::Space::host;
  FieldLayout layout;
  DM dm;

  PetscFunctionBegin;
  if (policy && !r.rule && DevicePrediction::serves(*policy)) PetscCall(device::VecSpace(u, &space));
  if (space != device::Space::host) {
    PetscCall(RefinerVecDM(refiner, u, *r.mesh, "The solution", &dm));
    PetscCall(RefinerLayout(dm, "The solution", &layout));
    if (layout.constrained) space = device::Space::host;  // PETSc computes boundary values there
  }
  if (space == device::Space::host) {
    r.device.reset();
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (r.device && r.device_mesh == r.mesh) PetscFunctionReturn(PETSC_SUCCESS);
  PetRLCallCXX(if (!r.device) r.device = std::make_unique<DevicePrediction>());
  PetscCall(r.device->setUp(space, *policy, r.mesh->cells));
  r.device_mesh = r.mesh;
  r.placed = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerObserveOnDevice(PetRLRefiner refiner, Vec u, Vec udot, FieldLayout &layout,
                                      std::vector<double> &range, bool *finite) {
  RefinerData &r = *refiner->data;
  std::vector<PetscInt> components;
  std::vector<double> reached;
  FieldLayout same;
  DM dm;

  PetscFunctionBegin;
  PetscCall(RefinerVecDM(refiner, u, *r.mesh, "The solution", &dm));
  PetscCall(RefinerLayout(dm, "The solution", &layout));
  PetscCall(RefinerComponents(refiner, layout.width, components));
  PetscCall(r.device->begin(components.size()));
  PetscCall(Take(refiner, false, dm, u, layout, components));
  if (udot) {
    PetscCall(RefinerVecDM(refiner, udot, *r.mesh, "The rate", &dm));
    PetscCall(RefinerLayout(dm, "The rate", &same));
    PetscCall(RefinerSameWidth(refiner, layout, same));
    PetscCall(Take(refiner, true, dm, udot, layout, components));
  }
  r.device_rates = udot != NULL;
  PetRLCallCXX(reached.resize(2 * components.size()));
  PetscCall(r.device->reach(reached.data(), finite));
  PetscCall(RefinerJoinRanges(refiner, reached, range, finite));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerObserveFieldOnDevice(PetRLRefiner refiner, std::size_t field, double range, PetscReal interval) {
  RefinerData &r = *refiner->data;

  PetscFunctionBegin;
  PetscCall(r.device->observe(field, r.device_rates, range, interval, exchangeOf(*r.mesh, r.device->space())));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerInferOnDevice(PetRLRefiner refiner) {
  RefinerData &r = *refiner->data;

  PetscFunctionBegin;
  PetscCall(r.device->infer(exchangeOf(*r.mesh, r.device->space())));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
