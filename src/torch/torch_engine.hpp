// TQC's update by libtorch and its autograd: for GPUs, and as the reference that the native engine is tested against.
#pragma once

#include <memory>
#include <string>

#include "learn/tqc/state.hpp"

namespace petrl::learn {

class TorchEngine : public TqcEngine {
 public:
  /// `device`: "cpu" or "cuda". Throws petrl::Error when libtorch has no such device.
  TorchEngine(const TqcConfig &config, const TqcShapes &shapes, const std::string &device);
  ~TorchEngine() override;
  /// Only the actor and the temperature are brought back after each update; synchronise() fetches the rest.
  TqcLosses update(TqcState &state, const Batch &batch, const float *eps, double learning_rate) override;
  void invalidate() override { current_ = false; }
  void synchronise(TqcState &state) override;

 private:
  struct Device;
  void upload(const TqcState &state);

  const TqcConfig &config_;
  const TqcShapes &shapes_;
  std::unique_ptr<Device> device_;
  bool current_ = false;
};

}  // namespace petrl::learn
