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

double Yardstick::slipError(const FaultRun &run) const {
  return std::fabs(run.slip - reference.slip) / std::max(std::fabs(reference.slip), 1e-300);
}

double Yardstick::historyError(const FaultRun &run) const {
  double sum = 0;
  for (const auto &a : run.attempts) {
    if (a.attempt.accepted)
      sum += a.attempt.h * std::fabs(a.slip - reference.slipAt(a.attempt.t + a.attempt.h));
  }
  return sum / std::max(std::fabs(reference.slip), 1e-300) / growth_time;
}

double Yardstick::errorPrice(const FaultRun &run, const RunPrices &p) const {
  const auto ratio = [](double ours, double theirs, double tolerance) {
    return std::log((ours + tolerance) / (theirs + tolerance));
  };
  return p.slip * ratio(slipError(run), slipError(heuristic), p.slip_tolerance) +
         p.history * ratio(historyError(run), historyError(heuristic), p.history_tolerance);
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

void RunReward::use(Fault &fault, const FaultRun &heuristic) {
  fault_ = &fault;
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
  return (progress - costOf(latest)) / cost_.back();
}

}  // namespace petrl::fault
