// What a step-size controller is trained for.
#pragma once

#include <petscts.h>

#include <cstddef>
#include <string>
#include <vector>

#include "adapt/history.hpp"

namespace petrl {

/// What the parts of a solve cost: one right-hand side is the unit.
struct StepPrices {
  double function = 1, jacobian = 1, linear = 1;  ///< a right-hand side; a Jacobian with its preconditioner; a linear
                                                  ///< iteration
  double of(double functions, double jacobians, double iterations) const {
    return function * functions + jacobian * jacobians + linear * iterations;
  }
};

/// Measured, with a TS that is ready to solve implicit equations. In steps of a factor 2^(1/2), so that two measurements
/// mostly agree. Throws petrl::Error.
PETRL_API StepPrices measuredPrices(TS ts);

/// Reward of one attempt. Units: the cost of one average step.
class PETRL_API StepReward {
 public:
  virtual ~StepReward();
  virtual void restart() {}
  virtual double operator()(const Attempt &attempt) = 0;
};

/// Reward against an earlier run of the same case, in units of its mean cost of a step (training: of `basic`):
///   r = [C_b(t') - C_b(t) - c] / <c_b> + p [E_b(t') - E_b(t) - e] / <e_b> / k
/// t -> t' the progress of the attempt (none if rejected or failed), c its cost, C_b the cumulative cost of the earlier
/// run, e for an accepted step its true local error, weighted with what becomes of errors until the end, where that was
/// measured, else E^((k+1)/k) of its weighted error E of order k (the local error of the higher-order
/// solution that goes on), E_b its sum over that run's steps. Summed over a run this is the relative saving in cost
/// plus the relative change in error at the exchange rate of a method of order k: cost ~ error^(-1/k). Without the
/// second term a controller would win by being less accurate.
class PETRL_API BaselineReward : public StepReward {
 public:
  /// `error_price`: p above, 1 if local errors add up to the global one, less where a few steps (jumps) make most of
  /// it.
  explicit BaselineReward(double error_price = 1, const StepPrices &prices = {})
      : error_price_(error_price), prices_(prices) {}
  void add(const Attempt &attempt);  ///< an attempt of the baseline
  void finish();
  double operator()(const Attempt &attempt) override;
  long attempts() const { return attempts_; }
  const std::vector<double> &times() const { return time_; }  ///< ends of the baseline's steps, its start first
  /// Weights of true errors at times that ascend, linear between them.
  void weigh(std::vector<double> times, std::vector<double> weights);

 protected:
  double cost(const Attempt &attempt) const;
  double localError(const Attempt &attempt) const;
  double cumulative(const std::vector<double> &values, double t) const;
  std::vector<double> time_, cost_, error_;
  double error_price_;
  StepPrices prices_;
  std::vector<double> weight_time_, weight_;
  double pending_cost_ = 0, mean_cost_ = 1, mean_error_ = 1;
  long attempts_ = 0;
};

/// For training inside an application: the baseline is its own first run over the same times. What lies beyond the end
/// of the record is recorded (reward 0), what lies within is rewarded.
///
/// Rewards that need no earlier run were tried: progress over the controller's own recent average makes shrinking steps
/// a gain once the average has forgotten, and progress in units of the step that the error estimate suggests does so
/// wherever errors fall more slowly with the step than their order promises.
class PETRL_API OnlineReward : public BaselineReward {
 public:
  void restart() override { from_ = to_ = sum_ = spent_ = erred_ = 0, rewarded_ = false; }  ///< a new solve
  double operator()(const Attempt &attempt) override;
  double sum() const { return sum_; }  ///< of the rewards of this solve
  /// A solve, over the times for which it was rewarded, beside the record.
  struct Solve {
    double baseline_steps = 0;             ///< 0: no part of it was rewarded
    double reward = 0;                     ///< sum
    double cost = 0, baseline_cost = 0;    ///< right-hand sides + Jacobians + linear iterations
    double error = 0, baseline_error = 0;  ///< sums of local errors over the tolerance
  };
  Solve solve() const;
  double allBaselineSteps() const { return static_cast<double>(time_.size()); }
  /// Whether a step from t on is one to record.
  bool recording(double t) const;
  /// Reads and writes the record (CSV). Throws petrl::Error.
  void read(const std::string &path);
  void write(const std::string &path) const;

 private:
  double from_ = 0, to_ = 0, sum_ = 0, spent_ = 0, erred_ = 0;
  bool rewarded_ = false;
  bool extended_ = false;  // the means are not those of the whole record
};

}  // namespace petrl
