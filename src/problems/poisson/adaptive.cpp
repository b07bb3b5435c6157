#include "problems/poisson/adaptive.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace petrl::poisson {

void cellGradients(const CellMesh &mesh, const std::vector<double> &u, std::vector<double> &gradient) {
  gradient.resize(2 * static_cast<std::size_t>(mesh.owned));
  for (int c = 0; c < mesh.owned; ++c) {
    const double *x = &mesh.corner[static_cast<std::size_t>(6 * c)];
    const int *v = &mesh.vertex[static_cast<std::size_t>(3 * c)];
    const double a[2] = {x[2] - x[0], x[3] - x[1]}, b[2] = {x[4] - x[0], x[5] - x[1]};
    const double det = a[0] * b[1] - a[1] * b[0];
    const double p = u[static_cast<std::size_t>(v[1])] - u[static_cast<std::size_t>(v[0])];
    const double q = u[static_cast<std::size_t>(v[2])] - u[static_cast<std::size_t>(v[0])];
    gradient[static_cast<std::size_t>(2 * c)] = (p * b[1] - q * a[1]) / det;
    gradient[static_cast<std::size_t>(2 * c + 1)] = (q * a[0] - p * b[0]) / det;
  }
}

AdaptivePoisson::AdaptivePoisson(const BaseMesh &base, GaussianLoad load)
    : forest_(base, PETSC_COMM_SELF), load_(std::move(load)), mesh_(forest_.mesh()) {
  measure_ = std::accumulate(mesh_.volume.begin(), mesh_.volume.end(), 0.);
  moments_.resize(static_cast<std::size_t>(mesh_.owned));
  for (std::size_t c = 0; c < moments_.size(); ++c) moments_[c] = load_.moments(&mesh_.corner[6 * c]);
  solver_.add(std::make_shared<P1>(mesh_), {});
  u_.assign(static_cast<std::size_t>(mesh_.vertices), 0);
  solve();
}

void AdaptivePoisson::refine(const std::vector<signed char> &marks, const ForestLimits &limits,
                             const std::vector<float> &priority) {
  lineage_ = forest_.adapt(marks, limits, priority);
  CellMesh finer = forest_.mesh();
  std::vector<double> start(static_cast<std::size_t>(finer.vertices));
  transferVertexValues(mesh_, forest_.vertexLineage(), 1, u_.data(), start.data());
  // Cells that stay keep their integrals.
  std::vector<LoadMoments> moments(static_cast<std::size_t>(finer.owned));
  for (std::size_t c = 0; c < moments.size(); ++c) {
    const auto old = static_cast<std::size_t>(lineage_.first[c]);
    const bool same = finer.level[c] == mesh_.level[old] &&
                      std::equal(&finer.corner[6 * c], &finer.corner[6 * c] + 6, &mesh_.corner[6 * old]);
    moments[c] = same ? moments_[old] : load_.moments(&finer.corner[6 * c]);
  }
  u_ = std::move(start), moments_ = std::move(moments), mesh_ = std::move(finer);
  solver_.add(std::make_shared<P1>(mesh_), forest_.vertexLineage());
  solve();
}

void AdaptivePoisson::refineAll() {
  ForestLimits limits;
  limits.max_level = 60;
  refine(std::vector<signed char>(static_cast<std::size_t>(mesh_.owned), 1), limits);
}

void AdaptivePoisson::solve() {
  const auto n = static_cast<std::size_t>(mesh_.owned);
  b_.assign(static_cast<std::size_t>(mesh_.vertices), 0);
  for (std::size_t i = 0; i < 3 * n; ++i) b_[static_cast<std::size_t>(mesh_.vertex[i])] += moments_[i / 3].hat[i % 3];
  solver_.solve(b_, u_);
  cellGradients(mesh_, u_, gradient_);
  mean_.resize(n), rate_.resize(n);
  for (std::size_t c = 0; c < n; ++c) {
    mean_[c] = 0;
    for (std::size_t k = 0; k < 3; ++k) mean_[c] += u_[static_cast<std::size_t>(mesh_.vertex[3 * c + k])] / 3;
    rate_[c] = moments_[c].total();
  }
  range_ = 0;
  for (const double x : u_) range_ = std::max(range_, std::fabs(x));
}

}  // namespace petrl::poisson
