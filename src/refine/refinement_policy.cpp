#include "refine/refinement_policy.hpp"

#include <cstdio>

#include "base/error.hpp"

namespace petrl {

namespace {

std::string joined(const std::vector<std::string> &names) {
  std::string text;
  for (const auto &name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

std::string number(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", static_cast<double>(value));
  return text;
}

void expect(const std::string &source, const std::string &key, const std::string &expected, const std::string &found) {
  if (found != expected) throw Error(source + ": " + key + ": expected '" + expected + "', found '" + found + "'");
}

}  // namespace

RefinementPolicy::RefinementPolicy(const Policy &policy, const std::string &source) : network_(policy.network, source) {
  requireKind(policy, "refiner", source);
  const Policy wanted = specification(network_);
  expect(source, "/observation/names", joined(wanted.observation.names), joined(policy.observation.names));
  for (std::size_t i = 0; i < policy.observation.names.size(); ++i) {
    expect(source, "/observation/offset", "0", number(policy.observation.offset[i]));
    expect(source, "/observation/scale", "1", number(policy.observation.scale[i]));
  }
  expect(source, "/action/transform", wanted.action.transform, policy.action.transform);
  for (const auto &[key, value] : wanted.action.parameters) {
    const auto found = policy.action.parameters.find(key);
    expect(source, "/action/" + key, value, found == policy.action.parameters.end() ? "" : found->second);
  }
  const GraphShape &shape = network_.shape();
  expect(source, "/network/edge_inputs", std::to_string(RefinementObservation::kEdge),
         std::to_string(shape.edge_inputs));
  expect(source, "/network/outputs", "2", std::to_string(shape.outputs));
}

Policy RefinementPolicy::specification(const GraphNetwork &network) {
  Policy p;
  p.kind = "refiner";
  p.observation.names = RefinementObservation::nodeNames();
  p.observation.offset.assign(p.observation.names.size(), 0.f);
  p.observation.scale.assign(p.observation.names.size(), 1.f);
  p.action.transform = "gain-loss";
  p.action.low = {-10, -10};
  p.action.high = {10, 10};
  p.action.parameters = {{"edges", joined(RefinementObservation::edgeNames())},
                         {"floor", number(RefinementScale::kFloor)},
                         {"offset", number(RefinementScale::kOffset)},
                         {"scale", number(RefinementScale::kScale)}};
  p.network = network.spec();
  return p;
}

void RefinementPolicy::begin(const CellMesh &mesh) {
  out_.resize(2 * static_cast<std::size_t>(mesh.owned));
  difference_.assign(out_.size(), 0.f);
}

void RefinementPolicy::observe(const CellMesh &mesh, const Field &field, double interval) {
  observation_.compute(mesh, field.values, field.range, interval);
}

const std::vector<float> &RefinementPolicy::infer(const CellMesh &mesh, const GraphNetwork::Exchange &exchange) {
  network_.evaluate(observation_.graph(mesh), observation_.node().data(), observation_.edge().data(), out_.data(),
                    exchange);
  for (std::size_t i = 0; i < out_.size(); ++i) difference_[i] += RefinementScale::difference(out_[i]);
  return difference_;
}

const std::vector<float> &RefinementPolicy::predict(const CellMesh &mesh, const std::vector<Field> &fields,
                                                    double interval, const GraphNetwork::Exchange &exchange) {
  begin(mesh);
  for (const Field &field : fields) {
    observe(mesh, field, interval);
    infer(mesh, exchange);
  }
  return difference_;
}

void RefinementPolicy::decide(const CellMesh &mesh, const std::vector<Field> &fields, double interval,
                              const RefinementCosts &costs, const GraphNetwork::Exchange &exchange,
                              const SumOverRanks &sum, RefinementDecision &decision) {
  predict(mesh, fields, interval, exchange);
  petrl::decide(mesh, difference_.data(), costs, sum, decision);
}

}  // namespace petrl
