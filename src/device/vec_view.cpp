#include "device/vec_view.hpp"

namespace petrl::device {

namespace {

// -petrl_memtype host takes a device's Vec on the host.
PetscErrorCode TakesOnHost(Vec v, Space wanted, bool *on_host) {
  Space space = Space::device;
  PetscFunctionBegin;
  if (wanted == Space::host) PetscCall(VecSpace(v, &space));
  *on_host = wanted == Space::host && space == Space::host;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode VecView::beginRead(Vec v, Space wanted, const PetscScalar **values) {
  PetscMemType type = PETSC_MEMTYPE_HOST;
  PetscInt n;

  PetscFunctionBegin;
  PetscCall(TakesOnHost(v, wanted, &on_host_));
  if (on_host_)
    PetscCall(VecGetArrayRead(v, &read_));
  else
    PetscCall(VecGetArrayReadAndMemType(v, &read_, &type));
  vec_ = v;
  wanted_ = wanted;
  there_ = PetscMemTypeDevice(type) ? Space::device : Space::host;
  *values = read_;
  if (there_ == wanted) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetLocalSize(v, &n));
  PetscCall(copy_.resize(wanted, static_cast<std::size_t>(n)));
  PetscCall(runtime()->copy(copy_.data(), wanted, read_, there_, copy_.size() * sizeof(PetscScalar)));
  *values = copy_.data();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode VecView::endRead() {
  PetscFunctionBegin;
  if (on_host_)
    PetscCall(VecRestoreArrayRead(vec_, &read_));
  else
    PetscCall(VecRestoreArrayReadAndMemType(vec_, &read_));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode VecView::beginWrite(Vec v, Space wanted, PetscScalar **values) {
  PetscMemType type = PETSC_MEMTYPE_HOST;
  PetscInt n;

  PetscFunctionBegin;
  PetscCall(TakesOnHost(v, wanted, &on_host_));
  if (on_host_)
    PetscCall(VecGetArrayWrite(v, &write_));
  else
    PetscCall(VecGetArrayWriteAndMemType(v, &write_, &type));
  vec_ = v;
  wanted_ = wanted;
  there_ = PetscMemTypeDevice(type) ? Space::device : Space::host;
  *values = write_;
  if (there_ == wanted) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetLocalSize(v, &n));
  PetscCall(copy_.resize(wanted, static_cast<std::size_t>(n)));
  *values = copy_.data();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode VecView::endWrite() {
  PetscFunctionBegin;
  if (there_ != wanted_)
    PetscCall(runtime()->copy(write_, there_, copy_.data(), wanted_, copy_.size() * sizeof(PetscScalar)));
  if (on_host_)
    PetscCall(VecRestoreArrayWrite(vec_, &write_));
  else
    PetscCall(VecRestoreArrayWriteAndMemType(vec_, &write_));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::device
