// Training of policies that take one decision at a time.
#pragma once

#include <deque>
#include <memory>

#include "learn/trainer/training.hpp"

namespace petrl::cli {

/// A Training whose environment calls an agent, episode by episode. One process.
class Trainer : public Training {
 public:
  /// Throws petrl::Error.
  Trainer(TrainingConfig config, const std::string &directory);

 protected:
  std::int64_t steps() const override { return learner_->steps(); }
  std::int64_t episodes() const override { return episodes_; }
  void advance() override;
  Evaluation evaluate() override;
  Policy policy() const override;
  double meanReturn() const override;
  std::string returnText() const override;
  std::map<std::string, double> metrics() override { return learner_->metrics(); }
  void save(const std::string &path) const override { learner_->save(path); }
  void load(const std::string &path) override { learner_->load(path); }
  void saveProgress(YAML::Emitter &out) const override;
  void loadProgress(YamlMap &progress) override;

 private:
  std::unique_ptr<Environment> environment_;
  std::unique_ptr<Learner> learner_;
  std::int64_t episodes_ = 0;
  std::deque<double> returns_;  ///< of the latest episodes
};

}  // namespace petrl::cli
