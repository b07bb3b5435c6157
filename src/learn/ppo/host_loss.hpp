// The loss of grid PPO and its derivatives by what the networks say, on the host, one grid at a time; the same as
// ppoLoss() and autograd. No libtorch here.
#pragma once

#include <cstddef>
#include <vector>

#include "learn/ppo/config.hpp"

namespace petrl::learn {

/// One grid: planes of `points`, one a channel.
struct PpoGrid {
  int actions;
  std::size_t points;
  const float *counts;  ///< 1 at points that count, 0 at the others; null: all do
  std::size_t counted;  ///< how many count
  // What the networks say.
  const float *mean;     ///< before tanh, if there is one
  const float *raw_std;  ///< before softplus; null if the standard deviation is free
  const float *log_std;  ///< one an action, if it is free
  const float *value;
  // What was collected.
  const float *action, *log_prob, *advantage, *target;
  // Where the derivatives go.
  float *d_mean, *d_raw_std, *d_value;  ///< written
  float *d_log_std;                     ///< added to
};

/// Sums, or means, over points; see PpoLoss.
struct PpoTerms {
  double policy = 0, value = 0, entropy = 0, kl = 0, clipped = 0;
};

class PpoHostLoss {
 public:
  explicit PpoHostLoss(const PpoConfig &config) : config_(config) {}
  /// Derivatives of weight x (sum of the loss over the points that count). Adds the sums to `terms`.
  void add(const PpoGrid &grid, float weight, PpoTerms &terms);

 private:
  PpoConfig config_;
  std::vector<float> mean_, std_, z_;                                     // a plane an action
  std::vector<float> log_ratio_, slope_, policy_, kl_, clipped_, error_;  // a plane
};

/// Zero mean and unit variance (of a sample) over the rows at each point; zero if there is one row only.
void normalisePerPoint(const std::vector<const float *> &rows, std::size_t points, std::vector<float> &out);

}  // namespace petrl::learn
