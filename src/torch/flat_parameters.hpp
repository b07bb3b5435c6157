// All parameters of a learner's networks in one flat tensor, and so their gradients: the optimiser, the average over
// ranks and the checkpoint each are one operation on one array.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace petrl::learn {

class FlatParameters {
 public:
  /// Reserves a parameter of this shape; returns its number. Only before allocate().
  std::size_t add(std::vector<std::int64_t> shape);
  /// Makes the tensors, filled with zeros.
  void allocate(const torch::Device &device);
  /// Parameter `i`: a leaf for autograd whose values and gradient lie in the flat tensors.
  const torch::Tensor &operator[](std::size_t i) const { return leaves_[i]; }
  torch::Tensor &values() { return values_; }
  const torch::Tensor &values() const { return values_; }
  torch::Tensor &gradient() { return gradient_; }
  std::int64_t size() const { return size_; }

 private:
  std::vector<std::vector<std::int64_t>> shapes_;
  std::vector<torch::Tensor> leaves_;
  torch::Tensor values_, gradient_;
  std::int64_t size_ = 0;
};

}  // namespace petrl::learn
