// An ideal gas: its states, and what passes a face (Euler's equations). In any precision: references use float.
#pragma once

#include <cmath>

#include "base/clones.hpp"

namespace petrl::conservation {

/// What is reconstructed: density, velocity, pressure.
template <class Real>
struct Gas {
  Real rho, vx, vy, p;
};

/// What is conserved: mass, momentum, energy, by volume; and their fluxes.
template <class Real>
struct GasContents {
  Real mass, x, y, energy;
};

template <class Real>
PETRL_INLINE GasContents<Real> contentsOf(const Gas<Real> &g, Real gamma) {
  return {g.rho, g.rho * g.vx, g.rho * g.vy, g.p / (gamma - 1) + Real(0.5) * g.rho * (g.vx * g.vx + g.vy * g.vy)};
}

template <class Real>
PETRL_INLINE Gas<Real> gasOf(const GasContents<Real> &c, Real gamma) {
  const Real volume = 1 / c.mass, vx = c.x * volume, vy = c.y * volume;
  return {c.mass, vx, vy, (gamma - 1) * (c.energy - Real(0.5) * (c.x * vx + c.y * vy))};
}

template <class Real>
PETRL_INLINE Real soundOf(const Gas<Real> &g, Real gamma) {
  return std::sqrt(gamma * g.p / g.rho);
}

/// The flux of HLLC (Toro, Spruce, Speares 1994) through a face with unit normal (nx, ny), left to right, with wave speeds
/// that Roe's averages bound: contacts and isolated shocks are exact, densities and pressures stay positive (Batten,
/// Clarke, Lambert, Causon 1997).
template <class Real>
PETRL_INLINE GasContents<Real> hllc(const Gas<Real> &l, const Gas<Real> &r, Real nx, Real ny, Real gamma) {
  const Real half = Real(0.5);
  const Real ul = l.vx * nx + l.vy * ny, ur = r.vx * nx + r.vy * ny;
  const Real al = gamma * l.p / l.rho, ar = gamma * r.p / r.rho;
  const Real q = std::sqrt(r.rho / l.rho), w = 1 / (1 + q);
  const Real mean = w * (ul + q * ur);
  const Real sound = std::sqrt(w * (al + q * ar) + half * (gamma - 1) * w * w * q * (ur - ul) * (ur - ul));
  const Real bl = ul - std::sqrt(al), br = ur + std::sqrt(ar);
  const Real sl = bl < mean - sound ? bl : mean - sound, sr = br > mean + sound ? br : mean + sound;
  const Real ml = l.rho * (sl - ul), mr = r.rho * (sr - ur);
  const Real s = (r.p - l.p + ml * ul - mr * ur) / (ml - mr);
  // What comes from the side that the contact leaves behind.
  const bool left = s > 0;
  const Real rho = left ? l.rho : r.rho, vx = left ? l.vx : r.vx, vy = left ? l.vy : r.vy, p = left ? l.p : r.p;
  const Real u = left ? ul : ur, m = left ? ml : mr, outer = left ? sl : sr;
  const Real speed = left ? (sl < 0 ? sl : 0) : (sr > 0 ? sr : 0);
  const Real energy = p / (gamma - 1) + half * rho * (vx * vx + vy * vy);
  const Real between = m / (outer - s), d = s - u;
  return {rho * u + speed * (between - rho), rho * u * vx + p * nx + speed * (between * (vx + d * nx) - rho * vx),
          rho * u * vy + p * ny + speed * (between * (vy + d * ny) - rho * vy),
          u * (energy + p) + speed * (between * (energy / rho + d * (s + p / m)) - energy)};
}

}  // namespace petrl::conservation
