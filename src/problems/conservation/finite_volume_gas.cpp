// FiniteVolume: time steps of a gas, whose density and pressure stay positive.
#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "problems/conservation/finite_volume.hpp"
#include "problems/conservation/kernels.hpp"
#include "problems/conservation/volumes.hpp"

namespace petrl::conservation {

bool FiniteVolume::setPrimitives(const double *u) {
  const double *const w = reconstructed(arrays(), u);
  return positive(cells_, w) && positive(cells_, w + 3 * static_cast<std::ptrdiff_t>(cells_));
}

bool FiniteVolume::gasStep(const double *u, double t, double dt, int order, bool first_order) {
  const int n = law_.components() * owned_;
  double *const dudt = dudt_.data(), *const stage = stage_.data();
  const auto rate = [&](double when) {
    Volumes v = arraysAt(when);
    v.first_order = v.first_order || first_order;
    reconstruct(v, v.primitive);
    fluxesAndDivergence(v, v.primitive, dudt);
  };
  rate(t);
  combine(n, 0, u, 1, u, dt, dudt, stage);
  if (!setPrimitives(stage)) return false;
  rate(t + dt);
  if (order == 2) {
    combine(n, 0.5, u, 0.5, stage, dt, dudt, stage);
  } else {
    combine(n, 0.75, u, 0.25, stage, dt, dudt, stage);
    if (!setPrimitives(stage)) return false;
    rate(t + 0.5 * dt);
    combine(n, 1. / 3, u, 2. / 3, stage, dt, dudt, stage);
  }
  return setPrimitives(stage);
}

Advance FiniteVolume::advanceGas(double *u, double t, double t_end, double cfl, int order) {
  Advance done;
  const auto refuse = [] {
    throw Error("FiniteVolume::advance: density and pressure of the gas are not positive, or not finite", PETSC_ERR_FP);
  };
  if (t < t_end && !setPrimitives(u)) refuse();
  while (t < t_end) {
    const Volumes v = arrays();
    speeds(v, v.primitive);
    const double rate = fastest(owned_, {v.cell, v.flux, nullptr});
    // Equal steps to the end; one as short as rounding is none.
    const double steps = std::max(1., std::ceil((t_end - t) * rate / cfl * (1 - 1e-12)));
    if (!(steps < 1e8)) throw Error("FiniteVolume::advance: the stable step has become tiny", PETSC_ERR_FP);
    double dt = (t_end - t) / steps;
    bool last = steps == 1;
    if (!gasStep(u, t, dt, order, false)) {
      setPrimitives(u);
      dt *= 0.5, last = false;
      if (!gasStep(u, t, dt, order, true)) refuse();
      ++done.rescued;
    }
    std::copy(stage_.begin(), stage_.end(), u);
    ++done.steps;
    done.cell_steps += owned_;
    t = last ? t_end : t + dt;
  }
  return done;
}

}  // namespace petrl::conservation
