// Adam on one array of float32, and the gradient's norm.
#pragma once

#include <cstdint>
#include <vector>

#include "base/archive.hpp"
#include "base/floats.hpp"

namespace petrl {

/// Kingma & Ba 2015; with decoupled weight decay (Loshchilov & Hutter 2019, AdamW) if there is one. Constants as in
/// PyTorch (1 - beta being that of float32).
struct PETRL_API Adam {
  Floats first, second;  ///< moments
  std::int64_t steps = 0;
  double weight_decay = 0;

  explicit Adam(std::size_t n = 0, double decay = 0) : first(n, 0.f), second(n, 0.f), weight_decay(decay) {}
  /// One step of `x` and `gradient`, as long as the moments.
  void step(float *x, const float *gradient, double rate);
  void archive(Archive &archive);
};

/// Scales the gradient so that its norm is at most `limit` (0: no limit). Returns the norm before.
PETRL_API double clipNorm(std::vector<float> &gradient, double limit);

/// The same for a single number; `step` counts from 1.
PETRL_API void adamScalar(double &value, double &first, double &second, double gradient, double rate,
                          std::int64_t step);

}  // namespace petrl
