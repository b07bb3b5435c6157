// Learning where to refine, in a solver: what a learner sees of a problem.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "learn/agent.hpp"
#include "refine/refinement_policy.hpp"

namespace petrl {

/// One decision: what the policy saw, and what paired runs say about each cell's alternatives.
struct RefinementSample {
  int nodes = 0, slots = 0;
  std::vector<int> source;    ///< nodes x slots
  std::vector<float> node;    ///< nodes x RefinementObservation::kNode
  std::vector<float> edge;    ///< nodes x slots x RefinementObservation::kEdge
  std::vector<float> target;  ///< nodes x 2: network outputs that would have been right; NaN: not known

  Graph graph() const { return {nodes, nodes, slots, source.data()}; }
};

/// Episodes in which a policy re-meshes a solver's mesh. Deterministic given the seeds.
class RefinementEnvironment {
 public:
  virtual ~RefinementEnvironment() = default;
  /// Runs one training episode under the policy (with random deviations), and appends a sample for each decision.
  /// `explore`: from 0 (the policy decides) to 1 (chance decides). Adds to `metrics` (sums): "decisions", "cells",
  /// "reward", "best reward" (see the environment), and what else it counts.
  virtual void episode(std::uint64_t seed, RefinementPolicy &policy, double explore,
                       std::vector<RefinementSample> &samples, std::map<std::string, double> &metrics) = 0;
  /// Validation on held-out cases (never the test cases).
  virtual Evaluation evaluate(RefinementPolicy &policy) = 0;
};

}  // namespace petrl
