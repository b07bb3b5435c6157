// Everything that TQC learns, as plain arrays: networks, targets, moments of the optimisers, temperature.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/registry.hpp"
#include "learn/engine/adam.hpp"
#include "learn/engine/mlp.hpp"
#include "learn/tqc/config.hpp"

namespace petrl::learn {

/// Shapes. Actor: observation -> hidden layers (ReLU) -> mean before clipping; its parameters are followed by the gSDE
/// log_std [features][padded(actions)]. Critics: (observation, action) -> quantiles.
struct TqcShapes {
  int observations, actions;
  Layout actor, critic;
  int features;            ///< width of the actor's last hidden layer
  std::size_t log_std;     ///< offset in the actor's array
  std::size_t actor_size;  ///< with log_std

  TqcShapes(const TqcConfig &config, int n_observations, int n_actions);
};

struct TqcState {
  Floats actor, critic, target;
  Adam actor_adam, critic_adam;
  double log_alpha = 0, alpha_first = 0, alpha_second = 0;
  std::int64_t updates = 0;  ///< also the step count of the three optimisers

  TqcState(const TqcConfig &config, const TqcShapes &shapes, Rng &rng);
  void archive(Archive &archive);
};

/// A minibatch, row major, contiguous.
struct Batch {
  int rows = 0;
  Floats observation, action, reward, done, next_observation;
};

/// What one update reports.
struct TqcLosses {
  double critic = 0, actor = 0, temperature = 1, log_prob = 0, mean_q = 0;
  void archive(Archive &archive);
};

/// Carries out one update of TQC; two implementations: native (any CPU) and libtorch (autograd, GPUs).
class PETRL_API TqcEngine {
 public:
  virtual ~TqcEngine();
  /// `eps`: standard normal numbers of the exploration matrix, [features][actions].
  virtual TqcLosses update(TqcState &state, const Batch &batch, const float *eps, double learning_rate) = 0;
  /// Call after the state was changed from outside: an engine that keeps copies elsewhere takes it over.
  virtual void invalidate() {}
  /// Makes all of the state current (the actor always is).
  virtual void synchronise(TqcState &state) { (void)state; }
};

using TqcEngineFactory = std::function<std::unique_ptr<TqcEngine>(const TqcConfig &config, const TqcShapes &shapes)>;

/// Engines by the device that they compute on; "cuda" comes with libpetrl_torch.
PETRL_API Registry<TqcEngineFactory> &tqcEngines();

}  // namespace petrl::learn
