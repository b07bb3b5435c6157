#include "problems/conservation/reference.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "base/clones.hpp"
#include "base/error.hpp"

namespace petrl::conservation {

namespace {

constexpr int kPad = 2;  // ghost points on either side

// Flux between q1 and q2, k >= 0 the coefficient; negative coefficients are seen from the other side.
PETRL_INLINE float flux(float k, float nu, float q0, float q1, float q2, float q3) {
  const float left = q1 + halfSlope(q1 - q0, q2 - q1), right = q2 - halfSlope(q2 - q1, q3 - q2);
  const float behind = k > 0 ? left : right, ahead = k > 0 ? right : left;
  const float p = behind > 0 ? behind : 0, m = ahead < 0 ? ahead : 0;
  return 0.5f * k * (p * p > m * m ? p * p : m * m) - nu * (q2 - q1);
}

struct Step {
  int n, rows;
  float kx, ky, nu;  // times dt / h; nu: dt / h^2
  std::ptrdiff_t stride;
};

void wrap(const Step &s, float *q) {
  const int low = s.rows > 1 ? -kPad : 0, high = s.rows > 1 ? s.rows + kPad : 1;
  for (int y = 0; y < s.rows; ++y) {
    float *line = q + y * s.stride;
    for (int k = 1; k <= kPad; ++k) line[-k] = line[s.n - k], line[s.n - 1 + k] = line[k - 1];
  }
  for (int y = low; y < high; ++y) {
    if (y >= 0 && y < s.rows) continue;
    const float *from = q + (y + s.rows) % s.rows * s.stride;
    std::copy(from - kPad, from + s.n + kPad, q + y * s.stride - kPad);
  }
}

// out = a base + b (q + dt q'); lines: scratch of 3 (n + 1) values.
PETRL_CLONES void stage(const Step &s, float a, const float *base, float b, const float *q, float *lines, float *out) {
  const int n = s.n;
  float *__restrict across = lines, *__restrict below = lines + n + 1, *__restrict above = lines + 2 * (n + 1);
  const std::ptrdiff_t r = s.stride;
  const auto upper = [&](int y, float *__restrict f) {
    const float *__restrict line = q + y * r;
    for (int x = 0; x < n; ++x) f[x] = flux(s.ky, s.nu, line[x - r], line[x], line[x + r], line[x + 2 * r]);
  };
  std::fill(below, below + n, 0.f);
  std::fill(above, above + n, 0.f);
  if (s.rows > 1) upper(-1, below);
  for (int y = 0; y < s.rows; ++y) {
    const float *line = q + y * r, *from = base + y * r;
    float *to = out + y * r;
    for (int x = 0; x <= n; ++x) across[x] = flux(s.kx, s.nu, line[x - 2], line[x - 1], line[x], line[x + 1]);
    if (s.rows > 1) upper(y, above);
    PETRL_INDEPENDENT for (int x = 0; x < n; ++x) {
      to[x] = a * from[x] + b * (line[x] - (across[x + 1] - across[x]) - (above[x] - below[x]));
    }
    std::swap(below, above);
  }
}

}  // namespace

GridTruth::GridTruth(Profile start, const Law &law, int points, std::vector<double> times)
    : start_(std::move(start)),
      ax_(static_cast<float>(law.direction[0])),
      ay_(static_cast<float>(start_.dim == 2 ? law.direction[1] : 0)),
      viscosity_(law.viscosity),
      points_(points),
      times_(std::move(times)),
      fields_(start_.dim, start_.length, points, true) {
  if (law.kind != Law::Kind::burgers || !start_.periodic)
    throw Error("a reference on a grid is for Burgers' equation on periodic boxes");
  checkReference(points_, times_);
}

void GridTruth::run() const {
  const int n = points_, rows = start_.dim == 2 ? n : 1;
  const double h = start_.length / n;
  Step s{n, rows, 0, 0, 0, (n + 2 * kPad + 15) / 16 * 16};
  const auto size = static_cast<std::size_t>(s.stride) * static_cast<std::size_t>(rows + 2 * kPad);
  std::vector<float> u(size), v(size), lines(3 * static_cast<std::size_t>(n + 1));
  float *q = u.data() + kPad * s.stride + kPad, *w = v.data() + kPad * s.stride + kPad;
  std::vector<double> x(static_cast<std::size_t>(n * start_.dim)), value(static_cast<std::size_t>(n));
  const double none[2] = {0, 0};
  double most = 0;
  for (int j = 0; j < rows; ++j) {
    for (int i = 0; i < n; ++i) {
      x[static_cast<std::size_t>(i * start_.dim)] = (i + 0.5) * h;
      if (start_.dim == 2) x[static_cast<std::size_t>(2 * i + 1)] = (j + 0.5) * h;
    }
    start_.values(n, x.data(), none, 0, value.data());
    for (int i = 0; i < n; ++i) {
      const double here = value[static_cast<std::size_t>(i)];
      q[j * s.stride + i] = static_cast<float>(here);
      most = std::max(most, std::fabs(here));
    }
  }
  // The largest value never grows: one step for all times.
  const double rate = most * (std::fabs(ax_) + std::fabs(ay_)) / h + 4 * start_.dim * viscosity_ / (h * h);
  double t = 0;
  for (const double time : times_) {
    const int steps = std::max(1, static_cast<int>(std::ceil((time - t) * rate / 0.45)));
    const double dt = (time - t) / steps;
    s.kx = static_cast<float>(ax_ * dt / h);
    s.ky = static_cast<float>(ay_ * dt / h);
    s.nu = static_cast<float>(viscosity_ * dt / (h * h));
    for (int k = 0; k < steps; ++k) {
      wrap(s, q);
      stage(s, 0, q, 1, q, lines.data(), w);
      wrap(s, w);
      stage(s, 0.5f, q, 0.5f, w, lines.data(), q);
    }
    t = time;
    std::vector<float> &field = fields_.at(time);
    for (int j = 0; j < rows; ++j) field.insert(field.end(), q + j * s.stride, q + j * s.stride + n);
  }
}

void GridTruth::values(double t, int n, const double *x, double *out) const {
  const double none[2] = {0, 0};
  if (t == 0) {
    start_.values(n, x, none, 0, out);
    return;
  }
  if (fields_.empty()) run();
  fields_.values(t, n, x, out);
}

double GridTruth::sharpness(double t, const double *x, double radius) const {
  const double none[2] = {0, 0};
  return t == 0 ? start_.sharpness(x, radius, none, 0) : 2 * fields_.spacing();
}

}  // namespace petrl::conservation
