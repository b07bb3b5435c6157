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

using simd::load;
using simd::store;

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
  int in, out, kernel, dilation, nx, ny, nz, dimensions;
  int ghost() const { return dilation * (kernel / 2); }
  int width() const { return padded(nx) + 2 * ghost(); }
  // Taps along y and z, ghost points there.
  int kernelY() const { return dimensions > 1 ? kernel : 1; }
  int kernelZ() const { return dimensions > 2 ? kernel : 1; }
  int taps() const { return kernel * kernelY() * kernelZ(); }
  int height() const { return ny + 2 * (dimensions > 1 ? ghost() : 0); }
  int depth() const { return nz + 2 * (dimensions > 2 ? ghost() : 0); }
  std::ptrdiff_t slice() const { return static_cast<std::ptrdiff_t>(width()) * height(); }
  std::ptrdiff_t plane() const { return slice() * depth(); }
};

// mirrored: its adjoint, the convolution with the kernel mirrored, inputs and outputs exchanged.
void forward(const Shape &s, const float *in, const float *weight, bool mirrored, const float *bias, float *out) {
  thread_local std::vector<float> packed, room;
  const simd::Level level = simd::level();
  const auto blocks = convolution::pack(level, weight, s.out, s.in, s.taps(), mirrored, packed);
  std::vector<std::ptrdiff_t> tap;
  for (int kz = 0; kz < s.kernelZ(); ++kz)
    for (int ky = 0; ky < s.kernelY(); ++ky)
      for (int kx = 0; kx < s.kernel; ++kx)
        tap.push_back(s.dilation * (kz * s.slice() + static_cast<std::ptrdiff_t>(ky) * s.width() + kx));
  convolution::Row row{};
  row.in_channel = s.plane();
  row.inputs = s.in;
  row.tap = tap.data();
  row.taps = s.taps();
  row.width = s.nx;
  // Rows of whole registers are written where they belong.
  const bool whole = padded(s.nx) == s.nx;
  const std::ptrdiff_t points = static_cast<std::ptrdiff_t>(s.nx) * s.ny * s.nz;
  row.out_channel = whole ? points : padded(s.nx);
  if (!whole) room.resize(static_cast<std::size_t>(s.out * padded(s.nx)));
  for (const auto &block : blocks) {
    row.weight = packed.data() + block.weight;
    row.bias = bias != nullptr ? bias + block.first : nullptr;
    row.outputs = block.count;
    float *to = out + block.first * points;
    for (int k = 0; k < s.nz; ++k) {
      for (int j = 0; j < s.ny; ++j, to += s.nx) {
        row.in = in + k * s.slice() + static_cast<std::ptrdiff_t>(j) * s.width();
        row.out = whole ? to : room.data();
        convolution::row(row, level);
        for (int o = 0; !whole && o < block.count; ++o)
          std::memcpy(to + o * points, row.out + o * row.out_channel, static_cast<std::size_t>(s.nx) * sizeof(float));
      }
    }
  }
}

constexpr int kGap = 16;  // channels that lie a power of two apart share cache sets

/// gradient[o][c][kz][ky][kx] += sum over points of g[o] in[c](. + k).
struct WeightGradient {
  Shape shape;
  const float *in, *g;
  std::size_t g_width;  ///< of the rows of g, whole registers wide and zero beyond the points; kGap between channels
  Floats *sums;
  float *gradient;
};

// For some outputs and some taps of a row of the kernel, from `tap` on, at a time. Rows come in bands that stay in the
// nearest cache; `sums` keeps what is between.
template <class Set, int kTaps, int kCount>
PETRL_INLINE void weightBlock(const WeightGradient &w, int tap, int first) {
  using V = typename Set::Vector;
  constexpr int kBand = 16;
  const Shape &s = w.shape;
  const std::size_t per_output = static_cast<std::size_t>(s.in * s.taps());
  const auto width = static_cast<std::size_t>(s.width()), plane = static_cast<std::size_t>(s.plane());
  const std::size_t g_plane = w.g_width * static_cast<std::size_t>(s.ny * s.nz) + kGap;
  const float *y0 = w.g + static_cast<std::size_t>(first) * g_plane;
  const int rows_of_taps = s.kernelY() * s.kernelZ();
  w.sums->assign(static_cast<std::size_t>(s.in * rows_of_taps * kCount * kTaps * Set::kLanes), 0.f);
  const int bands = (s.ny + kBand - 1) / kBand;
  for (int band = 0; band < bands * s.nz; ++band) {
    const int slice = band / bands, begin = band % bands * kBand, end = std::min(s.ny, begin + kBand);
    float *at = w.sums->data();
    for (int c = 0; c < s.in; ++c) {
      for (int k = 0; k < rows_of_taps; ++k, at += kCount * kTaps * Set::kLanes) {
        const int ky = k % s.kernelY(), kz = k / s.kernelY();
        V sum[kCount][kTaps];
        PETRL_UNROLL for (int o = 0; o < kCount; ++o) {
          PETRL_UNROLL for (int kx = 0; kx < kTaps; ++kx) sum[o][kx] = *load<Set>(at + (o * kTaps + kx) * Set::kLanes);
        }
        for (int j = begin; j < end; ++j) {
          const float *x =
              w.in + static_cast<std::size_t>(c) * plane +
              static_cast<std::size_t>((slice + kz * s.dilation) * s.height() + j + ky * s.dilation) * width +
              static_cast<std::size_t>(tap * s.dilation);
          const float *y = y0 + static_cast<std::size_t>(slice * s.ny + j) * w.g_width;
          for (std::size_t i = 0; i < w.g_width; i += static_cast<std::size_t>(Set::kLanes)) {
            V shifted[kTaps];
            PETRL_UNROLL for (int kx = 0; kx < kTaps; ++kx) shifted[kx] = *load<Set>(x + i + kx * s.dilation);
            PETRL_UNROLL for (int o = 0; o < kCount; ++o) {
              V v = *load<Set>(y + static_cast<std::size_t>(o) * g_plane + i);
              PETRL_KEEP(v);
              PETRL_UNROLL for (int kx = 0; kx < kTaps; ++kx) sum[o][kx] += v * shifted[kx];
            }
          }
        }
        PETRL_UNROLL for (int o = 0; o < kCount; ++o) {
          PETRL_UNROLL for (int kx = 0; kx < kTaps; ++kx) * store<Set>(at + (o * kTaps + kx) * Set::kLanes) =
              sum[o][kx];
        }
      }
    }
  }
  const float *at = w.sums->data();
  for (int k = 0; k < s.in * rows_of_taps; ++k)
    for (int o = 0; o < kCount; ++o)
      for (int kx = 0; kx < kTaps; ++kx, at += Set::kLanes) {
        float sum = 0;
        for (int l = 0; l < Set::kLanes; ++l) sum += at[l];
        w.gradient[static_cast<std::size_t>(first + o) * per_output +
                   static_cast<std::size_t>(k * s.kernel + tap + kx)] += sum;
      }
}

template <class Set, int kTaps, int kCount>
PETRL_INLINE void weightBlocks(const WeightGradient &w, int tap, int first) {
  for (; first + kCount <= w.shape.out; first += kCount) weightBlock<Set, kTaps, kCount>(w, tap, first);
  if constexpr (kCount > 1) weightBlocks<Set, kTaps, kCount / 2>(w, tap, first);
}

// Outputs x taps of sums, as many points as taps, and one slope fill the registers.
template <class Set>
PETRL_INLINE void weightGradient(const WeightGradient &w) {
  constexpr bool kMany = Set::kRegisters == 32;
  int tap = 0;
  for (; tap + 5 <= w.shape.kernel; tap += 5) weightBlocks<Set, 5, kMany ? 4 : 2>(w, tap, 0);
  for (; tap + 3 <= w.shape.kernel; tap += 3) weightBlocks<Set, 3, kMany ? 8 : 4>(w, tap, 0);
  for (; tap < w.shape.kernel; ++tap) weightBlocks<Set, 1, 8>(w, tap, 0);
}

PETRL_VERSIONS(weightGradient, WeightGradient)

}  // namespace

Var Tape::convolve(Var x, const Convolution &layer) {
  const int d = layer.dimensions;
  const Shape s{layer.in, layer.out, layer.kernel, layer.dilation, nx_, ny_, nz_, d};
  const Var r = make(layer.out);
  forward(s, padded(value(x), layer.in, s.ghost(), 0, s.width(), 0, d), layer.weight, false, layer.bias,
          node(r).value.data());
  node(r).backward = [this, x, r, layer, s, d] {
    const std::size_t n = points();
    const float *g = gradient(r);
    if (layer.weight_gradient != nullptr) {
      const int g_width = petrl::padded(nx_);
      weightGradientVersions({s, padded(value(x), layer.in, s.ghost(), 0, s.width(), 0, d),
                              padded(g, layer.out, 0, 1, g_width, kGap), static_cast<std::size_t>(g_width),
                              &scratch_[2], layer.weight_gradient});
      for (int o = 0; o < layer.out; ++o) layer.bias_gradient[o] += total(n, g + static_cast<std::size_t>(o) * n);
    }
    if (!node(x).backward) return;  // an input: nobody asks for its gradient
    const Shape back{layer.out, layer.in, layer.kernel, layer.dilation, nx_, ny_, nz_, d};
    const bool first = !node(x).has_gradient;
    Floats &result = first ? node(x).gradient : scratch_[2];
    result.resize(static_cast<std::size_t>(layer.in) * n);
    forward(back, padded(g, layer.out, s.ghost(), 1, s.width(), 0, d), layer.weight, true, nullptr, result.data());
    node(x).has_gradient = true;
    if (!first) learn::addScaled(result.size(), 1, result.data(), gradient(x));
  };
  return r;
}

}  // namespace petrl::tape
