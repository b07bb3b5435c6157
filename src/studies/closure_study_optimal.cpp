#include "studies/closure_study_optimal.hpp"

#include <cmath>
#include <numeric>

namespace petrl::cli {

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

}  // namespace

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

std::vector<double> exactAction(CoarseRun &run, const std::vector<double> &now, const std::vector<double> &next,
                                std::vector<double> &taken) {
  run.set(now);
  taken = run.action();
  run.base();
  std::vector<double> out = run.state().dense();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] -= next[i];
  return out;
}

double correlation(const std::vector<double> &a, const std::vector<double> &b) {
  const Moments m = moments(a, b);
  return m.a > 0 && m.b > 0 ? m.ab / std::sqrt(m.a * m.b) : NAN;
}

double slope(const std::vector<double> &a, const std::vector<double> &b) {
  const Moments m = moments(a, b);
  return m.b > 0 ? m.ab / m.b : NAN;
}

bool comparable(const Method &method, const grid2d::Model &model) {
  return method.closure && method.n == model.sizes().n && method.substeps == 1;
}

}  // namespace petrl::cli
