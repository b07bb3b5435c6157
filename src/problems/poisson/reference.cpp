#include "problems/poisson/reference.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl::poisson {

ReferenceMesh::ReferenceMesh(int squares, int halvings) : size_(squares << halvings) {
  Forest forest(BaseMesh::lShape(squares), PETSC_COMM_SELF);
  ForestLimits limits;
  limits.max_level = 60;
  mesh_ = forest.mesh();
  solver_.add(std::make_shared<P1>(mesh_), {});
  for (int k = 0; k < halvings; ++k) {
    forest.adapt(std::vector<signed char>(static_cast<std::size_t>(mesh_.owned), 1), limits);
    mesh_ = forest.mesh();
    solver_.add(std::make_shared<P1>(mesh_), forest.vertexLineage());
  }
  point_.resize(static_cast<std::size_t>(mesh_.vertices));
  for (std::size_t i = 0; i < mesh_.vertex.size(); ++i) {
    const auto x = static_cast<int>(std::lround(mesh_.corner[2 * i] * size_));
    const auto y = static_cast<int>(std::lround(mesh_.corner[2 * i + 1] * size_));
    point_[static_cast<std::size_t>(mesh_.vertex[i])] = y * (size_ + 1) + x;
  }
  // Only corners and vertices are needed from here on.
  mesh_.faces = {};
  mesh_.towards = {};
  mesh_.neighbour = mesh_.face = {};
}

std::vector<double> ReferenceMesh::solve(const GaussianLoad &load) const {
  std::vector<double> b(point_.size(), 0), u(point_.size(), 0);
  for (std::size_t c = 0; c < static_cast<std::size_t>(mesh_.owned); ++c) {
    const LoadMoments moments = load.moments(&mesh_.corner[6 * c]);
    for (std::size_t k = 0; k < 3; ++k) b[static_cast<std::size_t>(mesh_.vertex[3 * c + k])] += moments.hat[k];
  }
  solver_.solve(b, u, 1e-10);
  std::vector<double> lattice(static_cast<std::size_t>((size_ + 1) * (size_ + 1)), 0);
  for (std::size_t v = 0; v < u.size(); ++v) lattice[static_cast<std::size_t>(point_[v])] = u[v];
  return lattice;
}

PoissonReference::PoissonReference(std::shared_ptr<const ReferenceMesh> mesh, const GaussianLoad &load)
    : size_(mesh->size()), u_(mesh->solve(load)) {}

PoissonErrors PoissonReference::measure(const CellMesh &mesh, const std::vector<double> &u,
                                        std::vector<double> *cell_l1) const {
  if (cell_l1) cell_l1->assign(static_cast<std::size_t>(mesh.owned), 0);
  std::vector<double> gradient;
  cellGradients(mesh, u, gradient);
  const double area = .5 / size_ / size_;  // of a reference cell
  double l1 = 0, h1 = 0, measure = 0;
  for (std::size_t c = 0; c < static_cast<std::size_t>(mesh.owned); ++c) {
    // In units of the lattice.
    double x[3], y[3];
    for (std::size_t k = 0; k < 3; ++k) {
      x[k] = mesh.corner[6 * c + 2 * k] * size_, y[k] = mesh.corner[6 * c + 2 * k + 1] * size_;
    }
    const double ax = x[1] - x[0], ay = y[1] - y[0], bx = x[2] - x[0], by = y[2] - y[0], det = ax * by - ay * bx;
    const double u0 = u[static_cast<std::size_t>(mesh.vertex[3 * c])];
    const double gx = gradient[2 * c], gy = gradient[2 * c + 1], h = 1. / size_;
    const auto left = std::lround(std::min({x[0], x[1], x[2]})), right = std::lround(std::max({x[0], x[1], x[2]}));
    const auto low = std::lround(std::min({y[0], y[1], y[2]})), high = std::lround(std::max({y[0], y[1], y[2]}));
    double part = 0, energy = 0;
    for (long j = low; j < high; ++j) {
      const double *const r = &u_[static_cast<std::size_t>(j * (size_ + 1))], *const above = r + size_ + 1;
      for (long i = left; i < right; ++i) {
        const double corner[2][2] = {{r[i], r[i + 1]}, {above[i], above[i + 1]}};
        const bool up = (i + j) % 2 == 0;
        for (int half = 0; half < 2; ++half) {
          // The square's corner with the right angle: lower right and upper left, or lower left and upper right.
          const int row = half, column = up ? 1 - half : half;
          const double px = static_cast<double>(i) + (column ? 2. : 1.) / 3,
                       py = static_cast<double>(j) + (row ? 2. : 1.) / 3;
          const double s = ((px - x[0]) * by - (py - y[0]) * bx) / det, t = (ax * (py - y[0]) - ay * (px - x[0])) / det;
          if (s < 0 || t < 0 || s + t > 1) continue;
          const double here = corner[row][column], beside = corner[row][1 - column], over = corner[1 - row][column];
          const double value = u0 + h * (gx * (px - x[0]) + gy * (py - y[0]));
          const double ex = (column ? here - beside : beside - here) * size_ - gx;
          const double ey = (row ? here - over : over - here) * size_ - gy;
          part += std::fabs((here + beside + over) / 3 - value);
          energy += ex * ex + ey * ey;
        }
      }
    }
    l1 += area * part, h1 += area * energy;
    measure += mesh.volume[c];
    if (cell_l1) (*cell_l1)[c] = area * part;
  }
  return {l1 / measure, std::sqrt(h1)};
}

}  // namespace petrl::poisson
