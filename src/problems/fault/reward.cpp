#include "problems/fault/reward.hpp"

#include <petsctime.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl::fault {

namespace {

double costOf(const BatheAttempted &a) {
  return static_cast<double>(a.iterations + a.linear + a.solves);
}

}  // namespace

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

Yardstick makeYardstick(Fault &fault) {
  Yardstick y;
  y.growth_time = fault.growthRate() > 0 ? 1 / fault.growthRate() : fault.scenario().final_time / 20;
  y.reference = simulate(fault, faultController("constant:h=" + std::to_string(y.growth_time / 20)));
  y.heuristic = simulate(fault, faultController("heuristic"));
  return y;
}

void RunReward::use(Fault &fault, Fault &probe, const Yardstick &yardstick, const RunPrices &prices) {
  const FaultRun &heuristic = yardstick.heuristic;
  fault_ = &fault;
  probe_ = &probe;
  yardstick_ = &yardstick;
  prices_ = prices;
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
  predicted_ = -1;
}

double RunReward::spent(double t) const {
  const auto next = static_cast<std::size_t>(std::upper_bound(time_.begin(), time_.end(), t) - time_.begin());
  if (next >= time_.size()) return cost_.back();
  const double x = (t - time_[next - 1]) / (time_[next] - time_[next - 1]);
  return cost_[next - 1] + x * (cost_[next] - cost_[next - 1]);
}

double RunReward::finalSlip(double t) {
  const Scenario &s = fault_->scenario();
  if (t >= s.final_time * (1 - 1e-9) || (fault_->sliding() == 0 && s.far_field_velocity == 0))
    return fault_->meanSlip();
  constexpr double kFine = 0.12;  // growth times: errors of some 0.01 %, alike before and after
  TSAdapt adapt;
  TS ts = probe_->ts();
  probe_->startFrom(*fault_, t);
  PetRLThrow(TSGetAdapt(ts, &adapt));
  PetRLThrow(TSAdaptSetType(adapt, TSADAPTNONE));
  PetRLThrow(TSBatheSetErrorType(ts, TS_BATHE_ERROR_NONE));
  PetRLThrow(TSSetErrorIfStepFails(ts, PETSC_FALSE));
  PetRLThrow(TSSetTimeStep(ts, kFine * yardstick_->growth_time));
  // At rest nothing happens any more.
  bathe(ts).observer = [this, ts, &s](const BatheAttempted &a) {
    if (a.accepted && s.far_field_velocity == 0 && probe_->sliding() == 0)
      PetRLThrow(TSSetConvergedReason(ts, TS_CONVERGED_USER));
  };
  PetRLThrow(TSSolve(ts, NULL));
  bathe(ts).observer = nullptr;
  return probe_->meanSlip();
}

double RunReward::operator()(const Attempt &attempt) {
  const BatheAttempted &latest = bathe(fault_->ts()).latest;
  if (predicted_ < 0) predicted_ = yardstick_->reference.slip;
  if (!attempt.accepted) return -costOf(latest) / cost_.back() * attempts_;
  const double end = attempt.t + attempt.h;
  const double after = finalSlip(end);
  const double change = std::fabs(after - predicted_) / std::max(std::fabs(yardstick_->reference.slip), 1e-300);
  predicted_ = after;
  constexpr double kWorst = 2;  // one hopeless step must not drown all others
  const double price =
      std::min(prices_.slip * change / (yardstick_->slipError(yardstick_->heuristic) + prices_.slip_tolerance), kWorst);
  const double history = prices_.history * yardstick_->historyError(attempt.t, attempt.h, fault_->meanSlip());
  return ((spent(end) - spent(attempt.t) - costOf(latest)) / cost_.back() - price - history) * attempts_;
}

}  // namespace petrl::fault
