#include "problems/poisson/lookahead.hpp"

#include <cmath>

#include "base/error.hpp"

namespace petrl::poisson {

GainKind gainKind(const std::string &name) {
  if (name == "value") return GainKind::value;
  if (name == "energy") return GainKind::energy;
  if (name == "dual") return GainKind::dual;
  throw Error("gain: expected value, energy or dual, found '" + name + "'");
}

namespace {

// Shares of the cells in the mean of |e|. The residual of `start` (the solution on the refined mesh's vertices) is
// orthogonal to all functions of the mesh itself, so that only what the dual solution has at the new vertices counts.
void dualShares(const AdaptivePoisson &now, const AdaptivePoisson &fine, const std::vector<double> &start,
                const std::vector<double> &e, std::vector<double> &share) {
  const CellMesh &mesh = fine.mesh();
  const P1 &matrix = fine.solver().matrix();
  const VertexLineage &lineage = fine.vertexLineage();
  const auto n = static_cast<std::size_t>(mesh.vertices);
  std::vector<double> weight(n, 0), dual(n, 0), residual(n), product(n, 0), count(n, 0);
  for (std::size_t i = 0; i < mesh.vertex.size(); ++i) {
    weight[static_cast<std::size_t>(mesh.vertex[i])] += mesh.volume[i / 3] / (3 * now.measure());
    count[static_cast<std::size_t>(mesh.vertex[i])] += 1;
  }
  for (std::size_t v = 0; v < n; ++v) weight[v] *= e[v] > 0 ? 1 : -1;
  // The dual solution need not be more accurate than what it stands for.
  fine.solver().solve(weight, dual, 1e-4);
  matrix.multiply(start.data(), residual.data());
  const auto isNew = [&](std::size_t v) { return lineage.a[v] != lineage.b[v]; };
  std::vector<std::size_t> place(static_cast<std::size_t>(now.mesh().vertices));  // of the old vertices
  for (std::size_t v = 0; v < n; ++v) {
    if (!isNew(v)) place[static_cast<std::size_t>(lineage.a[v])] = v;
  }
  for (std::size_t v = 0; v < n; ++v) {
    if (!isNew(v) || matrix.onBoundary(static_cast<int>(v))) continue;
    const double ends =
        dual[place[static_cast<std::size_t>(lineage.a[v])]] + dual[place[static_cast<std::size_t>(lineage.b[v])]];
    product[v] = std::fabs((fine.rightHandSide()[v] - residual[v]) * (dual[v] - .5 * ends));
  }
  // Equal parts for the new cells around a new vertex: half for each of the two old cells that it lies between.
  for (std::size_t i = 0; i < mesh.vertex.size(); ++i) {
    const auto v = static_cast<std::size_t>(mesh.vertex[i]);
    share[static_cast<std::size_t>(fine.lineage().first[i / 3])] += product[v] / count[v];
  }
}

}  // namespace

void lookahead(const AdaptivePoisson &now, GainKind kind, std::vector<double> &gain) {
  AdaptivePoisson fine(now);
  fine.refineAll();
  const CellMesh &mesh = fine.mesh();
  std::vector<double> start(static_cast<std::size_t>(mesh.vertices)), e(start.size()), slope;
  transferVertexValues(now.mesh(), fine.vertexLineage(), 1, now.u().data(), start.data());
  for (std::size_t v = 0; v < e.size(); ++v) e[v] = fine.u()[v] - start[v];
  const auto n = static_cast<std::size_t>(now.mesh().owned);
  gain.assign(n, 0);
  if (!(now.range() > 0)) return;
  const auto &parent = fine.lineage().first;
  if (kind == GainKind::value) {
    for (std::size_t q = 0; q < parent.size(); ++q) {
      double sum = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        const auto a = static_cast<std::size_t>(mesh.vertex[3 * q + k]),
                   b = static_cast<std::size_t>(mesh.vertex[3 * q + (k + 1) % 3]);
        sum += std::fabs(.5 * (e[a] + e[b])) / 3;
      }
      gain[static_cast<std::size_t>(parent[q])] += mesh.volume[q] * sum;
    }
  } else if (kind == GainKind::energy) {
    cellGradients(mesh, e, slope);
    for (std::size_t q = 0; q < parent.size(); ++q)
      gain[static_cast<std::size_t>(parent[q])] +=
          mesh.volume[q] * (slope[2 * q] * slope[2 * q] + slope[2 * q + 1] * slope[2 * q + 1]);
    for (std::size_t c = 0; c < n; ++c) gain[c] = now.mesh().volume[c] * std::sqrt(gain[c]);
  } else {
    dualShares(now, fine, start, e, gain);
    for (double &g : gain) g *= now.measure();
  }
  for (std::size_t c = 0; c < n; ++c) gain[c] /= now.mesh().volume[c] * now.range();
}

}  // namespace petrl::poisson
