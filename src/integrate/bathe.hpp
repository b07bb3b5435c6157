// Private to TSBATHE: its data.
#pragma once

#include <petrlts.h>
#include <petsc/private/tsimpl.h>

#include <functional>

#include "base/compat.hpp"

namespace petrl {

/// Everything that a step starts from.
struct BatheState {
  Vec u = nullptr, v = nullptr, a = nullptr;  // displacement, velocity, acceleration
  Vec history = nullptr, rate = nullptr;      // of the friction law, null without friction
  Vec reaction = nullptr;
};

/// One attempt at a step, for whoever watches.
struct BatheAttempted {
  PetscReal t = 0, h = 0;
  bool failed = false, accepted = false;
  PetscReal error = -1;  // weighted local error, negative: not estimated
  PetscInt iterations = 0, linear = 0, solves = 0;
  PetscReal residual_sum = 0;
};

struct Bathe {
  // Method
  PetscReal rho = 0, gamma = 0, q0 = 0, q1 = 0, q2 = 0;
  TSBatheErrorType error_type = TS_BATHE_ERROR_NONE;
  PetscReal displacement_scale = 0, velocity_scale = 0;

  // Friction
  TSBatheFriction friction = nullptr;
  void *friction_context = nullptr;
  PetscReal force_scale = 1;
  Vec initial_history = nullptr;

  // `start` is where the step under way begins, `now` where it ends; `first` the end of the first sub-step, `middle`
  // that of the first of two half steps.
  BatheState start, first, middle, now;
  Vec error_u = nullptr, error_v = nullptr;  // difference of the two solutions that are compared

  // The sub-step that the SNES solves: v -> u = known_u + c v, a = (v - known_v)/c, history = known_history + c rate
  PetscReal stage_time = 0, c = 1;
  Vec known_u = nullptr, known_v = nullptr, known_history = nullptr;
  Vec stage_u = nullptr, stage_a = nullptr;

  BatheAttempted latest;
  std::function<void(const BatheAttempted &)> observer;
  TSStepStatus status = TS_STEP_COMPLETE;
  bool started = false;
};

inline Bathe &bathe(TS ts) {
  return *static_cast<Bathe *>(ts->data);
}

// The state at the current solution: the start of the step while it is under way, and where it was taken back.
inline const BatheState &BatheCurrent(TS ts) {
  const Bathe &b = bathe(ts);
  return b.started && b.status == TS_STEP_INCOMPLETE ? b.start : b.now;
}

// bathe.cpp
void BatheSetMethod(Bathe &b, PetscReal rho);
PetscErrorCode TSEvaluateWLTE_Bathe(TS ts, NormType type, PetscInt *order, PetscReal *wlte);
// bathe_step.cpp
PetscErrorCode BatheStart(TS ts, BatheState &state, PetscReal t);  // acceleration, reaction, rate at a given u, v
PetscErrorCode BatheAttempt(TS ts, PetscBool *ok);                 // one attempt at ts->time_step, from start to now
PetscErrorCode BatheSNESFunction(SNES snes, Vec v, Vec f, TS ts);
PetscErrorCode BatheSNESJacobian(SNES snes, Vec v, Mat J, Mat P, TS ts);

}  // namespace petrl
