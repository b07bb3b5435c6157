#include "problems/nonlinear1d/learner/lamp_world.hpp"

#include <petscsys.h>

#include <algorithm>
#include <cstdio>

#include "base/error.hpp"
#include "problems/lamp/trajectories.hpp"

namespace petrl::learn {

using nonlinear1d::Nonlinear1DDataset;
using nonlinear1d::VertexMesh;

namespace {

Nonlinear1DDataset readData(YamlMap environment) {
  environment.get<std::string>("name");
  const auto file = environment.get<std::string>("file");
  nonlinear1d::Nonlinear1DOptions options;
  options.trajectories = lamp::trajectories(environment, options.trajectories, nonlinear1d::kMostTrajectories);
  options.seed = static_cast<std::uint64_t>(environment.integer("seed", 0, 0, 1000000000000));
  environment.finish();
  return Nonlinear1DDataset::cached(options, file, PETSC_COMM_WORLD,
                                    [](const std::string &text) { std::printf("%s\n", text.c_str()); });
}

lamp::Model makeModel(const LampConfig &c, const lamp::ModelOptions &options) {
  const LampNetwork &e = c.evolution.network, &p = c.policy.network;
  lamp::Model model{{options, e.hidden, e.layers, e.shared}, {options, p.hidden, p.layers, p.shared}};
  model.count = c.policy.count;
  model.largest_trade_off = c.policy.largest_trade_off;
  return model;
}

}  // namespace

const LampLimits &LineWorld::limits() {
  static const LampLimits limits;
  return limits;
}

lamp::ModelOptions LineWorld::options(YamlMap &keys) {
  lamp::ModelOptions options;
  YamlMap model = keys.map("model", false);
  options.parameters = model.get<bool>("parameters", options.parameters);
  options.ring = model.get<bool>("ring", options.ring);
  options.residual = model.get<bool>("residual", options.residual);
  model.finish();
  return options;
}

LineWorld::LineWorld(const LampConfig &config, const lamp::ModelOptions &options, YamlMap environment)
    : config_(config),
      data_(readData(std::move(environment))),
      model_(makeModel(config_, options)),
      training_(config_.evolution, data_.train()),
      actor_critic_(config_.policy, data_.train()) {}

// With a policy, what its reward counts: errors and vertices, at several trade-offs, from coarse and middling meshes.
// Without, the evolution model's errors on meshes adapted with hindsight.
Evaluation LineWorld::evaluate(bool refining) {
  using Kind = lamp::Remeshing::Kind;
  const int n = std::min(config_.validation, data_.valid().size());
  const bool ring = model_.evolution.options().ring;
  Evaluation e;
  const auto run = [&](int stride, const lamp::Remeshing &remeshing, const std::string &name) {
    double error = 0, vertices = 0;
    for (const auto &r : lamp::rollOut(model_, data_.valid(), 0, n, VertexMesh::uniform(stride, ring), remeshing))
      error += r.total() / n, vertices += r.vertices() / n;
    e.details[name] = error;
    if (remeshing.kind == Kind::policy) e.details[name + "_vertices"] = vertices;
    return std::make_pair(error, vertices);
  };
  run(4, {}, "error_25");
  run(2, {}, "error_50");
  run(1, {}, "error_100");
  const double adapted =
      run(4, {Kind::oracle, 0, 38, 0}, "hindsight_38").first + run(2, {Kind::oracle, 0, 53, 0}, "hindsight_53").first;
  double objective = 0;
  for (const double part : {.2, .5, 1.}) {
    const double beta = part * config_.policy.largest_trade_off;
    char name[32];
    for (const int stride : {4, 2}) {
      std::snprintf(name, sizeof(name), "from_%d_at_%.2f", 100 / stride, beta);
      const auto [error, vertices] = run(stride, {Kind::policy, beta, 0, 0}, name);
      objective += (config_.policy.error_weight * (1 - beta) * error +
                    beta * config_.policy.vertex_weight * lamp::kBundles * vertices) /
                   6;
    }
  }
  e.score = refining ? objective : adapted / 2;
  return e;
}

void LineWorld::read(const Policy &policy, std::unique_ptr<GraphNetwork> &evolution,
                     std::unique_ptr<GraphNetwork> &refiner) const {
  const lamp::Model other = lamp::Model::read(policy, "learner lamp: initial policy");
  const lamp::ModelOptions &a = model_.evolution.options(), &b = other.evolution.options();
  if (a.parameters != b.parameters || a.ring != b.ring || a.residual != b.residual)
    throw Error("learner lamp: initial policy: its model sees or predicts something else (parameters, ring, residual)");
  evolution = std::make_unique<GraphNetwork>(other.evolution.network());
  refiner = std::make_unique<GraphNetwork>(other.refiner.network());
}

}  // namespace petrl::learn
