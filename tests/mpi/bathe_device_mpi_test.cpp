// TSBATHE and SNESPDAS where the state lives on a device, emulated or not: oscillators on a rough plane, whose
// program does all with operations on Vecs.
#include <gtest/gtest.h>
#include <petrlts.h>
#include <petsc/private/petscimpl.h>

#include <cmath>
#include <vector>

#include "base/error.hpp"
#include "support/parity.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

constexpr double kMass = 1.5, kStrength = 0.3;

struct Rough {
  Vec stiffness = nullptr, diagonal = nullptr;
};

PetscErrorCode Function(TS, PetscReal, Vec u, Vec, Vec a, Vec f, void *ctx) {
  PetscFunctionBeginUser;
  PetscCall(VecPointwiseMult(f, static_cast<Rough *>(ctx)->stiffness, u));
  PetscCall(VecAXPY(f, kMass, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Multiply(Mat m, Vec x, Vec y) {
  Rough *rough;
  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(m, &rough));
  PetscCall(VecPointwiseMult(y, rough->diagonal, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Jacobian(TS, PetscReal, Vec, Vec, Vec, PetscReal, PetscReal shift, Mat J, Mat, void *ctx) {
  auto *rough = static_cast<Rough *>(ctx);
  PetscFunctionBeginUser;
  PetscCall(VecSet(rough->diagonal, shift * kMass));
  PetscCall(VecAXPY(rough->diagonal, 1, rough->stiffness));
  PetscCall(PetscObjectStateIncrease((PetscObject)J));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Strength(TS, PetscReal, Vec, PetscReal, Vec, Vec strength, Vec slope, Vec history, Vec rate, void *) {
  PetscFunctionBeginUser;
  if (strength) PetscCall(VecSet(strength, kStrength));
  for (Vec none : {slope, history, rate})
    if (none) PetscCall(VecSet(none, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct Outcome {
  PetscInt steps = 0;
  std::vector<double> u, v;
};

Outcome solve(VecType type) {
  TS ts;
  Vec u, v;
  Mat J;
  KSP ksp;
  PC pc;
  SNES snes;
  Rough rough;
  PetscScalar *k;
  PetscInt n, first;
  Outcome result;

  PetRLThrow(VecCreate(PETSC_COMM_WORLD, &u));
  PetRLThrow(VecSetSizes(u, PETSC_DECIDE, 24));
  PetRLThrow(VecSetType(u, type));
  PetRLThrow(VecDuplicate(u, &v));
  PetRLThrow(VecDuplicate(u, &rough.stiffness));
  PetRLThrow(VecDuplicate(u, &rough.diagonal));
  PetRLThrow(VecSet(u, 1));
  PetRLThrow(VecSet(v, 0));
  PetRLThrow(VecGetLocalSize(u, &n));
  PetRLThrow(VecGetOwnershipRange(u, &first, nullptr));
  {
    const OpenMemory open(rough.stiffness);
    PetRLThrow(VecGetArrayWrite(rough.stiffness, &k));
    for (PetscInt i = 0; i < n; ++i) k[i] = 0.5 + 0.1 * static_cast<double>(first + i);
    PetRLThrow(VecRestoreArrayWrite(rough.stiffness, &k));
  }
  PetRLThrow(VecCopy(rough.stiffness, rough.diagonal));
  PetRLThrow(MatCreateShell(PETSC_COMM_WORLD, n, n, 24, 24, &rough, &J));
  PetRLThrow(MatShellSetOperation(J, MATOP_MULT, (void (*)(void))Multiply));
  PetRLThrow(MatSetVecType(J, type));
  PetRLThrow(TSCreate(PETSC_COMM_WORLD, &ts));
  PetRLThrow(TSSetType(ts, TSBATHE));
  PetRLThrow(TSSetI2Function(ts, nullptr, Function, &rough));
  PetRLThrow(TSSetI2Jacobian(ts, J, J, Jacobian, &rough));
  PetRLThrow(TSBatheSetFriction(ts, Strength, nullptr));
  PetRLThrow(TS2SetSolution(ts, u, v));
  PetRLThrow(TSSetTimeStep(ts, 0.05));
  PetRLThrow(TSSetMaxTime(ts, 6));
  PetRLThrow(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetRLThrow(TSSetTolerances(ts, 1e-4, nullptr, 1e-4, nullptr));
  PetRLThrow(TSGetSNES(ts, &snes));
  PetRLThrow(SNESGetKSP(snes, &ksp));
  PetRLThrow(KSPSetType(ksp, KSPCG));
  PetRLThrow(KSPSetTolerances(ksp, 1e-12, 1e-50, PETSC_DEFAULT, 200));
  PetRLThrow(KSPGetPC(ksp, &pc));
  PetRLThrow(PCSetType(pc, PCNONE));
  PetRLThrow(TSSolve(ts, nullptr));
  PetRLThrow(TSGetStepNumber(ts, &result.steps));
  result.u = valuesOf(u);
  result.v = valuesOf(v);
  PetRLThrow(TSDestroy(&ts));
  PetRLThrow(MatDestroy(&J));
  for (Vec *x : {&u, &v, &rough.stiffness, &rough.diagonal}) PetRLThrow(VecDestroy(x));
  return result;
}

TEST(FrictionOnDevice, MotionIsThatOfTheHost) {
  TestDevice device;
  const Outcome on_device = solve(device.vecType()), host = solve(VECSTANDARD);
  EXPECT_TRUE(!device.emulated() || device.kernels() > 10);
  EXPECT_EQ(on_device.steps, host.steps);
  PetscInt resting = 0;
  const double allowed = device.emulated() ? 1e-12 : 1e-9;  // a real device sums otherwise
  expectSame("bathe with pdas, displacements", on_device.u, host.u, allowed);
  expectSame("bathe with pdas, velocities", on_device.v, host.v, allowed);
  for (const double v : host.v) resting += v == 0;
  MPI_Allreduce(MPI_IN_PLACE, &resting, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD);
  EXPECT_GT(resting, 0);
  EXPECT_LT(resting, 24);
  if (!device.emulated()) return;  // what PETSc does itself counts there
  EXPECT_EQ(device.toHost(), 0u);
  EXPECT_EQ(device.toDevice(), 0u);
}

}  // namespace
