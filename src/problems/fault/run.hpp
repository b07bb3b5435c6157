// One simulation of a fault with one step controller, recorded.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "integrate/bathe.hpp"
#include "problems/fault/fault.hpp"

namespace petrl::fault {

/// One attempt at a step and the fault after it.
struct RecordedAttempt {
  BatheAttempted attempt;
  double velocity = 0, slip = 0;  ///< means [m/s, m]
};

struct FaultRun {
  bool finished = false;  ///< reached the final time
  std::string reason;     ///< PETSc's word for how it ended
  std::vector<RecordedAttempt> attempts;
  long steps = 0, failures = 0, rejections = 0;
  long iterations = 0, linear = 0, solves = 0;  ///< nonlinear, linear, sub-steps
  double wall = 0;                              ///< of TSSolve [s], policy included
  double time = 0, slip = 0, peak_velocity = 0, peak_time = 0;

  /// Work in units of the operator: evaluations of the residual plus linear iterations.
  double cost() const { return static_cast<double>(iterations + solves + linear); }
  /// Mean slip at t, interpolated linearly between steps.
  double slipAt(double t) const;
  /// When the mean slip has come half its way, by cubic interpolation: the time of the event [s].
  double eventTime() const;
};

/// A step controller of the study: how to configure the fault's TS before the options.
using FaultController = std::function<void(Fault &)>;

/// From its name and settings, "name" or "name:key=value,...":
///   constant:h=0.05                          no adaptivity, no error estimate
///   heuristic                                the paper's (richardson with step doubling)
///   basic, dsp-<filter>                      with error=doubling|embedded (doubling), tolerance=<E>
///   iterations:target=,power=                by nonlinear iterations
///   event:nucleation=,event=,onset=          fault-event
///   rl:<policy file>                         or rl for the fault policy that ships; with safeguard=0 for none,
///                                            accept=error: reject steps by their error as basic does;
///                                            slip_price=, history_price=: see Prices
/// Throws petrl::Error for anything else.
FaultController faultController(const std::string &text);

/// Restarts the fault and integrates it. `options`: let the options database have the last word, also on the prices
/// (-fault_slip_price, -fault_history_price).
/// `observer`, if given, is called after each accepted step. Throws petrl::Error.
FaultRun simulate(Fault &fault, const FaultController &controller, bool options = false,
                  const std::function<void(Fault &, double)> &observer = nullptr);

}  // namespace petrl::fault
