#include "refine/observation.hpp"

#include <algorithm>
#include <cmath>

#include "base/clones.hpp"
#include "base/error.hpp"
#include "refine/observation_kernels.hpp"

namespace petrl {

namespace {

using Block = ObservedBlock;
constexpr int kBlock = Block::kCells;

// One cell of a block. What is not used is not read.
PETRL_INLINE kernels::CellFeatures cellOf(const Block &b, int k) {
  return {b.h[k],
          {b.gradient[0][k], b.gradient[1][k], b.gradient[2][k]},
          b.rate[k],
          b.move[k],
          {b.mean[0][k], b.mean[1][k], b.mean[2][k]},
          b.count[k],
          b.boundary[k]};
}

PETRL_INLINE kernels::FaceFeatures faceOf(const Block &b, int k) {
  return {b.is[k],
          b.difference[k],
          b.level[k],
          {b.to[0][k], b.to[1][k], b.to[2][k]},
          {b.gradient_j[0][k], b.gradient_j[1][k], b.gradient_j[2][k]},
          {b.moved[0][k], b.moved[1][k], b.moved[2][k]}};
}

PETRL_CLONES void change(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = kernels::change(cellOf(b, k));
}

PETRL_CLONES void tendency(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = kernels::tendency(cellOf(b, k));
}

PETRL_CLONES void roughness(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = kernels::roughness(cellOf(b, k));
}

PETRL_CLONES void displacement(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = kernels::displacement(cellOf(b, k));
}

PETRL_CLONES void boundary(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = kernels::onBoundary(cellOf(b, k));
}

PETRL_CLONES void difference(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = kernels::difference(faceOf(b, k));
}

PETRL_CLONES void approach(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = kernels::approach(faceOf(b, k));
}

PETRL_CLONES void excess(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = kernels::excess(faceOf(b, k));
}

PETRL_CLONES void level(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = kernels::levelStep(faceOf(b, k));
}

PETRL_CLONES void alignment(const Block &b, float *__restrict out) {
  for (int k = 0; k < kBlock; ++k) out[k] = kernels::alignment(faceOf(b, k));
}

PETRL_CLONES void addNeighbours(Block &b) {
  for (int k = 0; k < kBlock; ++k) {
    kernels::CellFeatures c = cellOf(b, k);
    kernels::addNeighbour(c, faceOf(b, k));
    b.mean[0][k] = c.mean[0], b.mean[1][k] = c.mean[1], b.mean[2][k] = c.mean[2];
    b.count[k] = c.count, b.boundary[k] = c.boundary;
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
      {"change", "log of h |gradient| / U", 0, change},
      {"tendency", "log of T |rate| / U", 1, tendency},
      {"roughness", "log of h |gradient - mean of the neighbours'| / U", 2, roughness},
      {"displacement", "log of 1 + |m| / h", 3, displacement},
      {"boundary", "1 where a face lies on the boundary", 4, boundary},
  };
  return rows;
}

const std::vector<RefinementObservable> &edgeObservables() {
  static const std::vector<RefinementObservable> rows = {
      {"difference", "(u_j - u_i) / U, compressed", 0, difference},
      {"approach", "how far j's feature moves towards i, m_j . d / |d|^2 with d = x_i - x_j, compressed", 1, approach},
      {"excess", "u_j + gradient_j . d - u_i over U, compressed", 2, excess},
      {"level", "(level_j - level_i) / 2", 3, level},
      {"alignment", "cosine between gradient_j and d", 4, alignment},
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

void RefinementObservation::compute(const CellMesh &mesh, const ObservedField &f, double range, double interval,
                                    const ActiveCells *active) {
  const auto d = static_cast<std::size_t>(mesh.dim), s_count = static_cast<std::size_t>(mesh.slots());
  const std::size_t node_width = node_rows_.size(), edge_width = edge_rows_.size();
  const int nodes = active ? static_cast<int>(active->cells().size()) : mesh.owned,
            with_edges = active ? active->withEdges() : mesh.owned;
  const auto cell = [&](int i) { return active ? active->cells()[static_cast<std::size_t>(i)] : i; };
  node_.resize(static_cast<std::size_t>(nodes) * node_width);
  edge_.resize(static_cast<std::size_t>(with_edges) * s_count * edge_width);
  move_.resize(static_cast<std::size_t>(mesh.cells) * d);
  const kernels::CellField field{mesh.dim,
                                 mesh.neighbour.data(),
                                 mesh.level.data(),
                                 mesh.volume.data(),
                                 mesh.towards.data(),
                                 f.value,
                                 f.rate,
                                 f.gradient,
                                 move_.data(),
                                 range,
                                 interval};
  for (int i = 0; i < nodes; ++i) kernels::moveFeature(field, cell(i));
  for (int g = mesh.owned; g < mesh.cells; ++g) kernels::moveFeature(field, g);
  for (int first = 0; first < nodes; first += kBlock) {
    const int count = std::min(kBlock, nodes - first), edges = std::min(count, std::max(0, with_edges - first));
    Block b{};
    int at[kBlock];
    for (int k = 0; k < kBlock; ++k) {
      at[k] = cell(first + std::min(k, count - 1));
      const kernels::CellFeatures c = kernels::cellFeatures(field, at[k]);
      b.h[k] = c.h, b.rate[k] = c.rate, b.move[k] = c.move;
      for (int i = 0; i < mesh.dim; ++i) b.gradient[i][k] = c.gradient[i];
    }
    for (std::size_t s = 0; s < s_count; ++s) {
      for (int k = 0; k < kBlock; ++k) {
        const kernels::FaceFeatures e = kernels::faceFeatures(field, at[k], static_cast<int>(s));
        b.is[k] = e.is, b.difference[k] = e.difference, b.level[k] = e.level;
        for (int i = 0; i < mesh.dim; ++i)
          b.to[i][k] = e.to[i], b.gradient_j[i][k] = e.gradient_j[i], b.moved[i][k] = e.moved[i];
      }
      addNeighbours(b);
      if (edges > 0)
        write(edge_rows_, b, edges, s_count * edge_width,
              &edge_[(static_cast<std::size_t>(first) * s_count + s) * edge_width]);
    }
    write(node_rows_, b, count, node_width, &node_[static_cast<std::size_t>(first) * node_width]);
  }
}

}  // namespace petrl
