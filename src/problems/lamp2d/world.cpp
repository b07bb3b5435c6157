#include "problems/lamp2d/world.hpp"

#include <petscsys.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace petrl::learn {

using conservation::Split;
using lamp2d::FlowSet;
using lamp2d::Remeshing;
using lamp2d::TriangleMesh;

namespace {

constexpr double kAdapted = .04;  // tolerance of the adapted meshes that a model without a policy is judged on

lamp2d::Model makeModel(const LampConfig &c) {
  const LampNetwork &e = c.evolution.network, &p = c.policy.network;
  return {lamp2d::Evolution(e.hidden, e.layers, e.shared), lamp2d::Refiner(p.hidden, p.layers, p.shared),
          c.policy.count, c.policy.largest_trade_off};
}

}  // namespace

const LampLimits &PlaneWorld::limits() {
  static const LampLimits limits = [] {
    LampLimits l;
    l.most_bundles = 16, l.longest_horizon = 16, l.most_reach = 16;
    l.meshes = {"adapted", "uniform", "truth"};
    // A mean squared error of a ten thousandth is worth as much as 256 vertices.
    l.policy.error_weight = 10000, l.policy.vertex_weight = 1. / 256;
    l.policy.local = true, l.policy.reach = 3;
    l.demonstrates = true;
    return l;
  }();
  return limits;
}

PlaneWorld::PlaneWorld(const LampConfig &config, YamlMap environment) : config_(config), model_(makeModel(config)) {
  std::vector<lamp2d::SolverRule> rules;
  if (environment.isList("solver")) {
    for (const YamlMap &rule : environment.list("solver")) rules.push_back(lamp2d::SolverRule::parse(rule));
    if (rules.empty()) environment.fail("solver", "expected at least one rule, found none");
  } else if (environment.has("solver")) {
    rules.push_back(lamp2d::SolverRule::parse(environment.map("solver")));
  } else {
    rules.emplace_back();
  }
  const lamp2d::FlowsOptions options = lamp2d::FlowsOptions::parse(environment);
  if (config.evolution.bundles > options.steps)
    environment.fail("steps", "fewer than the learner's bundles, " + std::to_string(config.evolution.bundles));
  if (config.policy.horizon > options.steps)
    environment.fail("steps", "fewer than the learner's horizon, " + std::to_string(config.policy.horizon));
  const auto say = [](const std::string &text) { std::printf("%s\n", text.c_str()); };
  train_ = lamp2d::makeFlows(options, Split::train, PETSC_COMM_WORLD, say);
  valid_ = lamp2d::makeFlows(options, Split::valid, PETSC_COMM_WORLD, say);
  for (const lamp2d::SolverRule &rule : rules) {
    solvers_.emplace_back(train_, rule);
    valid_solvers_.emplace_back(valid_, rule);
  }
  training_ = std::make_unique<lamp2d::EvolutionTraining>(config.evolution, train_, solvers_);
  actor_critic_ = std::make_unique<lamp2d::ActorCritic>(config.policy, train_);
}

// With a policy, what its reward counts: errors and vertices, at several trade-offs. Without, the evolution model's
// errors on meshes of the kind that it learns on.
Evaluation PlaneWorld::evaluate(bool refining) {
  using Kind = Remeshing::Kind;
  const int n = std::min(config_.validation, valid_.size());
  Evaluation e;
  const auto run = [&](int start, const Remeshing &remeshing, const std::string &name) {
    double error = 0, vertices = 0;
    const auto mesh = TriangleMesh::uniform(valid_.grid, start);
    for (int t = 0; t < n; ++t) {
      const lamp2d::Rollout r = lamp2d::rollOut(model_, valid_, t, mesh, remeshing);
      error += r.total() / n, vertices += r.vertices() / n;
    }
    e.details[name] = error;
    if (remeshing.kind != Kind::never) e.details[name + "_vertices"] = vertices;
    return std::make_pair(error, vertices);
  };
  const double still = run(1, {}, "still").first;
  Remeshing adapted;
  adapted.kind = Kind::adapted, adapted.threshold = kAdapted;
  // The geometric mean over the rules: errors on coarse meshes would drown those on fine ones.
  const auto onSolvers = [&] {
    double sum = 0;
    for (std::size_t i = 0; i < valid_solvers_.size(); ++i) {
      Remeshing solver;
      solver.kind = Kind::solver, solver.solver = &valid_solvers_[i];
      sum += std::log(run(1, solver, "solver" + (i > 0 ? std::to_string(i + 1) : "")).first);
    }
    return std::exp(sum / static_cast<double>(valid_solvers_.size()));
  };
  const double own = config_.evolution.meshes == "truth"     ? onSolvers()
                     : config_.evolution.meshes == "adapted" ? run(1, adapted, "adapted").first
                                                             : still;
  e.score = config_.policy.error_weight * own;
  if (!refining) return e;
  e.score = 0;
  for (const double part : {.1, .4, 1.}) {
    Remeshing policy;
    policy.kind = Kind::policy, policy.trade_off = part * config_.policy.largest_trade_off;
    char name[32];
    std::snprintf(name, sizeof(name), "at_%.2f", policy.trade_off);
    const auto [error, vertices] = run(1, policy, name);
    e.score += (config_.policy.error_weight * (1 - policy.trade_off) * error +
                policy.trade_off * config_.policy.vertex_weight * vertices) /
               3;
  }
  return e;
}

void PlaneWorld::read(const Policy &policy, std::unique_ptr<GraphNetwork> &evolution,
                      std::unique_ptr<GraphNetwork> &refiner) const {
  const lamp2d::Model other = lamp2d::Model::read(policy, "learner lamp: initial policy");
  evolution = std::make_unique<GraphNetwork>(other.evolution.network());
  refiner = std::make_unique<GraphNetwork>(other.refiner.network());
}

}  // namespace petrl::learn
