#include "adapt/newton.hpp"

#include <algorithm>
#include <cmath>

namespace petrl {

namespace {

// Contraction over what it leaves: the error after an update of norm 1.
double left(double rate) {
  return rate < 1 ? rate / (1 - rate) : 1e30;
}

}  // namespace

SolveRule SolveRule::scaled(double tolerance, double persistence) const {
  SolveRule rule = *this;
  rule.kappa *= tolerance;
  rule.price *= persistence;
  rule.age = std::max(1, static_cast<int>(std::lround(age * persistence)));
  rule.slow = std::pow(slow, 1 / persistence);
  rule.shift = 1 - std::pow(1 - shift, persistence);
  return rule;
}

void Contraction::begin() {
  known_ = std::min(1.0, 1.3 * std::max(known_, 1e-4));
  first_before_ = first_;
  count_ = 0;
  rate_ = error_ = 0;
}

void Contraction::update(double norm, double floor) {
  if (++count_ == 1) {
    first_ = norm;
    // Where there is further to go than last time, Newton's method contracts less.
    const double further = first_before_ > 0 ? std::max(1.0, norm / first_before_) : 1;
    error_ = norm * std::max(known_ * further, left(floor));
  } else {
    rate_ = norm_ > 0 ? norm / norm_ : 0;
    known_ = std::min(1.0, left(std::max(rate_, floor)));
    error_ = norm * left(std::max(rate_, floor));
  }
  norm_ = norm;
}

int Contraction::expected(double rate, double kappa) const {
  const double r = std::clamp(rate, 1e-4, 0.9);
  if (!(first_before_ * left(r) > kappa)) return 1;
  return 1 + static_cast<int>(std::ceil(std::log(kappa / (first_before_ * left(r))) / std::log(r)));
}

int Contraction::missing(double kappa) const {
  constexpr int many = 1000;
  if (error_ <= kappa) return 0;
  if (count_ < 2) return 1;
  if (rate_ >= 1) return many;
  return static_cast<int>(std::min<double>(many, std::ceil(std::log(kappa / error_) / std::log(rate_))));
}

bool JacobianAge::stale(double shift, long step, const SolveRule &rule) const {
  return !valid_ || std::fabs(shift / shift_ - 1) > rule.shift || step - step_ >= rule.age || step < step_ ||
         paid_ >= rule.price;
}

double JacobianAge::mismatch(double shift) const {
  return valid_ ? std::fabs(1 - shift_ / shift) : 0;
}

void FailureCap::failed(double h) {
  if (h_ > 0) recovery_ = since_ <= 2 * recovery_ ? std::min(2 * recovery_, kMost) : std::max(kFirst, recovery_ / 2);
  h_ = h;
  since_ = 0;
}

double FailureCap::cap() const {
  constexpr double lowest = 0.5;
  if (h_ == 0 || since_ >= recovery_) return 1e300;
  return h_ * std::pow(lowest, 1 - static_cast<double>(since_) / recovery_);
}

void Caution::solved() {
  if (left_ > 0) --left_;
  if (++good_ >= 4 * term_) term_ = std::max(kFirst, term_ / 2), good_ = 0;
}

void Caution::failed() {
  left_ = term_;
  term_ = std::min(2 * term_, kMost);
  good_ = 0;
}

}  // namespace petrl
