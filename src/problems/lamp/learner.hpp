// LAMP: an evolution model and a policy that adapts its mesh learn together.
#pragma once

#include <memory>

#include "learn/engine/adam.hpp"
#include "learn/engine/rng.hpp"
#include "learn/learner.hpp"
#include "learn/reduction.hpp"
#include "problems/lamp/config.hpp"
#include "problems/lamp/world.hpp"

namespace petrl {

/// The learner "lamp" (Wu et al., Learning controllable adaptive simulation for multi-resolution physics, ICLR 2023).
/// Keys of its section: see learn::LampConfig, and the world of the environment: nonlinear1d, flows2d.
///
/// Phase 1 pre-trains the evolution model. Phase 2 takes turns: some updates of the policy by its gradient
/// (learn::PolicyGradient), some of the evolution model, partly on meshes that the policy draws. No libtorch: networks
/// and gradients are those of GraphNetwork.
///
/// A step is an update of either network. On several ranks each makes its own experience and gradients are averaged.
class Lamp : public Learner {
 public:
  Lamp(std::unique_ptr<learn::LampWorld> world, const learn::LampConfig &config, std::uint64_t seed);

  void iterate() override;
  std::int64_t steps() const override { return updates_; }
  std::int64_t episodes() const override { return episodes_; }
  Evaluation evaluate() override;
  Policy policy() const override { return world_->policy(); }
  std::map<std::string, double> metrics() override;
  void archive(Archive &archive) override;
  void loadWeights(const NetworkSpec &network) override;

  const learn::LampWorld &world() const { return *world_; }

 private:
  void updateEvolution(int bundles, double policy_share, double rate);
  void updatePolicy(double rate);
  void average(std::vector<float> &gradient, std::vector<double> &numbers) const;
  bool pretraining() const { return updates_ < config_.evolution.updates; }
  double refined() const;  // share of phase 2 that is done

  learn::LampConfig config_;
  learn::Reduction reduction_;
  learn::Rng rng_;
  std::unique_ptr<learn::LampWorld> world_;
  Adam evolution_adam_, policy_adam_;
  std::int64_t updates_ = 0, episodes_ = 0;
  // Sums since the last call of metrics(): by name, with their counts.
  std::map<std::string, std::pair<double, std::int64_t>> sums_;
  void count(const std::string &name, double value);
};

}  // namespace petrl
