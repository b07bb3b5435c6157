#include "problems/conservation/finite_volume.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace petrl::conservation {

namespace {

std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

}  // namespace

FiniteVolume::FiniteVolume(const CellMesh &mesh, Law law, std::vector<BoundaryValue> boundary,
                           FiniteVolumeSettings settings)
    : law_(std::move(law)), boundary_(std::move(boundary)), settings_(settings) {
  if (law_.viscosity < 0) throw Error("a conservation law with negative viscosity");
  for (const BoundaryValue &b : boundary_)
    if (!b.value) throw Error("boundary label " + std::to_string(b.label) + " has no function");
  reset(mesh);
}

CellArrays FiniteVolume::cellArrays() const {
  const std::size_t lines = 3 * at(owned_);
  return {owned_,          neighbour_.data(), vertex_.data(),  face_.data(), weight_.data(),
          &weight_[lines], corner_.data(),    &corner_[lines], out_.data()};
}

FaceArrays FiniteVolume::faces() const {
  const std::size_t n = at(faces_);
  return {faces_,          left_.data(),    right_.data(),     k_.data(),      offset_.data(),    &offset_[n],
          &offset_[2 * n], &offset_[3 * n], diffusion_.data(), &diffusion_[n], &diffusion_[2 * n]};
}

void FiniteVolume::unlimited(const double *u) {
  gradients(cellArrays(), u, gx_.data(), gy_.data());
}

void FiniteVolume::limit(double t, const double *u) {
  if (settings_.limiter == Limiter::none) return;
  bounds(vertices_, ring_.data(), u, low_.data(), high_.data());
  for (const auto &[v, c] : crowd_) {
    low_[at(v)] = std::min(low_[at(v)], u[c]);
    high_[at(v)] = std::max(high_[at(v)], u[c]);
  }
  if (settings_.limiter == Limiter::sharp) {
    limitSharp(cellArrays(), u, low_.data(), high_.data(), gx_.data(), gy_.data());
  } else {
    if (epsilon_.empty())
      for (const double size : size_) epsilon_.push_back(std::pow(settings_.smoothness * size, 1.5));
    limitSmooth(cellArrays(), u, low_.data(), high_.data(), epsilon_.data(), gx_.data(), gy_.data());
  }
  limitAtBoundary(t, u);
}

void FiniteVolume::limitAtBoundary(double t, const double *u) {
  // What is given at a cell's own face is a neighbour too: without it the cell would see an extremum. Values beyond
  // other cells' faces do not count: another rank might not know them.
  const CellArrays a = cellArrays();
  const std::size_t n = at(owned_);
  for (std::size_t g = 0, end; g < given_.size(); g = end) {
    const int cell = left_[at(given_[g].face)];
    const std::size_t c = at(cell);
    for (end = g + 1; end < given_.size() && left_[at(given_[end].face)] == cell;) ++end;
    double x = 0, y = 0, factor = 1;
    for (std::size_t s = 0; s < 3; ++s) {
      const double d = u[a.neighbour[s * n + c]] - u[c];
      x += a.weight_x[s * n + c] * d;
      y += a.weight_y[s * n + c] * d;
    }
    for (std::size_t s = 0; s < 3; ++s) {
      const int v = a.vertex[s * n + c];
      double low = low_[at(v)], high = high_[at(v)];
      for (std::size_t k = g; k < end; ++k) {
        if (given_[k].vertices[0] != v && given_[k].vertices[1] != v) continue;
        const double value = boundary_[at(given_[k].entry)].value(t, given_[k].centre);
        low = std::min(low, value);
        high = std::max(high, value);
      }
      factor = std::min(factor, cornerFactor(x * a.corner_x[s * n + c] + y * a.corner_y[s * n + c], high - u[c],
                                             u[c] - low, settings_.limiter == Limiter::smooth ? epsilon_[c] : -1));
    }
    gx_[c] = factor * x;
    gy_[c] = factor * y;
  }
}

void FiniteVolume::interleave(const std::vector<double> &x, const std::vector<double> &y, int width, double *g) const {
  for (int i = 0; i < owned_; ++i, g += width) {
    g[0] = x[at(i)];
    if (dim_ == 2) g[1] = y[at(i)];
  }
}

void FiniteVolume::gradient(const double *u, double *g) {
  unlimited(u);
  interleave(gx_, gy_, dim_, g);
}

void FiniteVolume::limitedGradient(double t, const double *u, double *g) {
  unlimited(u);
  limit(t, u);
  interleave(gx_, gy_, dim_, g);
}

void FiniteVolume::reconstruct(double t, const double *u) {
  const bool viscous = law_.viscosity > 0;
  if (!settings_.first_order || viscous) unlimited(u);
  if (viscous) {
    std::copy(gx_.begin(), gx_.begin() + owned_, plain_x_.begin());
    std::copy(gy_.begin(), gy_.begin() + owned_, plain_y_.begin());
  }
  if (settings_.first_order) {
    std::fill(gx_.begin(), gx_.end(), 0.);
    std::fill(gy_.begin(), gy_.end(), 0.);
  } else {
    limit(t, u);
  }
}

void FiniteVolume::fluxesAndDivergence(double t, const double *u, double *dudt) {
  const FaceArrays f = faces();
  const bool burgers = law_.kind == Law::Kind::burgers;
  (burgers ? burgersFluxes : advectionFluxes)(f, u, gx_.data(), gy_.data(), flux_.data());
  if (law_.viscosity > 0) diffusionFluxes(f, law_.viscosity, u, plain_x_.data(), plain_y_.data(), flux_.data());
  for (const Given &g : given_) {
    const std::size_t i = at(g.face);
    const int l = left_[i];
    const double inner = u[l] + gx_[at(l)] * f.left_x[i] + gy_[at(l)] * f.left_y[i];
    const double value = boundary_[at(g.entry)].value(t, g.centre);
    flux_[i] = (burgers ? burgersFlux : advectionFlux)(k_[i], inner, value);
    if (law_.viscosity > 0)
      flux_[i] -= law_.viscosity *
                  (f.direct[i] * (value - u[l]) + f.cross_x[i] * plain_x_[at(l)] + f.cross_y[i] * plain_y_[at(l)]);
  }
  divergence(cellArrays(), flux_.data(), dudt);
}

void FiniteVolume::rhs(double t, const double *u, double *dudt) {
  reconstruct(t, u);
  fluxesAndDivergence(t, u, dudt);
}

void FiniteVolume::slopes(double t, const double *u, double *slopes) {
  const int width = slopeWidth();
  reconstruct(t, u);
  interleave(gx_, gy_, width, slopes);
  if (width > dim_) interleave(plain_x_, plain_y_, width, slopes + dim_);
}

void FiniteVolume::rhsFromSlopes(double t, const double *u, const double *slopes, double *dudt) {
  const int width = slopeWidth();
  for (int i = 0; i < cells_; ++i) {
    gx_[at(i)] = slopes[width * i];
    if (dim_ == 2) gy_[at(i)] = slopes[width * i + 1];
    if (width == dim_) continue;
    plain_x_[at(i)] = slopes[width * i + dim_];
    if (dim_ == 2) plain_y_[at(i)] = slopes[width * i + 3];
  }
  fluxesAndDivergence(t, u, dudt);
}

double FiniteVolume::stableStep(const double *u) {
  const bool burgers = law_.kind == Law::Kind::burgers;
  double rate = steady_rate_;
  if (burgers || rate < 0) {
    speeds(faces(), burgers, law_.viscosity, u, flux_.data());
    rate = fastest(cellArrays(), flux_.data());
    steady_rate_ = rate;
  }
  return rate > 0 ? 1 / rate : std::numeric_limits<double>::infinity();
}

Advance FiniteVolume::advance(double *u, double t, double t_end, double cfl, int order) {
  if (cells_ != owned_) throw Error("FiniteVolume::advance: the mesh has ghosts; they would have to be exchanged");
  if (order != 2 && order != 3) throw Error("FiniteVolume::advance: order " + std::to_string(order) + ", not 2 or 3");
  if (!(cfl > 0)) throw Error("FiniteVolume::advance: the Courant number must be positive");
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
