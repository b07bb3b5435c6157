// The step controller where the state lives on a device, here an emulated one: the host touches nothing, steps and
// solution are those of the host.
#include <gtest/gtest.h>
#include <petrladapt.h>
#include <petscts.h>

#include <string>
#include <vector>

#include "support/fisher.hpp"

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
  EmulatedDevice device;
  for (const char *method : {TSRK, TSBDF, TSTHETA, TSARKIMEX}) {
    SCOPED_TRACE(method);
    // Newer ones look for algebraic components on the host.
    if (PETSC_VERSION_GE(3, 19, 0) && std::string(method) == TSARKIMEX) continue;
    const Outcome on_device = solve(kEmulated, method), host = solve(VECSTANDARD, method);
    EXPECT_GT(host.steps, 5);
    EXPECT_EQ(on_device.steps, host.steps);
    EXPECT_EQ(on_device.rejected, host.rejected);
    for (std::size_t i = 0; i < host.u.size(); ++i)
      ASSERT_NEAR(on_device.u[i], host.u[i], 1e-9) << i;  // PETSc sums Vecs that it lays out together otherwise
  }
  EXPECT_EQ(device.toHost(), 0u);
  EXPECT_EQ(device.toDevice(), 0u);
}

}  // namespace
