#include "problems/conservation/lookahead.hpp"

#include <algorithm>
#include <cmath>

namespace petrl::conservation {

namespace {

constexpr double kEvery = 4, kFewest = 3, kMost = 40;  // steps between comparisons; comparisons in an interval

/// A solution that goes its own way.
struct Branch {
  CellMesh mesh;
  FiniteVolume volumes;
  Lineage lineage;
  std::vector<double> u, gradient;

  Branch(const Forest &forest, const CellMesh &from, const std::vector<double> &start, const FiniteVolume &like,
         const std::vector<double> &from_gradient, signed char mark)
      : volumes(like) {
    Forest changed(forest);
    ForestLimits limits;
    limits.max_level = 60;
    lineage = changed.adapt(std::vector<signed char>(static_cast<std::size_t>(from.owned), mark), limits);
    mesh = changed.mesh();
    volumes.reset(mesh);
    u.resize(static_cast<std::size_t>(mesh.cells));
    transferAverages(from, mesh, lineage, 1, start.data(), from_gradient.data(), u.data());
  }
  void advance(double t, double until, double cfl) {
    volumes.advance(u.data(), t, until, cfl);
    gradient.resize(u.size() * static_cast<std::size_t>(mesh.dim));
    volumes.limitedGradient(until, u.data(), gradient.data());
  }
};

/// Value of a piecewise linear solution in cell `i` at the centre of another mesh's cell. The two overlap, so that
/// a difference of more than the cell itself is a period.
double valueAt(const CellMesh &mesh, const std::vector<double> &u, const std::vector<double> &gradient, std::size_t i,
               const double *x) {
  const auto dim = static_cast<std::size_t>(mesh.dim);
  double value = u[i];
  for (std::size_t d = 0; d < dim; ++d) value += gradient[i * dim + d] * (x[d] - mesh.centre[i * dim + d]);
  return value;
}

}  // namespace

void Lookahead::compute(const Forest &forest, const CellMesh &mesh, const std::vector<double> &u,
                        const FiniteVolume &volumes, double t, double interval, double cfl) {
  const auto n = static_cast<std::size_t>(mesh.owned), dim = static_cast<std::size_t>(mesh.dim);
  FiniteVolume own(volumes);
  std::vector<double> now(u), slope(n * dim), mean(n), detail(n);
  own.limitedGradient(t, now.data(), slope.data());
  Branch fine(forest, mesh, u, volumes, slope, 1), coarse(forest, mesh, u, volumes, slope, -1);
  gain.assign(n, 0);
  loss.assign(n, -1);
  steps = 0;
  for (std::size_t q = 0; q < coarse.u.size(); ++q) {
    if (coarse.lineage.count[q] < 2) continue;
    for (int k = 0; k < coarse.lineage.count[q]; ++k) loss[static_cast<std::size_t>(coarse.lineage.first[q] + k)] = 0;
  }
  const double about = interval / (cfl * own.stableStep(now.data()));
  const int samples = static_cast<int>(std::min(kMost, std::max(kFewest, std::ceil(about / kEvery))));
  for (int s = 0; s < samples; ++s) {
    const double begin = t + interval * s / samples, end = t + interval * (s + 1) / samples;
    steps += own.advance(now.data(), begin, end, cfl).steps;
    own.limitedGradient(end, now.data(), slope.data());
    fine.advance(begin, end, cfl);
    coarse.advance(begin, end, cfl);
    std::fill(mean.begin(), mean.end(), 0.);
    std::fill(detail.begin(), detail.end(), 0.);
    for (std::size_t q = 0; q < fine.u.size(); ++q) {
      const auto i = static_cast<std::size_t>(fine.lineage.first[q]);
      const double share = fine.mesh.volume[q] / mesh.volume[i];
      const double difference = fine.u[q] - valueAt(mesh, now, slope, i, &fine.mesh.centre[q * dim]);
      mean[i] += share * difference;
      detail[i] += share * std::fabs(difference);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const double stays = std::fabs(mean[i]);
      gain[i] += (stays + inside * std::max(0., detail[i] - stays)) / samples;
    }
    for (std::size_t q = 0; q < coarse.u.size(); ++q) {
      if (coarse.lineage.count[q] < 2) continue;
      const auto first = static_cast<std::size_t>(coarse.lineage.first[q]),
                 last = first + static_cast<std::size_t>(coarse.lineage.count[q]);
      double united = 0, all = 0;
      for (std::size_t i = first; i < last; ++i) {
        const double share = mesh.volume[i] / coarse.mesh.volume[q];
        const double difference = now[i] - valueAt(coarse.mesh, coarse.u, coarse.gradient, q, &mesh.centre[i * dim]);
        united += share * difference;
        all += share * std::fabs(difference);
      }
      const double stays = std::fabs(united), value = (stays + inside * std::max(0., all - stays)) / samples;
      for (std::size_t i = first; i < last; ++i) loss[i] += value;
    }
  }
}

}  // namespace petrl::conservation
