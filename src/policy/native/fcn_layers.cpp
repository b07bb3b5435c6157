// Reading the layers of a fully convolutional network: every mistake is named.
#include <algorithm>
#include <sstream>

#include "base/error.hpp"
#include "policy/native/fcn.hpp"

namespace petrl {

namespace {

constexpr int kMaxDilation = 64;  // beyond, no patch of a distributed grid is wide enough

[[noreturn]] void bad(const std::string &source, const std::string &key, const std::string &message) {
  throw Error(source + ": /network/" + key + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
}

std::string shapeText(const std::vector<std::size_t> &shape) {
  std::string text;
  for (const std::size_t e : shape) text += (text.empty() ? "" : " x ") + std::to_string(e);
  return text.empty() ? "a single number" : text;
}

convolution::Activation activation(const NetworkSpec &network, const std::string &key, const std::string &plain,
                                   convolution::Activation meaning, const std::string &source) {
  const auto it = network.parameters.find(key);
  if (it == network.parameters.end()) bad(source, key, "missing, expected " + plain + " or tanh");
  if (it->second == plain) return meaning;
  if (it->second != "tanh") bad(source, key, "expected " + plain + " or tanh, found '" + it->second + "'");
  return convolution::Activation::tanh;
}

std::vector<int> dilations(const NetworkSpec &network, std::size_t layers, const std::string &source) {
  const auto it = network.parameters.find("dilation");
  if (it == network.parameters.end()) return std::vector<int>(layers, 1);
  std::vector<int> result;
  std::istringstream in(it->second);
  for (std::string word; in >> word;) {
    std::size_t end = 0;
    int d = 0;
    try {
      d = std::stoi(word, &end);
    } catch (const std::exception &) {
      end = 0;
    }
    if (end != word.size() || d < 1 || d > kMaxDilation) {
      bad(source, "dilation",
          "expected whole numbers from 1 to " + std::to_string(kMaxDilation) + ", found '" + word + "'");
    }
    result.push_back(d);
  }
  if (result.size() != layers) {
    bad(source, "dilation",
        "expected " + std::to_string(layers) + " numbers (one a layer), found " + std::to_string(result.size()));
  }
  return result;
}

}  // namespace

Fcn::Fcn(const NetworkSpec &network, const std::string &source) {
  const convolution::Activation hidden =
      activation(network, "activation", "relu", convolution::Activation::relu, source);
  const convolution::Activation output =
      activation(network, "output", "linear", convolution::Activation::linear, source);
  for (const auto &[name, value] : network.parameters) {
    if (name != "activation" && name != "output" && name != "dilation")
      bad(source, name, "unknown parameter, expected activation, output or dilation");
  }
  for (std::size_t l = 0;; ++l) {
    const std::string name = "layer" + std::to_string(l);
    const auto w = network.weights.find(name + "/weight");
    if (w == network.weights.end()) break;
    const auto b = network.weights.find(name + "/bias");
    if (b == network.weights.end()) bad(source, name + "/bias", "missing");
    const std::vector<std::size_t> &shape = w->second.shape;
    if (shape.size() != 4 || shape[0] == 0 || shape[1] == 0 || shape[2] != shape[3])
      bad(source, name + "/weight", "expected outputs x inputs x k x k, found " + shapeText(shape));
    if (shape[2] != 1 && shape[2] != 3 && shape[2] != 5)
      bad(source, name + "/weight", "expected a stencil of 1, 3 or 5 points, found " + shapeText(shape));
    Layer layer{};
    layer.outputs = static_cast<int>(shape[0]);
    layer.inputs = static_cast<int>(shape[1]);
    layer.kernel = static_cast<int>(shape[2]);
    if (l > 0 && layer.inputs != layers_.back().outputs) {
      bad(source, name + "/weight",
          "expected " + std::to_string(layers_.back().outputs) + " inputs (outputs of the layer before), found " +
              std::to_string(layer.inputs));
    }
    if (b->second.shape != std::vector<std::size_t>{shape[0]}) {
      bad(source, name + "/bias",
          "expected " + std::to_string(layer.outputs) + " values, found " + shapeText(b->second.shape));
    }
    if (w->second.data.size() != shape[0] * shape[1] * shape[2] * shape[3] || b->second.data.size() != shape[0])
      bad(source, name, "shape and number of values disagree");
    layer.activation = hidden;
    layer.bias = b->second.data;
    layer.blocks = convolution::pack(level_, w->second.data.data(), layer.outputs, layer.inputs,
                                     layer.kernel * layer.kernel, false, layer.weight);
    layers_.push_back(std::move(layer));
  }
  if (layers_.empty()) bad(source, "layer0/weight", "missing");
  if (network.weights.size() != 2 * layers_.size()) {
    bad(source, "layer" + std::to_string(layers_.size()),
        "expected weight and bias for consecutive layers, found " + std::to_string(network.weights.size()) +
            " arrays for " + std::to_string(layers_.size()) + " layers");
  }
  layers_.back().activation = output;
  const std::vector<int> dilation = dilations(network, layers_.size(), source);
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer &layer = layers_[l];
    layer.dilation = dilation[l];
    layer.reach = layer.dilation * (layer.kernel - 1) / 2;
    layer.rows = 2 * layer.reach + 1;
    layer.taps.resize(static_cast<std::size_t>(layer.kernel * layer.kernel));
    reach_ += layer.reach;
    layer.beyond = reach_;
  }
}

}  // namespace petrl
