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

// A number without a bound: -1 in 3.18, -3 since 3.22 (where it has this name).
#if PETSC_VERSION_LT(3, 22, 0)
#define PETSC_UNLIMITED (-1)
#endif

// What destroys a function's context is given its address: void ** till 3.24, void * since.
#if PETSC_VERSION_LT(3, 25, 0)
#define PETRL_CONTEXT_ADDRESS void **
#define PETRL_CONTEXT_AT(address) (*(address))
#else
#define PETRL_CONTEXT_ADDRESS void *
#define PETRL_CONTEXT_AT(address) (*static_cast<void **>(address))
#endif

// TSSetResize() came in 3.20 and got its rollback argument in 3.21.
#define PETRL_TS_RESIZE PETSC_VERSION_GE(3, 21, 0)

// That of a DM's or a container's hook is given the context itself till 3.22, its address since.
#if PETSC_VERSION_LT(3, 23, 0)
#define PETRL_CONTEXT void *
#define PETRL_CONTEXT_OF(ctx) (ctx)
#define PETRL_CONTAINER_DESTROY PetscContainerSetUserDestroy
#else
#define PETRL_CONTEXT PETRL_CONTEXT_ADDRESS
#define PETRL_CONTEXT_OF(ctx) PETRL_CONTEXT_AT(ctx)
#define PETRL_CONTAINER_DESTROY PetscContainerSetCtxDestroy
#endif

// Defaults of a SNES type, which give way to what the user set (3.22: PetscObjectParameterSetDefault()).
#if PETSC_VERSION_LT(3, 22, 0)
#define PETRL_SNES_DEFAULT(snes, name, value)           \
  do {                                                  \
    if (!(snes)->tolerancesset) (snes)->name = (value); \
  } while (0)
#else
#define PETRL_SNES_DEFAULT(snes, name, value) PetscObjectParameterSetDefault(snes, name, value)
#endif

// SNESSetFunctionDomainError() sets a flag on the ranks that call it.
#if PETSC_VERSION_LT(3, 25, 0)
#define PETRL_SNES_DOMAIN_ERROR(snes) ((snes)->domainerror)
#define PETRL_SNES_DIVERGED_NAN SNES_DIVERGED_FNORM_NAN
#else
#define PETRL_SNES_DOMAIN_ERROR(snes) ((snes)->functiondomainerror)
#define PETRL_SNES_DIVERGED_NAN SNES_DIVERGED_FUNCTION_NANORINF
#endif

// Localisation of points and sparse localisation, 3.22's new arguments, are off.
#if PETSC_VERSION_LT(3, 22, 0)
#define PETRL_PLEX_BOX_MESH(comm, dim, simplex, faces, lower, upper, periodicity, interpolate, dm) \
  DMPlexCreateBoxMesh(comm, dim, simplex, faces, lower, upper, periodicity, interpolate, dm)
#else
#define PETRL_PLEX_BOX_MESH(comm, dim, simplex, faces, lower, upper, periodicity, interpolate, dm) \
  DMPlexCreateBoxMesh(comm, dim, simplex, faces, lower, upper, periodicity, interpolate, 0, PETSC_FALSE, dm)
#endif

// The ghost cells of finite volumes got a stratum like any other in 3.20.
#if PETSC_VERSION_LT(3, 20, 0)
#define PETRL_PLEX_GHOST_CELLS(dm, start, end) DMPlexGetGhostCellStratum(dm, start, end)
#else
#define PETRL_PLEX_GHOST_CELLS(dm, start, end) DMPlexGetCellTypeStratum(dm, DM_POLYTOPE_FV_GHOST, start, end)
#endif
