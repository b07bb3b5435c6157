// What was experienced: a ring of transitions in one contiguous array that grows up to its capacity.
#pragma once

#include <cstdint>
#include <vector>

#include "base/archive.hpp"
#include "learn/environment.hpp"

namespace petrl::learn {

/// One row a transition: observation, action, reward, done, next observation.
class ReplayBuffer {
 public:
  ReplayBuffer(std::int64_t capacity, int observations, int actions);
  /// Sizes must be right and numbers finite: throws petrl::Error otherwise. The oldest is overwritten when full.
  void add(const Transition &transition);
  std::int64_t size() const { return size_; }
  std::int64_t capacity() const { return capacity_; }
  int width() const { return width_; }
  const float *row(std::int64_t i) const { return data_.data() + static_cast<std::size_t>(i * width_); }
  void archive(Archive &archive);

 private:
  std::int64_t capacity_, size_ = 0, head_ = 0;
  int observations_, actions_, width_;
  std::vector<float> data_;
};

}  // namespace petrl::learn
