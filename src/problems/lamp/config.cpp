#include "problems/lamp/config.hpp"

#include <algorithm>

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

LampConfig LampConfig::parse(YamlMap map, const LampLimits &limits) {
  LampConfig c;
  c.policy = limits.policy;

  EvolutionConfig &e = c.evolution;
  YamlMap evolution = map.map("evolution", false);
  e.network = parseNetwork(evolution, e.network);
  e.updates = evolution.integer("updates", e.updates, 0, 1000000000);
  e.batch = evolution.integer("batch", e.batch, 1, 4096);
  e.bundles = evolution.integer("bundles", std::min(e.bundles, limits.most_bundles), 1, limits.most_bundles);
  e.later_weight = evolution.number("later_weight", e.later_weight, 0, 100);
  e.meshes = evolution.get<std::string>("meshes", e.meshes);
  if (std::find(limits.meshes.begin(), limits.meshes.end(), e.meshes) == limits.meshes.end()) {
    std::string expected;
    for (const std::string &name : limits.meshes) expected += (expected.empty() ? "" : " or ") + name;
    evolution.fail("meshes", "expected " + expected + ", found '" + e.meshes + "'");
  }
  e.policy_share = evolution.number("policy_share", e.policy_share, 0, 1);
  e.refining_rate = evolution.number("refining_rate", e.refining_rate, 0, 1);
  evolution.finish();

  PolicyConfig &p = c.policy;
  YamlMap policy = map.map("policy", false);
  p.network = parseNetwork(policy, p.network);
  p.batch = policy.integer("batch", p.batch, 1, 4096);
  p.samples_per_start = policy.integer("samples_per_start", p.samples_per_start, 1, 256);
  p.horizon = policy.integer("horizon", std::min(p.horizon, limits.longest_horizon), 1, limits.longest_horizon);
  p.discounted = oneOf(policy, "target", p.discounted ? "discounted" : "mean", {"mean", "discounted"}) == "discounted";
  p.discount = policy.number("discount", p.discount, 0, 1);
  p.local = oneOf(policy, "credit", p.local ? "local" : "global", {"local", "global"}) == "local";
  if (p.local && p.samples_per_start < 2) {
    if (policy.has("credit")) policy.fail("credit", "local needs samples_per_start of at least 2");
    p.local = false;
  }
  p.reach = policy.integer("reach", p.reach, 0, limits.most_reach);
  p.normalise = policy.get<bool>("normalise", p.normalise);
  p.entropy = policy.number("entropy", p.entropy, 0, 10);
  p.value_weight = policy.number("value_weight", p.value_weight, 0, 100);
  p.largest_trade_off = policy.number("largest_trade_off", p.largest_trade_off, 0, 1);
  p.error_weight = policy.number("error_weight", p.error_weight, 0, 1e9);
  p.vertex_weight = policy.number("vertex_weight", p.vertex_weight, 0, 1e9);
  p.count = oneOf(policy, "count", "expectation", {"argmax", "expectation"}) == "argmax" ? lamp::CountRule::argmax
                                                                                         : lamp::CountRule::expectation;
  policy.finish();

  YamlMap refining = map.map("refining", false);
  c.refining.updates = refining.integer("updates", c.refining.updates, 0, 1000000000);
  c.refining.demonstrations = refining.integer("demonstrations", 0, 0, limits.demonstrates ? 1000000000 : 0);
  c.refining.policy = refining.integer("policy", c.refining.policy, 1, 1000000);
  c.refining.evolution = refining.integer("evolution", c.refining.evolution, 0, 1000000);
  refining.finish();
  c.validation = map.integer("validation", c.validation, 1, 1000000);
  map.finish();
  return c;
}

}  // namespace petrl::learn
