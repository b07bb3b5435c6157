// The part of Ppo that needs libtorch.
#pragma once

#include <torch/types.h>

#include "learn/ppo/ppo.hpp"
#include "torch/flat_adam.hpp"
#include "torch/ppo_network.hpp"

namespace petrl {

struct Ppo::Networks {
  torch::Device device;
  learn::PpoNetwork network;
  learn::FlatAdam adam;
  // On the host, once the grid is known; null on a GPU.
  std::unique_ptr<learn::PpoActing> acting;
  std::unique_ptr<learn::PpoHostGradient> host_gradient;
  std::vector<float> batch;  // on a GPU: rows of a minibatch, side by side

  Networks(const learn::PpoConfig &config, int observations, int actions, learn::Rng &rng, const torch::Device &where)
      : device(where),
        network(config.network, observations, actions, rng, where),
        adam(network.parameters().values(), config.weight_decay) {}

  /// An array of the host on the device; on the CPU it is the array itself.
  torch::Tensor tensor(const float *data, std::int64_t rows, int channels, int ny, int nx) const {
    return torch::from_blob(const_cast<float *>(data), {rows, channels, ny, nx}, torch::kFloat32).to(device);
  }
};

/// The network as it is exported, evaluated as it is in production.
class Ppo::Deterministic : public GridPolicy {
 public:
  explicit Deterministic(Ppo &owner) : owner_(owner) {}
  void decide(const float *observation, int nx, int ny, float *action) override;
  /// Weights have changed.
  void forget() { network_.reset(); }

 private:
  Ppo &owner_;
  std::unique_ptr<Fcn> network_;
};

}  // namespace petrl
