// Turns the attempts of a running time integration into transitions for an agent.
#pragma once

#include <memory>

#include "adapt/reward.hpp"
#include "learn/agent.hpp"

namespace petrl {

/// Feeds an agent: each decision that was carried out becomes a transition once its outcome is known.
class StepTraining {
 public:
  StepTraining(Agent &agent, StepReward &reward) : agent_(agent), reward_(reward) {}

  /// The attempt that followed the latest decision has ended.
  void outcome(const Attempt &attempt);
  /// A decision that is carried out now.
  void decided(const std::vector<float> &observation, const std::vector<float> &action);
  /// The episode ends; `terminal` with a last reward when the solve broke down, else it was merely cut off. A latest
  /// decision of which nothing came (the final time was reached) is forgotten.
  void finish(bool terminal, double reward, const std::vector<float> &observation);

  Agent &agent() { return agent_; }
  double total() const { return total_; }

 private:
  Agent &agent_;
  StepReward &reward_;
  Transition pending_;
  bool has_pending_ = false, has_outcome_ = false;
  double collected_ = 0, total_ = 0;
};

}  // namespace petrl
