// The learning environment of closures for the advection problem.
#pragma once

#include "problems/advection/advection.hpp"
#include "problems/grid2d/environment.hpp"

namespace petrl::advection {

/// The environment `advection` of `petrl train`. YAML keys: n, ratio, substeps, dt_factor (defaults 64, 4, 4, 0.25),
/// scheme, integrator (defaults upwind1, euler; see grid2d/scheme.hpp), images (mnist | fashion | texture |
/// mixed), velocity (train | vortex | stream | mixed), noise, reward (immediate | after-step), reward_scale (default 1), episode: {max_error: 0.015,
/// min_steps: 4, max_steps: 100}, action: {transform: additive, bound: 0.1,
/// actions, parameters} (see grid2d/corrector.hpp), validation: {cases: 12,
/// steps: 50}. Observations: psi, u, v; one action. Reward: that of grid2d::Reward, k = 1.
class AdvectionEnvironment : public grid2d::ClosureEnvironment {
 public:
  explicit AdvectionEnvironment(YamlMap yaml);
  const grid2d::Model &model() const override { return model_; }
  grid2d::Case draw(bool validation, std::uint64_t seed) const override;

 private:
  AdvectionModel model_;
  Distribution distribution_;
};

}  // namespace petrl::advection
