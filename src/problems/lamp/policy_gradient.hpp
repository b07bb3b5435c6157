// From roll-outs to gradients: rewards, targets, baselines, credit.
#pragma once

#include <functional>
#include <vector>

#include "problems/lamp/config.hpp"
#include "problems/lamp/decision.hpp"

namespace petrl::learn {

/// A mean over the roll-outs of one update, by name.
struct LampStatistics {
  static constexpr const char *kNames[] = {"reward",      "policy_error",  "still_error", "vertices",
                                           "split_count", "coarsen_count", "entropy",     "value_error"};
  static constexpr std::size_t kCount = sizeof(kNames) / sizeof(kNames[0]);
  double value[kCount] = {};
};

/// Decisions and what came of them: roll-outs i = start * samples + sample, step by step.
struct LampExperience {
  struct Step {
    std::vector<lamp::Heads> heads;  ///< before the decision
    std::vector<lamp::Action> action;
    std::vector<double> error, vertices;  ///< of the bundle after it
    std::vector<double> reward, target, advantage;
  };
  std::vector<Step> step;
  std::vector<double> trade_off;                 ///< one a roll-out
  std::vector<std::vector<double>> still_error;  ///< [step][start]: of roll-outs that never re-mesh
  std::vector<double> still_vertices;            ///< [start]
};

/// Policy gradients. Reward of a bundle (weights as published: 5 and 1 / 100):
///   error_weight (1 - beta) (error without re-meshing - error) + beta vertex_weight (vertices without - vertices).
/// What a decision is credited with is a mean or a discounted sum of the rewards from there on, less a baseline: the
/// mean of the other roll-outs from the same start, or the value where there is only one. With local credit, the choice
/// of an edge is credited with the errors near it alone; how many edges are chosen, with everything.
class PolicyGradient {
 public:
  explicit PolicyGradient(const PolicyConfig &config) : config_(config) {}

  /// Adds to a roll-out's credit, in the units of the reward, what the errors near each choice say; see nearby().
  using LocalCredit = std::function<void(std::size_t i, lamp::Factors &credit)>;

  /// Rewards, targets and advantages of all steps.
  void targets(LampExperience &x) const;
  /// The loss's derivatives with respect to the heads of a step; adds to the means. choices: of roll-out i before its
  /// decision.
  std::vector<lamp::Heads> slopes(const LampExperience &x, std::size_t step,
                                  const std::function<const lamp::Choices &(std::size_t i)> &choices,
                                  const LocalCredit &local, LampStatistics &mean) const;
  /// Derivatives of minus the mean logarithm of the probability of given decisions, edges in the mean over a decision.
  std::vector<lamp::Heads> imitation(const std::vector<lamp::Heads> &heads, const std::vector<lamp::Action> &action,
                                     const std::function<const lamp::Choices &(std::size_t i)> &choices) const;
  /// Of a later reward in a decision's target.
  double weight(std::size_t now, std::size_t later) const;
  /// What a unit of error costs in a later reward, as seen from a decision.
  double errorWeight(double trade_off, std::size_t now, std::size_t later) const {
    return config_.error_weight * (1 - trade_off) * weight(now, later);
  }
  const PolicyConfig &config() const { return config_; }
  std::size_t samples() const { return static_cast<std::size_t>(config_.samples_per_start); }
  std::size_t horizon() const { return static_cast<std::size_t>(config_.horizon); }

 private:
  PolicyConfig config_;
};

}  // namespace petrl::learn
