#include "refine/observation.hpp"

#include <algorithm>
#include <cmath>

#include "base/clones.hpp"
#include "base/error.hpp"
#include "base/vector_math.hpp"

namespace petrl {

namespace {

using Block = ObservedBlock;
constexpr int kBlock = Block::kCells;
constexpr float kFloor = 1e-5f;  // of relative changes: smaller ones are as good as none

/// About -1.5 ... 1.5 for relative changes from the floor to one.
PETRL_INLINE float logarithmic(float x) {
  return .26f * (vector_math::logarithm(x + kFloor) + 5.76f);
}

/// Linear near zero, logarithmic far from it.
PETRL_INLINE float compressed(float x) {
  return std::copysign(vector_math::logarithm(1 + std::fabs(x)), x);
}

PETRL_CLONES void change(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) {
    const float gx = b.gradient[0][k], gy = b.gradient[1][k];
    out[k] = logarithmic(b.h[k] * std::sqrt(gx * gx + gy * gy));
  }
}

PETRL_CLONES void tendency(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = logarithmic(b.rate[k]);
}

PETRL_CLONES void roughness(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) {
    const float gx = b.gradient[0][k], gy = b.gradient[1][k], some = b.count[k] > 0 ? 1.f : 0.f;
    const float n = b.count[k] > 0 ? b.count[k] : 1.f;
    const float rx = some * (gx - b.mean[0][k] / n), ry = some * (gy - b.mean[1][k] / n);
    out[k] = logarithmic(b.h[k] * std::sqrt(rx * rx + ry * ry));
  }
}

PETRL_CLONES void displacement(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = compressed(b.move[k] / b.h[k]);
}

void boundary(const Block &b, float *__restrict out) {
  std::copy_n(b.boundary, kBlock, out);
}

PETRL_CLONES void difference(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = b.is[k] * compressed(b.difference[k] * 50);
}

PETRL_CLONES void approach(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) {
    const float x = b.to[0][k], y = b.to[1][k];
    const float square = x * x + y * y, moved = -(b.moved[0][k] * x + b.moved[1][k] * y);
    out[k] = b.is[k] * compressed(moved / square * 2);
  }
}

PETRL_CLONES void excess(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) {
    const float along = -(b.gradient_j[0][k] * b.to[0][k] + b.gradient_j[1][k] * b.to[1][k]);
    out[k] = b.is[k] * compressed((b.difference[k] + along) * 50);
  }
}

PETRL_CLONES void level(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = .5f * b.level[k];
}

PETRL_CLONES void alignment(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) {
    const float x = b.to[0][k], y = b.to[1][k], gx = b.gradient_j[0][k], gy = b.gradient_j[1][k];
    const float square = x * x + y * y, along = -(gx * x + gy * y);
    out[k] = b.is[k] * along / std::sqrt(square * (gx * gx + gy * gy) + 1e-30f);
  }
}

PETRL_CLONES void addNeighbours(Block &b) {
  for (int k = 0; k < kBlock; ++k) {
    b.mean[0][k] += b.is[k] * b.gradient_j[0][k];
    b.mean[1][k] += b.is[k] * b.gradient_j[1][k];
    b.count[k] += b.is[k];
    b.boundary[k] = b.is[k] > 0 ? b.boundary[k] : 1.f;
  }
}

std::vector<std::string> namesOf(const std::vector<RefinementObservable> &rows, int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.emplace_back(rows[static_cast<std::size_t>(i)].name);
  return names;
}

std::vector<const RefinementObservable *> rowsOf(const std::vector<std::string> &names,
                                                 const std::vector<RefinementObservable> &all,
                                                 const std::string &where) {
  std::vector<const RefinementObservable *> rows;
  const auto refuse = [&](const std::string &found) {
    const std::string known = joined(namesOf(all, static_cast<int>(all.size())), ", ");
    throw Error(where + ": expected names among " + known + ", found " + found, PETSC_ERR_FILE_UNEXPECTED);
  };
  if (names.empty()) refuse("none");
  for (const auto &name : names) {
    const auto row = std::find_if(all.begin(), all.end(), [&](const auto &o) { return name == o.name; });
    if (row == all.end()) refuse("'" + name + "'");
    rows.push_back(&*row);
  }
  return rows;
}

/// The columns that are asked for, of the first `count` cells, side by side; from cell to cell `stride` further.
void write(const std::vector<const RefinementObservable *> &rows, const Block &block, int count, std::size_t stride,
           float *to) {
  float column[kBlock];
  for (const auto *row : rows) {
    row->compute(block, column);
    for (int k = 0; k < count; ++k) to[static_cast<std::size_t>(k) * stride] = column[k];
    ++to;
  }
}

}  // namespace

const std::vector<RefinementObservable> &nodeObservables() {
  static const std::vector<RefinementObservable> rows = {
      {"change", "log of h |gradient| / U", change},
      {"tendency", "log of T |rate| / U", tendency},
      {"roughness", "log of h |gradient - mean of the neighbours'| / U", roughness},
      {"displacement", "log of 1 + |m| / h", displacement},
      {"boundary", "1 where a face lies on the boundary", boundary},
  };
  return rows;
}

const std::vector<RefinementObservable> &edgeObservables() {
  static const std::vector<RefinementObservable> rows = {
      {"difference", "(u_j - u_i) / U, compressed", difference},
      {"approach", "how far j's feature moves towards i, m_j . d / |d|^2 with d = x_i - x_j, compressed", approach},
      {"excess", "u_j + gradient_j . d - u_i over U, compressed", excess},
      {"level", "(level_j - level_i) / 2", level},
      {"alignment", "cosine between gradient_j and d", alignment},
  };
  return rows;
}

const std::vector<std::string> &RefinementObservation::nodeNames() {
  static const std::vector<std::string> names = namesOf(nodeObservables(), kNode);
  return names;
}

const std::vector<std::string> &RefinementObservation::edgeNames() {
  static const std::vector<std::string> names = namesOf(edgeObservables(), kEdge);
  return names;
}

RefinementObservation::RefinementObservation(const std::vector<std::string> &nodes,
                                             const std::vector<std::string> &edges, const std::string &source)
    : node_rows_(rowsOf(nodes, nodeObservables(), source + ": /observation/names")),
      edge_rows_(rowsOf(edges, edgeObservables(), source + ": /action/edges")) {}

void RefinementObservation::compute(const CellMesh &mesh, const ObservedField &f, double range, double interval) {
  const int dim = mesh.dim, slots = mesh.slots();
  const auto d = static_cast<std::size_t>(dim), s_count = static_cast<std::size_t>(slots);
  const std::size_t node_width = node_rows_.size(), edge_width = edge_rows_.size();
  node_.resize(static_cast<std::size_t>(mesh.owned) * node_width);
  edge_.resize(static_cast<std::size_t>(mesh.owned) * s_count * edge_width);
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
  for (int first = 0; first < mesh.owned; first += kBlock) {
    const int count = std::min(kBlock, mesh.owned - first);
    Block b{};
    for (int k = 0; k < kBlock; ++k) {
      const auto i = static_cast<std::size_t>(first + std::min(k, count - 1));
      const double volume = mesh.volume[i];
      double square = 0;
      for (std::size_t c = 0; c < d; ++c) {
        b.gradient[c][k] = static_cast<float>(f.gradient[i * d + c] * per_range);
        square += move_[i * d + c] * move_[i * d + c];
      }
      b.h[k] = static_cast<float>(dim > 1 ? std::sqrt(volume) : volume);
      b.rate[k] = static_cast<float>(interval * std::fabs(f.rate[i]) * per_range);
      b.move[k] = static_cast<float>(std::sqrt(square));
    }
    for (std::size_t s = 0; s < s_count; ++s) {
      for (int k = 0; k < kBlock; ++k) {
        const auto i = static_cast<std::size_t>(first + std::min(k, count - 1));
        const std::size_t at = i * s_count + s;
        const int neighbour = mesh.neighbour[at];
        const auto j = neighbour < 0 ? i : static_cast<std::size_t>(neighbour);
        b.is[k] = neighbour < 0 ? 0.f : 1.f;
        b.difference[k] = static_cast<float>((f.value[j] - f.value[i]) * per_range);
        b.level[k] = static_cast<float>(mesh.level[j] - mesh.level[i]);
        for (std::size_t c = 0; c < d; ++c) {
          b.to[c][k] = static_cast<float>(mesh.towards[at * d + c]);
          b.gradient_j[c][k] = static_cast<float>(f.gradient[j * d + c] * per_range);
          b.moved[c][k] = static_cast<float>(move_[j * d + c]);
        }
      }
      addNeighbours(b);
      write(edge_rows_, b, count, s_count * edge_width,
            &edge_[(static_cast<std::size_t>(first) * s_count + s) * edge_width]);
    }
    write(node_rows_, b, count, node_width, &node_[static_cast<std::size_t>(first) * node_width]);
  }
}

}  // namespace petrl
