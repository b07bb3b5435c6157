// Spatial schemes by name, as stencil coefficients.
#pragma once

#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "problems/grid2d/field.hpp"

namespace petrl::grid2d {

/// What a user chooses.
struct Scheme {
  std::string advection = "upwind1";  ///< one of advectionSchemes()
  std::string integrator = "euler";   ///< euler | rk4 | semi-lagrangian (see there; prescribed velocity only)
  int diffusion_order = 2;            ///< 2 | 4 | 6, of central second differences
  /// upwind1 looks against the sign of what is differentiated, not against the velocity that carries it: the numerics of
  /// the published code of "Closure-RL" (`upwind: transported`). Where the two signs differ it diffuses backwards.
  bool transported = false;
  double viscosity = 0;  ///< nu of nu (q_xx + q_yy)
  /// Spacing h_f of a finer first-order upwind grid whose own numerical diffusion |u| h_f/2 q_xx + |v| h_f/2 q_yy is
  /// added (its modified equation: an analytic closure). 0: none.
  double modified = 0;
  /// With it (`modified: extended`): what else the finer grid and the averaging to this one do to Burgers' equation,
  /// see extended.hpp. For upwind5 only.
  bool extended = false;
  double fine_dt = 0;  ///< time step of the finer grid's forward Euler scheme; `extended` needs it
  /// Factor on the sixth difference that upwind5 dissipates by (fitted9, fitted11: on their share of it). 0: central,
  /// and nothing holds what the grid does not resolve.
  double dissipation = 1;
  /// Coarsening ratio that fitted9 and fitted11 imitate: the central differences of a grid so many times finer.
  double ratio = 4;
};

/// upwind1, upwind2, upwind5, central2, weno5 (Hamilton-Jacobi; Jiang, Peng 2000), fitted9, fitted11; with the integrator
/// semi-lagrangian, and only with it, cubic and quintic: how it interpolates (not in the list).
const std::vector<std::string> &advectionSchemes();

/// One axis: u q_x is  u sum_k a_k (q_{+k} - q_{-k}) - |u| sum_k s_k (q_{+k} + q_{-k} - 2 q_0), the diffusive term
/// sum_k d_k (q_{+k} + q_{-k} - 2 q_0). Entry k - 1 belongs to offset k. Every linear upwind scheme has this form: an
/// antisymmetric stencil and a dissipation. A constant gives exactly zero.
struct Axis {
  double antisymmetric[kGhost] = {}, dissipation[kGhost] = {}, diffusion[kGhost] = {};
  double inverse_h = 1;
};

/// A scheme on a grid: what the kernels use.
struct Discretization {
  int radius = 1;            ///< ghost points needed
  bool weno = false;         ///< advection is nonlinear; `dissipation` then only holds the modified equation's
  bool diffuses = false;     ///< any entry of `diffusion` is not 0
  bool transported = false;  ///< see Scheme
  bool extended = false;     ///< advanceExtended() and its terms: box variances and half the fine grid's time step
  double subfilter_x = 0, subfilter_y = 0, half_fine_dt = 0;
  Axis x, y;
};

/// Coefficients of a scheme on a grid with spacings hx, hy. Throws petrl::Error naming an unknown scheme or order,
/// or what does not go together.
Discretization discretize(const Scheme &scheme, double hx, double hy);

/// Coefficients a_1 .. a_radius of an antisymmetric first-derivative stencil on a grid of spacing 1, least-squares
/// fitted for 0 < theta <= 2 to the modified wavenumber ratio * sin(theta / ratio) of central differences on a grid
/// `ratio` times finer, among those that are exact for linear functions (without that the longest waves travel 1 to 2 %
/// too slowly).
std::vector<double> fittedStencil(int radius, double ratio);

/// Reads the keys scheme, upwind (advecting | transported), integrator, diffusion_order (default 2; with modified: extended 6), modified (false | true |
/// extended; uses fine_h) and dissipation of a section. fine_dt: see Scheme; who leaves it out sets it later.
Scheme readScheme(YamlMap &yaml, double viscosity, double fine_h, double ratio, double fine_dt = 0);

}  // namespace petrl::grid2d
