#include "policy/native/dense.hpp"

#include <cmath>
#include <utility>

#include "policy/native/matrix_product.hpp"

namespace petrl::dense {

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

LayerArrays::LayerArrays(const Layout &layout, int rows) {
  for (const Layer &layer : layout.layers) {
    offset.push_back(static_cast<std::size_t>(rows) * static_cast<std::size_t>(layer.pad));
    data.emplace_back(offset.back() * static_cast<std::size_t>(layout.members), 0.f);
  }
}

void forward(const Layout &layout, const float *parameters, int member, const Rows &x, LayerArrays &out, int depth,
             Activation activation) {
  const std::size_t layers = depth < 0 ? layout.layers.size() : static_cast<std::size_t>(depth);
  const float *source = x.data;
  std::ptrdiff_t stride = x.stride;
  for (std::size_t l = 0; l < layers; ++l) {
    const Layer &layer = layout.layers[l];
    float *result = out.at(l, member);
    const bool last = l + 1 == layout.layers.size();
    MatrixProduct product{x.rows,
                          layer.pad,
                          layer.in,
                          source,
                          stride,
                          1,
                          layout.weight(parameters, l, member),
                          layer.pad,
                          result,
                          layer.pad,
                          layout.bias(parameters, l, member)};
    product.relu = !last && activation == Activation::relu;
    multiply(product);
    if (!last && activation == Activation::tanh) {
      for (int r = 0; r < x.rows; ++r) {
        float *row = result + static_cast<std::ptrdiff_t>(r) * layer.pad;
        for (int o = 0; o < layer.out; ++o) row[o] = std::tanh(row[o]);
      }
    }
    source = result;
    stride = layer.pad;
  }
}

void read(const NetworkSpec &network, const Layout &layout, float *parameters) {
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const Layer &layer = layout.layers[l];
    const std::string name = "layer" + std::to_string(l);
    const std::vector<float> &w = network.weights.at(name + "/weight").data,
                             &b = network.weights.at(name + "/bias").data;
    const auto in = static_cast<std::size_t>(layer.in), pad = static_cast<std::size_t>(layer.pad);
    for (std::size_t o = 0; o < b.size(); ++o) {
      for (std::size_t i = 0; i < in; ++i) parameters[layer.weight + i * pad + o] = w[o * in + i];
      parameters[layer.bias + o] = b[o];
    }
  }
}

void write(const Layout &layout, const float *parameters, NetworkSpec &network) {
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const Layer &layer = layout.layers[l];
    const std::string name = "layer" + std::to_string(l);
    const auto in = static_cast<std::size_t>(layer.in), out = static_cast<std::size_t>(layer.out),
               pad = static_cast<std::size_t>(layer.pad);
    const float *w = parameters + layer.weight, *b = parameters + layer.bias;
    Tensor weight{{out, in}, std::vector<float>(out * in)};
    for (std::size_t o = 0; o < out; ++o) {
      for (std::size_t i = 0; i < in; ++i) weight.data[o * in + i] = w[i * pad + o];
    }
    network.weights[name + "/weight"] = std::move(weight);
    network.weights[name + "/bias"] = {{out}, {b, b + out}};
  }
}

}  // namespace petrl::dense
