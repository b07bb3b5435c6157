// The networks of grid PPO on the host: at each point a Gaussian policy and a value.
#pragma once

#include <memory>

#include "base/floats.hpp"
#include "learn/engine/fcn_layers.hpp"
#include "learn/ppo/acting.hpp"
#include "learn/ppo/config.hpp"

namespace petrl::learn {

/// Parameters in one flat array: those of the policy's network, of the value's unless it shares the policy's trunk, the
/// logarithms of the standard deviations if they are free.
class PETRL_API PpoNetwork {
 public:
  PpoNetwork(const PpoNetworkConfig &config, int observations, int actions, Rng &rng);
  PpoNetwork(const PpoNetwork &) = delete;
  PpoNetwork &operator=(const PpoNetwork &) = delete;

  std::vector<float> &weights() { return weights_; }
  const std::vector<float> &weights() const { return weights_; }
  std::vector<float> &gradient() { return gradient_; }

  const FcnLayers &policy() const { return policy_; }  ///< outputs: means, standard deviations, value, as far as shared
  const FcnLayers *value() const { return value_.get(); }  ///< null if the trunk is shared
  const float *logStd() const { return config_.free_std ? weights_.data() + log_std_ : nullptr; }
  void scaleStd(double factor);  ///< where it is free
  float *logStdGradient() { return gradient_.data() + log_std_; }

  /// The deterministic policy.
  NetworkSpec network() const { return policy_.network(actions_, outputName()); }
  void loadWeights(const NetworkSpec &spec) { policy_.loadWeights(spec, actions_, outputName()); }
  /// The networks as they are now, for collecting.
  std::unique_ptr<PpoActing> acting() const;

 private:
  const char *outputName() const { return config_.tanh_output ? "tanh" : "linear"; }
  PpoNetworkConfig config_;
  int actions_, outputs_;
  FcnLayers policy_;
  std::unique_ptr<FcnLayers> value_;
  std::size_t log_std_;
  std::vector<float> weights_, gradient_;
};

}  // namespace petrl::learn
