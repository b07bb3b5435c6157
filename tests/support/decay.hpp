// u' = -u, by TSRK 3bs, with a relative tolerance alone: steps of one length have errors of one size.
#pragma once

#include <petscts.h>

#include <cmath>
#include <string>
#include <vector>

#include "learn/step/environment.hpp"

struct Decay : petrl::StepCase {
  double rtol = 1e-4, final_time = 16, step = 0.125;
  PetscErrorCode (*before_step)(TS) = nullptr;

  std::string name() const override { return "decay"; }
  static PetscErrorCode Rate(TS, PetscReal, Vec u, Vec f, void *) {
    PetscFunctionBegin;
    PetscCall(VecCopy(u, f));
    PetscCall(VecScale(f, -1));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscErrorCode create(double end, TS *ts) override {
    Vec u;
    PetscFunctionBegin;
    PetscCall(TSCreate(PETSC_COMM_SELF, ts));
    PetscCall(VecCreateSeq(PETSC_COMM_SELF, 1, &u));
    PetscCall(VecSet(u, 1));
    PetscCall(TSSetSolution(*ts, u));
    PetscCall(VecDestroy(&u));
    PetscCall(TSSetType(*ts, TSRK));
    PetscCall(TSSetRHSFunction(*ts, nullptr, Rate, nullptr));
    PetscCall(TSSetTimeStep(*ts, step));
    PetscCall(TSSetMaxTime(*ts, end > 0 ? end : final_time));
    PetscCall(TSSetExactFinalTime(*ts, TS_EXACTFINALTIME_MATCHSTEP));
    PetscCall(TSSetTolerances(*ts, 1e-30, nullptr, rtol, nullptr));
    if (before_step) PetscCall(TSSetPreStep(*ts, before_step));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  double error(const std::vector<double> &u, const std::vector<double> &reference) const override {
    return std::fabs(u[0] / reference[0] - 1);
  }
};
