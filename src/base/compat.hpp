// The one place that knows the differences between PETSc 3.18 and 3.26.
#pragma once

#include <petscsys.h>
#include <petscversion.h>

#if PETSC_VERSION_LT(3, 19, 0)
#define PETSC_SUCCESS ((PetscErrorCode)0)
#endif

// setfromoptions(object, PetscOptionItems *) lost the '*' in 3.23.
#if PETSC_VERSION_LT(3, 23, 0)
#define PETRL_OPTION_ITEMS PetscOptionItems *
#else
#define PETRL_OPTION_ITEMS PetscOptionItems
#endif
