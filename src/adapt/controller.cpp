#include "adapt/controller.hpp"

namespace petrl {

namespace {

double errorFactor(double error, int order) {
  return error > 0 ? std::pow(error, -1.0 / order) : std::numeric_limits<double>::infinity();
}

}  // namespace

double basicStep(double h, double error, int order, bool retried, const StepLimits &limits) {
  double safety = limits.safety;
  if (error > 1 && retried) safety *= limits.reject_safety;
  double factor = safety * errorFactor(error, order);
  if (limits.hold) factor = std::min(factor, 1.0);
  return std::clamp(h * std::clamp(factor, limits.clip_low, limits.clip_high), limits.dt_min, limits.dt_max);
}

double piStep(double h, double error, int order, double previous, const StepLimits &limits) {
  const double aim = std::log(limits.safety), now = std::log(error) / order - aim;
  const double factor = std::exp(-kIntegral * now + kProportional * (previous - aim - now));
  return limitedStep(h * factor, h, false, limits);
}

double proposedStep(const ActionSpec &action, double a, double h, double error, int order, bool failed,
                    const StepLimits &limits, double classical) {
  const double low = action.low[0], high = action.high[0], x = 0.5 * (a + 1);
  if (action.transform == "linear") return low + x * (high - low);
  const double r = low * std::pow(high / low, x);
  if (action.transform == "log") return r;
  if (action.transform == "log-scaled") return r * limits.time_scale;
  if (action.transform == "ratio") return h * r;
  if (failed) return h * limits.scale_failed * r;
  if (action.transform == "pi-ratio") return classical * r;
  return h * std::clamp(errorFactor(error, order), limits.clip_low, limits.clip_high) * r;
}

double limitedStep(double proposal, double h, bool failed, const StepLimits &limits) {
  // A failed solve is retried with a shorter step, whatever the policy says, or it would fail for ever.
  const double low = failed ? std::min(limits.clip_low, limits.scale_failed) : limits.clip_low;
  const double high = failed ? 0.9 : (limits.hold ? std::min(limits.clip_high, 1.0) : limits.clip_high);
  const double step = std::clamp(proposal, h * low, h * high);
  // As in PETSc, dt_min does not hold back retries after a failed solve: max_reject ends them.
  return failed ? std::min(step, limits.dt_max) : std::clamp(step, limits.dt_min, limits.dt_max);
}

}  // namespace petrl
