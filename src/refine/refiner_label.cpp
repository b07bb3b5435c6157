// PetRLRefiner: DMAdaptLabel() in the place of the hierarchy.
#include "refine/refiner.hpp"

namespace petrl {

PetscErrorCode RefinerAdaptLabel(PetRLRefiner refiner, DMLabel, DM *) {
  PetscFunctionBegin;
  SETERRQ(PetscObjectComm((PetscObject)refiner), PETSC_ERR_SUP, "not yet");
}

}  // namespace petrl
