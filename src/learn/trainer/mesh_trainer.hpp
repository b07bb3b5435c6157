// Training of policies that decide where meshes are refined.
#pragma once

#include <memory>

#include "learn/mesh_learner.hpp"
#include "learn/trainer/training.hpp"

namespace petrl::cli {

/// Whether a learner of this name trains on meshes. New ones are added here, and in libpetrl_torch, which registers
/// their factories; it is not loaded to find out.
bool isMeshLearner(const std::string &name);

/// A Training whose learner owns its world. On several ranks each collects its own experience.
class MeshTrainer : public Training {
 public:
  /// Makes the learner as the configuration says. Throws petrl::Error.
  MeshTrainer(TrainingConfig config, const std::string &directory);

 protected:
  std::int64_t steps() const override { return learner_->steps(); }
  std::int64_t episodes() const override { return learner_->episodes(); }
  void advance() override { learner_->iterate(); }
  Evaluation evaluate() override { return learner_->evaluate(); }
  Policy policy() const override { return learner_->policy(); }
  double meanReturn() const override { return mean_return_; }
  std::string returnText() const override;
  std::map<std::string, double> metrics() override;
  void save(const std::string &path) const override { learner_->save(path); }
  void load(const std::string &path) override { learner_->load(path); }
  void saveProgress(YAML::Emitter &out) const override;
  void loadProgress(YamlMap &progress) override;

 private:
  std::unique_ptr<MeshLearner> learner_;
  double mean_return_ = 0;  ///< the learner's metric `mean_return` or `reward`, up to the latest validation
};

}  // namespace petrl::cli
