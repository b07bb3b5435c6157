#include "problems/grid2d/record.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace petrl::grid2d {

namespace {

using tape::Tape;
using tape::Var;
using Terms = std::vector<std::pair<float, Var>>;

tape::TransportAxis coefficients(const Axis &axis, int radius) {
  return {{axis.antisymmetric, axis.antisymmetric + radius},
          {axis.dissipation, axis.dissipation + radius},
          {axis.diffusion, axis.diffusion + radius}};
}

class Recorder {
 public:
  Recorder(Tape &tape, const Discretization &d, Var velocity)
      : tape_(tape), x_(coefficients(d.x, d.radius)), y_(coefficients(d.y, d.radius)), prescribed_(velocity.id >= 0) {
    if (!prescribed_) return;
    // Inputs, not slices: nothing is then spent on a gradient that nobody wants.
    u_ = tape_.input(tape_.value(velocity), 1);
    v_ = tape_.input(tape_.value(velocity) + tape_.points(), 1);
  }
  bool prescribed() const { return prescribed_; }

  // `terms` + factor f(q).
  Var stage(Terms terms, double factor, Var q) {
    const Var u = prescribed_ ? u_ : tape_.slice(q, 0, 1), v = prescribed_ ? v_ : tape_.slice(q, 1, 1);
    terms.emplace_back(static_cast<float>(factor), tape_.transport(q, u, x_, 0));
    terms.emplace_back(static_cast<float>(factor), tape_.transport(q, v, y_, 1));
    return tape_.combine(terms);
  }

 private:
  Tape &tape_;
  tape::TransportAxis x_, y_;
  bool prescribed_;
  Var u_, v_;
};

}  // namespace

Var recordStep(Tape &tape, const Discretization &d, bool rk4, Var state, Var velocity, double dt) {
  if (d.weno) throw Error("weno5 is not differentiable here", PETSC_ERR_SUP);
  if (std::min(tape.nx(), tape.ny()) < d.radius) {
    throw Error("a step on a grid of " + std::to_string(tape.nx()) + " x " + std::to_string(tape.ny()) +
                    " points cannot be recorded: the scheme reaches " + std::to_string(d.radius) + " points far",
                PETSC_ERR_SUP);
  }
  Recorder recorder(tape, d, velocity);
  if (!rk4) return recorder.stage({{1.f, state}}, dt, state);
  if (recorder.prescribed()) {
    // See Stepper::prescribedRk4().
    Var w = state;
    for (int k = 4; k > 0; --k) w = recorder.stage({{1.f, state}}, dt / k, w);
    return w;
  }
  // See Stepper::rk4().
  const Var w1 = recorder.stage({{1.f, state}}, dt / 2, state);
  const Var w2 = recorder.stage({{1.f, state}}, dt / 2, w1);
  const Var w3 = recorder.stage({{1.f, state}}, dt, w2);
  constexpr float third = 1.f / 3;
  return recorder.stage({{-third, state}, {third, w1}, {2 * third, w2}, {third, w3}}, dt / 6, w3);
}

Var recordStep(Tape &tape, const Scheme &scheme, Var state, Var velocity, double dt) {
  if (scheme.integrator != "euler" && scheme.integrator != "rk4") {
    throw Error("integrator '" + scheme.integrator + "' is unknown; expected euler or rk4", PETSC_ERR_ARG_UNKNOWN_TYPE);
  }
  return recordStep(tape, discretize(scheme, 1. / tape.nx(), 1. / tape.ny()), scheme.integrator == "rk4", state,
                    velocity, dt);
}

}  // namespace petrl::grid2d
