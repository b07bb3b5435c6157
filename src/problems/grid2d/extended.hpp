// The right-hand side of Burgers' equation as a first-order upwind Euler scheme on a finer grid and its averaging to
// this one make it: an analytic closure.
#pragma once

#include "problems/grid2d/patch.hpp"
#include "problems/grid2d/scheme.hpp"

namespace petrl::grid2d {

/// out = beta * base + factor * f(q) for both components w of q = (u, v), with
///   f = -(u w_x + v w_y) + nu (w_xx + w_yy)
///       + h_f/2 (|u| w_xx + |v| w_yy)                                     (fine grid: upwind differences)
///       - sigma_x^2 (u_x w_xx + v_x w_xy) - sigma_y^2 (u_y w_xy + v_y w_yy)  (averaging: unresolved transport)
///       - dt_f/2 (u^2 w_xx + 2 u v w_xy + v^2 w_yy + 2 a . grad w),          (fine grid: forward Euler)
/// a = (u u_x + v u_y, u v_x + v v_y). The second and fourth lines are the leading terms of the modified equation of
/// the fine scheme (Warming, Hyett, J. Comput. Phys. 14, 159, 1974), w_tt of the last written with Burgers' equation
/// itself, without its viscosity. The third is the gradient model of the transport by what a box mean of variance
/// sigma^2 per direction removes (Clark, Ferziger, Reynolds, J. Fluid Mech. 91, 1, 1979). Derivatives: sixth-order
/// central differences, and the scheme's dissipation and diffusion.
///
/// q: kGhostExtended ghost points, corners included. Others as for advance().
void advanceExtended(const Discretization &d, const ConstPatch &q, double beta, const ConstPatch &base, double factor,
                     const Patch &out);

/// Throws petrl::Error if a scheme is extended and the state is not a velocity that carries itself.
void checkExtended(const Discretization &d, int components, bool prescribed);

constexpr int kGhostExtended = 3;  ///< ghost points that advanceExtended() reads
/// Central differences of sixth order for a spacing of 1: sum k (q_{+k} - q_{-k}), sum k (q_{+k} + q_{-k} - 2 q_0).
constexpr double kFirst[3] = {45. / 60, -9. / 60, 1. / 60};
constexpr double kSecond[3] = {270. / 180, -27. / 180, 2. / 180};

}  // namespace petrl::grid2d
