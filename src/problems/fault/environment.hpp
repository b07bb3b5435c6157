// The learning environment of step-size controllers of a fault.
#pragma once

#include <memory>
#include <vector>

#include "base/yaml.hpp"
#include "learn/environment.hpp"
#include "problems/fault/reward.hpp"

namespace petrl::fault {

/// Ranges from which training scenarios are drawn; a range of equal ends is a fixed value. Quantities that scale are
/// drawn evenly in the logarithm.
struct Variations {
  double cells[2] = {1, 10};               ///< per side
  double size[2] = {2000, 6000};           ///< of the cube [m]
  double normal_stress[2] = {12e6, 40e6};  ///< [Pa]
  double critical_slip[2] = {0.05, 0.2};   ///< [m]
  double damping_ratio[2] = {0.15, 0.45};
  double instability[2] = {1.4, 3.5};         ///< weakening over stiffness; sets the drop of friction
  double initial_velocity[2] = {1e-3, 1e-2};  ///< over the velocity scale
  double perturbation[2] = {0, 0.8};
  double depth_dependent = 0.2;  ///< probability of normal stress that grows linearly with depth
};

/// Reads ranges [low, high] of the members of Variations. Throws petrl::Error naming the key.
Variations readVariations(YamlMap yaml);

/// A random scenario. Final time, steps and velocity scale follow from its stiffness, mass and weakening.
Scenario randomScenario(const Variations &variations, std::uint64_t seed);

/// The environment `fault` of `petrl train`. YAML keys: scenario (as in readScenario: train on this one) or vary
/// (ranges: a pool of `pool` random scenarios), reward: {kind: local, alpha, run_time: iterations|wall} or {kind: run,
/// slip_price, slip_tolerance, history_price}, error (none|embedded|doubling), observables,
/// transform, low, high, safeguard, validation (number of held-out random scenarios; with `scenario` that one is used).
/// A price may be a range [low, high]: each episode draws its own, evenly in the logarithm, and the observables
/// slip_price and history_price tell the policy.
class FaultEnvironment : public StreamEnvironment {
 public:
  explicit FaultEnvironment(YamlMap yaml);
  ~FaultEnvironment() override;
  std::string kind() const override { return "tsadapt"; }
  ObservationSpec observation() const override { return specification_.observation; }
  ActionSpec action() const override { return specification_.action; }
  double episode(Agent &agent, std::uint64_t seed) override;
  /// Score with the run reward: mean over held-out scenarios of log(cost over heuristic's) + log((slip error +
  /// tolerance) over the heuristic's)/2 + price of the history error beyond the heuristic's; where prices are ranges:
  /// mean of cost over heuristic's + prices of both errors; with the local reward: minus the return.
  Evaluation evaluate(Agent &agent) override;

 private:
  struct World {
    std::unique_ptr<Fault> fault, probe;
    std::unique_ptr<Yardstick> yardstick;
  };
  World &world(std::vector<World> &pool, std::size_t index, std::uint64_t seed);
  FaultRun integrate(World &w, Agent &agent, const RunPrices &prices, double *total);
  RunPrices drawPrices(std::uint64_t seed) const;
  double scoreOf(const FaultRun &run, const World &w, const RunPrices &prices) const;

  bool varied_ = false, local_ = true, safeguard_ = true;
  Scenario scenario_;
  Variations variations_;
  std::size_t pool_size_ = 1, validation_size_ = 1;
  TSBatheErrorType error_ = TS_BATHE_ERROR_DOUBLING;
  RunPrices prices_;
  double slip_prices_[2] = {0, 0}, history_prices_[2] = {0, 0};  // ranges
  std::unique_ptr<LocalReward> local_reward_;
  RunReward run_reward_;
  Policy specification_;
  std::vector<World> training_, validation_;
};

}  // namespace petrl::fault
