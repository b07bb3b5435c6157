#include "problems/lamp2d/model.hpp"

#include <cstdlib>

#include "base/error.hpp"
#include "policy/architectures.hpp"

namespace petrl::lamp2d {

namespace {

// What policy files are checked against.
static_assert(Lamp2dShape::node_inputs == Batch::kNodeInputs && Lamp2dShape::edge_inputs == Batch::kEdgeInputs &&
              Lamp2dShape::counts == lamp::kCounts && Lamp2dShape::decisions == Refiner::kOutputs);

}  // namespace

Model Model::read(const Policy &policy, const std::string &source) {
  requireKind(policy, "refiner", source);
  const NetworkSpec &network = policy.network;
  if (network.architecture != "lamp2d")
    throw Error(source + ": /network: architecture: expected lamp2d, found '" + network.architecture + "'",
                PETSC_ERR_FILE_UNEXPECTED);
  architectureOf(policy, source).validate(policy, source);
  Model model{Evolution(GraphNetwork(networkPart(network, "evolution"), source + " (evolution)")),
              Refiner(GraphNetwork(networkPart(network, "policy"), source + " (policy)"))};
  const auto &parameters = policy.action.parameters;
  model.count = parameters.at("count") == "argmax" ? lamp::CountRule::argmax : lamp::CountRule::expectation;
  model.largest_trade_off = std::strtod(parameters.at("largest_trade_off").c_str(), nullptr);  // as it was checked
  return model;
}

Policy Model::policy() const {
  Policy p;
  p.kind = "refiner";
  p.observation.names = {"u", "viscosity", "estimated_change"};
  p.observation.offset.assign(3, 0.f);
  p.observation.scale.assign(3, 1.f);
  p.observation.clip = 1e6f;
  p.action.transform = "split-and-coarsen";
  p.action.low = {0, 0};
  p.action.high = {lamp::kCounts - 1, lamp::kCounts - 1};
  p.action.parameters = {{"count", count == lamp::CountRule::argmax ? "argmax" : "expectation"},
                         {"largest_trade_off", std::to_string(largest_trade_off)}};
  p.network.architecture = "lamp2d";
  addNetworkPart(p.network, "evolution", evolution.network().spec());
  addNetworkPart(p.network, "policy", refiner.network().spec());
  return p;
}

}  // namespace petrl::lamp2d
