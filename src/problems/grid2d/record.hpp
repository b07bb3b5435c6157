// One coarse step on a tape: what a closure's loss is differentiated through.
#pragma once

#include "learn/engine/tape.hpp"
#include "problems/grid2d/scheme.hpp"

namespace petrl::grid2d {

/// The state after one step of dt, as Stepper::step() has it but in float32.
/// velocity: two channels, prescribed: a constant to which no gradient flows; Var{} for Burgers' equation, where the
/// state's first two channels are the velocity and gradients flow through it as well.
/// d: discretize() for the tape's grid. Throws petrl::Error for WENO, whose weights are not differentiable here, and
/// for grids narrower than the stencil.
tape::Var recordStep(tape::Tape &tape, const Discretization &d, bool rk4, tape::Var state, tape::Var velocity,
                     double dt);

}  // namespace petrl::grid2d
