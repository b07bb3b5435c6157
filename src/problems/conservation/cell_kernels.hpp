// What finite volumes do in one cell, at one vertex, through one face; on the host or on a device. Everything gathers,
// nothing scatters.
#pragma once

#include <cmath>
#include <cstddef>

#include "problems/conservation/arrays.hpp"
#include "problems/conservation/law.hpp"

namespace petrl::conservation::kernels {

PETRL_INLINE double smaller(double a, double b) {
  return a < b ? a : b;
}
PETRL_INLINE double larger(double a, double b) {
  return a > b ? a : b;
}

/// How much of the difference d a corner may have, where it may rise by `up` and fall by `down` (both >= 0).
PETRL_INLINE double sharp(double d, double up, double down) {
  const double room = d > 0 ? up : down, size = std::fabs(d);
  return room < size ? room / size : 1;
}

/// Michalak and Ollivier-Gooch's function of room / size: differentiable, 1 from 3/2 on.
PETRL_INLINE double smooth(double d, double up, double down, double epsilon) {
  const double room = (d > 0 ? up : down) + epsilon, size = std::fabs(d);
  const double r = room < 1.5 * size ? room / size : 1.5;
  return r * (1 - 4. / 27 * r * r);
}

/// Least-squares gradients.
struct Gradients {
  CellArrays c;
  const double *u;
  double *gx, *gy;
  PETRL_INLINE void of(std::ptrdiff_t i, double &x, double &y) const {
    const std::ptrdiff_t n = c.n;
    const double q = u[i], a = u[c.neighbour[i]] - q, b = u[c.neighbour[n + i]] - q, d = u[c.neighbour[2 * n + i]] - q;
    x = c.weight_x[i] * a + c.weight_x[n + i] * b + c.weight_x[2 * n + i] * d;
    y = c.weight_y[i] * a + c.weight_y[n + i] * b + c.weight_y[2 * n + i] * d;
  }
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    double x, y;
    of(i, x, y);
    gx[i] = x;
    gy[i] = y;
  }
};

/// Least and largest value around vertices.
struct Bounds {
  VertexArrays v;
  const double *u;
  double *low, *high;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const std::ptrdiff_t n = v.n;
    double a = u[v.ring[i]], b = a;
    PETRL_UNROLL for (int k = 1; k < kRing; ++k) {
      const double q = u[v.ring[k * n + i]];
      a = smaller(a, q);
      b = larger(b, q);
    }
    low[i] = a;
    high[i] = b;
  }
};

/// The cells beyond kRing.
struct CrowdedBounds {
  VertexArrays v;
  const double *u;
  double *low, *high;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const int at = v.crowd[i];
    double a = low[at], b = high[at];
    for (int k = v.first[i]; k < v.first[i + 1]; ++k) {
      const double q = u[v.crowded[k]];
      a = smaller(q, a);
      b = larger(q, b);
    }
    low[at] = a;
    high[at] = b;
  }
};

/// Gradients times the largest factor <= 1 that keeps the corners within the vertices' bounds; or nearly within them,
/// and differentiable.
template <bool Smooth>
struct Limit {
  CellArrays c;
  const double *u, *low, *high, *epsilon;
  double *gx, *gy;
  PETRL_INLINE double factor(double d, double up, double down, std::ptrdiff_t i) const {
    return Smooth ? smooth(d, up, down, epsilon[i]) : sharp(d, up, down);
  }
  PETRL_INLINE void of(std::ptrdiff_t i, double &a, double &b) const {
    const int *const v0 = c.vertex, *const v1 = v0 + c.n, *const v2 = v1 + c.n;
    const double *const x0 = c.corner_x, *const x1 = x0 + c.n, *const x2 = x1 + c.n;
    const double *const y0 = c.corner_y, *const y1 = y0 + c.n, *const y2 = y1 + c.n;
    const double q = u[i];
    double f = factor(a * x0[i] + b * y0[i], high[v0[i]] - q, q - low[v0[i]], i);
    f = smaller(f, factor(a * x1[i] + b * y1[i], high[v1[i]] - q, q - low[v1[i]], i));
    f = smaller(f, factor(a * x2[i] + b * y2[i], high[v2[i]] - q, q - low[v2[i]], i));
    a *= f;
    b *= f;
  }
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    double a = gx[i], b = gy[i];
    of(i, a, b);
    gx[i] = a;
    gy[i] = b;
  }
};

/// What is given at a cell's own face is a neighbour too: without it the cell would see an extremum. Values beyond other
/// cells' faces do not count: another rank might not know them.
template <bool Smooth>
struct LimitAtBoundary {
  Limit<Smooth> like;
  const int *left;  // of faces
  GivenArrays g;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const CellArrays &a = like.c;
    const int begin = g.first[i], end = g.first[i + 1], c = left[g.face[begin]];
    const std::ptrdiff_t n = a.n;
    const double q = like.u[c];
    double x = 0, y = 0, least = 1;
    for (int s = 0; s < 3; ++s) {
      const double d = like.u[a.neighbour[s * n + c]] - q;
      x += a.weight_x[s * n + c] * d;
      y += a.weight_y[s * n + c] * d;
    }
    for (int s = 0; s < 3; ++s) {
      const int v = a.vertex[s * n + c];
      double low = like.low[v], high = like.high[v];
      for (int k = begin; k < end; ++k) {
        if (g.vertex[2 * k] != v && g.vertex[2 * k + 1] != v) continue;
        low = smaller(g.value[k], low);
        high = larger(g.value[k], high);
      }
      least = smaller(like.factor(x * a.corner_x[s * n + c] + y * a.corner_y[s * n + c], high - q, q - low, c), least);
    }
    like.gx[c] = least * x;
    like.gy[c] = least * y;
  }
};

template <bool Burgers>
PETRL_INLINE double fluxOf(double k, double left, double right) {
  return Burgers ? burgersFlux(k, left, right) : advectionFlux(k, left, right);
}

template <bool Burgers>
struct Fluxes {
  FaceArrays f;
  const double *u, *gx, *gy;
  double *flux;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const int l = f.left[i], r = f.right[i];
    flux[i] = fluxOf<Burgers>(f.k[i], u[l] + gx[l] * f.left_x[i] + gy[l] * f.left_y[i],
                              u[r] + gx[r] * f.right_x[i] + gy[r] * f.right_y[i]);
  }
};

/// Takes the diffusive part away; gradients before the limiter.
struct Diffusion {
  FaceArrays f;
  double viscosity;
  const double *u, *gx, *gy;
  double *flux;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const int l = f.left[i], r = f.right[i];
    flux[i] -= viscosity *
               (f.direct[i] * (u[r] - u[l]) + 0.5 * (f.cross_x[i] * (gx[l] + gx[r]) + f.cross_y[i] * (gy[l] + gy[r])));
  }
};

/// Of faces with values beyond them, both parts.
template <bool Burgers>
struct GivenFluxes {
  Fluxes<Burgers> like;
  GivenArrays g;
  double viscosity;
  const double *plain_x, *plain_y;
  PETRL_INLINE void operator()(std::ptrdiff_t k) const {
    const FaceArrays &f = like.f;
    const int i = g.face[k], l = f.left[i];
    const double inner = like.u[l] + like.gx[l] * f.left_x[i] + like.gy[l] * f.left_y[i];
    double flux = fluxOf<Burgers>(f.k[i], inner, g.value[k]);
    if (viscosity > 0)
      flux -=
          viscosity * (f.direct[i] * (g.value[k] - like.u[l]) + f.cross_x[i] * plain_x[l] + f.cross_y[i] * plain_y[l]);
    like.flux[i] = flux;
  }
};

struct Divergence {
  CellArrays c;
  const double *flux;
  double *dudt;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const std::ptrdiff_t n = c.n;
    dudt[i] =
        c.out[i] * flux[c.face[i]] + c.out[n + i] * flux[c.face[n + i]] + c.out[2 * n + i] * flux[c.face[2 * n + i]];
  }
};

/// Speed times area of each face, twice the diffusive part added.
template <bool Burgers>
struct Speeds {
  FaceArrays f;
  double viscosity;
  const double *u;
  double *speed;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    double s = std::fabs(f.k[i]);
    if (Burgers) s *= larger(std::fabs(u[f.left[i]]), std::fabs(u[f.right[i]]));
    speed[i] = s + 2 * viscosity * f.direct[i];
  }
};

/// Half sum of speeds over volume.
struct Rates {
  CellArrays c;
  const double *speed;
  double *rate;
  PETRL_INLINE double of(std::ptrdiff_t i) const {
    const std::ptrdiff_t n = c.n;
    return 0.5 * (std::fabs(c.out[i]) * speed[c.face[i]] + std::fabs(c.out[n + i]) * speed[c.face[n + i]] +
                  std::fabs(c.out[2 * n + i]) * speed[c.face[2 * n + i]]);
  }
  PETRL_INLINE void operator()(std::ptrdiff_t i) const { rate[i] = of(i); }
};

/// Local steps: how a cell changes by itself, and where that brings it by the middle of its step.
template <bool Burgers>
struct Predict {
  const double *carry_x, *carry_y, *growth, *span, *u, *gx, *gy;
  double *change, *middle;
  PETRL_INLINE void of(std::ptrdiff_t i, double x, double y) const {
    const double q = u[i], carried = carry_x[i] * x + carry_y[i] * y;
    const double rate = Burgers ? carried * q : carried + growth[i] * q;
    change[i] = rate;
    middle[i] = q + 0.5 * span[i] * rate;
  }
  PETRL_INLINE void operator()(std::ptrdiff_t i) const { of(i, gx[i], gy[i]); }
};

/// The beginning of a cell's step, all of it: slopes, limited, and what they predict.
template <bool Smooth, bool Burgers>
struct Start {
  Gradients slopes;
  Limit<Smooth> limit;
  Predict<Burgers> predict;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    double x, y;
    slopes.of(i, x, y);
    limit.of(i, x, y);
    slopes.gx[i] = x;
    slopes.gy[i] = y;
    predict.of(i, x, y);
  }
};

/// The end of a cell's step.
struct Update {
  CellArrays c;
  const double *flux, *span;
  double *u, *now;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const std::ptrdiff_t n = c.n;
    const double rate =
        c.out[i] * flux[c.face[i]] + c.out[n + i] * flux[c.face[n + i]] + c.out[2 * n + i] * flux[c.face[2 * n + i]];
    const double q = u[i] + span[i] * rate;
    u[i] = q;
    now[i] = q;
  }
};

/// Largest |u| of a cell and its neighbours.
struct FastestAround {
  CellArrays c;
  const double *u;
  double *fastest;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const std::ptrdiff_t n = c.n;
    const double a = larger(std::fabs(u[i]), std::fabs(u[c.neighbour[i]]));
    const double b = larger(std::fabs(u[c.neighbour[n + i]]), std::fabs(u[c.neighbour[2 * n + i]]));
    fastest[i] = larger(a, b);
  }
};

/// Inverse of a cell's longest step.
struct OwnRates {
  const double *reach, *damping, *speed;
  PETRL_INLINE double of(std::ptrdiff_t i) const { return reach[i] * speed[i] + damping[i]; }
};

/// What Predict and OwnRates know of a cell: the flux of its own linear field out of it.
struct Carry {
  CellArrays c;
  FaceArrays f;
  double viscosity;
  double *x, *y, *growth, *reach, *damping;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    double a = 0, b = 0, g = 0, r = 0, d = 0;
    PETRL_UNROLL for (int s = 0; s < 3; ++s) {
      const double out = c.out[s * c.n + i];
      const int face = c.face[s * c.n + i];
      const double flow = out * f.k[face];
      a += flow * (out < 0 ? f.left_x[face] : f.right_x[face]);
      b += flow * (out < 0 ? f.left_y[face] : f.right_y[face]);
      g += flow;
      r += std::fabs(flow);
      d += std::fabs(out) * f.direct[face];
    }
    x[i] = a;
    y[i] = b;
    growth[i] = g;
    reach[i] = 0.5 * r;
    damping[i] = viscosity * d;
  }
};

/// Both of a pair of lines, copied; or zero.
struct CopyPair {
  const double *from_x, *from_y;
  double *to_x, *to_y;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const double x = from_x ? from_x[i] : 0, y = from_y ? from_y[i] : 0;
    to_x[i] = x;
    to_y[i] = y;
  }
};

/// Two components of lines from and to rows of `width`, a cell each, beginning with column `column`.
struct ToRows {
  const double *x, *y;
  int dim, width, column;
  double *rows;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    double *const row = rows + width * i + column;
    row[0] = x[i];
    if (dim == 2) row[1] = y[i];
  }
};

struct FromRows {
  const double *rows;
  int dim, width, column;
  double *x, *y;
  PETRL_INLINE void operator()(std::ptrdiff_t i) const {
    const double *const row = rows + width * i + column;
    x[i] = row[0];
    if (dim == 2) y[i] = row[1];
  }
};

}  // namespace petrl::conservation::kernels
