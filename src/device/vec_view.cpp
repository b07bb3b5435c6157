#include "device/vec_view.hpp"

namespace petrl::device {

PetscErrorCode VecView::begin(Vec v, Space wanted, Access access, PetscScalar **values) {
  PetscMemType type = PETSC_MEMTYPE_HOST;
  PetscInt n;

  PetscFunctionBegin;
  vec_ = v;
  wanted_ = wanted;
  access_ = access;
  // -petrl_memtype host: PETSc copies.
  on_host_ = false;
  if (wanted == Space::host) PetscCall(AlwaysOnHost(&on_host_));
  const PetscScalar *read = nullptr;
  if (access == Access::read) {
    PetscCall(on_host_ ? VecGetArrayRead(v, &read) : VecGetArrayReadAndMemType(v, &read, &type));
    taken_ = const_cast<PetscScalar *>(read);
  } else if (access == Access::write) {
    PetscCall(on_host_ ? VecGetArrayWrite(v, &taken_) : VecGetArrayWriteAndMemType(v, &taken_, &type));
  } else {
    PetscCall(on_host_ ? VecGetArray(v, &taken_) : VecGetArrayAndMemType(v, &taken_, &type));
  }
  there_ = PetscMemTypeDevice(type) ? Space::device : Space::host;
  *values = taken_;
  if (there_ == wanted) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NeedRuntime(v));
  PetscCall(VecGetLocalSize(v, &n));
  PetscCall(copy_.resize(wanted, static_cast<std::size_t>(n)));
  if (access != Access::write)
    PetscCall(runtime()->copy(copy_.data(), wanted, taken_, there_, copy_.size() * sizeof(PetscScalar)));
  *values = copy_.data();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode VecView::beginRead(Vec v, Space wanted, const PetscScalar **values) {
  PetscScalar *taken;
  PetscFunctionBegin;
  PetscCall(begin(v, wanted, Access::read, &taken));
  *values = taken;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode VecView::end() {
  PetscFunctionBegin;
  if (access_ == Access::read) {
    const PetscScalar *read = taken_;
    PetscCall(on_host_ ? VecRestoreArrayRead(vec_, &read) : VecRestoreArrayReadAndMemType(vec_, &read));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (there_ != wanted_)
    PetscCall(runtime()->copy(taken_, there_, copy_.data(), wanted_, copy_.size() * sizeof(PetscScalar)));
  if (access_ == Access::write)
    PetscCall(on_host_ ? VecRestoreArrayWrite(vec_, &taken_) : VecRestoreArrayWriteAndMemType(vec_, &taken_));
  else
    PetscCall(on_host_ ? VecRestoreArray(vec_, &taken_) : VecRestoreArrayAndMemType(vec_, &taken_));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::device
