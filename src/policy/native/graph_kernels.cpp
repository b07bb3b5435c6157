#include "policy/native/graph_kernels.hpp"

#include <algorithm>

#include "base/clones.hpp"
#include "base/vector_math.hpp"

namespace petrl::graph {

namespace {

constexpr int kWidest = 4096;  // as reading a network allows

PETRL_INLINE float sigmoid(float x) {
  return 1 / (1 + vector_math::exponential(-x));
}

template <bool Keep>
PETRL_INLINE void passMessages(const Messages &m, float *gate) {
  const int h = m.hidden;
  float x[kWidest];
  for (int i = 0; i < m.count; ++i) {
    const float *a = m.a + static_cast<long>(i) * h;
    float *sum = m.sum + static_cast<long>(i) * h;
    for (int k = 0; k < h; ++k) sum[k] = 0;
    for (int s = 0; s < m.slots; ++s) {
      const long at = static_cast<long>(i) * m.slots + s;
      const int j = m.source[at];
      float *kept = Keep ? gate + at * h : nullptr;
      if (j < 0) {
        if (Keep) std::fill(kept, kept + h, 0.f);
        continue;
      }
      const float *b = m.b + static_cast<long>(j) * h, *e = m.edge + at * m.edge_inputs;
      for (int k = 0; k < h; ++k) x[k] = a[k] + b[k];
      for (int f = 0; f < m.edge_inputs; ++f) {
        const float value = e[f];
        const float *c = m.c + static_cast<long>(f) * h;
        for (int k = 0; k < h; ++k) x[k] += value * c[k];
      }
      for (int k = 0; k < h; ++k) {
        const float g = sigmoid(x[k]);
        sum[k] += x[k] * g;
        if (Keep) kept[k] = g * (1 + x[k] * (1 - g));
      }
    }
  }
}

}  // namespace

PETRL_CLONES void silu(long n, float *y) {
  for (long i = 0; i < n; ++i) y[i] *= sigmoid(y[i]);
}

PETRL_CLONES void silu(long n, float *y, float *gate) {
  for (long i = 0; i < n; ++i) {
    const float x = y[i], g = sigmoid(x);
    y[i] = x * g;
    gate[i] = g * (1 + x * (1 - g));
  }
}

PETRL_CLONES void messages(const Messages &m) {
  passMessages<false>(m, nullptr);
}

PETRL_CLONES void messages(const Messages &m, float *gate) {
  passMessages<true>(m, gate);
}

PETRL_CLONES void messagesBackward(const Messages &m, const float *gate, const float *sum_gradient, float *a_gradient,
                                   float *b_gradient, float *c_gradient) {
  const int h = m.hidden;
  for (int i = 0; i < m.count; ++i) {
    const float *up = sum_gradient + static_cast<long>(i) * h;
    float *a = a_gradient + static_cast<long>(i) * h;
    for (int k = 0; k < h; ++k) a[k] = 0;
    for (int s = 0; s < m.slots; ++s) {
      const long at = static_cast<long>(i) * m.slots + s;
      const int j = m.source[at];
      if (j < 0) continue;
      const float *g = gate + at * h, *e = m.edge + at * m.edge_inputs;
      float *b = b_gradient + static_cast<long>(j) * h;
      for (int k = 0; k < h; ++k) {
        const float d = up[k] * g[k];
        a[k] += d;
        b[k] += d;
      }
      for (int f = 0; f < m.edge_inputs; ++f) {
        const float value = e[f];
        float *c = c_gradient + static_cast<long>(f) * h;
        for (int k = 0; k < h; ++k) c[k] += value * up[k] * g[k];
      }
    }
  }
}

}  // namespace petrl::graph
