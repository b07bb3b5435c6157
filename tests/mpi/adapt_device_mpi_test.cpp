// The step controller where the state lives on a device, here an emulated one: the host touches nothing, steps and
// solution are those of the host.
#include <gtest/gtest.h>
#include <petrladapt.h>
#include <petscdmda.h>
#include <petscts.h>

#include <cmath>
#include <vector>

#include "base/error.hpp"
#include "device/for_each.hpp"
#include "device/vec_view.hpp"
#include "support/emulated_device.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

// Fisher's equation on a ring, as a program for devices would have it: u' = d u_xx + r u (1 - u).
struct Fisher {
  const PetscScalar *ghosted, *rate;  // rate null: the right-hand side
  double diffusion, growth;
  PetscScalar *f;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const PetscScalar u = ghosted[i + 1];
    const PetscScalar g = diffusion * (ghosted[i] - 2. * u + ghosted[i + 2]) + growth * u * (1. - u);
    f[i] = rate ? rate[i] - g : g;
  }
};

PetscErrorCode Evaluate(TS ts, Vec u, Vec rate, Vec f) {
  DM da;
  Vec local;
  device::Space space;
  device::VecView views[3];
  Fisher work{nullptr, nullptr, 40, 8, nullptr};
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(TSGetDM(ts, &da));
  PetscCall(device::VecSpace(u, &space));
  PetscCall(DMGetLocalVector(da, &local));
  PetscCall(DMGlobalToLocal(da, u, INSERT_VALUES, local));
  PetscCall(VecGetLocalSize(f, &n));
  PetscCall(views[0].beginRead(local, space, &work.ghosted));
  if (rate) PetscCall(views[1].beginRead(rate, space, &work.rate));
  PetscCall(views[2].begin(f, space, device::Access::write, &work.f));
  PetscCall(device::forEach(space, n, work));
  PetscCall(views[2].end());
  if (rate) PetscCall(views[1].end());
  PetscCall(views[0].end());
  PetscCall(DMRestoreLocalVector(da, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RightHandSide(TS ts, PetscReal, Vec u, Vec f, void *) {
  return Evaluate(ts, u, NULL, f);
}

PetscErrorCode Implicit(TS ts, PetscReal, Vec u, Vec rate, Vec f, void *) {
  return Evaluate(ts, u, rate, f);
}

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
  PetscScalar *x;
  const PetscScalar *end;
  PetscInt n, first;
  Outcome result;
  const bool implicit = std::string(method) != TSRK;

  PetRLThrow(DMDACreate1d(PETSC_COMM_WORLD, DM_BOUNDARY_PERIODIC, 64, 1, 1, nullptr, &da));
  PetRLThrow(DMSetVecType(da, type));
  PetRLThrow(DMSetUp(da));
  PetRLThrow(DMCreateGlobalVector(da, &u));
  PetRLThrow(VecGetOwnershipRange(u, &first, nullptr));
  PetRLThrow(VecGetLocalSize(u, &n));
  {
    const OpenMemory open;
    PetRLThrow(VecGetArrayWrite(u, &x));
    for (PetscInt i = 0; i < n; ++i) x[i] = std::exp(-0.1 * std::pow(static_cast<double>(first + i) - 20, 2));
    PetRLThrow(VecRestoreArrayWrite(u, &x));
  }
  PetRLThrow(TSCreate(PETSC_COMM_WORLD, &ts));
  PetRLThrow(TSSetDM(ts, da));
  PetRLThrow(TSSetType(ts, method));
  if (implicit)
    PetRLThrow(TSSetIFunction(ts, nullptr, Implicit, nullptr));
  else
    PetRLThrow(TSSetRHSFunction(ts, nullptr, RightHandSide, nullptr));
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
  {
    const OpenMemory open;
    PetRLThrow(VecGetArrayRead(u, &end));
    for (PetscInt i = 0; i < n; ++i) result.u.push_back(static_cast<double>(PetscRealPart(end[i])));
    PetRLThrow(VecRestoreArrayRead(u, &end));
  }
  PetRLThrow(TSDestroy(&ts));
  PetRLThrow(VecDestroy(&u));
  PetRLThrow(DMDestroy(&da));
  return result;
}

TEST(StepControlOnDevice, StepsAreThoseOfTheHost) {
  EmulatedDevice device;
  for (const char *method : {TSRK, TSBDF, TSTHETA, TSARKIMEX}) {
    SCOPED_TRACE(method);
    const Outcome on_device = solve(kEmulated, method), host = solve(VECSTANDARD, method);
    EXPECT_GT(host.steps, 5);
    EXPECT_EQ(on_device.steps, host.steps);
    EXPECT_EQ(on_device.rejected, host.rejected);
    for (std::size_t i = 0; i < host.u.size(); ++i) ASSERT_NEAR(on_device.u[i], host.u[i], 1e-12) << i;
  }
  EXPECT_EQ(device.toHost(), 0u);
  EXPECT_EQ(device.toDevice(), 0u);
}

}  // namespace
