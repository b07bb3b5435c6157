// What computes with real numbers of double precision only says so when it is created.
#pragma once

#include <petscsys.h>

#define PetRLRealDouble(comm, what)                                                     \
  PetscCheck(                                                                           \
      PetscDefined(USE_REAL_DOUBLE) && !PetscDefined(USE_COMPLEX), comm, PETSC_ERR_SUP, \
      what ": expected a PETSc with real scalars of double precision; this one's are complex or of another precision")
