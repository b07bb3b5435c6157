// Native inference of small multi-layer perceptrons: no libtorch, no allocation, about a microsecond.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "policy/backend.hpp"

namespace petrl {

/// A multi-layer perceptron in float32, see NetworkSpec for its parameters and weights.
class Mlp : public VectorBackend {
 public:
  /// Throws petrl::Error naming `source`, the weight, what was found and expected.
  Mlp(const NetworkSpec &network, const std::string &source);

  const char *name() const override { return "native"; }
  std::size_t inputs() const { return layers_.front().inputs; }
  std::size_t outputs() const { return layers_.back().outputs; }
  /// For example "17-64-64-1".
  std::string shape() const;

  /// y (outputs values) = network(x) (inputs values). Single state; not thread-safe (uses the object's work arrays).
  void evaluate(const float *x, float *y) override;

 private:
  struct Layer {
    std::size_t inputs, outputs, stride;  // stride: outputs rounded up to a full vector
    std::vector<float> weight;  // inputs x stride: one row an input, so that a row is added to all outputs at once
    std::vector<float> bias;    // stride
  };
  enum class Activation { relu, tanh };
  enum class Output { tanh, hardtanh_tanh, linear };

  std::vector<Layer> layers_;
  Activation activation_ = Activation::relu;
  Output output_ = Output::tanh;
  std::vector<float> front_, back_;
};

}  // namespace petrl
