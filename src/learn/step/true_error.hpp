// The true local error of steps: what an accurate solver makes of the same step.
#pragma once

#include <petscts.h>

#include <vector>

#include "adapt/history.hpp"

namespace petrl {

/// Integrates again, accurately, what steps have covered. Serial. Throws petrl::Error.
class TrueError {
 public:
  /// `fine`: an accurate TS of the same equation, ready but for its times; it becomes ours.
  explicit TrueError(TS fine) : fine_(fine) {}
  TrueError(const TrueError &) = delete;
  TrueError &operator=(const TrueError &) = delete;
  ~TrueError();

  /// A run of `ts` starts from its solution.
  void begin(TS ts);
  /// An attempt has ended, before anybody was told: gives an accepted one its true error, in the norm of its estimate.
  /// Keeps the solution that the next one starts from.
  PetscErrorCode appraise(TS ts, Attempt &attempt);

  /// How errors made at these times (ascending, the first one the start) grow until the last of them, from a run of `ts`
  /// and one that starts a little beside it: one number a time. The run must be at its start. Empty where the accurate
  /// solver does not get through.
  std::vector<double> growth(TS ts, const std::vector<double> &times, double rtol);

 private:
  /// x from t to `end`, in place.
  PetscErrorCode integrate(Vec x, double t, double end, PetscBool *there);

  TS fine_;
  Vec before_ = nullptr, work_ = nullptr;  // the solution at the start of the step; scratch
};

}  // namespace petrl
