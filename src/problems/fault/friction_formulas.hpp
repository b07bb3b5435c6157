// The formulas of the friction laws, for one cell: on the host and on a device.
#pragma once

#include <cmath>
#include <variant>

#include "device/space.hpp"

namespace petrl::fault {

/// What a law says about one cell.
struct FrictionPoint {
  double mu = 0;       ///< coefficient of friction
  double slope = 0;    ///< d mu / d speed, the dependence of the history on the speed included [s/m]
  double history = 0;  ///< s, updated
  double rate = 0;     ///< ds/dt
};

/// s = known + c (speed - rate s): the history of both slip-weakening laws and its derivative by the speed. Steps that
/// are long against the healing time leave it below zero: what has healed is not stronger than what never slipped.
struct Slip {
  double s, ds, rate;
  PETRL_BOTH Slip(double known, double c, double speed, double healing)
      : s((known + c * speed) / (1 + c * healing)), ds(c / (1 + c * healing)), rate(speed - healing * s) {
    if (s < 0) s = ds = 0, rate = speed;
  }
};

struct ExponentialFormula {
  double residual, drop, critical_slip, healing_rate;
  PETRL_BOTH FrictionPoint operator()(double known, double c, double speed) const {
    const Slip slip(known, c, speed, healing_rate);
    const double weak = drop * exp(-slip.s / critical_slip);
    return {residual + weak, -weak / critical_slip * slip.ds, slip.s, slip.rate};
  }
};

struct LinearFormula {
  double residual, drop, critical_slip, healing_rate;
  PETRL_BOTH FrictionPoint operator()(double known, double c, double speed) const {
    const Slip slip(known, c, speed, healing_rate);
    const bool weakening = slip.s < critical_slip;
    return {residual + (weakening ? drop * (1 - slip.s / critical_slip) : 0),
            weakening ? -drop / critical_slip * slip.ds : 0, slip.s, slip.rate};
  }
};

struct RateAndStateFormula {
  double f0, a, b, v0, critical_slip;
  PETRL_BOTH FrictionPoint operator()(double known, double c, double speed) const {
    // Aging law, implicit: s = (known + c) / (1 + c speed / d_c).
    const double denominator = 1 + c * speed / critical_slip;
    const double s = (known + c) / denominator, ds = -s * c / critical_slip / denominator;
    const double exponent = (f0 + b * log(v0 * s / critical_slip)) / a, rate = 1 - speed * s / critical_slip;
    // asinh(x) = log(2 x) where x would overflow.
    if (exponent > 300 && speed > v0 * exp(-200.0))
      return {a * (log(speed / v0) + exponent), a / speed + b * ds / s, s, rate};
    const double factor = exp(exponent < 600 ? exponent : 600.) / (2 * v0);
    const double x = speed * factor, dx = factor + x * b / a * ds / s;
    return {a * asinh(x), a * dx / sqrt(1 + x * x), s, rate};
  }
};

using FrictionFormula = std::variant<ExponentialFormula, LinearFormula, RateAndStateFormula>;

}  // namespace petrl::fault
