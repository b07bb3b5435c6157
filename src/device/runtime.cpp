#include "device/runtime.hpp"

#include <petsc/private/petscimpl.h>

#include "device/cuda_runtime.hpp"

namespace petrl::device {

static Runtime *given = nullptr;

Runtime *runtime() {
#if PETRL_CUDA
  return given ? given : cudaRuntime();
#else
  return given;
#endif
}

void setRuntime(Runtime *other) {
  given = other;
}

enum { kAuto, kHost, kDevice };

static PetscErrorCode MemoryType(PetscInt *type) {
  static const char *const kinds[] = {"auto", "host", "device"};
  static PetscInt kind = -1;  // asked for at each step, often: looked up once

  PetscFunctionBegin;
  if (kind < 0) {
    kind = kAuto;
    PetscCall(PetscOptionsGetEList(NULL, NULL, "-petrl_memtype", kinds, 3, &kind, NULL));
  }
  *type = kind;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AlwaysOnHost(bool *always) {
  PetscInt kind = kAuto;
  PetscFunctionBegin;
  PetscCall(MemoryType(&kind));
  *always = kind == kHost;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NeedRuntime(Vec v) {
  PetscFunctionBegin;
  PetscCheck(runtime(), PETSC_COMM_SELF, PETSC_ERR_SUP,
             "A Vec of type %s lives on a device, for which PetRL was not built (it is where PETSc was configured with "
             "--with-cuda): -petrl_memtype host lets PETSc copy its values to the host",
             ((PetscObject)v)->type_name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode VecSpace(Vec v, Space *space) {
  const PetscScalar *values;
  PetscMemType type;
  PetscInt kind = kAuto;

  PetscFunctionBegin;
  PetscCall(MemoryType(&kind));
  if (kind == kHost) {
    *space = Space::host;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(VecGetArrayReadAndMemType(v, &values, &type));
  PetscCall(VecRestoreArrayReadAndMemType(v, &values));
  *space = PetscMemTypeDevice(type) || kind == kDevice ? Space::device : Space::host;
  if (*space == Space::device) PetscCall(NeedRuntime(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::device
