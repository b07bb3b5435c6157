// Adam and AdamW on one flat tensor.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace petrl::learn {

/// Kingma & Ba 2015; with decoupled weight decay Loshchilov & Hutter 2019. Constants as in PyTorch.
struct FlatAdam {
  torch::Tensor first, second;  ///< moments
  std::int64_t steps = 0;
  double weight_decay = 0;  ///< decoupled (AdamW); 0 is Adam

  explicit FlatAdam(const torch::Tensor &parameters, double decay = 0);
  void step(torch::Tensor &parameters, const torch::Tensor &gradient, double learning_rate);
};

}  // namespace petrl::learn
