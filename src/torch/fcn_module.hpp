// A fully convolutional network on a periodic grid, in libtorch: the twin of learn::FcnLayers.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "learn/fcn_config.hpp"
#include "torch/flat_parameters.hpp"

namespace petrl::learn {

/// Convolutions with circular padding, an activation after each but the last. Its last convolution may have more
/// outputs than the policy has actions (standard deviations, a value): the policy's are the first.
class FcnModule {
 public:
  /// Reserves its parameters; usable once `parameters` (which must outlive it) is allocated.
  FcnModule(const FcnConfig &config, int inputs, int outputs, FlatParameters &parameters);
  /// (batch, inputs, ny, nx), or as many directions as the grid has -> (batch, outputs, ny, nx), nothing applied to the outputs. With `outputs` >= 0 only the
  /// first so many.
  torch::Tensor forward(const torch::Tensor &x, int outputs = -1) const;

 private:
  FcnConfig config_;
  int inputs_, outputs_;
  FlatParameters &parameters_;
  std::vector<std::size_t> weight_, bias_;
};

/// Pads all dimensions but the first two with `p` points of the periodic continuation. Differentiable.
torch::Tensor padCircular(const torch::Tensor &x, std::int64_t p);

/// The device by name; throws petrl::Error when cuda is asked for and not there.
torch::Device chooseDevice(bool cuda, const std::string &learner);

}  // namespace petrl::learn
