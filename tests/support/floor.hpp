// What linear interpolation can reach: the labels themselves on the best vertices there are.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "problems/nonlinear1d/rivals.hpp"

namespace petrl::nonlinear1d {

/// What lies between the last vertex and the first one: nothing (published; the mesh must hold both ends, points 0 and
/// kPoints - 1), or one more segment through the seam.
enum class Closure { chain, periodic };

/// Linear interpolation of vertex values to all kPoints label points.
class LinearMesh {
 public:
  /// vertex: increasing indices of label points. Throws petrl::Error where they are not, or do not cover the line.
  LinearMesh(const std::vector<int> &vertex, Closure closure) : left_(kPoints), right_(kPoints), weight_(kPoints) {
    const int n = static_cast<int>(vertex.size());
    if (n < 2) throw Error("nonlinear1d: a mesh of " + std::to_string(n) + " vertices; expected at least 2");
    const auto at = [&](int i) { return vertex[static_cast<std::size_t>(i)]; };
    for (int i = 0; i < n; ++i) {
      if (at(i) < 0 || at(i) >= kPoints || (i > 0 && at(i) <= at(i - 1)))
        throw Error("nonlinear1d: vertices of a mesh must be increasing, between 0 and " + std::to_string(kPoints - 1));
    }
    if (closure == Closure::chain && (at(0) != 0 || at(n - 1) != kPoints - 1))
      throw Error("nonlinear1d: a mesh without periodic closure must hold both ends of the line");
    const int segments = closure == Closure::chain ? n - 1 : n;
    for (int s = 0; s < segments; ++s) {
      const int next = (s + 1) % n, from = at(s), to = at(next) + (next == 0 ? kPoints : 0);
      for (int p = from; p <= to; ++p) {
        const auto point = static_cast<std::size_t>(p % kPoints);
        left_[point] = s, right_[point] = next;
        weight_[point] = static_cast<float>(p - from) / static_cast<float>(to - from);
      }
    }
  }
  /// values: one for each vertex; out: kPoints.
  void interpolate(const float *values, float *out) const {
    for (std::size_t p = 0; p < kPoints; ++p)
      out[p] = (1 - weight_[p]) * values[left_[p]] + weight_[p] * values[right_[p]];
  }

 private:
  std::vector<int> left_, right_;
  std::vector<float> weight_;
};

/// levelError of the interpolated prediction, summed over consecutive levels. values: levels x vertices, label: levels
/// x kPoints. The benchmark's error is the sum over levels kFirstLevel..kLevels-1.
inline double meshError(const LinearMesh &mesh, int vertices, int levels, const float *values, const float *label) {
  double sum = 0;
  float field[kPoints];
  for (int k = 0; k < levels; ++k) {
    mesh.interpolate(values + static_cast<std::ptrdiff_t>(k) * vertices, field);
    sum += levelError(field, label + static_cast<std::ptrdiff_t>(k) * kPoints);
  }
  return sum;
}

/// Error of the exact labels sampled at the best n vertices of a chain, both ends among them, the same
/// for all levels. Exact, by dynamic programming over segments.
/// label: levels x kPoints. out[n] for n = 2..kPoints (out[0], out[1] unused). `mesh`, where asked for: the vertices of
/// the best chain of `vertices`.
std::vector<double> bestChain(int levels, const float *label, int vertices = 0, std::vector<int> *mesh = nullptr);

/// The same without the ends: a periodic mesh of every kPoints / n-th point, from the best first one. n divides
/// kPoints.
double uniformFloor(int levels, const float *label, int n);

}  // namespace petrl::nonlinear1d
