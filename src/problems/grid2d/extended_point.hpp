// What advanceExtended() does at one point of the grid, on the host or on a device.
#pragma once

#include <cmath>
#include <cstddef>

#include "base/clones.hpp"
#include "problems/grid2d/extended.hpp"

namespace petrl::grid2d {

PETRL_INLINE double first(double m3, double m2, double m1, double p1, double p2, double p3) {
  constexpr double c1 = kFirst[0], c2 = kFirst[1], c3 = kFirst[2];  // a device knows no arrays of the host
  return c1 * (p1 - m1) + c2 * (p2 - m2) + c3 * (p3 - m3);
}

/// The same of values that lie s apart.
PETRL_INLINE double firstAlong(const double *p, std::ptrdiff_t s) {
  return first(p[-3 * s], p[-2 * s], p[-s], p[s], p[2 * s], p[3 * s]);
}

/// What multiplies q_{+k} + q_{-k} - 2 q_0 along an axis at a point: the same for both components.
struct Weights {
  double k1, k2, k3;
};

struct SecondOf {
  double derivative[3], dissipation[3], diffusion[3];
  explicit SecondOf(const Axis &axis) {
    for (int k = 0; k < 3; ++k) {
      derivative[k] = kSecond[k] * axis.inverse_h * axis.inverse_h;
      dissipation[k] = axis.dissipation[k];
      diffusion[k] = axis.diffusion[k];
    }
  }
  // speed: |u|; factor: of the second derivative.
  PETRL_INLINE Weights at(double speed, double factor) const {
    return {speed * dissipation[0] + (factor * derivative[0] + diffusion[0]),
            speed * dissipation[1] + (factor * derivative[1] + diffusion[1]),
            speed * dissipation[2] + (factor * derivative[2] + diffusion[2])};
  }
};

PETRL_INLINE double secondAlong(const Weights &w, const double *p, std::ptrdiff_t s) {
  return w.k1 * (p[s] + p[-s] - 2 * p[0]) + w.k2 * (p[2 * s] + p[-2 * s] - 2 * p[0]) +
         w.k3 * (p[3 * s] + p[-3 * s] - 2 * p[0]);
}

/// What multiplies the derivatives of both components, with the sign they have in f.
struct Factors {
  double x, y, xy;
  Weights xx, yy;
};

/// A scheme's numbers.
struct Extended {
  SecondOf x, y;
  double hx, hy, sx, sy, tau;
  explicit Extended(const Discretization &d)
      : x(d.x),
        y(d.y),
        hx(d.x.inverse_h),
        hy(d.y.inverse_h),
        sx(d.subfilter_x),
        sy(d.subfilter_y),
        tau(d.half_fine_dt) {}
  /// At a point where the velocity (a, b) has these derivatives.
  PETRL_INLINE Factors factors(double a, double b, double u_x, double u_y, double v_x, double v_y) const {
    const double two = 2 * tau;
    return {-a - two * (a * u_x + b * u_y), -b - two * (a * v_x + b * v_y), -sx * v_x - sy * u_y - two * a * b,
            x.at(std::fabs(a), -sx * u_x - tau * a * a), y.at(std::fabs(b), -sy * v_y - tau * b * b)};
  }
};

/// f at a point. p: a component there, `step` and `row` from one point to the next along x and y; wx, wy: its first
/// derivatives; beside wy lie those of the neighbours along x.
PETRL_INLINE double sum(const Factors &c, const double *p, double wx, const double *wy, std::ptrdiff_t step,
                        std::ptrdiff_t row, double inverse_hx) {
  const double xy = inverse_hx * firstAlong(wy, 1);
  return c.x * wx + c.y * wy[0] + c.xy * xy + secondAlong(c.xx, p, step) + secondAlong(c.yy, p, row);
}

}  // namespace petrl::grid2d
