#include "learn/fcn_config.hpp"

#include "learn/yaml_values.hpp"

namespace petrl::learn {

int FcnConfig::reach() const {
  int points = 0;
  for (std::size_t l = 0; l < dilations.size(); ++l) points += kernels[l] / 2 * dilations[l];
  return points;
}

FcnConfig FcnConfig::parse(YamlMap &map, const FcnConfig &defaults) {
  FcnConfig c = defaults;
  c.channels = map.get<std::vector<int>>("channels", c.channels);
  for (const int n : c.channels) {
    if (n < 1 || n > 1024) map.fail("channels", "expected numbers in [1, 1024], found " + std::to_string(n));
  }
  if (c.channels.size() > 64) map.fail("channels", "expected at most 64 hidden layers");
  const auto layers = static_cast<std::size_t>(c.layers());
  if (c.dilations.size() != layers) c.dilations.assign(layers, 1);
  c.dilations = map.get<std::vector<int>>("dilations", c.dilations);
  if (c.dilations.size() != layers) {
    map.fail("dilations", "expected " + std::to_string(layers) + " numbers (hidden layers and outputs), found " +
                              std::to_string(c.dilations.size()));
  }
  for (const int d : c.dilations) {
    if (d < 1 || d > 64) map.fail("dilations", "expected numbers in [1, 64], found " + std::to_string(d));
  }
  if (map.isList("kernel")) {
    c.kernels = map.get<std::vector<int>>("kernel");
    if (c.kernels.size() != layers) {
      map.fail("kernel", "expected one number, or " + std::to_string(layers) + " (hidden layers and outputs), found " +
                             std::to_string(c.kernels.size()));
    }
  } else {
    c.kernels.assign(layers, map.integer("kernel", c.kernels.front(), 1, 15));
  }
  for (const int k : c.kernels) {
    if (k < 1 || k > 15 || k % 2 == 0)
      map.fail("kernel", "expected odd numbers in [1, 15], found " + std::to_string(k));
  }
  c.tanh = oneOf(map, "activation", c.tanh ? "tanh" : "relu", {"relu", "tanh"}) == "tanh";
  return c;
}

}  // namespace petrl::learn
