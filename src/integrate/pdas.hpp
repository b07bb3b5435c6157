// Private to SNESPDAS: its data.
#pragma once

#include <petrlts.h>
#include <petsc/private/snesimpl.h>

#include "base/compat.hpp"

namespace petrl {

struct PDAS {
  SNESPDASFriction friction = nullptr;
  void *friction_context = nullptr;
  PetscReal scaling = 0;      // r as given by the user, 0: estimated from the Jacobian
  PetscReal force_scale = 1;  // unit of the monitored norm

  Vec reaction = nullptr;  // lambda: start value and result
  Vec active = nullptr;    // 1 on S, 0 elsewhere
  Vec strength = nullptr, slope = nullptr, sign = nullptr;
  Vec update = nullptr, rhs = nullptr, work = nullptr;
  Mat masked = nullptr;                                        // shell: A_SS + D on S, identity elsewhere
  Mat operator_copy = nullptr, preconditioner_copy = nullptr;  // the same of assembled matrices
  KSP indefinite = nullptr;                                    // MINRES, made when first needed
  PetscReal residual_sum = 0;  // of min(norm, 1) over the iterations of the latest solve
  PetscInt indefinite_solves = 0;
  PetscReal r = 1;
};

inline PDAS &pdas(SNES snes) {
  return *static_cast<PDAS *>(snes->data);
}

/// The masked operator of an iteration; sets *A, *P for KSPSetOperators().
PetscErrorCode PDASOperators(SNES snes, Mat *A, Mat *P);

}  // namespace petrl
