// Right-hand sides on a patch, vectorised.
#pragma once

#include "problems/grid2d/patch.hpp"
#include "problems/grid2d/scheme.hpp"

namespace petrl::grid2d {

/// out = beta * base + factor * f(q), f = -(u q_x + v q_y) + diffusion, component by component.
/// q: ghosted (d.radius points, d.extended: corners included), as many components as given. velocity: components 0 and
/// 1 are u and v at the same points, no ghost points needed; Burgers' equation passes q itself. base: like out; may be
/// q, not out. beta = 0 and base = q gives the right-hand side alone. d.extended: advanceExtended(), Burgers' equation
/// only. out: written at the interior points only; must not overlap q.
void advance(const Discretization &d, int components, const ConstPatch &q, const ConstPatch &velocity, double beta,
             const ConstPatch &base, double factor, const Patch &out);

/// out = (-y + w1 + 2 w2 + w3) / 3 at the interior points: what the classical Runge-Kutta scheme adds its last stage
/// to. out may be one of the others.
void combineStages(int components, const ConstPatch &y, const ConstPatch &w1, const ConstPatch &w2,
                   const ConstPatch &w3, const Patch &out);

}  // namespace petrl::grid2d
