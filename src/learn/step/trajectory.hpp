// A solution all along, not only at its end: what it is, and how far a run is from it.
#pragma once

#include <petscts.h>

#include <vector>

#include "learn/step/environment.hpp"

namespace petrl {

/// A solution as a function of time: that of an accurate run, cubic between its steps (values and rates of change at
/// both ends of each). Serial, real.
class PETRL_API Trajectory {
 public:
  /// Runs the case. Throws petrl::Error when PETSc fails.
  Trajectory(StepCase &c, const StepController &controller, long max_steps);
  bool finished() const { return finished_; }
  /// At a time of the run, into u.
  void at(double t, std::vector<double> &u) const;

 private:
  static PetscErrorCode Keep(TS ts, PetscInt step, PetscReal t, Vec u, void *ctx);
  std::size_t n_ = 0;
  std::vector<double> time_, value_, rate_;  // of each step one after the other
  bool finished_ = false;
};

/// A run and its distance from a trajectory.
struct RunBeside {
  StepRun run;
  /// Error at the ends of its steps, no more than 1 each, averaged over time, each for the step that leads there: of a
  /// spike out of phase it measures by how much, not how high it is.
  double mean = 0;
  double end = 0;             ///< error at the end
  double order = 1;           ///< of its steps, on average, where the controller is TSADAPTRL; else 1
  std::vector<double> times;  ///< ends of its steps
};

/// Runs a case and measures. Errors are those of StepCase::error(); infinite where it did not get to the end.
PETRL_API RunBeside runBeside(StepCase &c, const StepController &controller, long max_steps,
                              const Trajectory &reference);

}  // namespace petrl
