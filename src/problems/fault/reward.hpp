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
  double slip = 0.5;          ///< of an e-fold in (tolerance + final slip error)
  double slip_tolerance = 1e-3;
  double history = 0.1;       ///< of an e-fold in (tolerance + history error)
  double history_tolerance = 0.1;
};

/// A yardstick for runs of one scenario: a fine reference and the heuristic.
struct Yardstick {
  FaultRun reference, heuristic;
  double slipError(const FaultRun &run) const;     ///< |final mean slip - reference's| over the reference's
  double historyError(const FaultRun &run) const;  ///< time integral of |mean slip - reference's| over its final slip
                                                   ///< in growth times
  double growth_time = 1;
  /// Price of a run's errors against the heuristic's: 0 for the same.
  double errorPrice(const FaultRun &run, const RunPrices &prices) const;
};

/// Runs the reference (constant steps of 1/20 growth time) and the heuristic. Throws petrl::Error.
Yardstick makeYardstick(Fault &fault);

/// Reward of an attempt: what the heuristic spent on the time that it covers (nothing if it failed) minus what it cost,
/// over the cost of the heuristic's whole run. Over a run that is the share of work saved; the price of the errors
/// follows at its end. Without the first term long and short steps would look alike to a discounting learner.
class RunReward : public StepReward {
 public:
  void use(Fault &fault, const FaultRun &heuristic);
  double operator()(const Attempt &attempt) override;

 private:
  double spent(double t) const;  // by the heuristic until t
  Fault *fault_ = nullptr;
  std::vector<double> time_, cost_;
};

}  // namespace petrl::fault
