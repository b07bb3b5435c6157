// Explicit methods at the limit of their stability: the solution would allow far longer steps, the error estimate rises
// until a step is rejected, and again. And decay, where the last, longest steps make the error at the end.
#include <algorithm>
#include <cmath>

#include "problems/ode/line.hpp"
#include "problems/ode/registry.hpp"
#include "problems/ode/small.hpp"

namespace petrl::ode {

/// Fisher's equation (Kolmogorov, Petrovsky, Piskunov): u_t = a u_xx + r u (1 - u), u = 0 at both ends, from a small bump
/// in the middle; the line fills up and rests. a = 0.01, r = 5, 32 inner points, t <= 10.
std::unique_ptr<Problem> fisher(const Draw &draw) {
  const double a = draw.log(0.01, 0.003, 0.03), rate = draw.log(5, 1, 10), width = draw.log(0.05, 0.03, 0.3);
  const auto points = static_cast<PetscInt>(draw.log(32, 16, 64));
  const double h = 1.0 / (static_cast<double>(points) + 1), c = a / (h * h);
  auto p = line(
      points, {0},
      [=](PetscInt i, double *u) {
        const double x = (h * static_cast<double>(i + 1) - 0.5) / width;
        u[0] = 0.5 * std::exp(-x * x);
      },
      [=](const double *l, const double *u, const double *r, double *f) {
        f[0] = rate * u[0] * (1 - u[0]) + c * (l[0] - 2 * u[0] + r[0]);
      },
      [=](const double *, const double *u, const double *, double *l, double *m, double *r) {
        l[0] = r[0] = c;
        m[0] = rate * (1 - 2 * u[0]) - 2 * c;
      });
  p->finalTime = draw.uniform(10, 5, 20);
  p->stateBound = 100;
  p->initialStep = 1e-3;
  p->tolerances = {1e-2, 1e-6};
  p->methods = explicitMethods;
  return p;
}

/// Swing of a generator with a fast exciter and stabiliser: x' = w, m w' = p - b e sin(x) - d w,
/// T e' = 1 + g (cos(x) - cos(x0)) + k s - e, 2 T s' = w - s; b sin(x0) = p. Lags T of milliseconds limit the step of
/// explicit methods (Sauer & Pai, Power System Dynamics and Stability); time in s. m = 0.05, p = 0.8, b = 1.7, d = 0.05,
/// g = 0.5, k = 0.05, T = 5 ms, from x0 + 0.6 at rest, t <= 10.
std::unique_ptr<Problem> swing(const Draw &draw) {
  const double m = draw.log(0.05, 0.02, 0.1), b = draw.uniform(1.7, 1.2, 2.5), power = b * draw.uniform(0.47, 0.1, 0.7);
  const double d = draw.log(0.05, 0.02, 0.2), g = draw.uniform(0.5, 0, 0.8), k = draw.uniform(0.05, 0.02, 0.1);
  const double lag = draw.log(0.005, 0.002, 0.02), x0 = std::asin(power / b), c0 = std::cos(x0);
  auto p = small(
      {x0 + draw.uniform(0.6, -0.5, 0.6), 0, 1, 0},
      [=](double, const double *u, double *f) {
        f[0] = u[1];
        f[1] = (power - b * u[2] * std::sin(u[0]) - d * u[1]) / m;
        f[2] = (1 + g * (std::cos(u[0]) - c0) + k * u[3] - u[2]) / lag;
        f[3] = (u[1] - u[3]) / (2 * lag);
      },
      [=](double, const double *u, DenseJacobian J) {
        J(0, 1) = 1;
        J(1, 0) = -b * u[2] * std::cos(u[0]) / m;
        J(1, 1) = -d / m;
        J(1, 2) = -b * std::sin(u[0]) / m;
        J(2, 0) = -g * std::sin(u[0]) / lag;
        J(2, 2) = -1 / lag;
        J(2, 3) = k / lag;
        J(3, 1) = 1 / (2 * lag);
        J(3, 3) = -1 / (2 * lag);
      });
  p->finalTime = draw.uniform(10, 3, 12);
  p->stateBound = 1e4;
  p->initialStep = 1e-3;
  p->tolerances = {1e-2, 1e-6};
  p->methods = explicitMethods;
  return p;
}

/// Cooling: u_t = a u_xx - k u, u = 0 at both ends, from a sum of sines, for several times of the slowest decay, with
/// absolute tolerances far below the beginning. a = 1, k = 0, 32 inner points, sin(pi x) + sin(3 pi x) / 2, t <= 5 / pi^2.
std::unique_ptr<Problem> cooling(const Draw &draw) {
  const double a = draw.log(1, 0.1, 10), k = draw ? draw.uniform(0, 0, 5) * a : 0;
  const double second = draw.uniform(0, -1, 1), third = draw.uniform(0.5, -1, 1);
  const auto points = static_cast<PetscInt>(draw.log(32, 12, 48));
  const double h = 1.0 / (static_cast<double>(points) + 1), c = a / (h * h), slowest = a * M_PI * M_PI + k;
  auto p = line(
      points, {0},
      [=](PetscInt i, double *u) {
        const double x = M_PI * h * static_cast<double>(i + 1);
        u[0] = std::sin(x) + second * std::sin(2 * x) + third * std::sin(3 * x);
      },
      [=](const double *l, const double *u, const double *r, double *f) {
        f[0] = c * (l[0] - 2 * u[0] + r[0]) - k * u[0];
      },
      [=](const double *, const double *, const double *, double *l, double *m, double *r) {
        l[0] = r[0] = c;
        m[0] = -2 * c - k;
      });
  p->finalTime = draw.uniform(5, 2, 10) / slowest;
  p->stateBound = 100;
  p->initialStep = 1e-3 / slowest;
  p->absoluteScale = draw.log(1e-4, 1e-6, 1e-2);
  p->tolerances = {1e-2, 1e-6};
  p->methods = explicitMethods + implicitMethods;
  return p;
}

/// Transport around a ring of unit length, q_t + f(q)_x = 0, f = q or (Burgers) q^2 / 2 + q / 5, from a block and a bump
/// on q = 0.2, 100 cells, t <= 1. Upwind fluxes of states limited by minmod, van Leer's or superbee (Sweby 1984), whose
/// kinks the error estimate takes for errors; the step is limited by the speed.
std::unique_ptr<Problem> transport(const Draw &draw) {
  const auto cells = static_cast<int>(draw.log(100, 32, 128));
  const int limiter = static_cast<int>(draw.uniform(0, 0, 3));
  const bool burgers = draw.uniform(1, 0, 1) < 0.4;
  const double width = draw.uniform(0.2, 0.1, 0.3), height = draw.uniform(1, 0.5, 1.5), bump = draw.uniform(1, 0, 1.5);
  std::vector<double> initial;
  for (int i = 0; i < cells; ++i) {
    const double x = (i + 0.5) / cells, y = (x - 0.7) / 0.08;
    initial.push_back(0.2 + (x > 0.15 && x < 0.15 + width ? height : 0) + bump * std::exp(-y * y));
  }
  const auto slope = [limiter](double left, double right) {
    if (!(left * right > 0)) return 0.0;
    const double s = left > 0 ? 1 : -1, l = std::fabs(left), r = std::fabs(right);
    if (limiter == 0) return s * std::min(l, r);
    if (limiter == 1) return s * 2 * l * r / (l + r);
    return s * std::max(std::min(2 * l, r), std::min(l, 2 * r));
  };
  const auto flux = [burgers](double q) { return burgers ? 0.5 * q * q + 0.2 * q : q; };
  auto p = small(
      initial,
      [=](double, const double *q, double *f) {
        const auto at = [&](int i) { return q[(i + cells) % cells]; };
        // All speeds are to the right: the flux between i and i + 1 is that of the state on its left.
        const auto face = [&](int i) { return flux(at(i) + 0.5 * slope(at(i) - at(i - 1), at(i + 1) - at(i))); };
        double before = face(-1);
        for (int i = 0; i < cells; ++i) {
          const double after = face(i);
          f[i] = cells * (before - after);
          before = after;
        }
      },
      nullptr);
  p->finalTime = draw.uniform(1, 0.5, 2);
  p->stateBound = 100;
  p->initialStep = 1e-3;
  p->nonsmooth = true;
  p->tolerances = {1e-2, 1e-5};
  p->methods = {"rk2a", "rk3bs", "rk5dp"};
  return p;
}

}  // namespace petrl::ode
