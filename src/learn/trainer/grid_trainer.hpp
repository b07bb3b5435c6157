// Training of policies that decide for all points of a grid at once.
#pragma once

#include <memory>

#include "learn/grid.hpp"
#include "learn/trainer/training.hpp"

namespace petrl::cli {

/// Whether a learner of this name trains on grids. New ones are added here, and in libpetrl_torch, which registers
/// their factories; it is not loaded to find out.
bool isGridLearner(const std::string &name);

/// A Training whose learner owns the loop over episodes. On several ranks each collects its own.
class GridTrainer : public Training {
 public:
  /// Makes environment and learner as the configuration says. Throws petrl::Error.
  GridTrainer(TrainingConfig config, const std::string &directory);

 protected:
  std::int64_t steps() const override { return learner_->steps(); }
  std::int64_t episodes() const override { return learner_->episodes(); }
  void advance() override { learner_->iterate(*environment_); }
  Evaluation evaluate() override { return environment_->evaluate(learner_->deterministic()); }
  Policy policy() const override;
  double meanReturn() const override { return mean_return_; }
  std::string returnText() const override;
  std::map<std::string, double> metrics() override;
  void save(const std::string &path) const override { learner_->save(path); }
  void load(const std::string &path) override { learner_->load(path); }
  void saveProgress(YAML::Emitter &out) const override;
  void loadProgress(YamlMap &progress) override;

 private:
  std::unique_ptr<GridEnvironment> environment_;
  std::unique_ptr<GridLearner> learner_;
  double mean_return_ = 0;  ///< up to the latest validation
};

}  // namespace petrl::cli
