#include "mesh/cell_gradient.hpp"

#include <algorithm>
#include <limits>

#include "mesh/gradient_kernel.hpp"

namespace petrl {

namespace {

template <int D>
void gradients(const CellMesh &mesh, const double *u, double *g) {
  const kernels::LeastSquares<D> work{mesh.neighbour.data(), mesh.towards.data(), u, g};
  for (int c = 0; c < mesh.owned; ++c) work(c);
}

template <int D>
void limit(const CellMesh &mesh, const double *u, double *g, const double *bounds) {
  constexpr int S = D + 1;
  for (int c = 0; c < mesh.owned; ++c, g += D) {
    double factor = 1;
    for (int s = 0; s < S; ++s) {
      const double *const x = &mesh.corner[(c * S + s) * D], *const bound = bounds + 2 * mesh.vertex[c * S + s];
      double change = 0;
      for (int i = 0; i < D; ++i) change += g[i] * (x[i] - mesh.centre[c * D + i]);
      const double room = change > 0 ? bound[1] - u[c] : u[c] - bound[0], size = change > 0 ? change : -change;
      if (factor * size > room) factor = room / size;
    }
    for (int i = 0; i < D; ++i) g[i] *= factor;
  }
}

}  // namespace

void leastSquaresGradient(const CellMesh &mesh, const double *u, double *g) {
  if (mesh.dim == 1)
    gradients<1>(mesh, u, g);
  else if (mesh.dim == 2)
    gradients<2>(mesh, u, g);
  else
    gradients<3>(mesh, u, g);
}

void limitedGradient(const CellMesh &mesh, const double *u, double *g, std::vector<double> &work) {
  const int slots = mesh.slots();
  leastSquaresGradient(mesh, u, g);
  work.resize(2 * static_cast<std::size_t>(mesh.vertices));
  for (int v = 0; v < mesh.vertices; ++v) {
    work[2 * v] = std::numeric_limits<double>::max();
    work[2 * v + 1] = std::numeric_limits<double>::lowest();
  }
  for (int c = 0; c < mesh.cells; ++c)
    for (int s = 0; s < slots; ++s) {
      double *const bound = &work[2 * mesh.vertex[c * slots + s]];
      bound[0] = std::min(bound[0], u[c]);
      bound[1] = std::max(bound[1], u[c]);
    }
  if (mesh.dim == 1)
    limit<1>(mesh, u, g, work.data());
  else if (mesh.dim == 2)
    limit<2>(mesh, u, g, work.data());
  else
    limit<3>(mesh, u, g, work.data());
}

}  // namespace petrl
