// What step-size policies of a fault are trained for.
#pragma once

#include "learn/step/reward.hpp"
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

/// Prices of the reward of a whole run, in units of the heuristic's work on it.
struct RunPrices {
  double slip = 0.25;            ///< of a slip error like the heuristic's (plus slip_tolerance)
  double slip_tolerance = 1e-3;  ///< relative slip error that does not matter
  double history = 0.15;         ///< of the history error, in growth times by which the event is off
};

/// A yardstick for runs of one scenario: a fine reference and the heuristic.
struct Yardstick {
  FaultRun reference, heuristic;
  double growth_time = 1;
  double slipError(double slip) const;  ///< |final mean slip - reference's| over the reference's
  double slipError(const FaultRun &run) const { return slipError(run.slip); }
  /// Time integral of |mean slip - reference's| over its final slip, in growth times; of one step, of a run.
  double historyError(double t, double h, double slip) const;
  double historyError(const FaultRun &run) const;
};

/// Runs the reference (constant steps of 1/20 growth time) and the heuristic. Throws petrl::Error.
Yardstick makeYardstick(Fault &fault);

/// Reward of an attempt, in units of the heuristic's mean attempt:
///   + what the heuristic spent on the time that it covers (nothing if it failed)
///   - what it cost
///   - the price of its errors: of the history, and of the change that this step alone makes in the final slip, found
///   by
///     going on with fine steps from before and from after it.
/// Over a run that is the work saved minus the price of the errors. Without the first term long and short steps would
/// look alike to a discounting learner; an error that is charged at the end of the run cannot be traced to the step
/// that made it, because what one observes soon forgets that step.
class RunReward : public StepReward {
 public:
  /// `probe`: a fault of the same scenario, used to go on.
  void use(Fault &fault, Fault &probe, const Yardstick &yardstick, const RunPrices &prices);
  double operator()(const Attempt &attempt) override;
  double unit() const { return attempts_; }  ///< the heuristic's attempts: the worth of a whole run

 private:
  double spent(double t) const;  // by the heuristic until t
  double finalSlip(double t);    // going on from the fault's state
  double attempts_ = 1;
  Fault *fault_ = nullptr, *probe_ = nullptr;
  const Yardstick *yardstick_ = nullptr;
  RunPrices prices_;
  double predicted_ = 0;  // final slip before the step
  std::vector<double> time_, cost_;
};

}  // namespace petrl::fault
