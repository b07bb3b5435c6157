#include "learn/engine/mlp.hpp"

#include <algorithm>
#include <cmath>

#include "learn/engine/kernels/kernels.hpp"

namespace petrl::learn {

Layout::Layout(int ensemble, const std::vector<int> &widths) : members(ensemble) {
  const auto count = static_cast<std::size_t>(ensemble);
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    Layer layer{widths[l], widths[l + 1], padded(widths[l + 1]), size, 0};
    size += count * static_cast<std::size_t>(layer.in) * static_cast<std::size_t>(layer.pad);
    layer.bias = size;
    size += count * static_cast<std::size_t>(layer.pad);
    layers.push_back(layer);
  }
}

const float *Layout::weight(const float *parameters, std::size_t layer, int member) const {
  const Layer &l = layers[layer];
  return parameters + l.weight + static_cast<std::size_t>(member) * static_cast<std::size_t>(l.in * l.pad);
}

const float *Layout::bias(const float *parameters, std::size_t layer, int member) const {
  const Layer &l = layers[layer];
  return parameters + l.bias + static_cast<std::size_t>(member) * static_cast<std::size_t>(l.pad);
}

void Layout::initialise(float *parameters, Rng &rng) const {
  std::fill(parameters, parameters + size, 0.f);
  for (int e = 0; e < members; ++e) {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const Layer &layer = layers[l];
      const double bound = 1 / std::sqrt(static_cast<double>(layer.in));
      auto *w = parameters + (weight(parameters, l, e) - parameters);
      auto *b = parameters + (bias(parameters, l, e) - parameters);
      for (int i = 0; i <= layer.in; ++i) {
        float *row = i < layer.in ? w + i * layer.pad : b;
        for (int o = 0; o < layer.out; ++o) row[o] = static_cast<float>(bound * (2 * rng.uniform() - 1));
      }
    }
  }
}

LayerArrays::LayerArrays(const Layout &layout, int rows) {
  for (const Layer &layer : layout.layers) {
    offset.push_back(static_cast<std::size_t>(rows) * static_cast<std::size_t>(layer.pad));
    data.emplace_back(offset.back() * static_cast<std::size_t>(layout.members), 0.f);
  }
}

void forward(const Layout &layout, const float *parameters, int member, const Rows &x, LayerArrays &out, int depth) {
  const std::size_t layers = depth < 0 ? layout.layers.size() : static_cast<std::size_t>(depth);
  const float *source = x.data;
  std::ptrdiff_t stride = x.stride;
  for (std::size_t l = 0; l < layers; ++l) {
    const Layer &layer = layout.layers[l];
    float *result = out.at(l, member);
    const bool last = l + 1 == layout.layers.size();
    kernels().gemm({x.rows, layer.pad, layer.in, source, stride, 1, layout.weight(parameters, l, member), layer.pad,
                    result, layer.pad, last ? Epilogue::kBias : Epilogue::kBiasRelu, layout.bias(parameters, l, member),
                    0});
    source = result;
    stride = layer.pad;
  }
}

// to (columns x rows, rows padded with zeros) = from (rows x columns)^T
static void transpose(const float *from, int rows, int columns, std::ptrdiff_t stride, Floats &to) {
  const int pad = padded(rows);
  to.resize(static_cast<std::size_t>(pad) * static_cast<std::size_t>(columns));
  for (int r0 = 0; r0 < pad; r0 += kPad) {
    for (int c = 0; c < columns; ++c) {
      float *line = to.data() + static_cast<std::ptrdiff_t>(c) * pad + r0;
      const float *column = from + static_cast<std::ptrdiff_t>(r0) * stride + c;
      const int n = std::min(kPad, rows - r0);
      for (int r = 0; r < n; ++r) line[r] = column[r * stride];
      for (int r = n; r < kPad; ++r) line[r] = 0;
    }
  }
}

void backwardLayer(const Layout &layout, const float *parameters, int member, const Rows &x, const LayerArrays &out,
                   LayerArrays &delta, std::size_t layer, float *gradient, Floats &scratch) {
  const Layer &here = layout.layers[layer];
  const float *dy = delta.at(layer, member);
  if (gradient != nullptr) {
    const float *source = layer > 0 ? out.at(layer - 1, member) : x.data;
    const std::ptrdiff_t stride = layer > 0 ? layout.layers[layer - 1].pad : x.stride;
    float *dw = gradient + (layout.weight(parameters, layer, member) - parameters);
    float *db = gradient + (layout.bias(parameters, layer, member) - parameters);
    kernels().gemm({here.in, here.pad, x.rows, source, 1, stride, dy, here.pad, dw, here.pad});
    kernels().columnSum(x.rows, here.pad, dy, here.pad, db);
  }
  if (layer == 0) return;
  const int pad = layout.layers[layer - 1].pad;
  transpose(layout.weight(parameters, layer, member), here.in, here.out, here.pad, scratch);
  kernels().gemm({x.rows, pad, here.out, dy, here.pad, 1, scratch.data(), pad, delta.at(layer - 1, member), pad,
                  Epilogue::kMask, out.at(layer - 1, member), pad});
}

void backwardInput(const Layout &layout, const float *parameters, int member, const LayerArrays &delta, int rows,
                   int first, int count, float *dx, Floats &scratch) {
  const Layer &layer = layout.layers[0];
  transpose(layout.weight(parameters, 0, member) + first * layer.pad, count, layer.out, layer.pad, scratch);
  kernels().gemm({rows, padded(count), layer.out, delta.at(0, member), layer.pad, 1, scratch.data(), padded(count), dx,
                  padded(count)});
}

}  // namespace petrl::learn
