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

// TSSetResize() came in 3.20 and got its rollback argument in 3.21.
#define PETRL_TS_RESIZE PETSC_VERSION_GE(3, 21, 0)

// What destroys a function's context is given the context; its address since 3.23, as void * since 3.25.
#if PETSC_VERSION_LT(3, 23, 0)
#define PETRL_CONTEXT void *
#define PETRL_CONTEXT_OF(ctx) (ctx)
#elif PETSC_VERSION_LT(3, 25, 0)
#define PETRL_CONTEXT void **
#define PETRL_CONTEXT_OF(ctx) (*(ctx))
#else
#define PETRL_CONTEXT void *
#define PETRL_CONTEXT_OF(ctx) (*static_cast<void **>(ctx))
#endif
