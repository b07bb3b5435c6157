#include "base/package.hpp"

#include <petrlclosure.h>
#include <petrlrefiner.h>

#include "base/compat.hpp"
#include "base/running_petsc.hpp"
#include "base/unread_options.hpp"

PetscClassId PETRL_CLOSURE_CLASSID, PETRL_REFINER_CLASSID;
PetscLogEvent PetRL_Observe, PetRL_Infer, PetRL_Act, PetRL_Remesh, PetRL_Train;

namespace petrl {

namespace {

bool initialised = false;

PetscErrorCode FinalizePackage() {
  PetscFunctionBegin;
  initialised = false;
  PetscCall(WarnOfUnreadOptions());
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode InitializePackage() {
  PetscClassId classid;

  PetscFunctionBegin;
  if (initialised) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CheckRunningPetsc());
  initialised = true;
  PetscCall(PetscClassIdRegister("PetRL", &classid));
  PetscCall(PetscClassIdRegister("PetRLClosure", &PETRL_CLOSURE_CLASSID));
  PetscCall(PetscClassIdRegister("PetRLRefiner", &PETRL_REFINER_CLASSID));
  PetscCall(PetscLogEventRegister("PetRLObserve", classid, &PetRL_Observe));
  PetscCall(PetscLogEventRegister("PetRLInfer", classid, &PetRL_Infer));
  PetscCall(PetscLogEventRegister("PetRLAct", classid, &PetRL_Act));
  PetscCall(PetscLogEventRegister("PetRLRemesh", classid, &PetRL_Remesh));
  PetscCall(PetscLogEventRegister("PetRLTrain", classid, &PetRL_Train));
  PetscCall(PetscRegisterFinalize(FinalizePackage));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
