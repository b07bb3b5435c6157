// The ground truth of the benchmark: the WENO scheme under an adaptive fifth-order integrator.
#pragma once

#include "problems/nonlinear1d/weno.hpp"

namespace petrl::nonlinear1d {

/// Dormand-Prince 5(4), local extrapolation, steps that end on every level asked for.
class DormandPrince {
 public:
  /// Largest local error per step of absolute + relative |u|.
  DormandPrince(const Nonlinear1DCase &pde, int n, bool means, double relative, double absolute);
  /// From u (n values) at time t to time `end`, in place. Throws petrl::Error when steps become too small (blow-up).
  void advance(double t, double end, double *u);
  /// Steps taken and refused since the start.
  long steps() const { return steps_; }
  long refused() const { return refused_; }

 private:
  double error(double h, const double *u, const double *fresh) const;
  Weno<double> weno_;
  double relative_, absolute_, step_ = 0;
  long steps_ = 0, refused_ = 0;
  Row<double> u_, stage_;
  Row<double> k_[7];
};

/// A whole trajectory from u(0, x) = delta(0, x): out is kLevels x n.
void solveTrajectory(const Nonlinear1DCase &pde, int n, bool means, double relative, double absolute, double *out);

}  // namespace petrl::nonlinear1d
