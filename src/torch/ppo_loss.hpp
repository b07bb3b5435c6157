// The loss of grid PPO, on whole minibatches of grids.
#pragma once

#include <torch/types.h>

#include "learn/ppo/config.hpp"
#include "torch/ppo_network.hpp"

namespace petrl::learn {

/// What was collected, for some transitions: (batch, channels, ny, nx), or as many directions as the grid has, those of a point with one channel.
struct PpoBatch {
  torch::Tensor observation, action, log_prob, advantage, target;
  torch::Tensor counts;  ///< (1, 1, ny, nx), whether a point counts; undefined: all do
};

/// Means over the minibatch and all points that count, beside the loss itself (a scalar to differentiate).
struct PpoLoss {
  torch::Tensor loss;
  torch::Tensor policy, value, entropy;  ///< the clipped objective with its sign turned; squared error; entropy
  torch::Tensor kl, clipped;             ///< divergence from the policy that acted; share of ratios outside the clip
};

/// log pi(action), summed over the action channels: (batch, 1, ny, nx).
torch::Tensor logProbability(const TorchPpoNetwork::Output &output, const torch::Tensor &action);

/// Zero mean and unit variance (of a sample) over the minibatch at each point; zero if there is one transition only.
torch::Tensor normalisePerPoint(const torch::Tensor &advantage);

/// mean(-min(r A, clip(r) A)) + value_coefficient mean((V - target)^2) - entropy_coefficient mean(H)
PpoLoss ppoLoss(const TorchPpoNetwork::Output &output, const PpoBatch &batch, const PpoConfig &config);

}  // namespace petrl::learn
