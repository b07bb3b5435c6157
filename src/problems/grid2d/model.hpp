// A closure problem: a fine grid that is the truth, and coarse grids that shall follow it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "problems/grid2d/fine.hpp"
#include "problems/grid2d/stepper.hpp"

namespace petrl::grid2d {

/// One initial condition on the fine grid; dense arrays, x fastest.
struct Case {
  std::vector<double> state;     ///< components x n x n
  std::vector<double> velocity;  ///< u, then v, each n x n; empty where the state is the velocity
};

/// Sizes and steps of a problem on the periodic unit square.
struct Sizes {
  int n = 64;               ///< coarse points a side
  int ratio = 4;            ///< fine points a coarse one, each direction
  int substeps = 4;         ///< fine steps a coarse one
  double dt_factor = 0.25;  ///< coarse time step over coarse spacing
  int fine() const { return n * ratio; }
  double dt() const { return dt_factor / n; }
};

class Model {
 public:
  Model(const Sizes &sizes, int components, double viscosity)
      : sizes_(sizes), components_(components), viscosity_(viscosity) {}
  virtual ~Model() = default;
  const Sizes &sizes() const { return sizes_; }
  int components() const { return components_; }
  double viscosity() const { return viscosity_; }

  virtual std::unique_ptr<FineSolver> fine(const Case &c) const = 0;
  /// The fine state on an n x n grid (n divides the fine one): components x n x n into `coarse`.
  virtual void restrictTo(int n, const ConstPatch &fine, double *coarse) const = 0;
  /// What errors and rewards are relative to, from the restricted fine state (components x points x points).
  virtual double scale(const std::vector<double> &target) const = 0;

  /// A case's velocity on an n x n grid by injection (as the state where there is none): two components.
  Field velocity(const Case &c, int n) const;
  /// The restricted initial state.
  std::vector<double> initial(const Case &c, int n) const;
  /// A coarse solver of a case. Throws petrl::Error for an unknown scheme, or if n does not divide the fine grid.
  Stepper stepper(const Case &c, const Scheme &scheme, int n, double dt) const;

  /// Mean over the points of the absolute differences, summed over the components, over scale(target).
  double relativeError(const std::vector<double> &state, const std::vector<double> &target) const;
  /// Largest over the components of |mean(state) - mean(target)| over mean |target|.
  double massError(const std::vector<double> &state, const std::vector<double> &target) const;

 protected:
  void checkDivides(int n) const;
  Sizes sizes_;
  int components_;
  double viscosity_;
};

}  // namespace petrl::grid2d
