// Learns what refining and coarsening would do, from paired runs, on meshes that its own policy makes.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "learn/engine/adam.hpp"
#include "learn/gain_loss/config.hpp"
#include "learn/learner.hpp"
#include "learn/reduction.hpp"

namespace petrl {

/// Action values of a decision whose horizon is the next interval: for each cell the error that refining it would save
/// and the one that coarsening it would cause. Every choice's outcome is known from paired runs, so that all three are
/// learned from every cell (no sampling of actions); the states are those that the policy itself leads to, as its
/// predictions improve. Least squares in the logarithm. What a cell costs is known and not learned: the trade-off
/// enters when a decision is taken, exactly, for any price. No libtorch.
class PETRL_API GainLoss : public Learner {
 public:
  GainLoss(YamlMap keys, std::unique_ptr<MeshEnvironment> environment, std::uint64_t seed);

  void iterate() override;
  std::int64_t steps() const override { return steps_; }
  std::int64_t episodes() const override { return episodes_; }
  Evaluation evaluate() override;
  /// Says what its last samples were like, as where it is valid.
  Policy policy() const override;
  std::map<std::string, double> metrics() override;
  void archive(Archive &archive) override;
  void loadWeights(const NetworkSpec &network) override;

  const GraphNetwork &network() const { return network_; }

 private:
  void update();
  double learningRate() const;
  double exploration() const;

  learn::GainLossConfig config_;
  std::unique_ptr<MeshEnvironment> environment_;
  std::uint64_t seed_;
  learn::Reduction reduction_;
  int rank_, ranks_;  ///< that play episodes of their own
  GraphNetwork network_;
  Adam adam_;
  std::deque<MeshSample> memory_;
  std::int64_t iterations_ = 0, updates_ = 0, steps_ = 0, episodes_ = 0;
  std::map<std::string, double> sums_;  // since the last call of metrics()
  std::vector<float> gradient_;
  GraphNetwork::Record record_;
};

}  // namespace petrl
