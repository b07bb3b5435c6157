// What happened so far in a time integration, as a step-size controller sees it. Plain numbers, no PETSc objects.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "base/api.hpp"

namespace petrl {

/// One attempt at a step and its outcome.
struct Attempt {
  double t = 0;       ///< time at the start of the step
  double h = 0;       ///< step length that was executed
  int order = 1;      ///< k: the local error estimate is O(h^k)
  double error = -1;  ///< weighted local error (accept: <= 1); negative: not estimated
  bool accepted = false;
  bool failed = false;   ///< a solve failed or a stage was refused: no error, the step is retried
  double nonlinear = 0;  ///< nonlinear iterations of this attempt
  double linear = 0;     ///< linear iterations of this attempt
  double cost = 0;       ///< right-hand sides + Jacobians + linear iterations of this attempt
  double functions = 0;  ///< of these, right-hand sides
  double jacobians = 0;  ///< of these, Jacobians
  double contraction =
      0;  ///< the slowest of Newton's method in this attempt, where solves are controlled; 0: not known
  double true_error = -1;  ///< as `error`, but measured (by trainings); negative: it was not
};

class StepHistory;

/// An observable: its name, what it is, the offset and scale with which new policies see it, whether they do unless
/// told which ones to see, and its value after the latest attempt.
struct Observable {
  const char *name;
  const char *meaning;
  float offset, scale;
  bool usual;
  double (*value)(const StepHistory &history);
};

/// The observables that every TS offers, in a fixed order: one row each.
PETRL_API const std::vector<Observable> &observables();

/// Memory of the integration from which the observables are computed.
class StepHistory {
 public:
  /// Forgets everything (a new solve, or the application restarted the stepper).
  void restart() { *this = StepHistory(); }

  /// Adds an attempt (the one that has just ended); `t_end` is the final time.
  void add(const Attempt &attempt, double t_end);

  /// All observables, in the order of observables(), as they stand after the latest attempt.
  void values(std::vector<double> &out) const;

  /// What it would be if the next attempt, of length h, failed to solve.
  StepHistory ifFailed(double t, double h) const;

  const Attempt &last() const { return last_; }
  /// log(E)/k of the last accepted step before the latest attempt.
  double previousError() const { return error_[0]; }
  /// Rejected or failed attempts since the last accepted step.
  bool retrying() const { return rejections_ + failures_ > 0; }
  int rejections() const { return rejections_; }  ///< rejected attempts in a row
  int failures() const { return failures_; }      ///< failed solves in a row
  bool empty() const { return attempts_ == 0; }

 private:
  friend const std::vector<Observable> &observables();
  /// Where the next attempt starts.
  double now() const { return last_.accepted ? last_.t + last_.h : last_.t; }
  bool barrier() const { return bad_until_ > now(); }
  bool remembersFailure() const;

  static constexpr double kNever = std::numeric_limits<double>::infinity();

  Attempt last_;
  double log_error_ = 0;  // log(error)/k of it
  double t_end_ = 0;
  long attempts_ = 0;
  int rejections_ = 0, failures_ = 0;  // in a row
  double error_[2] = {0, 0};           // log(error)/k of the last accepted steps before the current attempt
  double accepted_h_ = 0, ratio_ = 0, ratio1_ = 0;  // last accepted step; log ratios
  double slope_ = 1;            // observed d log(error) / d log(h) / k between two attempts at one step
  double bad_until_ = -kNever;  // end of the shortest rejected step that is still ahead
  double failed_h_ = 0, since_failure_ = kNever;  // length of the last failed step, accepted steps since
  double rejection_rate_ = 0, failure_rate_ = 0;  // exponential averages over attempts
  double turn_ = 0;                               // the last change of log(h) from one attempt to the next
  double oscillation_ = 0, jitter_ = 0;           // exponential averages over attempts, accepted steps
  double mean_nonlinear_ = -1;                    // exponential average over accepted steps, negative: none yet
};

}  // namespace petrl
