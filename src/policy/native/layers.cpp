#include "policy/native/layers.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace petrl {

void badNetwork(const std::string &source, const std::string &key, const std::string &message) {
  throw Error(source + ": /network/" + key + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
}

std::string shapeText(const std::vector<std::size_t> &shape) {
  std::string text;
  for (const std::size_t e : shape) text += (text.empty() ? "" : " x ") + std::to_string(e);
  return text.empty() ? "a single number" : text;
}

std::size_t readWord(const NetworkSpec &network, const std::string &key, const std::vector<std::string> &words,
                     const std::string &source) {
  std::string expected;
  for (std::size_t i = 0; i < words.size(); ++i)
    expected += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  const auto it = network.parameters.find(key);
  if (it == network.parameters.end()) badNetwork(source, key, "missing, expected " + expected);
  const auto word = std::find(words.begin(), words.end(), it->second);
  if (word == words.end()) badNetwork(source, key, "expected " + expected + ", found '" + it->second + "'");
  return static_cast<std::size_t>(word - words.begin());
}

std::vector<PlainLayer> readLayers(const NetworkSpec &network, std::size_t rank, const char *expected,
                                   const std::string &source) {
  std::vector<PlainLayer> layers;
  for (;;) {
    const std::string name = "layer" + std::to_string(layers.size());
    const auto w = network.weights.find(name + "/weight");
    if (w == network.weights.end()) break;
    const auto b = network.weights.find(name + "/bias");
    if (b == network.weights.end()) badNetwork(source, name + "/bias", "missing");
    const std::vector<std::size_t> &shape = w->second.shape;
    std::size_t size = 1;
    for (const std::size_t e : shape) size *= e;
    if (shape.size() != rank || size == 0)
      badNetwork(source, name + "/weight", std::string("expected ") + expected + ", found " + shapeText(shape));
    if (!layers.empty() && shape[1] != layers.back().outputs) {
      badNetwork(source, name + "/weight",
                 "expected " + std::to_string(layers.back().outputs) + " inputs (outputs of the layer before), found " +
                     std::to_string(shape[1]));
    }
    if (b->second.shape != std::vector<std::size_t>{shape[0]}) {
      badNetwork(source, name + "/bias",
                 "expected " + std::to_string(shape[0]) + " values, found " + shapeText(b->second.shape));
    }
    if (w->second.data.size() != size || b->second.data.size() != shape[0])
      badNetwork(source, name, "shape and number of values disagree");
    layers.push_back({name, shape[0], shape[1], w->second, b->second});
  }
  if (layers.empty()) badNetwork(source, "layer0/weight", "missing");
  if (network.weights.size() != 2 * layers.size()) {
    badNetwork(source, "layer" + std::to_string(layers.size()),
               "expected weight and bias for consecutive layers, found " + std::to_string(network.weights.size()) +
                   " arrays for " + std::to_string(layers.size()) + " layers");
  }
  return layers;
}

}  // namespace petrl
