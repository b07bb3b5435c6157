// Reaction and nonlinear diffusion on a line.
#include <algorithm>
#include <cmath>

#include "problems/ode/line.hpp"
#include "problems/ode/registry.hpp"

namespace petrl::ode {

/// Brusselator with diffusion (Hairer & Wanner II, IV.10): u' = A + u^2 v - (B + 1) u + a u_xx, v' = B u - u^2 v + a
/// v_xx, u = A, v = B / A at both ends; A = 1, B = 3, a = 1/50, 40 inner points, t <= 10; u = 1 + sin(2 pi x), v = 3.
std::unique_ptr<Problem> brusselator(const Draw &draw) {
  const double a = draw.uniform(1, 0.7, 1.3), b = draw.uniform(3, 1.8, 4), alpha = draw.log(0.02, 0.003, 0.1);
  const double bump = draw.uniform(1, 0.2, 1);
  const auto points = static_cast<PetscInt>(draw.log(40, 16, 128));
  const double h = 1.0 / (static_cast<double>(points) + 1), c = alpha / (h * h);
  auto p = line(
      points, {a, b / a},
      [=](PetscInt i, double *u) {
        u[0] = a * (1 + bump * std::sin(2 * M_PI * h * static_cast<double>(i + 1)));
        u[1] = b / a;
      },
      [=](const double *l, const double *u, const double *r, double *f) {
        const double uuv = u[0] * u[0] * u[1];
        f[0] = a + uuv - (b + 1) * u[0] + c * (l[0] - 2 * u[0] + r[0]);
        f[1] = b * u[0] - uuv + c * (l[1] - 2 * u[1] + r[1]);
      },
      [=](const double *, const double *u, const double *, double *l, double *m, double *r) {
        l[0] = l[3] = r[0] = r[3] = c;
        m[0] = 2 * u[0] * u[1] - (b + 1) - 2 * c;
        m[1] = u[0] * u[0];
        m[2] = b - 2 * u[0] * u[1];
        m[3] = -u[0] * u[0] - 2 * c;
      });
  p->finalTime = draw.uniform(10, 4, 20);
  p->stateBound = 1e3;
  p->initialStep = 1e-3;
  p->stiff = 4 * c > 20;
  p->methods = p->stiff ? implicitMethods : explicitMethods + implicitMethods;
  return p;
}

/// p-Laplacian: u_t = (k(u_x) u_x)_x + q, k(g) = (g^2 + d^2)^((p-2)/2), u = 0 at both ends, from a block u = 1 in the
/// middle third. p = 1.3: a power-law (glacier-like) flow, nearly singular where u is flat; d = 1e-3.
std::unique_ptr<Problem> plaplace(const Draw &draw) {
  double power = 1.3;
  if (draw) power = draw.uniform(0, 0, 1) < 0.6 ? draw.uniform(0, 1.15, 1.7) : draw.uniform(0, 3, 6);
  const double delta = draw.log(1e-3, 1e-4, 1e-2), q = draw.uniform(0, 0, 2), top = draw.log(1, 0.3, 3);
  const auto points = static_cast<PetscInt>(draw.log(64, 24, 128));
  const double h = 1.0 / (static_cast<double>(points) + 1), e = 0.5 * (power - 2);
  auto flux = [=](double g) { return std::pow(g * g + delta * delta, e) * g; };
  auto slope = [=](double g) {
    const double s = g * g + delta * delta;
    return std::pow(s, e) * (1 + 2 * e * g * g / s);
  };
  auto p = line(
      points, {0},
      [=](PetscInt i, double *u) {
        const double x = h * static_cast<double>(i + 1);
        u[0] = x > 1.0 / 3 && x < 2.0 / 3 ? top : 0;
      },
      [=](const double *l, const double *u, const double *r, double *f) {
        f[0] = (flux((r[0] - u[0]) / h) - flux((u[0] - l[0]) / h)) / h + q;
      },
      [=](const double *lu, const double *u, const double *ru, double *l, double *m, double *r) {
        l[0] = slope((u[0] - lu[0]) / h) / (h * h);
        r[0] = slope((ru[0] - u[0]) / h) / (h * h);
        m[0] = -l[0] - r[0];
      });
  p->finalTime = draw.log(0.05, 0.02, 0.1);  // before all is flat
  p->initialStep = 1e-6;
  newtonFails(*p, 3);
  return p;
}

/// Porous medium: u_t = (u^m)_xx, degenerate where u = 0, so the front moves at finite speed. From Barenblatt's profile
/// u = t^-a max(0, C - k x^2 t^-2a)^(1/(m-1)), a = 1/(m+1), k = a (m-1) / (2m), at t0 = 1 on -4 < x < 4; m = 4.
std::unique_ptr<Problem> porous(const Draw &draw) {
  const double m = draw.uniform(4, 2.5, 6), mass = draw.uniform(1, 0.5, 1.5);
  const auto points = static_cast<PetscInt>(draw.log(100, 48, 160));
  const double h = 8.0 / (static_cast<double>(points) + 1), a = 1 / (m + 1), k = a * (m - 1) / (2 * m);
  auto power = [=](double u) { return std::pow(std::fabs(u), m - 1) * u; };
  auto slope = [=](double u) { return m * std::pow(std::fabs(u), m - 1); };
  auto p = line(
      points, {0},
      [=](PetscInt i, double *u) {
        const double x = -4 + h * static_cast<double>(i + 1);
        u[0] = std::pow(std::max(0.0, mass * k - k * x * x), 1 / (m - 1));
      },
      [=](const double *l, const double *u, const double *r, double *f) {
        f[0] = (power(l[0]) - 2 * power(u[0]) + power(r[0])) / (h * h);
      },
      [=](const double *lu, const double *u, const double *ru, double *l, double *c, double *r) {
        l[0] = slope(lu[0]) / (h * h);
        c[0] = -2 * slope(u[0]) / (h * h);
        r[0] = slope(ru[0]) / (h * h);
      });
  p->finalTime = draw.log(50, 10, 200);
  p->initialStep = 1e-3;
  newtonFails(*p, 3);
  return p;
}

}  // namespace petrl::ode
