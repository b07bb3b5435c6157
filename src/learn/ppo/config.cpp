#include "learn/ppo/config.hpp"

#include "learn/yaml_values.hpp"

namespace petrl::learn {

static PpoNetworkConfig parseNetwork(YamlMap map) {
  PpoNetworkConfig c;
  c.policy = FcnConfig::parse(map, c.policy);
  c.tanh_output = oneOf(map, "output", "linear", {"linear", "tanh"}) == "tanh";
  c.free_std = oneOf(map, "std", "state", {"state", "free"}) == "free";
  c.initial_std = map.number("initial_std", c.initial_std, 1e-5, 10);
  c.zero_output = map.get<bool>("zero_output", c.zero_output);
  YamlMap value = map.map("value", false);
  c.separate_value = oneOf(value, "trunk", "shared", {"shared", "separate"}) == "separate";
  c.value = c.policy;
  if (c.separate_value) c.value = FcnConfig::parse(value, c.policy);
  value.finish();
  map.finish();
  return c;
}

// A number of transitions, or the word "episode".
static std::int64_t parseHorizon(YamlMap &map, std::int64_t fallback) {
  if (map.has("horizon") && map.get<std::string>("horizon") == "episode") return 0;
  return map.integer("horizon", fallback, 1, 1000000);
}

PpoConfig PpoConfig::parse(YamlMap map) {
  PpoConfig c;
  c.network = parseNetwork(map.map("network", false));
  c.slots = map.integer("slots", c.slots, 1, 4096);
  c.horizon = parseHorizon(map, c.horizon);
  c.batch_size = map.integer("batch_size", c.batch_size, 1, 65536);
  c.epochs = map.integer("epochs", c.epochs, 1, 1000);
  c.clip = map.number("clip", c.clip, 1e-6, 1);
  c.gamma = map.number("gamma", c.gamma, 0, 1);
  c.lambda = map.number("lambda", c.lambda, 0, 1);
  c.entropy_coefficient = map.number("entropy_coefficient", c.entropy_coefficient, 0, 1e3);
  c.value_coefficient = map.number("value_coefficient", c.value_coefficient, 0, 1e6);
  const auto word = oneOf(map, "advantage_normalisation", "global", {"point", "global", "none"});
  c.normalisation = word == "point"    ? Normalisation::point
                    : word == "global" ? Normalisation::global
                                       : Normalisation::none;
  c.mean_baseline = oneOf(map, "baseline", "value", {"value", "mean"}) == "mean";
  if (c.mean_baseline && c.gamma != 0) map.fail("baseline", "mean needs gamma: 0");
  c.reward_scale = map.number("reward_scale", c.reward_scale, 1e-12, 1e12);
  c.reward_reach = map.integer("reward_reach", c.reward_reach, 0, 64);
  c.learning_rate = map.number("learning_rate", c.learning_rate, 0, 1);
  c.learning_rate_final = map.number("learning_rate_final", c.learning_rate, 0, 1);
  c.decays_with_budget = map.has("decay_steps") && map.get<std::string>("decay_steps") == "budget";
  if (!c.decays_with_budget) c.decay_steps = map.integer("decay_steps", 0, 0, 1000000000000);
  const bool decays = c.decays_with_budget || c.decay_steps > 0;
  if (map.has("learning_rate_final") && !decays) map.fail("learning_rate_final", "needs decay_steps > 0");
  if (decays && !map.has("learning_rate_final")) map.fail("decay_steps", "needs learning_rate_final");
  const bool adamw = oneOf(map, "optimiser", "adam", {"adam", "adamw"}) == "adamw";
  if (!adamw && map.has("weight_decay")) map.fail("weight_decay", "needs optimiser: adamw");
  c.weight_decay = adamw ? map.number("weight_decay", .01, 0, 1) : 0;
  c.max_gradient_norm = map.number("max_gradient_norm", c.max_gradient_norm, 0, 1e9);
  c.target_kl = map.number("target_kl", c.target_kl, 0, 1e9);
  c.adaptive_rate = map.get<bool>("adaptive_rate", c.adaptive_rate);
  if (c.adaptive_rate && c.target_kl == 0) map.fail("adaptive_rate", "needs target_kl > 0");
  c.cuda = wantsCuda(map);
  if (c.cuda && c.mean_baseline) map.fail("baseline", "mean needs device: cpu");
  c.threads = threadCount(map);
  map.finish();
  return c;
}

}  // namespace petrl::learn
