// From an observation to the next step: the arithmetic of TSADAPTRL, without PETSc objects.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "policy/policy.hpp"

namespace petrl {

/// Limits under which a step is chosen; the meaning of TSAdapt's own fields.
struct StepLimits {
  double safety = 0.9, reject_safety = 0.5;
  double clip_low = 0.1, clip_high = 10;
  double dt_min = 1e-20, dt_max = 1e20;
  double scale_failed = 0.25;
  double time_scale = 0;  ///< of the application; 0: not known
  bool hold = false;      ///< no growth now (TSAdaptSetTimeStepIncreaseDelay)
};

/// The next step of TSADAPTBASIC after an attempt of length h with weighted error `error` of order `order`;
/// `retried`: the attempt itself was a retry.
PETRL_API double basicStep(double h, double error, int order, bool retried, const StepLimits &limits);

/// The gains of piStep(): the best on the training problems (tests/bench/dsp_tuning.yaml).
constexpr double kIntegral = 0.9, kProportional = 0.1;

/// The next step of PI control (Gustafsson) after an accepted attempt of length h, which settles where TSADAPTBASIC
/// does: at E^(1/k) = safety. `previous`: log(E)/k of the accepted step before. After any other attempt (error 0 or not
/// estimated, rejected, itself a retry) there is no trend to go by: use basicStep().
PETRL_API double piStep(double h, double error, int order, double previous, const StepLimits &limits);

/// The step that a policy's output a in [-1, 1] means, before limits.
/// ratio: h r;  error-ratio: h clip(E^(-1/k)) r, or h scale_failed r after a failed solve;  pi-ratio: `classical` r, the
/// step of the classical rule, or h scale_failed r after a failed solve;  linear, log: absolute;  log-scaled: in units of
/// the application's time scale.
/// r (or the step) runs from low to high: linearly for `linear`, in the logarithm for the others.
PETRL_API double proposedStep(const ActionSpec &action, double a, double h, double error, int order, bool failed,
                              const StepLimits &limits, double classical = 0);

/// Applies clips and step limits to a proposal.
double limitedStep(double proposal, double h, bool failed, const StepLimits &limits);

/// Network input of one observable: (value - offset) factor, within [-clip, clip]; NaN unless finite.
inline float normalise(double value, double offset, double factor, double clip) {
  const double x = (value - offset) * factor;
  return std::isfinite(x) ? static_cast<float>(std::clamp(x, -clip, clip)) : std::numeric_limits<float>::quiet_NaN();
}
inline float normalise(const ObservationSpec &spec, std::size_t i, double value) {
  return normalise(value, spec.offset[i], 1.0 / spec.scale[i], spec.clip);
}

}  // namespace petrl
