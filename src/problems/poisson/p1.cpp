#include "problems/poisson/p1.hpp"

#include <cmath>
#include <numeric>

#include "base/error.hpp"

namespace petrl::poisson {

P1::P1(const CellMesh &mesh) {
  const auto n = static_cast<std::size_t>(mesh.vertices);
  std::vector<double> edge(mesh.faces.size(), 0);
  std::vector<int> ends(2 * mesh.faces.size());
  diagonal_.assign(n, 0);
  boundary_.assign(n, 0);
  for (int c = 0; c < mesh.owned; ++c) {
    const double *x = &mesh.corner[static_cast<std::size_t>(6 * c)];
    const int *v = &mesh.vertex[static_cast<std::size_t>(3 * c)];
    for (int s = 0; s < 3; ++s) {
      const int a = (s + 1) % 3, b = (s + 2) % 3;
      const double p[2] = {x[2 * a] - x[2 * s], x[2 * a + 1] - x[2 * s + 1]};
      const double q[2] = {x[2 * b] - x[2 * s], x[2 * b + 1] - x[2 * s + 1]};
      // Half the cotangent of the angle opposite the edge.
      const double half = .5 * (p[0] * q[0] + p[1] * q[1]) / std::fabs(p[0] * q[1] - p[1] * q[0]);
      const auto f = static_cast<std::size_t>(mesh.face[static_cast<std::size_t>(3 * c + s)]);
      edge[f] -= half;
      ends[2 * f] = v[a], ends[2 * f + 1] = v[b];
      diagonal_[static_cast<std::size_t>(v[a])] += half;
      diagonal_[static_cast<std::size_t>(v[b])] += half;
      if (mesh.faces[f].right < 0)
        boundary_[static_cast<std::size_t>(v[a])] = boundary_[static_cast<std::size_t>(v[b])] = 1;
    }
  }
  row_.assign(n + 1, 0);
  const auto kept = [&](std::size_t f) {
    return std::fabs(edge[f]) > 1e-12 && !onBoundary(ends[2 * f]) && !onBoundary(ends[2 * f + 1]);
  };
  for (std::size_t f = 0; f < edge.size(); ++f) {
    if (!kept(f)) continue;
    for (int k = 0; k < 2; ++k) ++row_[static_cast<std::size_t>(ends[2 * f + static_cast<std::size_t>(k)]) + 1];
  }
  std::partial_sum(row_.begin(), row_.end(), row_.begin());
  column_.resize(static_cast<std::size_t>(row_[n]));
  value_.resize(column_.size());
  std::vector<int> next(row_.begin(), row_.end() - 1);
  for (std::size_t f = 0; f < edge.size(); ++f) {
    if (!kept(f)) continue;
    const int a = ends[2 * f], b = ends[2 * f + 1];
    const auto i = static_cast<std::size_t>(next[static_cast<std::size_t>(a)]++);
    const auto j = static_cast<std::size_t>(next[static_cast<std::size_t>(b)]++);
    column_[i] = b, column_[j] = a;
    value_[i] = value_[j] = edge[f];
  }
  for (std::size_t v = 0; v < n; ++v) {
    if (boundary_[v] != 0) diagonal_[v] = 1;
  }
}

void P1::multiply(const double *x, double *y) const {
  for (std::size_t i = 0; i < diagonal_.size(); ++i) {
    double sum = diagonal_[i] * x[i];
    for (int k = row_[i]; k < row_[i + 1]; ++k)
      sum += value_[static_cast<std::size_t>(k)] * x[column_[static_cast<std::size_t>(k)]];
    y[i] = sum;
  }
}

void P1::sweep(const double *b, double *x, bool up) const {
  const std::size_t n = diagonal_.size();
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t i = up ? k : n - 1 - k;
    double sum = b[i];
    for (int j = row_[i]; j < row_[i + 1]; ++j)
      sum -= value_[static_cast<std::size_t>(j)] * x[column_[static_cast<std::size_t>(j)]];
    x[i] = sum / diagonal_[i];
  }
}

void NestedSolver::add(std::shared_ptr<const P1> matrix, const VertexLineage &lineage) {
  if (levels_.empty()) {
    levels_.push_back({std::move(matrix), {}, {}});
    return;
  }
  if (static_cast<int>(lineage.a.size()) != matrix->size() || !lineage.removed.empty())
    throw Error("nested meshes: vertices that vanish, or a lineage of another mesh", PETSC_ERR_ARG_INCOMP);
  levels_.push_back({std::move(matrix), lineage.a, lineage.b});
}

void NestedSolver::cycle(std::size_t level, const double *b, double *x, std::vector<Work> &work) const {
  const P1 &m = *levels_[level].matrix;
  const auto n = static_cast<std::size_t>(m.size());
  std::fill(x, x + n, 0.);
  if (level == 0) {
    // A handful of unknowns in our benchmark; symmetric, so that the whole is.
    constexpr int kSweeps = 10;
    for (int k = 0; k < kSweeps; ++k) m.sweep(b, x, true), m.sweep(b, x, false);
    return;
  }
  m.sweep(b, x, true);
  Work &w = work[level], &coarse = work[level - 1];
  const Level &l = levels_[level];
  m.multiply(x, w.r.data());
  coarse.b.assign(coarse.b.size(), 0.);
  for (std::size_t i = 0; i < n; ++i) {
    const double half = .5 * (b[i] - w.r[i]);
    coarse.b[static_cast<std::size_t>(l.a[i])] += half;
    coarse.b[static_cast<std::size_t>(l.b[i])] += half;
  }
  const P1 &below = *levels_[level - 1].matrix;
  for (int i = 0; i < below.size(); ++i) {
    if (below.onBoundary(i)) coarse.b[static_cast<std::size_t>(i)] = 0;
  }
  cycle(level - 1, coarse.b.data(), coarse.x.data(), work);
  for (std::size_t i = 0; i < n; ++i) {
    if (!m.onBoundary(static_cast<int>(i)))
      x[i] += .5 * (coarse.x[static_cast<std::size_t>(l.a[i])] + coarse.x[static_cast<std::size_t>(l.b[i])]);
  }
  m.sweep(b, x, false);
}

int NestedSolver::solve(const std::vector<double> &b, std::vector<double> &u, double tolerance) const {
  const P1 &m = matrix();
  const auto n = static_cast<std::size_t>(m.size());
  std::vector<Work> work(levels_.size());
  for (std::size_t l = 0; l < levels_.size(); ++l) {
    const auto size = static_cast<std::size_t>(levels_[l].matrix->size());
    work[l].b.resize(size), work[l].x.resize(size), work[l].r.resize(size);
  }
  std::vector<double> right(b), r(n), z(n), p(n), q(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (m.onBoundary(static_cast<int>(i))) right[i] = u[i] = 0;
  }
  const auto dot = [n](const std::vector<double> &x, const std::vector<double> &y) {
    return std::inner_product(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n), y.begin(), 0.);
  };
  cycle(levels_.size() - 1, right.data(), z.data(), work);
  const double stop = tolerance * tolerance * dot(right, z);
  m.multiply(u.data(), r.data());
  for (std::size_t i = 0; i < n; ++i) r[i] = right[i] - r[i];
  double old = 0;
  constexpr int kMost = 200;
  for (int k = 0; k < kMost; ++k) {
    cycle(levels_.size() - 1, r.data(), z.data(), work);
    const double rho = dot(r, z);
    if (!(rho > stop)) return k;
    const double beta = k > 0 ? rho / old : 0;
    for (std::size_t i = 0; i < n; ++i) p[i] = z[i] + beta * p[i];
    m.multiply(p.data(), q.data());
    const double alpha = rho / dot(p, q);
    for (std::size_t i = 0; i < n; ++i) u[i] += alpha * p[i], r[i] -= alpha * q[i];
    old = rho;
  }
  throw Error("Poisson: no convergence in " + std::to_string(kMost) + " iterations", PETSC_ERR_NOT_CONVERGED);
}

}  // namespace petrl::poisson
