// LAMP on the one-dimensional benchmark.
#pragma once

#include <memory>

#include "problems/lamp/world.hpp"
#include "problems/nonlinear1d/lamp/model.hpp"
#include "problems/nonlinear1d/learner/actor_critic.hpp"
#include "problems/nonlinear1d/learner/evolution_training.hpp"

namespace petrl::learn {

/// The environment is
///   {name: nonlinear1d, file: where the data set is kept, trajectories: [train, valid, test], seed: of the data set};
/// of the learner's section the key "model" says what both networks see: {parameters, ring, residual}.
class LineWorld : public LampWorld {
 public:
  LineWorld(const LampConfig &config, const lamp::ModelOptions &options, YamlMap environment);

  static const LampLimits &limits();
  /// Takes "model" from the learner's keys.
  static lamp::ModelOptions options(YamlMap &keys);

  int bundles(double progress) const override { return training_.bundles(progress); }
  double evolutionGradient(int bundles, double policy_share, Rng &rng, std::vector<float> &gradient) override {
    return training_.gradient(model_, bundles, policy_share, rng, gradient);
  }
  LampStatistics policyGradient(bool, Rng &rng, std::vector<float> &gradient) override {
    return actor_critic_.gradient(model_, rng, gradient);
  }
  GraphNetwork &evolution() override { return model_.evolution.network(); }
  GraphNetwork &refiner() override { return model_.refiner.network(); }
  Evaluation evaluate(bool refining) override;
  Policy policy() const override { return model_.policy(); }
  void read(const Policy &policy, std::unique_ptr<GraphNetwork> &evolution,
            std::unique_ptr<GraphNetwork> &refiner) const override;
  void archive(Archive &archive) override { actor_critic_.archive(archive, model_.evolution.options().ring); }

  const lamp::Model &model() const { return model_; }

 private:
  LampConfig config_;
  nonlinear1d::Nonlinear1DDataset data_;
  lamp::Model model_;
  EvolutionTraining training_;
  ActorCritic actor_critic_;
};

}  // namespace petrl::learn
