// The gradient of averages in one cell, on the host or on a device.
#pragma once

#include <cstddef>

#include "device/space.hpp"

namespace petrl::kernels {

/// Least squares over the cells beyond a cell's faces, weighted by 1 / distance^2; where they lie on a line, along it.
template <int D>
struct LeastSquares {
  static constexpr int kSlots = D + 1;
  const int *neighbour;   ///< cells x slots; -1: none
  const double *towards;  ///< cells x slots x D, to the neighbours' centres
  const double *u;        ///< cells
  double *gradient;       ///< cells x D

  PETRL_BOTH void operator()(std::ptrdiff_t c) const {
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
};

}  // namespace petrl::kernels
