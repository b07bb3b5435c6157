#include "learn/gain_loss/config.hpp"

#include "learn/yaml_values.hpp"

namespace petrl::learn {

GainLossConfig GainLossConfig::parse(YamlMap map) {
  GainLossConfig c;
  c.hidden = map.integer("hidden", c.hidden, 1, 512);
  c.layers = map.integer("layers", c.layers, 1, 32);
  c.episodes = map.integer("episodes", c.episodes, 1, 10000);
  c.updates = map.integer("updates", c.updates, 1, 100000);
  c.batch = map.integer("batch", c.batch, 1, 10000);
  c.memory = map.integer("memory", c.memory, 1, 1000000);
  c.learning_rate = map.number("learning_rate", c.learning_rate, 1e-9, 1);
  c.learning_rate_final = map.number("learning_rate_final", c.learning_rate_final, 0, 1);
  c.decay_steps = map.integer("decay_steps", c.decay_steps, 0, std::int64_t{1} << 50);
  c.max_gradient_norm = map.number("max_gradient_norm", c.max_gradient_norm, 0, 1e30);
  c.explore = map.number("explore", c.explore, 0, 1);
  c.explore_final = map.number("explore_final", c.explore_final, 0, 1);
  c.explore_steps = map.integer("explore_steps", c.explore_steps, 1, std::int64_t{1} << 50);
  map.finish();
  return c;
}

}  // namespace petrl::learn
