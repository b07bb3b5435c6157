#include "problems/fault/friction.hpp"

#include <algorithm>
#include <cmath>

#include "learn/yaml_values.hpp"

namespace petrl::fault {

namespace {

// s = known + c (speed - rate s): the history of both slip-weakening laws and its derivative by the speed. Steps that
// are long against the healing time leave it below zero: what has healed is not stronger than what never slipped.
struct Slip {
  double s, ds, rate;
  Slip(double known, double c, double speed, double healing)
      : s((known + c * speed) / (1 + c * healing)), ds(c / (1 + c * healing)), rate(speed - healing * s) {
    if (s < 0) s = ds = 0, rate = speed;
  }
};

}  // namespace

FrictionPoint ExponentialWeakening::evaluate(double known, double c, double speed) const {
  const Slip slip(known, c, speed, healing_rate_);
  const double weak = drop_ * std::exp(-slip.s / critical_slip_);
  return {residual_ + weak, -weak / critical_slip_ * slip.ds, slip.s, slip.rate};
}

FrictionPoint LinearWeakening::evaluate(double known, double c, double speed) const {
  const Slip slip(known, c, speed, healing_rate_);
  const bool weakening = slip.s < critical_slip_;
  return {residual_ + (weakening ? drop_ * (1 - slip.s / critical_slip_) : 0),
          weakening ? -drop_ / critical_slip_ * slip.ds : 0, slip.s, slip.rate};
}

FrictionPoint RateAndState::evaluate(double known, double c, double speed) const {
  // Aging law, implicit: s = (known + c) / (1 + c speed / d_c).
  const double denominator = 1 + c * speed / critical_slip_;
  const double s = (known + c) / denominator, ds = -s * c / critical_slip_ / denominator;
  const double exponent = (f0_ + b_ * std::log(v0_ * s / critical_slip_)) / a_, rate = 1 - speed * s / critical_slip_;
  // asinh(x) = log(2 x) where x would overflow.
  if (exponent > 300 && speed > v0_ * std::exp(-200.0))
    return {a_ * (std::log(speed / v0_) + exponent), a_ / speed + b_ * ds / s, s, rate};
  const double factor = std::exp(std::min(exponent, 600.0)) / (2 * v0_);
  const double x = speed * factor, dx = factor + x * b_ / a_ * ds / s;
  return {a_ * std::asinh(x), a_ * dx / std::sqrt(1 + x * x), s, rate};
}

double RateAndState::staticCoefficient() const {
  return evaluate(initialHistory(), 0, initial_speed_).mu;
}

double RateAndState::residualCoefficient() const {
  // Steady state at a seismic speed of 1 m/s.
  return evaluate(critical_slip_, 0, 1.0).mu;
}

std::unique_ptr<FrictionLaw> frictionLaw(YamlMap yaml, double initial_speed) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto law = learn::oneOf(yaml, "law", "exponential", {"exponential", "linear", "rate-and-state"});
  const double critical_slip = yaml.number("critical_slip", 0.1, 1e-12, 1e6);
  std::unique_ptr<FrictionLaw> result;
  if (law == "exponential" || law == "linear") {
    const double residual = yaml.number("residual", 0.5, 0, 100), drop = yaml.number("drop", 0.1, -100, 100);
    const double healing = yaml.number("healing_time", inf, 1e-300, inf);
    if (residual + drop < 0) yaml.fail("drop", "expected residual + drop >= 0: friction cannot push");
    if (law == "linear")
      result = std::make_unique<LinearWeakening>(residual, drop, critical_slip, healing);
    else
      result = std::make_unique<ExponentialWeakening>(residual, drop, critical_slip, healing);
  } else {
    if (!(initial_speed > 0)) yaml.fail("law", "rate-and-state needs an initial velocity above 0");
    result = std::make_unique<RateAndState>(yaml.number("f0", 0.6, 0, 100), yaml.number("a", 0.015, 1e-6, 1),
                                            yaml.number("b", 0.02, 0, 1), yaml.number("v0", 1e-6, 1e-30, 1e3),
                                            critical_slip, initial_speed);
  }
  yaml.finish();
  return result;
}

}  // namespace petrl::fault
