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

template <class Work>
void sweepAll(const std::vector<Range> &ranges, const Work &work) {
  conservation::sweepAll(ranges.data(), static_cast<std::ptrdiff_t>(ranges.size()), work);
}

/// The slowest class that starts a step when `part` of 2^most parts of a macro step are done.
int starting(int part, int most) {
  int k = 0;
  while (k < most && (part & (1 << k)) == 0) ++k;
  return k;
}

}  // namespace

Advance LocalSteps::advance(const Volumes &v, const Given &given, double *u, double t, double t_end, double cfl) {
  constexpr double kOrdering = 1.5;  // updates of a cell that its part in another order costs
  Advance done;
  const int n = v.cell.n;
  if (!(t < t_end) || n == 0) return done;
  v_ = v, u_ = u;
  if (!known_) setUp();
  while (t < t_end) {
    const double length = t_end - t;
    if (v.burgers) findRates(u);
    sortRates(cfl);
    Plan plan = best(length);
    if (!(plan.pieces * std::ldexp(1, plan.halvings) < 1e8))
      throw Error("FiniteVolume::advance: the stable step has become tiny", PETSC_ERR_FP);
    if (ordered_) {
      // Another order when it pays now, or would have paid by now.
      const Plan same = asOrdered(length, cfl);
      const double loss = same.work - plan.work;
      regret_ += loss / same.pieces;
      if (std::max(loss, regret_) > kOrdering * n)
        ordered_ = false;
      else
        plan = same;
    }
    if (!ordered_) order(plan, length, cfl);
    v_.cell.face = face_.data(), v_.flux = flux_.data(), v_.given.value = given_value_.data();
    const double piece = length / plan.pieces, finest = piece / (1 << plan.halvings);
    setSpans(finest);
    std::copy(u, u + n, now_.begin());
    // Speeds that depend on u are looked at again.
    const int pieces = v.burgers ? 1 : static_cast<int>(plan.pieces);
    for (int p = 0; p < pieces; ++p) {
      macroStep(given, t + p * piece, finest);
      done.steps += 1 << halvings_;
      for (int k = 0; k <= halvings_; ++k) done.cell_steps += in_class_[at(k)] << (halvings_ - k);
    }
    t = pieces == plan.pieces ? t_end : t + piece;
  }
  double sum = 0;  // of zeros, unless a value is not finite
  for (int i = 0; i < n; ++i) sum += 0 * u[i];
  if (!(sum == 0)) throw Error("FiniteVolume::advance: the solution is not finite", PETSC_ERR_FP);
  return done;
}

void LocalSteps::setSpans(double finest) {
  const int n = v_.cell.n;
  for (int begin = 0; begin < n; begin += kBlock)
    std::fill(&span_[at(begin)], span_.data() + std::min(n, begin + kBlock), std::ldexp(finest, classOf(begin)));
}

void LocalSteps::macroStep(const Given &given, double t, double finest) {
  const int parts = 1 << halvings_;
  for (int part = 0; part < parts; ++part) {
    for (int k = 0; k <= halvings_; ++k) elapsed_[at(k)] = (part & ((1 << k) - 1)) * finest;
    begin(given, starting(part, halvings_), t + part * finest, finest);
    sweepAll(cells_[at(starting(part + 1, halvings_))],
             kernels::Update{v_.cell, v_.flux, span_.data(), u_, now_.data()});
  }
}

// Slopes and rates of the cells that start a step, fluxes of the faces that do. What the ranges hold beyond that comes
// out as it was before, but fluxes between classes: they have places of their own.
void LocalSteps::begin(const Given &given, int up_to, double t, double finest) {
  const bool viscous = v_.viscosity > 0;
  for (int d = 0; d < drifting_[at(up_to)]; ++d) {
    const int c = cells_drifting_[at(d)].cell;
    now_[at(c)] = u_[c] + elapsed_[at(classOf(c))] * change_[at(c)];
  }
  for (int i = 0; i < v_.given.n; ++i) {
    const int k = classOf(v_.face.left[v_.given.face[i]]);
    if (k <= up_to) given_value_[at(i)] = given(i, t + 0.5 * std::ldexp(finest, k));
  }
  if (v_.burgers)
    predict<true>(up_to);
  else
    predict<false>(up_to);
  if (viscous) diffuse(up_to);
  if (v_.burgers)
    fluxes<true>(up_to);
  else
    fluxes<false>(up_to);
}

template <bool Burgers>
void LocalSteps::predict(int up_to) {
  const std::vector<Range> &cells = cells_[at(up_to)];
  const double *now = now_.data();
  const kernels::Predict<Burgers> rates{carry_.data(), &carry_[at(v_.cell.n)], growth_.data(), span_.data(), now, v_.gx,
                                        v_.gy,         change_.data(),         middle_.data()};
  const kernels::Gradients slopes{v_.cell, now, v_.gx, v_.gy};
  if (v_.viscosity > 0) sweepAll(cells, kernels::Gradients{v_.cell, now, v_.plain_x, v_.plain_y});
  if (v_.first_order) {
    sweepAll(cells, kernels::CopyPair{nullptr, nullptr, v_.gx, v_.gy});
    sweepAll(cells, rates);
  } else if (v_.limiter == Limiter::none) {
    sweepAll(cells, slopes);
    sweepAll(cells, rates);
  } else {
    sweepAll(vertices_[at(up_to)], kernels::Bounds{v_.vertex, now, v_.low, v_.high});
    sweep(v_.vertex.crowds, kernels::CrowdedBounds{v_.vertex, now, v_.low, v_.high});
    if (v_.limiter == Limiter::smooth)
      limit<true, Burgers>(up_to, slopes, rates);
    else
      limit<false, Burgers>(up_to, slopes, rates);
  }
}

template <bool Smooth, bool Burgers>
void LocalSteps::limit(int up_to, const kernels::Gradients &slopes, const kernels::Predict<Burgers> &rates) {
  const kernels::Limit<Smooth> work{v_.cell, now_.data(), v_.low, v_.high, v_.epsilon, v_.gx, v_.gy};
  sweepAll(cells_[at(up_to)], kernels::Start<Smooth, Burgers>{slopes, work, rates});
  const kernels::LimitAtBoundary<Smooth> again{work, v_.face.left, v_.given};
  for (int i = 0; i < v_.given.cells; ++i) {
    const int cell = v_.face.left[v_.given.face[v_.given.first[i]]];
    if (classOf(cell) > up_to) continue;
    again(i);
    rates(cell);
  }
}

// What diffusion adds to the rates, and the slopes that it will see in the middle of the steps.
void LocalSteps::diffuse(int up_to) {
  const std::vector<Range> &cells = cells_[at(up_to)], &faces = faces_[at(up_to)];
  for (const Range &r : faces) std::fill(v_.flux + r.begin, v_.flux + r.end, 0.);
  sweepAll(faces, kernels::Diffusion{v_.face, v_.viscosity, now_.data(), v_.plain_x, v_.plain_y, v_.flux});
  for (int i = 0; i < v_.given.n; ++i) {
    const int f = v_.given.face[i], c = v_.face.left[f];
    v_.flux[f] = -v_.viscosity * (v_.face.direct[f] * (given_value_[at(i)] - now_[at(c)]) +
                                  v_.face.cross_x[f] * v_.plain_x[c] + v_.face.cross_y[f] * v_.plain_y[c]);
  }
  for (int b = 0; b < between_[at(up_to)]; ++b) {
    const Between &face = faces_between_[at(b)];
    double *const own = v_.flux + v_.face.n + 2 * b;
    own[0] = v_.flux[face.face];
    if (face.coarse <= up_to) own[1] = own[0];
  }
  double *const x = extra_.data(), *const y = x + v_.cell.n;
  sweepAll(cells, kernels::Divergence{v_.cell, v_.flux, x});
  for (const Range &r : cells) {
    for (std::size_t i = at(r.begin); i < at(r.end); ++i) {
      change_[i] += x[i];
      middle_[i] += 0.5 * span_[i] * x[i];
    }
  }
  sweepAll(cells, kernels::Gradients{v_.cell, change_.data(), x, y});
  for (const Range &r : cells) {
    for (std::size_t i = at(r.begin); i < at(r.end); ++i) {
      v_.plain_x[i] += 0.5 * span_[i] * x[i];
      v_.plain_y[i] += 0.5 * span_[i] * y[i];
    }
  }
}

template <bool Burgers>
void LocalSteps::fluxes(int up_to) {
  const std::vector<Range> &faces = faces_[at(up_to)];
  const FaceArrays &f = v_.face;
  const kernels::Fluxes<Burgers> work{f, middle_.data(), v_.gx, v_.gy, v_.flux};
  sweepAll(faces, work);
  if (v_.viscosity > 0)
    sweepAll(faces, kernels::Diffusion{f, v_.viscosity, middle_.data(), v_.plain_x, v_.plain_y, v_.flux});
  sweep(v_.given.n, kernels::GivenFluxes<Burgers>{work, v_.given, v_.viscosity, v_.plain_x, v_.plain_y});
  // Between classes the middle is that of the finer cell's step.
  for (int b = 0; b < between_[at(up_to)]; ++b) {
    const Between &face = faces_between_[at(b)];
    const int i = face.face, l = f.left[i], r = f.right[i];
    const double half = 0.5 * std::min(span_[at(l)], span_[at(r)]);
    const double left = now_[at(l)] + half * change_[at(l)], right = now_[at(r)] + half * change_[at(r)];
    double flux = kernels::fluxOf<Burgers>(f.k[i], left + v_.gx[l] * f.left_x[i] + v_.gy[l] * f.left_y[i],
                                           right + v_.gx[r] * f.right_x[i] + v_.gy[r] * f.right_y[i]);
    if (v_.viscosity > 0)
      flux -= v_.viscosity * (f.direct[i] * (right - left) + 0.5 * (f.cross_x[i] * (v_.plain_x[l] + v_.plain_x[r]) +
                                                                    f.cross_y[i] * (v_.plain_y[l] + v_.plain_y[r])));
    double *const own = v_.flux + f.n + 2 * b;
    own[0] = flux;
    own[1] = face.share * flux + (face.coarse <= up_to ? 0 : own[1]);
  }
}

}  // namespace petrl::conservation
