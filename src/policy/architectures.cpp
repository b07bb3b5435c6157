#include "policy/architectures.hpp"

#include <algorithm>
#include <cstdlib>

#include "policy/native/fcn.hpp"
#include "policy/native/graph_network.hpp"
#include "policy/native/layers.hpp"
#include "policy/native/mlp.hpp"

namespace petrl {

namespace {

// What is the same for all networks that are evaluated natively.
template <typename Native>
NetworkSize validateNative(const Policy &policy, const std::string &source) {
  const Native network(policy.network, source);
  return {static_cast<std::size_t>(network.inputs()), static_cast<std::size_t>(network.outputs())};
}

template <typename Native>
std::unique_ptr<Backend> makeNative(const Policy &policy, const std::string &source) {
  return std::make_unique<Native>(policy.network, source);
}

std::string weights(const Policy &policy) {
  std::size_t n = 0;
  for (const auto &[name, tensor] : policy.network.weights) n += tensor.data.size();
  return std::to_string(n) + " weights";
}

std::vector<std::string> describeMlp(const Policy &policy) {
  return {" " + Mlp(policy.network, "policy").shape() + ", " + weights(policy)};
}

std::vector<std::string> describeFcn(const Policy &policy) {
  const Fcn fcn(policy.network, "policy");
  return {" " + fcn.shape() + ", " + weights(policy), "receptive field " + receptiveField(fcn) + " points, " +
                                                          std::to_string(fcn.multiplyAdds()) +
                                                          " multiply-adds a point"};
}

std::vector<std::string> describeGnn(const Policy &policy) {
  return {", " + weights(policy)};
}

void requireLamp(const NetworkSpec &network, const std::string &part, int inputs, int edges, int outputs,
                 const std::string &source) {
  const GraphShape s = GraphNetwork(networkPart(network, part), source + " (" + part + ")").shape();
  const auto text = [](int a, int b, int c) {
    return std::to_string(a) + ", " + std::to_string(b) + " and " + std::to_string(c);
  };
  if (s.node_inputs != inputs || s.edge_inputs != edges || s.outputs != outputs)
    badNetwork(source, part,
               "expected node_inputs, edge_inputs and outputs " + text(inputs, edges, outputs) + ", found " +
                   text(s.node_inputs, s.edge_inputs, s.outputs));
}

// Of both networks' names: what belongs to one of them, and `more` parameters.
void requireLampNames(const NetworkSpec &network, const std::vector<std::string> &more, const std::string &source) {
  for (const auto &[name, value] : network.parameters) {
    if (name.rfind("evolution.", 0) == 0 || name.rfind("policy.", 0) == 0) continue;
    if (std::find(more.begin(), more.end(), name) != more.end()) continue;
    std::vector<std::string> expected{"evolution.*", "policy.*"};
    expected.insert(expected.end(), more.begin(), more.end());
    badNetwork(source, name, "unknown parameter, expected " + joined(expected, " or "));
  }
  for (const auto &[name, tensor] : network.weights) {
    if (name.rfind("evolution/", 0) != 0 && name.rfind("policy/", 0) != 0) badNetwork(source, name, "unknown weight");
  }
}

// What both say of observations and actions.
void requireLampDecision(const Policy &policy, const std::string &source) {
  const auto expect = [&](bool good, const std::string &key, const std::string &expected) {
    if (!good) throw Error(source + ": " + key + ": expected " + expected, PETSC_ERR_FILE_UNEXPECTED);
  };
  for (std::size_t i = 0; i < policy.observation.names.size(); ++i) {
    expect(policy.observation.offset[i] == 0, "/observation/offset", "0 everywhere");
    expect(policy.observation.scale[i] == 1, "/observation/scale", "1 everywhere");
  }
  const ActionSpec &action = policy.action;
  expect(action.transform == "split-and-coarsen", "/action/transform",
         "split-and-coarsen, found '" + action.transform + "'");
  const auto parameter = [&](const char *key) {
    const auto found = action.parameters.find(key);
    return found == action.parameters.end() ? std::string() : found->second;
  };
  const std::string count = parameter("count"), largest = parameter("largest_trade_off");
  expect(count == "argmax" || count == "expectation", "/action/count", "argmax or expectation, found '" + count + "'");
  char *end = nullptr;
  const double value = std::strtod(largest.c_str(), &end);
  expect(!largest.empty() && *end == '\0' && value >= 0 && value <= 1, "/action/largest_trade_off",
         "a number from 0 to 1, found '" + largest + "'");
  expect(action.parameters.size() == 2, "/action", "no parameters but count and largest_trade_off");
  for (std::size_t a = 0; a < action.low.size(); ++a)
    expect(action.low[a] == 0 && action.high[a] == LampShape::counts - 1, "/action", "low 0 and high 19");
}

// Two networks. Those who use them have no check of their own.
NetworkSize validateLamp(const Policy &policy, const std::string &source) {
  const NetworkSpec &network = policy.network;
  requireLampNames(network, {"parameters", "ring", "residual"}, source);
  const bool parameters = readWord(network, "parameters", {"false", "true"}, source) == 1;
  const bool ring = readWord(network, "ring", {"false", "true"}, source) == 1;
  readWord(network, "residual", {"false", "true"}, source);
  const int inputs = LampShape::bundle + (parameters ? LampShape::parameters : 0) + (ring ? 0 : 1);
  requireLamp(network, "evolution", inputs, LampShape::edge_inputs, LampShape::bundle, source);
  requireLamp(network, "policy", inputs + 1, LampShape::edge_inputs, LampShape::decisions, source);
  requireLampDecision(policy, source);
  return {static_cast<std::size_t>(inputs), 2};
}

NetworkSize validateLamp2d(const Policy &policy, const std::string &source) {
  using Shape = Lamp2dShape;
  const NetworkSpec &network = policy.network;
  requireLampNames(network, {}, source);
  requireLamp(network, "evolution", Shape::node_inputs, Shape::edge_inputs, 1, source);
  requireLamp(network, "policy", Shape::node_inputs + 1, Shape::edge_inputs, Shape::decisions, source);
  requireLampDecision(policy, source);
  return {Shape::node_inputs, 2};
}

std::unique_ptr<Backend> makeLamp(const Policy &policy, const std::string &source) {
  throw Error(
      source + ": /network: architecture " + policy.network.architecture +
          " runs in `petrl evaluate` only (its networks are the model and the mesh of a problem of ours), expected gnn",
      PETSC_ERR_SUP);
}

std::vector<std::string> describeLamp(const Policy &policy) {
  return {", " + weights(policy), "runs in `petrl evaluate` only"};
}

// A module is validated by trying it, which its backend does.
NetworkSize validateTorchScript(const Policy &policy, const std::string &source) {
  if (policy.network.module.empty()) {
    throw Error(source +
                    ": /network: architecture: TorchScript modules are files of their own (.pt, with a YAML "
                    "sidecar)",
                PETSC_ERR_FILE_UNEXPECTED);
  }
  return {policy.observation.names.size(), policy.action.low.size()};
}

std::unique_ptr<Backend> makeTorchScript(const Policy &policy, const std::string &source) {
  return backends().find("torch")(policy, source);
}

std::vector<std::string> describeTorchScript(const Policy &policy) {
  return {", a module of " + std::to_string(policy.network.module.size()) + " bytes"};
}

const std::vector<Architecture> &architectures() {
  static const std::vector<Architecture> rows = {
      {"mlp", {"tsadapt"}, validateNative<Mlp>, makeNative<Mlp>, describeMlp},
      {"fcn", {"closure"}, validateNative<Fcn>, makeNative<Fcn>, describeFcn},
      {"gnn", {"closure", "refiner"}, validateNative<GraphNetwork>, makeNative<GraphNetwork>, describeGnn},
      {"lamp", {"refiner"}, validateLamp, makeLamp, describeLamp, false},
      {"lamp2d", {"refiner"}, validateLamp2d, makeLamp, describeLamp, false},
      {"torchscript", {"tsadapt", "closure"}, validateTorchScript, makeTorchScript, describeTorchScript},
  };
  return rows;
}

}  // namespace

const Architecture &architectureOf(const Policy &policy, const std::string &source) {
  std::vector<std::string> possible;
  for (const Architecture &row : architectures()) {
    if (std::find(row.kinds.begin(), row.kinds.end(), policy.kind) == row.kinds.end()) continue;
    if (row.name == policy.network.architecture) return row;
    possible.emplace_back(row.name);
  }
  throw Error(source + ": /network: architecture: expected " + joined(possible, " or ") + " (for kind " + policy.kind +
                  "), found '" + policy.network.architecture + "'",
              PETSC_ERR_FILE_UNEXPECTED);
}

}  // namespace petrl
