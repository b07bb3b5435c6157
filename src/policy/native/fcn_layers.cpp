// Reading the layers of a fully convolutional network: every mistake is named.
#include <algorithm>
#include <sstream>

#include "policy/native/fcn.hpp"
#include "policy/native/layers.hpp"

namespace petrl {

namespace {

constexpr int kMaxDilation = 64;  // beyond, no patch of a distributed grid is wide enough

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
      badNetwork(source, "dilation",
                 "expected whole numbers from 1 to " + std::to_string(kMaxDilation) + ", found '" + word + "'");
    }
    result.push_back(d);
  }
  if (result.size() != layers) {
    badNetwork(source, "dilation",
               "expected " + std::to_string(layers) + " numbers (one a layer), found " + std::to_string(result.size()));
  }
  return result;
}

}  // namespace

Convolutions readConvolutions(const NetworkSpec &network, const std::string &source) {
  using convolution::Activation;
  Convolutions result;
  const bool relu = readWord(network, "activation", {"relu", "tanh"}, source) == 0;
  const bool linear = readWord(network, "output", {"linear", "tanh"}, source) == 0;
  for (const auto &[name, value] : network.parameters) {
    if (name != "activation" && name != "output" && name != "dilation" && name != "dimensions")
      badNetwork(source, name, "unknown parameter, expected activation, output, dilation or dimensions");
  }
  if (network.parameters.count("dimensions") > 0)
    result.dimensions = 1 + static_cast<int>(readWord(network, "dimensions", {"1", "2", "3"}, source));
  const char *const shapes[] = {"outputs x inputs x k", "outputs x inputs x k x k", "outputs x inputs x k x k x k"};
  const auto d = static_cast<std::size_t>(result.dimensions);
  for (const PlainLayer &from : readLayers(network, 2 + d, shapes[d - 1], source)) {
    const std::vector<std::size_t> &shape = from.weight.shape;
    const bool equal = std::all_of(shape.begin() + 2, shape.end(), [&](std::size_t k) { return k == shape[2]; });
    if (!equal || (shape[2] != 1 && shape[2] != 3 && shape[2] != 5))
      badNetwork(source, from.name + "/weight", "expected a stencil of 1, 3 or 5 points, found " + shapeText(shape));
    Convolutions::Layer layer;
    layer.outputs = static_cast<int>(from.outputs);
    layer.inputs = static_cast<int>(from.inputs);
    layer.kernel = static_cast<int>(shape[2]);
    layer.taps = layer.kernel;
    for (int a = 1; a < result.dimensions; ++a) layer.taps *= layer.kernel;
    layer.activation = relu ? Activation::relu : Activation::tanh;
    layer.weight = from.weight.data;
    layer.bias = from.bias.data;
    result.layers.push_back(std::move(layer));
  }
  result.layers.back().activation = linear ? Activation::linear : Activation::tanh;
  const std::vector<int> dilation = dilations(network, result.layers.size(), source);
  for (std::size_t l = result.layers.size(); l-- > 0;) {
    Convolutions::Layer &layer = result.layers[l];
    layer.dilation = dilation[l];
    layer.reach = layer.dilation * (layer.kernel - 1) / 2;
    layer.beyond = result.reach;
    result.reach += layer.reach;
  }
  return result;
}

Fcn::Fcn(const NetworkSpec &network, const std::string &source) {
  Convolutions read = readConvolutions(network, source);
  dimensions_ = read.dimensions;
  reach_ = read.reach;
  for (Convolutions::Layer &from : read.layers) {
    Layer layer{};
    layer.outputs = from.outputs;
    layer.inputs = from.inputs;
    layer.kernel = from.kernel;
    layer.dilation = from.dilation;
    layer.reach = from.reach;
    layer.beyond = from.beyond + from.reach;
    layer.slabs = 2 * along(layer.reach) + 1;
    layer.activation = from.activation;
    layer.bias = std::move(from.bias);
    layer.taps.resize(static_cast<std::size_t>(from.taps));
    layer.blocks =
        convolution::pack(level_, from.weight.data(), from.outputs, from.inputs, from.taps, false, layer.weight);
    layers_.push_back(std::move(layer));
  }
}

}  // namespace petrl
