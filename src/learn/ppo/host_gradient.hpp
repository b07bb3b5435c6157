// The gradient of grid PPO's loss on the host: networks on a tape, grid after grid, which stays in cache. For small
// networks several times faster than libtorch, which serves GPUs.
#pragma once

#include <vector>

#include "learn/engine/tape.hpp"
#include "learn/ppo/host_loss.hpp"
#include "learn/ppo/interior.hpp"
#include "learn/ppo/network.hpp"

namespace petrl::learn {

/// One transition of a minibatch.
struct PpoRow {
  const float *observation, *action, *log_prob, *advantage, *target;
};

class PETRL_API PpoHostGradient {
 public:
  /// `network`, to whose gradient add() adds, must outlive it.
  PpoHostGradient(const PpoConfig &config, PpoNetwork &network, int actions, const Interior &interior);
  /// Adds the gradient of the minibatch's mean loss, over the points that count. Returns means.
  PpoTerms add(std::vector<PpoRow> rows);

 private:
  PpoConfig config_;
  PpoNetwork &network_;
  int actions_;
  Interior interior_;
  tape::Tape tape_;
  PpoHostLoss loss_;
  std::vector<float> advantage_;  // normalised per point
};

}  // namespace petrl::learn
