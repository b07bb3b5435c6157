// A fully convolutional network that learns, on the host: layers whose weights and gradients lie in flat arrays.
#pragma once

#include <string>
#include <vector>

#include "base/grid_size.hpp"
#include "learn/engine/rng.hpp"
#include "learn/engine/tape.hpp"
#include "learn/fcn_config.hpp"
#include "policy/policy.hpp"

namespace petrl::learn {

/// Convolutions on a periodic grid, an activation after each but the last. The last may have more outputs than the
/// policy has actions (standard deviations, a value): the policy's are the first. The arrays are the owner's, layer
/// after layer, weights then bias: the optimiser, the average over ranks and the checkpoint each are one operation on
/// one array, in which other parameters may lie, too.
class PETRL_API FcnLayers {
 public:
  FcnLayers(const FcnConfig &config, int inputs, int outputs);
  /// How many numbers it has.
  std::size_t size() const { return size_; }
  /// Says where its weights and gradients lie, size() numbers each.
  void bind(float *weights, float *gradient);

  // The following need bind().
  /// Uniform in +-1/sqrt(inputs of a point), PyTorch's default for convolutions; `zero_rows` of the last layer's
  /// outputs, from `first_zero_row` on, start at zero.
  void initialiseUniform(Rng &rng, int first_zero_row = 0, int zero_rows = 0);
  /// Normal weights of variance 2 / fan-in, the last layer 1 / fan-in times `output_scale`; biases zero.
  void initialiseNormal(Rng &rng, double output_scale);
  /// Sets the bias of one output.
  void setBias(int output, double value) { bias(layers_.size() - 1)[output] = static_cast<float>(value); }
  tape::Var forward(tape::Tape &tape, tape::Var x) const;
  int inputs() const { return layers_.front().in; }
  /// The network (architecture fcn) of the first `outputs` outputs; `output`: linear | tanh, what the policy applies to
  /// them.
  NetworkSpec network(int outputs, const std::string &output) const;
  /// Takes over what network() gave, or a file; other outputs stay as they are. Throws petrl::Error, changing nothing,
  /// unless shapes agree and all is finite.
  void loadWeights(const NetworkSpec &spec, int outputs, const std::string &output);

 private:
  float *weight(std::size_t layer) { return weights_ + at_[layer]; }
  float *bias(std::size_t layer) { return weights_ + bias_at_[layer]; }
  FcnConfig config_;
  std::size_t size_ = 0;
  float *weights_ = nullptr;
  std::vector<std::size_t> at_, bias_at_;  // of layers, in weights_
  std::vector<tape::Convolution> layers_;
};

/// Throws petrl::Error when a layer of a network would wrap around a grid more than once.
PETRL_API void checkReach(const FcnConfig &config, const GridSize &size);

}  // namespace petrl::learn
