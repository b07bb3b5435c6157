#include "problems/conservation/indicators.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl::conservation {

namespace {

double size(const CellMesh &mesh, std::size_t c) {
  return mesh.dim == 2 ? std::sqrt(mesh.volume[c]) : mesh.volume[c];
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

void indicate(Indicator kind, const CellMesh &mesh, const double *u, const double *gradient, std::vector<double> &eta) {
  const auto dim = static_cast<std::size_t>(mesh.dim), slots = dim + 1;
  eta.assign(static_cast<std::size_t>(mesh.owned), 0.);
  switch (kind) {
    case Indicator::gradient:
      for (std::size_t c = 0; c < eta.size(); ++c)
        eta[c] = size(mesh, c) * (dim == 2 ? std::hypot(gradient[2 * c], gradient[2 * c + 1]) : std::fabs(gradient[c]));
      return;
    case Indicator::jump:
      for (std::size_t c = 0; c < eta.size(); ++c)
        for (std::size_t s = 0; s < slots; ++s)
          if (mesh.neighbour[c * slots + s] >= 0)
            eta[c] = std::max(eta[c], std::fabs(u[mesh.neighbour[c * slots + s]] - u[c]));
      return;
    case Indicator::recovery:
      recovery(mesh, gradient, eta);
  }
}

void markByThreshold(const CellMesh &mesh, const std::vector<double> &eta, const Thresholds &rule,
                     std::vector<signed char> &marks, std::vector<float> &priority) {
  if (mesh.cells != mesh.owned) throw Error("markByThreshold: the mesh has ghosts; layers would end at them");
  const std::size_t n = eta.size(), slots = static_cast<std::size_t>(mesh.slots());
  const int halving = mesh.dim;  // bisections of one refinement
  const double most = rule.absolute || eta.empty() ? 1 : *std::max_element(eta.begin(), eta.end());
  const double up = rule.refine * most, down = rule.coarsen * up;
  priority.assign(eta.begin(), eta.end());
  // The level that each cell should at least have.
  std::vector<int> wanted(n, 0), front, next;
  for (std::size_t c = 0; c < n; ++c) {
    const int level = mesh.level[c];
    const int step = eta[c] > up ? halving : eta[c] < down ? -halving : 0;
    wanted[c] = std::max(0, level + step);
    if (step > 0) {
      wanted[c] = std::min(wanted[c], std::max(rule.max_level, level));
      front.push_back(static_cast<int>(c));
    }
  }
  for (int layer = 0; layer < rule.buffer; ++layer) {
    next.clear();
    for (const int c : front) {
      for (std::size_t s = 0; s < slots; ++s) {
        const int other = mesh.neighbour[static_cast<std::size_t>(c) * slots + s];
        if (other < 0) continue;
        const auto o = static_cast<std::size_t>(other);
        const int want = wanted[static_cast<std::size_t>(c)];
        if (wanted[o] >= want) continue;
        wanted[o] = want;
        priority[o] = std::max(priority[o], 0.5f * priority[static_cast<std::size_t>(c)]);
        next.push_back(other);
      }
    }
    front.swap(next);
  }
  marks.resize(n);
  for (std::size_t c = 0; c < n; ++c) {
    const int change = wanted[c] - mesh.level[c];
    // An odd level (made by closure) counts as the refined one.
    marks[c] = static_cast<signed char>(change >= halving ? 1 : change <= -halving ? -1 : 0);
  }
}

}  // namespace petrl::conservation
