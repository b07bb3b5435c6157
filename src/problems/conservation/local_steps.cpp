#include "problems/conservation/local_steps.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "problems/conservation/kernels.hpp"

namespace petrl::conservation {

namespace {

std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

/// The slowest class that starts a step when `part` of 2^most parts of a macro step are done.
int starting(int part, int most) {
  int k = 0;
  while (k < most && (part & (1 << k)) == 0) ++k;
  return k;
}

}  // namespace

void LocalSteps::load(const double *u) {
  for (std::size_t i = 0; i < at_.size(); ++i) now_[i] = u_[i] = u[at_[i]];
}

void LocalSteps::store(double *u) const {
  for (std::size_t i = 0; i < at_.size(); ++i) u[at_[i]] = u_[i];
}

Advance LocalSteps::advance(const Volumes &v, const Given &given, double *u, double t, double t_end, double cfl) {
  constexpr double kOrdering = 4;  // updates of a cell that its part in another order costs
  Advance done;
  if (!(t < t_end) || v.cell.n == 0) return done;
  if (!known_) setUp(v);
  if (ordered_) load(u);
  while (t < t_end) {
    const double length = t_end - t;
    if (v.burgers) findRates(v, ordered_ ? u_.data() : u);
    if (v.burgers || !ordered_) sortRates(cfl);
    Plan plan = best(length);
    if (ordered_) {
      const Plan same = asOrdered(length, cfl);
      if (same.work - plan.work > kOrdering * v.cell.n) {
        store(u);
        ordered_ = false;
      } else {
        plan = same;
      }
    }
    if (!(plan.pieces * (1 << plan.halvings) < 1e8))
      throw Error("FiniteVolume::advance: the stable step has become tiny", PETSC_ERR_FP);
    if (!ordered_) {
      order(v, plan, length, cfl);
      load(u);
    }
    const double piece = length / plan.pieces, finest = piece / (1 << plan.halvings);
    setSpans(finest);
    // Speeds that depend on u are looked at again.
    const int pieces = v.burgers ? 1 : static_cast<int>(plan.pieces);
    for (int p = 0; p < pieces; ++p) {
      macroStep(given, t + p * piece, finest);
      done.steps += 1 << halvings_;
      for (int k = 0; k <= halvings_; ++k)
        done.cell_steps += static_cast<std::int64_t>(cells_[at(k)] - (k > 0 ? cells_[at(k - 1)] : 0))
                           << (halvings_ - k);
    }
    t = pieces == plan.pieces ? t_end : t + piece;
  }
  store(u);
  double sum = 0;  // of zeros, unless a value is not finite
  for (const double q : u_) sum += 0 * q;
  if (!(sum == 0)) throw Error("FiniteVolume::advance: the solution is not finite", PETSC_ERR_FP);
  return done;
}

void LocalSteps::setSpans(double finest) {
  for (int k = 0, i = 0; k <= halvings_; ++k)
    for (const double span = std::ldexp(finest, k); i < cells_[at(k)]; ++i) span_[at(i)] = span;
}

void LocalSteps::macroStep(const Given &given, double t, double finest) {
  const int parts = 1 << halvings_;
  for (int part = 0; part < parts; ++part) {
    for (int k = 0; k <= halvings_; ++k) elapsed_[at(k)] = (part & ((1 << k) - 1)) * finest;
    begin(given, starting(part, halvings_), t + part * finest, finest);
    end(starting(part + 1, halvings_));
  }
}

// Slopes and rates of the cells that start a step, fluxes of the faces that do.
void LocalSteps::begin(const Given &given, int up_to, double t, double finest) {
  const std::size_t j = at(up_to);
  const int n = cells_[j];
  const bool viscous = v_.viscosity > 0;
  for (int d = 0; d < drifting_[j]; ++d) {
    const std::size_t c = at(cells_drifting_[at(d)]);
    now_[c] = u_[c] + elapsed_[at(class_[c])] * change_[c];
  }
  const double *now = now_.data();
  for (int k = 0, entry = 0; k <= up_to; ++k)
    for (; entry < given_faces_[at(k)]; ++entry)
      given_value_[at(entry)] = given(given_entry_[at(entry)], t + 0.5 * std::ldexp(finest, k));
  if (!v_.first_order || viscous) sweep(n, kernels::Gradients{v_.cell, now, v_.gx, v_.gy});
  if (viscous) sweep(n, kernels::CopyPair{v_.gx, v_.gy, v_.plain_x, v_.plain_y});
  if (v_.first_order) {
    sweep(n, kernels::CopyPair{nullptr, nullptr, v_.gx, v_.gy});
  } else if (v_.limiter != Limiter::none) {
    sweep(vertices_[j], kernels::Bounds{v_.vertex, now, v_.low, v_.high});
    sweep(crowds_[j], kernels::CrowdedBounds{v_.vertex, now, v_.low, v_.high});
    if (v_.limiter == Limiter::smooth) {
      const kernels::Limit<true> work{v_.cell, now, v_.low, v_.high, v_.epsilon, v_.gx, v_.gy};
      sweep(n, work);
      sweep(given_cells_[j], kernels::LimitAtBoundary<true>{work, v_.face.left, v_.given});
    } else {
      const kernels::Limit<false> work{v_.cell, now, v_.low, v_.high, v_.epsilon, v_.gx, v_.gy};
      sweep(n, work);
      sweep(given_cells_[j], kernels::LimitAtBoundary<false>{work, v_.face.left, v_.given});
    }
  }
  const double *carry_y = carry_.data() + v_.cell.n;
  if (v_.burgers)
    sweep(n, kernels::Predict<true>{carry_.data(), carry_y, growth_.data(), span_.data(), now, v_.gx, v_.gy,
                                    change_.data(), middle_.data()});
  else
    sweep(n, kernels::Predict<false>{carry_.data(), carry_y, growth_.data(), span_.data(), now, v_.gx, v_.gy,
                                     change_.data(), middle_.data()});
  if (viscous) diffuse(up_to);
  if (v_.burgers)
    fluxes<true>(up_to);
  else
    fluxes<false>(up_to);
}

// What diffusion adds to the rates, and the slopes that it will see in the middle of the steps.
void LocalSteps::diffuse(int up_to) {
  const std::size_t j = at(up_to);
  const int n = cells_[j];
  std::fill_n(flux_.begin(), faces_[j], 0.);
  sweep(faces_[j], kernels::Diffusion{v_.face, v_.viscosity, now_.data(), v_.plain_x, v_.plain_y, v_.flux});
  for (int i = 0; i < given_faces_[j]; ++i) {
    const std::size_t f = at(given_face_[at(i)]), c = at(left_[f]);
    flux_[f] = -v_.viscosity * (v_.face.direct[f] * (given_value_[at(i)] - now_[c]) + v_.face.cross_x[f] * plain_x_[c] +
                                v_.face.cross_y[f] * plain_y_[c]);
  }
  // Faces between classes are in two places.
  for (int b = 0; b < between_[j]; ++b) {
    const std::size_t f = at(faces_between_[at(b)].face);
    if (faces_between_[at(b)].coarse <= up_to) flux_[at(v_.face.n + b)] = flux_[f];
  }
  double *const more = extra_.data(), *const more_y = more + v_.cell.n;
  sweep(n, kernels::Divergence{v_.cell, v_.flux, more});
  for (std::size_t i = 0; i < at(n); ++i) {
    change_[i] += more[i];
    middle_[i] += 0.5 * span_[i] * more[i];
  }
  sweep(n, kernels::Gradients{v_.cell, change_.data(), more, more_y});
  for (std::size_t i = 0; i < at(n); ++i) {
    plain_x_[i] += 0.5 * span_[i] * more[i];
    plain_y_[i] += 0.5 * span_[i] * more_y[i];
  }
}

template <bool Burgers>
void LocalSteps::fluxes(int up_to) {
  const std::size_t j = at(up_to);
  const FaceArrays &f = v_.face;
  const kernels::Fluxes<Burgers> work{f, middle_.data(), v_.gx, v_.gy, v_.flux};
  sweep(faces_[j], work);
  if (v_.viscosity > 0)
    sweep(faces_[j], kernels::Diffusion{f, v_.viscosity, middle_.data(), v_.plain_x, v_.plain_y, v_.flux});
  sweep(given_faces_[j], kernels::GivenFluxes<Burgers>{work, v_.given, v_.viscosity, v_.plain_x, v_.plain_y});
  // Between classes the middle is that of the finer cell's step.
  for (int b = 0; b < between_[j]; ++b) {
    const Between &face = faces_between_[at(b)];
    const std::size_t i = at(face.face), l = at(f.left[i]), r = at(f.right[i]);
    const double half = 0.5 * std::min(span_[l], span_[r]);
    const double left = now_[l] + half * change_[l], right = now_[r] + half * change_[r];
    double flux = kernels::fluxOf<Burgers>(f.k[i], left + gx_[l] * f.left_x[i] + gy_[l] * f.left_y[i],
                                           right + gx_[r] * f.right_x[i] + gy_[r] * f.right_y[i]);
    if (v_.viscosity > 0)
      flux -= v_.viscosity * (f.direct[i] * (right - left) + 0.5 * (f.cross_x[i] * (plain_x_[l] + plain_x_[r]) +
                                                                    f.cross_y[i] * (plain_y_[l] + plain_y_[r])));
    flux_[i] = flux;
    double &mean = flux_[at(f.n + b)];
    mean = face.share * flux + (face.coarse <= up_to ? 0 : mean);
  }
}

void LocalSteps::end(int up_to) {
  sweep(cells_[at(up_to)], kernels::Update{v_.cell, v_.flux, span_.data(), u_.data(), now_.data()});
}

}  // namespace petrl::conservation
