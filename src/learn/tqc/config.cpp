#include "learn/tqc/config.hpp"

#include "base/yaml.hpp"

namespace petrl::learn {

static std::vector<int> widths(YamlMap &map, const std::string &key, const std::vector<int> &fallback) {
  auto value = map.get<std::vector<int>>(key, fallback);
  if (value.empty()) map.fail(key, "expected at least one hidden layer");
  for (const int width : value) {
    if (width < 1 || width > 4096) map.fail(key, "expected widths in [1, 4096], found " + std::to_string(width));
  }
  return value;
}

TqcConfig TqcConfig::parse(YamlMap map, int actions) {
  constexpr std::int64_t kMany = 1000000000000;
  TqcConfig c;
  c.learning_rate = map.number("learning_rate", c.learning_rate, 0, 1);
  c.learning_rate_final = map.number("learning_rate_final", c.learning_rate, 0, 1);
  c.decay_steps = map.integer("decay_steps", 0, 0, kMany);
  if (map.has("learning_rate_final") && c.decay_steps == 0) map.fail("learning_rate_final", "needs decay_steps > 0");
  if (c.decay_steps > 0 && !map.has("learning_rate_final")) map.fail("decay_steps", "needs learning_rate_final");
  c.buffer_size = map.integer("buffer_size", c.buffer_size, 1, 1000000000);
  c.learning_starts = map.integer("learning_starts", c.learning_starts, 0, kMany);
  const auto warmup = map.get<std::string>("warmup", "random");
  if (warmup != "random" && warmup != "policy") map.fail("warmup", "expected random or policy, found '" + warmup + "'");
  c.warmup_by_policy = warmup == "policy";
  c.critic_only_updates = map.integer("critic_only_updates", c.critic_only_updates, 0, kMany);
  c.batch_size = map.integer("batch_size", c.batch_size, 1, 65536);
  c.tau = map.number("tau", c.tau, 0, 1);
  c.gamma = map.number("gamma", c.gamma, 0, 1);
  c.updates_per_step = map.number("updates_per_step", c.updates_per_step, 0, 1000);
  c.target_entropy = map.number("target_entropy", -actions, -1e6, 1e6);
  c.average = map.number("average", c.average, 0, 1 - 1e-9);
  c.quantiles = map.integer("quantiles", c.quantiles, 1, 1024);
  c.dropped_quantiles_per_net =
      map.integer("dropped_quantiles_per_net", c.dropped_quantiles_per_net, 0, c.quantiles - 1);
  c.critics = map.integer("critics", c.critics, 1, 100);
  c.actor_layers = widths(map, "actor_layers", c.actor_layers);
  c.critic_layers = widths(map, "critic_layers", c.critic_layers);
  c.log_std_init = map.number("log_std_init", c.log_std_init, -20, 2);
  c.initial_temperature = map.number("initial_temperature", c.initial_temperature, 1e-8, 1e6);
  const auto device = map.get<std::string>("device", "cpu");
  if (device != "cpu" && device != "cuda") map.fail("device", "expected cpu or cuda, found '" + device + "'");
  c.cuda = device == "cuda";
  c.threads = map.integer("threads", c.threads, 1, 1024);
  map.finish();
  return c;
}

}  // namespace petrl::learn
