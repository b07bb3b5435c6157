#include "policy/architectures.hpp"

#include <algorithm>

#include "policy/native/fcn.hpp"
#include "policy/native/graph_network.hpp"
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
  const std::string side = std::to_string(2 * fcn.reach() + 1);
  return {" " + fcn.shape() + ", " + weights(policy), "receptive field " + side + " x " + side + " points, " +
                                                          std::to_string(fcn.multiplyAdds()) +
                                                          " multiply-adds a point"};
}

std::vector<std::string> describeGnn(const Policy &policy) {
  return {", " + weights(policy)};
}

// Two networks; what they have to do with observations and actions is checked by those who use them.
NetworkSize validateLamp(const Policy &policy, const std::string &source) {
  const GraphNetwork evolution(networkPart(policy.network, "evolution"), source);
  const GraphNetwork refiner(networkPart(policy.network, "policy"), source);
  return {static_cast<std::size_t>(evolution.inputs()), policy.action.low.size()};
}

std::unique_ptr<Backend> makeLamp(const Policy &, const std::string &source) {
  throw Error(
      source +
          ": /network: architecture lamp runs in `petrl evaluate` only (its networks are the model and the mesh "
          "of the 1D benchmark), expected gnn",
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
      {"gnn", {"refiner"}, validateNative<GraphNetwork>, makeNative<GraphNetwork>, describeGnn},
      {"lamp", {"refiner"}, validateLamp, makeLamp, describeLamp},
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
