// A fully convolutional network on the tape: flat weights, flat gradients.
#pragma once

#include <vector>

#include "learn/engine/rng.hpp"
#include "learn/engine/tape.hpp"
#include "learn/fcn_config.hpp"
#include "policy/policy.hpp"

namespace petrl::learn {

class TapeNetwork {
 public:
  TapeNetwork(const FcnConfig &config, int inputs, int outputs);
  /// Normal weights of variance 2 / fan-in, the last layer 1 / fan-in times `output_scale`; biases zero.
  void initialise(Rng &rng, double output_scale);
  tape::Var forward(tape::Tape &tape, tape::Var x) const;
  std::vector<float> &weights() { return weights_; }
  const std::vector<float> &weights() const { return weights_; }
  std::vector<float> &gradient() { return gradient_; }
  /// Architecture "fcn", linear output.
  NetworkSpec network() const;
  /// Throws petrl::Error unless it has the same shape.
  void loadWeights(const NetworkSpec &spec);

 private:
  FcnConfig config_;
  std::vector<tape::Convolution> layers_;
  std::vector<float> weights_, gradient_;
};

}  // namespace petrl::learn
