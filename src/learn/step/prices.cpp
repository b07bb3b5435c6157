// What the parts of an implicit step cost in a given program.
#include <petsc/private/tsimpl.h>
#include <petscdm.h>
#include <petsctime.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.hpp"
#include "learn/step/reward.hpp"

namespace petrl {

namespace {

// Seconds, the least of a few.
double seconds(const std::function<PetscErrorCode()> &work) {
  constexpr int tries = 5;
  double least = 1e30;
  for (int i = 0; i < tries; ++i) {
    PetscLogDouble begin, end;
    PetRLThrow(PetscTime(&begin));
    PetRLThrow(work());
    PetRLThrow(PetscTime(&end));
    least = std::min(least, static_cast<double>(end - begin));
  }
  return std::max(least, 1e-9);
}

double rounded(double ratio) {
  return std::exp2(std::round(2 * std::log2(ratio)) / 2);
}

}  // namespace

StepPrices measuredPrices(TS ts) {
  Vec rate, f, x;
  Mat a, b;
  SNES snes;
  KSP ksp;
  PC pc;

  PetRLThrow(TSSetUp(ts));
  PetRLThrow(TSGetSNES(ts, &snes));
  PetRLThrow(SNESGetKSP(snes, &ksp));
  PetRLThrow(KSPGetPC(ksp, &pc));
  PetRLThrow(TSGetIJacobian(ts, &a, &b, nullptr, nullptr));
  if (!b) {
    DM dm;
    PetRLThrow(TSGetDM(ts, &dm));
    PetRLThrow(DMCreateMatrix(dm, &b));
    a = b;
  } else {
    PetRLThrow(PetscObjectReference(reinterpret_cast<PetscObject>(b)));
  }
  for (Vec *v : {&rate, &f, &x}) PetRLThrow(VecDuplicate(ts->vec_sol, v));
  PetRLThrow(VecSet(rate, 0));
  const double shift = 1 / ts->time_step;
  const double function = seconds([&] { return TSComputeIFunction(ts, ts->ptime, ts->vec_sol, rate, f, PETSC_FALSE); });
  const double jacobian = seconds([&] {
    PetscFunctionBegin;
    PetscCall(TSComputeIJacobian(ts, ts->ptime, ts->vec_sol, rate, shift, a, b, PETSC_FALSE));
    PetscCall(PCSetOperators(pc, a, b));
    PetscCall(PCSetUp(pc));
    PetscFunctionReturn(PETSC_SUCCESS);
  });
  const double linear = seconds([&] {
    PetscFunctionBegin;
    PetscCall(PCApply(pc, f, x));
    PetscCall(MatMult(a, x, rate));
    // Orthogonalisation against a few vectors.
    for (int i = 0; i < 4; ++i) PetscCall(VecAXPY(x, 0.5, rate));
    PetscFunctionReturn(PETSC_SUCCESS);
  });
  for (Vec *v : {&rate, &f, &x}) PetRLThrow(VecDestroy(v));
  PetRLThrow(MatDestroy(&b));
  return {1, rounded(jacobian / function), rounded(linear / function)};
}

}  // namespace petrl
