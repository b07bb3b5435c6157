#include "policy/native/mlp.hpp"

#include <cmath>

#include "policy/native/layers.hpp"
#include "policy/native/matrix_product.hpp"

namespace petrl {

Mlp::Mlp(const NetworkSpec &network, const std::string &source)
    : activation_(readWord(network, "activation", {"relu", "tanh"}, source) == 0 ? dense::Activation::relu
                                                                                 : dense::Activation::tanh),
      output_(
          static_cast<Output>(readWord(network, "output", {"tanh", "hardtanh-tanh", "linear", "hardtanh"}, source))) {
  for (const auto &[name, value] : network.parameters) {
    if (name != "activation" && name != "output")
      badNetwork(source, name, "unknown parameter, expected activation or output");
  }
  std::vector<int> widths;
  for (const PlainLayer &layer : readLayers(network, 2, "a matrix (outputs x inputs)", source)) {
    if (widths.empty()) widths.push_back(static_cast<int>(layer.inputs));
    widths.push_back(static_cast<int>(layer.outputs));
  }
  layout_.emplace(1, widths);
  values_.emplace(*layout_, 1);
  parameters_.assign(layout_->size, 0.f);
  dense::read(network, *layout_, parameters_.data());
}

std::string Mlp::shape() const {
  std::string text = std::to_string(inputs());
  for (const dense::Layer &layer : layout_->layers) text += "-" + std::to_string(layer.out);
  return text;
}

void Mlp::evaluate(const float *x, float *y) {
  const float *in = x;
  for (std::size_t l = 0; l < layout_->layers.size(); ++l) {
    const dense::Layer &layer = layout_->layers[l];
    float *out = values_->data[l].data();
    const bool last = l + 1 == layout_->layers.size();
    multiplyRow(in, layer.in, parameters_.data() + layer.weight, layer.pad, out, parameters_.data() + layer.bias,
                !last && activation_ == dense::Activation::relu);
    if (!last && activation_ == dense::Activation::tanh)
      for (int o = 0; o < layer.out; ++o) out[o] = std::tanh(out[o]);
    in = out;
  }
  for (std::size_t j = 0; j < outputs(); ++j) {
    switch (output_) {
      case Output::tanh:
        y[j] = std::tanh(in[j]);
        break;
      // Written so that NaN stays NaN: the caller must see a broken network.
      case Output::hardtanh_tanh:
        y[j] = std::tanh(in[j] > 2.f ? 2.f : (in[j] < -2.f ? -2.f : in[j]));
        break;
      case Output::linear:
        y[j] = in[j];
        break;
      case Output::hardtanh:
        y[j] = in[j] > 1.f ? 1.f : (in[j] < -1.f ? -1.f : in[j]);
        break;
    }
  }
}

}  // namespace petrl
