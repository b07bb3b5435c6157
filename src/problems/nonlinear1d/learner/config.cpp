#include "problems/nonlinear1d/learner/config.hpp"

#include "learn/yaml_values.hpp"

namespace petrl::learn {

namespace {

LampNetwork parseNetwork(YamlMap &map, const LampNetwork &defaults) {
  LampNetwork n = defaults;
  n.hidden = map.integer("hidden", n.hidden, 1, 1024);
  n.layers = map.integer("layers", n.layers, 1, 32);
  n.shared = map.get<bool>("shared", n.shared);
  n.learning_rate = map.number("learning_rate", n.learning_rate, 0, 1);
  n.max_gradient_norm = map.number("max_gradient_norm", n.max_gradient_norm, 1e-9, 1e9);
  return n;
}

}  // namespace

LampConfig LampConfig::parse(YamlMap map) {
  LampConfig c;
  YamlMap model = map.map("model", false);
  c.model.parameters = model.get<bool>("parameters", c.model.parameters);
  c.model.ring = model.get<bool>("ring", c.model.ring);
  c.model.residual = model.get<bool>("residual", c.model.residual);
  model.finish();

  EvolutionConfig &e = c.evolution;
  YamlMap evolution = map.map("evolution", false);
  e.network = parseNetwork(evolution, e.network);
  e.updates = evolution.integer("updates", e.updates, 0, 1000000000);
  e.batch = evolution.integer("batch", e.batch, 1, 4096);
  e.bundles = evolution.integer("bundles", e.bundles, 1, 9);
  e.later_weight = evolution.number("later_weight", e.later_weight, 0, 100);
  e.adapted = oneOf(evolution, "meshes", e.adapted ? "adapted" : "thinned", {"adapted", "thinned"}) == "adapted";
  e.policy_share = evolution.number("policy_share", e.policy_share, 0, 1);
  e.refining_rate = evolution.number("refining_rate", e.refining_rate, 0, 1);
  evolution.finish();

  PolicyConfig &p = c.policy;
  YamlMap policy = map.map("policy", false);
  p.network = parseNetwork(policy, p.network);
  p.batch = policy.integer("batch", p.batch, 1, 4096);
  p.samples_per_start = policy.integer("samples_per_start", p.samples_per_start, 1, 256);
  p.horizon = policy.integer("horizon", p.horizon, 1, lamp::kBundles);
  p.discounted = oneOf(policy, "target", p.discounted ? "discounted" : "mean", {"mean", "discounted"}) == "discounted";
  p.discount = policy.number("discount", p.discount, 0, 1);
  p.local = oneOf(policy, "credit", p.local ? "local" : "global", {"local", "global"}) == "local";
  if (p.local && p.samples_per_start < 2) {
    if (policy.has("credit")) policy.fail("credit", "local needs samples_per_start of at least 2");
    p.local = false;
  }
  p.reach = policy.integer("reach", p.reach, 0, nonlinear1d::kPoints / 4);
  p.normalise = policy.get<bool>("normalise", p.normalise);
  p.entropy = policy.number("entropy", p.entropy, 0, 10);
  p.value_weight = policy.number("value_weight", p.value_weight, 0, 100);
  p.largest_trade_off = policy.number("largest_trade_off", p.largest_trade_off, 0, 1);
  p.count = oneOf(policy, "count", "expectation", {"argmax", "expectation"}) == "argmax" ? lamp::CountRule::argmax
                                                                                         : lamp::CountRule::expectation;
  policy.finish();

  YamlMap refining = map.map("refining", false);
  c.refining.updates = refining.integer("updates", c.refining.updates, 0, 1000000000);
  c.refining.policy = refining.integer("policy", c.refining.policy, 1, 1000000);
  c.refining.evolution = refining.integer("evolution", c.refining.evolution, 0, 1000000);
  refining.finish();
  c.validation = map.integer("validation", c.validation, 1, 1000000);
  map.finish();
  return c;
}

}  // namespace petrl::learn
