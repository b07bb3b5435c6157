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

// An exponential average; not down to numbers so small that processors take a hundred cycles for each of them.
void average(double value, double &mean) {
  mean += kRate * (value - mean);
  if (std::fabs(mean) < 1e-30) mean = 0;
}

double clampLog(double ratio) {
  return std::clamp(std::log(std::max(ratio, 1e-300)), -12.0, 12.0);
}

}  // namespace

const std::vector<Observable> &observables() {
  using H = const StepHistory &;
  static const std::vector<Observable> rows = {
      {"error", "log(E)/k of this attempt: E its weighted local error, k the order of the estimate; 0 if it failed", 0,
       0.5f, true, [](H h) { return h.log_error_; }},
      {"error_previous", "log(E)/k of the last accepted step before this attempt", 0, 0.5f, true,
       [](H h) { return h.error_[0]; }},
      {"error_previous_2", "log(E)/k of the accepted step before that", 0, 0.5f, true, [](H h) { return h.error_[1]; }},
      {"step_ratio", "log(h / last accepted step)", 0, 1, true, [](H h) { return h.ratio_; }},
      {"step_ratio_previous", "log of the ratio of the two accepted steps before", 0, 1, true,
       [](H h) { return h.ratio1_; }},
      {"rejections", "rejected attempts in a row, this one included", 0, 2, true,
       [](H h) { return static_cast<double>(h.rejections_); }},
      {"failures", "failed solves in a row, this one included", 0, 2, true,
       [](H h) { return static_cast<double>(h.failures_); }},
      {"rejection_rate", "share of rejected attempts (exponential average, rate 0.1)", 0, 0.25f, true,
       [](H h) { return h.rejection_rate_; }},
      {"failure_rate", "share of failed attempts (exponential average, rate 0.1)", 0, 0.25f, true,
       [](H h) { return h.failure_rate_; }},
      {"error_slope", "d log(E) / d log(h) / k over two attempts at this step: 1 when smooth, 1/k at a jump", 1, 0.5f,
       true, [](H h) { return h.slope_; }},
      {"barrier", "1 while the end of a rejected step lies ahead", 0, 1, true,
       [](H h) { return h.barrier() ? 1.0 : 0.0; }},
      {"barrier_distance", "log(distance to the end of that rejected step / h); 0 without", 0, 1, true,
       [](H h) { return h.barrier() ? clampLog((h.bad_until_ - h.now()) / h.last_.h) : 0.0; }},
      {"failure_memory", "1 at a failed solve, falling to 0 over 50 accepted steps", 0, 1, true,
       [](H h) { return h.remembersFailure() ? 1 - h.since_failure_ / kForget : 0.0; }},
      {"failure_distance", "log(h / length of the last failed step) while remembered; 0 without", 0, 1, true,
       [](H h) { return h.remembersFailure() ? clampLog(h.last_.h / h.failed_h_) : 0.0; }},
      {"nonlinear_iterations", "log(1 + nonlinear iterations of this attempt)", 0, 1, true,
       [](H h) { return std::log1p(h.last_.nonlinear); }},
      {"nonlinear_ratio", "log of nonlinear iterations over their average", 0, 0.5f, true,
       [](H h) {
         const double n = h.last_.nonlinear, mean = h.mean_nonlinear_ < 0 ? n : h.mean_nonlinear_;
         return std::log((1 + n) / (1 + mean));
       }},
      {"implicit", "log 2 if the attempt solved linear systems, else 0", 0, 1, true,
       [](H h) { return h.last_.linear > 0 ? std::log(2.0) : 0.0; }},
      {"order", "1/k", 0, 0.5f, true, [](H h) { return 1.0 / h.last_.order; }},
      {"oscillation",
       "how far attempts' steps go up and down again: sqrt(-d1 d2) of d log(h) that alternate, else 0 "
       "(exponential average, rate 0.1)",
       0, 0.25f, true, [](H h) { return h.oscillation_; }},
      {"step_jitter", "|d log(h)| of accepted steps (exponential average, rate 0.1)", 0, 0.25f, true,
       [](H h) { return h.jitter_; }},
      {"linear_iterations", "log(1 + linear iterations per nonlinear iteration)", 0, 1, true,
       [](H h) { return std::log1p(h.last_.linear / std::max(1.0, h.last_.nonlinear)); }},
      {"contraction", "log10 of the slowest contraction of Newton's method in this attempt; 0 where it is not known", 0,
       2, true,
       [](H h) { return h.last_.contraction > 0 ? std::log10(std::clamp(h.last_.contraction, 1e-4, 2.0)) : 0.0; }},
      {"jacobians", "Jacobians per nonlinear iteration of this attempt; 1 at the first one", 0, 1, true,
       // A TS that solves again does not count its first attempt's from zero.
       [](H h) { return h.attempts_ > 1 ? h.last_.jacobians / std::max(1.0, h.last_.nonlinear) : 1.0; }},
      {"step", "log(h), in the application's time unit (not scale-free)", 0, 5, false,
       [](H h) { return clampLog(h.last_.h); }},
      {"remaining", "log(remaining time / h) (not scale-free)", 0, 5, false,
       [](H h) { return clampLog(std::max(h.t_end_ - h.now(), 0.0) / h.last_.h); }},
  };
  return rows;
}

bool StepHistory::remembersFailure() const {
  return since_failure_ < kForget;
}

void StepHistory::add(const Attempt &a, double t_end) {
  const bool retry = retrying();
  const double log_error = logError(a);
  if (retry && !a.failed && !last_.failed && a.error > 0 && last_.error > 0 && a.h < last_.h) {
    const double dlogh = std::log(last_.h / a.h);
    slope_ = std::clamp((log_error_ - log_error) / dlogh, -1.0, 2.0);
  } else {
    slope_ = 1;
  }
  // The accepted step before this attempt becomes history only once another step was tried.
  if (attempts_ > 0 && last_.accepted) {
    error_[1] = error_[0];
    error_[0] = log_error_;
    ratio1_ = ratio_;
  }
  ratio_ = accepted_h_ > 0 ? clampLog(a.h / accepted_h_) : 0;
  // Steps at the limit of a method's stability rise until one is rejected, fall, and rise again.
  const double turn = attempts_ == 0 ? 0 : last_.accepted ? ratio_ : clampLog(a.h / last_.h);
  average(std::sqrt(std::max(0.0, -turn * turn_)), oscillation_);
  turn_ = turn;
  if (a.accepted) average(std::fabs(ratio_), jitter_);
  average(!a.accepted && !a.failed ? 1 : 0, rejection_rate_);
  average(a.failed ? 1 : 0, failure_rate_);
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
  log_error_ = log_error;
  t_end_ = t_end;
  ++attempts_;
}

void StepHistory::values(std::vector<double> &out) const {
  const auto &rows = observables();
  out.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) out[i] = rows[i].value(*this);
}

StepHistory StepHistory::ifFailed(double t, double h) const {
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
  return next;
}

}  // namespace petrl
