#include "torch/flat_parameters.hpp"

#include <torch/torch.h>

namespace petrl::learn {

static std::int64_t count(const std::vector<std::int64_t> &shape) {
  std::int64_t n = 1;
  for (const auto extent : shape) n *= extent;
  return n;
}

std::size_t FlatParameters::add(std::vector<std::int64_t> shape) {
  size_ += count(shape);
  shapes_.push_back(std::move(shape));
  return shapes_.size() - 1;
}

void FlatParameters::allocate(const torch::Device &device) {
  const torch::NoGradGuard no_grad;
  values_ = torch::zeros({size_}, torch::TensorOptions(torch::kFloat32).device(device));
  gradient_ = torch::zeros_like(values_);
  std::int64_t offset = 0;
  for (const auto &shape : shapes_) {
    const std::int64_t n = count(shape);
    torch::Tensor leaf = values_.narrow(0, offset, n).view(shape).detach();
    leaf.set_requires_grad(true);
    // Autograd adds to a gradient that is already there, in place.
    leaf.mutable_grad() = gradient_.narrow(0, offset, n).view(shape);
    leaves_.push_back(leaf);
    offset += n;
  }
}

}  // namespace petrl::learn
