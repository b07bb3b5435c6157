#include "policy/native/graph_network.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "policy/native/layers.hpp"

namespace petrl {

namespace {

int parameter(const NetworkSpec &network, const std::string &key, const std::string &source) {
  const auto found = network.parameters.find(key);
  if (found == network.parameters.end()) badNetwork(source, key, "missing");
  int value = 0;
  std::size_t used = 0;
  try {
    value = std::stoi(found->second, &used);
  } catch (const std::exception &) {
    used = 0;
  }
  if (used == 0 || used != found->second.size() || value < 1 || value > 4096)
    badNetwork(source, key, "expected a whole number from 1 to 4096, found '" + found->second + "'");
  return value;
}

}  // namespace

GraphShape GraphNetwork::readShape(const NetworkSpec &network, const std::string &source) {
  if (network.architecture != "gnn") {
    throw Error(source + ": /network: expected architecture gnn, found '" + network.architecture + "'");
  }
  GraphShape shape;
  shape.node_inputs = parameter(network, "node_inputs", source);
  shape.edge_inputs = parameter(network, "edge_inputs", source);
  shape.hidden = parameter(network, "hidden", source);
  shape.layers = parameter(network, "layers", source);
  shape.outputs = parameter(network, "outputs", source);
  shape.shared = readWord(network, "shared", {"false", "true"}, source) == 1;
  for (const auto &item : network.parameters) {
    static const char *const known[] = {"node_inputs", "edge_inputs", "hidden", "layers", "outputs", "shared"};
    if (std::find(std::begin(known), std::end(known), item.first) == std::end(known))
      badNetwork(source, item.first,
                 "unknown parameter, expected node_inputs, edge_inputs, hidden, layers, outputs or shared");
  }
  return shape;
}

std::size_t GraphNetwork::add(const std::string &name, int rows, int columns) {
  const std::size_t offset = size_;
  parts_.push_back({name, rows, columns, offset});
  size_ += static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  return offset;
}

void GraphNetwork::layOut() {
  const int h = shape_.hidden;
  const auto linear = [this](const std::string &name, int rows, int columns) {
    const std::size_t weight = add(name + "/weight", rows, columns);
    return Linear{weight, add(name + "/bias", 1, columns)};
  };
  e1_ = linear("encoder0", shape_.node_inputs, h);
  e2_ = linear("encoder1", h, h);
  for (int l = 0; l < shape_.layers; ++l) {
    if (l > 0 && shape_.shared) {
      layers_.push_back(layers_.front());
      continue;
    }
    const std::string name = "layer" + std::to_string(l) + "/";
    LayerWeights w{};
    w.a = add(name + "receiver", h, h);
    w.b = add(name + "sender", h, h);
    w.c = add(name + "edge", shape_.edge_inputs, h);
    w.c_bias = add(name + "message_bias", 1, h);
    w.u = add(name + "node", h, h);
    w.w = add(name + "sum", h, h);
    w.u_bias = add(name + "node_bias", 1, h);
    w.v = add(name + "update", h, h);
    w.v_bias = add(name + "update_bias", 1, h);
    layers_.push_back(w);
  }
  d1_ = linear("decoder0", h, h);
  d2_ = linear("decoder1", h, shape_.outputs);
}

// network: where the weights come from, unless it is null. What is there is checked before there is memory for it.
GraphNetwork::GraphNetwork(const GraphShape &shape, const NetworkSpec *network, const std::string &source)
    : shape_(shape) {
  layOut();
  std::set<std::string> known;
  for (const Part &part : parts_) {
    if (network == nullptr) break;
    known.insert(part.name);
    const auto found = network->weights.find(part.name);
    if (found == network->weights.end()) badNetwork(source, part.name, "missing");
    const std::vector<std::size_t> expected = {static_cast<std::size_t>(part.rows),
                                               static_cast<std::size_t>(part.columns)};
    if (found->second.shape != expected || found->second.data.size() != expected[0] * expected[1]) {
      badNetwork(source, part.name,
                 "expected shape " + shapeText(expected) + ", found " + shapeText(found->second.shape));
    }
  }
  weights_.assign(size_, 0);
  if (network == nullptr) return;
  for (const auto &[name, tensor] : network->weights) {
    if (known.count(name) == 0) badNetwork(source, name, "unknown weight");
  }
  for (const Part &part : parts_) {
    const std::vector<float> &data = network->weights.at(part.name).data;
    std::copy(data.begin(), data.end(), weights_.begin() + static_cast<std::ptrdiff_t>(part.offset));
  }
}

void GraphNetwork::initialise(const std::function<double()> &uniform, double last) {
  for (const Part &part : parts_) {
    const bool bias = part.name.find("bias") != std::string::npos;
    const bool closing = part.name == "decoder1/weight" || part.name.find("/update") != std::string::npos;
    const double range = bias ? 0 : std::sqrt(3. / part.rows) * (closing ? last : 1);
    const std::size_t n = static_cast<std::size_t>(part.rows) * static_cast<std::size_t>(part.columns);
    for (std::size_t i = 0; i < n; ++i) {
      weights_[part.offset + i] = static_cast<float>(range * (2 * uniform() - 1));
    }
  }
}

std::string GraphNetwork::describe() const {
  return "graph network: " + std::to_string(shape_.layers) + " layers, " + std::to_string(shape_.hidden) + " wide";
}

NetworkSpec GraphNetwork::spec() const {
  NetworkSpec spec;
  spec.architecture = "gnn";
  spec.parameters = {
      {"node_inputs", std::to_string(shape_.node_inputs)}, {"edge_inputs", std::to_string(shape_.edge_inputs)},
      {"hidden", std::to_string(shape_.hidden)},           {"layers", std::to_string(shape_.layers)},
      {"outputs", std::to_string(shape_.outputs)},         {"shared", shape_.shared ? "true" : "false"}};
  for (const Part &part : parts_) {
    Tensor t;
    t.shape = {static_cast<std::size_t>(part.rows), static_cast<std::size_t>(part.columns)};
    const auto begin = weights_.begin() + static_cast<std::ptrdiff_t>(part.offset);
    t.data.assign(begin, begin + static_cast<std::ptrdiff_t>(t.shape[0] * t.shape[1]));
    spec.weights.emplace(part.name, std::move(t));
  }
  return spec;
}

std::size_t GraphNetwork::multiplyAdds(int slots) const {
  const auto h = static_cast<std::size_t>(shape_.hidden);
  const std::size_t layer = 5 * h * h + static_cast<std::size_t>(slots * shape_.edge_inputs) * h;
  return static_cast<std::size_t>(shape_.node_inputs + shape_.outputs) * h + 2 * h * h +
         static_cast<std::size_t>(shape_.layers) * layer;
}

}  // namespace petrl
