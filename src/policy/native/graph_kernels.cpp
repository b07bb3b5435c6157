#include "policy/native/graph_kernels.hpp"

#include <algorithm>
#include <cstdint>

#include "base/clones.hpp"
#include "base/vector_math.hpp"

namespace petrl::graph {

namespace {

constexpr int kWidest = 4096;  // as reading a network allows

PETRL_INLINE float sigmoid(float x) {
  return 1 / (1 + vector_math::exponential(-x));
}

/// A register of 16 or of 8 numbers.
struct Long {
  static constexpr int kLanes = 16;
  typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));
  typedef std::int32_t Words __attribute__((vector_size(kLanes * sizeof(std::int32_t))));
};
struct Short {
  static constexpr int kLanes = 8;
  typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));
  typedef std::int32_t Words __attribute__((vector_size(kLanes * sizeof(std::int32_t))));
};

// vector_math::exponential and sigmoid, a register at a time: a loop over a few numbers is not worth a loop.
template <class Register>
PETRL_INLINE void sigmoid(const typename Register::Lanes &x, typename Register::Lanes &result) {
  using Lanes = typename Register::Lanes;
  using Words = typename Register::Words;
  constexpr float kRound = 12582912.f;
  const Lanes high = Lanes{} + 88.f, low = Lanes{} - 87.f;
  Lanes y = -x;
  y = y > high ? high : y;
  y = y < low ? low : y;
  const Lanes shifted = y * 1.44269504f + kRound, n = shifted - kRound;
  const Lanes r = (y - n * .693359375f) + n * 2.12194440e-4f;
  Lanes p = Lanes{} + 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const Lanes one_and_half_bits = Lanes{} + kRound;
  const Words power = __builtin_bit_cast(Words, shifted) - __builtin_bit_cast(Words, one_and_half_bits);
  const Words bits = (power + 127) << 23;
  result = 1 / (1 + (p * r * r + r + 1) * __builtin_bit_cast(Lanes, bits));
}

/// As passMessages() below, for widths of whole registers.
template <class Register, int Vectors, bool Keep>
PETRL_INLINE void passRegisters(const Messages &m, float *gate) {
  using Lanes = typename Register::Lanes;
  constexpr int kLanes = Register::kLanes, h = Vectors * kLanes;
  const auto at = [](const float *p) -> const Lanes & { return *reinterpret_cast<const Lanes *>(p); };
  for (int i = 0; i < m.count; ++i) {
    Lanes a[Vectors], sum[Vectors];
    for (int v = 0; v < Vectors; ++v) a[v] = at(m.a + static_cast<long>(i) * h + v * kLanes), sum[v] = Lanes{};
    for (int s = 0; s < m.slots; ++s) {
      const long edge = static_cast<long>(i) * m.slots + s;
      const int j = m.source[edge];
      if (j < 0) {
        if (Keep) std::fill(gate + edge * h, gate + (edge + 1) * h, 0.f);
        continue;
      }
      const float *b = m.b + static_cast<long>(j) * h, *e = m.edge + edge * m.edge_inputs;
      Lanes x[Vectors];
      for (int v = 0; v < Vectors; ++v) x[v] = a[v] + at(b + v * kLanes);
      for (int f = 0; f < m.edge_inputs; ++f) {
        for (int v = 0; v < Vectors; ++v) x[v] += e[f] * at(m.c + static_cast<long>(f) * h + v * kLanes);
      }
      for (int v = 0; v < Vectors; ++v) {
        Lanes g;
        sigmoid<Register>(x[v], g);
        sum[v] += x[v] * g;
        if (Keep) *reinterpret_cast<Lanes *>(gate + edge * h + v * kLanes) = g * (1 + x[v] * (1 - g));
      }
    }
    for (int v = 0; v < Vectors; ++v)
      *reinterpret_cast<Lanes *>(m.sum + static_cast<long>(i) * h + v * kLanes) = sum[v];
  }
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
  if (m.hidden == 8) return passRegisters<Short, 1, false>(m, nullptr);
  if (m.hidden == 16) return passRegisters<Long, 1, false>(m, nullptr);
  if (m.hidden == 32) return passRegisters<Long, 2, false>(m, nullptr);
  passMessages<false>(m, nullptr);
}

PETRL_CLONES void messages(const Messages &m, float *gate) {
  if (m.hidden == 8) return passRegisters<Short, 1, true>(m, gate);
  if (m.hidden == 16) return passRegisters<Long, 1, true>(m, gate);
  if (m.hidden == 32) return passRegisters<Long, 2, true>(m, gate);
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
