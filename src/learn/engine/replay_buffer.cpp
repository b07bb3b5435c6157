#include "learn/engine/replay_buffer.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl::learn {

ReplayBuffer::ReplayBuffer(std::int64_t capacity, int observations, int actions)
    : capacity_(capacity), observations_(observations), actions_(actions), width_(2 * observations + actions + 2) {}

static void checkNumbers(const std::vector<float> &numbers, int expected, const char *what) {
  if (static_cast<int>(numbers.size()) != expected) {
    throw Error(std::string("transition: ") + what + " has " + std::to_string(numbers.size()) + " numbers, expected " +
                    std::to_string(expected),
                PETSC_ERR_ARG_SIZ);
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i])) {
      throw Error(std::string("transition: ") + what + "[" + std::to_string(i) + "] is not finite", PETSC_ERR_FP);
    }
  }
}

void ReplayBuffer::add(const Transition &transition) {
  checkNumbers(transition.observation, observations_, "observation");
  checkNumbers(transition.action, actions_, "action");
  checkNumbers(transition.next_observation, observations_, "next_observation");
  if (!std::isfinite(transition.reward)) throw Error("transition: the reward is not finite", PETSC_ERR_FP);
  if (size_ < capacity_) {
    ++size_;
    data_.resize(static_cast<std::size_t>(size_ * width_));  // amortised: vectors grow by doubling
  }
  float *row = data_.data() + static_cast<std::size_t>(head_ * width_);
  row = std::copy(transition.observation.begin(), transition.observation.end(), row);
  row = std::copy(transition.action.begin(), transition.action.end(), row);
  *row++ = transition.reward;
  *row++ = transition.terminal ? 1.f : 0.f;
  std::copy(transition.next_observation.begin(), transition.next_observation.end(), row);
  head_ = (head_ + 1) % capacity_;
}

void ReplayBuffer::archive(Archive &a) {
  a.expect("capacity", capacity_);
  a("head", head_);
  a("data", data_);
  size_ = static_cast<std::int64_t>(data_.size()) / width_;
  if (size_ * width_ != static_cast<std::int64_t>(data_.size()) || size_ > capacity_) {
    a.fail("data", "found " + std::to_string(data_.size()) + " numbers, expected at most " + std::to_string(capacity_) +
                       " transitions of " + std::to_string(width_));
  }
  if (head_ < 0 || head_ > size_ || head_ >= capacity_) a.fail("head", "found " + std::to_string(head_));
}

}  // namespace petrl::learn
