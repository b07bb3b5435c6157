#include "problems/nonlinear1d/lamp/model.hpp"

#include "base/error.hpp"
#include "policy/architectures.hpp"

namespace petrl::lamp {

namespace {

// What policy files are checked against.
static_assert(LampShape::bundle == kBundle && LampShape::edge_inputs == Evolution::kEdgeInputs &&
              LampShape::counts == kCounts && LampShape::decisions == Refiner::kOutputs);

[[noreturn]] void bad(const std::string &source, const std::string &message) {
  throw Error(source + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
}

const std::string &parameter(const std::map<std::string, std::string> &all, const std::string &key,
                             const std::string &source) {
  const auto found = all.find(key);
  if (found == all.end()) bad(source, "parameter '" + key + "' is missing");
  return found->second;
}

bool yes(const NetworkSpec &network, const std::string &key, const std::string &source) {
  const std::string &value = parameter(network.parameters, key, source + ": /network");
  if (value != "true" && value != "false")
    bad(source, "/network/" + key + ": expected true or false, found '" + value + "'");
  return value == "true";
}

void requireShape(const GraphNetwork &network, int inputs, int outputs, const std::string &where) {
  const GraphShape &s = network.shape();
  if (s.node_inputs == inputs && s.edge_inputs == Evolution::kEdgeInputs && s.outputs == outputs) return;
  bad(where, "expected " + std::to_string(inputs) + " node inputs, " + std::to_string(Evolution::kEdgeInputs) +
                 " edge inputs and " + std::to_string(outputs) + " outputs, found " + std::to_string(s.node_inputs) +
                 ", " + std::to_string(s.edge_inputs) + " and " + std::to_string(s.outputs));
}

}  // namespace

Model Model::read(const Policy &policy, const std::string &source) {
  requireKind(policy, "refiner", source);
  const NetworkSpec &network = policy.network;
  if (network.architecture != "lamp")
    bad(source, "/network: architecture: expected lamp, found '" + network.architecture + "'");
  const ModelOptions options{yes(network, "parameters", source), yes(network, "ring", source),
                             yes(network, "residual", source)};
  GraphNetwork evolution(networkPart(network, "evolution"), source + " (evolution)");
  GraphNetwork refiner(networkPart(network, "policy"), source + " (policy)");
  requireShape(evolution, Evolution::inputs(options), kBundle, source + ": /network/evolution");
  requireShape(refiner, Refiner::inputs(options), Refiner::kOutputs, source + ": /network/policy");
  Model model{{options, std::move(evolution)}, {options, std::move(refiner)}};
  const std::string &count = parameter(policy.action.parameters, "count", source + ": /action");
  if (count != "argmax" && count != "expectation")
    bad(source, "/action/count: expected argmax or expectation, found '" + count + "'");
  model.count = count == "argmax" ? CountRule::argmax : CountRule::expectation;
  const std::string &largest = parameter(policy.action.parameters, "largest_trade_off", source + ": /action");
  try {
    model.largest_trade_off = std::stod(largest);
  } catch (const std::exception &) {
    bad(source, "/action/largest_trade_off: expected a number, found '" + largest + "'");
  }
  return model;
}

Policy Model::policy() const {
  Policy p;
  p.kind = "refiner";
  const ModelOptions &options = evolution.options();
  auto &names = p.observation.names;
  for (int m = kBundle - 1; m >= 0; --m) names.push_back("u_" + std::to_string(m) + "_levels_ago");
  if (options.parameters) {
    for (const char *name : {"forcing_begin", "forcing_middle", "forcing_end", "viscosity"}) names.emplace_back(name);
  }
  if (!options.ring) names.emplace_back("boundary");
  p.observation.offset.assign(names.size(), 0.f);
  p.observation.scale.assign(names.size(), 1.f);
  p.observation.clip = 1e6f;
  p.action.transform = "split-and-coarsen";
  p.action.low = {0, 0};
  p.action.high = {kCounts - 1, kCounts - 1};
  p.action.parameters = {{"count", count == CountRule::argmax ? "argmax" : "expectation"},
                         {"largest_trade_off", std::to_string(largest_trade_off)}};
  const auto word = [](bool b) { return std::string(b ? "true" : "false"); };
  p.network.architecture = "lamp";
  p.network.parameters = {
      {"parameters", word(options.parameters)}, {"ring", word(options.ring)}, {"residual", word(options.residual)}};
  addNetworkPart(p.network, "evolution", evolution.network().spec());
  addNetworkPart(p.network, "policy", refiner.network().spec());
  return p;
}

}  // namespace petrl::lamp
