// Adam on one array of float32, without libtorch.
#pragma once

#include <cstdint>
#include <vector>

#include "base/api.hpp"

namespace petrl {

/// Kingma & Ba 2015; with decoupled weight decay Loshchilov & Hutter 2019. Constants as in PyTorch.
struct PETRL_API Adam {
  std::vector<float> first, second;  ///< moments
  std::int64_t steps = 0;
  double weight_decay = 0;  ///< decoupled (AdamW); 0 is Adam

  explicit Adam(std::size_t n = 0, double decay = 0) : first(n, 0.f), second(n, 0.f), weight_decay(decay) {}
  /// The gradient is scaled so that its norm is at most `clip` (0: no limit). Returns the norm before.
  double step(std::vector<float> &x, std::vector<float> &gradient, double rate, double clip = 0);
};

}  // namespace petrl
