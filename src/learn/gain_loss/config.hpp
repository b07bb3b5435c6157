// The keys of the learner section for algorithm "gain-loss".
#pragma once

#include <cstdint>
#include <string>

#include "base/yaml.hpp"

namespace petrl::learn {

struct GainLossConfig {
  int hidden = 16, layers = 3;  ///< of the graph network
  int episodes = 1;             ///< in an iteration, on each rank
  int updates = 20;             ///< in an iteration
  int batch = 4;                ///< decisions (whole meshes) in an update, on each rank
  int memory = 400;             ///< decisions that are remembered, on each rank
  double learning_rate = 3e-3;
  double learning_rate_final = 1e-5;  ///< reached after decay_steps, along a cosine
  std::int64_t decay_steps = 0;       ///< decisions; 0: constant
  double max_gradient_norm = 1;
  double explore = 1, explore_final = .1;  ///< share of decisions by chance; falls over explore_steps
  std::int64_t explore_steps = 500;        ///< decisions

  /// Strict: throws petrl::Error with file, line and key for unknown keys and impossible values.
  static GainLossConfig parse(YamlMap map);
};

}  // namespace petrl::learn
