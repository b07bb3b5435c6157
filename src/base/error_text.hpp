// What PETSc says of an error.
#pragma once

#include <petscsys.h>

namespace petrl {

/// The text of the latest error with this code; null if there is none: errorText(PetscErrorMessage, code). (Its
/// arguments' types differ between versions of PETSc.)
template <typename Code, typename Text>
const char *errorText(PetscErrorCode (*message)(Code, const char **, Text **), PetscErrorCode code) {
  Text *text = nullptr;
  (void)(*message)(code, nullptr, &text);
  return text;
}

}  // namespace petrl
