// Closures learned by regression: what a record shows of what a correction should have been.
#pragma once

#include <memory>
#include <vector>

#include "base/archive.hpp"
#include "learn/engine/adam.hpp"
#include "learn/engine/fcn_layers.hpp"
#include "learn/environment.hpp"
#include "learn/fcn_policy.hpp"
#include "learn/reduction.hpp"

namespace petrl::learn {

struct RegressionConfig {
  FcnConfig network;
  int horizon = 64;             ///< steps of an iteration
  int batch_size = 4;           ///< steps of an update
  double learning_rate = 3e-3;  ///< falls to a hundredth along a cosine, with the budget
  double max_gradient_norm = 1;
};

/// Descends the loss that episodes tell (GridEpisode::descend()) on the states that the policy itself leads to, as DAgger
/// does (Ross, Gordon, Bagnell 2011): the solver's step counts as the identity in the derivative, and as itself in all
/// else. Much faster than rewards where that holds; a policy for PPO to start from.
///
/// On several ranks gradients are averaged, weighted by points.
class Regression {
 public:
  Regression(const RegressionConfig &config, int observations, int actions, std::uint64_t seed, int dimensions);

  void iterate(GridEnvironment &environment);
  std::int64_t steps() const { return steps_; }
  std::int64_t episodes() const { return episodes_; }
  NetworkSpec network() const { return network_.network(actions_, "linear"); }
  GridPolicy &deterministic();
  void schedule(double done) { over_ = done; }
  std::map<std::string, double> metrics();
  void archive(Archive &archive);
  void loadWeights(const NetworkSpec &network) { network_.loadWeights(network, actions_, "linear"); }
  double networkSeconds() const { return network_seconds_; }
  double updateSeconds() const { return update_seconds_; }

 private:
  double learningRate() const;
  RegressionConfig config_;
  int observations_, actions_;
  std::uint64_t seed_;
  Reduction reduction_;
  FcnLayers network_;
  std::vector<float> weights_, gradient_;
  Adam adam_;
  FcnPolicy deterministic_{"learner regression"};
  std::unique_ptr<tape::Tape> tape_;
  std::int64_t steps_ = 0, episodes_ = 0, losses_ = 0;
  double over_ = 0, loss_ = 0, network_seconds_ = 0, update_seconds_ = 0;
};

}  // namespace petrl::learn
