// Reactions and diffusion on a square.
#include <algorithm>
#include <cmath>

#include "problems/ode/plane.hpp"
#include "problems/ode/registry.hpp"

namespace petrl::ode {

namespace {

// From good to none.
std::string preconditioner(const Draw &draw) {
  const double x = draw.uniform(0, 0, 1);
  return x < 0.6 ? PCILU : x < 0.85 ? PCJACOBI : PCNONE;
}

PetscInt points(const Draw &draw) {
  return static_cast<PetscInt>(draw.log(16, 10, 28));
}

std::unique_ptr<Problem> finished(std::unique_ptr<PlaneProblem> p, double final_time, double bound) {
  p->finalTime = final_time;
  p->initialStep = 1e-3 * final_time;
  p->stateBound = bound;
  p->stiff = true;
  p->methods = implicitMethods;
  p->tolerances = {1e-2, 1e-5};
  return p;
}

}  // namespace

/// Brusselator with diffusion in the plane: u' = A + u^2 v - (B + 1) u + a Lap u, v' = B u - u^2 v + a Lap v; A = 1,
/// B = 3, a = 0.01, t <= 8, a wave across the square.
std::unique_ptr<Problem> brusselator2d(const Draw &draw) {
  const double a = draw.uniform(1, 0.7, 1.3), b = draw.uniform(3, 2, 4), alpha = draw.log(0.01, 0.002, 0.05);
  const double bump = draw.uniform(0.5, 0.2, 1);
  return finished(std::make_unique<PlaneProblem>(
                      points(draw), std::vector<double>{alpha, alpha},
                      [=](double x, double y, double *u) {
                        u[0] = a * (1 + bump * std::cos(M_PI * x));
                        u[1] = b / a * (1 + bump * std::cos(M_PI * y));
                      },
                      [=](const double *u, double *r, double *slope) {
                        const double uuv = u[0] * u[0] * u[1];
                        r[0] = a + uuv - (b + 1) * u[0];
                        r[1] = b * u[0] - uuv;
                        if (!slope) return;
                        slope[0] = 2 * u[0] * u[1] - (b + 1);
                        slope[1] = u[0] * u[0];
                        slope[2] = b - 2 * u[0] * u[1];
                        slope[3] = -u[0] * u[0];
                      },
                      preconditioner(draw)),
                  draw.uniform(8, 4, 16), 1e3);
}

/// Allen and Cahn: u' = e Lap u + u - u^3, e = 0.002, t <= 20: phases separate at once, then their borders creep.
std::unique_ptr<Problem> allencahn(const Draw &draw) {
  const double e = draw.log(0.002, 0.0005, 0.01), level = draw.uniform(0, -0.1, 0.1);
  const double waves = std::floor(draw.uniform(2, 1, 4)), amplitude = draw.uniform(0.3, 0.05, 0.8);
  return finished(std::make_unique<PlaneProblem>(
                      points(draw), std::vector<double>{e},
                      [=](double x, double y, double *u) {
                        u[0] = level + amplitude * std::cos(waves * M_PI * x) * std::cos((waves + 1) * M_PI * y) +
                               0.1 * amplitude * std::cos(M_PI * (x + 2 * y));
                      },
                      [](const double *u, double *r, double *slope) {
                        r[0] = u[0] - u[0] * u[0] * u[0];
                        if (slope) slope[0] = 1 - 3 * u[0] * u[0];
                      },
                      preconditioner(draw)),
                  draw.log(20, 8, 50), 10);
}

/// An excitable medium (Barkley): u' = u (1 - u) (u - (v + b) / a) / eps + D Lap u, v' = u - v; a = 0.75, b = 0.05,
/// eps = 0.02, D = 0.002, t <= 4: a front of excitation, rest behind it.
std::unique_ptr<Problem> excitablemedium(const Draw &draw) {
  const double a = draw.uniform(0.75, 0.6, 0.9), b = draw.uniform(0.05, 0.02, 0.08), eps = draw.log(0.02, 0.01, 0.05);
  const double d = draw.log(0.002, 0.001, 0.01), where = draw.uniform(0.2, 0.1, 0.4);
  return finished(std::make_unique<PlaneProblem>(
                      points(draw), std::vector<double>{d, 0},
                      [=](double x, double y, double *u) {
                        u[0] = 1 / (1 + std::exp((x - where + 0.1 * std::cos(M_PI * y)) / 0.05));
                        u[1] = y > 0.7 ? 0.4 : 0;
                      },
                      [=](const double *u, double *r, double *slope) {
                        const double threshold = (u[1] + b) / a, hump = u[0] * (1 - u[0]);
                        r[0] = hump * (u[0] - threshold) / eps;
                        r[1] = u[0] - u[1];
                        if (!slope) return;
                        slope[0] = ((1 - 2 * u[0]) * (u[0] - threshold) + hump) / eps;
                        slope[1] = -hump / a / eps;
                        slope[2] = 1;
                        slope[3] = -1;
                      },
                      preconditioner(draw)),
                  draw.uniform(4, 2, 8), 10);
}

}  // namespace petrl::ode
