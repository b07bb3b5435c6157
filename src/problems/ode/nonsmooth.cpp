// Problems whose right-hand side jumps, or whose derivative does: contact, dry friction, switches.
// A step that crosses a jump is rejected, often several times; an event function would avoid this, but few codes have
// one.
#include <algorithm>
#include <cmath>

#include "problems/ode/registry.hpp"
#include "problems/ode/small.hpp"

namespace petrl::ode {

static double sign(double x) {
  return (x > 0) - (x < 0);
}

/// Methods that bear jumps: high order gains nothing. A Rosenbrock method linearises at the start of the step and does
/// not see a contact or a sticking within it: wrong answers, accepted.
static const std::vector<std::string> explicitLow{"rk2a", "rk3bs", "rk5dp"};
static const std::vector<std::string> implicitLow{"arkimex3", "arkimex4", "bdf2", "cn"};

/// A ball under unit gravity on a stiff damped ground: x'' = -1 + max(0, -k x - c x') where x < 0. c gives the
/// coefficient of restitution e of a linear contact: zeta = -ln e / sqrt(pi^2 + ln^2 e), c = 2 zeta sqrt(k).
std::unique_ptr<Problem> bounce(const Draw &draw) {
  const double k = draw.log(1e4, 1e3, 1e6), e = draw.uniform(0.9, 0.5, 0.97), le = std::log(e);
  const double c = -2 * le / std::sqrt(M_PI * M_PI + le * le) * std::sqrt(k);
  auto p = small(
      {draw.uniform(1, 0.3, 2), draw.uniform(0, -1, 1)},
      [=](double, const double *u, double *f) {
        f[0] = u[1];
        f[1] = -1 + (u[0] < 0 ? std::max(0.0, -k * u[0] - c * u[1]) : 0);
      },
      [=](double, const double *u, DenseJacobian J) {
        J(0, 1) = 1;
        if (u[0] < 0 && -k * u[0] - c * u[1] > 0) J(1, 0) = -k, J(1, 1) = -c;
      });
  p->finalTime = draw.uniform(6, 3, 8);
  p->stateBound = 100;
  p->initialStep = 1e-2;
  p->nonsmooth = true;
  p->methods = explicitLow + implicitLow;
  p->tolerances = {1e-3, 1e-7};
  return p;
}

/// Stick-slip: x'' = -x - 2 zeta x' + F(v_belt - x'), F(w) = sign(w) Fs / (1 + delta |w|). Leine, van Campen, de
/// Kraker, van den Steen, Nonlinear Dynamics 16 (1998): Fs = 1, delta = 3, v_belt = 0.2, zeta = 0. smooth: sign(w)
/// replaced by tanh(w / eps), which implicit methods can solve for.
static std::unique_ptr<Problem> stickslipWith(const Draw &draw, bool smooth) {
  const double vb = draw.uniform(0.2, 0.1, 0.6), fs = draw.uniform(1, 0.5, 2), delta = draw.uniform(3, 1, 6);
  const double zeta = draw.uniform(0, 0, 0.05), eps = smooth ? draw.log(1e-4, 1e-6, 1e-2) : 0;
  auto p = small(
      {draw.uniform(1, -1, 1.5), draw.uniform(0, -0.5, 0.1)},
      [=](double, const double *u, double *f) {
        const double w = vb - u[1], s = smooth ? std::tanh(w / eps) : sign(w);
        f[0] = u[1];
        f[1] = -u[0] - 2 * zeta * u[1] + fs * s / (1 + delta * std::fabs(w));
      },
      [=](double, const double *u, DenseJacobian J) {
        const double w = vb - u[1], s = std::tanh(w / eps), q = 1 + delta * std::fabs(w);
        J(0, 1) = 1;
        J(1, 0) = -1;
        J(1, 1) = -2 * zeta - fs * ((1 - s * s) / (eps * q) - s * delta * sign(w) / (q * q));
      });
  p->finalTime = draw.uniform(20, 10, 30);
  p->maximumStep = 0.5;
  p->stateBound = 100;
  p->initialStep = 1e-3;
  p->nonsmooth = true;
  p->stiff = smooth;
  p->failing = smooth;
  // In the stick phase an explicit method chatters about w = 0 and low order takes forever.
  p->methods = smooth ? implicitLow : std::vector<std::string>{"rk3bs", "rk5dp"};
  p->tolerances = smooth ? std::pair(1e-2, 1e-6) : std::pair(1e-3, 1e-5);
  if (smooth) p->limitNewton(5);
  return p;
}
std::unique_ptr<Problem> stickslip(const Draw &draw) {
  return stickslipWith(draw, false);
}
std::unique_ptr<Problem> stickslipSmooth(const Draw &draw) {
  return stickslipWith(draw, true);
}

/// A damped resonator (an RLC filter) driven by a square wave of unit period: x'' = w^2 (s(t) - x) - 2 zeta w x',
/// s = 1 in the first part `duty` of each period and -1 after. The jumps are in time only.
std::unique_ptr<Problem> squarewave(const Draw &draw) {
  const double w = 2 * M_PI * draw.log(2.5, 0.3, 8), zeta = draw.log(0.2, 0.05, 3), duty = draw.uniform(0.5, 0.1, 0.9);
  const double phase = draw.uniform(0, 0, 1);
  auto p = small(
      {draw.uniform(0, -1, 1), draw.uniform(0, -1, 1)},
      [=](double t, const double *u, double *f) {
        const double x = t + phase, s = x - std::floor(x) < duty ? 1 : -1;
        f[0] = u[1];
        f[1] = w * w * (s - u[0]) - 2 * zeta * w * u[1];
      },
      [=](double, const double *, DenseJacobian J) {
        J(0, 1) = 1;
        J(1, 0) = -w * w;
        J(1, 1) = -2 * zeta * w;
      });
  p->finalTime = draw.uniform(10, 3, 20);
  p->stateBound = 1e3;
  p->initialStep = 1e-2;
  p->maximumStep = std::min(duty, 1 - duty);
  p->nonsmooth = true;
  p->methods = explicitLow + implicitLow + std::vector<std::string>{"rosw-ra34pw2"};
  p->tolerances = {1e-2, 1e-6};
  return p;
}

/// Relay feedback of a chain of three lags (the relay autotuner of Astrom & Hagglund 1984), which oscillates:
/// x1' = (-sign(x3 - r) - x1) / T1, x2' = (x1 - x2) / T2, x3' = (x2 - x3) / T3.
std::unique_ptr<Problem> relay(const Draw &draw) {
  const double t1 = draw.log(1, 0.2, 2), t2 = draw.log(1, 0.2, 2), t3 = draw.log(1, 0.2, 2),
               r = draw.uniform(0, -.5, .5);
  auto p = small(
      {draw.uniform(0, -1, 1), draw.uniform(0, -1, 1), draw.uniform(0.5, -1, 1)},
      [=](double, const double *u, double *f) {
        f[0] = (-sign(u[2] - r) - u[0]) / t1;
        f[1] = (u[0] - u[1]) / t2;
        f[2] = (u[1] - u[2]) / t3;
      },
      nullptr);
  p->finalTime = draw.uniform(20, 10, 40);
  p->maximumStep = 0.5;
  p->stateBound = 100;
  p->initialStep = 1e-2;
  p->nonsmooth = true;
  p->methods = explicitLow;  // Newton cannot solve for a sign
  p->tolerances = {1e-2, 1e-6};
  return p;
}

/// Backlash: a mass between two preloaded stops, driven: x'' = -2 zeta x' - g(x) + A cos(w t),
/// g = sign(x) (k (|x| - 1) + p) where |x| > 1, else 0 (jumps by the preload p).
std::unique_ptr<Problem> backlash(const Draw &draw) {
  const double k = draw.log(400, 50, 4000), pre = draw.uniform(1, 0, 2), zeta = draw.uniform(0.4, 0.3, 0.8);
  const double a = draw.uniform(3, 1, 5), w = draw.uniform(1.3, 0.7, 3);
  auto p = small(
      {draw.uniform(0, -1, 1), draw.uniform(0, -1, 1)},
      [=](double t, const double *u, double *f) {
        const double over = std::fabs(u[0]) - 1;
        f[0] = u[1];
        f[1] = -2 * zeta * u[1] + a * std::cos(w * t) - (over > 0 ? sign(u[0]) * (k * over + pre) : 0);
      },
      nullptr);
  p->finalTime = draw.uniform(10, 5, 15);
  p->maximumStep = 0.2;
  p->stateBound = 100;
  p->initialStep = 1e-2;
  p->nonsmooth = true;
  p->methods = explicitLow;
  p->tolerances = {1e-2, 1e-6};
  return p;
}

/// Buck converter under voltage control (Fossas & Olivar 1996; di Bernardo et al. 2008), in ms, V, A:
/// L i' = V_in s - v, C v' = i - v / R, L = 20 V ms/A, C = 0.047 A ms/V, R = 22 ohm; the switch is on (s = 1) while
/// a (v - v_ref) lies below a saw tooth from 3.8 to 8.2 V of period 0.4 ms, a = 8.4, v_ref = 11.3 V.
std::unique_ptr<Problem> buck(const Draw &draw) {
  const double vin = draw.uniform(22, 15, 24), r = draw.uniform(22, 18, 26), l = 20, c = 0.047;
  auto p = small(
      {draw.uniform(0.5, 0.3, 0.7), draw.uniform(12, 11, 13)},
      [=](double t, const double *u, double *f) {
        const double x = t / 0.4, saw = 3.8 + 4.4 * (x - std::floor(x));
        const double s = 8.4 * (u[1] - 11.3) < saw ? 1 : 0;
        f[0] = (vin * s - u[1]) / l;
        f[1] = (u[0] - u[1] / r) / c;
      },
      nullptr);
  p->finalTime = draw.uniform(10, 5, 20);
  p->stateBound = 1e3;
  p->initialStep = 1e-3;
  p->maximumStep = 0.1;  // a quarter of the saw tooth's period
  p->nonsmooth = true;
  p->methods = explicitLow;
  p->tolerances = {1e-3, 1e-7};
  return p;
}

}  // namespace petrl::ode
