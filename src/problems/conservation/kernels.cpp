#include "problems/conservation/kernels.hpp"

#include <cmath>
#include <cstddef>

#include "base/clones.hpp"
#include "problems/conservation/law.hpp"

namespace petrl::conservation {

namespace {

PETRL_INLINE double smaller(double a, double b) {
  return a < b ? a : b;
}
PETRL_INLINE double larger(double a, double b) {
  return a > b ? a : b;
}

// How much of the difference d a corner may have, where it may rise by `up` and fall by `down` (both >= 0).
PETRL_INLINE double sharp(double d, double up, double down) {
  const double room = d > 0 ? up : down, size = std::fabs(d);
  return room < size ? room / size : 1;
}

// Michalak and Ollivier-Gooch's function of room / size: differentiable, 1 from 3/2 on.
PETRL_INLINE double smooth(double d, double up, double down, double epsilon) {
  const double room = (d > 0 ? up : down) + epsilon, size = std::fabs(d);
  const double r = room < 1.5 * size ? room / size : 1.5;
  return r * (1 - 4. / 27 * r * r);
}

template <class Limit>
PETRL_INLINE void limit(const CellArrays &c, const double *__restrict u, const double *__restrict low,
                        const double *__restrict high, double *__restrict gx, double *__restrict gy, Limit rule) {
  const int n = c.n;
  const int *__restrict v0 = c.vertex, *__restrict v1 = v0 + n, *__restrict v2 = v1 + n;
  const double *__restrict x0 = c.corner_x, *__restrict x1 = x0 + n, *__restrict x2 = x1 + n;
  const double *__restrict y0 = c.corner_y, *__restrict y1 = y0 + n, *__restrict y2 = y1 + n;
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) {
    const double q = u[i], a = gx[i], b = gy[i];
    double f = rule(a * x0[i] + b * y0[i], high[v0[i]] - q, q - low[v0[i]], i);
    f = smaller(f, rule(a * x1[i] + b * y1[i], high[v1[i]] - q, q - low[v1[i]], i));
    f = smaller(f, rule(a * x2[i] + b * y2[i], high[v2[i]] - q, q - low[v2[i]], i));
    gx[i] = f * a;
    gy[i] = f * b;
  }
}

template <class Flux>
PETRL_INLINE void fluxes(const FaceArrays &f, const double *__restrict u, const double *__restrict gx,
                         const double *__restrict gy, double *__restrict flux, Flux rule) {
  const int n = f.n;
  const int *__restrict left = f.left, *__restrict right = f.right;
  const double *__restrict k = f.k;
  const double *__restrict lx = f.left_x, *__restrict ly = f.left_y;
  const double *__restrict rx = f.right_x, *__restrict ry = f.right_y;
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) {
    const int l = left[i], r = right[i];
    flux[i] = rule(k[i], u[l] + gx[l] * lx[i] + gy[l] * ly[i], u[r] + gx[r] * rx[i] + gy[r] * ry[i]);
  }
}

}  // namespace

PETRL_CLONES void gradients(const CellArrays &c, const double *__restrict u, double *__restrict gx,
                            double *__restrict gy) {
  const int n = c.n;
  const int *__restrict n0 = c.neighbour, *__restrict n1 = n0 + n, *__restrict n2 = n1 + n;
  const double *__restrict x0 = c.weight_x, *__restrict x1 = x0 + n, *__restrict x2 = x1 + n;
  const double *__restrict y0 = c.weight_y, *__restrict y1 = y0 + n, *__restrict y2 = y1 + n;
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) {
    const double q = u[i], a = u[n0[i]] - q, b = u[n1[i]] - q, d = u[n2[i]] - q;
    gx[i] = x0[i] * a + x1[i] * b + x2[i] * d;
    gy[i] = y0[i] * a + y1[i] * b + y2[i] * d;
  }
}

PETRL_CLONES void bounds(int vertices, const int *__restrict ring, const double *__restrict u, double *__restrict low,
                         double *__restrict high) {
  const auto n = static_cast<std::ptrdiff_t>(vertices);
  PETRL_INDEPENDENT for (std::ptrdiff_t i = 0; i < n; ++i) {
    double a = u[ring[i]], b = a;
    PETRL_UNROLL for (int k = 1; k < kRing; ++k) {
      const double q = u[ring[k * n + i]];
      a = smaller(a, q);
      b = larger(b, q);
    }
    low[i] = a;
    high[i] = b;
  }
}

PETRL_CLONES void limitSharp(const CellArrays &c, const double *u, const double *low, const double *high, double *gx,
                             double *gy) {
  limit(c, u, low, high, gx, gy, [](double d, double up, double down, int) { return sharp(d, up, down); });
}

PETRL_CLONES void limitSmooth(const CellArrays &c, const double *u, const double *low, const double *high,
                              const double *__restrict epsilon, double *gx, double *gy) {
  limit(c, u, low, high, gx, gy,
        [epsilon](double d, double up, double down, int i) { return smooth(d, up, down, epsilon[i]); });
}

double cornerFactor(double d, double up, double down, double epsilon) {
  return epsilon < 0 ? sharp(d, up, down) : smooth(d, up, down, epsilon);
}

PETRL_CLONES void advectionFluxes(const FaceArrays &f, const double *u, const double *gx, const double *gy,
                                  double *flux) {
  fluxes(f, u, gx, gy, flux, [](double k, double l, double r) { return advectionFlux(k, l, r); });
}

PETRL_CLONES void burgersFluxes(const FaceArrays &f, const double *u, const double *gx, const double *gy,
                                double *flux) {
  fluxes(f, u, gx, gy, flux, [](double k, double l, double r) { return burgersFlux(k, l, r); });
}

PETRL_CLONES void diffusionFluxes(const FaceArrays &f, double viscosity, const double *__restrict u,
                                  const double *__restrict gx, const double *__restrict gy, double *__restrict flux) {
  const int n = f.n;
  const int *__restrict left = f.left, *__restrict right = f.right;
  const double *__restrict direct = f.direct, *__restrict cx = f.cross_x, *__restrict cy = f.cross_y;
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) {
    const int l = left[i], r = right[i];
    flux[i] -= viscosity * (direct[i] * (u[r] - u[l]) + 0.5 * (cx[i] * (gx[l] + gx[r]) + cy[i] * (gy[l] + gy[r])));
  }
}

PETRL_CLONES void divergence(const CellArrays &c, const double *__restrict flux, double *__restrict dudt) {
  const int n = c.n;
  const int *__restrict f0 = c.face, *__restrict f1 = f0 + n, *__restrict f2 = f1 + n;
  const double *__restrict w0 = c.out, *__restrict w1 = w0 + n, *__restrict w2 = w1 + n;
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) {
    dudt[i] = w0[i] * flux[f0[i]] + w1[i] * flux[f1[i]] + w2[i] * flux[f2[i]];
  }
}

PETRL_CLONES void speeds(const FaceArrays &f, bool burgers, double viscosity, const double *__restrict u,
                         double *__restrict speed) {
  const int n = f.n;
  const int *__restrict left = f.left, *__restrict right = f.right;
  const double *__restrict k = f.k, *__restrict direct = f.direct;
  if (burgers) {
    PETRL_INDEPENDENT for (int i = 0; i < n; ++i) {
      speed[i] = std::fabs(k[i]) * larger(std::fabs(u[left[i]]), std::fabs(u[right[i]])) + 2 * viscosity * direct[i];
    }
  } else {
    PETRL_INDEPENDENT for (int i = 0; i < n; ++i) speed[i] = std::fabs(k[i]) + 2 * viscosity * direct[i];
  }
}

PETRL_CLONES double fastest(const CellArrays &c, const double *__restrict speed) {
  const int n = c.n;
  const int *__restrict f0 = c.face, *__restrict f1 = f0 + n, *__restrict f2 = f1 + n;
  const double *__restrict w0 = c.out, *__restrict w1 = w0 + n, *__restrict w2 = w1 + n;
  constexpr int kLanes = 16;  // maxima of their own: a single one would be a chain
  double most[kLanes] = {};
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    PETRL_INDEPENDENT for (int k = 0; k < kLanes; ++k) {
      const int j = i + k;
      const double rate =
          0.5 * (std::fabs(w0[j]) * speed[f0[j]] + std::fabs(w1[j]) * speed[f1[j]] + std::fabs(w2[j]) * speed[f2[j]]);
      most[k] = larger(most[k], rate);
    }
  }
  for (; i < n; ++i)
    most[0] = larger(most[0], 0.5 * (std::fabs(w0[i]) * speed[f0[i]] + std::fabs(w1[i]) * speed[f1[i]] +
                                     std::fabs(w2[i]) * speed[f2[i]]));
  for (int k = 1; k < kLanes; ++k) most[0] = larger(most[0], most[k]);
  return most[0];
}

PETRL_CLONES void combine(int n, double a, const double *base, double b, const double *u, double dt, const double *dudt,
                          double *out) {
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) out[i] = a * base[i] + b * (u[i] + dt * dudt[i]);
}

}  // namespace petrl::conservation
