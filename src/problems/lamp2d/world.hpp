// LAMP on triangulations of flows in the plane.
#pragma once

#include <memory>

#include "problems/lamp/world.hpp"
#include "problems/lamp2d/actor_critic.hpp"
#include "problems/lamp2d/evolution_training.hpp"

namespace petrl::learn {

/// The environment: see lamp2d::FlowsOptions, and solver: {indicator, threshold, coarsen, buffer}, the rule of the
/// classical solver whose meshes the evolution model learns on with "meshes: truth", see lamp2d::SolverRule; or a list of
/// rules, of which each roll-out takes one at random.
class PlaneWorld : public LampWorld {
 public:
  PlaneWorld(const LampConfig &config, YamlMap environment);

  static const LampLimits &limits();

  int bundles(double progress) const override { return training_->steps(progress); }
  double evolutionGradient(int bundles, double policy_share, Rng &rng, std::vector<float> &gradient) override {
    return training_->gradient(model_, bundles, policy_share, rng, gradient);
  }
  LampStatistics policyGradient(bool demonstrated, Rng &rng, std::vector<float> &gradient) override {
    return actor_critic_->gradient(model_, demonstrated, rng, gradient);
  }
  GraphNetwork &evolution() override { return model_.evolution.network(); }
  GraphNetwork &refiner() override { return model_.refiner.network(); }
  Evaluation evaluate(bool refining) override;
  Policy policy() const override { return model_.policy(); }
  void read(const Policy &policy, std::unique_ptr<GraphNetwork> &evolution,
            std::unique_ptr<GraphNetwork> &refiner) const override;
  void archive(Archive &archive) override { actor_critic_->archive(archive); }

  const lamp2d::Model &model() const { return model_; }

 private:
  LampConfig config_;
  lamp2d::Model model_;
  lamp2d::FlowSet train_, valid_;
  std::vector<lamp2d::SolverMeshes> solvers_, valid_solvers_;  // one for each rule
  std::unique_ptr<lamp2d::EvolutionTraining> training_;
  std::unique_ptr<lamp2d::ActorCritic> actor_critic_;
};

}  // namespace petrl::learn
