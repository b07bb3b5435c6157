// The learner of a training in a user's program: regression for a while, then PPO from the best that it came to.
#pragma once

#include <memory>

#include "learn/closure/environment.hpp"
#include "learn/closure/regression.hpp"
#include "learn/learner.hpp"
#include "learn/ppo/ppo.hpp"

namespace petrl::learn {

/// PPO that makes validation worse, three times in a row, goes back to the best policy, and on more slowly.
class ClosureLearner : public Learner {
 public:
  /// `share` of the training that is regression.
  ClosureLearner(YamlMap keys, const PpoConfig &config, std::unique_ptr<ClosureEnvironment> environment,
                 std::uint64_t seed, double share);

  void iterate() override;
  std::int64_t steps() const override { return regression_.steps() + ppo_.steps(); }
  std::int64_t episodes() const override { return regression_.episodes() + ppo_.episodes(); }
  bool together() const override { return true; }
  void schedule(double done) override { over_ = done; }
  bool turns(double done) const override { return !handed_over_ && done >= share_; }
  Evaluation evaluate() override;
  Policy policy() const override;
  std::map<std::string, double> metrics() override;
  void archive(Archive &archive) override;
  void loadWeights(const NetworkSpec &network) override;

  double networkSeconds() const { return regression_.networkSeconds() + ppo_.seconds().network; }
  double updateSeconds() const { return regression_.updateSeconds() + ppo_.seconds().update; }

 private:
  std::unique_ptr<ClosureEnvironment> environment_;
  Regression regression_;
  Ppo ppo_;
  NetworkSpec network() const { return handed_over_ ? ppo_.network() : regression_.network(); }
  double share_, over_ = 0;
  bool handed_over_;  // PPO learns
  int worse_ = 0;     // validations in a row
  double best_ = -1;  // score; < 0: none yet
  std::vector<float> best_weights_;
};

}  // namespace petrl::learn
