// The keys of the learner section for algorithm "lamp" that do not depend on the problem.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "problems/lamp/decision.hpp"

namespace petrl::learn {

/// Size of a graph network, and how fast it learns.
struct LampNetwork {
  int hidden = 32, layers = 4;
  bool shared = false;
  double learning_rate = 2e-3;
  double max_gradient_norm = 1;
};

/// How the evolution model is trained: on roll-outs of several bundles, gradients running through all of them.
struct EvolutionConfig {
  LampNetwork network;
  std::int64_t updates = 0;  ///< of the pre-training (phase 1), at a rate that falls along half a cosine
  int batch = 16;            ///< roll-outs an update
  int bundles = 6;           ///< length of a roll-out; the first updates take 1, then 4 (2D: 3)
  double later_weight = 1;   ///< weight of the error of all bundles but the first (published: .1)
  /// What meshes it learns on before there is a policy. In 1D adapted (to the truth, and uniform ones) | thinned
  /// (published: uniform, sometimes without some vertices); in 2D adapted | uniform | truth (those that a classical
  /// solver's threshold makes).
  std::string meshes = "adapted";
  double policy_share = .5;     ///< share of the roll-outs on meshes drawn by the policy, in phase 2
  double refining_rate = 3e-4;  ///< learning rate in phase 2, at its beginning
};

/// How the policy is trained.
struct PolicyConfig {
  LampNetwork network{32, 3, false, 1e-3, 2};
  int batch = 8;              ///< starts an update
  int samples_per_start = 8;  ///< roll-outs from the same start; more than one: their mean is the baseline
  int horizon = 4;            ///< bundles of a roll-out
  bool discounted = false;    ///< target: mean (of the rewards that remain; published) | discounted (their sum)
  double discount = .9;
  bool local = false;        ///< credit: local (an edge answers for the error near it) | global (published)
  int reach = 1;             ///< label points on either side of an edge that count as near it, at first
  bool normalise = true;     ///< advantages in units of their spread among the roll-outs from one start
  double entropy = 1e-2;     ///< weight of the entropies
  double value_weight = .5;  ///< weight of the value's squared error
  double largest_trade_off = .5;
  double error_weight = 5;                               ///< of a bundle's error in the reward
  double vertex_weight = 1. / 100;                       ///< of a vertex in it
  lamp::CountRule count = lamp::CountRule::expectation;  ///< of decisions that are not random
};

/// Phase 2: turns of policy updates and of evolution updates.
struct RefiningConfig {
  std::int64_t demonstrations = 0;    ///< so many policy updates first that imitate what hindsight would do (2D)
  std::int64_t updates = 0;           ///< of both; rates fall along half a cosine
  int policy = 200, evolution = 200;  ///< updates a turn; 0 evolution: its weights stay
};

/// What a problem allows and how it differs from the defaults.
struct LampLimits {
  int most_bundles = 9;     ///< of a roll-out in training the evolution model
  int longest_horizon = 8;  ///< of the policy's
  int most_reach = 25;      ///< of local credit
  std::vector<std::string> meshes{"adapted", "thinned"};
  PolicyConfig policy;        ///< defaults
  bool demonstrates = false;  ///< knows what hindsight would do
};

struct LampConfig {
  EvolutionConfig evolution;
  PolicyConfig policy;
  RefiningConfig refining;
  int validation = 64;  ///< trajectories

  /// Strict: throws petrl::Error with file, line and key for unknown keys and impossible values.
  /// The key "model" is the problem's.
  static LampConfig parse(YamlMap map, const LampLimits &limits = {});
};

}  // namespace petrl::learn
