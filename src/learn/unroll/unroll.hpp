// Learning through the solver: a closure's weights follow the gradient of the error over a window of coarse steps.
#pragma once

#include <memory>

#include "base/archive.hpp"
#include "learn/engine/adam.hpp"
#include "learn/engine/fcn_layers.hpp"
#include "learn/engine/rng.hpp"
#include "learn/environment.hpp"
#include "learn/fcn_policy.hpp"
#include "learn/reduction.hpp"
#include "learn/symmetry.hpp"
#include "learn/unroll/config.hpp"

namespace petrl {

/// The algorithm of the learner "unroll". Keys of its section: see learn::UnrollConfig. Gradients come from
/// engine/tape.
///
/// Episodes go on with the closure as it is (so that it meets the states it makes itself), and are cut into windows;
/// gradients run through the network, the correction and the coarse solver over one window (truncated
/// back-propagation through time), weights follow by Adam. The loss is the mean over the window of the mean absolute
/// error against the restricted fine state. Episodes end after `horizon` steps, or when the environment says so (its
/// error is then too large to learn from). An alternative to PPO where the coarse solver can be recorded
/// (GridEnvironment::record); it may start from PPO's weights and PPO from its.
///
/// On several ranks each has its own episodes and gradients are averaged.
class PETRL_API Unroll {
 public:
  /// Throws petrl::Error when the YAML is wrong, and for other grids than planes.
  Unroll(YamlMap keys, int observations, int actions, std::uint64_t seed, int dimensions = 2);
  ~Unroll();

  void iterate(GridEnvironment &environment);
  std::int64_t steps() const { return steps_; }
  std::int64_t episodes() const { return episodes_; }
  NetworkSpec network() const { return network_.network(actions_, "linear"); }
  GridPolicy &deterministic();
  /// It goes by decay_steps.
  void schedule(double) {}
  std::map<std::string, double> metrics();
  void archive(Archive &archive);
  void loadWeights(const NetworkSpec &network);

 private:
  struct Slot {
    std::unique_ptr<GridEpisode> episode;  // null until prepared
    std::int64_t seed = -1, steps = 0, limit = 0;
    std::vector<double> state;
    void archive(Archive &a) {
      a("seed", seed);
      a("steps", steps);
      a("limit", limit);
      a("state", state);
    }
  };

  void start(GridEnvironment &environment, Slot &slot, std::int64_t limit);
  void prepare(GridEnvironment &environment);
  double window(GridEnvironment &environment, Slot &slot);
  double lossAndGradient(const std::vector<double> &target, tape::Var state) const;
  double learningRate() const;

  learn::UnrollConfig config_;
  int observations_, actions_;
  std::uint64_t seed_;
  learn::Reduction reduction_;
  learn::FcnLayers network_;
  learn::Symmetry symmetry_;
  bool given_ = false;  // weights, by somebody
  std::vector<float> weights_, gradient_;
  Adam adam_;
  learn::FcnPolicy deterministic_{"learner unroll"};
  std::unique_ptr<tape::Tape> tape_;
  std::vector<Slot> slots_;
  std::int64_t steps_ = 0, episodes_ = 0, started_ = 0;
  std::int64_t steps_taken_ = 0;  // in this iteration, on this rank
  double loss_sum_ = 0, norm_sum_ = 0;
  std::int64_t loss_count_ = 0;
};

}  // namespace petrl
