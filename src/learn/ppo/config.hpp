// The keys of the learner section for algorithm "ppo" on grids.
#pragma once

#include <cstdint>
#include <string>

#include "learn/fcn_config.hpp"

namespace petrl::learn {

/// What a state-dependent standard deviation is at least: as in the paper.
constexpr double kStdFloor = 1e-6;

/// The networks: key `network`.
struct PpoNetworkConfig {
  FcnConfig policy;          ///< keys channels, dilations, kernel, activation
  bool tanh_output = false;  ///< output: linear | tanh, of the mean
  bool free_std = false;     ///< std: state (softplus of a head + 1e-6) | free (one number a channel)
  double initial_std = .3;
  bool zero_output = true;      ///< the mean starts as zero everywhere
  bool separate_value = false;  ///< value: {trunk: shared | separate, and own channels, ... if separate}
  FcnConfig value;
};

struct PpoConfig {
  /// How advantages are normalised: over the minibatch for each point, over all that was collected, or not.
  enum class Normalisation { point, global, none };

  PpoNetworkConfig network;
  int slots = 8;               ///< episodes that run at the same time, on each rank
  std::int64_t horizon = 256;  ///< transitions collected an iteration and rank; 0 (`horizon: episode`): as many
                               ///< whole episodes as there are slots
  int batch_size = 16;         ///< transitions (whole grids) a minibatch and rank, at most
  int epochs = 4;              ///< passes over what was collected
  double clip = .2;
  double gamma = .95;
  double lambda = .95;
  double entropy_coefficient = .01;
  double value_coefficient = .5;
  Normalisation normalisation = Normalisation::global;  ///< advantage_normalisation: point | global | none
  /// baseline: value (learned) | mean: what the policy's mean would earn in the same place, where the environment can
  /// tell; nothing of a reward is then chance but what the action's own made of it. Needs gamma: 0.
  bool mean_baseline = false;
  double reward_scale = 1;  ///< rewards are multiplied by it (the log shows them as they were)
  int reward_reach = 0;     ///< a point earns the mean of all rewards up to so many points away along x and y: what an
                            ///< action does next door counts, too (a flux takes from one what it gives to the other)
  double learning_rate = 3e-4;
  double learning_rate_final = 3e-4;  ///< reached linearly after decay_steps
  std::int64_t decay_steps = 0;       ///< environment steps; 0: constant
  bool decays_with_budget = false;    ///< decay_steps: budget: after all of a training whose steps nobody knows
  double weight_decay = 0;            ///< optimiser: adam | adamw; adamw has .01 unless told otherwise
  double max_gradient_norm = .5;      ///< 0: not clipped
  double target_kl = 0;               ///< an iteration's updates end when the divergence is larger; 0: never
  bool adaptive_rate = false;  ///< the rate becomes smaller where an iteration leads further than target_kl (much
                               ///< further: it is taken back), and larger again, up to what it was
  bool cuda = false;           ///< device: cpu | cuda
  int threads = 1;             ///< libtorch's; networks on the host run on one a rank. Default: OMP_NUM_THREADS, else 1

  /// Strict: throws petrl::Error with file, line and key for unknown keys and impossible values.
  static PpoConfig parse(YamlMap map);
};

}  // namespace petrl::learn
