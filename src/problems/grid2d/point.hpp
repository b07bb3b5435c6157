// What happens at one point of the grid: plain functions of a pointer and a stride, for host loops and others.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>

#include "base/clones.hpp"
#include "problems/grid2d/scheme.hpp"

namespace petrl::grid2d {

/// -u q_s + diffusion along one axis by linear stencils; `stride` from one point to the next along it.
template <bool Diffuses, int... K>
PETRL_INLINE double linearTerm(const double *q, std::ptrdiff_t stride, double u, const Axis &c,
                               std::integer_sequence<int, K...>) {
  const double central = ((c.antisymmetric[K] * (q[(K + 1) * stride] - q[-(K + 1) * stride])) + ...);
  const double second = ((c.dissipation[K] * (q[(K + 1) * stride] + q[-(K + 1) * stride] - 2 * q[0])) + ...);
  double f = std::fabs(u) * second - u * central;
  if constexpr (Diffuses) f += ((c.diffusion[K] * (q[(K + 1) * stride] + q[-(K + 1) * stride] - 2 * q[0])) + ...);
  return f;
}

/// The same, upwind by the sign of q itself.
template <bool Diffuses>
PETRL_INLINE double transportedTerm(const double *q, std::ptrdiff_t stride, double u, const Axis &c) {
  const double up = q[stride], down = q[-stride], second = up + down - 2 * q[0];
  double f = (q[0] >= 0 ? u : -u) * (c.dissipation[0] * second) - u * (c.antisymmetric[0] * (up - down));
  if constexpr (Diffuses) f += c.diffusion[0] * second;
  return f;
}

/// One-sided derivative times the spacing from five differences in upwind order (Jiang, Shu 1996; epsilon relative to
/// values of order one, as usual).
PETRL_INLINE double weno5(double d1, double d2, double d3, double d4, double d5) {
  constexpr double eps = 1e-6, c = 13. / 12, sixth = 1. / 6;
  const double p1 = sixth * (2 * d1 - 7 * d2 + 11 * d3);
  const double p2 = sixth * (5 * d3 - d2 + 2 * d4);
  const double p3 = sixth * (2 * d3 + 5 * d4 - d5);
  const double e1 = d1 - 2 * d2 + d3, g1 = d1 - 4 * d2 + 3 * d3;
  const double e2 = d2 - 2 * d3 + d4, g2 = d2 - d4;
  const double e3 = d3 - 2 * d4 + d5, g3 = 3 * d3 - 4 * d4 + d5;
  const double s1 = eps + c * e1 * e1 + 0.25 * g1 * g1;
  const double s2 = eps + c * e2 * e2 + 0.25 * g2 * g2;
  const double s3 = eps + c * e3 * e3 + 0.25 * g3 * g3;
  // Weights 0.1 / s1^2, 0.6 / s2^2, 0.3 / s3^2 over a common denominator: one division instead of four.
  const double t1 = s2 * s3, t2 = s1 * s3, t3 = s1 * s2;
  const double a1 = 0.1 * t1 * t1, a2 = 0.6 * t2 * t2, a3 = 0.3 * t3 * t3;
  return (a1 * p1 + a2 * p2 + a3 * p3) / (a1 + a2 + a3);
}

/// As linearTerm(), advection by WENO5.
template <bool Diffuses>
PETRL_INLINE double wenoTerm(const double *q, std::ptrdiff_t s, double u, const Axis &c) {
  const double m3 = q[-3 * s], m2 = q[-2 * s], m1 = q[-s], o = q[0], p1 = q[s], p2 = q[2 * s], p3 = q[3 * s];
  const bool right = u >= 0;
  const double derivative = weno5(right ? m2 - m3 : p3 - p2, right ? m1 - m2 : p2 - p1, right ? o - m1 : p1 - o,
                                  right ? p1 - o : o - m1, right ? p2 - p1 : m1 - m2);
  double f = -u * derivative * c.inverse_h;
  f += std::fabs(u) * (c.dissipation[0] * (p1 + m1 - 2 * o) + c.dissipation[1] * (p2 + m2 - 2 * o));
  if constexpr (Diffuses) f += c.diffusion[0] * (p1 + m1 - 2 * o) + c.diffusion[1] * (p2 + m2 - 2 * o);
  return f;
}

// The same as types, to choose from.
template <int Radius, bool Diffuses>
struct Linear {
  PETRL_INLINE double operator()(const double *q, std::ptrdiff_t s, double u, const Axis &c) const {
    return linearTerm<Diffuses>(q, s, u, c, std::make_integer_sequence<int, Radius>{});
  }
};

template <bool Diffuses>
struct Weno {
  PETRL_INLINE double operator()(const double *q, std::ptrdiff_t s, double u, const Axis &c) const {
    return wenoTerm<Diffuses>(q, s, u, c);
  }
};

template <bool Diffuses>
struct Transported {
  PETRL_INLINE double operator()(const double *q, std::ptrdiff_t s, double u, const Axis &c) const {
    return transportedTerm<Diffuses>(q, s, u, c);
  }
};

}  // namespace petrl::grid2d
