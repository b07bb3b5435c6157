#include "problems/conservation/finite_volume.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "problems/conservation/gas.hpp"
#include "problems/conservation/kernels.hpp"
#include "problems/conservation/volumes.hpp"

namespace petrl::conservation {

namespace {

std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

}  // namespace

FiniteVolume::FiniteVolume(const CellMesh &mesh, Law law, std::vector<BoundaryValue> boundary,
                           FiniteVolumeSettings settings)
    : law_(std::move(law)), boundary_(std::move(boundary)), settings_(settings) {
  const bool gas = law_.kind == Law::Kind::gas;
  if (law_.viscosity < 0) throw Error("a conservation law with negative viscosity");
  if (gas && law_.viscosity > 0) throw Error("a gas with viscosity: Euler's equations have none");
  if (gas && settings_.time_stepping == TimeStepping::local)
    throw Error("local time steps are for scalar conservation laws, found a gas: expected global ones");
  for (const BoundaryValue &b : boundary_)
    if (gas ? !b.state : !b.value)
      throw Error("boundary label " + std::to_string(b.label) + " has no function" +
                  (gas ? ", expected one of the gas's state" : ""));
  reset(mesh);
}

Volumes FiniteVolume::arrays() {
  const std::size_t lines = 3 * at(owned_), n = at(faces_);
  Volumes v;
  v.burgers = law_.kind == Law::Kind::burgers, v.gas = law_.kind == Law::Kind::gas;
  v.first_order = settings_.first_order, v.limiter = settings_.limiter;
  v.viscosity = law_.viscosity, v.gamma = law_.gamma;
  v.dim = dim_, v.cells = cells_, v.components = law_.components();
  v.cell = {owned_,          neighbour_.data(), vertex_.data(),  face_.data(), weight_.data(),
            &weight_[lines], corner_.data(),    &corner_[lines], out_.data()};
  v.face = {faces_,
            left_.data(),
            right_.data(),
            k_.data(),
            normal_.data(),
            normal_.data() + (v.gas ? n : 0),
            offset_.data(),
            &offset_[n],
            &offset_[2 * n],
            &offset_[3 * n],
            diffusion_.data(),
            &diffusion_[n],
            &diffusion_[2 * n]};
  v.vertex = {vertices_,
              ring_.data(),
              static_cast<int>(crowd_.size()),
              static_cast<int>(crowded_.size()),
              crowd_.data(),
              crowd_first_.data(),
              crowded_.data()};
  v.given = {static_cast<int>(given_.size()),
             static_cast<int>(given_first_.size()) - 1,
             given_first_.data(),
             given_face_.data(),
             given_vertex_.data(),
             given_value_.data()};
  v.epsilon = epsilon_.data(), v.primitive = primitive_.data();
  v.gx = gx_.data(), v.gy = gy_.data(), v.plain_x = plain_x_.data(), v.plain_y = plain_y_.data();
  v.low = low_.data(), v.high = high_.data(), v.flux = flux_.data();
  return v;
}

const std::vector<double> &FiniteVolume::givenValues(double t) {
  const std::size_t n = given_.size();
  for (std::size_t i = 0; i < n; ++i) {
    const BoundaryValue &beyond = boundary_[at(given_[i].entry)];
    if (law_.kind != Law::Kind::gas) {
      given_value_[i] = beyond.value(t, given_[i].centre);
      continue;
    }
    double u[4];
    beyond.state(t, given_[i].centre, u);
    const Gas<double> gas = gasOf<double>({u[0], u[1], u[2], u[3]}, law_.gamma);
    given_value_[i] = gas.rho, given_value_[n + i] = gas.vx, given_value_[2 * n + i] = gas.vy;
    given_value_[3 * n + i] = gas.p;
  }
  return given_value_;
}

Volumes FiniteVolume::arraysAt(double t) {
  givenValues(t);
  return arrays();
}

void FiniteVolume::gradient(const double *u, double *g) {
  Volumes v = arrays();
  v.viscosity = 0, v.components = 1;  // rows of no more than the gradient
  leastSquares(v, u);
  slopesToRows(v, g);
}

void FiniteVolume::limitedGradient(double t, const double *u, double *g) {
  Volumes v = arraysAt(t);
  v.viscosity = 0;
  const double *const w = reconstructed(v, u);
  leastSquares(v, w);
  limitGradients(v, w);
  if (v.gas) toContentsSlopes(v, w);
  const int count = std::exchange(v.components, 1);
  for (int k = 0; k < count; ++k, g += at(owned_) * at(dim_), v.gx += cells_, v.gy += cells_) slopesToRows(v, g);
}

void FiniteVolume::rhs(double t, const double *u, double *dudt) {
  const Volumes v = arraysAt(t);
  const double *const w = reconstructed(v, u);
  reconstruct(v, w);
  fluxesAndDivergence(v, w, dudt);
}

void FiniteVolume::slopes(double t, const double *u, double *slopes) {
  const Volumes v = arraysAt(t);
  reconstruct(v, reconstructed(v, u));
  slopesToRows(v, slopes);
}

void FiniteVolume::rhsFromSlopes(double t, const double *u, const double *slopes, double *dudt) {
  const Volumes v = arraysAt(t);
  slopesFromRows(v, 0, cells_, slopes);
  fluxesAndDivergence(v, reconstructed(v, u), dudt);
}

double FiniteVolume::stableStep(const double *u) {
  const Volumes v = arrays();
  double rate = steady_rate_;
  if (law_.kind != Law::Kind::advection || rate < 0) {
    speeds(v, reconstructed(v, u));
    rate = fastest(owned_, {v.cell, v.flux, nullptr});
    steady_rate_ = rate;
  }
  return rate > 0 ? 1 / rate : std::numeric_limits<double>::infinity();
}

void FiniteVolume::rates(const double *u, double *rate) {
  const Volumes v = arrays();
  speeds(v, reconstructed(v, u));
  conservation::rates(v, rate);
}

Advance FiniteVolume::advance(double *u, double t, double t_end, double cfl, int order) {
  if (cells_ != owned_) throw Error("FiniteVolume::advance: the mesh has ghosts; they would have to be exchanged");
  if (order != 2 && order != 3) throw Error("FiniteVolume::advance: order " + std::to_string(order) + ", not 2 or 3");
  if (!(cfl > 0)) throw Error("FiniteVolume::advance: the Courant number must be positive");
  if (settings_.time_stepping == TimeStepping::local) {
    if (order != 2)
      throw Error("FiniteVolume::advance: local time steps are of order 2, found " + std::to_string(order));
    const auto given = [this](int i, double when) {
      const Given &g = given_[at(i)];
      return boundary_[at(g.entry)].value(when, g.centre);
    };
    return local_.advance(arrays(), given, u, t, t_end, cfl);
  }
  if (law_.kind == Law::Kind::gas) return advanceGas(u, t, t_end, cfl, order);
  Advance done;
  double *dudt = dudt_.data(), *stage = stage_.data();
  const int n = owned_;
  while (t < t_end) {
    const double most = cfl * stableStep(u);
    // Equal steps to the end; one as short as rounding is none.
    const double steps = std::max(1., std::ceil((t_end - t) / most * (1 - 1e-12)));
    const double dt = (t_end - t) / steps;
    if (!(steps < 1e8)) throw Error("FiniteVolume::advance: the stable step has become tiny", PETSC_ERR_FP);
    rhs(t, u, dudt);
    combine(n, 0, u, 1, u, dt, dudt, stage);
    rhs(t + dt, stage, dudt);
    if (order == 2) {
      combine(n, 0.5, u, 0.5, stage, dt, dudt, u);
    } else {
      combine(n, 0.75, u, 0.25, stage, dt, dudt, stage);
      rhs(t + 0.5 * dt, stage, dudt);
      combine(n, 1. / 3, u, 2. / 3, stage, dt, dudt, u);
    }
    ++done.steps;
    done.cell_steps += n;
    t = steps == 1 ? t_end : t + dt;
  }
  double sum = 0;  // of zeros, unless a value is not finite
  for (int i = 0; i < n; ++i) sum += 0 * u[i];
  if (!(sum == 0)) throw Error("FiniteVolume::advance: the solution is not finite", PETSC_ERR_FP);
  return done;
}

}  // namespace petrl::conservation
