#include "problems/grid2d/stepper.hpp"

#include "base/error.hpp"
#include "problems/grid2d/extended.hpp"

namespace petrl::grid2d {

Stepper::Stepper(const Scheme &scheme, int components, int nx, int ny, double dt)
    : discretization_(discretize(scheme, 1. / nx, 1. / ny)),
      components_(components),
      dt_(dt),
      rk4_(scheme.integrator == "rk4"),
      w1_(components, nx, ny) {
  if (scheme.integrator == "semi-lagrangian") {
    order_ = scheme.advection == "cubic" ? 3 : 5;
  } else if (!rk4_ && scheme.integrator != "euler") {
    throw Error("integrator '" + scheme.integrator + "' is unknown; expected euler, rk4 or semi-lagrangian",
                PETSC_ERR_ARG_UNKNOWN_TYPE);
  }
  checkExtended(discretization_, components, false);
  if (rk4_) w2_ = Field(components, nx, ny), w3_ = Field(components, nx, ny);
}

void Stepper::setVelocity(const Field &velocity) {
  checkExtended(discretization_, components_, true);
  prescribed_ = true;
  velocity_ = velocity;
  if (order_ > 0) along_ = std::make_shared<SemiLagrangian>(velocity, order_, dt_);
}

void Stepper::stage(Field &q, double beta, const Field &base, double factor, Field &out) {
  q.fillGhosts(discretization_.radius, discretization_.extended ? discretization_.radius : 0);
  const Field &in = q;
  const Field &velocity = prescribed_ ? velocity_ : in;
  advance(discretization_, components_, in.patch(), velocity.patch(), beta, base.patch(), factor, out.patch());
}

void Stepper::step(Field &state) {
  if (order_ > 0) {
    if (!along_) throw Error("semi-lagrangian: needs a velocity that is prescribed", PETSC_ERR_SUP);
    along_->step(state);
  } else if (!rk4_) {
    stage(state, 1, state, dt_, w1_);
    state.swap(w1_);
  } else if (prescribed_ && !discretization_.weno) {
    prescribedRk4(state);
  } else {
    rk4(state);
  }
}

// For a linear right-hand side that does not change in time every four-stage fourth-order scheme is the Taylor
// polynomial y + dt L (y + dt/2 L (y + dt/3 L (y + dt/4 L y))): no stage has to be kept.
void Stepper::prescribedRk4(Field &state) {
  stage(state, 1, state, dt_ / 4, w1_);
  stage(w1_, 1, state, dt_ / 3, w2_);
  stage(w2_, 1, state, dt_ / 2, w1_);
  stage(w1_, 1, state, dt_, w2_);
  state.swap(w2_);
}

// The stages w1 = y + dt/2 k1, w2 = y + dt/2 k2, w3 = y + dt k3 are kept instead of the slopes:
// y + dt/6 (k1 + 2 k2 + 2 k3 + k4) = (-y + w1 + 2 w2 + w3) / 3 + dt/6 k4.
void Stepper::rk4(Field &state) {
  stage(state, 1, state, dt_ / 2, w1_);
  stage(w1_, 1, state, dt_ / 2, w2_);
  stage(w2_, 1, state, dt_, w3_);
  const Field &y = state, &a = w1_, &b = w2_, &c = w3_;
  // Point by point, so the sum may take the place of one of its terms' storage.
  combineStages(components_, y.patch(), a.patch(), b.patch(), c.patch(), state.patch());
  stage(w3_, 1, state, dt_ / 6, w1_);
  state.swap(w1_);
}

}  // namespace petrl::grid2d
