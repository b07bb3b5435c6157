// Learning through the solver: a closure's weights follow the gradient of the error over a window of coarse steps.
#pragma once

#include <memory>

#include "learn/engine/rng.hpp"
#include "learn/grid.hpp"
#include "learn/reduction.hpp"
#include "learn/unroll/config.hpp"
#include "learn/unroll/network.hpp"
#include "policy/native/fcn.hpp"

namespace petrl {

/// The learner "unroll". Keys of its section: see learn::UnrollConfig. No libtorch: gradients come from src/tape.
///
/// Episodes go on with the closure as it is (so that it meets the states it makes itself), and are cut into windows;
/// gradients run through the network, the correction and the coarse solver over one window (truncated
/// back-propagation through time), weights follow by Adam. The loss is the mean over the window of the mean absolute
/// error against the restricted fine state. Episodes end after `horizon` steps, or when the environment says so (its
/// error is then too large to learn from). An alternative to PPO where the coarse solver can be recorded
/// (GridEnvironment::record); it may start from PPO's weights and PPO from its.
///
/// On several ranks each has its own episodes and gradients are averaged. save() is collective.
class Unroll : public GridLearner {
 public:
  Unroll(const std::string &yaml, int observations, int actions, std::uint64_t seed);
  ~Unroll() override;

  void iterate(GridEnvironment &environment) override;
  std::int64_t steps() const override { return steps_; }
  std::int64_t episodes() const override { return episodes_; }
  NetworkSpec network() const override { return network_.network(); }
  GridPolicy &deterministic() override;
  std::map<std::string, double> metrics() override;
  void save(const std::string &path) const override;
  void load(const std::string &path) override;
  void loadWeights(const NetworkSpec &network) override;

 private:
  struct Slot {
    std::unique_ptr<GridEpisode> episode;  // null until prepared
    std::int64_t seed = -1, steps = 0, limit = 0;
    std::vector<double> state;
  };
  class Deterministic;

  void start(GridEnvironment &environment, Slot &slot, std::int64_t limit);
  void prepare(GridEnvironment &environment);
  double window(GridEnvironment &environment, Slot &slot);
  double lossAndGradient(const std::vector<double> &target, tape::Var state) const;
  double learningRate() const;
  void adam();

  learn::UnrollConfig config_;
  int observations_, actions_;
  std::uint64_t seed_;
  learn::Reduction reduction_;
  learn::TapeNetwork network_;
  std::unique_ptr<Deterministic> deterministic_;
  std::unique_ptr<tape::Tape> tape_;
  std::vector<Slot> slots_;
  std::vector<float> first_, second_;  // Adam's moments
  std::int64_t updates_ = 0, steps_ = 0, episodes_ = 0, started_ = 0;
  std::int64_t steps_taken_ = 0;  // in this iteration, on this rank
  double loss_sum_ = 0, norm_sum_ = 0;
  std::int64_t loss_count_ = 0;
};

}  // namespace petrl
