#include "problems/fault/reward.hpp"

#include <petsctime.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl::fault {

void LocalReward::use(Fault &fault) {
  PetscLogDouble now;
  PetRLThrow(PetscTime(&now));
  fault_ = &fault;
  last_clock_ = now;
}

double LocalReward::operator()(const Attempt &attempt) {
  const Scenario &s = fault_->scenario();
  const BatheAttempted &latest = bathe(fault_->ts()).latest;
  const double x = (attempt.h - s.min_step) / (s.max_step - s.min_step);
  double time = static_cast<double>(latest.iterations);
  if (wall_clock_) {
    PetscLogDouble now;
    PetRLThrow(PetscTime(&now));
    time = now - last_clock_;
    last_clock_ = now;
    min_time_ = std::min(min_time_, time);
    max_time_ = std::max(max_time_, time);
  } else {
    SNES snes;
    PetscInt max_its;
    PetRLThrow(TSGetSNES(fault_->ts(), &snes));
    PetRLThrow(SNESGetTolerances(snes, NULL, NULL, NULL, &max_its, NULL));
    min_time_ = 6;
    max_time_ = 6 * static_cast<double>(max_its);
  }
  if (attempt.failed) return -x;
  const double speed = max_time_ > min_time_ ? (max_time_ - time) / (max_time_ - min_time_) : 1;
  return x * speed * std::exp(-alpha_ * std::max(attempt.error, 0.0));
}

double Yardstick::slipError(double slip) const {
  return std::fabs(slip - reference.slip) / std::max(std::fabs(reference.slip), 1e-300);
}

double Yardstick::historyError(double t, double h, double slip) const {
  return h * std::fabs(slip - reference.slipAt(t + h)) / std::max(std::fabs(reference.slip), 1e-300) / growth_time;
}

double Yardstick::historyError(const FaultRun &run) const {
  double sum = 0;
  for (const auto &a : run.attempts) {
    if (a.attempt.accepted) sum += historyError(a.attempt.t, a.attempt.h, a.slip);
  }
  return sum;
}

double Yardstick::errorPrice(const FaultRun &run, const RunPrices &p) const {
  return p.slip * std::log((slipError(run) + p.slip_tolerance) / (slipError(heuristic) + p.slip_tolerance)) +
         p.history * (historyError(run) - historyError(heuristic));
}

Yardstick makeYardstick(Fault &fault) {
  Yardstick y;
  y.growth_time = fault.growthRate() > 0 ? 1 / fault.growthRate() : fault.scenario().final_time / 20;
  y.reference = simulate(fault, faultController("constant:h=" + std::to_string(y.growth_time / 20)));
  y.heuristic = simulate(fault, faultController("heuristic"));
  return y;
}

namespace {

double costOf(const BatheAttempted &a) {
  return static_cast<double>(a.iterations + a.linear + a.solves);
}

}  // namespace

void RunReward::use(Fault &fault, const Yardstick &yardstick, const RunPrices &prices) {
  const FaultRun &heuristic = yardstick.heuristic;
  fault_ = &fault;
  yardstick_ = &yardstick;
  prices_ = prices;
  priced_ = false;
  attempts_ = static_cast<double>(heuristic.attempts.size());
  time_.assign(1, 0);
  cost_.assign(1, 0);
  double cost = 0;
  for (const auto &a : heuristic.attempts) {
    cost += costOf(a.attempt);
    if (!a.attempt.accepted) continue;
    time_.push_back(a.attempt.t + a.attempt.h);
    cost_.push_back(cost);
  }
}

double RunReward::spent(double t) const {
  const auto next = static_cast<std::size_t>(std::upper_bound(time_.begin(), time_.end(), t) - time_.begin());
  if (next >= time_.size()) return cost_.back();
  const double x = (t - time_[next - 1]) / (time_[next] - time_[next - 1]);
  return cost_[next - 1] + x * (cost_[next] - cost_[next - 1]);
}

double RunReward::operator()(const Attempt &attempt) {
  const BatheAttempted &latest = bathe(fault_->ts()).latest;
  const double progress = attempt.accepted ? spent(attempt.t + attempt.h) - spent(attempt.t) : 0;
  double reward = (progress - costOf(latest)) / cost_.back();
  if (attempt.accepted) {
    reward -= prices_.history * yardstick_->historyError(attempt.t, attempt.h, fault_->meanSlip());
    const bool slipped = fault_->meanSlip() > 0.3 * yardstick_->reference.slip;
    if (slipped && fault_->sliding() == 0 && fault_->scenario().far_field_velocity == 0)
      reward += remainder() / attempts_;
  }
  return reward * attempts_;
}

double RunReward::remainder() {
  if (priced_) return 0;
  priced_ = true;
  const double ours = yardstick_->slipError(fault_->meanSlip()), theirs = yardstick_->slipError(yardstick_->heuristic);
  return -attempts_ * prices_.slip * std::log((ours + prices_.slip_tolerance) / (theirs + prices_.slip_tolerance));
}

}  // namespace petrl::fault
