// A user's own program: links PetRL, sets the type in code, and finds it in PETSc's list.
#include <petrl.h>

#include <cstring>

static PetscErrorCode Decay(TS, PetscReal, Vec u, Vec f, void *) {
  PetscFunctionBeginUser;
  PetscCall(VecCopy(u, f));
  PetscCall(VecScale(f, -1));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  TS ts;
  TSAdapt adapt;
  TSAdaptType type;
  Vec u;
  PetscInt decisions = 0;

  PetscCall(PetscInitialize(&argc, &argv, nullptr, nullptr));
  PetscCall(PetRLInitialize());
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, 1, &u));
  PetscCall(VecSet(u, 1));
  PetscCall(TSCreate(PETSC_COMM_SELF, &ts));
  PetscCall(TSSetType(ts, TSRK));
  PetscCall(TSSetRHSFunction(ts, nullptr, Decay, nullptr));
  PetscCall(TSSetTimeStep(ts, 1e-3));
  PetscCall(TSSetMaxTime(ts, 1));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSGetAdapt(ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSAdaptGetType(adapt, &type));
  PetscCall(TSSolve(ts, u));
  PetscCall(TSAdaptRLGetCounters(adapt, &decisions, nullptr, nullptr));
  const bool works = std::strcmp(type, TSADAPTRL) == 0 && decisions > 5;
  PetscCall(PetscPrintf(PETSC_COMM_SELF, "%s: %s\n", type, works ? "it decides" : "it does nothing"));
  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&u));
  PetscCall(PetscFinalize());
  return works ? 0 : 1;
}
