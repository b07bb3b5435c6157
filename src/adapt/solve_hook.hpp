// Private to the levers in nonlinear solves: what a SNES carries while its solves are watched.
#pragma once

#include "adapt/solve.hpp"

namespace petrl {

struct AdaptRL;

struct SolveHook {
  TSAdapt adapt = nullptr;                  // null once the adaptor is gone, or has given the SNES back
  SNES snes = nullptr;                      // null once it is gone
  PetscErrorCode (*solve)(SNES) = nullptr;  // of its type
  LeftAlone alone;                          // because of what the user has set
  bool linear = false;                      // a Rosenbrock method's
  bool changing = false;                    // the equations' function changes the matrix (linear ones may)

  Contraction contractions[2];  // with a Jacobian that is kept; with a new one at each iteration
  JacobianAge age;
  Caution caution;
  PetscObjectId ts = 0, matrices[2] = {0, 0};  // for which the Jacobian was built
  PetscObjectState state = 0;                  // of the operator then, where it is another matrix

  // During a solve.
  TS now = nullptr;
  bool tolerance = false, krylov = false, keep = false;  // what is done in it
  bool loose = false;                                    // the tolerance, this time
  bool built = false, slow = false, tested = false, ended = false;
  PetscInt lag = 1;                   // with which the coming iteration starts
  double kappa = 0;                   // the error that is aimed at
  double floor = 0, first_floor = 0;  // what linear solves leave; and a Jacobian of another shift
  Contraction *contraction = nullptr;
  KSP ksp = nullptr;  // with its own tolerances
  PetscReal rtol = 0, atol = 0, dtol = 0;
  PetscInt most = 0;
  PetscInt step = -1, solves = 0, solves_before = 1;  // in this step, in the one before
  double increment = 0, increment_before = 0;         // the largest of linear solves in this step, in the one before
  Vec previous = nullptr;
  PetscErrorCode (*test)(SNES, PetscInt, PetscReal, PetscReal, PetscReal, SNESConvergedReason *, void *) = nullptr;
  void *test_context = nullptr;
};

/// The error that Newton's method, or a linear solve, may leave, in the norm of the step's error.
double solveTolerance(const AdaptRL &rl, bool careful);

/// One linear solve of a Rosenbrock method (SNESKSPONLY), no more accurate than its step. Collective.
PetscErrorCode SolveLinearly(SNES snes, SolveHook &hook, TS ts);

}  // namespace petrl
