// The gradient of averages in one cell, on the host or on a device.
#pragma once

#include <cstddef>

#include "device/space.hpp"

namespace petrl::kernels {

/// Least squares over the cells beyond a cell's faces, weighted by 1 / distance^2; where they lie in a plane or on a line, along it.
template <int D>
struct LeastSquares {
  static constexpr int kSlots = D + 1;
  const int *neighbour;   ///< cells x slots; -1: none
  const double *towards;  ///< cells x slots x D, to the neighbours' centres
  const double *u;        ///< cells
  double *gradient;       ///< cells x D

  PETRL_BOTH void operator()(std::ptrdiff_t c) const {
    if constexpr (D == 3)
      inSpace(c);
    else
      inPlane(c);
  }

  PETRL_BOTH void inPlane(std::ptrdiff_t c) const {
    double a = 0, b = 0, e = 0, x = 0, y = 0;
    for (int s = 0; s < kSlots; ++s) {
      const int n = neighbour[c * kSlots + s];
      if (n < 0) continue;
      const double *const d = towards + (c * kSlots + s) * D;
      const double dx = d[0], dy = D == 2 ? d[D - 1] : 0, w = 1 / (dx * dx + dy * dy), difference = u[n] - u[c];
      a += w * dx * dx;
      b += w * dx * dy;
      e += w * dy * dy;
      x += w * dx * difference;
      y += w * dy * difference;
    }
    double *const g = gradient + c * D;
    const double determinant = a * e - b * b, trace = a + e;
    if (D == 2 && determinant > 1e-8 * trace * trace) {
      g[0] = (e * x - b * y) / determinant;
      g[D - 1] = (a * y - b * x) / determinant;
    } else {
      const double scale = trace > 0 ? 1 / trace : 0;
      if (D == 2) g[D - 1] = scale * y;
      g[0] = scale * x;
    }
  }

  PETRL_BOTH void inSpace(std::ptrdiff_t c) const {
    double m[6] = {0, 0, 0, 0, 0, 0}, b[3] = {0, 0, 0};  // xx, xy, xz, yy, yz, zz
    for (int s = 0; s < kSlots; ++s) {
      const int n = neighbour[c * kSlots + s];
      if (n < 0) continue;
      const double *const d = towards + (c * kSlots + s) * D;
      const double w = 1 / (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]), difference = w * (u[n] - u[c]);
      m[0] += w * d[0] * d[0], m[1] += w * d[0] * d[1], m[2] += w * d[0] * d[2];
      m[3] += w * d[1] * d[1], m[4] += w * d[1] * d[2], m[5] += w * d[2] * d[2];
      for (int i = 0; i < 3; ++i) b[i] += difference * d[i];
    }
    double *const g = gradient + c * D;
    const double xx = m[3] * m[5] - m[4] * m[4], xy = m[2] * m[4] - m[1] * m[5], xz = m[1] * m[4] - m[2] * m[3],
                 yy = m[0] * m[5] - m[2] * m[2], yz = m[1] * m[2] - m[0] * m[4], zz = m[0] * m[3] - m[1] * m[1];
    const double determinant = m[0] * xx + m[1] * xy + m[2] * xz, trace = m[0] + m[3] + m[5];
    if (determinant > 1e-8 * trace * trace * trace) {
      g[0] = (xx * b[0] + xy * b[1] + xz * b[2]) / determinant;
      g[1] = (xy * b[0] + yy * b[1] + yz * b[2]) / determinant;
      g[2] = (xz * b[0] + yz * b[1] + zz * b[2]) / determinant;
      return;
    }
    inTheirPlane(m, b, xx + yy + zz, trace, g);
  }

  /// All neighbours lie in a plane, or on a line: the shortest gradient that fits. minors: the sum of the principal ones.
  PETRL_BOTH void inTheirPlane(const double *m, const double *b, double minors, double trace, double *g) const {
    const bool plane = minors > 1e-8 * trace * trace;
    // A symmetric matrix of rank 2 with the same trace and sum of minors: its inverse there is (trace - M) / minors.
    const double scale = plane ? 1 / minors : trace > 0 ? 1 / trace : 0;
    const double mb[3] = {m[0] * b[0] + m[1] * b[1] + m[2] * b[2], m[1] * b[0] + m[3] * b[1] + m[4] * b[2],
                          m[2] * b[0] + m[4] * b[1] + m[5] * b[2]};
    for (int i = 0; i < 3; ++i) g[i] = plane ? scale * (trace * b[i] - mb[i]) : scale * b[i];
  }
};

}  // namespace petrl::kernels
