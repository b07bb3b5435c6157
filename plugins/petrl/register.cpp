// How PETSc learns of PetRL's types: from a linked program (PetRLInitialize) or from -dll_append libpetrl.so.
#include <petrl.h>

#include <cstdio>

#include "base/compat.hpp"
#include "base/error.hpp"
#include "base/running_petsc.hpp"
#include "base/version.hpp"
#include "policy/policy.hpp"

PETSC_INTERN PetscErrorCode TSAdaptCreate_RL(TSAdapt adapt);
PETSC_INTERN PetscErrorCode TSAdaptCreate_Richardson(TSAdapt adapt);
PETSC_INTERN PetscErrorCode TSAdaptCreate_Iterations(TSAdapt adapt);
PETSC_INTERN PetscErrorCode TSCreate_Bathe(TS ts);
PETSC_INTERN PetscErrorCode TSCreate_Closure(TS ts);
PETSC_INTERN PetscErrorCode SNESCreate_PDAS(SNES snes);

PetscErrorCode PetRLInitialize(void) {
  PetscFunctionBegin;
  PetscCall(petrl::CheckRunningPetsc());
  // Registering twice replaces the entry: harmless.
  PetscCall(TSAdaptRegister(TSADAPTRL, TSAdaptCreate_RL));
  PetscCall(TSAdaptRegister(TSADAPTRICHARDSON, TSAdaptCreate_Richardson));
  PetscCall(TSAdaptRegister(TSADAPTITERATIONS, TSAdaptCreate_Iterations));
  PetscCall(TSRegister(TSBATHE, TSCreate_Bathe));
  PetscCall(TSRegister(TSCLOSURE, TSCreate_Closure));
  PetscCall(SNESRegister(SNESPDAS, SNESCreate_PDAS));
  PetRLCallCXX(petrl::addPolicyChecks());
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Nothing of PETSc's: it may not be initialised, or be another one than ours.
PetscErrorCode PetRLGetVersion(char version[], size_t len) {
  if (version == NULL || len == 0) return PETSC_ERR_ARG_NULL;
  std::snprintf(version, len, "%s", PETRL_VERSION_STRING);
  return PETSC_SUCCESS;
}

// Runs inside PetscInitialize(), before PETSc calls itself initialised: only register here.
PETSC_EXTERN PetscErrorCode PetscDLLibraryRegister_petrl(void);
PetscErrorCode PetscDLLibraryRegister_petrl(void) {
  PetscFunctionBegin;
  PetscCall(PetRLInitialize());
  PetscFunctionReturn(PETSC_SUCCESS);
}
