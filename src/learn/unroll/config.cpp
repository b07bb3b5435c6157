#include "learn/unroll/config.hpp"

#include "learn/yaml_values.hpp"

namespace petrl::learn {

UnrollConfig UnrollConfig::parse(YamlMap map) {
  UnrollConfig c;
  YamlMap network = map.map("network", false);
  c.network = FcnConfig::parse(network, c.network);
  c.symmetric = network.get<bool>("symmetric", c.symmetric);
  network.finish();
  for (const int k : c.network.kernels) {
    if (k > 5) map.fail("network", "kernel: expected 1, 3 or 5, found " + std::to_string(k));
  }
  c.slots = map.integer("slots", c.slots, 1, 4096);
  c.window = map.integer("window", c.window, 1, 1000);
  c.horizon = map.integer("horizon", c.horizon, 1, 1000000);
  if (c.horizon < c.window) map.fail("horizon", "expected at least window = " + std::to_string(c.window));
  c.learning_rate = map.number("learning_rate", c.learning_rate, 1e-9, 1);
  c.learning_rate_final = map.number("learning_rate_final", c.learning_rate / 100, 0, 1);
  c.decay_steps = map.integer("decay_steps", c.decay_steps, 0, 1000000000000);
  c.max_gradient_norm = map.number("max_gradient_norm", c.max_gradient_norm, 1e-9, 1e9);
  c.relative = oneOf(map, "loss", "absolute", {"absolute", "relative"}) == "relative";
  c.error_scale = map.number("error_scale", c.error_scale, 0, 1e6);
  c.mean_weight = map.number("mean_weight", c.mean_weight, 0, 1e6);
  c.output_scale = map.number("output_scale", c.output_scale, 0, 10);
  c.max_state = map.number("max_state", c.max_state, 1e-6, 1e30);
  map.finish();
  return c;
}

}  // namespace petrl::learn
