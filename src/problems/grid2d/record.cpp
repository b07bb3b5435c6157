#include "problems/grid2d/record.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "problems/grid2d/extended.hpp"

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

// A central difference of sixth order in the form that Tape::stencil() takes; sign: of q_{-k}.
std::vector<float> central(const double (&k)[3], double sign, double factor) {
  const auto side = [&](double of) {
    return std::vector<float>{static_cast<float>(of * k[2]), static_cast<float>(of * k[1]),
                              static_cast<float>(of * k[0])};
  };
  std::vector<float> out = side(sign * factor);
  const std::vector<float> ahead = side(factor);
  out.push_back(static_cast<float>(sign > 0 ? -2 * factor * (k[0] + k[1] + k[2]) : 0));
  out.insert(out.end(), ahead.rbegin(), ahead.rend());
  return out;
}

class Recorder {
 public:
  Recorder(Tape &tape, const Discretization &d, Var velocity)
      : tape_(tape),
        d_(d),
        x_(coefficients(d.x, d.radius)),
        y_(coefficients(d.y, d.radius)),
        prescribed_(velocity.id >= 0) {
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
    if (d_.extended) extend(terms, factor, q, u, v);
    return tape_.combine(terms);
  }

 private:
  // What advanceExtended() has beyond transport: the same products of derivatives for both components.
  void extend(Terms &terms, double factor, Var q, Var u, Var v) {
    const double hx = d_.x.inverse_h, hy = d_.y.inverse_h;
    const std::vector<float> first_y = central(kFirst, -1, hy);
    const Var x = tape_.stencil(q, central(kFirst, -1, hx), 0), y = tape_.stencil(q, first_y, 1);
    const Var xy = tape_.stencil(x, first_y, 1);
    const Var xx = tape_.stencil(q, central(kSecond, 1, hx * hx), 0);
    const Var yy = tape_.stencil(q, central(kSecond, 1, hy * hy), 1);
    const Var u_x = tape_.slice(x, 0, 1), v_x = tape_.slice(x, 1, 1), u_y = tape_.slice(y, 0, 1),
              v_y = tape_.slice(y, 1, 1);
    // (u u_x + v u_y, u v_x + v v_y)
    const Var a = tape_.combine({{1.f, tape_.multiply(x, u)}, {1.f, tape_.multiply(y, v)}});
    // Line by line what multiplies w_xx, w_xy, w_yy.
    const auto sx = static_cast<float>(d_.subfilter_x), sy = static_cast<float>(d_.subfilter_y),
               tau = static_cast<float>(d_.half_fine_dt), minus = static_cast<float>(-factor);
    const Var of_xx = tape_.combine({{sx, u_x}, {tau, tape_.multiply(u, u)}});
    const Var of_xy = tape_.combine({{sx, v_x}, {sy, u_y}, {2 * tau, tape_.multiply(u, v)}});
    const Var of_yy = tape_.combine({{sy, v_y}, {tau, tape_.multiply(v, v)}});
    terms.emplace_back(minus, tape_.multiply(xx, of_xx));
    terms.emplace_back(minus, tape_.multiply(xy, of_xy));
    terms.emplace_back(minus, tape_.multiply(yy, of_yy));
    terms.emplace_back(2 * tau * minus, tape_.multiply(x, tape_.slice(a, 0, 1)));
    terms.emplace_back(2 * tau * minus, tape_.multiply(y, tape_.slice(a, 1, 1)));
  }

  Tape &tape_;
  const Discretization &d_;
  tape::TransportAxis x_, y_;
  bool prescribed_;
  Var u_, v_;
};

}  // namespace

Var recordStep(Tape &tape, const Discretization &d, bool rk4, Var state, Var velocity, double dt) {
  if (d.weno) throw Error("weno5 is not differentiable here", PETSC_ERR_SUP);
  if (d.transported) throw Error("upwind: transported is not differentiable here", PETSC_ERR_SUP);
  if (std::min(tape.nx(), tape.ny()) < d.radius) {
    throw Error("a step on a grid of " + std::to_string(tape.nx()) + " x " + std::to_string(tape.ny()) +
                    " points cannot be recorded: the scheme reaches " + std::to_string(d.radius) + " points far",
                PETSC_ERR_SUP);
  }
  checkExtended(d, tape.channels(state), velocity.id >= 0);
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

}  // namespace petrl::grid2d
