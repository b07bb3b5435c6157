// What PPO asks of a device that is not the host: implemented by libpetrl_torch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/registry.hpp"
#include "learn/ppo/config.hpp"
#include "learn/ppo/host_gradient.hpp"

namespace petrl::learn {

/// The networks on a device. Arrays are the host's, rows of planes, channel by channel.
class PETRL_API PpoDevice {
 public:
  virtual ~PpoDevice();
  /// The parameters have changed: those of PpoNetwork, in its order.
  virtual void setWeights(const std::vector<float> &weights) = 0;
  /// Draws actions for some grids: `action` comes in as standard normal numbers. Returns the mean standard deviation.
  virtual double act(const float *observation, std::int64_t rows, const GridSize &size, std::vector<float> &action,
                     std::vector<float> &log_prob, std::vector<float> &value) = 0;
  virtual void value(const float *observation, const GridSize &size, float *values) = 0;
  /// Adds the gradient of the minibatch's mean loss, over the points that count, to `gradient`. Returns means.
  virtual PpoTerms gradient(const std::vector<PpoRow> &rows, const Interior &interior,
                            std::vector<float> &gradient) = 0;
};

using PpoDeviceFactory =
    std::function<std::unique_ptr<PpoDevice>(const PpoConfig &config, int observations, int actions)>;

/// Devices by name; "cuda" comes with libpetrl_torch.
PETRL_API Registry<PpoDeviceFactory> &ppoDevices();

}  // namespace petrl::learn
