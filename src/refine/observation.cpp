#include "refine/observation.hpp"

#include <algorithm>
#include <cmath>

#include "base/vector_math.hpp"

namespace petrl {

namespace {

constexpr float kFloor = 1e-5f;  // of relative changes: smaller ones are as good as none

/// About -1.5 ... 1.5 for relative changes from the floor to one.
inline float logarithmic(double x) {
  return .26f * (vector_math::logarithm(static_cast<float>(x) + kFloor) + 5.76f);
}

/// Linear near zero, logarithmic far from it.
inline float compressed(double x, double unit) {
  const auto y = static_cast<float>(std::fabs(x) / unit);
  return static_cast<float>(std::copysign(vector_math::logarithm(1 + y), x));
}

}  // namespace

const std::vector<std::string> &RefinementObservation::nodeNames() {
  static const std::vector<std::string> names = {"change", "tendency", "roughness", "displacement", "boundary"};
  return names;
}

const std::vector<std::string> &RefinementObservation::edgeNames() {
  static const std::vector<std::string> names = {"difference", "approach", "excess", "level", "alignment"};
  return names;
}

void RefinementObservation::compute(const CellMesh &mesh, const ObservedField &f, double range, double interval) {
  const int dim = mesh.dim, slots = mesh.slots();
  node_.resize(static_cast<std::size_t>(mesh.owned) * kNode);
  edge_.resize(static_cast<std::size_t>(mesh.owned * slots) * kEdge);
  const double per_range = range > 0 ? 1 / range : 0;
  // How far each cell's feature moves; no further than a cell's feature could be told from another's.
  move_.resize(static_cast<std::size_t>(mesh.cells * dim));
  for (int i = 0; i < mesh.cells; ++i) {
    const double *g = f.gradient + i * dim;
    const double square = g[0] * g[0] + (dim > 1 ? g[1] * g[1] : 0);
    const double volume = mesh.volume[static_cast<std::size_t>(i)], h2 = dim > 1 ? volume : volume * volume;
    const double small = kFloor * range;
    const double factor = -interval * f.rate[i] / (square + small * small / h2 + 1e-300);
    for (int d = 0; d < dim; ++d) move_[static_cast<std::size_t>(i * dim + d)] = factor * g[d];
  }
  for (int i = 0; i < mesh.owned; ++i) {
    const double volume = mesh.volume[static_cast<std::size_t>(i)], h = dim > 1 ? std::sqrt(volume) : volume;
    const double *g = f.gradient + i * dim;
    double mean[2] = {0, 0};
    int count = 0;
    bool boundary = false;
    for (int s = 0; s < slots; ++s) {
      const auto at = static_cast<std::size_t>(i * slots + s);
      float *e = &edge_[at * kEdge];
      const int j = mesh.neighbour[at];
      if (j < 0) {
        boundary = true;
        std::fill(e, e + kEdge, 0.f);
        continue;
      }
      const double *gj = f.gradient + j * dim, *mj = &move_[static_cast<std::size_t>(j * dim)];
      const double *to = &mesh.towards[at * static_cast<std::size_t>(dim)];  // from i to j
      double square = 0, along = 0, moved = 0, length = 0;
      for (int d = 0; d < dim; ++d) {
        square += to[d] * to[d];
        along -= gj[d] * to[d];
        moved -= mj[d] * to[d];
        length += gj[d] * gj[d];
        mean[d] += gj[d];
      }
      ++count;
      e[0] = compressed((f.value[j] - f.value[i]) * per_range, .02);
      e[1] = compressed(moved / square, .5);
      e[2] = compressed((f.value[j] + along - f.value[i]) * per_range, .02);
      e[3] =
          .5f * static_cast<float>(mesh.level[static_cast<std::size_t>(j)] - mesh.level[static_cast<std::size_t>(i)]);
      e[4] = static_cast<float>(along / std::sqrt(square * length + 1e-300));
    }
    double own = 0, rough = 0, move = 0;
    for (int d = 0; d < dim; ++d) {
      const double other = count > 0 ? mean[d] / count : g[d], m = move_[static_cast<std::size_t>(i * dim + d)];
      own += g[d] * g[d];
      rough += (g[d] - other) * (g[d] - other);
      move += m * m;
    }
    float *n = &node_[static_cast<std::size_t>(i) * kNode];
    n[0] = logarithmic(h * std::sqrt(own) * per_range);
    n[1] = logarithmic(interval * std::fabs(f.rate[i]) * per_range);
    n[2] = logarithmic(h * std::sqrt(rough) * per_range);
    n[3] = compressed(std::sqrt(move) / h, 1);
    n[4] = boundary ? 1.f : 0.f;
  }
}

}  // namespace petrl
