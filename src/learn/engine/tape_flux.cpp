// Face fluxes with a network's weights, and their adjoint.
#include <algorithm>
#include <cmath>

#include "base/clones.hpp"
#include "learn/engine/arrays.hpp"
#include "learn/engine/tape.hpp"

namespace petrl::tape {

namespace {

// Faces lie half a point beyond their point; D_k = q_{k+1} - q_k are the differences around it. The flux is
//   F = (|u| + floor) (w_0 D_0 + sum_k w_k (D_k + D_-k)) + u sum_k w_{m+k} (D_k - D_-k),   k = 1 .. m.
struct Row {
  std::size_t n;
  int m;
  std::ptrdiff_t step;  // along the axis
  std::size_t plane;    // from weight to weight
  float floor;
};

// u: at the point and its neighbour.
PETRL_CLONES void faceVelocity(std::size_t n, float floor, const float *u, const float *next, float *signed_,
                               float *absolute) {
  for (std::size_t i = 0; i < n; ++i) {
    signed_[i] = 0.5f * (u[i] + next[i]);
    absolute[i] = std::fabs(signed_[i]) + floor;
  }
}

// even: the bracket of |u|; odd: that of u.
PETRL_CLONES void brackets(const Row &r, const float *q, const float *w, float *__restrict even,
                           float *__restrict odd) {
  const float *one = q + r.step;
  for (std::size_t i = 0; i < r.n; ++i) {
    even[i] = w[i] * (one[i] - q[i]);
    odd[i] = 0;
  }
  for (int k = 1; k <= r.m; ++k) {
    const float *right = q + (k + 1) * r.step, *inner_right = q + k * r.step, *left = q - k * r.step,
                *inner_left = q - (k - 1) * r.step;
    const float *we = w + static_cast<std::size_t>(k) * r.plane, *wo = w + static_cast<std::size_t>(r.m + k) * r.plane;
    for (std::size_t i = 0; i < r.n; ++i) {
      const float up = right[i] - inner_right[i], down = inner_left[i] - left[i];
      even[i] += we[i] * (up + down);
      odd[i] += wo[i] * (up - down);
    }
  }
}

// gf: gradient of the flux. Adds to the gradients of the weights and, line by line, writes those of D_k, D_-k.
PETRL_CLONES void weightAdjoint(const Row &r, int k, const float *q, const float *w, const float *gf, const float *us,
                                const float *ua, float *__restrict gw, float *__restrict g_up,
                                float *__restrict g_down) {
  const float *right = q + (k + 1) * r.step, *inner_right = q + k * r.step, *left = q - k * r.step,
              *inner_left = q - (k - 1) * r.step;
  const float *we = w + static_cast<std::size_t>(k) * r.plane, *wo = w + static_cast<std::size_t>(r.m + k) * r.plane;
  float *gwe = gw + static_cast<std::size_t>(k) * r.plane, *gwo = gw + static_cast<std::size_t>(r.m + k) * r.plane;
  for (std::size_t i = 0; i < r.n; ++i) {
    const float up = right[i] - inner_right[i], down = inner_left[i] - left[i], e = gf[i] * ua[i], o = gf[i] * us[i];
    gwe[i] += e * (up + down);
    gwo[i] += o * (up - down);
    g_up[i] = e * we[i] + o * wo[i];
    g_down[i] = e * we[i] - o * wo[i];
  }
}

}  // namespace

Var Tape::fluxDivergence(Var q, Var weights, Var u, int m, float floor, float factor, int axis, Var more) {
  needPlane();
  const int ghost = m + 1;
  const auto n = static_cast<std::size_t>(nx_), width = static_cast<std::size_t>(nx_ + 2 * ghost);
  const std::ptrdiff_t step = axis == 0 ? 1 : static_cast<std::ptrdiff_t>(width);
  const Row shape{n, m, step, points(), floor};
  const Var r = make(1);
  const auto start = [ghost, width](int j) {
    return static_cast<std::size_t>(j + ghost) * width + static_cast<std::size_t>(ghost);
  };
  const float *p = padded(value(q), 1, ghost, 0), *v = padded(value(u), 1, ghost, 1);
  std::vector<float> line(4 * n), flux(points());
  float *us = line.data(), *ua = us + n, *even = ua + n, *odd = even + n;
  for (int j = 0; j < ny_; ++j) {
    const std::size_t at = start(j), to = static_cast<std::size_t>(j) * n;
    faceVelocity(n, floor, v + at, v + at + step, us, ua);
    if (more.id >= 0) learn::addScaled(n, 1, value(more) + to, ua);
    brackets(shape, p + at, value(weights) + to, even, odd);
    for (std::size_t i = 0; i < n; ++i) flux[to + i] = ua[i] * even[i] + us[i] * odd[i];
  }
  const float *f = padded(flux.data(), 1, ghost, 2);
  for (int j = 0; j < ny_; ++j)
    for (std::size_t i = 0, at = start(j); i < n; ++i, ++at)
      node(r).value[static_cast<std::size_t>(j) * n + i] = factor * (f[at] - f[at - static_cast<std::size_t>(step)]);

  const bool velocity_moves = static_cast<bool>(node(u).backward);
  node(r).backward = [=] {
    const float *g = padded(gradient(r), 1, ghost, 2);
    const float *pq = padded(value(q), 1, ghost, 0), *pu = padded(value(u), 1, ghost, 1);
    std::vector<float> work(7 * n), scattered(width * static_cast<std::size_t>(ny_ + 2 * ghost), 0.f),
        velocity(velocity_moves ? scattered.size() : 0, 0.f);
    float *gf = work.data(), *s = gf + n, *a = s + n, *up = a + n, *down = up + n, *e = down + n, *o = e + n;
    float *gw = gradient(weights);
    for (int j = 0; j < ny_; ++j) {
      const std::size_t at = start(j), to = static_cast<std::size_t>(j) * n;
      for (std::size_t i = 0; i < n; ++i) gf[i] = factor * (g[at + i] - g[at + i + static_cast<std::size_t>(step)]);
      faceVelocity(n, floor, pu + at, pu + at + step, s, a);
      if (more.id >= 0) learn::addScaled(n, 1, value(more) + to, a);
      const float *w = value(weights) + to;
      if (velocity_moves || more.id >= 0) brackets(shape, pq + at, w, e, o);
      if (more.id >= 0) {
        float *const to_more = gradient(more) + to;
        for (std::size_t i = 0; i < n; ++i) to_more[i] += gf[i] * e[i];
      }
      if (velocity_moves) {
        for (std::size_t i = 0; i < n; ++i) up[i] = 0.5f * gf[i] * (std::copysign(1.f, s[i]) * e[i] + o[i]);
        learn::addScaled(n, 1, up, velocity.data() + at);
        learn::addScaled(n, 1, up, velocity.data() + at + step);
      }
      float *to_q = scattered.data() + at;
      for (std::size_t i = 0; i < n; ++i) {
        gw[to + i] += gf[i] * a[i] * (pq[at + i + static_cast<std::size_t>(step)] - pq[at + i]);
        up[i] = gf[i] * a[i] * w[i];
      }
      learn::addScaled(n, 1, up, to_q + step);
      learn::addScaled(n, -1, up, to_q);
      for (int k = 1; k <= m; ++k) {
        weightAdjoint(shape, k, pq + at, w, gf, s, a, gw + to, up, down);
        learn::addScaled(n, 1, up, to_q + (k + 1) * step);
        learn::addScaled(n, -1, up, to_q + k * step);
        learn::addScaled(n, 1, down, to_q - (k - 1) * step);
        learn::addScaled(n, -1, down, to_q - k * step);
      }
    }
    fold(scattered.data(), ghost, gradient(q));
    if (velocity_moves) fold(velocity.data(), ghost, gradient(u));
  };
  return r;
}

}  // namespace petrl::tape
