// Solvers and equations for the tests of closures in time integration.
#pragma once

#include <cmath>

#include "mpi/closure_support.hpp"

namespace petrl::test {

constexpr PetscInt kN = 25;  // divisible by 5: PETSc 3.18 colours other periodic grids of five-point stencils wrongly
constexpr double kPi = 3.14159265358979323846, kNu = 0.15;  // nu in points^2 per unit of time

// Eigenvalue of minus the five-point Laplacian for the wave below.
inline double eigenvalue() {
  const double s = 2 * kPi / static_cast<double>(kN);
  return 2 * (1 - std::cos(2 * s)) + 2 * (1 - std::cos(s));
}

inline double wave(PetscInt i, PetscInt j, PetscInt) {
  const double s = 2 * kPi / static_cast<double>(kN);
  return 3 * std::sin(2 * s * static_cast<double>(i)) * std::cos(s * static_cast<double>(j));
}

inline PetscErrorCode Nothing(TS, PetscReal, Vec, Vec F, void *) {
  PetscFunctionBegin;
  PetscCall(VecSet(F, 0));
  PetscFunctionReturn(0);
}

// Decay with a rate: u' = -rate u.
inline PetscErrorCode Decay(TS, PetscReal, Vec U, Vec F, void *rate) {
  PetscFunctionBegin;
  PetscCall(VecCopy(U, F));
  PetscCall(VecScale(F, -*static_cast<PetscReal *>(rate)));
  PetscFunctionReturn(0);
}

inline PetscErrorCode ImplicitDecay(TS, PetscReal, Vec U, Vec Udot, Vec F, void *rate) {
  PetscFunctionBegin;
  PetscCall(VecWAXPY(F, *static_cast<PetscReal *>(rate), U, Udot));
  PetscFunctionReturn(0);
}

inline PetscErrorCode ImplicitDecayJacobian(TS, PetscReal, Vec, Vec, PetscReal shift, Mat, Mat B, void *rate) {
  PetscFunctionBegin;
  PetscCall(MatZeroEntries(B));
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatShift(B, shift + *static_cast<PetscReal *>(rate)));
  PetscFunctionReturn(0);
}

inline int presteps = 0;
inline PetscErrorCode CountPreStep(TS) {
  ++presteps;
  return 0;
}

struct Solver {
  TS ts = NULL;
  PetscReal rate = 0;
  Solver(const Grid &grid, const char *type, PetscReal dt, PetscReal end) {
    TSCreate(PetscObjectComm((PetscObject)grid.da), &ts);
    TSSetDM(ts, grid.da);
    TSSetType(ts, type);
    TSSetTimeStep(ts, dt);
    TSSetMaxTime(ts, end);
    TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP);
  }
  ~Solver() { TSDestroy(&ts); }
  Solver(const Solver &) = delete;
  Solver &operator=(const Solver &) = delete;
  PetscErrorCode solve(Vec x) { return TSSolve(ts, x); }
};

inline void expectFactor(const Grid &grid, double factor, double tolerance = 1e-6) {
  grid.each(grid.x, [&](PetscScalar &v, PetscInt i, PetscInt j, PetscInt c) {
    EXPECT_NEAR(v, factor * wave(i, j, c), tolerance);
  });
}

// The closure is minus dt nu Laplacian: the step multiplies the wave by 1 - dt nu lambda.
inline Policy heat() {
  return diffusionClosure({"psi"}, "additive-rate", kNu, 4);
}

struct ClosureTS : Solver {
  TS inner = NULL;
  PetRLClosure closure = NULL;
  ClosureTS(const Grid &grid, const std::string &policy, const char *type, PetscReal dt, PetscReal end)
      : Solver(grid, TSCLOSURE, dt, end) {
    TSClosureGetTS(ts, &inner);
    TSSetType(inner, type);
    TSClosureGetClosure(ts, &closure);
    PetRLClosureSetPolicy(closure, policy.c_str());
  }
};

}  // namespace petrl::test
