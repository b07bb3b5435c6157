// A closure's work at one point of a grid, on the host or on a device: what fields.hpp, correction.hpp and flux.hpp say,
// the same numbers to rounding. Arrays are planar, x fastest, unless said otherwise.
#pragma once

#include <cmath>
#include <cstddef>

#include "device/for_each.hpp"

namespace petrl::kernels {

/// A box of points, numbered x fastest.
struct Box {
  int n[3];
  PETRL_BOTH std::ptrdiff_t points() const { return static_cast<std::ptrdiff_t>(n[0]) * n[1] * n[2]; }
  PETRL_BOTH void place(std::ptrdiff_t i, int at[3]) const {
    at[0] = static_cast<int>(i % n[0]);
    at[1] = static_cast<int>(i / n[0] % n[1]);
    at[2] = static_cast<int>(i / n[0] / n[1]);
  }
  PETRL_BOTH std::ptrdiff_t index(int x, int y, int z) const {
    return (static_cast<std::ptrdiff_t>(z) * n[1] + y) * n[0] + x;
  }
};

PETRL_BOTH int clamped(int i, int low, int high) {
  return i < low ? low : i >= high ? high - 1 : i;
}

PETRL_BOTH float clamped(float x, float bound) {
  const float y = x > bound ? bound : x;  // NaN stays
  return y < -bound ? -bound : y;
}

/// A component of a ghosted, interleaved array becomes a plane; what lies beyond the grid takes its boundary's values.
struct TakePlane {
  const PetscScalar *from;  ///< the first point's component
  int components;
  Box all;
  int inside[6];  ///< what lies on the grid: x0, x1, y0, ...
  double *to;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    int p[3];
    all.place(i, p);
    for (int d = 0; d < 3; ++d) p[d] = clamped(p[d], inside[2 * d], inside[2 * d + 1]);
    to[i] = static_cast<double>(PetscRealPart(from[all.index(p[0], p[1], p[2]) * components]));
  }
};

/// A plane as the network sees it (FieldInput): offset and scaled, or against its surroundings.
struct NormalisePlane {
  const double *from;  ///< on `all`
  Box all, seen;
  int shift[3];  ///< of `seen` within `all`
  double offset, factor;
  float clip;
  int around[3];  ///< points of the surroundings to either side
  bool local, unseen;
  double share, floor;
  float *to;  ///< on `seen`
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    int p[3];
    seen.place(i, p);
    const double *at = from + all.index(p[0] + shift[0], p[1] + shift[1], p[2] + shift[2]);
    to[i] = unseen ? 0 : clamped(static_cast<float>(local ? against(at) : (*at - offset) * factor), clip);
  }

 private:
  // In the order in which the host adds up: columns first.
  PETRL_BOTH double against(const double *at) const {
    double total = 0, low = *at, high = *at;
    for (int x = -around[0]; x <= around[0]; ++x) {
      double column = 0;
      for (int z = -around[2]; z <= around[2]; ++z) {
        for (int y = -around[1]; y <= around[1]; ++y) {
          const double value = at[x + all.index(0, y, z)];
          column += value;
          low = value < low ? value : low;
          high = value > high ? value : high;
        }
      }
      total += column;
    }
    const double range = high - low + floor, inverse = range > 0 ? 1 / range : 0;
    return (*at - share * total) * inverse;
  }
};

/// `additive` and `additive-rate`.
struct AdditiveChange {
  const float *output;  ///< on `own`
  Box own;
  double middle, half;
  bool fixed;  ///< points on the boundary stay as they are
  bool wall[6];
  double *change;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    int p[3];
    own.place(i, p);
    double a = middle + half * static_cast<double>(clamped(output[i], 1.f));
    for (int d = 0; fixed && d < 3; ++d) {
      if ((wall[2 * d] && p[d] == 0) || (wall[2 * d + 1] && p[d] + 1 == own.n[d])) a *= 0;  // a NaN shows all the same
    }
    change[i] = a;
  }
};

/// `flux`, one component: both faces of a point along each axis. A face's flux is the same number from either side.
struct FluxChange {
  const double *q, *velocity[3];  ///< on `all`, at the first own point; velocity null: a speed of one
  Box all, own, seen;             ///< `seen`: of the output, one point more to each side than `own`
  const float *output;            ///< of the first weight, at the first own point
  const double *low, *high;       ///< of the weights
  int axes, half_width, weights;
  bool mean;  ///< of both sides' output
  double floor, shear, factor[3];
  bool wall[6];
  double *change;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    int p[3];
    own.place(i, p);
    const std::ptrdiff_t at = all.index(p[0], p[1], p[2]), from = seen.index(p[0], p[1], p[2]);
    double sum = 0;
    for (int a = 0; a < axes; ++a) {
      const std::ptrdiff_t s = stride(all, a), t = stride(seen, a);
      const double lower = wall[2 * a] && p[a] == 0 ? 0 : flux(a, at - s, from - t, s);
      const double upper = wall[2 * a + 1] && p[a] + 1 == own.n[a] ? 0 : flux(a, at, from, s);
      sum += factor[a] * (lower - upper);
    }
    change[i] = sum;
  }

 private:
  PETRL_BOTH static std::ptrdiff_t stride(const Box &box, int axis) {
    return axis == 0 ? 1 : axis == 1 ? box.n[0] : static_cast<std::ptrdiff_t>(box.n[0]) * box.n[1];
  }
  PETRL_BOTH double weight(int axis, int k, std::ptrdiff_t from) const {
    const int w = axis * weights + k;
    const float *const here = output + w * seen.points() + from;
    const float x = clamped(.5f * (here[0] + here[mean ? stride(seen, axis) : 0]), 1.f);
    return 0.5 * (high[w] + low[w]) + 0.5 * (high[w] - low[w]) * static_cast<double>(x);
  }
  // Through the face beyond a point along an axis.
  PETRL_BOTH double flux(int axis, std::ptrdiff_t at, std::ptrdiff_t from, std::ptrdiff_t s) const {
    const double *u = velocity[axis], *const v = q + at;
    double even = weight(axis, 0, from) * (v[s] - v[0]), odd = 0;
    for (int k = 1; k <= half_width; ++k) {
      const double up = v[(k + 1) * s] - v[k * s], down = v[(1 - k) * s] - v[-k * s];
      even += weight(axis, k, from) * (up + down);
      if (u) odd += weight(axis, half_width + k, from) * (up - down);
    }
    if (!u) return even;
    const double speed = 0.5 * (u[at] + u[at + s]);
    double extra = floor;
    for (int b = 0; shear > 0 && b < axes; ++b) {
      const double *const c = velocity[b] + at;
      extra += shear / 3 * (fabs(c[0] - c[-s]) + fabs(c[s] - c[0]) + fabs(c[2 * s] - c[s]));
    }
    return (fabs(speed) + extra) * even + speed * odd;
  }
};

/// A change into a component of an interleaved array.
struct WriteChange {
  const double *change;
  int components;
  PetscScalar *to;  ///< the first point's component
  PETRL_BOTH void operator()(std::ptrdiff_t i) const { to[i * components] = change[i]; }
};

struct Zero {
  PetscScalar *to;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const { to[i] = 0; }
};

}  // namespace petrl::kernels
