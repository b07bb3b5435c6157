// Compiled by the device's compiler where there is one.
#include "problems/conservation/volumes.hpp"

#include "base/error.hpp"
#include "device/for_each.hpp"
#include "problems/conservation/kernels.hpp"

namespace petrl::conservation {

namespace {

template <class Work>
void run(const Volumes &v, int n, const Work &work) {
  if (v.space == device::Space::host)
    sweep(n, work);
  else
    PetRLThrow(device::forEach(v.space, n, work));
}

template <bool Smooth>
void limit(const Volumes &v, const double *u) {
  const kernels::Limit<Smooth> work{v.cell, u, v.low, v.high, v.epsilon, v.gx, v.gy};
  run(v, v.cell.n, work);
  run(v, v.given.cells, kernels::LimitAtBoundary<Smooth>{work, v.face.left, v.given});
}

template <bool Burgers>
void fluxes(const Volumes &v, const double *u) {
  const kernels::Fluxes<Burgers> work{v.face, u, v.gx, v.gy, v.flux};
  run(v, v.face.n, work);
  if (v.viscosity > 0) run(v, v.face.n, kernels::Diffusion{v.face, v.viscosity, u, v.plain_x, v.plain_y, v.flux});
  run(v, v.given.n, kernels::GivenFluxes<Burgers>{work, v.given, v.viscosity, v.plain_x, v.plain_y});
}

}  // namespace

void clearSlopes(const Volumes &v) {
  run(v, v.cells, kernels::CopyPair{nullptr, nullptr, v.gx, v.gy});
  if (v.viscosity > 0) run(v, v.cells, kernels::CopyPair{nullptr, nullptr, v.plain_x, v.plain_y});
}

void leastSquares(const Volumes &v, const double *u) {
  run(v, v.cell.n, kernels::Gradients{v.cell, u, v.gx, v.gy});
}

void limitGradients(const Volumes &v, const double *u) {
  if (v.limiter == Limiter::none) return;
  run(v, v.vertex.n, kernels::Bounds{v.vertex, u, v.low, v.high});
  run(v, v.vertex.crowds, kernels::CrowdedBounds{v.vertex, u, v.low, v.high});
  if (v.limiter == Limiter::smooth)
    limit<true>(v, u);
  else
    limit<false>(v, u);
}

void reconstruct(const Volumes &v, const double *u) {
  const bool viscous = v.viscosity > 0;
  if (!v.first_order || viscous) leastSquares(v, u);
  if (viscous) run(v, v.cell.n, kernels::CopyPair{v.gx, v.gy, v.plain_x, v.plain_y});
  if (v.first_order)
    run(v, v.cells, kernels::CopyPair{nullptr, nullptr, v.gx, v.gy});
  else
    limitGradients(v, u);
}

void fluxesAndDivergence(const Volumes &v, const double *u, double *dudt) {
  if (v.burgers)
    fluxes<true>(v, u);
  else
    fluxes<false>(v, u);
  run(v, v.cell.n, kernels::Divergence{v.cell, v.flux, dudt});
}

void speeds(const Volumes &v, const double *u) {
  if (v.burgers)
    run(v, v.face.n, kernels::Speeds<true>{v.face, v.viscosity, u, v.flux});
  else
    run(v, v.face.n, kernels::Speeds<false>{v.face, v.viscosity, u, v.flux});
}

void rates(const Volumes &v, double *rate) {
  run(v, v.cell.n, kernels::Rates{v.cell, v.flux, rate});
}

int slopeWidth(const Volumes &v) {
  return v.viscosity > 0 ? 2 * v.dim : v.dim;
}

void slopesToRows(const Volumes &v, double *rows) {
  const int width = slopeWidth(v);
  run(v, v.cell.n, kernels::ToRows{v.gx, v.gy, v.dim, width, 0, rows});
  if (width > v.dim) run(v, v.cell.n, kernels::ToRows{v.plain_x, v.plain_y, v.dim, width, v.dim, rows});
}

void slopesFromRows(const Volumes &v, int first, int last, const double *rows) {
  const int width = slopeWidth(v), n = last - first;
  rows += static_cast<std::ptrdiff_t>(width) * first;
  run(v, n, kernels::FromRows{rows, v.dim, width, 0, v.gx + first, v.gy + first});
  if (width > v.dim) run(v, n, kernels::FromRows{rows, v.dim, width, v.dim, v.plain_x + first, v.plain_y + first});
}

}  // namespace petrl::conservation
