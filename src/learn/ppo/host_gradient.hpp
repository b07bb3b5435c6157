// The gradient of grid PPO's loss on the host: networks on a tape, grid after grid, which stays in cache. For small
// networks several times faster than libtorch, which serves GPUs.
#pragma once

#include <vector>

#include "learn/engine/tape.hpp"
#include "learn/ppo/host_loss.hpp"

namespace petrl::learn {

/// The networks' parameters and their gradients, where they lie.
struct PpoHostNetworks {
  std::vector<tape::Convolution> policy;  ///< outputs: means, standard deviations and value as far as they are its own
  std::vector<tape::Convolution> value;   ///< empty if the trunk is shared
  const float *log_std = nullptr;         ///< if free
  float *log_std_gradient = nullptr;
};

/// One transition of a minibatch.
struct PpoRow {
  const float *observation, *action, *log_prob, *advantage, *target;
};

class PpoHostGradient {
 public:
  PpoHostGradient(const PpoConfig &config, PpoHostNetworks networks, int actions, int nx, int ny);
  /// Adds the gradient of the minibatch's mean loss to that of the parameters. Returns means.
  PpoTerms add(std::vector<PpoRow> rows);

 private:
  tape::Var forward(const std::vector<tape::Convolution> &layers, bool tanh, tape::Var x);
  PpoConfig config_;
  PpoHostNetworks networks_;
  int actions_;
  tape::Tape tape_;
  PpoHostLoss loss_;
  std::vector<float> advantage_;  // normalised per point
};

}  // namespace petrl::learn
