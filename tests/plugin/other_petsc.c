/* Preloaded, it makes the running PETSc answer as another one would: OTHER_PETSC is complex, version or integers. */
#include <petscsys.h>
#include <stdlib.h>
#include <string.h>

static int other(const char what[]) {
  const char *is = getenv("OTHER_PETSC");
  return is && !strcmp(is, what);
}

PETSC_EXTERN PetscErrorCode PetscGetVersionNumber(PetscInt *major, PetscInt *minor, PetscInt *subminor, PetscInt *release) {
  *major = 3;
  *minor = other("version") ? 17 : PETSC_VERSION_MINOR;
  if (subminor) *subminor = 0;
  if (release) *release = 1;
  return 0;
}

PETSC_EXTERN PetscErrorCode PetscDataTypeFromString(const char name[], PetscDataType *type, PetscBool *found) {
  *type = strcmp(name, "scalar") ? PETSC_REAL : other("complex") ? PETSC_COMPLEX : PETSC_SCALAR;
  *found = PETSC_TRUE;
  return 0;
}

PETSC_EXTERN PetscErrorCode PetscDataTypeGetSize(PetscDataType type, size_t *size) {
  *size = type == PETSC_INT ? (other("integers") ? 12 - sizeof(PetscInt) : sizeof(PetscInt)) : sizeof(PetscReal);
  return 0;
}
