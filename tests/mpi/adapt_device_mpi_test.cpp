// The step controller where the state lives on a device, emulated or not: the host touches nothing, steps and
// solution are those of the host.
#include <gtest/gtest.h>
#include <petrladapt.h>
#include <petscts.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "support/fisher.hpp"
#include "support/parity.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

struct Outcome {
  PetscInt steps = 0, rejected = 0;
  std::vector<double> u;
};

Outcome solve(VecType type, TSType method) {
  DM da;
  TS ts;
  Vec u;
  SNES snes;
  TSAdapt adapt;
  KSP ksp;
  PC pc;
  Outcome result;
  const bool implicit = std::string(method) != TSRK;

  fisherState(type, &da, &u);
  PetRLThrow(TSCreate(PETSC_COMM_WORLD, &ts));
  PetRLThrow(TSSetDM(ts, da));
  PetRLThrow(TSSetType(ts, method));
  if (implicit)
    PetRLThrow(TSSetIFunction(ts, nullptr, FisherImplicit, nullptr));
  else
    PetRLThrow(TSSetRHSFunction(ts, nullptr, FisherRightHandSide, nullptr));
  PetRLThrow(TSGetSNES(ts, &snes));
  PetRLThrow(SNESSetUseMatrixFree(snes, PETSC_FALSE, PETSC_TRUE));
  PetRLThrow(SNESGetKSP(snes, &ksp));
  PetRLThrow(KSPGetPC(ksp, &pc));
  PetRLThrow(PCSetType(pc, PCNONE));
  PetRLThrow(TSSetTimeStep(ts, 1e-3));
  PetRLThrow(TSSetMaxTime(ts, 0.5));
  PetRLThrow(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetRLThrow(TSSetTolerances(ts, 1e-5, nullptr, 1e-5, nullptr));
  PetRLThrow(TSGetAdapt(ts, &adapt));
  PetRLThrow(TSAdaptSetType(adapt, TSADAPTRL));
  PetRLThrow(TSSolve(ts, u));
  PetRLThrow(TSGetStepNumber(ts, &result.steps));
  PetRLThrow(TSGetStepRejections(ts, &result.rejected));
  result.u = valuesOf(u);
  PetRLThrow(TSDestroy(&ts));
  PetRLThrow(VecDestroy(&u));
  PetRLThrow(DMDestroy(&da));
  return result;
}

TEST(StepControlOnDevice, StepsAreThoseOfTheHost) {
  TestDevice device;
  for (const char *method : {TSRK, TSBDF, TSTHETA, TSARKIMEX}) {
    SCOPED_TRACE(method);
    // Newer ones look for algebraic components on the host.
    if (device.emulated() && PETSC_VERSION_GE(3, 19, 0) && std::string(method) == TSARKIMEX) continue;
    const Outcome on_device = solve(device.vecType(), method), host = solve(VECSTANDARD, method);
    EXPECT_GT(host.steps, 5);
    EXPECT_EQ(on_device.steps, host.steps);
    EXPECT_EQ(on_device.rejected, host.rejected);
    // PETSc sums Vecs that it lays out together otherwise, and a real device all Vecs.
    expectSame(std::string("step control, ") + method, on_device.u, host.u, device.emulated() ? 1e-9 : 1e-7);
  }
  if (!device.emulated()) return;  // what PETSc does itself counts there
  EXPECT_EQ(device.toHost(), 0u);
  EXPECT_EQ(device.toDevice(), 0u);
}

}  // namespace
