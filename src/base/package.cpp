#include "base/package.hpp"

#include "base/compat.hpp"

PetscLogEvent PetRL_Observe, PetRL_Infer, PetRL_Train;

namespace petrl {

namespace {

bool initialised = false;

PetscErrorCode FinalizePackage() {
  PetscFunctionBegin;
  initialised = false;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode InitializePackage() {
  PetscClassId classid;

  PetscFunctionBegin;
  if (initialised) PetscFunctionReturn(PETSC_SUCCESS);
  initialised = true;
  PetscCall(PetscClassIdRegister("PetRL", &classid));
  PetscCall(PetscLogEventRegister("PetRLObserve", classid, &PetRL_Observe));
  PetscCall(PetscLogEventRegister("PetRLInfer", classid, &PetRL_Infer));
  PetscCall(PetscLogEventRegister("PetRLTrain", classid, &PetRL_Train));
  PetscCall(PetscRegisterFinalize(FinalizePackage));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
