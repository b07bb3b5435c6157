// Convolutions: forward and back to the input by the kernel that networks in use have, to the weights by one of their
// own.
#include <algorithm>
#include <cstring>

#include "base/clones.hpp"
#include "base/floats.hpp"
#include "learn/engine/arrays.hpp"
#include "learn/engine/tape.hpp"
#include "policy/native/convolution.hpp"

namespace petrl::tape {

namespace {

using Vector = float __attribute__((vector_size(64), aligned(4), may_alias));
constexpr int kLanes = 16;

PETRL_CLONES float total(std::size_t n, const float *x) {
  Vector sum{};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) sum += *reinterpret_cast<const Vector *>(x + i);
  float out = 0;
  for (int l = 0; l < kLanes; ++l) out += sum[l];
  for (; i < n; ++i) out += x[i];
  return out;
}

/// Input rows have `width` floats, whole registers wide and with ghost points; so they lie in memory.
struct Shape {
  int in, out, kernel, dilation, nx, ny;
  int ghost() const { return dilation * (kernel / 2); }
  int width() const { return padded(nx) + 2 * ghost(); }
  std::ptrdiff_t plane() const { return static_cast<std::ptrdiff_t>(width()) * (ny + 2 * ghost()); }
};

// mirrored: its adjoint, the convolution with the kernel mirrored, inputs and outputs exchanged.
void forward(const Shape &s, const float *in, const float *weight, bool mirrored, const float *bias, float *out) {
  thread_local std::vector<float> packed, room;
  const simd::Level level = simd::level();
  const int taps = s.kernel * s.kernel;
  const auto blocks = convolution::pack(level, weight, s.out, s.in, taps, mirrored, packed);
  std::vector<std::ptrdiff_t> tap;
  for (int ky = 0; ky < s.kernel; ++ky)
    for (int kx = 0; kx < s.kernel; ++kx)
      tap.push_back(static_cast<std::ptrdiff_t>(ky) * s.dilation * s.width() + kx * s.dilation);
  convolution::Row row{};
  row.in_channel = s.plane();
  row.inputs = s.in;
  row.tap = tap.data();
  row.taps = taps;
  row.width = s.nx;
  // Rows of whole registers are written where they belong.
  const bool whole = padded(s.nx) == s.nx;
  const std::ptrdiff_t points = static_cast<std::ptrdiff_t>(s.nx) * s.ny;
  row.out_channel = whole ? points : padded(s.nx);
  if (!whole) room.resize(static_cast<std::size_t>(s.out * padded(s.nx)));
  for (const auto &block : blocks) {
    row.weight = packed.data() + block.weight;
    row.bias = bias != nullptr ? bias + block.first : nullptr;
    row.outputs = block.count;
    float *to = out + block.first * points;
    for (int j = 0; j < s.ny; ++j, to += s.nx) {
      row.in = in + static_cast<std::ptrdiff_t>(j) * s.width();
      row.out = whole ? to : room.data();
      convolution::row(row, level);
      for (int o = 0; !whole && o < block.count; ++o)
        std::memcpy(to + o * points, row.out + o * row.out_channel, static_cast<std::size_t>(s.nx) * sizeof(float));
    }
  }
}

// gradient[o][c][ky][kx] += sum over points of g[o] in[c](. + k), for some outputs and kTaps taps of a row of the
// kernel, from `tap` on, at a time. Rows come in bands that stay in the nearest cache; `sums` keeps what is between.
template <int kCount, int kTaps>
PETRL_CLONES void weightBlock(const Shape &s, const float *in, const float *g, std::size_t g_width, int first, int tap,
                              std::vector<float> &sums, float *gradient) {
  constexpr int kBand = 16;
  const std::size_t per_output = static_cast<std::size_t>(s.in * s.kernel * s.kernel);
  const auto width = static_cast<std::size_t>(s.width()), plane = static_cast<std::size_t>(s.plane());
  const std::size_t g_plane = g_width * static_cast<std::size_t>(s.ny);
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
  forward(s, padded(value(x), layer.in, s.ghost(), 0, s.width()), layer.weight, false, layer.bias,
          node(r).value.data());
  node(r).backward = [this, x, r, layer, s] {
    const std::size_t n = points();
    const float *g = gradient(r);
    if (layer.weight_gradient != nullptr) {
      const int g_width = petrl::padded(nx_);
      const float *in = padded(value(x), layer.in, s.ghost(), 0, s.width());
      weightGradient(s, in, padded(g, layer.out, 0, 1, g_width), static_cast<std::size_t>(g_width), scratch_[2],
                     layer.weight_gradient);
      for (int o = 0; o < layer.out; ++o) layer.bias_gradient[o] += total(n, g + static_cast<std::size_t>(o) * n);
    }
    if (!node(x).backward) return;  // an input: nobody asks for its gradient
    const Shape back{layer.out, layer.in, layer.kernel, layer.dilation, nx_, ny_};
    const bool first = !node(x).has_gradient;
    std::vector<float> &result = first ? node(x).gradient : scratch_[2];
    result.resize(static_cast<std::size_t>(layer.in) * n);
    forward(back, padded(g, layer.out, s.ghost(), 1, s.width()), layer.weight, true, nullptr, result.data());
    node(x).has_gradient = true;
    if (!first) learn::addScaled(result.size(), 1, result.data(), gradient(x));
  };
  return r;
}

}  // namespace petrl::tape
