#include "problems/conservation/shock.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/error.hpp"

namespace petrl::conservation {

namespace {

constexpr int kPad = 2;           // ghost points on either side
constexpr double kFront = 0.004;  // cells that the shock cuts are averaged by parts of this size
constexpr float kCourant = 0.45f;

/// A padded grid of four components, one after the other.
struct Grid {
  int n;
  std::ptrdiff_t stride, size;  // of a row, of a component
  explicit Grid(int points)
      : n(points), stride((points + 2 * kPad + 15) / 16 * 16), size(stride * (points + 2 * kPad)) {}
  std::ptrdiff_t at(int x, int y) const { return (y + kPad) * stride + x + kPad; }
};

/// Of all points: w from u.
PETRL_CLONES void toPrimitives(const Grid &g, float gamma, const float *u, float *w) {
  const std::ptrdiff_t m = g.size;
  for (int y = -kPad; y < g.n + kPad; ++y) {
    const std::ptrdiff_t first = g.at(-kPad, y);
    PETRL_INDEPENDENT for (std::ptrdiff_t i = first; i < first + g.n + 2 * kPad; ++i) {
      const Gas<float> s = gasOf<float>({u[i], u[m + i], u[2 * m + i], u[3 * m + i]}, gamma);
      w[i] = s.rho;
      w[m + i] = s.vx;
      w[2 * m + i] = s.vy;
      w[3 * m + i] = s.p;
    }
  }
}

/// Fluxes from points first, ..., first + count - 1 to those `ahead` further; to: four lines of `width`.
PETRL_CLONES void fluxes(const Grid &g, float gamma, const float *w, std::ptrdiff_t first, std::ptrdiff_t ahead,
                         int count, float nx, float ny, float *to, std::ptrdiff_t width) {
  const std::ptrdiff_t m = g.size;
  PETRL_INDEPENDENT for (int k = 0; k < count; ++k) {
    const float *const q = w + first + k;
    float l[4], r[4];
    PETRL_UNROLL for (int c = 0; c < 4; ++c) {
      const float *const p = q + c * m;
      const float a = p[0] - p[-ahead], b = p[ahead] - p[0], d = p[2 * ahead] - p[ahead];
      l[c] = p[0] + halfSlope(a, b);
      r[c] = p[ahead] - halfSlope(b, d);
    }
    const GasContents<float> f = hllc<float>({l[0], l[1], l[2], l[3]}, {r[0], r[1], r[2], r[3]}, nx, ny, gamma);
    to[k] = f.mass;
    to[width + k] = f.x;
    to[2 * width + k] = f.y;
    to[3 * width + k] = f.energy;
  }
}

/// out = a base + b (u - step * (differences of fluxes)), one row.
PETRL_CLONES void update(const Grid &g, int y, float step, const float *across, const float *below, const float *above,
                         std::ptrdiff_t width, float a, const float *base, float b, const float *u, float *out) {
  for (int c = 0; c < 4; ++c) {
    const std::ptrdiff_t at = c * g.size + g.at(0, y);
    const float *const x = across + c * width, *const low = below + c * width, *const high = above + c * width;
    PETRL_INDEPENDENT for (int i = 0; i < g.n; ++i) {
      out[at + i] = a * base[at + i] + b * (u[at + i] - step * ((x[i + 1] - x[i]) + (high[i] - low[i])));
    }
  }
}

/// Largest sum of speeds along both axes; NaN where a state is none.
PETRL_CLONES float fastest(const Grid &g, float gamma, const float *w) {
  const std::ptrdiff_t m = g.size;
  float most = 0;
  for (int y = 0; y < g.n; ++y) {
    float row[16] = {}, others = 0;
    for (int x = 0; x < g.n; x += 16) {
      PETRL_INDEPENDENT for (int k = 0; k < 16; ++k) {
        const std::ptrdiff_t i = g.at(std::min(x + k, g.n - 1), y);
        const float s = std::fabs(w[m + i]) + std::fabs(w[2 * m + i]) + 2 * std::sqrt(gamma * w[3 * m + i] / w[i]);
        others += 0 * s;
        row[k] = row[k] > s ? row[k] : s;
      }
    }
    for (const float s : row) most = most > s ? most : s;
    most += others;  // 0, or NaN
  }
  return most;
}

}  // namespace

Gas<double> PlanarShock::behind() const {
  const double square = mach * mach, g = gamma;
  Gas<double> out;
  out.rho = ahead.rho * (g + 1) * square / ((g - 1) * square + 2);
  out.p = ahead.p * (1 + 2 * g / (g + 1) * (square - 1));
  const double v = speed() * (1 - ahead.rho / out.rho);
  out.vx = v * direction[0], out.vy = v * direction[1];
  return out;
}

void PlanarShock::state(double t, const double *x, double *u) const {
  const GasContents<double> c = contentsOf(passed(t, x) ? behind() : ahead, gamma);
  u[0] = c.mass, u[1] = c.x, u[2] = c.y, u[3] = c.energy;
}

ShockTruth::ShockTruth(const PlanarShock &shock, Profile density, int points, std::vector<double> times)
    : shock_(shock),
      density_(std::move(density)),
      points_(points),
      times_(std::move(times)),
      fields_(2, density_.length, points, false) {
  if (density_.dim != 2 || density_.periodic) throw Error("shocks and bubbles are in boxes, not periodic ones");
  if (shock_.ahead.vx != 0 || shock_.ahead.vy != 0) throw Error("a planar shock runs into gas at rest");
  if (!(shock_.mach > 1)) throw Error("the Mach number of a shock is above 1");
  checkReference(points_, times_);
}

void ShockTruth::component(int k, double t, int n, const double *x, double *out) const {
  if (t > 0) {
    if (k != 0) throw Error("the reference knows a gas's density alone");
    if (fields_.empty()) run();
    fields_.values(t, n, x, out);
    return;
  }
  if (k == 0) {
    const double none[2] = {0, 0};
    density_.values(n, x, none, 0, out);
  } else {
    std::fill(out, out + n, k == 3 ? shock_.ahead.p / (shock_.gamma - 1) : 0.);
  }
  const GasContents<double> behind = contentsOf(shock_.behind(), shock_.gamma);
  const double value = k == 0 ? behind.mass : k == 1 ? behind.x : k == 2 ? behind.y : behind.energy;
  for (int i = 0; i < n; ++i)
    if (shock_.passed(0, x + 2 * i)) out[i] = value;
}

double ShockTruth::sharpness(double t, const double *x, double radius) const {
  if (t > 0) return 2 * fields_.spacing();
  const double none[2] = {0, 0};
  const double distance = std::fabs(x[0] * shock_.direction[0] + x[1] * shock_.direction[1] - shock_.front);
  const double smooth = density_.sharpness(x, radius, none, 0);
  return distance < radius ? std::min(smooth, kFront) : smooth;
}

void ShockTruth::run() const {
  const Grid g(points_);
  const auto all = static_cast<std::size_t>(4 * g.size);
  const std::ptrdiff_t width = g.stride;
  const double h = fields_.spacing();
  const auto gamma = static_cast<float>(shock_.gamma);
  std::vector<float> u(all, 1.f), v(all, 1.f), w(all, 1.f);
  std::vector<float> lines(static_cast<std::size_t>(12 * width));
  float *const across = lines.data(), *below = across + 4 * width, *above = below + 4 * width;
  const auto centre = [h](int i) { return (i + 0.5) * h; };
  std::vector<double> x(static_cast<std::size_t>(2 * g.n)), value(static_cast<std::size_t>(g.n));
  for (int y = 0; y < g.n; ++y) {
    for (int i = 0; i < g.n; ++i)
      x[static_cast<std::size_t>(2 * i)] = centre(i), x[static_cast<std::size_t>(2 * i + 1)] = centre(y);
    for (int c = 0; c < 4; ++c) {
      component(c, 0, g.n, x.data(), value.data());
      std::copy(value.begin(), value.end(), u.data() + c * g.size + g.at(0, y));
    }
  }
  // Beyond the boundary there is the shock alone.
  const auto surround = [&](double t, std::vector<float> &q) {
    const auto set = [&](int i, int j) {
      const double at[2] = {centre(i), centre(j)};
      double state[4];
      shock_.state(t, at, state);
      for (int c = 0; c < 4; ++c) q[static_cast<std::size_t>(c * g.size + g.at(i, j))] = static_cast<float>(state[c]);
    };
    for (int k = -kPad; k < g.n + kPad; ++k) {
      for (const int side : {-2, -1, g.n, g.n + 1}) {
        set(k, side);
        if (k >= 0 && k < g.n) set(side, k);
      }
    }
  };
  const auto stage = [&](float a, const std::vector<float> &base, float b, const std::vector<float> &q, float step,
                         std::vector<float> &out) {
    fluxes(g, gamma, w.data(), g.at(0, -1), g.stride, g.n, 0, 1, below, width);
    for (int y = 0; y < g.n; ++y) {
      fluxes(g, gamma, w.data(), g.at(-1, y), 1, g.n + 1, 1, 0, across, width);
      fluxes(g, gamma, w.data(), g.at(0, y), g.stride, g.n, 0, 1, above, width);
      update(g, y, step, across, below, above, width, a, base.data(), b, q.data(), out.data());
      std::swap(below, above);
    }
  };
  double t = 0;
  for (const double time : times_) {
    while (t < time) {
      surround(t, u);
      toPrimitives(g, gamma, u.data(), w.data());
      const double most = static_cast<double>(fastest(g, gamma, w.data()));
      const double steps = std::max(1., std::ceil((time - t) * most / (static_cast<double>(kCourant) * h)));
      if (!(steps < 1e8)) throw Error("the reference of a shock is not finite", PETSC_ERR_FP);
      const double dt = (time - t) / steps;
      const auto step = static_cast<float>(dt / h);
      stage(0, u, 1, u, step, v);
      surround(t + dt, v);
      toPrimitives(g, gamma, v.data(), w.data());
      stage(0.5f, u, 0.5f, v, step, u);
      t = steps == 1 ? time : t + dt;
    }
    std::vector<float> &field = fields_.at(time);
    for (int y = 0; y < g.n; ++y) field.insert(field.end(), u.data() + g.at(0, y), u.data() + g.at(0, y) + g.n);
  }
}

}  // namespace petrl::conservation
