#include "policy/native/mlp.hpp"

#include <cmath>

#include "base/error.hpp"

namespace petrl {

namespace {

[[noreturn]] void bad(const std::string &source, const std::string &key, const std::string &message) {
  throw Error(source + ": /network/" + key + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
}

std::string shapeText(const std::vector<std::size_t> &shape) {
  std::string text;
  for (const std::size_t e : shape) text += (text.empty() ? "" : " x ") + std::to_string(e);
  return text.empty() ? "a single number" : text;
}

const std::string &parameter(const NetworkSpec &network, const std::string &key, const std::string &source) {
  const auto it = network.parameters.find(key);
  if (it == network.parameters.end()) bad(source, key, "missing");
  return it->second;
}

}  // namespace

Mlp::Mlp(const NetworkSpec &network, const std::string &source) {
  const std::string &activation = parameter(network, "activation", source);
  if (activation == "relu")
    activation_ = dense::Activation::relu;
  else if (activation == "tanh")
    activation_ = dense::Activation::tanh;
  else
    bad(source, "activation", "expected relu or tanh, found '" + activation + "'");
  const std::string &output = parameter(network, "output", source);
  if (output == "tanh")
    output_ = Output::tanh;
  else if (output == "hardtanh-tanh")
    output_ = Output::hardtanh_tanh;
  else if (output == "linear")
    output_ = Output::linear;
  else
    bad(source, "output", "expected tanh, hardtanh-tanh or linear, found '" + output + "'");

  std::vector<int> widths;
  for (std::size_t l = 0;; ++l) {
    const std::string name = "layer" + std::to_string(l);
    const auto w = network.weights.find(name + "/weight");
    if (w == network.weights.end()) break;
    const auto b = network.weights.find(name + "/bias");
    if (b == network.weights.end()) bad(source, name + "/bias", "missing");
    const auto &shape = w->second.shape;
    if (shape.size() != 2 || shape[0] == 0 || shape[1] == 0)
      bad(source, name + "/weight", "expected a matrix (outputs x inputs), found " + shapeText(shape));
    if (l > 0 && shape[1] != static_cast<std::size_t>(widths.back())) {
      bad(source, name + "/weight",
          "expected " + std::to_string(widths.back()) + " inputs (outputs of the layer before), found " +
              std::to_string(shape[1]));
    }
    if (b->second.shape != std::vector<std::size_t>{shape[0]}) {
      bad(source, name + "/bias",
          "expected " + std::to_string(shape[0]) + " values, found " + shapeText(b->second.shape));
    }
    if (w->second.data.size() != shape[0] * shape[1] || b->second.data.size() != shape[0])
      bad(source, name, "shape and number of values disagree");
    if (l == 0) widths.push_back(static_cast<int>(shape[1]));
    widths.push_back(static_cast<int>(shape[0]));
  }
  if (widths.empty()) bad(source, "layer0/weight", "missing");
  const std::size_t layers = widths.size() - 1;
  if (network.weights.size() != 2 * layers) {
    bad(source, "layer" + std::to_string(layers),
        "expected weight and bias for consecutive layers, found " + std::to_string(network.weights.size()) +
            " arrays for " + std::to_string(layers) + " layers");
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
  dense::forward(*layout_, parameters_.data(), 0, {x, 0, 1}, *values_, -1, activation_);
  const float *in = values_->data.back().data();
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
    }
  }
}

}  // namespace petrl
