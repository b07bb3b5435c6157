#include "torch/ppo_network.hpp"

#include <torch/torch.h>

#include <cmath>

namespace petrl::learn {

using torch::Tensor;

TorchPpoNetwork::TorchPpoNetwork(const PpoNetworkConfig &config, int observations, int actions,
                                 const torch::Device &device)
    : config_(config), observations_(observations), actions_(actions) {
  const int outputs = actions * (config_.free_std ? 1 : 2) + (config_.separate_value ? 0 : 1);
  policy_ = std::make_unique<FcnModule>(config_.policy, observations, outputs, parameters_);
  if (config_.separate_value) value_ = std::make_unique<FcnModule>(config_.value, observations, 1, parameters_);
  if (config_.free_std) log_std_ = parameters_.add({actions});
  parameters_.allocate(device);
}

TorchPpoNetwork::Output TorchPpoNetwork::forward(const Tensor &observation) const {
  const Tensor y = policy_->forward(observation);
  Output out;
  out.mean = y.narrow(1, 0, actions_);
  if (config_.tanh_output) out.mean = torch::tanh(out.mean);
  if (config_.free_std) {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(2 + config_.policy.dimensions), 1);
    shape[1] = actions_;
    out.std = torch::exp(parameters_[log_std_]).view(shape);
  } else {
    out.std = torch::softplus(y.narrow(1, actions_, actions_)) + kStdFloor;
  }
  out.value = value_ ? value_->forward(observation) : y.narrow(1, y.size(1) - 1, 1);
  return out;
}

Tensor TorchPpoNetwork::mean(const Tensor &observation) const {
  const Tensor y = policy_->forward(observation, actions_);
  return config_.tanh_output ? torch::tanh(y) : y;
}

Tensor TorchPpoNetwork::value(const Tensor &observation) const {
  return value_ ? value_->forward(observation) : forward(observation).value;
}

}  // namespace petrl::learn
