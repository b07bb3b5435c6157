// Smooth problems of the textbooks (Hairer, Norsett, Wanner: Solving Ordinary Differential Equations I and II).
#include <algorithm>
#include <cmath>

#include "problems/ode/registry.hpp"
#include "problems/ode/small.hpp"

namespace petrl::ode {

/// Van der Pol: y'' = mu (1 - y^2) y' - y. With time in units of mu and eps = mu^-2:
/// y1' = y2, y2' = ((1 - y1^2) y2 - y1) / eps. Hairer & Wanner II, IV.10: eps = 1e-6, t <= 2. mu in 1 .. 1e4.
std::unique_ptr<Problem> vanderpol(const Draw &draw) {
  const double mu = draw.log(1000, 1, 1e4), eps = 1 / (mu * mu);
  auto p = small(
      {draw.uniform(2, 1.5, 2.5), draw.uniform(0, -1, 1) / std::max(1.0, mu / 10)},
      [eps](double, const double *u, double *f) {
        f[0] = u[1];
        f[1] = ((1 - u[0] * u[0]) * u[1] - u[0]) / eps;
      },
      [eps](double, const double *u, DenseJacobian J) {
        J(0, 1) = 1;
        J(1, 0) = (-2 * u[0] * u[1] - 1) / eps;
        J(1, 1) = (1 - u[0] * u[0]) / eps;
      });
  const double period = 3 - 2 * std::log(2.0) + 7.014 / std::pow(mu, 4.0 / 3);  // asymptotic for large mu
  p->finalTime = draw ? draw.uniform(2, 0.8, 3) * period : 2;
  p->stateBound = 100 * mu * mu;  // |y2| reaches 1.3 mu^2
  p->initialStep = 1e-2 / std::pow(mu, 4.0 / 3);
  p->stiff = mu > 10;
  p->tolerances = {1e-3, 1e-7};
  p->methods = p->stiff ? implicitMethods : explicitMethods + highOrder + implicitMethods;
  return p;
}

/// Lotka-Volterra: u' = u (a - b v), v' = v (d u - c). Classical: a = 2/3, b = 4/3, c = d = 1, t <= 30.
std::unique_ptr<Problem> lotkavolterra(const Draw &draw) {
  const double a = draw.around(2.0 / 3, 2), b = draw.around(4.0 / 3, 2), c = draw.around(1, 2), d = draw.around(1, 2);
  auto p = small(
      {draw ? c / d * draw.log(1, 0.3, 3) : 1, draw ? a / b * draw.log(1, 0.3, 3) : 1},
      [=](double, const double *u, double *f) {
        f[0] = u[0] * (a - b * u[1]);
        f[1] = u[1] * (d * u[0] - c);
      },
      [=](double, const double *u, DenseJacobian J) {
        J(0, 0) = a - b * u[1];
        J(0, 1) = -b * u[0];
        J(1, 0) = d * u[1];
        J(1, 1) = d * u[0] - c;
      });
  p->finalTime = draw.uniform(30, 5, 50);
  p->stateBound = 1e3;
  p->initialStep = 1e-2;
  p->absoluteScale = 1e-3;  // a population must not become negative: it would grow without bound
  p->tolerances = {1e-3, 1e-7};
  p->methods = explicitMethods + highOrder + implicitMethods;
  return p;
}

/// Euler's equations of a rigid body, w1' = a w2 w3, w2' = b w1 w3, w3' = c w1 w2 with a + b + c + abc = 0 for real
/// bodies. Classical (Krogh): a = 1, b = -1, c = -0.51, w = (0, 1, 1), t <= 12; w1 = sn(t, 0.51).
std::unique_ptr<Problem> rigidbody(const Draw &draw) {
  double a = 1, b = -1, c = -0.51;
  if (draw) {
    const double i1 = draw.log(1, 0.3, 1), i2 = draw.log(1, 1, 3), i3 = draw.uniform(1, std::fabs(i1 - i2), i1 + i2);
    a = (i2 - i3) / i1;
    b = (i3 - i1) / i2;
    c = (i1 - i2) / i3;
  }
  auto p = small(
      {draw.uniform(0, -2, 2), draw.uniform(1, -2, 2), draw.uniform(1, -2, 2)},
      [=](double, const double *u, double *f) {
        f[0] = a * u[1] * u[2];
        f[1] = b * u[0] * u[2];
        f[2] = c * u[0] * u[1];
      },
      [=](double, const double *u, DenseJacobian J) {
        J(0, 1) = a * u[2], J(0, 2) = a * u[1];
        J(1, 0) = b * u[2], J(1, 2) = b * u[0];
        J(2, 0) = c * u[1], J(2, 1) = c * u[0];
      });
  p->finalTime = draw.uniform(12, 4, 40);
  p->stateBound = 100;
  p->initialStep = 1e-2;
  p->methods = explicitMethods + highOrder + implicitMethods;
  return p;
}

/// Arenstorf orbit: restricted three-body problem in the rotating frame, periodic. Hairer I, II.0.
/// Random variants perturb the initial speed and the time (the orbit is then not periodic).
std::unique_ptr<Problem> arenstorf(const Draw &draw) {
  const double mu = 0.012277471, nu = 1 - mu;
  auto p = small(
      {0.994, 0, 0, -2.00158510637908252240537862224 * draw.uniform(1, 0.995, 1.005)},
      [=](double, const double *u, double *f) {
        const double d1 = std::pow((u[0] + mu) * (u[0] + mu) + u[1] * u[1], 1.5);
        const double d2 = std::pow((u[0] - nu) * (u[0] - nu) + u[1] * u[1], 1.5);
        f[0] = u[2];
        f[1] = u[3];
        f[2] = u[0] + 2 * u[3] - nu * (u[0] + mu) / d1 - mu * (u[0] - nu) / d2;
        f[3] = u[1] - 2 * u[2] - nu * u[1] / d1 - mu * u[1] / d2;
      },
      nullptr);
  p->finalTime = 17.0652165601579625588917206249 * draw.uniform(1, 0.3, 1);
  p->stateBound = 1e3;
  p->initialStep = 1e-4;
  p->methods = {"rk3bs", "rk5f", "rk5dp", "rk5bs", "rk8vr"};
  p->tolerances = {1e-6, 1e-10};
  return p;
}

/// Pleiades: seven stars in the plane, masses 1..7, x_i'' = sum_j m_j (x_j - x_i) / r_ij^3. Hairer I, II.10; t <= 3.
/// Unknowns: x, y, x', y'. Random variants move and speed up the stars a little.
std::unique_ptr<Problem> pleiades(const Draw &draw) {
  std::vector<double> u0{3, 3, -1, -3, 2, -2,   2,    3, -3, 2, 0,     0, -4, 4,  //
                         0, 0, 0,  0,  0, 1.75, -1.5, 0, 0,  0, -1.25, 1, 0,  0};
  for (double &v : u0) v += draw.uniform(0, -0.03, 0.03);
  auto p = small(
      u0,
      [](double, const double *u, double *f) {
        const double *x = u, *y = u + 7;
        for (int i = 0; i < 14; ++i) f[i] = u[14 + i], f[14 + i] = 0;
        for (int i = 0; i < 7; ++i)
          for (int j = 0; j < 7; ++j) {
            if (i == j) continue;
            const double dx = x[j] - x[i], dy = y[j] - y[i], r2 = dx * dx + dy * dy, r3 = r2 * std::sqrt(r2);
            f[14 + i] += (j + 1) * dx / r3;
            f[21 + i] += (j + 1) * dy / r3;
          }
      },
      nullptr);
  p->finalTime = draw.uniform(3, 1, 3);
  p->stateBound = 1e3;
  p->initialStep = 1e-3;
  p->methods = {"rk3bs", "rk5f", "rk5dp", "rk5bs", "rk8vr"};
  p->tolerances = {1e-5, 1e-9};
  return p;
}

}  // namespace petrl::ode
