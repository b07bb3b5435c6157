// Stiff chemical kinetics, all by the law of mass action.
// Sources: Hairer & Wanner II; Mazzia & Magherini, Test Set for Initial Value Problem Solvers (Bari).
#include <cmath>

#include "problems/ode/registry.hpp"
#include "problems/ode/small.hpp"

namespace petrl::ode {

/// rate = k * product of the reactants (a species may stand twice); each change adds `amount` * rate to its species.
struct Reaction {
  double k;
  std::vector<int> reactants;
  std::vector<std::pair<int, double>> changes;
};

static std::unique_ptr<SmallProblem> massAction(std::vector<double> initial, const std::vector<Reaction> &reactions) {
  const auto n = initial.size();
  auto rhs = [reactions, n](double, const double *u, double *f) {
    for (std::size_t i = 0; i < n; ++i) f[i] = 0;
    for (const Reaction &r : reactions) {
      double rate = r.k;
      for (int s : r.reactants) rate *= u[s];
      for (auto [s, amount] : r.changes) f[s] += amount * rate;
    }
  };
  auto jacobian = [reactions](double, const double *u, DenseJacobian J) {
    for (const Reaction &r : reactions)
      for (std::size_t j = 0; j < r.reactants.size(); ++j) {
        double d = r.k;
        for (std::size_t l = 0; l < r.reactants.size(); ++l)
          if (l != j) d *= u[r.reactants[l]];
        for (auto [s, amount] : r.changes) J(s, r.reactants[j]) += amount * d;
      }
  };
  auto p = small(std::move(initial), rhs, jacobian);
  p->stiff = true;
  p->methods = implicitMethods;
  return p;
}

/// Robertson (1966): k = 0.04, 3e7, 1e4; y = (1, 0, 0), t <= 1e11 (s).
std::unique_ptr<Problem> robertson(const Draw &draw) {
  const double k1 = draw.around(0.04, 5), k2 = draw.around(3e7, 10), k3 = draw.around(1e4, 10);
  auto p = massAction({1, 0, 0},
                      {{k1, {0}, {{0, -1}, {1, 1}}}, {k2, {1, 1}, {{1, -1}, {2, 1}}}, {k3, {1, 2}, {{0, 1}, {1, -1}}}});
  p->finalTime = draw.log(1e11, 1e2, 1e6);  // later a small negative y2 makes the exact equations blow up
  p->initialStep = 1e-5;
  p->absoluteScale = 1e-4;
  p->tolerances = {1e-3, 1e-7};
  return p;
}

/// HIRES (Schaefer 1975): growth of plants under light, 8 species, t <= 321.8122.
std::unique_ptr<Problem> hires(const Draw &draw) {
  auto k = [&draw](double classical) { return draw.around(classical, 1.5); };
  const double k1 = k(1.71), k2 = k(0.43), k3 = k(8.32), k4 = k(0.69), k5 = k(0.035), k6 = k(8.32), kp = k(280),
               km = k(0.69), ks = k(0.69), oks = k(0.0007), back = k(0.43);
  // Species 0 Pr, 1 Pfr, 2 PrX, 3 PfrX, 4 PrX', 5 PfrX', 6 PfrX'E, 7 E. PfrX' is made from PfrX by k4, from E' by ks.
  auto p = massAction({1, 0, 0, 0, 0, 0, 0, draw.around(0.0057, 2)}, {{oks, {}, {{0, 1}}},
                                                                      {k1, {0}, {{0, -1}, {1, 1}}},
                                                                      {k2, {1}, {{1, -1}, {0, 1}}},
                                                                      {k6, {2}, {{2, -1}, {0, 1}}},
                                                                      {k3, {1}, {{1, -1}, {3, 1}}},
                                                                      {k1, {2}, {{2, -1}, {3, 1}}},
                                                                      {k2, {3}, {{3, -1}, {2, 1}}},
                                                                      {k5, {4}, {{4, -1}, {2, 1}}},
                                                                      {k4, {3}, {{3, -1}, {5, 1}}},
                                                                      {k1, {4}, {{4, -1}, {5, 1}}},
                                                                      {back, {5}, {{5, -1}, {4, 1}}},
                                                                      {kp, {5, 7}, {{5, -1}, {7, -1}, {6, 1}}},
                                                                      {km, {6}, {{6, -1}, {5, 1}, {7, 1}}},
                                                                      {ks, {6}, {{6, -1}, {7, 1}}},
                                                                      {back, {6}, {{6, -1}, {4, 1}, {7, 1}}}});
  p->finalTime = draw ? draw.uniform(0, 100, 500) : 321.8122;
  p->initialStep = 1e-3;
  p->absoluteScale = 1e-4;
  return p;
}

/// Oregonator (Field & Noyes 1974), the limit cycle of the Belousov-Zhabotinskii reaction:
/// y1' = s (y2 + y1 (1 - q y1 - y2)), y2' = (y3 - (1 + y1) y2) / s, y3' = w (y1 - y3); y = (1, 2, 3), t <= 360.
std::unique_ptr<Problem> oregonator(const Draw &draw) {
  const double s = draw.around(77.27, 1.5), q = draw.around(8.375e-6, 2), w = draw.around(0.161, 1.5);
  auto p = massAction({draw.around(1, 2), draw.around(2, 2), draw.around(3, 2)}, {{s, {1}, {{0, 1}}},
                                                                                  {s, {0}, {{0, 1}}},
                                                                                  {s * q, {0, 0}, {{0, -1}}},
                                                                                  {s, {0, 1}, {{0, -1}}},
                                                                                  {1 / s, {2}, {{1, 1}}},
                                                                                  {1 / s, {1}, {{1, -1}}},
                                                                                  {1 / s, {0, 1}, {{1, -1}}},
                                                                                  {w, {0}, {{2, 1}}},
                                                                                  {w, {2}, {{2, -1}}}});
  p->finalTime = draw.uniform(360, 150, 700);
  p->initialStep = 1e-3;
  p->tolerances = {1e-3, 1e-7};
  return p;
}

/// Pollution (Verwer 1994): 25 reactions of 20 species in air, t <= 60 (min).
std::unique_ptr<Problem> pollution(const Draw &draw) {
  auto k = [&draw](double classical) { return draw.around(classical, 2); };
  std::vector<double> y0(20, 0.0);
  y0[1] = draw.around(0.2, 2), y0[3] = draw.around(0.04, 2), y0[6] = draw.around(0.1, 2), y0[7] = draw.around(0.3, 2);
  y0[8] = draw.around(0.01, 2), y0[16] = draw.around(0.007, 2);
  auto p = massAction(y0, {{k(.35), {0}, {{0, -1}, {1, 1}, {2, 1}}},
                           {k(.266e2), {1, 3}, {{0, 1}, {1, -1}, {3, -1}}},
                           {k(.123e5), {4, 1}, {{0, 1}, {1, -1}, {4, -1}, {5, 1}}},
                           {k(.86e-3), {6}, {{4, 2}, {6, -1}, {7, 1}}},
                           {k(.82e-3), {6}, {{6, -1}, {7, 1}}},
                           {k(.15e5), {6, 5}, {{4, 1}, {5, -1}, {6, -1}, {7, 1}}},
                           {k(.13e-3), {8}, {{4, 1}, {7, 1}, {8, -1}, {9, 1}}},
                           {k(.24e5), {8, 5}, {{5, -1}, {8, -1}, {10, 1}}},
                           {k(.165e5), {10, 1}, {{0, 1}, {1, -1}, {9, 1}, {10, -1}, {11, 1}}},
                           {k(.9e4), {10, 0}, {{0, -1}, {10, -1}, {12, 1}}},
                           {k(.22e-1), {12}, {{0, 1}, {10, 1}, {12, -1}}},
                           {k(.12e5), {9, 1}, {{0, 1}, {1, -1}, {9, -1}, {13, 1}}},
                           {k(.188e1), {13}, {{4, 1}, {6, 1}, {13, -1}}},
                           {k(.163e5), {0, 5}, {{0, -1}, {5, -1}, {14, 1}}},
                           {k(.48e7), {2}, {{2, -1}, {3, 1}}},
                           {k(.35e-3), {3}, {{3, -1}, {15, 1}}},
                           {k(.175e-1), {3}, {{2, 1}, {3, -1}}},
                           {k(.1e9), {15}, {{5, 2}, {15, -1}}},
                           {k(.444e12), {15}, {{2, 1}, {15, -1}}},
                           {k(.124e4), {16, 5}, {{4, 1}, {5, -1}, {16, -1}, {17, 1}}},
                           {k(.21e1), {18}, {{1, 1}, {18, -1}}},
                           {k(.578e1), {18}, {{0, 1}, {2, 1}, {18, -1}}},
                           {k(.474e-1), {0, 3}, {{0, -1}, {3, -1}, {18, 1}}},
                           {k(.178e4), {18, 0}, {{0, -1}, {18, -1}, {19, 1}}},
                           {k(.312e1), {19}, {{0, 1}, {18, 1}, {19, -1}}}});
  p->finalTime = draw.uniform(60, 20, 200);
  p->initialStep = 1e-5;
  p->absoluteScale = 1e-2;
  return p;
}

}  // namespace petrl::ode
