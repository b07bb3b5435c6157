// What grid PPO collects in an iteration, and the advantages that it makes of it. No libtorch here.
#pragma once

#include <cstdint>
#include <vector>

#include "base/floats.hpp"
#include "base/grid_size.hpp"

namespace petrl::learn {

/// Generalised advantage estimation (Schulman et al. 2016) along one episode, at every point by itself:
///   delta_t = r_t + gamma V_{t+1} - V_t,  A_t = delta_t + gamma lambda A_{t+1}.
/// Rows are given in order of time; `last_value` is the value after the last row, null if the world ended there.
void generalisedAdvantage(const std::vector<const float *> &reward, const std::vector<const float *> &value,
                          const float *last_value, std::size_t points, double gamma, double lambda,
                          const std::vector<float *> &advantage);

/// Each becomes the mean over the 2 `reach` + 1 points a side around it, in the directions that a periodic grid has.
void spreadRewards(float *reward, const GridSize &size, int dimensions, int reach);

/// Transitions of several episodes, one row each; every array is [row][channel][point].
class Rollout {
 public:
  Rollout(int observations, int actions, std::size_t points);
  void clear();
  std::int64_t rows() const { return rows_; }
  std::size_t points() const { return points_; }

  /// Adds a row: what was seen and done. Its reward is filled in later.
  std::int64_t add(const float *observation, const float *action, const float *log_prob, const float *value);
  float *reward(std::int64_t row) { return at(reward_, row, 1); }
  float *observation(std::int64_t row) { return at(observation_, row, observations_); }
  float *action(std::int64_t row) { return at(action_, row, actions_); }
  float *logProb(std::int64_t row) { return at(log_prob_, row, 1); }
  float *value(std::int64_t row) { return at(value_, row, 1); }
  float *advantage(std::int64_t row) { return at(advantage_, row, 1); }
  float *target(std::int64_t row) { return at(target_, row, 1); }

  /// Rows of one episode in order of time end here; `last` is the observation then, null if the world ended.
  void endSegment(std::vector<std::int64_t> rows, const float *last);
  /// Observations whose values are missing, one after another, and how many.
  const Floats &lastObservations() const { return last_; }
  std::int64_t lastCount() const { return lasts_; }
  /// Advantages and targets (advantage + value) of all rows; `last_values` belong to lastObservations().
  void estimate(const float *last_values, double gamma, double lambda);

 private:
  struct Segment {
    std::vector<std::int64_t> rows;
    std::int64_t last;  ///< number among lastObservations(), -1 if terminal
  };
  float *at(Floats &array, std::int64_t row, std::size_t channels) {
    return array.data() + static_cast<std::size_t>(row) * channels * points_;
  }

  std::size_t observations_, actions_, points_;
  std::int64_t rows_ = 0, lasts_ = 0;
  Floats observation_, action_, log_prob_, value_, reward_, advantage_, target_, last_;
  std::vector<Segment> segments_;
};

}  // namespace petrl::learn
