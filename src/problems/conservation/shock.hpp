// A planar shock that runs into bubbles of other densities.
#pragma once

#include <vector>

#include "problems/conservation/gas.hpp"
#include "problems/conservation/grid_fields.hpp"
#include "problems/conservation/law.hpp"
#include "problems/conservation/profile.hpp"
#include "problems/conservation/truth.hpp"

namespace petrl::conservation {

/// A shock of this Mach number into gas at rest, along a direction of length 1; at t = 0 it is where x . direction =
/// front.
struct PlanarShock {
  double mach = 2, direction[2] = {1, 0}, front = 0;
  Gas<double> ahead = {1, 0, 0, 1};
  double gamma = 1.4;

  double speed() const { return mach * soundOf(ahead, gamma); }
  /// By the conditions of Rankine and Hugoniot.
  Gas<double> behind() const;
  bool passed(double t, const double *x) const {
    return x[0] * direction[0] + x[1] * direction[1] < front + speed() * t;
  }
  /// What would be there without bubbles: density, momentum, energy.
  void state(double t, const double *x, double *u) const;
};

/// Bubbles at the pressure of the gas ahead, on [0, length]^2, whose boundary sees the shock alone. At t = 0 exact; at
/// times beyond it a reference on points^2 cells: MUSCL of density, velocity and pressure with the monotonised central
/// limiter, HLLC's flux, SSP Runge-Kutta of order 2, in float32. It runs once, when a time beyond 0 is first asked
/// for, and keeps the density.
class ShockTruth : public Truth {
 public:
  /// density: the bubbles' beside the mean ahead of the shock. times: increasing, > 0. Throws petrl::Error for what it
  /// cannot do.
  ShockTruth(const PlanarShock &shock, Profile density, int points, std::vector<double> times);
  int components() const override { return 4; }
  void values(double t, int n, const double *x, double *out) const override { component(0, t, n, x, out); }
  /// Throws petrl::Error where t is none of the times; beyond t = 0 for others than the density.
  void component(int k, double t, int n, const double *x, double *out) const override;
  double sharpness(double t, const double *x, double radius) const override;

 private:
  void run() const;

  PlanarShock shock_;
  Profile density_;
  int points_;
  std::vector<double> times_;
  mutable GridFields fields_;
};

}  // namespace petrl::conservation
