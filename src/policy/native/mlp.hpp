// Native inference of small multi-layer perceptrons: no libtorch, no allocation, about a microsecond.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "policy/backend.hpp"
#include "policy/native/dense.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// A multi-layer perceptron in float32, see NetworkSpec for its parameters and weights.
class Mlp : public VectorBackend {
 public:
  /// Throws petrl::Error naming `source`, the weight, what was found and expected.
  Mlp(const NetworkSpec &network, const std::string &source);

  const char *name() const override { return "native"; }
  std::size_t inputs() const { return static_cast<std::size_t>(layout_->layers.front().in); }
  std::size_t outputs() const { return static_cast<std::size_t>(layout_->layers.back().out); }
  /// For example "17-64-64-1".
  std::string shape() const;

  /// y (outputs values) = network(x) (inputs values). Single state; not thread-safe (uses the object's work arrays).
  void evaluate(const float *x, float *y) override;

 private:
  enum class Output { tanh, hardtanh_tanh, linear, hardtanh };

  dense::Activation activation_;
  Output output_;
  std::optional<dense::Layout> layout_;
  Floats parameters_;
  std::optional<dense::LayerArrays> values_;
};

}  // namespace petrl
