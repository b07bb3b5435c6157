#include "learn/ppo/network.hpp"

#include <algorithm>
#include <cmath>

namespace petrl::learn {

PpoNetwork::PpoNetwork(const PpoNetworkConfig &config, int observations, int actions, Rng &rng)
    : config_(config),
      actions_(actions),
      outputs_(actions * (config_.free_std ? 1 : 2) + (config_.separate_value ? 0 : 1)),
      policy_(config_.policy, observations, outputs_) {
  if (config_.separate_value) value_ = std::make_unique<FcnLayers>(config_.value, observations, 1);
  log_std_ = policy_.size() + (value_ ? value_->size() : 0);
  weights_.assign(log_std_ + (config_.free_std ? static_cast<std::size_t>(actions) : 0), 0.f);
  gradient_ = weights_;
  policy_.bind(weights_.data(), gradient_.data());
  if (value_) value_->bind(weights_.data() + policy_.size(), gradient_.data() + policy_.size());
  // The heads of mean and standard deviation lie side by side; the latter starts the same everywhere.
  const int first = config_.zero_output ? 0 : actions;
  const int last = config_.free_std ? actions : 2 * actions;
  policy_.initialiseUniform(rng, first, last - first);
  if (value_) value_->initialiseUniform(rng);
  if (config_.free_std) {
    std::fill(weights_.begin() + static_cast<std::ptrdiff_t>(log_std_), weights_.end(),
              static_cast<float>(std::log(config_.initial_std)));
  } else {
    const double softplus_inverse = std::log(std::expm1(config_.initial_std - kStdFloor));
    for (int a = 0; a < actions; ++a) policy_.setBias(actions + a, softplus_inverse);
  }
}

void PpoNetwork::scaleStd(double factor) {
  for (std::size_t i = log_std_; i < weights_.size(); ++i) weights_[i] += static_cast<float>(std::log(factor));
}

std::unique_ptr<PpoActing> PpoNetwork::acting() const {
  std::vector<float> log_std;
  if (config_.free_std) log_std.assign(logStd(), logStd() + actions_);
  NetworkSpec value;
  if (value_) value = value_->network(1, "linear");
  return std::make_unique<PpoActing>(policy_.network(outputs_, "linear"), value_ ? &value : nullptr, std::move(log_std),
                                     config_.tanh_output, actions_);
}

}  // namespace petrl::learn
