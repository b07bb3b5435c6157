// What step-size policies of a fault are trained for.
#pragma once

#include "adapt/reward.hpp"
#include "problems/fault/run.hpp"

namespace petrl::fault {

/// The paper's reward of a step, eq. 6:
///   converged:  x (T_max - T)/(T_max - T_min) exp(-alpha E_r),    x = (h - h_min)/(h_max - h_min)
///   otherwise:  -x
/// T the run time of the attempt: nonlinear iterations of its six solves (between one and the limit for each), or wall
/// clock, with T_min, T_max the shortest and the longest seen so far.
class LocalReward : public StepReward {
 public:
  LocalReward(double alpha, bool wall_clock) : alpha_(alpha), wall_clock_(wall_clock) {}
  void use(Fault &fault);  ///< the fault that is integrated now
  double operator()(const Attempt &attempt) override;

 private:
  double alpha_;
  bool wall_clock_;
  Fault *fault_ = nullptr;
  double min_time_ = 1e30, max_time_ = 0, last_clock_ = 0;
};

/// Prices of the reward of a whole run.
struct RunPrices {
  double slip = 0.5;  ///< of an e-fold in (slip_tolerance + final slip error)
  double slip_tolerance = 1e-3;
  double history = 0.15;  ///< of the history error
};

/// A yardstick for runs of one scenario: a fine reference and the heuristic.
struct Yardstick {
  FaultRun reference, heuristic;
  double slipError(double slip) const;  ///< |final mean slip - reference's| over the reference's
  double slipError(const FaultRun &run) const { return slipError(run.slip); }
  /// Time integral of |mean slip - reference's| over its final slip, in growth times; of one step, of a run.
  double historyError(double t, double h, double slip) const;
  double historyError(const FaultRun &run) const;
  double growth_time = 1;
  /// Price of a run's errors against the heuristic's: 0 for the same.
  double errorPrice(const FaultRun &run, const RunPrices &prices) const;
};

/// Runs the reference (constant steps of 1/20 growth time) and the heuristic. Throws petrl::Error.
Yardstick makeYardstick(Fault &fault);

/// Reward of an attempt: what the heuristic spent on the time that it covers (nothing if it failed) minus what it cost,
/// in units of the heuristic's mean attempt, and minus the price of the errors: that of the history as it accrues, that
/// of the final slip once the fault has come to rest (or at the end of the run, by remainder()). Over a run that is
/// the share of work saved minus the price of the errors, times the heuristic's attempts. A price at the very end would
/// teach to put off the end by idle steps. Without the first term long and short steps would look alike to a discounting learner.
class RunReward : public StepReward {
 public:
  void use(Fault &fault, const Yardstick &yardstick, const RunPrices &prices);
  double operator()(const Attempt &attempt) override;
  double unit() const { return attempts_; }  ///< the heuristic's attempts: the worth of a whole run
  double remainder();                        ///< what is due at the end of a run that finished

 private:
  double spent(double t) const;  // by the heuristic until t
  double attempts_ = 1;
  bool priced_ = false;  // the final slip is known and paid for
  Fault *fault_ = nullptr;
  const Yardstick *yardstick_ = nullptr;
  RunPrices prices_;
  std::vector<double> time_, cost_;
};

}  // namespace petrl::fault
