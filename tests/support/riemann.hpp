// Riemann's problem of an ideal gas, exactly (Toro, Riemann Solvers and Numerical Methods for Fluid Dynamics, ch. 4).
#pragma once

#include <algorithm>
#include <cmath>

#include "problems/conservation/gas.hpp"

namespace petrl::test {

/// Two states meet at x = 0; velocities along x. `at`: the state at x / t.
class Riemann {
 public:
  using State = conservation::Gas<double>;

  Riemann(const State &left, const State &right, double gamma = 1.4) : l_(left), r_(right), g_(gamma) {
    // The velocity behind both waves grows apart with pressure: a bisection cannot miss.
    double low = 0, high = 1;
    while (excess(high) < 0) high *= 2;
    for (int i = 0; i < 200; ++i) {
      const double middle = 0.5 * (low + high);
      (excess(middle) < 0 ? low : high) = middle;
    }
    p_ = 0.5 * (low + high);
    v_ = 0.5 * (l_.vx + r_.vx + drop(r_, p_) - drop(l_, p_));
  }
  double pressure() const { return p_; }
  double velocity() const { return v_; }
  State at(double s) const { return s < v_ ? side(l_, 1, s) : side(r_, -1, s); }

 private:
  double sound(const State &s) const { return std::sqrt(g_ * s.p / s.rho); }
  /// By how much a wave to pressure p changes the velocity.
  double drop(const State &s, double p) const {
    if (p > s.p) return (p - s.p) * std::sqrt(2 / ((g_ + 1) * s.rho) / (p + (g_ - 1) / (g_ + 1) * s.p));
    return 2 * sound(s) / (g_ - 1) * (std::pow(p / s.p, (g_ - 1) / (2 * g_)) - 1);
  }
  double excess(double p) const { return drop(l_, p) + drop(r_, p) + r_.vx - l_.vx; }
  /// The wave on one side; mirrored for the right one.
  State side(const State &o, double sign, double speed) const {
    const double s = sign * speed, v = sign * o.vx, star = sign * v_, a = sound(o), ratio = p_ / o.p;
    if (p_ > o.p) {
      const double front = v - a * std::sqrt((g_ + 1) / (2 * g_) * ratio + (g_ - 1) / (2 * g_));
      if (s < front) return o;
      const double k = (g_ - 1) / (g_ + 1);
      return {o.rho * (ratio + k) / (k * ratio + 1), v_, o.vy, p_};
    }
    const double tail = star - a * std::pow(ratio, (g_ - 1) / (2 * g_));
    if (s < v - a) return o;
    if (s > tail) return {o.rho * std::pow(ratio, 1 / g_), v_, o.vy, p_};
    const double c = 2 / (g_ + 1) * (a + (g_ - 1) / 2 * (v - s)), power = c / a;
    return {o.rho * std::pow(power, 2 / (g_ - 1)), sign * (s + c), o.vy, o.p * std::pow(power, 2 * g_ / (g_ - 1))};
  }

  State l_, r_;
  double g_, p_, v_;
};

}  // namespace petrl::test
