#include "refine/thresholds.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl {

namespace {

double size(const CellMesh &mesh, std::size_t c) {
  return mesh.dim == 1 ? mesh.volume[c] : mesh.dim == 2 ? std::sqrt(mesh.volume[c]) : std::cbrt(mesh.volume[c]);
}

void recovery(const CellMesh &mesh, const double *gradient, std::vector<double> &eta) {
  const auto dim = static_cast<std::size_t>(mesh.dim), slots = dim + 1;
  std::vector<double> sum(static_cast<std::size_t>(mesh.vertices) * dim, 0.);
  std::vector<double> weight(static_cast<std::size_t>(mesh.vertices), 0.);
  for (std::size_t c = 0; c < static_cast<std::size_t>(mesh.cells); ++c) {
    for (std::size_t s = 0; s < slots; ++s) {
      const auto v = static_cast<std::size_t>(mesh.vertex[c * slots + s]);
      weight[v] += mesh.volume[c];
      for (std::size_t d = 0; d < dim; ++d) sum[v * dim + d] += mesh.volume[c] * gradient[c * dim + d];
    }
  }
  for (std::size_t c = 0; c < eta.size(); ++c) {
    double squares = 0;
    for (std::size_t d = 0; d < dim; ++d) {
      double mean = 0;
      for (std::size_t s = 0; s < slots; ++s) {
        const auto v = static_cast<std::size_t>(mesh.vertex[c * slots + s]);
        mean += sum[v * dim + d] / weight[v] / static_cast<double>(slots);
      }
      squares += (mean - gradient[c * dim + d]) * (mean - gradient[c * dim + d]);
    }
    eta[c] = size(mesh, c) * std::sqrt(squares);
  }
}

}  // namespace

void indicate(RefinementIndicator kind, const CellMesh &mesh, const double *u, const double *gradient,
              std::vector<double> &eta) {
  const auto dim = static_cast<std::size_t>(mesh.dim), slots = dim + 1;
  eta.assign(static_cast<std::size_t>(mesh.owned), 0.);
  switch (kind) {
    case RefinementIndicator::gradient:
      for (std::size_t c = 0; c < eta.size(); ++c)
        eta[c] = size(mesh, c) * (dim == 1   ? std::fabs(gradient[c])
                                  : dim == 2 ? std::hypot(gradient[2 * c], gradient[2 * c + 1])
                                             : std::hypot(gradient[3 * c], gradient[3 * c + 1], gradient[3 * c + 2]));
      return;
    case RefinementIndicator::jump:
      for (std::size_t c = 0; c < eta.size(); ++c)
        for (std::size_t s = 0; s < slots; ++s)
          if (mesh.neighbour[c * slots + s] >= 0)
            eta[c] = std::max(eta[c], std::fabs(u[mesh.neighbour[c * slots + s]] - u[c]));
      return;
    case RefinementIndicator::recovery:
      recovery(mesh, gradient, eta);
  }
}

void markByThreshold(const CellMesh &mesh, const std::vector<double> &eta, const RefinementThresholds &rule,
                     std::vector<signed char> &marks, std::vector<float> &priority,
                     const GraphBackend::Exchange &exchange) {
  if (!exchange && mesh.cells != mesh.owned)
    throw Error("markByThreshold: the mesh has ghosts; layers would end there");
  if (exchange && !rule.absolute) throw Error("markByThreshold: the largest eta is not known to this rank");
  const std::size_t n = eta.size(), slots = static_cast<std::size_t>(mesh.slots());
  const int halving = mesh.dim;  // bisections of one refinement
  const double most = rule.absolute || eta.empty() ? 1 : *std::max_element(eta.begin(), eta.end());
  const double up = rule.refine * most, down = rule.coarsen * up;
  // Of each cell: the level that it should at least have (-1: it protects nobody in this layer), and its priority.
  struct Cell {
    float front, priority;
  };
  static_assert(sizeof(Cell) == 2 * sizeof(float));
  std::vector<Cell> cells(static_cast<std::size_t>(mesh.cells), Cell{-1, 0});
  std::vector<int> wanted(n, 0);
  for (std::size_t c = 0; c < n; ++c) {
    const int level = mesh.level[c];
    const int step = eta[c] > up ? halving : eta[c] < down ? -halving : 0;
    wanted[c] = std::max(0, level + step);
    if (step > 0) wanted[c] = std::min(wanted[c], std::max(rule.max_level, level));
    cells[c] = {step > 0 ? static_cast<float>(wanted[c]) : -1.f, static_cast<float>(eta[c])};
  }
  std::vector<Cell> next(n);
  for (int layer = 0; layer < rule.buffer; ++layer) {
    if (exchange) exchange(&cells[0].front, 2);
    for (std::size_t c = 0; c < n; ++c) {
      next[c] = {-1, cells[c].priority};
      for (std::size_t s = 0; s < slots; ++s) {
        const int other = mesh.neighbour[c * slots + s];
        if (other < 0) continue;
        const Cell &o = cells[static_cast<std::size_t>(other)];
        if (o.front <= static_cast<float>(wanted[c])) continue;
        next[c].front = std::max(next[c].front, o.front);
        next[c].priority = std::max(next[c].priority, 0.5f * o.priority);
      }
    }
    for (std::size_t c = 0; c < n; ++c) {
      if (next[c].front > 0) wanted[c] = static_cast<int>(next[c].front);
      cells[c] = next[c];
    }
  }
  marks.resize(n);
  priority.resize(n);
  for (std::size_t c = 0; c < n; ++c) {
    const int change = wanted[c] - mesh.level[c];
    // An odd level (made by closure) counts as the refined one.
    marks[c] = static_cast<signed char>(change >= halving ? 1 : change <= -halving ? -1 : 0);
    priority[c] = cells[c].priority;
  }
}

}  // namespace petrl
