// A fully convolutional network on a periodic grid, in libtorch: what policies of architecture "fcn" are trained with.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "learn/engine/rng.hpp"
#include "learn/engine/tape.hpp"
#include "learn/fcn_config.hpp"
#include "policy/policy.hpp"
#include "torch/flat_parameters.hpp"

namespace petrl::learn {

/// Convolutions with circular padding, an activation after each but the last. Its last convolution may have more
/// outputs than the policy has actions (standard deviations, a value): the policy's are the first.
class FcnModule {
 public:
  /// Reserves its parameters; usable once `parameters` (which must outlive it) is allocated.
  FcnModule(const FcnConfig &config, int inputs, int outputs, FlatParameters &parameters);
  /// PyTorch's default for convolutions, uniform in +-1/sqrt(inputs of a point); `zero_rows` of the last layer's
  /// outputs, from `first_zero_row` on, start at zero.
  void initialise(Rng &rng, int first_zero_row = 0, int zero_rows = 0);
  /// Sets the bias of one output.
  void setBias(int output, double value);
  /// (batch, inputs, ny, nx) -> (batch, outputs, ny, nx), nothing applied to the outputs. With `outputs` >= 0 only the
  /// first so many.
  torch::Tensor forward(const torch::Tensor &x, int outputs = -1) const;
  /// Its layers for a tape, on the host: weights and gradients where they lie in the parameters.
  std::vector<tape::Convolution> convolutions() const;
  /// The network of the first `outputs` outputs; `output`: linear | tanh, what the policy applies to them.
  NetworkSpec network(int outputs, const std::string &output) const;
  /// Takes over what network() gave, or a file; other outputs stay as they are. Throws petrl::Error.
  void loadWeights(const NetworkSpec &spec, int outputs, const std::string &output);

 private:
  FcnConfig config_;
  int inputs_, outputs_;
  FlatParameters &parameters_;
  std::vector<std::size_t> weight_, bias_;
};

/// Throws petrl::Error when a layer would wrap around a grid more than once.
void checkReach(std::int64_t points, std::int64_t nx, std::int64_t ny);

/// Pads the two last dimensions with `p` points of the periodic continuation. Differentiable.
torch::Tensor padCircular(const torch::Tensor &x, std::int64_t p);

/// The device by name; throws petrl::Error when cuda is asked for and not there.
torch::Device chooseDevice(bool cuda, const std::string &learner);

}  // namespace petrl::learn
