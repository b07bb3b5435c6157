// Stencils, transport along an axis and face fluxes, with their adjoints.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/clones.hpp"
#include "learn/engine/arrays.hpp"
#include "learn/engine/tape.hpp"

namespace petrl::tape {

namespace {

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// The points of a padded plane, row by row.
template <typename Row>
void rows(int nx, int ny, int ghost, Row row) {
  const std::size_t width = product(nx + 2 * ghost, 1);
  for (int j = 0; j < ny; ++j) row(product(j + ghost, 1) * width + static_cast<std::size_t>(ghost), product(j, nx));
}

// advection = sum a_k (q_k - q_-k), dissipation = sum s_k (q_k + q_-k - 2 q), diffusion likewise.
struct Sums {
  float *advection, *dissipation, *diffusion;
};

PETRL_CLONES void addSums(std::size_t n, float a, float d, float f, const float *__restrict up,
                          const float *__restrict q, const float *__restrict down, float *__restrict advection,
                          float *__restrict dissipation, float *__restrict diffusion) {
  for (std::size_t i = 0; i < n; ++i) {
    const float even = up[i] + down[i] - 2 * q[i];
    advection[i] += a * (up[i] - down[i]);
    dissipation[i] += d * even;
    diffusion[i] += f * even;
  }
}

void transportSums(std::size_t n, const float *q, std::ptrdiff_t step, const TransportAxis &c, const Sums &s) {
  std::fill_n(s.advection, n, 0.f);
  std::fill_n(s.dissipation, n, 0.f);
  std::fill_n(s.diffusion, n, 0.f);
  for (std::size_t k = 0; k < c.antisymmetric.size(); ++k) {
    const std::ptrdiff_t shift = static_cast<std::ptrdiff_t>(k + 1) * step;
    addSums(n, c.antisymmetric[k], c.dissipation[k], c.diffusion[k], q + shift, q, q - shift, s.advection,
            s.dissipation, s.diffusion);
  }
}

// The adjoint is a stencil, too: of u g, |u| g and g.
PETRL_CLONES void transportAdjoint(std::size_t n, const float *ug, const float *ag, const float *g, std::ptrdiff_t step,
                                   const TransportAxis &c, float *__restrict gq) {
  for (std::size_t k = 0; k < c.antisymmetric.size(); ++k) {
    const float a = c.antisymmetric[k], d = c.dissipation[k], f = c.diffusion[k];
    const std::ptrdiff_t s = static_cast<std::ptrdiff_t>(k + 1) * step;
    const float *ug_up = ug + s, *ug_down = ug - s, *ag_up = ag + s, *ag_down = ag - s, *g_up = g + s, *g_down = g - s;
    for (std::size_t i = 0; i < n; ++i)
      gq[i] +=
          a * (ug_up[i] - ug_down[i]) + d * (ag_up[i] + ag_down[i] - 2 * ag[i]) + f * (g_up[i] + g_down[i] - 2 * g[i]);
  }
}

}  // namespace

Var Tape::stencil(Var x, const std::vector<float> &coefficients, int axis) {
  needPlane();
  const int radius = static_cast<int>(coefficients.size() / 2), count = channels(x);
  const std::ptrdiff_t step = axis == 0 ? 1 : nx_ + 2 * radius;
  const Var r = make(count);
  const std::size_t n = static_cast<std::size_t>(nx_);
  const std::size_t plane = product(nx_ + 2 * radius, ny_ + 2 * radius);
  const float *p = padded(value(x), count, radius, 0);
  std::fill(node(r).value.begin(), node(r).value.end(), 0.f);
  for (int c = 0; c < count; ++c)
    rows(nx_, ny_, radius, [&](std::size_t from, std::size_t to) {
      for (int k = -radius; k <= radius; ++k)
        learn::addScaled(n, coefficients[product(k + radius, 1)],
                         p + static_cast<std::size_t>(c) * plane + from + k * step,
                         node(r).value.data() + static_cast<std::size_t>(c) * points() + to);
    });
  node(r).backward = [this, x, r, coefficients, radius, count, step, n, plane] {
    const float *g = padded(gradient(r), count, radius, 0);
    float *gx = gradient(x);
    for (int c = 0; c < count; ++c)
      rows(nx_, ny_, radius, [&](std::size_t from, std::size_t to) {
        for (int k = -radius; k <= radius; ++k)
          learn::addScaled(n, coefficients[product(k + radius, 1)],
                           g + static_cast<std::size_t>(c) * plane + from - k * step,
                           gx + static_cast<std::size_t>(c) * points() + to);
      });
  };
  return r;
}

Var Tape::transport(Var q, Var u, const TransportAxis &coefficients, int axis) {
  needPlane();
  const int radius = static_cast<int>(coefficients.antisymmetric.size()), count = channels(q);
  const std::ptrdiff_t step = axis == 0 ? 1 : nx_ + 2 * radius;
  const std::size_t n = static_cast<std::size_t>(nx_);
  const std::size_t plane = product(nx_ + 2 * radius, ny_ + 2 * radius);
  const Var r = make(count);
  const bool velocity_moves = static_cast<bool>(node(u).backward);
  const auto run = [this, q, u, coefficients, radius, count, step, n, plane](auto each) {
    const float *p = padded(value(q), count, radius, 0);
    Floats &work = scratch_[2];
    work.resize(3 * n);
    const Sums sums{work.data(), work.data() + n, work.data() + 2 * n};
    for (int c = 0; c < count; ++c)
      rows(nx_, ny_, radius, [&](std::size_t from, std::size_t to) {
        transportSums(n, p + static_cast<std::size_t>(c) * plane + from, step, coefficients, sums);
        each(static_cast<std::size_t>(c) * points() + to, value(u) + to, to, sums);
      });
  };
  float *out = node(r).value.data();
  run([&](std::size_t to, const float *v, std::size_t, const Sums &s) {
    for (std::size_t i = 0; i < n; ++i)
      out[to + i] = -v[i] * s.advection[i] + std::fabs(v[i]) * s.dissipation[i] + s.diffusion[i];
  });
  node(r).backward = [this, q, u, r, coefficients, radius, count, step, n, plane, velocity_moves, run] {
    const float *g = gradient(r);
    float *gu = velocity_moves ? gradient(u) : nullptr;
    if (velocity_moves)
      run([&](std::size_t to, const float *v, std::size_t point, const Sums &s) {
        for (std::size_t i = 0; i < n; ++i)
          gu[point + i] += g[to + i] * (std::copysign(s.dissipation[i], v[i] * s.dissipation[i]) - s.advection[i]);
      });
    Floats &product = scratch_[2];
    product.resize(2 * node(q).value.size());
    float *ug = product.data(), *ag = ug + node(q).value.size();
    for (std::size_t c = 0, j = 0; c < static_cast<std::size_t>(count); ++c)
      for (std::size_t i = 0; i < points(); ++i, ++j) {
        ug[j] = value(u)[i] * g[j];
        ag[j] = std::fabs(value(u)[i]) * g[j];
      }
    const float *wide_ug = padded(ug, count, radius, 0), *wide_ag = padded(ag, count, radius, 1),
                *wide_g = padded(g, count, radius, 3);
    float *gq = gradient(q);
    for (int c = 0; c < count; ++c)
      rows(nx_, ny_, radius, [&](std::size_t from, std::size_t to) {
        const std::size_t at = static_cast<std::size_t>(c) * plane + from;
        transportAdjoint(n, wide_ug + at, wide_ag + at, wide_g + at, step, coefficients,
                         gq + static_cast<std::size_t>(c) * points() + to);
      });
  };
  return r;
}

}  // namespace petrl::tape
