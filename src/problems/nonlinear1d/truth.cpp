#include "problems/nonlinear1d/truth.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/clones.hpp"
#include "base/error.hpp"

namespace petrl::nonlinear1d {

namespace {

// Dormand, Prince (1980): nodes, stages, and the weights of the error estimate. The seventh stage is the next first.
constexpr double kNode[7] = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
constexpr double kStage[6][6] = {
    {1. / 5},
    {3. / 40, 9. / 40},
    {44. / 45, -56. / 15, 32. / 9},
    {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
    {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
    {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84},
};
constexpr double kError[7] = {71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40};

PETRL_CLONES void combine(int n, int terms, const double *u, double h, const double *weight, const Row<double> *k,
                          double *out) {
  std::copy(u, u + n, out);
  for (int s = 0; s < terms; ++s) {
    const double w = h * weight[s];
    const double *__restrict slope = k[s].data();
    if (w == 0) continue;
    for (int i = 0; i < n; ++i) out[i] += w * slope[i];
  }
}

}  // namespace

DormandPrince::DormandPrince(const Nonlinear1DCase &pde, int n, bool means, double relative, double absolute)
    : weno_(pde, n, means), relative_(relative), absolute_(absolute), u_(n), stage_(n) {
  for (auto &k : k_) k = Row<double>(n);
}

double DormandPrince::error(double h, const double *u, const double *fresh) const {
  double sum = 0;
  for (int i = 0; i < weno_.n(); ++i) {
    double e = 0;
    for (int s = 0; s < 7; ++s) e += kError[s] * k_[s].data()[i];
    e *= h / (absolute_ + relative_ * std::max(std::fabs(u[i]), std::fabs(fresh[i])));
    sum += e * e;
  }
  return std::sqrt(sum / weno_.n());
}

void DormandPrince::advance(double t, double end, double *u) {
  const int n = weno_.n();
  std::copy(u, u + n, u_.data());
  const auto slope = [&](double time, Row<double> &v, Row<double> &out) {
    weno_.stage(0, v.data(), 0, v.data(), 1, weno_.forcing().at(time), out.data());
  };
  slope(t, u_, k_[0]);
  if (step_ == 0) step_ = (end - t) / 4;
  bool last_refused = false;
  while (t < end) {
    // Two equal steps rather than a long and a very short one.
    const double left = end - t, h = left <= step_ ? left : left < 2 * step_ ? left / 2 : step_;
    for (int s = 1; s < 7; ++s) {
      combine(n, s, u_.data(), h, kStage[s - 1], k_, stage_.data());
      slope(t + kNode[s] * h, stage_, k_[s]);
    }
    const double e = error(h, u_.data(), stage_.data());
    const double factor = e > 0 ? std::clamp(.9 * std::pow(e, -.2), .2, last_refused ? 1. : 5.) : 5.;
    if (e <= 1) {
      t = h == left ? end : t + h;
      std::swap(u_, stage_);
      std::swap(k_[0], k_[6]);
      ++steps_;
      // A step cut short by a level says little about the next one.
      step_ = h < step_ && factor > 1 ? std::max(step_, h * factor) : h * factor;
      last_refused = false;
    } else {
      // Also when the error is no number.
      ++refused_;
      step_ = std::isfinite(e) ? h * factor : h / 5;
      last_refused = true;
      if (!(step_ > 1e-10))
        throw Error("nonlinear1d: the ground truth needs steps below 1e-10 at time " + std::to_string(t),
                    PETSC_ERR_NOT_CONVERGED);
    }
  }
  std::copy(u_.data(), u_.data() + n, u);
}

void solveTrajectory(const Nonlinear1DCase &pde, int n, bool means, double relative, double absolute, double *out) {
  DormandPrince solver(pde, n, means, relative, absolute);
  Forcing<double>(pde, n, means).evaluate(0, out);
  for (int level = 1; level < kLevels; ++level) {
    std::copy(out, out + n, out + n);
    out += n;
    solver.advance(levelTime(level - 1), levelTime(level), out);
  }
}

}  // namespace petrl::nonlinear1d
