// Private to TSADAPTRL: the levers beyond the step. What a whole solve lets a controller decide.
#pragma once

#include <petscts.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "adapt/newton.hpp"

namespace petrl {

/// Which of the levers are pulled (-ts_adapt_rl_control).
struct Control {
  bool step = true, accept = false, tolerance = false, jacobian = false, order = false;
  bool solves() const { return tolerance || jacobian; }
};

/// From their names, separated by commas or blanks; throws petrl::Error.
Control controlFrom(std::string names);
std::string controlNames(const Control &control);
/// What policy `classical` decides unless it is told.
Control classicalControl();

/// What was counted in nonlinear solves.
struct SolveCounts {
  PetscInt solves = 0, iterations = 0, linear = 0;
  PetscInt jacobians = 0;  ///< built: `iterations` without savings
  PetscInt repeated = 0;   ///< solves that needed an exact Newton iteration after all
  double slowest = 0;      ///< contraction since the last attempt was recorded
};

/// Why a lever is left as the user has it; "": it is pulled.
struct LeftAlone {
  std::string tolerance, krylov, jacobian, order;
  bool linear = false;   ///< a Rosenbrock method: only its linear solves have a tolerance
  bool careful = false;  ///< the method's error is far below what it estimates, and it damps none
};

struct SolveHook;  // carried by a SNES; outlives the adaptor

}  // namespace petrl
