// Is the PETSc of the running program the one that this library was compiled for?
#pragma once

#include <petscsys.h>

namespace petrl {

// A library that -dll_append brings into a program on another PETSc is stopped by nobody, and computes with scalars and
// indices of the wrong size: this asks the PETSc that runs. An error with one line that says what differs; before
// PETSc is initialised, too.
PetscErrorCode CheckRunningPetsc();

}  // namespace petrl
