// Excitable membranes under pulses of current: long rests, sudden spikes, jumps in time.
#include <algorithm>
#include <cmath>

#include "problems/ode/registry.hpp"
#include "problems/ode/small.hpp"

namespace petrl::ode {

/// 1 during the first `width` of every `period`, from `start` on.
static double pulse(double t, double start, double period, double width) {
  if (t < start) return 0;
  const double x = (t - start) / period;
  return (x - std::floor(x)) * period < width ? 1 : 0;
}

/// FitzHugh-Nagumo: v' = v - v^3/3 - w + I(t), w' = (v + a - b w) / tau; a = 0.7, b = 0.8, tau = 12.5, pulses of I.
std::unique_ptr<Problem> fitzhughnagumo(const Draw &draw) {
  const double a = draw.uniform(0.7, 0.6, 0.8), b = draw.uniform(0.8, 0.6, 0.9), tau = draw.log(12.5, 8, 100);
  const double amplitude = draw.uniform(1, 0.3, 2), period = draw.uniform(50, 20, 80), width = draw.uniform(2, 0.3, 10);
  auto p = small(
      {draw.uniform(-1.2, -2, 2), draw.uniform(-0.62, -1, 1)},
      [=](double t, const double *u, double *f) {
        f[0] = u[0] - u[0] * u[0] * u[0] / 3 - u[1] + amplitude * pulse(t, 5, period, width);
        f[1] = (u[0] + a - b * u[1]) / tau;
      },
      [=](double, const double *u, DenseJacobian J) {
        J(0, 0) = 1 - u[0] * u[0];
        J(0, 1) = -1;
        J(1, 0) = 1 / tau;
        J(1, 1) = -b / tau;
      });
  p->finalTime = draw.uniform(200, 80, 300);
  p->stateBound = 100;
  p->initialStep = 1e-2;
  p->maximumStep = width;
  p->nonsmooth = true;
  p->methods = explicitMethods + implicitMethods;
  p->tolerances = {1e-2, 1e-6};
  return p;
}

/// x / (1 - exp(-x)) and its derivative, finite at 0.
static double ratio(double x, double *derivative) {
  if (std::fabs(x) < 1e-4) {
    *derivative = 0.5 + x / 6;
    return 1 + x / 2 + x * x / 12;
  }
  const double e = std::exp(-x), d = 1 - e;
  *derivative = (d - x * e) / (d * d);
  return x / d;
}

struct Rate {
  double value, slope;
};
struct Gate {
  Rate alpha, beta;
};

/// The rates of Hodgkin & Huxley (1952), modern signs, V in mV, rates in 1/ms. Gates m, h, n. A trial step may leave
/// the range of voltages by far; the rates then stay at its end.
static void gates(double voltage, Gate g[3]) {
  const double v = std::min(200.0, std::max(-200.0, voltage));
  double d;
  const double am = ratio((v + 40) / 10, &d);
  g[0].alpha = {am, d / 10};
  g[0].beta = {4 * std::exp(-(v + 65) / 18), -4.0 / 18 * std::exp(-(v + 65) / 18)};
  g[1].alpha = {0.07 * std::exp(-(v + 65) / 20), -0.07 / 20 * std::exp(-(v + 65) / 20)};
  const double q = 1 / (1 + std::exp(-(v + 35) / 10));
  g[1].beta = {q, q * (1 - q) / 10};
  const double an = ratio((v + 55) / 10, &d);
  g[2].alpha = {0.1 * an, 0.01 * d};
  g[2].beta = {0.125 * std::exp(-(v + 65) / 80), -0.125 / 80 * std::exp(-(v + 65) / 80)};
  if (v != voltage)
    for (int i = 0; i < 3; ++i) g[i].alpha.slope = g[i].beta.slope = 0;
}

/// Hodgkin-Huxley: C v' = I(t) - gNa m^3 h (v - 50) - gK n^4 (v + 77) - 0.3 (v + 54.4), x' = alpha (1 - x) - beta x for
/// x = m, h, n; mV, ms, uA/cm^2, mS/cm^2, C = 1 uF/cm^2, gNa = 120, gK = 36. Pulses of 1 ms every 15 ms.
std::unique_ptr<Problem> hodgkinhuxley(const Draw &draw) {
  const double gna = draw.around(120, 1.15), gk = draw.around(36, 1.15), gl = 0.3;
  const double amplitude = draw.uniform(20, 5, 60), period = draw.uniform(15, 10, 30), width = draw.uniform(1, 0.3, 3);
  auto p = small(
      {draw.uniform(-65, -70, -55), 0.053, 0.596, 0.318},
      [=](double t, const double *u, double *f) {
        Gate g[3];
        gates(u[0], g);
        const double m = u[1], h = u[2], n = u[3];
        f[0] = amplitude * pulse(t, 2, period, width) - gna * m * m * m * h * (u[0] - 50) -
               gk * n * n * n * n * (u[0] + 77) - gl * (u[0] + 54.4);
        for (int i = 0; i < 3; ++i) f[1 + i] = g[i].alpha.value * (1 - u[1 + i]) - g[i].beta.value * u[1 + i];
      },
      [=](double, const double *u, DenseJacobian J) {
        Gate g[3];
        gates(u[0], g);
        const double m = u[1], h = u[2], n = u[3];
        J(0, 0) = -gna * m * m * m * h - gk * n * n * n * n - gl;
        J(0, 1) = -3 * gna * m * m * h * (u[0] - 50);
        J(0, 2) = -gna * m * m * m * (u[0] - 50);
        J(0, 3) = -4 * gk * n * n * n * (u[0] + 77);
        for (int i = 0; i < 3; ++i) {
          J(1 + i, 0) = g[i].alpha.slope * (1 - u[1 + i]) - g[i].beta.slope * u[1 + i];
          J(1 + i, 1 + i) = -g[i].alpha.value - g[i].beta.value;
        }
      });
  p->finalTime = draw.uniform(60, 20, 120);
  p->stateBound = 1e3;
  p->initialStep = 1e-3;
  p->maximumStep = width;
  p->nonsmooth = true;
  p->methods = explicitMethods + implicitMethods;
  p->tolerances = {1e-2, 1e-6};
  return p;
}

}  // namespace petrl::ode
