// Conservation laws and what passes a face.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/clones.hpp"

namespace petrl::conservation {

/// u_t + div F(u) = viscosity lap u, in one or two dimensions (the second one is unused in one). u is a number, or the
/// density, momentum and energy of a gas.
struct Law {
  enum class Kind {
    advection,  ///< F = v u; v is `direction`, or `velocity` where that is set
    burgers,    ///< F = direction u^2 / 2
    gas         ///< Euler's equations of an ideal gas; no viscosity
  };
  Kind kind = Kind::advection;
  double direction[2] = {1, 0};
  /// A steady velocity field v(x). The law is the conservative one: u stays constant only where div v = 0.
  std::function<void(const double *x, double *v)> velocity;
  double viscosity = 0;
  double gamma = 1.4;  ///< of a gas: ratio of specific heats

  /// Numbers in a cell, one array after the other.
  int components() const { return kind == Kind::gas ? 4 : 1; }

  static Law advection(double vx, double vy = 0) {
    Law law;
    law.direction[0] = vx, law.direction[1] = vy;
    return law;
  }
  /// Anticlockwise about a centre; `rate` in radians a unit of time.
  static Law rotation(double x, double y, double rate) {
    Law law;
    law.velocity = [x, y, rate](const double *p, double *v) { v[0] = -rate * (p[1] - y), v[1] = rate * (p[0] - x); };
    return law;
  }
  static Law burgers(double ax, double ay = 0, double viscosity = 0) {
    Law law = advection(ax, ay);
    law.kind = Kind::burgers;
    law.viscosity = viscosity;
    return law;
  }
  static Law gas() {
    Law law;
    law.kind = Kind::gas;
    return law;
  }
};

/// Upwind flux through a face; k: the velocity's flux through it, left to right.
PETRL_INLINE double advectionFlux(double k, double left, double right) {
  return k * (k > 0 ? left : right);
}

/// Godunov's flux; k: the direction times the face's normal. (A concave flux is a convex one seen from the right.)
PETRL_INLINE double burgersFlux(double k, double left, double right) {
  const double behind = k > 0 ? left : right, ahead = k > 0 ? right : left;
  const double p = behind > 0 ? behind : 0, m = ahead < 0 ? ahead : 0;
  const double p2 = p * p, m2 = m * m;
  return 0.5 * k * (p2 > m2 ? p2 : m2);
}

}  // namespace petrl::conservation
