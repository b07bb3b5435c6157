#include "refine/observation.hpp"

#include <algorithm>
#include <cmath>

#include "base/clones.hpp"
#include "base/vector_math.hpp"

namespace petrl {

namespace {

constexpr float kFloor = 1e-5f;  // of relative changes: smaller ones are as good as none
constexpr int kBlock = 64;       // cells that go through the formulas together, always so many: no remainders

/// About -1.5 ... 1.5 for relative changes from the floor to one.
PETRL_INLINE float logarithmic(float x) {
  return .26f * (vector_math::logarithm(x + kFloor) + 5.76f);
}

/// Linear near zero, logarithmic far from it.
PETRL_INLINE float compressed(float x) {
  return std::copysign(vector_math::logarithm(1 + std::fabs(x)), x);
}

/// What the formulas of a block need, gathered.
struct Gathered {
  // Of the cells.
  float h[kBlock], g[2][kBlock], rate[kBlock], move[kBlock];
  // Of the neighbours in a slot.
  float difference[kBlock], to[2][kBlock], other[2][kBlock], moved[2][kBlock], level[kBlock];
};

struct Sums {
  float mean[2][kBlock], count[kBlock], boundary[kBlock];
};

/// Five numbers of each edge of a slot; zeros where there is no neighbour (there `level` is NaN).
PETRL_CLONES void edges(const Gathered &in, Sums &sums, float (&out)[RefinementObservation::kEdge][kBlock]) {
  for (int k = 0; k < kBlock; ++k) {
    const float is = std::isnan(in.level[k]) ? 0.f : 1.f;
    const float x = in.to[0][k], y = in.to[1][k], gx = in.other[0][k], gy = in.other[1][k];
    const float square = x * x + y * y, along = -(gx * x + gy * y), moved = -(in.moved[0][k] * x + in.moved[1][k] * y);
    out[0][k] = is * compressed(in.difference[k] * 50);
    out[1][k] = is * compressed(moved / square * 2);
    out[2][k] = is * compressed((in.difference[k] + along) * 50);
    out[3][k] = is > 0 ? .5f * in.level[k] : 0;
    out[4][k] = is * along / std::sqrt(square * (gx * gx + gy * gy) + 1e-30f);
    sums.mean[0][k] += is * gx;
    sums.mean[1][k] += is * gy;
    sums.count[k] += is;
    sums.boundary[k] = is > 0 ? sums.boundary[k] : 1.f;
  }
}

PETRL_CLONES void nodes(const Gathered &in, const Sums &sums, float (&out)[RefinementObservation::kNode][kBlock]) {
  for (int k = 0; k < kBlock; ++k) {
    const float gx = in.g[0][k], gy = in.g[1][k], some = sums.count[k] > 0 ? 1.f : 0.f;
    const float n = sums.count[k] > 0 ? sums.count[k] : 1.f;
    const float rx = some * (gx - sums.mean[0][k] / n), ry = some * (gy - sums.mean[1][k] / n);
    out[0][k] = logarithmic(in.h[k] * std::sqrt(gx * gx + gy * gy));
    out[1][k] = logarithmic(in.rate[k]);
    out[2][k] = logarithmic(in.h[k] * std::sqrt(rx * rx + ry * ry));
    out[3][k] = compressed(in.move[k] / in.h[k]);
    out[4][k] = sums.boundary[k];
  }
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
  const auto d = static_cast<std::size_t>(dim);
  node_.resize(static_cast<std::size_t>(mesh.owned) * kNode);
  edge_.resize(static_cast<std::size_t>(mesh.owned * slots) * kEdge);
  const double per_range = range > 0 ? 1 / range : 0;
  // How far each cell's feature moves; where nothing changes in space, nothing can be seen to move.
  move_.resize(static_cast<std::size_t>(mesh.cells) * d);
  const double small = kFloor * range;
  for (std::size_t i = 0; i < static_cast<std::size_t>(mesh.cells); ++i) {
    const double *g = f.gradient + i * d;
    const double square = g[0] * g[0] + (dim > 1 ? g[1] * g[1] : 0), volume = mesh.volume[i];
    const double factor =
        -interval * f.rate[i] / (square + small * small / (dim > 1 ? volume : volume * volume) + 1e-300);
    for (std::size_t k = 0; k < d; ++k) move_[i * d + k] = factor * g[k];
  }
  Gathered in{};
  float edge[kEdge][kBlock], node[kNode][kBlock];
  for (int first = 0; first < mesh.owned; first += kBlock) {
    const int count = std::min(kBlock, mesh.owned - first);
    Sums sums{};
    for (int k = 0; k < kBlock; ++k) {
      const auto i = static_cast<std::size_t>(first + std::min(k, count - 1));
      const double volume = mesh.volume[i];
      double square = 0;
      for (std::size_t c = 0; c < d; ++c) {
        in.g[c][k] = static_cast<float>(f.gradient[i * d + c] * per_range);
        square += move_[i * d + c] * move_[i * d + c];
      }
      in.h[k] = static_cast<float>(dim > 1 ? std::sqrt(volume) : volume);
      in.rate[k] = static_cast<float>(interval * std::fabs(f.rate[i]) * per_range);
      in.move[k] = static_cast<float>(std::sqrt(square));
    }
    for (int s = 0; s < slots; ++s) {
      for (int k = 0; k < kBlock; ++k) {
        const auto i = static_cast<std::size_t>(first + std::min(k, count - 1));
        const std::size_t at = i * static_cast<std::size_t>(slots) + static_cast<std::size_t>(s);
        const int neighbour = mesh.neighbour[at];
        const auto j = neighbour < 0 ? i : static_cast<std::size_t>(neighbour);
        in.difference[k] = static_cast<float>((f.value[j] - f.value[i]) * per_range);
        in.level[k] = neighbour < 0 ? NAN : static_cast<float>(mesh.level[j] - mesh.level[i]);
        for (std::size_t c = 0; c < d; ++c) {
          in.to[c][k] = static_cast<float>(mesh.towards[at * d + c]);
          in.other[c][k] = static_cast<float>(f.gradient[j * d + c] * per_range);
          in.moved[c][k] = static_cast<float>(move_[j * d + c]);
        }
      }
      edges(in, sums, edge);
      float *to = &edge_[static_cast<std::size_t>(first * slots + s) * kEdge];
      for (int k = 0; k < count; ++k, to += slots * kEdge) {
        for (int e = 0; e < kEdge; ++e) to[e] = edge[e][k];
      }
    }
    nodes(in, sums, node);
    float *to = &node_[static_cast<std::size_t>(first) * kNode];
    for (int k = 0; k < count; ++k, to += kNode) {
      for (int e = 0; e < kNode; ++e) to[e] = node[e][k];
    }
  }
}

}  // namespace petrl
