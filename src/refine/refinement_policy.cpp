#include "refine/refinement_policy.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "policy/architectures.hpp"

namespace petrl {

namespace {

std::string number(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", static_cast<double>(value));
  return text;
}

/// How network outputs become differences, as files say it.
std::map<std::string, std::string> outputScale() {
  return {{"floor", number(RefinementScale::kFloor)},
          {"offset", number(RefinementScale::kOffset)},
          {"scale", number(RefinementScale::kScale)}};
}

void expect(const std::string &source, const std::string &key, const std::string &expected, const std::string &found) {
  if (found != expected) throw Error(source + ": " + key + ": expected '" + expected + "', found '" + found + "'");
}

// Nonzero in cells where a field's jump to a neighbour or its change in the interval is not below the tolerance.
void findHappenings(const CellMesh &mesh, const std::vector<RefinementPolicy::Field> &fields, double tolerance,
                    double interval, std::vector<char> &happens) {
  const auto slots = static_cast<std::size_t>(mesh.slots());
  happens.assign(static_cast<std::size_t>(mesh.owned), 0);
  for (const RefinementPolicy::Field &field : fields) {
    const double most = tolerance * field.range, *const u = field.values.value, *const rate = field.values.rate;
    const int *neighbour = mesh.neighbour.data();
    for (std::size_t c = 0; c < happens.size(); ++c, neighbour += slots) {
      double change = interval * std::fabs(rate[c]);
      for (std::size_t s = 0; s < slots; ++s)
        change = std::max(change, std::fabs(u[neighbour[s] < 0 ? static_cast<int>(c) : neighbour[s]] - u[c]));
      if (change > most) happens[c] = 1;
    }
  }
}

}  // namespace

RefinementPolicy::RefinementPolicy(const Policy &policy, const std::string &source) {
  requireKind(policy, "refiner", source);
  network_ = makeBackend<GraphBackend>(policy, source);
  expect(source, "/action/transform", "gain-loss", policy.action.transform);
  const auto parameter = [&](const std::string &key) {
    const auto found = policy.action.parameters.find(key);
    return found == policy.action.parameters.end() ? "" : found->second;
  };
  const std::vector<std::string> edges = words(parameter("edges"));
  observation_ = RefinementObservation(policy.observation.names, edges, source);
  for (std::size_t i = 0; i < policy.observation.names.size(); ++i) {
    expect(source, "/observation/offset", "0", number(policy.observation.offset[i]));
    expect(source, "/observation/scale", "1", number(policy.observation.scale[i]));
  }
  for (const auto &[key, value] : outputScale()) expect(source, "/action/" + key, value, parameter(key));
  const auto count = [](std::size_t n) { return std::to_string(n); };
  expect(source, "/network/node_inputs", count(policy.observation.names.size()), std::to_string(network_->inputs()));
  expect(source, "/network/edge_inputs", count(edges.size()), std::to_string(network_->edgeInputs()));
  expect(source, "/network/outputs", "2", std::to_string(network_->outputs()));
}

Policy RefinementPolicy::specification(const GraphNetwork &network, const std::vector<std::string> &nodes,
                                       const std::vector<std::string> &edges) {
  Policy p;
  p.kind = "refiner";
  p.observation.names = nodes;
  p.observation.offset.assign(p.observation.names.size(), 0.f);
  p.observation.scale.assign(p.observation.names.size(), 1.f);
  p.action.transform = "gain-loss";
  p.action.low = {-10, -10};
  p.action.high = {10, 10};
  p.action.parameters = outputScale();
  p.action.parameters["edges"] = joined(edges);
  p.network = network.spec();
  return p;
}

void RefinementPolicy::begin(const CellMesh &mesh, const std::vector<Field> &fields, double interval,
                             const GraphBackend::Exchange &exchange) {
  difference_.assign(2 * static_cast<std::size_t>(mesh.owned), 0.f);
  looked_ = {mesh.owned, mesh.owned, mesh.owned};
  if (gate_ > 0) {
    findHappenings(mesh, fields, gate_, interval, happens_);
    active_.grow(mesh, happens_, network_->reach(), network_->reach(), exchange);
    looked_.asked = active_.asked(), looked_.seen = static_cast<int>(active_.cells().size());
  }
  out_.resize(2 * static_cast<std::size_t>(looked_.asked));
}

void RefinementPolicy::observe(const CellMesh &mesh, const Field &field, double interval) {
  observation_.compute(mesh, field.values, field.range, interval, gate_ > 0 ? &active_ : nullptr);
}

const std::vector<float> &RefinementPolicy::infer(const CellMesh &mesh, const GraphBackend::Exchange &exchange) {
  const float *const node = observation_.node().data(), *const edge = observation_.edge().data();
  if (gate_ > 0) {
    const GraphBackend::Exchange ghosts = [&](float *rows, int width) { active_.fill(rows, width, exchange); };
    network_->evaluate(active_.graph(), node, edge, out_.data(), exchange ? ghosts : GraphBackend::Exchange());
    for (std::size_t i = 0; i < out_.size(); ++i) {
      const std::size_t cell = static_cast<std::size_t>(active_.cells()[i / 2]);
      difference_[2 * cell + i % 2] += RefinementScale::difference(out_[i]);
    }
  } else {
    network_->evaluate({mesh.owned, mesh.cells, mesh.slots(), mesh.neighbour.data()}, node, edge, out_.data(),
                       exchange);
    for (std::size_t i = 0; i < out_.size(); ++i) difference_[i] += RefinementScale::difference(out_[i]);
  }
  return difference_;
}

const std::vector<float> &RefinementPolicy::predict(const CellMesh &mesh, const std::vector<Field> &fields,
                                                    double interval, const GraphBackend::Exchange &exchange) {
  begin(mesh, fields, interval, exchange);
  for (const Field &field : fields) {
    observe(mesh, field, interval);
    infer(mesh, exchange);
  }
  return difference_;
}

void RefinementPolicy::decide(const CellMesh &mesh, const std::vector<Field> &fields, double interval,
                              const RefinementCosts &costs, const GraphBackend::Exchange &exchange,
                              const SumOverRanks &sum, RefinementDecision &decision) {
  predict(mesh, fields, interval, exchange);
  weigh(mesh, difference_.data(), costs, sum, decision);
}

}  // namespace petrl
