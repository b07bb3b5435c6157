// A TS goes over to another mesh of its refiner.
#include <petsc/private/dmimpl.h>
#include <petsc/private/kspimpl.h>
#include <petsc/private/snesimpl.h>
#include <petsc/private/tsimpl.h>

#include "refine/refiner.hpp"

namespace petrl {

namespace {

// A Vec of tolerances on the mesh after.
PetscErrorCode TransferTolerance(PetRLRefiner refiner, Vec old, Vec *result) {
  PetscSection section;
  PetscBool constrained = PETSC_FALSE;
  DM dm;

  PetscFunctionBegin;
  *result = NULL;
  if (!old) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetDM(old, &dm));
  if (dm) {
    PetscCall(DMGetLocalSection(dm, &section));
    PetscCall(PetscSectionHasConstraints(section, &constrained));
  }
  PetscCheck(!constrained, PetscObjectComm((PetscObject)refiner), PETSC_ERR_SUP,
             "The TS has a Vec of tolerances (TSSetTolerances()) and boundary values (DMAddBoundary()), which are none "
             "for tolerances: expected numbers as tolerances");
  PetscCall(PetRLRefinerTransfer(refiner, old, result));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// The mesh has changed. What TSReset() forgets moves on before it, ...
PetscErrorCode RefinerTakeTolerances(PetRLRefiner refiner, TS ts) {
  RefinedTS &r = refiner->data->ts;
  Vec vatol, vrtol;

  PetscFunctionBegin;
  PetscCall(TSGetTolerances(ts, &r.atol, &vatol, &r.rtol, &vrtol));
  PetscCall(TransferTolerance(refiner, vatol, &r.vatol));
  PetscCall(TransferTolerance(refiner, vrtol, &r.vrtol));
  PetscFunctionReturn(PETSC_SUCCESS);
}

namespace {

// Functions and contexts of the equations, SNES and KSP, copied. What TSSetDM() does is to share them, and to note the
// DM that may write to them: a DM that comes back to the TS then shares with one that is gone, and a new DM is taken
// for that one where it lies at the same address, on some ranks only. They would not create the same objects.
PetscErrorCode OwnContexts(DM from, DM to) {
  PetscFunctionBegin;
  if (!from || from == to) PetscFunctionReturn(PETSC_SUCCESS);
  if (from->dmts && !to->dmts) {
    DMTS own;
    PetscCall(DMCopyDMTS(from, to));
    PetscCall(DMGetDMTSWrite(to, &own));
  }
  if (from->dmsnes && !to->dmsnes) {
    DMSNES own;
    PetscCall(DMCopyDMSNES(from, to));
    PetscCall(DMGetDMSNESWrite(to, &own));
  }
  if (from->dmksp && !to->dmksp) {
    DMKSP own;
    PetscCall(DMCopyDMKSP(from, to));
    PetscCall(DMGetDMKSPWrite(to, &own));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// ... and after it the TS goes on with the new DM and the solution on it.
PetscErrorCode RefinerSettle(PetRLRefiner refiner, TS ts, DM dm, Vec u) {
  RefinerData &r = *refiner->data;

  PetscFunctionBegin;
  PetscCall(VecDestroy(&r.ts.last));
  PetscCall(OwnContexts(ts->dm, dm));
  PetscCall(TSSetDM(ts, dm));
  PetscCall(TSSetSolution(ts, u));
  PetscCall(TSSetTolerances(ts, r.ts.atol, r.ts.vatol, r.ts.rtol, r.ts.vrtol));
  PetscCall(VecDestroy(&r.ts.vatol));
  PetscCall(VecDestroy(&r.ts.vrtol));
  if (r.reset) PetscCall((*r.reset)(ts, dm, r.reset_context));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerMoveTS(PetRLRefiner refiner, TS ts, DM dm, bool initial) {
  RefinerData &r = *refiner->data;
  Vec u, next;

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(PetRL_Remesh, refiner, 0, 0, 0));
  PetscCall(TSGetSolution(ts, &u));
  PetscCall(TSGetTime(ts, &r.time));
  PetscCall(PetRLRefinerTransfer(refiner, u, &next));
  if (r.ts.ghosts) {
    PetscCall(RefinerGhosted(refiner, *r.mesh, &dm));
    PetscCall(RefinerToGhosted(dm, &next));
  }
  if (initial && r.initial) PetscCall((*r.initial)(dm, r.time, next, r.initial_context));
  PetscCall(RefinerTakeTolerances(refiner, ts));
  PetscCall(TSReset(ts));
  PetscCall(RefinerSettle(refiner, ts, dm, next));
  PetscCall(VecDestroy(&next));
  PetscCall(TSRestartStep(ts));
  PetscCall(PetscLogEventEnd(PetRL_Remesh, refiner, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
