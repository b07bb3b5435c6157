// Transport along characteristics: what a value is comes from where it was.
#pragma once

#include <cstdint>
#include <vector>

#include "problems/grid2d/field.hpp"

namespace petrl::grid2d {

/// A place on a periodic grid, in cells.
struct Place {
  double x, y;
};

/// A component of a field there, by Lagrange's polynomial of this order (3 or 5) through the points around.
double interpolate(const ConstPatch &field, int component, const Place &at, int order);

/// Where the flow that carries things to `p` within `time` takes them from: RK4 in so many steps, the velocity (two
/// components, on the unit square) interpolated.
Place departure(const ConstPatch &velocity, int order, Place p, double time, int steps);

/// A semi-Lagrangian step of a velocity that does not change (Staniforth, Cote 1991, their section 2): the value at a
/// point is that at the place from which the flow carries it there within the step, interpolated between the points
/// around. Where that is, and the interpolation's weights, are computed once. No Courant number is too large; what is
/// carried is not conserved. Periodic unit square.
class SemiLagrangian {
 public:
  /// order: of the Lagrange interpolation, 3 or 5. velocity: two components. Places by RK4 in steps of at most a cell,
  /// with the velocity interpolated alike. Throws petrl::Error for other orders and grids narrower than the stencil.
  SemiLagrangian(const Field &velocity, int order, double dt);
  void step(Field &state);

 private:
  int n_[2], reach_;                  // points along each axis; of the stencil, to the left
  std::ptrdiff_t width_;              // of the padded copy
  std::vector<std::int32_t> corner_;  // of each point's stencil in that copy
  std::vector<double> weights_;       // order + 1 along x, then along y, of each point
  std::vector<double> padded_;
};

}  // namespace petrl::grid2d
