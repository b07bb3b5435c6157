// A 1-D reaction-diffusion equation on a DMDA, integrated under TSADAPTRL: the same problem on any communicator.
#pragma once

#include <petrl.h>
#include <petscdmda.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace petrl::test {

constexpr PetscInt kPoints = 41;
constexpr double kDiffusion = 2e-2;

/// u_t = D u_xx + 5 u^2 (1 - u), held at 1 and 0 at the ends.
inline PetscErrorCode Equation(DMDALocalInfo *info, PetscReal, const PetscScalar *u, PetscScalar *f, void *) {
  const double dx = 1.0 / (kPoints - 1), d = kDiffusion / (dx * dx);

  PetscFunctionBeginUser;
  for (PetscInt i = info->xs; i < info->xs + info->xm; ++i) {
    const bool boundary = i == 0 || i == info->mx - 1;
    f[i] = boundary ? 0 : d * (u[i - 1] - 2 * u[i] + u[i + 1]) + 5 * u[i] * u[i] * (1 - u[i]);
  }
  PetscFunctionReturn(0);
}

inline PetscErrorCode Slope(DMDALocalInfo *info, PetscReal, const PetscScalar *u, Mat A, Mat B, void *) {
  const double dx = 1.0 / (kPoints - 1), d = kDiffusion / (dx * dx);

  PetscFunctionBeginUser;
  for (PetscInt i = info->xs; i < info->xs + info->xm; ++i) {
    MatStencil row = {0, 0, i, 0};
    if (i == 0 || i == info->mx - 1) {
      const PetscScalar zero = 0;
      PetscCall(MatSetValuesStencil(B, 1, &row, 1, &row, &zero, INSERT_VALUES));
      continue;
    }
    const MatStencil columns[3] = {{0, 0, i - 1, 0}, {0, 0, i, 0}, {0, 0, i + 1, 0}};
    const PetscScalar values[3] = {d, -2 * d + 5 * (2 * u[i] - 3 * u[i] * u[i]), d};
    PetscCall(MatSetValuesStencil(B, 1, &row, 3, columns, values, INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  if (A != B) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(0);
}

inline PetscErrorCode RecordTime(TS, PetscInt, PetscReal t, Vec, void *ctx) {
  PetscFunctionBeginUser;
  static_cast<std::vector<double> *>(ctx)->push_back(t);
  PetscFunctionReturn(0);
}

struct Integration {
  std::string type = "rk";  ///< TS type
  std::string policy;       ///< file
  double final_time = 0.5;
  bool always_accept = false;
  std::function<PetscErrorCode(TSAdapt)> configure;  ///< further settings
  std::vector<double> times;                         ///< out: times of the accepted steps, the initial one first
  double sum = 0;                                    ///< out: sum of the solution
  PetscInt decisions = 0, fallbacks = 0;             ///< out
};

inline PetscErrorCode SetUp(MPI_Comm comm, Integration &run, TS *ts, DM *dm, Vec *u) {
  TSAdapt adapt;
  SNES snes;
  KSP ksp;
  PC pc;
  PetscInt first, count;
  PetscScalar *values;

  PetscFunctionBeginUser;
  PetscCall(DMDACreate1d(comm, DM_BOUNDARY_NONE, kPoints, 1, 1, nullptr, dm));
  PetscCall(DMSetUp(*dm));
  PetscCall(TSCreate(comm, ts));
  PetscCall(TSSetDM(*ts, *dm));
  PetscCall(TSSetType(*ts, run.type.c_str()));
  PetscCall(DMDATSSetRHSFunctionLocal(*dm, INSERT_VALUES, (DMDATSRHSFunctionLocal)Equation, nullptr));
  PetscCall(DMDATSSetRHSJacobianLocal(*dm, (DMDATSRHSJacobianLocal)Slope, nullptr));
  PetscCall(TSSetTolerances(*ts, 1e-4, nullptr, 1e-4, nullptr));
  PetscCall(TSSetTimeStep(*ts, 1e-3));
  PetscCall(TSSetMaxTime(*ts, run.final_time));
  PetscCall(TSSetExactFinalTime(*ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSMonitorSet(*ts, RecordTime, &run.times, nullptr));
  // A solver whose result depends on the number of ranks by rounding only.
  PetscCall(TSGetSNES(*ts, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCJACOBI));
  PetscCall(KSPSetTolerances(ksp, 1e-12, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  PetscCall(TSGetAdapt(*ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
  PetscCall(TSAdaptSetAlwaysAccept(adapt, run.always_accept ? PETSC_TRUE : PETSC_FALSE));
  PetscCall(TSAdaptRLSetPolicy(adapt, run.policy.c_str()));
  if (run.configure) PetscCall(run.configure(adapt));
  PetscCall(DMCreateGlobalVector(*dm, u));
  PetscCall(DMDAGetCorners(*dm, &first, nullptr, nullptr, &count, nullptr, nullptr));
  PetscCall(DMDAVecGetArray(*dm, *u, &values));
  for (PetscInt i = first; i < first + count; ++i)
    values[i] = 0.5 * (1 - std::tanh(12 * (static_cast<double>(i) / (kPoints - 1) - 0.25)));
  PetscCall(DMDAVecRestoreArray(*dm, *u, &values));
  PetscFunctionReturn(0);
}

/// Integrates; whatever went wrong is returned, and everything is destroyed all the same.
inline PetscErrorCode Integrate(MPI_Comm comm, Integration &run) {
  TS ts = nullptr;
  DM dm = nullptr;
  Vec u = nullptr;
  TSAdapt adapt;

  PetscFunctionBeginUser;
  PetscErrorCode ierr = SetUp(comm, run, &ts, &dm, &u);
  if (!ierr) ierr = TSSolve(ts, u);
  if (!ierr) {
    PetscCall(TSGetAdapt(ts, &adapt));
    PetscCall(TSAdaptRLGetCounters(adapt, &run.decisions, &run.fallbacks, nullptr));
    PetscScalar sum;
    PetscCall(VecSum(u, &sum));
    run.sum = PetscRealPart(sum);
  }
  PetscCall(VecDestroy(&u));
  PetscCall(TSDestroy(&ts));
  PetscCall(DMDestroy(&dm));
  PetscFunctionReturn(ierr);
}

}  // namespace petrl::test
