// What finite volumes do beside cell_kernels.hpp where the law is a gas's. Components lie one after the other: values of
// component k from k times the number of cells on, fluxes from k times the number of faces on.
#pragma once

#include <cstddef>

#include "problems/conservation/arrays.hpp"
#include "problems/conservation/gas.hpp"

namespace petrl::conservation::kernels {

/// Density, velocity and pressure from what is conserved.
struct Primitives {
  std::ptrdiff_t n;  // cells
  double gamma;
  const double *u;
  double *w;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const Gas<double> g = gasOf<double>({u[i], u[n + i], u[2 * n + i], u[3 * n + i]}, gamma);
    w[i] = g.rho;
    w[n + i] = g.vx;
    w[2 * n + i] = g.vy;
    w[3 * n + i] = g.p;
  }
};

struct GasFluxes {
  FaceArrays f;
  std::ptrdiff_t n;  // cells
  double gamma;
  const double *w, *gx, *gy;
  double *flux;
  PETRL_INLINE Gas<double> at(std::ptrdiff_t c, double x, double y) const {
    return {w[c] + gx[c] * x + gy[c] * y, w[n + c] + gx[n + c] * x + gy[n + c] * y,
            w[2 * n + c] + gx[2 * n + c] * x + gy[2 * n + c] * y, w[3 * n + c] + gx[3 * n + c] * x + gy[3 * n + c] * y};
  }
  PETRL_INLINE void pass(std::ptrdiff_t i, const Gas<double> &left, const Gas<double> &right) const {
    const std::ptrdiff_t m = f.n;
    const double area = f.k[i];
    const GasContents<double> c = hllc(left, right, f.normal_x[i], f.normal_y[i], gamma);
    flux[i] = area * c.mass;
    flux[m + i] = area * c.x;
    flux[2 * m + i] = area * c.y;
    flux[3 * m + i] = area * c.energy;
  }
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    pass(i, at(f.left[i], f.left_x[i], f.left_y[i]), at(f.right[i], f.right_x[i], f.right_y[i]));
  }
};

/// Of faces with states beyond them.
struct GivenGasFluxes {
  GasFluxes like;
  GivenArrays g;
  PETRL_INLINE void operator()(std::ptrdiff_t k) const {
    const int i = g.face[k];
    const std::ptrdiff_t m = g.n;
    like.pass(i, like.at(like.f.left[i], like.f.left_x[i], like.f.left_y[i]),
              {g.value[k], g.value[m + k], g.value[2 * m + k], g.value[3 * m + k]});
  }
};

/// Speed times area of each face: the gas's and its sound's.
struct GasSpeeds {
  FaceArrays f;
  std::ptrdiff_t n;  // cells
  double gamma;
  const double *w;
  double *speed;
  PETRL_INLINE double of(std::ptrdiff_t c, double x, double y) const {
    return std::fabs(w[n + c] * x + w[2 * n + c] * y) + std::sqrt(gamma * w[3 * n + c] / w[c]);
  }
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const double l = of(f.left[i], f.normal_x[i], f.normal_y[i]), r = of(f.right[i], f.normal_x[i], f.normal_y[i]);
    speed[i] = f.k[i] * (l > r ? l : r);
  }
};

/// Constant in cells where a corner would have no positive density or pressure. (Limiter::sharp leaves none.)
struct KeepPositive {
  CellArrays c;
  std::ptrdiff_t n;  // cells
  const double *w;
  double *gx, *gy;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    bool positive = true;
    for (int s = 0; s < 3; ++s) {
      const double x = c.corner_x[s * c.n + i], y = c.corner_y[s * c.n + i];
      for (int k = 0; k < 4; k += 3) {
        const std::ptrdiff_t at = k * n + i;
        positive = positive && w[at] + gx[at] * x + gy[at] * y > 0;
      }
    }
    if (positive) return;
    for (int k = 0; k < 4; ++k) gx[k * n + i] = gy[k * n + i] = 0;
  }
};

/// Slopes of what is conserved from those of what is reconstructed, in place; none where a corner would have no positive
/// density or pressure: positive states are a convex set, so that parts of the cell have them, too.
struct ContentsSlopes {
  CellArrays c;
  std::ptrdiff_t n;  // cells
  double gamma;
  const double *w;
  double *gx, *gy;
  PETRL_INLINE GasContents<double> along(const Gas<double> &g, const double *slope, std::ptrdiff_t i) const {
    const double rho = slope[i], vx = slope[n + i], vy = slope[2 * n + i], p = slope[3 * n + i];
    return {rho, g.vx * rho + g.rho * vx, g.vy * rho + g.rho * vy,
            p / (gamma - 1) + 0.5 * (g.vx * g.vx + g.vy * g.vy) * rho + g.rho * (g.vx * vx + g.vy * vy)};
  }
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const Gas<double> g = {w[i], w[n + i], w[2 * n + i], w[3 * n + i]};
    const GasContents<double> here = contentsOf(g, gamma), x = along(g, gx, i), y = along(g, gy, i);
    double keep = 1;
    for (int s = 0; s < 3; ++s) {
      const double a = c.corner_x[s * c.n + i], b = c.corner_y[s * c.n + i];
      const GasContents<double> there = {here.mass + a * x.mass + b * y.mass, here.x + a * x.x + b * y.x,
                                         here.y + a * x.y + b * y.y, here.energy + a * x.energy + b * y.energy};
      if (!(there.mass > 0 && gasOf(there, gamma).p > 0)) keep = 0;
    }
    gx[i] = keep * x.mass, gx[n + i] = keep * x.x, gx[2 * n + i] = keep * x.y, gx[3 * n + i] = keep * x.energy;
    gy[i] = keep * y.mass, gy[n + i] = keep * y.x, gy[2 * n + i] = keep * y.y, gy[3 * n + i] = keep * y.energy;
  }
};

}  // namespace petrl::conservation::kernels
