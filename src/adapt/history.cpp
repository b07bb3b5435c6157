#include "adapt/history.hpp"

#include <algorithm>
#include <cmath>

namespace petrl {

namespace {

constexpr double kSmallestError = 1e-12;  // below this an estimate is rounding
constexpr double kRate = 0.1;             // of the exponential averages
constexpr double kForget = 50;            // accepted steps after which a failure no longer matters

double logError(const Attempt &a) {
  return a.error < 0 ? 0 : std::log(std::clamp(a.error, kSmallestError, 1e12)) / a.order;
}

double clampLog(double ratio) {
  return std::clamp(std::log(std::max(ratio, 1e-300)), -12.0, 12.0);
}

}  // namespace

const std::vector<Observable> &observables() {
  static const std::vector<Observable> list = {
      {"error", "log(E)/k of this attempt: E its weighted local error, k the order of the estimate; 0 if it failed", 0,
       0.5f},
      {"error_previous", "log(E)/k of the last accepted step before this attempt", 0, 0.5f},
      {"error_previous_2", "log(E)/k of the accepted step before that", 0, 0.5f},
      {"step_ratio", "log(h / last accepted step)", 0, 1},
      {"step_ratio_previous", "log of the ratio of the two accepted steps before", 0, 1},
      {"rejections", "rejected attempts in a row, this one included", 0, 2},
      {"failures", "failed solves in a row, this one included", 0, 2},
      {"rejection_rate", "share of rejected attempts (exponential average, rate 0.1)", 0, 0.25f},
      {"failure_rate", "share of failed attempts (exponential average, rate 0.1)", 0, 0.25f},
      {"error_slope", "d log(E) / d log(h) / k over two attempts at this step: 1 when smooth, 1/k at a jump", 1, 0.5f},
      {"barrier", "1 while the end of a rejected step lies ahead", 0, 1},
      {"barrier_distance", "log(distance to the end of that rejected step / h); 0 without", 0, 1},
      {"failure_memory", "1 at a failed solve, falling to 0 over 50 accepted steps", 0, 1},
      {"failure_distance", "log(h / length of the last failed step) while remembered; 0 without", 0, 1},
      {"nonlinear_iterations", "log(1 + nonlinear iterations of this attempt)", 0, 1},
      {"nonlinear_ratio", "log of nonlinear iterations over their average", 0, 0.5f},
      {"implicit", "log 2 if the attempt solved linear systems, else 0", 0, 1},
      {"order", "1/k", 0, 0.5f},
      {"linear_iterations",
       "log(1 + linear iterations per nonlinear iteration); not in the default set, whose training solves directly", 0,
       1},
      {"step", "log(h), in the application's time unit (not scale-free)", 0, 5},
      {"remaining", "log(remaining time / h) (not scale-free)", 0, 5},
  };
  return list;
}

void StepHistory::add(const Attempt &a, double t_end) {
  const bool retry = retrying();
  if (retry && !a.failed && !last_.failed && a.error > 0 && last_.error > 0 && a.h < last_.h) {
    const double dlogh = std::log(last_.h / a.h);
    slope_ = std::clamp((logError(last_) - logError(a)) / dlogh, -1.0, 2.0);
  } else {
    slope_ = 1;
  }
  // The accepted step before this attempt becomes history only once another step was tried.
  if (attempts_ > 0 && last_.accepted) {
    error_[1] = error_[0];
    error_[0] = logError(last_);
    ratio1_ = ratio_;
  }
  ratio_ = accepted_h_ > 0 ? clampLog(a.h / accepted_h_) : 0;
  rejection_rate_ += kRate * ((!a.accepted && !a.failed ? 1 : 0) - rejection_rate_);
  failure_rate_ += kRate * ((a.failed ? 1 : 0) - failure_rate_);
  if (a.failed) {
    ++failures_;
    failed_h_ = a.h;
    since_failure_ = 0;
  } else if (!a.accepted) {
    ++rejections_;
    const double end = a.t + a.h;
    bad_until_ = bad_until_ > a.t ? std::min(bad_until_, end) : end;
  } else {
    rejections_ = failures_ = 0;
    since_failure_ += 1;
    accepted_h_ = a.h;
    if (a.t + a.h >= bad_until_ - 1e-9 * a.h) bad_until_ = -kNever;
    mean_nonlinear_ = mean_nonlinear_ < 0 ? a.nonlinear : mean_nonlinear_ + kRate * (a.nonlinear - mean_nonlinear_);
  }
  last_ = a;
  t_end_ = t_end;
  ++attempts_;
}

void StepHistory::values(std::vector<double> &out) const {
  const Attempt &a = last_;
  const double now = a.accepted ? a.t + a.h : a.t;
  const bool barrier = bad_until_ > now;
  const bool remembered = since_failure_ < kForget;
  const double mean = mean_nonlinear_ < 0 ? a.nonlinear : mean_nonlinear_;
  out = {
      logError(a),
      error_[0],
      error_[1],
      ratio_,
      ratio1_,
      static_cast<double>(rejections_),
      static_cast<double>(failures_),
      rejection_rate_,
      failure_rate_,
      slope_,
      barrier ? 1.0 : 0.0,
      barrier ? clampLog((bad_until_ - now) / a.h) : 0.0,
      remembered ? 1 - since_failure_ / kForget : 0.0,
      remembered ? clampLog(a.h / failed_h_) : 0.0,
      std::log1p(a.nonlinear),
      std::log((1 + a.nonlinear) / (1 + mean)),
      a.linear > 0 ? std::log(2.0) : 0.0,
      1.0 / a.order,
      std::log1p(a.linear / std::max(1.0, a.nonlinear)),
      clampLog(a.h),
      clampLog(std::max(t_end_ - now, 0.0) / a.h),
  };
}

void StepHistory::valuesIfFailed(double t, double h, std::vector<double> &out) const {
  StepHistory next = *this;
  Attempt a;
  a.t = t;
  a.h = h;
  a.order = last_.order;
  a.failed = true;
  // How hard the failing solve will have worked is not known yet; assume what the last attempt needed.
  a.nonlinear = last_.nonlinear;
  a.linear = last_.linear;
  next.add(a, t_end_);
  next.values(out);
}

}  // namespace petrl
