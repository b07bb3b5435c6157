// What is known of a cell and of its neighbours, and what a policy sees of it: on the host or on a device.
#pragma once

#include <cmath>
#include <cstddef>

#include "base/vector_math.hpp"
#include "device/space.hpp"

namespace petrl::kernels {

/// Cells and one field, see CellMesh and ObservedField.
struct CellField {
  int dim;
  const int *neighbour, *level;
  const double *volume, *towards;
  const double *value, *rate, *gradient;
  double *move;            ///< cells x dim: how far each cell's feature moves in the interval
  double range, interval;  ///< of the field; until the next decision
  PETRL_BOTH double perRange() const { return range > 0 ? 1 / range : 0; }
};

/// h is the cube root of a tetrahedron's volume, the square root of a triangle's area or an interval's length; values are relative to U, the field's range over
/// the whole mesh; T is the time until the next decision. Where the field moves with its gradient, it moves by
/// m = -T rate gradient / |gradient|^2 until then.
struct CellFeatures {
  float h, gradient[3], rate, move;  ///< h, gradient / U, T |rate| / U, |m|
  float mean[3], count,
      boundary;  ///< sums over neighbours of gradient_j / U and of 1; 1 where a face is on the boundary
};

/// Of the neighbour j in a slot; where there is none, `is` is 0 and the others are harmless.
struct FaceFeatures {
  float is, difference, level;           ///< (u_j - u_i) / U, level_j - level_i
  float to[3], gradient_j[3], moved[3];  ///< d = x_j - x_i, gradient_j / U, m_j
};

constexpr float kSmallestChange = 1e-5f;  // of relative changes: smaller ones are as good as none

PETRL_INLINE double sizeOf(int dim, double volume) {
  return dim == 1 ? volume : dim == 2 ? std::sqrt(volume) : std::cbrt(volume);
}

/// Where nothing changes in space, nothing can be seen to move.
PETRL_INLINE void moveFeature(const CellField &f, std::ptrdiff_t i) {
  const double *const g = f.gradient + i * f.dim;
  const double square = g[0] * g[0] + (f.dim > 1 ? g[1] * g[1] : 0) + (f.dim > 2 ? g[2] * g[2] : 0),
               volume = f.volume[i], h = f.dim > 2 ? std::cbrt(volume) : 0;
  const double small = static_cast<double>(kSmallestChange) * f.range;
  const double area = f.dim == 2 ? volume : f.dim == 1 ? volume * volume : h * h;
  const double factor = -f.interval * f.rate[i] / (square + small * small / area + 1e-300);
  for (int k = 0; k < f.dim; ++k) f.move[i * f.dim + k] = factor * g[k];
}

/// Without what is summed over neighbours.
PETRL_INLINE CellFeatures cellFeatures(const CellField &f, std::ptrdiff_t i) {
  CellFeatures c{};
  double square = 0;
  for (int k = 0; k < f.dim; ++k) {
    const double move = f.move[i * f.dim + k];
    c.gradient[k] = static_cast<float>(f.gradient[i * f.dim + k] * f.perRange());
    square += move * move;
  }
  c.h = static_cast<float>(sizeOf(f.dim, f.volume[i]));
  c.rate = static_cast<float>(f.interval * std::fabs(f.rate[i]) * f.perRange());
  c.move = static_cast<float>(std::sqrt(square));
  return c;
}

PETRL_INLINE FaceFeatures faceFeatures(const CellField &f, std::ptrdiff_t i, int slot) {
  FaceFeatures e{};
  const std::ptrdiff_t at = i * (f.dim + 1) + slot;
  const int neighbour = f.neighbour[at];
  const std::ptrdiff_t j = neighbour < 0 ? i : neighbour;
  e.is = neighbour < 0 ? 0.f : 1.f;
  e.difference = static_cast<float>((f.value[j] - f.value[i]) * f.perRange());
  e.level = static_cast<float>(f.level[j] - f.level[i]);
  for (int k = 0; k < f.dim; ++k) {
    e.to[k] = static_cast<float>(f.towards[at * f.dim + k]);
    e.gradient_j[k] = static_cast<float>(f.gradient[j * f.dim + k] * f.perRange());
    e.moved[k] = static_cast<float>(f.move[j * f.dim + k]);
  }
  return e;
}

PETRL_INLINE void addNeighbour(CellFeatures &c, const FaceFeatures &e) {
  for (int i = 0; i < 3; ++i) c.mean[i] += e.is * e.gradient_j[i];
  c.count += e.is;
  c.boundary = e.is > 0 ? c.boundary : 1.f;
}

/// Products of vectors; what is flat has zeros.
PETRL_INLINE float dot(const float *a, const float *b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

// --- what policies see: see nodeObservables(), edgeObservables() ---

/// About -1.5 ... 1.5 for relative changes from the smallest to one.
PETRL_INLINE float logarithmic(float x) {
  return .26f * (vector_math::logarithm(x + kSmallestChange) + 5.76f);
}

/// Linear near zero, logarithmic far from it.
PETRL_INLINE float compressed(float x) {
  return std::copysign(vector_math::logarithm(1 + std::fabs(x)), x);
}

PETRL_INLINE float change(const CellFeatures &c) {
  return logarithmic(c.h * std::sqrt(dot(c.gradient, c.gradient)));
}

PETRL_INLINE float tendency(const CellFeatures &c) {
  return logarithmic(c.rate);
}

PETRL_INLINE float roughness(const CellFeatures &c) {
  const float some = c.count > 0 ? 1.f : 0.f, n = c.count > 0 ? c.count : 1.f;
  const float r[3] = {some * (c.gradient[0] - c.mean[0] / n), some * (c.gradient[1] - c.mean[1] / n),
                      some * (c.gradient[2] - c.mean[2] / n)};
  return logarithmic(c.h * std::sqrt(dot(r, r)));
}

PETRL_INLINE float displacement(const CellFeatures &c) {
  return compressed(c.move / c.h);
}

PETRL_INLINE float onBoundary(const CellFeatures &c) {
  return c.boundary;
}

PETRL_INLINE float difference(const FaceFeatures &e) {
  return e.is * compressed(e.difference * 50);
}

PETRL_INLINE float approach(const FaceFeatures &e) {
  return e.is * compressed(-dot(e.moved, e.to) / dot(e.to, e.to) * 2);
}

PETRL_INLINE float excess(const FaceFeatures &e) {
  return e.is * compressed((e.difference - dot(e.gradient_j, e.to)) * 50);
}

PETRL_INLINE float levelStep(const FaceFeatures &e) {
  return .5f * e.level;
}

PETRL_INLINE float alignment(const FaceFeatures &e) {
  return e.is * -dot(e.gradient_j, e.to) / std::sqrt(dot(e.to, e.to) * dot(e.gradient_j, e.gradient_j) + 1e-30f);
}

}  // namespace petrl::kernels
