// The learning environment of closures for the Burgers problem.
#pragma once

#include "problems/burgers/burgers.hpp"
#include "problems/grid2d/environment.hpp"

namespace petrl::burgers {

/// The environment `burgers` of `petrl train`. YAML keys: n, ratio, substeps, dt_factor (defaults 30, 5, 10, 0.9),
/// viscosity (0.003), scheme, integrator, diffusion_order, modified, dissipation (defaults upwind1, euler, 2, false, 1;
/// see grid2d/scheme.hpp), velocity (paper | diverse | centred | mixed, half of the latter two; default paper), noise, reward (immediate | after-step),
/// reward_scale (default 1), episode: {max_error: 0.2, min_steps: 20, max_steps: 200}, action: {transform:
/// additive-rate, bound: 2, actions, parameters} (see grid2d/corrector.hpp), validation: {cases: 12, steps: 50}.
/// Observations: u, v; two actions. Reward: that of grid2d::Reward, summed over u and v, divided by mean(|u| + |v|) of
/// the restricted fine state.
class BurgersEnvironment : public grid2d::ClosureEnvironment {
 public:
  explicit BurgersEnvironment(YamlMap yaml);
  const grid2d::Model &model() const override { return model_; }
  grid2d::Case draw(bool validation, std::uint64_t seed) const override;

 private:
  BurgersModel model_;
  std::string velocity_;
};

}  // namespace petrl::burgers
