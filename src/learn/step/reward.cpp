#include "learn/step/reward.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"

namespace petrl {

static constexpr double kRewardBound = 10;
static constexpr double kTrueErrorBound = 30;  // beyond, a step is as bad as it can be

StepReward::~StepReward() = default;

// Piecewise linear, constant beyond the ends.
static double between(const std::vector<double> &times, const std::vector<double> &values, double t) {
  const auto next = std::upper_bound(times.begin(), times.end(), t);
  if (next == times.begin()) return values.front();
  if (next == times.end()) return values.back();
  const auto i = static_cast<std::size_t>(next - times.begin());
  return values[i - 1] + (values[i] - values[i - 1]) * (t - times[i - 1]) / (times[i] - times[i - 1]);
}

double BaselineReward::cost(const Attempt &a) const {
  return prices_.of(a.functions, a.jacobians, a.linear);
}

void BaselineReward::weigh(std::vector<double> times, std::vector<double> weights) {
  weight_time_ = std::move(times);
  weight_ = std::move(weights);
}

double BaselineReward::localError(const Attempt &a) const {
  if (a.accepted && a.true_error >= 0)
    return std::min(a.true_error, kTrueErrorBound) * (weight_.empty() ? 1 : between(weight_time_, weight_, a.t + a.h));
  return a.accepted && a.error > 0 ? std::pow(std::min(a.error, 4.0), (a.order + 1.0) / a.order) : 0;
}

void BaselineReward::add(const Attempt &a) {
  if (time_.empty()) time_.push_back(a.t), cost_.push_back(0), error_.push_back(0);
  ++attempts_;
  pending_cost_ += cost(a);
  if (!a.accepted) return;
  time_.push_back(a.t + a.h);
  cost_.push_back(cost_.back() + pending_cost_);
  error_.push_back(error_.back() + localError(a));
  pending_cost_ = 0;
}

void BaselineReward::finish() {
  const double n = std::max<double>(static_cast<double>(time_.size()) - 1, 1);
  mean_cost_ = std::max(cost_.empty() ? 0.0 : cost_.back() / n, 1e-3);
  // Where failures or stability, not accuracy, limit basic's steps, its error is no yardstick: a tenth of the tolerance
  // is.
  mean_error_ = std::max(error_.empty() ? 0.0 : error_.back() / n, 0.1);
}

double BaselineReward::cumulative(const std::vector<double> &values, double t) const {
  return time_.empty() || t < time_.front() ? 0 : between(time_, values, t);
}

double BaselineReward::operator()(const Attempt &a) {
  double r = -cost(a) / mean_cost_;
  if (a.accepted) {
    const double end = a.t + a.h;
    r += (cumulative(cost_, end) - cumulative(cost_, a.t)) / mean_cost_;
    r += error_price_ * (cumulative(error_, end) - cumulative(error_, a.t) - localError(a)) / mean_error_ / a.order;
  }
  return std::clamp(r, -kRewardBound, kRewardBound);
}

bool OnlineReward::recording(double t) const {
  // To rounding: a run that goes on where the record ends must not fall into its last instant.
  return time_.size() < 2 || t >= time_.back() - 1e-9 * (time_.back() - time_.front());
}

double OnlineReward::operator()(const Attempt &a) {
  if (recording(a.t)) {
    // A last step that ends a rounding error before the record does adds nothing.
    if (time_.empty() || !a.accepted || a.t + a.h > time_.back()) add(a);
    extended_ = true;
    return 0;
  }
  if (extended_) finish();
  extended_ = false;
  const double r = BaselineReward::operator()(a);
  if (!rewarded_) from_ = a.t;
  rewarded_ = true;
  to_ = a.accepted ? a.t + a.h : a.t;
  sum_ += r;
  spent_ += a.cost;
  erred_ += localError(a);
  return r;
}

OnlineReward::Solve OnlineReward::solve() const {
  Solve out;
  if (!rewarded_) return out;
  const auto begin = std::lower_bound(time_.begin(), time_.end(), from_);
  out.baseline_steps = static_cast<double>(std::upper_bound(begin, time_.end(), to_) - begin);
  out.reward = sum_;
  out.cost = spent_;
  out.baseline_cost = cumulative(cost_, to_) - cumulative(cost_, from_);
  out.error = erred_;
  out.baseline_error = cumulative(error_, to_) - cumulative(error_, from_);
  return out;
}

static const char *const kHeader = "time,cumulative_cost,cumulative_local_error";

void OnlineReward::write(const std::string &path) const {
  std::string text = std::string(kHeader) + "\n";
  char row[100];
  for (std::size_t i = 0; i < time_.size(); ++i) {
    std::snprintf(row, sizeof(row), "%.17g,%.17g,%.17g\n", time_[i], cost_[i], error_[i]);
    text += row;
  }
  writeWhole(path, text);
}

void OnlineReward::read(const std::string &path) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line) || line != kHeader)
    throw Error(path + ": expected the header '" + kHeader + "', found '" + line + "'", PETSC_ERR_FILE_UNEXPECTED);
  for (std::size_t number = 2; std::getline(in, line); ++number) {
    double t, cost, error;
    int used = 0;
    const bool numbers = std::sscanf(line.c_str(), "%lf,%lf,%lf%n", &t, &cost, &error, &used) == 3;
    if (!numbers || static_cast<std::size_t>(used) != line.size() || !std::isfinite(t) || !std::isfinite(cost) ||
        !std::isfinite(error) || (!time_.empty() && t <= time_.back())) {
      std::string what = path;
      what.append(": line ").append(std::to_string(number));
      what.append(": expected three numbers, time increasing, found '").append(line).append("'");
      throw Error(what, PETSC_ERR_FILE_UNEXPECTED);
    }
    time_.push_back(t);
    cost_.push_back(cost);
    error_.push_back(error);
  }
  attempts_ = static_cast<long>(time_.size());
  extended_ = true;
}

}  // namespace petrl
