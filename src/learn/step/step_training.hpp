// Turns the attempts of a running time integration into transitions for an agent.
#pragma once

#include <limits>
#include <memory>

#include "adapt/training.hpp"
#include "learn/environment.hpp"
#include "learn/step/reward.hpp"

namespace petrl {

/// Feeds an agent: each decision that was carried out becomes a transition once its outcome is known.
class PETRL_API StepTraining : public StepLearner {
 public:
  StepTraining(Agent &agent, StepReward &reward) : agent_(agent), reward_(reward) {}

  void decide(const float *observation, float *action) override;
  bool foresee(const float *observation, float *action) override { return agent_.foresee(observation, action); }
  void outcome(const Attempt &attempt) override;
  void decided(const std::vector<float> &observation, const std::vector<float> &action) override;
  /// Where the solve will stop: a decision after that has no consequences.
  void until(double time, long steps) { end_time_ = time, end_steps_ = steps; }
  /// The episode ends; `terminal` with a last reward when the solve broke down, else it was merely cut off. A latest
  /// decision of which nothing came (the final time was reached) is forgotten.
  void finish(bool terminal, double reward, const std::vector<float> &observation);

  double total() const { return total_; }

 private:
  Agent &agent_;
  StepReward &reward_;
  Transition pending_;
  bool has_pending_ = false, has_outcome_ = false, over_ = false;
  double end_time_ = std::numeric_limits<double>::infinity();
  long end_steps_ = std::numeric_limits<long>::max(), steps_ = 0;
  double collected_ = 0, total_ = 0;
};

}  // namespace petrl
