#include "torch/flat_adam.hpp"

#include <torch/torch.h>

#include <cmath>

namespace petrl::learn {

FlatAdam::FlatAdam(const torch::Tensor &parameters, double decay)
    : first(torch::zeros_like(parameters)), second(torch::zeros_like(parameters)), weight_decay(decay) {}

void FlatAdam::step(torch::Tensor &parameters, const torch::Tensor &gradient, double learning_rate) {
  const torch::NoGradGuard no_grad;
  const auto t = static_cast<double>(++steps);
  if (weight_decay > 0) parameters.mul_(1 - learning_rate * weight_decay);
  first.mul_(.9).add_(gradient, .1);
  second.mul_(.999).addcmul_(gradient, gradient, .001);
  const torch::Tensor root = second.sqrt().div_(std::sqrt(1 - std::pow(.999, t))).add_(1e-8);
  parameters.addcdiv_(first, root, -learning_rate / (1 - std::pow(.9, t)));
}

}  // namespace petrl::learn
