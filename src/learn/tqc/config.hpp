// The keys of the learner section for algorithm "tqc".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/yaml.hpp"

namespace petrl::learn {

/// Defaults are those of the reference implementation (Kuznetsov et al. 2020, with gSDE as in Raffin et al. 2022).
struct TqcConfig {
  double learning_rate = 3e-4;
  double learning_rate_final = 3e-4;  ///< reached linearly after decay_steps
  std::int64_t decay_steps = 0;       ///< environment steps; 0: constant
  std::int64_t buffer_size = 1000000;
  std::int64_t learning_starts = 100;  ///< steps without updates
  bool warmup_by_policy = false;       ///< warmup: random | policy: how actions are chosen in these steps; policy means
                                       ///< sampled from the actor, as later (for weights that are loaded)
  std::int64_t critic_only_updates = 0;  ///< the first updates leave actor and temperature alone: a fresh critic
                                         ///< would spoil an actor that was loaded
  int batch_size = 256;
  double tau = .005;
  double gamma = .99;
  double updates_per_step = 1;  ///< may be fractional: .25 is one update every fourth step
  double target_entropy = -1;   ///< default: minus the number of actions
  double average = 0;  ///< the policy's weights are an exponential average of the actor's: the share that stays in an
                       ///< update; 0: the actor's own
  int quantiles = 25;
  int dropped_quantiles_per_net = 2;
  int critics = 5;
  std::vector<int> actor_layers{64, 64};
  std::vector<int> critic_layers{64, 64, 64};
  double log_std_init = -3;
  double initial_temperature = 1;
  bool cuda = false;  ///< device: cpu | cuda
  int threads = 1;

  /// Strict: throws petrl::Error with file, line and key for unknown keys and impossible values.
  static TqcConfig parse(YamlMap map, int actions);
};

}  // namespace petrl::learn
