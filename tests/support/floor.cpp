#include "support/floor.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"

namespace petrl::nonlinear1d {

std::vector<double> bestChain(int levels, const float *label, int vertices, std::vector<int> *mesh) {
  constexpr int n = kPoints;
  const auto at = [](int i, int j) { return static_cast<std::size_t>(i) * n + static_cast<std::size_t>(j); };
  // Levels inside, so that the innermost loop runs over them.
  std::vector<float> by_point(static_cast<std::size_t>(n) * static_cast<std::size_t>(levels));
  const auto point = [&](int p) { return &by_point[static_cast<std::size_t>(p) * static_cast<std::size_t>(levels)]; };
  for (int p = 0; p < n; ++p) {
    for (int k = 0; k < levels; ++k) point(p)[k] = label[k * n + p];
  }
  std::vector<double> cost(static_cast<std::size_t>(n) * n, 0);
  std::vector<float> sum(static_cast<std::size_t>(levels));
  for (int i = 0; i < n; ++i) {
    for (int j = i + 2; j < n; ++j) {
      std::fill(sum.begin(), sum.end(), 0.f);
      const float *left = point(i), *right = point(j);
      for (int p = i + 1; p < j; ++p) {
        const float weight = static_cast<float>(p - i) / static_cast<float>(j - i);
        const float *here = point(p);
        for (int k = 0; k < levels; ++k) {
          const float e = left[k] + weight * (right[k] - left[k]) - here[k];
          sum[static_cast<std::size_t>(k)] += e * e;
        }
      }
      double total = 0;
      for (const float s : sum) total += s;
      cost[at(i, j)] = total / n;
    }
  }
  // best[m][j]: of chains of m + 1 vertices from 0 to j.
  std::vector<double> best(static_cast<std::size_t>(n) * n, std::numeric_limits<double>::infinity());
  std::vector<int> from(static_cast<std::size_t>(n) * n, 0);
  best[at(0, 0)] = 0;
  for (int m = 1; m < n; ++m) {
    for (int j = m; j < n; ++j) {
      for (int i = m - 1; i < j; ++i) {
        const double c = best[at(m - 1, i)] + cost[at(i, j)];
        if (c < best[at(m, j)]) best[at(m, j)] = c, from[at(m, j)] = i;
      }
    }
  }
  std::vector<double> out(static_cast<std::size_t>(n) + 1, 0);
  for (int m = 1; m < n; ++m) out[static_cast<std::size_t>(m) + 1] = best[at(m, n - 1)];
  if (mesh) {
    if (vertices < 2 || vertices > n) throw Error("nonlinear1d: a chain has 2.." + std::to_string(n) + " vertices");
    mesh->assign(static_cast<std::size_t>(vertices), n - 1);
    for (int m = vertices - 1, j = n - 1; m > 0; --m) (*mesh)[static_cast<std::size_t>(m) - 1] = j = from[at(m, j)];
  }
  return out;
}

double uniformFloor(int levels, const float *label, int n) {
  if (n < 2 || kPoints % n != 0)
    throw Error("nonlinear1d: " + std::to_string(n) + " equidistant vertices; expected a divisor of " +
                std::to_string(kPoints));
  const int stride = kPoints / n;
  double best = std::numeric_limits<double>::infinity();
  for (int first = 0; first < stride; ++first) {
    std::vector<int> vertex;
    std::vector<float> values;
    for (int p = first; p < kPoints; p += stride) vertex.push_back(p);
    for (int k = 0; k < levels; ++k) {
      for (const int p : vertex) values.push_back(label[k * kPoints + p]);
    }
    best = std::min(best, meshError(LinearMesh(vertex, Closure::periodic), n, levels, values.data(), label));
  }
  return best;
}

}  // namespace petrl::nonlinear1d
