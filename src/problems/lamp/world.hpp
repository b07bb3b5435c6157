// A problem that LAMP is learned on: data, both networks, and what an update of either learns from.
#pragma once

#include <memory>
#include <vector>

#include "base/archive.hpp"
#include "learn/engine/rng.hpp"
#include "learn/environment.hpp"
#include "policy/native/graph_network.hpp"
#include "policy/policy.hpp"
#include "problems/lamp/config.hpp"
#include "problems/lamp/policy_gradient.hpp"

namespace petrl::learn {

class LampWorld {
 public:
  virtual ~LampWorld() = default;
  /// Length of the roll-outs after a share of the pre-training.
  virtual int bundles(double progress) const = 0;
  /// Adds the gradient of one batch's loss with respect to the evolution model's weights; returns the loss.
  /// policy_share: of the roll-outs whose meshes the policy draws.
  virtual double evolutionGradient(int bundles, double policy_share, Rng &rng, std::vector<float> &gradient) = 0;
  /// The same for the policy. demonstrated: it imitates decisions that know the solution.
  virtual LampStatistics policyGradient(bool demonstrated, Rng &rng, std::vector<float> &gradient) = 0;
  virtual GraphNetwork &evolution() = 0;
  virtual GraphNetwork &refiner() = 0;
  /// On validation cases. refining: judge the policy as well, not the evolution model alone.
  virtual Evaluation evaluate(bool refining) = 0;
  virtual Policy policy() const = 0;
  /// Whether a policy's model sees and predicts what this one does; throws petrl::Error if not. `evolution` and
  /// `refiner` are filled with its networks.
  virtual void read(const Policy &policy, std::unique_ptr<GraphNetwork> &evolution,
                    std::unique_ptr<GraphNetwork> &refiner) const = 0;
  /// What the next update depends on: this rank's starts.
  virtual void archive(Archive &archive) = 0;
};

}  // namespace petrl::learn
