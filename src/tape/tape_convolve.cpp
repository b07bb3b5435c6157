// Convolutions: 16 points by up to 8 output channels are summed in registers.
#include <algorithm>
#include <cstring>

#include "base/clones.hpp"
#include "tape/tape.hpp"

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
  store.assign(static_cast<std::size_t>(channels) * static_cast<std::size_t>(ny + 2 * ghost) * width, 0.f);
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

struct Shape {
  int in, out, kernel, dilation, nx, ny;
  int ghost() const { return dilation * (kernel / 2); }
  std::size_t width() const { return static_cast<std::size_t>(rounded(nx) + 2 * ghost()); }
  std::size_t plane() const { return width() * static_cast<std::size_t>(ny + 2 * ghost()); }
};

// out[o] = bias[o] + sum weight[o][c][ky][kx] in[c] at 16 points of a row, for outputs first .. first + count - 1.
template <int kCount>
PETRL_CLONES void forwardBlock(const Shape &s, const float *in, const float *weight, const float *bias, int first,
                               float *out) {
  const std::size_t per_output = static_cast<std::size_t>(s.in * s.kernel * s.kernel);
  const auto nx = static_cast<std::size_t>(s.nx), points = nx * static_cast<std::size_t>(s.ny);
  const std::size_t width = s.width(), plane = s.plane();
  float row[kLanes];
  for (int j = 0; j < s.ny; ++j) {
    for (int i = 0; i < s.nx; i += kLanes) {
      Vector sum[kCount];
      for (int o = 0; o < kCount; ++o) sum[o] = Vector{} + (bias != nullptr ? bias[first + o] : 0.f);
      const float *w = weight + static_cast<std::size_t>(first) * per_output;
      std::size_t t = 0;
      for (int c = 0; c < s.in; ++c) {
        for (int ky = 0; ky < s.kernel; ++ky) {
          const float *x = in + static_cast<std::size_t>(c) * plane +
                           static_cast<std::size_t>(j + ky * s.dilation) * width + static_cast<std::size_t>(i);
          for (int kx = 0; kx < s.kernel; ++kx, ++t) {
            const Vector v = *reinterpret_cast<const Vector *>(x + kx * s.dilation);
            for (int o = 0; o < kCount; ++o) sum[o] += w[static_cast<std::size_t>(o) * per_output + t] * v;
          }
        }
      }
      const int n = std::min(kLanes, s.nx - i);
      for (int o = 0; o < kCount; ++o) {
        float *to = out + static_cast<std::size_t>(first + o) * points + static_cast<std::size_t>(j) * nx +
                    static_cast<std::size_t>(i);
        if (n == kLanes) {
          *reinterpret_cast<Vector *>(to) = sum[o];
        } else {
          *reinterpret_cast<Vector *>(row) = sum[o];
          std::memcpy(to, row, static_cast<std::size_t>(n) * sizeof(float));
        }
      }
    }
  }
}

void forward(const Shape &s, const float *in, const float *weight, const float *bias, float *out) {
  int first = 0;
  for (; first + kBlock <= s.out; first += kBlock) forwardBlock<kBlock>(s, in, weight, bias, first, out);
  for (; first + 4 <= s.out; first += 4) forwardBlock<4>(s, in, weight, bias, first, out);
  for (; first < s.out; ++first) forwardBlock<1>(s, in, weight, bias, first, out);
}

// gradient[o][c][ky][kx] += sum over points of g[o] in[c](. + k), four outputs and one row of the kernel at a time.
template <int kCount, int kKernel>
PETRL_CLONES void weightBlock(const Shape &s, const float *in, const float *g, std::size_t g_width, int first,
                              float *gradient) {
  const std::size_t per_output = static_cast<std::size_t>(s.in * kKernel * kKernel);
  const std::size_t width = s.width(), plane = s.plane(), g_plane = g_width * static_cast<std::size_t>(s.ny);
  for (int c = 0; c < s.in; ++c) {
    for (int ky = 0; ky < kKernel; ++ky) {
      Vector sum[kCount][kKernel] = {};
      for (int j = 0; j < s.ny; ++j) {
        const float *x =
            in + static_cast<std::size_t>(c) * plane + static_cast<std::size_t>(j + ky * s.dilation) * width;
        const float *y = g + static_cast<std::size_t>(first) * g_plane + static_cast<std::size_t>(j) * g_width;
        for (std::size_t i = 0; i < g_width; i += kLanes) {
          Vector shifted[kKernel];
          for (int kx = 0; kx < kKernel; ++kx)
            shifted[kx] = *reinterpret_cast<const Vector *>(x + i + static_cast<std::size_t>(kx * s.dilation));
          for (int o = 0; o < kCount; ++o) {
            const Vector v = *reinterpret_cast<const Vector *>(y + static_cast<std::size_t>(o) * g_plane + i);
            for (int kx = 0; kx < kKernel; ++kx) sum[o][kx] += v * shifted[kx];
          }
        }
      }
      for (int o = 0; o < kCount; ++o)
        for (int kx = 0; kx < kKernel; ++kx) {
          float total = 0;
          for (int l = 0; l < kLanes; ++l) total += sum[o][kx][l];
          gradient[static_cast<std::size_t>(first + o) * per_output +
                   static_cast<std::size_t>((c * kKernel + ky) * kKernel + kx)] += total;
        }
    }
  }
}

template <int kKernel>
void weightGradient(const Shape &s, const float *in, const float *g, std::size_t g_width, float *gradient) {
  int first = 0;
  for (; first + 4 <= s.out; first += 4) weightBlock<4, kKernel>(s, in, g, g_width, first, gradient);
  for (; first < s.out; ++first) weightBlock<1, kKernel>(s, in, g, g_width, first, gradient);
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
      if (layer.kernel == 1)
        weightGradient<1>(s, scratch_[0].data(), scratch_[1].data(), g_width, layer.weight_gradient);
      if (layer.kernel == 3)
        weightGradient<3>(s, scratch_[0].data(), scratch_[1].data(), g_width, layer.weight_gradient);
      if (layer.kernel == 5)
        weightGradient<5>(s, scratch_[0].data(), scratch_[1].data(), g_width, layer.weight_gradient);
      for (int o = 0; o < layer.out; ++o) {
        float total = 0;
        for (std::size_t i = 0; i < n; ++i) total += g[static_cast<std::size_t>(o) * n + i];
        layer.bias_gradient[o] += total;
      }
    }
    if (!node(x).backward) return;  // an input: nobody asks for its gradient
    // The gradient of a convolution is one with the kernel mirrored, inputs and outputs exchanged.
    std::vector<float> mirrored(static_cast<std::size_t>(layer.in * layer.out) * taps),
        result(static_cast<std::size_t>(layer.in) * n);
    for (std::size_t o = 0; o < static_cast<std::size_t>(layer.out); ++o)
      for (std::size_t c = 0; c < static_cast<std::size_t>(layer.in); ++c)
        for (std::size_t k = 0; k < taps; ++k)
          mirrored[(c * static_cast<std::size_t>(layer.out) + o) * taps + k] =
              layer.weight[(o * static_cast<std::size_t>(layer.in) + c) * taps + taps - 1 - k];
    const Shape back{layer.out, layer.in, layer.kernel, layer.dilation, nx_, ny_};
    spread(g, layer.out, nx_, ny_, s.ghost(), scratch_[1]);
    forward(back, scratch_[1].data(), mirrored.data(), nullptr, result.data());
    float *gx = gradient(x);
    for (std::size_t i = 0; i < result.size(); ++i) gx[i] += result[i];
  };
  return r;
}

}  // namespace petrl::tape
