#include "learn/engine/mlp.hpp"

#include <algorithm>
#include <cmath>

#include "learn/engine/arrays.hpp"
#include "policy/native/matrix_product.hpp"

namespace petrl::learn {

void initialise(const Layout &layout, float *parameters, Rng &rng) {
  std::fill(parameters, parameters + layout.size, 0.f);
  for (int e = 0; e < layout.members; ++e) {
    for (std::size_t l = 0; l < layout.layers.size(); ++l) {
      const Layer &layer = layout.layers[l];
      const double bound = 1 / std::sqrt(static_cast<double>(layer.in));
      auto *w = parameters + (layout.weight(parameters, l, e) - parameters);
      auto *b = parameters + (layout.bias(parameters, l, e) - parameters);
      for (int i = 0; i <= layer.in; ++i) {
        float *row = i < layer.in ? w + i * layer.pad : b;
        for (int o = 0; o < layer.out; ++o) row[o] = static_cast<float>(bound * (2 * rng.uniform() - 1));
      }
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
    multiply({here.in, here.pad, x.rows, source, 1, stride, dy, here.pad, dw, here.pad});
    columnSum(x.rows, here.pad, dy, here.pad, db);
  }
  if (layer == 0) return;
  const int pad = layout.layers[layer - 1].pad;
  transpose(layout.weight(parameters, layer, member), here.in, here.out, here.pad, scratch);
  MatrixProduct back{x.rows, pad, here.out, dy, here.pad, 1, scratch.data(), pad, delta.at(layer - 1, member), pad};
  back.mask = out.at(layer - 1, member);
  back.mask_row = pad;
  multiply(back);
}

void backwardInput(const Layout &layout, const float *parameters, int member, const LayerArrays &delta, int rows,
                   int first, int count, float *dx, Floats &scratch) {
  const Layer &layer = layout.layers[0];
  transpose(layout.weight(parameters, 0, member) + first * layer.pad, count, layer.out, layer.pad, scratch);
  multiply({rows, padded(count), layer.out, delta.at(0, member), layer.pad, 1, scratch.data(), padded(count), dx,
            padded(count)});
}

}  // namespace petrl::learn
