// PetRLClosure where the state lives on a device: nothing but a few numbers comes to the host.
#include <petsc/private/vecimpl.h>

#include <cstring>

#include "closure/closure.hpp"
#include "device/vec_view.hpp"

namespace petrl {

namespace {

// A type that makes such Vecs on any number of ranks. PETSc takes a type that it does not know for a standard one.
PetscErrorCode RootType(Vec v, VecType *type) {
  PetscBool plain;

  PetscFunctionBegin;
  PetscCall(VecGetRootType_Private(v, type));
  PetscCall(PetscObjectTypeCompareAny((PetscObject)v, &plain, VECSTANDARD, VECSEQ, VECMPI, VECSHARED, ""));
  if (!plain && !std::strcmp(*type, VECSTANDARD)) *type = ((PetscObject)v)->type_name;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The ghosted Vecs and our own are of the state's type, whatever the DM's Vecs would be.
PetscErrorCode MatchVecs(PetRLClosure closure, Vec X) {
  Closure &c = *closure->data;
  VecType wanted, type;

  PetscFunctionBegin;
  PetscCall(RootType(X, &wanted));
  PetscCall(RootType(c.work, &type));
  if (std::strcmp(type, wanted)) {
    PetscCall(VecDestroy(&c.work));
    PetscCall(VecDuplicate(X, &c.work));
  }
  if (c.grids.empty()) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMGetVecType(c.grids.begin()->second, &type));
  if (!std::strcmp(type, wanted)) PetscFunctionReturn(PETSC_SUCCESS);
  for (FieldSource &source : c.sources) PetscCall(DMRestoreLocalVector(source.ghosted, &source.local));
  for (const auto &[dof, grid] : c.grids) {
    PetscCall(DMClearLocalVectors(grid));
    PetscCall(DMSetVecType(grid, wanted));
  }
  for (FieldSource &source : c.sources) {
    PetscCall(DMGetLocalVector(source.ghosted, &source.local));
    source.seen = -1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Ranges(PetRLClosure closure) {
  Closure &c = *closure->data;

  PetscFunctionBegin;
  if (c.input->reach() == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetRLCallCXX(c.reached.resize(2 * c.channels.size()));
  PetscCall(c.device->ranges(c.reached.data()));
  PetscCall(ClosureJoinRanges(closure));
  for (std::size_t i = 0; i < c.channels.size(); ++i) c.device->setRange(i, c.reached[2 * i + 1] - c.reached[2 * i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode ClosureFollowState(PetRLClosure closure, Vec X) {
  Closure &c = *closure->data;
  device::Space space;

  PetscFunctionBegin;
  if (c.cells || c.state_type == ((PetscObject)X)->type_name) PetscFunctionReturn(PETSC_SUCCESS);
  c.inferences = 0;  // answers are where the state was
  PetscCall(MatchVecs(closure, X));
  PetscCall(device::VecSpace(X, &space));
  if (space == device::Space::host || !DeviceClosure::serves(c.policy) || std::strcmp(c.backend->name(), "native")) {
    c.device.reset();
    PetRLCallCXX(c.state_type = ((PetscObject)X)->type_name);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  DevicePatch patch;
  patch.dimensions = static_cast<int>(c.dim);
  patch.own = c.own();
  patch.ghost = static_cast<int>(c.ghost);
  std::copy_n(c.inside, 6, patch.inside);
  std::unique_ptr<DeviceClosure> made;
  PetRLCallCXX(made = std::make_unique<DeviceClosure>(c.policy, c.file));
  PetscCall(made->setUp(space, patch));
  c.device = std::move(made);
  PetRLCallCXX(c.state_type = ((PetscObject)X)->type_name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureObserveOnDevice(PetRLClosure closure, Vec X) {
  Closure &c = *closure->data;

  PetscFunctionBegin;
  for (std::size_t s = 0; s < c.sources.size(); ++s) {
    FieldSource &source = c.sources[s];
    device::VecView view;
    const PetscScalar *values;
    PetscCall(ClosureFetch(source, X));
    PetscCall(view.beginRead(source.local, c.device->space(), &values));
    for (std::size_t i = 0; i < c.channels.size(); ++i) {
      if (c.channels[i].source == s) PetscCall(c.device->observe(i, values + c.channels[i].component, source.dof));
    }
    PetscCall(view.end());
  }
  PetscCall(Ranges(closure));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureWriteOnDevice(PetRLClosure closure, bool use, Vec A) {
  Closure &c = *closure->data;
  device::VecView view;
  PetscScalar *a;
  std::vector<PetscInt> places;

  PetscFunctionBegin;
  for (const int component : c.correction->components())
    PetRLCallCXX(places.push_back(c.channels[static_cast<std::size_t>(component)].component));
  PetscCall(view.begin(A, c.device->space(), device::Access::write, &a));
  PetscCall(c.device->write(use, a, c.sources[0].dof, places));
  PetscCall(view.end());
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
