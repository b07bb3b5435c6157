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

  Branch(const Forest &forest, const CellMesh &from, const double *start, const FiniteVolume &like,
         const std::vector<double> &from_gradient, signed char mark)
      : volumes(like) {
    Forest changed(forest);
    ForestLimits limits;
    limits.max_level = 60;
    lineage = changed.adapt(std::vector<signed char>(static_cast<std::size_t>(from.owned), mark), limits);
    mesh = changed.mesh();
    volumes.reset(mesh);
    const int components = like.law().components();
    u.resize(static_cast<std::size_t>(components * mesh.cells));
    for (int k = 0; k < components; ++k)
      transferAverages(from, mesh, lineage, 1, start + static_cast<std::ptrdiff_t>(k) * from.cells,
                       from_gradient.data() + static_cast<std::ptrdiff_t>(k) * from.cells * mesh.dim,
                       u.data() + static_cast<std::ptrdiff_t>(k) * mesh.cells);
  }
  void advance(double t, double until, double cfl) {
    volumes.advance(u.data(), t, until, cfl);
    gradient.resize(u.size() * static_cast<std::size_t>(mesh.dim));
    volumes.limitedGradient(until, u.data(), gradient.data());
  }
};

/// One component of a piecewise linear solution.
struct Linear {
  const CellMesh &mesh;
  const double *u, *gradient;

  Linear(const CellMesh &of, const std::vector<double> &values, const std::vector<double> &slopes, int component)
      : mesh(of),
        u(values.data() + static_cast<std::ptrdiff_t>(component) * of.cells),
        gradient(slopes.data() + static_cast<std::ptrdiff_t>(component) * of.cells * of.dim) {}
  /// In cell `i` at the centre of another mesh's cell. The two overlap, so that a difference of more than the cell
  /// itself is a period.
  double at(std::size_t i, const double *x) const {
    const auto dim = static_cast<std::size_t>(mesh.dim);
    double value = u[i];
    for (std::size_t d = 0; d < dim; ++d) value += gradient[i * dim + d] * (x[d] - mesh.centre[i * dim + d]);
    return value;
  }
};

/// A comparison at one time: adds its share to gains and losses.
struct Comparison {
  double inside;
  int samples;
  std::vector<double> mean, detail;

  double counted(double means, double all) const {
    const double stays = std::fabs(means);
    return (stays + inside * std::max(0., all - stays)) / samples;
  }
  void gains(const Branch &fine, const Linear &finer, const CellMesh &mesh, const Linear &now, double *gain) {
    const auto n = static_cast<std::size_t>(mesh.owned), dim = static_cast<std::size_t>(mesh.dim);
    mean.assign(n, 0.), detail.assign(n, 0.);
    for (std::size_t q = 0; q < fine.lineage.first.size(); ++q) {
      const auto i = static_cast<std::size_t>(fine.lineage.first[q]);
      const double share = fine.mesh.volume[q] / mesh.volume[i];
      const double difference = finer.u[q] - now.at(i, &fine.mesh.centre[q * dim]);
      mean[i] += share * difference;
      detail[i] += share * std::fabs(difference);
    }
    for (std::size_t i = 0; i < n; ++i) gain[i] += counted(mean[i], detail[i]);
  }
  void losses(const Branch &coarse, const Linear &coarser, const CellMesh &mesh, const Linear &now,
              double *loss) const {
    const auto dim = static_cast<std::size_t>(mesh.dim);
    for (std::size_t q = 0; q < coarse.lineage.first.size(); ++q) {
      if (coarse.lineage.count[q] < 2) continue;
      const auto first = static_cast<std::size_t>(coarse.lineage.first[q]),
                 last = first + static_cast<std::size_t>(coarse.lineage.count[q]);
      double united = 0, all = 0;
      for (std::size_t i = first; i < last; ++i) {
        const double share = mesh.volume[i] / coarse.mesh.volume[q];
        const double difference = now.u[i] - coarser.at(q, &mesh.centre[i * dim]);
        united += share * difference;
        all += share * std::fabs(difference);
      }
      const double value = counted(united, all);
      for (std::size_t i = first; i < last; ++i) loss[i] += value;
    }
  }
};

}  // namespace

void Lookahead::compute(const Forest &forest, const CellMesh &mesh, const double *u, const FiniteVolume &volumes,
                        double t, double interval, double cfl, const std::vector<int> &components) {
  const auto n = static_cast<std::size_t>(mesh.owned), count = components.size();
  FiniteVolume own(volumes);
  std::vector<double> now(u, u + static_cast<std::ptrdiff_t>(volumes.law().components()) * mesh.cells),
      slope(now.size() * static_cast<std::size_t>(mesh.dim));
  own.limitedGradient(t, now.data(), slope.data());
  Branch fine(forest, mesh, u, volumes, slope, 1), coarse(forest, mesh, u, volumes, slope, -1);
  gain.assign(count * n, 0);
  loss.assign(count * n, -1);
  steps = 0;
  for (std::size_t q = 0; q < coarse.lineage.first.size(); ++q) {
    if (coarse.lineage.count[q] < 2) continue;
    for (int k = 0; k < coarse.lineage.count[q]; ++k)
      for (std::size_t c = 0; c < count; ++c) loss[c * n + static_cast<std::size_t>(coarse.lineage.first[q] + k)] = 0;
  }
  const double about = interval / (cfl * own.stableStep(now.data()));
  const int samples = static_cast<int>(std::min(kMost, std::max(kFewest, std::ceil(about / kEvery))));
  Comparison comparison{inside, samples, {}, {}};
  for (int s = 0; s < samples; ++s) {
    const double begin = t + interval * s / samples, end = t + interval * (s + 1) / samples;
    steps += own.advance(now.data(), begin, end, cfl).steps;
    own.limitedGradient(end, now.data(), slope.data());
    fine.advance(begin, end, cfl);
    coarse.advance(begin, end, cfl);
    for (std::size_t c = 0; c < count; ++c) {
      const int k = components[c];
      const Linear here(mesh, now, slope, k);
      comparison.gains(fine, {fine.mesh, fine.u, fine.gradient, k}, mesh, here, &gain[c * n]);
      comparison.losses(coarse, {coarse.mesh, coarse.u, coarse.gradient, k}, mesh, here, &loss[c * n]);
    }
  }
}

std::vector<float> Lookahead::relative(const std::vector<double> &ranges) const {
  const std::size_t n = gain.size() / ranges.size();
  std::vector<float> out(2 * n, 0.f);
  for (std::size_t c = 0; c < ranges.size(); ++c) {
    if (!(ranges[c] > 0)) continue;
    for (std::size_t i = 0; i < n; ++i) {
      out[2 * i] += static_cast<float>(gain[c * n + i] / ranges[c]);
      out[2 * i + 1] += loss[c * n + i] >= 0 ? static_cast<float>(loss[c * n + i] / ranges[c]) : 1.f;
    }
  }
  return out;
}

}  // namespace petrl::conservation
