// Grid PPO's networks on a GPU (or, for tests, on the CPU), by libtorch and its autograd.
#pragma once

#include "learn/ppo/device.hpp"
#include "torch/ppo_loss.hpp"

namespace petrl::learn {

class TorchPpoDevice : public PpoDevice {
 public:
  TorchPpoDevice(const PpoConfig &config, int observations, int actions, const torch::Device &device);
  void setWeights(const std::vector<float> &weights) override;
  double act(const float *observation, std::int64_t rows, const GridSize &size, std::vector<float> &action,
             std::vector<float> &log_prob, std::vector<float> &value) override;
  void value(const float *observation, const GridSize &size, float *values) override;
  PpoTerms gradient(const std::vector<PpoRow> &rows, const Interior &interior, std::vector<float> &gradient) override;

 private:
  /// An array of the host on the device.
  torch::Tensor tensor(const float *data, std::int64_t rows, int channels, const GridSize &size) const;
  PpoConfig config_;
  int observations_, actions_;
  torch::Device device_;
  TorchPpoNetwork network_;
  std::vector<float> batch_;  // rows of a minibatch, side by side
};

}  // namespace petrl::learn
