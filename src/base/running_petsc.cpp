#include "base/running_petsc.hpp"

#include <cstdint>
#include <cstdio>
#include <string>

#include "base/error.hpp"

namespace petrl {

namespace {

std::string kind(bool complex, size_t real, size_t integer, std::int64_t major, std::int64_t minor) {
  return "PETSc " + std::to_string(major) + "." + std::to_string(minor) + " with " + (complex ? "complex" : "real") +
         " scalars of " + std::to_string(8 * real) + " bits and integers of " + std::to_string(8 * integer) + " bits";
}

}  // namespace

PetscErrorCode CheckRunningPetsc() {
  // The library that answers writes a PetscInt of its own size.
  union {
    std::int64_t wide = 0;
    PetscInt own;
  } major, minor, other;
  PetscDataType scalar, real;
  PetscBool found;
  size_t real_size = 0, integer_size = 0;
  std::string expected, running;

  PetscFunctionBegin;
  // A program that keeps its PETSc to itself (Python's modules do) leaves us with one of our own, which nobody started.
  if (PETSC_COMM_WORLD == MPI_COMM_NULL) {
    fprintf(stderr,
            "PETSC ERROR: This libpetrl was built for another PETSc (%d.%d) than the program's, or PetscInitialize() "
            "was not called: build PetRL with the PETSc of the program\n",
            PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR);
    PetscFunctionReturn(PETSC_ERR_SUP);
  }
  PetscCall(PetscGetVersionNumber(&major.own, &minor.own, &other.own, nullptr));
  PetscCall(PetscDataTypeFromString("scalar", &scalar, &found));
  PetscCall(PetscDataTypeFromString("real", &real, &found));
  PetscCall(PetscDataTypeGetSize(real, &real_size));
  PetscCall(PetscDataTypeGetSize(PETSC_INT, &integer_size));
  PetRLCallCXX({
    expected =
        kind(PetscDefined(USE_COMPLEX), sizeof(PetscReal), sizeof(PetscInt), PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR);
    running = kind(scalar == PETSC_COMPLEX, real_size, integer_size, major.wide, minor.wide);
  });
  PetscCheck(running == expected, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "This libpetrl was built for %s; this program runs %s: build PetRL with the PETSc of the program",
             expected.c_str(), running.c_str());
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
