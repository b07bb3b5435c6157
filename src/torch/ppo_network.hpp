// The networks of grid PPO in libtorch: at each point a Gaussian policy and a value.
#pragma once

#include <memory>

#include "learn/ppo/config.hpp"
#include "torch/fcn_module.hpp"

namespace petrl::learn {

/// The twin of learn::PpoNetwork: the same parameters in the same order.
class TorchPpoNetwork {
 public:
  /// For a batch of grids: mean and std (batch, actions, ny, nx) - a free std is (1, actions, 1, 1) -,
  /// value (batch, 1, ny, nx).
  struct Output {
    torch::Tensor mean, std, value;
  };

  TorchPpoNetwork(const PpoNetworkConfig &config, int observations, int actions, const torch::Device &device);
  Output forward(const torch::Tensor &observation) const;
  /// What the deterministic policy does.
  torch::Tensor mean(const torch::Tensor &observation) const;
  torch::Tensor value(const torch::Tensor &observation) const;
  FlatParameters &parameters() { return parameters_; }

 private:
  PpoNetworkConfig config_;
  int observations_, actions_;
  FlatParameters parameters_;
  std::unique_ptr<FcnModule> policy_;  ///< outputs: means, then standard deviations, then the value, as far as shared
  std::unique_ptr<FcnModule> value_;   ///< null if the trunk is shared
  std::size_t log_std_ = 0;            ///< parameter, if free
};

}  // namespace petrl::learn
