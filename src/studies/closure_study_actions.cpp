// The part `actions`: do closures do what they should, by the truncation error and exactly?
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/progress.hpp"
#include "problems/grid2d/simulation.hpp"
#include "studies/closure_study.hpp"

namespace petrl::studies {

namespace {

// A periodic n x n plane.
struct Plane {
  const double *values;
  std::ptrdiff_t n;
  double operator()(std::ptrdiff_t x, std::ptrdiff_t y) const { return values[(y + n) % n * n + (x + n) % n]; }
};

// u q_x + v q_y
std::vector<double> transport(const std::vector<double> &q, const double *u, const double *v, int n) {
  const Plane p{q.data(), n};
  std::vector<double> out;
  out.reserve(q.size());
  for (std::ptrdiff_t y = 0; y < n; ++y)
    for (std::ptrdiff_t x = 0; x < n; ++x)
      out.push_back(0.5 * n * (*u++ * (p(x + 1, y) - p(x - 1, y)) + *v++ * (p(x, y + 1) - p(x, y - 1))));
  return out;
}

struct Moments {
  double a = 0, b = 0, ab = 0;
};

Moments moments(const std::vector<double> &a, const std::vector<double> &b) {
  const auto n = static_cast<double>(a.size());
  const double ma = std::accumulate(a.begin(), a.end(), 0.) / n, mb = std::accumulate(b.begin(), b.end(), 0.) / n;
  Moments m;
  for (std::size_t i = 0; i < a.size(); ++i) {
    m.a += (a[i] - ma) * (a[i] - ma);
    m.b += (b[i] - mb) * (b[i] - mb);
    m.ab += (a[i] - ma) * (b[i] - mb);
  }
  return m;
}

// dt eps of forward Euler with first-order upwind differences at a state (dense psi and u, v; n x n on the unit
// square): eps = s dt/2 psi_tt + |u| h/2 psi_xx + |v| h/2 psi_yy, central differences, psi_tt = w.grad(w.grad psi) with
// w = (u, v). time_sign s: the paper's equation 22 has s = 1; the truncation error of that scheme has s = -1.
std::vector<double> truncationAction(const std::vector<double> &psi, const std::vector<double> &velocity, int n,
                                     double dt, double time_sign) {
  const double *u = velocity.data(), *v = u + static_cast<std::ptrdiff_t>(n) * n;
  const Plane p{psi.data(), n};
  std::vector<double> out = transport(transport(psi, u, v, n), u, v, n);  // psi_tt
  double *a = out.data();
  for (std::ptrdiff_t y = 0; y < n; ++y) {
    for (std::ptrdiff_t x = 0; x < n; ++x) {
      const double xx = p(x + 1, y) - 2 * p(x, y) + p(x - 1, y), yy = p(x, y + 1) - 2 * p(x, y) + p(x, y - 1);
      *a = dt * (time_sign * dt / 2 * *a + 0.5 * n * (std::fabs(*u++) * xx + std::fabs(*v++) * yy));
      ++a;
    }
  }
  return out;
}

// Pearson's correlation coefficient; NaN where one of both does not vary.
double correlation(const std::vector<double> &a, const std::vector<double> &b) {
  const Moments m = moments(a, b);
  return m.a > 0 && m.b > 0 ? m.ab / std::sqrt(m.a * m.b) : NAN;
}

// The factor f that makes a - f b smallest (means removed).
double slope(const std::vector<double> &a, const std::vector<double> &b) {
  const Moments m = moments(a, b);
  return m.b > 0 ? m.ab / m.b : NAN;
}

double rms(const std::vector<double> &a) {
  double sum = 0;
  for (const double v : a) sum += v * v;
  return std::sqrt(sum / static_cast<double>(a.size()));
}

}  // namespace

bool comparable(const Method &method, const grid2d::Model &model) {
  return method.closure && method.n == model.sizes().n && method.substeps == 1;
}

std::vector<double> exactAction(CoarseRun &run, const std::vector<double> &now, const std::vector<double> &next,
                                std::vector<double> &taken) {
  run.set(now);
  taken = run.action();
  run.base();
  std::vector<double> out = run.state().dense();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] -= next[i];
  return out;
}

void actionPart(ClosureStudy &study, YamlMap yaml) {
  const int samples = yaml.integer("samples", 100, 1, 100000), steps = yaml.integer("steps", 50, 1, 100000);
  const StudyProblem &problem = *study.problem;
  const grid2d::Model &model = problem.model();
  std::vector<const Method *> methods;
  for (const Method *m : chooseMethods(yaml, study.methods))
    if (comparable(*m, model)) methods.push_back(m);
  yaml.finish();
  if (methods.empty()) yaml.fail("methods", "no method with a policy, on the problem's own grid and without substeps");

  const int n = model.sizes().n;
  int longest = 1;
  for (const Method *m : methods) longest = std::max(longest, m->stride);
  longest *= 2;  // where even the first step goes beyond the last one, and one more
  Progress progress("actions", static_cast<std::size_t>(samples) * problem.cells().size(), "cases");
  for (const Cell &cell : problem.cells()) {
    for (int i = 0; i < samples; ++i) {
      const std::uint64_t seed = study.seed + static_cast<std::uint64_t>(i);
      const grid2d::Case c = problem.draw(cell, seed);
      const grid2d::Reference reference = grid2d::reference(model, c, steps + longest, {n});
      const auto &fine = reference.states.at(n);
      for (const Method *m : methods) {
        const Method &method = *m;
        const int advances = 1 + i % std::max(1, steps / method.stride);  // all ages of a run alike
        const int step = advances * method.stride;
        Start start = problem.start(cell, seed, c, n);
        const std::vector<double> velocity =
            start.velocity.components() > 0 ? start.velocity.dense() : std::vector<double>();
        CoarseRun run(problem, method, std::move(start));
        double paper = NAN, truncation = NAN;
        // The formula is that of one scheme, and of a velocity that is given.
        if (!velocity.empty() && method.scheme.advection == "upwind1" && method.scheme.integrator == "euler") {
          for (int s = 0; s < advances; ++s) run.advance();
          const std::vector<double> taken = run.action(), psi = run.state().dense();
          paper = correlation(taken, truncationAction(psi, velocity, n, method.dt(model), 1));
          truncation = correlation(taken, truncationAction(psi, velocity, n, method.dt(model), -1));
        }
        std::vector<double> taken;
        const auto now = static_cast<std::size_t>(step);
        const std::vector<double> exact =
            exactAction(run, fine[now], fine[now + static_cast<std::size_t>(method.stride)], taken);
        study.row("actions", m, &cell).set("case", seed).set("step", step).set("correlation_paper", paper);
        study.csv->set("correlation_truncation", truncation).set("correlation_exact", correlation(taken, exact));
        study.csv->set("slope_exact", slope(taken, exact));
        study.csv->set("action_over_exact_rms", rms(exact) > 0 ? rms(taken) / rms(exact) : NAN);
      }
      progress.step(cell.name);
    }
    study.csv->append();
  }
}

}  // namespace petrl::studies
