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

/// Of component k, where the cells of all begin.
std::ptrdiff_t of(int k, int n) {
  return static_cast<std::ptrdiff_t>(k) * n;
}

template <bool Smooth>
void limit(const Volumes &v, int k, const double *u) {
  const std::ptrdiff_t first = of(k, v.cells);
  const kernels::Limit<Smooth> work{v.cell, u, v.low, v.high, v.epsilon, v.gx + first, v.gy + first};
  run(v, v.cell.n, work);
  GivenArrays given = v.given;
  given.value += of(k, given.n);
  run(v, v.given.cells, kernels::LimitAtBoundary<Smooth>{work, v.face.left, given});
}

template <bool Burgers>
void fluxes(const Volumes &v, const double *u) {
  const kernels::Fluxes<Burgers> work{v.face, u, v.gx, v.gy, v.flux};
  run(v, v.face.n, work);
  if (v.viscosity > 0) run(v, v.face.n, kernels::Diffusion{v.face, v.viscosity, u, v.plain_x, v.plain_y, v.flux});
  run(v, v.given.n, kernels::GivenFluxes<Burgers>{work, v.given, v.viscosity, v.plain_x, v.plain_y});
}

void gasFluxes(const Volumes &v, const double *u) {
  const kernels::GasFluxes work{v.face, v.cells, v.gamma, u, v.gx, v.gy, v.flux};
  run(v, v.face.n, work);
  run(v, v.given.n, kernels::GivenGasFluxes{work, v.given});
}

}  // namespace

const double *reconstructed(const Volumes &v, const double *u) {
  if (!v.gas) return u;
  run(v, v.cells, kernels::Primitives{v.cells, v.gamma, u, v.primitive});
  return v.primitive;
}

void clearSlopes(const Volumes &v) {
  run(v, v.components * v.cells, kernels::CopyPair{nullptr, nullptr, v.gx, v.gy});
  if (v.viscosity > 0) run(v, v.cells, kernels::CopyPair{nullptr, nullptr, v.plain_x, v.plain_y});
}

void leastSquares(const Volumes &v, const double *u) {
  for (int k = 0; k < v.components; ++k) {
    const std::ptrdiff_t first = of(k, v.cells);
    run(v, v.cell.n, kernels::Gradients{v.cell, u + first, v.gx + first, v.gy + first});
  }
}

void limitGradients(const Volumes &v, const double *u) {
  if (v.limiter == Limiter::none) return;
  for (int k = 0; k < v.components; ++k) {
    const double *const one = u + of(k, v.cells);
    run(v, v.vertex.n, kernels::Bounds{v.vertex, one, v.low, v.high});
    run(v, v.vertex.crowds, kernels::CrowdedBounds{v.vertex, one, v.low, v.high});
    if (v.limiter == Limiter::smooth)
      limit<true>(v, k, one);
    else
      limit<false>(v, k, one);
  }
}

void toContentsSlopes(const Volumes &v, const double *u) {
  run(v, v.cell.n, kernels::ContentsSlopes{v.cell, v.cells, v.gamma, u, v.gx, v.gy});
}

void reconstruct(const Volumes &v, const double *u) {
  const bool viscous = v.viscosity > 0;
  if (!v.first_order || viscous) leastSquares(v, u);
  if (viscous) run(v, v.cell.n, kernels::CopyPair{v.gx, v.gy, v.plain_x, v.plain_y});
  if (v.first_order)
    run(v, v.components * v.cells, kernels::CopyPair{nullptr, nullptr, v.gx, v.gy});
  else
    limitGradients(v, u);
  if (v.gas && v.limiter != Limiter::sharp) run(v, v.cell.n, kernels::KeepPositive{v.cell, v.cells, u, v.gx, v.gy});
}

void fluxesAndDivergence(const Volumes &v, const double *u, double *dudt) {
  if (v.gas)
    gasFluxes(v, u);
  else if (v.burgers)
    fluxes<true>(v, u);
  else
    fluxes<false>(v, u);
  for (int k = 0; k < v.components; ++k)
    run(v, v.cell.n, kernels::Divergence{v.cell, v.flux + of(k, v.face.n), dudt + of(k, v.cell.n)});
}

void speeds(const Volumes &v, const double *u) {
  if (v.gas)
    run(v, v.face.n, kernels::GasSpeeds{v.face, v.cells, v.gamma, u, v.flux});
  else if (v.burgers)
    run(v, v.face.n, kernels::Speeds<true>{v.face, v.viscosity, u, v.flux});
  else
    run(v, v.face.n, kernels::Speeds<false>{v.face, v.viscosity, u, v.flux});
}

void rates(const Volumes &v, double *rate) {
  run(v, v.cell.n, kernels::Rates{v.cell, v.flux, rate});
}

int slopeWidth(const Volumes &v) {
  return (v.viscosity > 0 ? 2 : 1) * v.components * v.dim;
}

void slopesToRows(const Volumes &v, double *rows) {
  const int width = slopeWidth(v);
  for (int k = 0; k < v.components; ++k)
    run(v, v.cell.n, kernels::ToRows{v.gx + of(k, v.cells), v.gy + of(k, v.cells), v.dim, width, k * v.dim, rows});
  if (v.viscosity > 0) run(v, v.cell.n, kernels::ToRows{v.plain_x, v.plain_y, v.dim, width, v.dim, rows});
}

void slopesFromRows(const Volumes &v, int first, int last, const double *rows) {
  const int width = slopeWidth(v), n = last - first;
  rows += static_cast<std::ptrdiff_t>(width) * first;
  for (int k = 0; k < v.components; ++k) {
    const std::ptrdiff_t at = of(k, v.cells) + first;
    run(v, n, kernels::FromRows{rows, v.dim, width, k * v.dim, v.gx + at, v.gy + at});
  }
  if (v.viscosity > 0) run(v, n, kernels::FromRows{rows, v.dim, width, v.dim, v.plain_x + first, v.plain_y + first});
}

}  // namespace petrl::conservation
