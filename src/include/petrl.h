/*
   PetRL: learned decisions inside PETSc solvers. The umbrella header.
*/
#pragma once

#include <petscsys.h>

#include "petrladapt.h"
#include "petrlclosure.h"
#include "petrlrefiner.h"
#include "petrlts.h"

/*@C
   PetRLInitialize - Registers PetRL's types with PETSc, for programs that link libpetrl

   Collective

   Level: beginner

   Notes:
   Call it after PetscInitialize(); calling it again does nothing. It registers `TSADAPTRL`,
   `TSADAPTRICHARDSON`, `TSADAPTITERATIONS`, `TSBATHE`, `TSCLOSURE` and `SNESPDAS`.
   Programs that load PetRL with `-dll_append libpetrl.so` need not call anything.

.seealso: `TSADAPTRL`, `TSADAPTRICHARDSON`, `TSBATHE`, `SNESPDAS`, `TSAdaptRLSetPolicy()`
@*/
PETSC_EXTERN PetscErrorCode PetRLInitialize(void);

/*@C
   PetRLGetVersion - Gets the version of the library

   Not Collective

   Input Parameter:
.  len - length of version

   Output Parameter:
.  version - as in "0.1.0"

   Level: developer

   Note:
   May be called before PETSc is initialised: for those who load the library and want to know whether it is theirs.

.seealso: `PetRLInitialize()`
@*/
PETSC_EXTERN PetscErrorCode PetRLGetVersion(char version[], size_t len);
