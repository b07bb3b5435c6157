// Registration with PETSc: class of log events, initialisation and release.
#pragma once

#include <petscsys.h>

PETSC_EXTERN PetscLogEvent PetRL_Observe, PetRL_Infer, PetRL_Act, PetRL_Remesh, PetRL_Train;

namespace petrl {

/// Registers log events once; needs an initialised PETSc, so types call it when they are created. Not collective.
PetscErrorCode InitializePackage();

}  // namespace petrl
