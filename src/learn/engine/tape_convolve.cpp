// Convolutions: 16 points by up to 8 output channels are summed in registers.
#include <algorithm>
#include <cstring>

#include "base/clones.hpp"
#include "learn/engine/tape.hpp"

namespace petrl::tape {

namespace {

using Vector = float __attribute__((vector_size(64), aligned(4), may_alias));
constexpr int kLanes = 16, kBlock = 8;

int rounded(int n) {
  return (n + kLanes - 1) / kLanes * kLanes;
}

// channels x (ny + 2 ghost) rows of (rounded nx + 2 ghost): ghost points filled periodically, what lies beyond is zero.
void spread(const float *values, int channels, int nx, int ny, int ghost, std::vector<float> &store) {
  const std::size_t width = static_cast<std::size_t>(rounded(nx) + 2 * ghost);
  const auto g = static_cast<std::size_t>(ghost), n = static_cast<std::size_t>(nx);
  const std::size_t size = static_cast<std::size_t>(channels) * static_cast<std::size_t>(ny + 2 * ghost) * width;
  if (rounded(nx) == nx) {
    store.resize(size);
  } else {
    store.assign(size, 0.f);
  }
  float *out = store.data();
  for (int c = 0; c < channels; ++c) {
    const float *plane = values + static_cast<std::size_t>(c) * n * static_cast<std::size_t>(ny);
    for (int j = -ghost; j < ny + ghost; ++j, out += width) {
      const float *row = plane + static_cast<std::size_t>((j + ny) % ny) * n;
      std::memcpy(out + g, row, n * sizeof(float));
      std::memcpy(out, row + n - g, g * sizeof(float));
      std::memcpy(out + g + n, row, g * sizeof(float));
    }
  }
}

PETRL_CLONES float total(std::size_t n, const float *x) {
  Vector sum{};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) sum += *reinterpret_cast<const Vector *>(x + i);
  float out = 0;
  for (int l = 0; l < kLanes; ++l) out += sum[l];
  for (; i < n; ++i) out += x[i];
  return out;
}

PETRL_CLONES void add(std::size_t n, const float *x, float *sum) {
  for (std::size_t i = 0; i < n; ++i) sum[i] += x[i];
}

struct Shape {
  int in, out, kernel, dilation, nx, ny;
  int ghost() const { return dilation * (kernel / 2); }
  std::size_t width() const { return static_cast<std::size_t>(rounded(nx) + 2 * ghost()); }
  std::size_t plane() const { return width() * static_cast<std::size_t>(ny + 2 * ghost()); }
};

// out[o] = bias[o] + sum weight[o][c][ky][kx] in[c] at kVectors x 16 points of row j from i on, for outputs first ..
// first + kCount - 1.
template <int kCount, int kVectors>
PETRL_INLINE void forwardTile(const Shape &s, const float *in, const float *weight, const float *bias, int first, int j,
                              int i, float *out) {
  const std::size_t per_output = static_cast<std::size_t>(s.in * s.kernel * s.kernel);
  const auto nx = static_cast<std::size_t>(s.nx), points = nx * static_cast<std::size_t>(s.ny);
  const std::size_t width = s.width(), plane = s.plane();
  Vector sum[kVectors][kCount];
  for (int v = 0; v < kVectors; ++v)
    for (int o = 0; o < kCount; ++o) sum[v][o] = Vector{} + (bias != nullptr ? bias[first + o] : 0.f);
  const float *w = weight + static_cast<std::size_t>(first) * per_output;
  for (int c = 0; c < s.in; ++c) {
    for (int ky = 0; ky < s.kernel; ++ky) {
      const float *x = in + static_cast<std::size_t>(c) * plane +
                       static_cast<std::size_t>(j + ky * s.dilation) * width + static_cast<std::size_t>(i);
      for (int kx = 0; kx < s.kernel; ++kx, ++w, x += s.dilation) {
        Vector point[kVectors];
        for (int v = 0; v < kVectors; ++v) point[v] = *reinterpret_cast<const Vector *>(x + v * kLanes);
        for (int o = 0; o < kCount; ++o) {
          const float factor = w[static_cast<std::size_t>(o) * per_output];
          for (int v = 0; v < kVectors; ++v) sum[v][o] += factor * point[v];
        }
      }
    }
  }
  float row[kLanes];
  for (int v = 0; v < kVectors; ++v) {
    const int n = std::min(kLanes, s.nx - i - v * kLanes);
    for (int o = 0; o < kCount; ++o) {
      float *to = out + static_cast<std::size_t>(first + o) * points + static_cast<std::size_t>(j) * nx +
                  static_cast<std::size_t>(i + v * kLanes);
      if (n == kLanes) {
        *reinterpret_cast<Vector *>(to) = sum[v][o];
      } else {
        *reinterpret_cast<Vector *>(row) = sum[v][o];
        std::memcpy(to, row, static_cast<std::size_t>(n) * sizeof(float));
      }
    }
  }
}

template <int kCount, int kVectors>
PETRL_CLONES void forwardBlock(const Shape &s, const float *in, const float *weight, const float *bias, int first,
                               float *out) {
  for (int j = 0; j < s.ny; ++j) {
    int i = 0;
    for (; i + (kVectors - 1) * kLanes < s.nx; i += kVectors * kLanes)
      forwardTile<kCount, kVectors>(s, in, weight, bias, first, j, i, out);
    for (; i < s.nx; i += kLanes) forwardTile<kCount, 1>(s, in, weight, bias, first, j, i, out);
  }
}

template <int kVectors>
void forwardAll(const Shape &s, const float *in, const float *weight, const float *bias, float *out) {
  int first = 0;
  for (; first + kBlock <= s.out; first += kBlock) forwardBlock<kBlock, kVectors>(s, in, weight, bias, first, out);
  for (; first + 4 <= s.out; first += 4) forwardBlock<4, kVectors>(s, in, weight, bias, first, out);
  if (s.out - first == 3) forwardBlock<3, kVectors>(s, in, weight, bias, first, out);
  if (s.out - first == 2) forwardBlock<2, kVectors>(s, in, weight, bias, first, out);
  if (s.out - first == 1) forwardBlock<1, kVectors>(s, in, weight, bias, first, out);
}

void forward(const Shape &s, const float *in, const float *weight, const float *bias, float *out) {
#if defined(__x86_64__)
  // Two vectors of points share the weights that they load, where there are registers for the sums of both.
  static const bool many_registers = __builtin_cpu_supports("avx512f") != 0;
  if (many_registers) return forwardAll<2>(s, in, weight, bias, out);
#endif
  forwardAll<1>(s, in, weight, bias, out);
}

// gradient[o][c][ky][kx] += sum over points of g[o] in[c](. + k), for some outputs and kTaps taps of a row of the
// kernel, from `tap` on, at a time. Rows come in bands that stay in the nearest cache; `sums` keeps what is between.
template <int kCount, int kTaps>
PETRL_CLONES void weightBlock(const Shape &s, const float *in, const float *g, std::size_t g_width, int first, int tap,
                              std::vector<float> &sums, float *gradient) {
  constexpr int kBand = 16;
  const std::size_t per_output = static_cast<std::size_t>(s.in * s.kernel * s.kernel);
  const std::size_t width = s.width(), plane = s.plane(), g_plane = g_width * static_cast<std::size_t>(s.ny);
  const float *y0 = g + static_cast<std::size_t>(first) * g_plane;
  sums.assign(static_cast<std::size_t>(s.in * s.kernel * kCount * kTaps * kLanes), 0.f);
  for (int band = 0; band < s.ny; band += kBand) {
    const int end = std::min(s.ny, band + kBand);
    float *store = sums.data();
    for (int c = 0; c < s.in; ++c) {
      for (int ky = 0; ky < s.kernel; ++ky, store += kCount * kTaps * kLanes) {
        Vector sum[kCount][kTaps];
        std::memcpy(sum, store, sizeof sum);
        for (int j = band; j < end; ++j) {
          const float *x = in + static_cast<std::size_t>(c) * plane +
                           static_cast<std::size_t>(j + ky * s.dilation) * width +
                           static_cast<std::size_t>(tap * s.dilation);
          const float *y = y0 + static_cast<std::size_t>(j) * g_width;
          for (std::size_t i = 0; i < g_width; i += kLanes) {
            Vector shifted[kTaps];
            for (int kx = 0; kx < kTaps; ++kx)
              shifted[kx] = *reinterpret_cast<const Vector *>(x + i + static_cast<std::size_t>(kx * s.dilation));
            for (int o = 0; o < kCount; ++o) {
              const Vector v = *reinterpret_cast<const Vector *>(y + static_cast<std::size_t>(o) * g_plane + i);
              for (int kx = 0; kx < kTaps; ++kx) sum[o][kx] += v * shifted[kx];
            }
          }
        }
        std::memcpy(store, sum, sizeof sum);
      }
    }
  }
  const float *store = sums.data();
  for (int c = 0; c < s.in; ++c)
    for (int ky = 0; ky < s.kernel; ++ky)
      for (int o = 0; o < kCount; ++o)
        for (int kx = 0; kx < kTaps; ++kx, store += kLanes) {
          float total = 0;
          for (int l = 0; l < kLanes; ++l) total += store[l];
          gradient[static_cast<std::size_t>(first + o) * per_output +
                   static_cast<std::size_t>((c * s.kernel + ky) * s.kernel + tap + kx)] += total;
        }
}

template <int kTaps>
void weightTaps(const Shape &s, const float *in, const float *g, std::size_t g_width, int tap, std::vector<float> &sums,
                float *gradient) {
  int first = 0;
  for (; first + 4 <= s.out; first += 4) weightBlock<4, kTaps>(s, in, g, g_width, first, tap, sums, gradient);
  if (s.out - first == 3) weightBlock<3, kTaps>(s, in, g, g_width, first, tap, sums, gradient);
  if (s.out - first == 2) weightBlock<2, kTaps>(s, in, g, g_width, first, tap, sums, gradient);
  if (s.out - first == 1) weightBlock<1, kTaps>(s, in, g, g_width, first, tap, sums, gradient);
}

void weightGradient(const Shape &s, const float *in, const float *g, std::size_t g_width, std::vector<float> &sums,
                    float *gradient) {
  int tap = 0;
  for (; tap + 5 <= s.kernel; tap += 5) weightTaps<5>(s, in, g, g_width, tap, sums, gradient);
  for (; tap + 3 <= s.kernel; tap += 3) weightTaps<3>(s, in, g, g_width, tap, sums, gradient);
  for (; tap < s.kernel; ++tap) weightTaps<1>(s, in, g, g_width, tap, sums, gradient);
}

}  // namespace

Var Tape::convolve(Var x, const Convolution &layer) {
  const Shape s{layer.in, layer.out, layer.kernel, layer.dilation, nx_, ny_};
  const Var r = make(layer.out);
  spread(value(x), layer.in, nx_, ny_, s.ghost(), scratch_[0]);
  forward(s, scratch_[0].data(), layer.weight, layer.bias, node(r).value.data());
  node(r).backward = [this, x, r, layer, s] {
    const std::size_t n = points(), taps = static_cast<std::size_t>(layer.kernel * layer.kernel);
    const float *g = gradient(r);
    if (layer.weight_gradient != nullptr) {
      spread(value(x), layer.in, nx_, ny_, s.ghost(), scratch_[0]);
      spread(g, layer.out, nx_, ny_, 0, scratch_[1]);
      const auto g_width = static_cast<std::size_t>(rounded(nx_));
      weightGradient(s, scratch_[0].data(), scratch_[1].data(), g_width, scratch_[2], layer.weight_gradient);
      for (int o = 0; o < layer.out; ++o) layer.bias_gradient[o] += total(n, g + static_cast<std::size_t>(o) * n);
    }
    if (!node(x).backward) return;  // an input: nobody asks for its gradient
    // The gradient of a convolution is one with the kernel mirrored, inputs and outputs exchanged.
    std::vector<float> &mirrored = scratch_[3];
    mirrored.resize(static_cast<std::size_t>(layer.in * layer.out) * taps);
    for (std::size_t o = 0; o < static_cast<std::size_t>(layer.out); ++o)
      for (std::size_t c = 0; c < static_cast<std::size_t>(layer.in); ++c)
        for (std::size_t k = 0; k < taps; ++k)
          mirrored[(c * static_cast<std::size_t>(layer.out) + o) * taps + k] =
              layer.weight[(o * static_cast<std::size_t>(layer.in) + c) * taps + taps - 1 - k];
    const Shape back{layer.out, layer.in, layer.kernel, layer.dilation, nx_, ny_};
    spread(g, layer.out, nx_, ny_, s.ghost(), scratch_[1]);
    const bool first = !node(x).has_gradient;
    std::vector<float> &result = first ? node(x).gradient : scratch_[2];
    result.resize(static_cast<std::size_t>(layer.in) * n);
    forward(back, scratch_[1].data(), mirrored.data(), nullptr, result.data());
    node(x).has_gradient = true;
    if (!first) add(result.size(), result.data(), gradient(x));
  };
  return r;
}

}  // namespace petrl::tape
