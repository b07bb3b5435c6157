// Explicit time stepping of a whole periodic grid on one process; nothing is allocated per step.
#pragma once

#include <memory>

#include "problems/grid2d/kernels.hpp"
#include "problems/grid2d/semi_lagrangian.hpp"

namespace petrl::grid2d {

/// A scheme, a grid of the unit square and a time step.
class Stepper {
 public:
  /// components: of the state. Throws petrl::Error naming an unknown scheme or integrator.
  Stepper(const Scheme &scheme, int components, int nx, int ny, double dt);
  /// Transport by a velocity that does not change (two components, same grid). Without it the state's first two
  /// components are the velocity (Burgers' equation). Throws petrl::Error where the scheme needs that.
  void setVelocity(const Field &velocity);
  /// One step of dt. The state's ghost points are overwritten.
  void step(Field &state);
  double dt() const { return dt_; }

 private:
  void stage(Field &q, double beta, const Field &base, double factor, Field &out);
  void prescribedRk4(Field &state);
  void rk4(Field &state);

  Discretization discretization_;
  int components_;
  double dt_;
  bool rk4_ = false, prescribed_ = false;
  Field velocity_, w1_, w2_, w3_;
  int order_ = 0;  // of interpolation; 0: not semi-Lagrangian
  std::shared_ptr<SemiLagrangian> along_;
};

}  // namespace petrl::grid2d
