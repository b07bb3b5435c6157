// A reference for laws without a usable exact solution: the same law on a fine structured grid.
#pragma once

#include <memory>
#include <vector>

#include "problems/conservation/grid_fields.hpp"
#include "problems/conservation/law.hpp"
#include "problems/conservation/profile.hpp"
#include "problems/conservation/truth.hpp"

namespace petrl::conservation {

/// Burgers on the periodic [0, length]^dim: MUSCL with the monotonised central limiter, Godunov's flux, central
/// diffusion, SSP Runge-Kutta of order 2, in float32 on points^dim cells. Runs once, when a time beyond 0 is first
/// asked for, and keeps the fields of the times it was made for; between points it is linear. At t = 0 it is the
/// profile itself.
class GridTruth : public Truth {
 public:
  /// times: increasing, > 0. Throws petrl::Error for laws that it cannot do.
  GridTruth(Profile start, const Law &law, int points, std::vector<double> times);
  /// Throws petrl::Error where t is none of the times.
  void values(double t, int n, const double *x, double *out) const override;
  double sharpness(double t, const double *x, double radius) const override;

 private:
  void run() const;

  Profile start_;
  float ax_, ay_;
  double viscosity_;
  int points_;
  std::vector<double> times_;
  mutable GridFields fields_;
};

}  // namespace petrl::conservation
