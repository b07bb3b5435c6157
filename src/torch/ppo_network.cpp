#include "torch/ppo_network.hpp"

#include <torch/torch.h>

#include <cmath>

namespace petrl::learn {

using torch::Tensor;

PpoNetwork::PpoNetwork(const PpoNetworkConfig &config, int observations, int actions, Rng &rng,
                       const torch::Device &device)
    : config_(config), observations_(observations), actions_(actions) {
  const int outputs = actions * (config_.free_std ? 1 : 2) + (config_.separate_value ? 0 : 1);
  policy_ = std::make_unique<FcnModule>(config_.policy, observations, outputs, parameters_);
  if (config_.separate_value) value_ = std::make_unique<FcnModule>(config_.value, observations, 1, parameters_);
  if (config_.free_std) log_std_ = parameters_.add({actions});
  parameters_.allocate(device);
  // The heads of mean and standard deviation lie side by side; the latter starts the same everywhere.
  const int first = config_.zero_output ? 0 : actions;
  const int last = config_.free_std ? actions : 2 * actions;
  policy_->initialise(rng, first, last - first);
  if (value_) value_->initialise(rng);
  if (config_.free_std) {
    parameters_[log_std_].detach().fill_(std::log(config_.initial_std));
  } else {
    const double softplus_inverse = std::log(std::expm1(config_.initial_std - kStdFloor));
    for (int a = 0; a < actions; ++a) policy_->setBias(actions + a, softplus_inverse);
  }
}

PpoNetwork::Output PpoNetwork::forward(const Tensor &observation) const {
  const Tensor y = policy_->forward(observation);
  Output out;
  out.mean = y.narrow(1, 0, actions_);
  if (config_.tanh_output) out.mean = torch::tanh(out.mean);
  if (config_.free_std) {
    out.std = torch::exp(parameters_[log_std_]).view({1, actions_, 1, 1});
  } else {
    out.std = torch::softplus(y.narrow(1, actions_, actions_)) + kStdFloor;
  }
  out.value = value_ ? value_->forward(observation) : y.narrow(1, y.size(1) - 1, 1);
  return out;
}

Tensor PpoNetwork::mean(const Tensor &observation) const {
  const Tensor y = policy_->forward(observation, actions_);
  return config_.tanh_output ? torch::tanh(y) : y;
}

Tensor PpoNetwork::value(const Tensor &observation) const {
  return value_ ? value_->forward(observation) : forward(observation).value;
}

NetworkSpec PpoNetwork::network() const {
  return policy_->network(actions_, outputName());
}

std::unique_ptr<PpoActing> PpoNetwork::acting() const {
  const int outputs = actions_ * (config_.free_std ? 1 : 2) + (config_.separate_value ? 0 : 1);
  std::vector<float> log_std;
  if (config_.free_std) {
    const Tensor host = parameters_[log_std_].detach().to(torch::kCPU);
    log_std.assign(host.data_ptr<float>(), host.data_ptr<float>() + actions_);
  }
  NetworkSpec value;
  if (value_) value = value_->network(1, "linear");
  return std::make_unique<PpoActing>(policy_->network(outputs, "linear"), value_ ? &value : nullptr, std::move(log_std),
                                     config_.tanh_output, actions_);
}

PpoHostNetworks PpoNetwork::hostNetworks() const {
  PpoHostNetworks out;
  out.policy = policy_->convolutions();
  if (value_) out.value = value_->convolutions();
  if (config_.free_std) {
    out.log_std = parameters_[log_std_].data_ptr<float>();
    out.log_std_gradient = parameters_[log_std_].grad().data_ptr<float>();
  }
  return out;
}

void PpoNetwork::loadWeights(const NetworkSpec &spec) {
  policy_->loadWeights(spec, actions_, outputName());
}

}  // namespace petrl::learn
