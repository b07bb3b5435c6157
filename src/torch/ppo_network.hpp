// The networks of grid PPO: at each point a Gaussian policy and a value.
#pragma once

#include <memory>

#include "learn/ppo/acting.hpp"
#include "learn/ppo/config.hpp"
#include "learn/ppo/host_gradient.hpp"
#include "torch/fcn_module.hpp"

namespace petrl::learn {

class PpoNetwork {
 public:
  /// For a batch of grids: mean and std (batch, actions, ny, nx) - a free std is (1, actions, 1, 1) -,
  /// value (batch, 1, ny, nx).
  struct Output {
    torch::Tensor mean, std, value;
  };

  PpoNetwork(const PpoNetworkConfig &config, int observations, int actions, Rng &rng, const torch::Device &device);
  Output forward(const torch::Tensor &observation) const;
  /// What the deterministic policy does.
  torch::Tensor mean(const torch::Tensor &observation) const;
  torch::Tensor value(const torch::Tensor &observation) const;
  FlatParameters &parameters() { return parameters_; }
  const FlatParameters &parameters() const { return parameters_; }
  NetworkSpec network() const;
  /// The networks as they are now, for the host.
  std::unique_ptr<PpoActing> acting() const;
  /// Parameters and gradients for updates on the host: where they lie.
  PpoHostNetworks hostNetworks() const;
  void loadWeights(const NetworkSpec &spec);

 private:
  const char *outputName() const { return config_.tanh_output ? "tanh" : "linear"; }
  PpoNetworkConfig config_;
  int observations_, actions_;
  FlatParameters parameters_;
  std::unique_ptr<FcnModule> policy_;  ///< outputs: means, then standard deviations, then the value, as far as shared
  std::unique_ptr<FcnModule> value_;   ///< null if the trunk is shared
  std::size_t log_std_ = 0;            ///< parameter, if free
};

}  // namespace petrl::learn
