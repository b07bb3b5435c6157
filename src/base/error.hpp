// Errors between C++ and PETSc: C++ code throws petrl::Error, the PETSc boundary turns it into a PetscError.
#pragma once

#include <petscsys.h>

#include <stdexcept>
#include <string>

#include "base/api.hpp"
#include "base/compat.hpp"

namespace petrl {

/// A failure with a message for the user: it names the file, key or option, what was found and what was expected.
class PETRL_API Error : public std::runtime_error {
 public:
  explicit Error(const std::string &message, PetscErrorCode code = PETSC_ERR_USER)
      : std::runtime_error(message), code_(code) {}
  /// The PETSc error code that the boundary reports.
  PetscErrorCode code() const { return code_; }

 private:
  PetscErrorCode code_;
};

/// Throws Error when a PETSc call inside C++ code failed (PETSc has already printed its own trace).
inline void check(PetscErrorCode ierr, const char *what) {
  if (PetscUnlikely(ierr != PETSC_SUCCESS)) throw Error(std::string(what) + " failed", ierr);
}

}  // namespace petrl

/// In C++ code that may throw: call PETSc, throw petrl::Error on failure.
#define PetRLThrow(...) ::petrl::check((__VA_ARGS__), #__VA_ARGS__)

/// In code that returns a PetscErrorCode: run C++ code that may throw, turn what it throws into a PetscError.
#define PetRLCallCXX(...)                                                       \
  do {                                                                          \
    try {                                                                       \
      __VA_ARGS__;                                                              \
    } catch (const ::petrl::Error &petrl_error_) {                              \
      SETERRQ(PETSC_COMM_SELF, petrl_error_.code(), "%s", petrl_error_.what()); \
    } catch (const std::exception &petrl_error_) {                              \
      SETERRQ(PETSC_COMM_SELF, PETSC_ERR_LIB, "%s", petrl_error_.what());       \
    }                                                                           \
  } while (0)

/// Arguments of public functions, checked with every PETSc: optimised ones leave PetscValidHeaderSpecific() out. The
/// second one needs petsc/private/petscimpl.h.
#define PetRLNotNull(pointer, argument)                                                                          \
  PetscCheck((pointer) != NULL, PETSC_COMM_SELF, PETSC_ERR_ARG_NULL, "Argument %d (%s): found NULL", (argument), \
             #pointer)
#define PetRLValid(object, id, argument)                                                                            \
  do {                                                                                                              \
    PetRLNotNull(object, argument);                                                                                 \
    PetscCheck(((PetscObject)(object))->classid == (id), PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG,                      \
               "Argument %d (%s): found an object of another class, or one that was destroyed", argument, #object); \
  } while (0)
