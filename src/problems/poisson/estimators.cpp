#include "problems/poisson/estimators.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"

namespace petrl::poisson {

namespace {

/// The longest side of a cell.
double diameter(const CellMesh &mesh, std::size_t c) {
  const double *x = &mesh.corner[6 * c];
  double longest = 0;
  for (int s = 0; s < 3; ++s) {
    const int t = (s + 1) % 3;
    longest = std::max(longest, std::hypot(x[2 * t] - x[2 * s], x[2 * t + 1] - x[2 * s + 1]));
  }
  return longest;
}

void residualEstimate(const AdaptivePoisson &now, std::vector<double> &eta) {
  const CellMesh &mesh = now.mesh();
  const auto &g = now.gradient();
  for (std::size_t c = 0; c < eta.size(); ++c) {
    const double h = diameter(mesh, c);
    eta[c] = h * h * now.moments()[c].square;
  }
  for (const auto &face : mesh.faces) {
    if (face.right < 0) continue;
    const auto l = static_cast<std::size_t>(face.left), r = static_cast<std::size_t>(face.right);
    const double jump = face.normal[0] * (g[2 * r] - g[2 * l]) + face.normal[1] * (g[2 * r + 1] - g[2 * l + 1]);
    // Length times the squared jump over the length, a half for each side.
    const double square = .5 * jump * jump / std::hypot(face.normal[0], face.normal[1]);
    eta[l] += diameter(mesh, l) * square;
    eta[r] += diameter(mesh, r) * square;
  }
}

void recoveryEstimate(const AdaptivePoisson &now, std::vector<double> &eta) {
  const CellMesh &mesh = now.mesh();
  const auto &g = now.gradient();
  std::vector<double> recovered(2 * static_cast<std::size_t>(mesh.vertices), 0),
      area(static_cast<std::size_t>(mesh.vertices), 0);
  for (std::size_t i = 0; i < mesh.vertex.size(); ++i) {
    const auto v = static_cast<std::size_t>(mesh.vertex[i]);
    area[v] += mesh.volume[i / 3];
    for (std::size_t d = 0; d < 2; ++d) recovered[2 * v + d] += mesh.volume[i / 3] * g[2 * (i / 3) + d];
  }
  for (std::size_t i = 0; i < recovered.size(); ++i) recovered[i] /= area[i / 2];
  for (std::size_t c = 0; c < eta.size(); ++c) {
    // Quadratic: the sides' midpoints are exact.
    double sum = 0;
    for (std::size_t s = 0; s < 3; ++s) {
      const auto a = static_cast<std::size_t>(mesh.vertex[3 * c + s]),
                 b = static_cast<std::size_t>(mesh.vertex[3 * c + (s + 1) % 3]);
      for (std::size_t d = 0; d < 2; ++d) {
        const double x = .5 * (recovered[2 * a + d] + recovered[2 * b + d]) - g[2 * c + d];
        sum += x * x;
      }
    }
    eta[c] = mesh.volume[c] * sum / 3;
  }
}

}  // namespace

const std::vector<std::string> &estimatorNames() {
  static const std::vector<std::string> names = {"residual", "residual-h", "zz", "zz-h"};
  return names;
}

void estimate(const AdaptivePoisson &now, const std::string &name, std::vector<double> &eta) {
  const CellMesh &mesh = now.mesh();
  eta.assign(static_cast<std::size_t>(mesh.owned), 0);
  if (name == "residual" || name == "residual-h")
    residualEstimate(now, eta);
  else if (name == "zz" || name == "zz-h")
    recoveryEstimate(now, eta);
  else
    throw Error("estimator: expected residual, residual-h, zz or zz-h, found '" + name + "'");
  const bool weighted = name.size() > 2 && name.compare(name.size() - 2, 2, "-h") == 0;
  for (std::size_t c = 0; c < eta.size(); ++c) eta[c] = std::sqrt(eta[c]) * (weighted ? diameter(mesh, c) : 1);
}

double estimateScale(const AdaptivePoisson &now, const std::string &name) {
  const CellMesh &mesh = now.mesh();
  double energy = 0;
  for (std::size_t c = 0; c < mesh.volume.size(); ++c)
    energy += mesh.volume[c] *
              (now.gradient()[2 * c] * now.gradient()[2 * c] + now.gradient()[2 * c + 1] * now.gradient()[2 * c + 1]);
  const bool weighted = name.size() > 2 && name.compare(name.size() - 2, 2, "-h") == 0;
  return std::sqrt(energy * (weighted ? now.measure() : 1));
}

void mark(const std::string &strategy, double parameter, double scale, const CellMesh &mesh, int max_level,
          const std::vector<double> &eta, std::vector<signed char> &marks) {
  const auto n = static_cast<std::size_t>(mesh.owned);
  marks.assign(n, 0);
  const auto allowed = [&](std::size_t c) { return mesh.level[c] + 2 <= max_level; };
  if (strategy == "doerfler") {
    std::vector<std::size_t> order;
    double total = 0, sum = 0;
    for (std::size_t c = 0; c < n; ++c) {
      if (!allowed(c)) continue;
      order.push_back(c);
      total += eta[c] * eta[c];
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return eta[a] > eta[b]; });
    for (const std::size_t c : order) {
      if (sum >= parameter * total) break;
      sum += eta[c] * eta[c];
      marks[c] = 1;
    }
    return;
  }
  double limit = parameter * scale;
  if (strategy == "maximum") {
    double largest = 0;
    for (std::size_t c = 0; c < n; ++c) largest = std::max(largest, allowed(c) ? eta[c] : 0.);
    limit = parameter * largest;
  } else if (strategy != "threshold") {
    throw Error("marking: expected maximum, doerfler or threshold, found '" + strategy + "'");
  }
  for (std::size_t c = 0; c < n; ++c) marks[c] = allowed(c) && eta[c] > limit;
}

}  // namespace petrl::poisson
