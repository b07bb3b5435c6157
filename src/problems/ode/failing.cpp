// Problems where Newton fails for steps that the error estimate would allow: exponentials which a long step runs into.
// Newton is limited as in codes for stiff ODEs (a few iterations, no line search); each failure costs a quarter-step
// retry.
#include <algorithm>
#include <cmath>

#include "problems/ode/registry.hpp"
#include "problems/ode/small.hpp"

namespace petrl::ode {

/// exp(h / (1 + beta h)), the Arrhenius factor in Frank-Kamenetskii's temperature h, and its derivative. Newton may try
/// temperatures below absolute zero (1 + beta h < 0), where nothing reacts.
static double arrhenius(double h, double beta, double *derivative) {
  const double d = 1 + beta * h;
  if (d <= 1e-3) {
    *derivative = 0;
    return 0;
  }
  const double e = std::exp(h / d);
  *derivative = e / (d * d);
  return e;
}

/// Thermal explosion with consumption of fuel (Semenov, Frank-Kamenetskii): h' = c k(h) - a h, c' = -eps c k(h),
/// k = exp(h / (1 + beta h)). a < e: ignites. Classical: a = 1, beta = 0.05, eps = 0.02; h = 0, c = 1.
std::unique_ptr<Problem> explosion(const Draw &draw) {
  const double a = draw.uniform(1, 0.1, 2.3), beta = draw.uniform(0.05, 0.02, 0.1), eps = draw.log(0.02, 0.01, 0.1);
  auto p = small(
      {draw.uniform(0, -1, 0.5), 1},
      [=](double, const double *u, double *f) {
        double d;
        const double k = arrhenius(u[0], beta, &d);
        f[0] = u[1] * k - a * u[0];
        f[1] = -eps * u[1] * k;
      },
      [=](double, const double *u, DenseJacobian J) {
        double d;
        const double k = arrhenius(u[0], beta, &d);
        J(0, 0) = u[1] * d - a;
        J(0, 1) = k;
        J(1, 0) = -eps * u[1] * d;
        J(1, 1) = -eps * k;
      });
  p->finalTime = draw.uniform(6, 3, 12);
  p->initialStep = 1e-2;
  newtonFails(*p, 4);
  return p;
}

/// Non-isothermal stirred tank (Uppal, Ray & Poore 1974), which ignites and dies again and again:
/// x' = -x + Da (1 - x) k(h), h' = -h (1 + b) + B Da (1 - x) k(h), k = exp(h / (1 + h / g)).
/// Da is chosen so that the conversion xs is a steady state: unstable, and for B / (1 + b) near 4 the only one.
std::unique_ptr<Problem> cstr(const Draw &draw) {
  const double b = draw.uniform(3, 2.5, 6), heat = (1 + b) * draw.uniform(4, 3.8, 4.3);
  const double xs = draw.uniform(0.55, 0.5, 0.75), beta = 1 / draw.uniform(40, 30, 100), hs = heat * xs / (1 + b);
  const double da = xs / (1 - xs) * std::exp(-hs / (1 + beta * hs));
  auto p = small(
      {draw.uniform(0.1, 0, 0.9), draw.uniform(0.5, 0, 2)},
      [=](double, const double *u, double *f) {
        double d;
        const double r = da * (1 - u[0]) * arrhenius(u[1], beta, &d);
        f[0] = -u[0] + r;
        f[1] = -u[1] * (1 + b) + heat * r;
      },
      [=](double, const double *u, DenseJacobian J) {
        double d;
        const double k = arrhenius(u[1], beta, &d);
        J(0, 0) = -1 - da * k;
        J(0, 1) = da * (1 - u[0]) * d;
        J(1, 0) = -heat * da * k;
        J(1, 1) = -1 - b + heat * da * (1 - u[0]) * d;
      });
  p->finalTime = draw.uniform(15, 6, 25);
  p->initialStep = 1e-2;
  newtonFails(*p, 4);
  return p;
}

/// Shockley's diode, i = i_s (exp(v / (n V_T)) - 1), n V_T in V; i_s in mA. Beyond 1 kA it goes on along the tangent,
/// as circuit simulators do, lest Newton overflows.
struct Diode {
  double is, nvt;
  double current(double v) const {
    const double x = v / nvt, limit = std::log(1e6 / is);
    return x < limit ? is * (std::exp(x) - 1) : 1e6 * (1 + x - limit) - is;
  }
  double conductance(double v) const { return std::min(1e6, is * std::exp(std::min(700.0, v / nvt))) / nvt; }
};

/// Half-wave rectifier, in V, mA, kOhm, uF, ms: c v1' = (A sin(2 pi f t) - v1) / r - i_d(v1 - v2),
/// C v2' = i_d(v1 - v2) - v2 / R. c is the capacity of the junction.
std::unique_ptr<Problem> diode(const Draw &draw) {
  const double a = draw.log(5, 1, 20), f = draw.log(1, 0.2, 3), r = draw.log(0.1, 0.02, 1);
  const double load = draw.log(10, 1, 50), cj = draw.log(1e-4, 1e-5, 1e-2), c = draw.log(1, 0.2, 5);
  const Diode d{draw.log(1e-9, 1e-11, 1e-6), draw.uniform(0.0259, 0.025, 0.05)};
  auto p = small(
      {0, draw.uniform(0, 0, 0.5) * a},
      [=](double t, const double *u, double *g) {
        const double i = d.current(u[0] - u[1]);
        g[0] = ((a * std::sin(2 * M_PI * f * t) - u[0]) / r - i) / cj;
        g[1] = (i - u[1] / load) / c;
      },
      [=](double, const double *u, DenseJacobian J) {
        const double g = d.conductance(u[0] - u[1]);
        J(0, 0) = (-1 / r - g) / cj;
        J(0, 1) = g / cj;
        J(1, 0) = g / c;
        J(1, 1) = (-g - 1 / load) / c;
      });
  p->finalTime = draw.uniform(4, 2, 8) / f;
  p->initialStep = 1e-4;
  newtonFails(*p, 4);
  p->tolerances = {1e-2, 1e-6};
  return p;
}

/// Voltage doubler (Greinacher): the source drives node 1 through C1; a diode from ground to node 1, one from node 1 to
/// the output C2 with load R; square wave of finite rise (tanh), as a switching supply has. V, mA, kOhm, uF, ms.
/// Unknowns: voltage q over C1 (source minus node), junction node v1, output v2.
std::unique_ptr<Problem> doubler(const Draw &draw) {
  const double a = draw.log(5, 2, 15), f = draw.log(1, 0.3, 3), r = draw.log(0.05, 0.02, 0.5),
               load = draw.log(20, 5, 80);
  const double c1 = draw.log(1, 0.3, 3), c2 = draw.log(2, 0.3, 5), cj = draw.log(2e-4, 1e-5, 5e-3);
  const Diode d{draw.log(1e-8, 1e-10, 1e-6), draw.uniform(0.04, 0.0259, 0.05)};
  auto p = small(
      {0, 0, 0},
      [=](double t, const double *u, double *g) {
        const double source = a * std::tanh(20 * std::sin(2 * M_PI * f * t));
        const double in = (source - u[0] - u[1]) / r, down = d.current(-u[1]), up = d.current(u[1] - u[2]);
        g[0] = in / c1;
        g[1] = (in + down - up) / cj;
        g[2] = (up - u[2] / load) / c2;
      },
      [=](double, const double *u, DenseJacobian J) {
        const double down = d.conductance(-u[1]), up = d.conductance(u[1] - u[2]);
        J(0, 0) = J(0, 1) = -1 / (r * c1);
        J(1, 0) = -1 / (r * cj);
        J(1, 1) = (-1 / r - down - up) / cj;
        J(1, 2) = up / cj;
        J(2, 1) = up / c2;
        J(2, 2) = (-up - 1 / load) / c2;
      });
  p->finalTime = draw.uniform(4, 2, 8) / f;
  p->initialStep = 1e-4;
  newtonFails(*p, 4);
  p->tolerances = {1e-2, 1e-6};
  return p;
}

}  // namespace petrl::ode
