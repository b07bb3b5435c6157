#include "torch/gradient.hpp"

#include <torch/torch.h>

namespace petrl::learn {

void averageGradient(const Reduction &reduction, torch::Tensor &gradient, double weight, std::vector<double> &terms) {
  if (reduction.ranks() == 1) return;
  const auto factor = static_cast<float>(weight);
  const torch::Tensor host = (gradient * weight).to(torch::kCPU);
  const auto n = static_cast<std::size_t>(host.numel());
  std::vector<float> flat(host.data_ptr<float>(), host.data_ptr<float>() + n);
  flat.push_back(factor);
  for (const double term : terms) flat.push_back(factor * static_cast<float>(term));
  reduction.sum(flat);
  const float total = flat[n];
  gradient.copy_(torch::from_blob(flat.data(), {host.numel()}, torch::kFloat32) / total);
  for (std::size_t k = 0; k < terms.size(); ++k) terms[k] = static_cast<double>(flat[n + 1 + k] / total);
}

double clipNorm(torch::Tensor &gradient, double largest) {
  const auto norm = gradient.norm().item<double>();
  if (largest > 0 && norm > largest) gradient.mul_(largest / norm);
  return norm;
}

}  // namespace petrl::learn
