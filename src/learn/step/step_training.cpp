#include "learn/step/step_training.hpp"

namespace petrl {

void StepTraining::outcome(const Attempt &attempt) {
  const double r = reward_(attempt);
  if (attempt.accepted) ++steps_;
  over_ = attempt.accepted && (steps_ >= end_steps_ || attempt.t + attempt.h >= end_time_ - 1e-10 * attempt.h);
  // The very first step was the application's, not ours.
  if (!has_pending_) return;
  collected_ += r;
  has_outcome_ = true;
  total_ += r;
}

void StepTraining::decide(const float *observation, float *action) {
  if (over_) {
    (void)agent_.foresee(observation, action);
    return;
  }
  if (has_pending_) agent_.earned(collected_);
  agent_.decide(observation, action);
}

void StepTraining::decided(const std::vector<float> &observation, const std::vector<float> &action) {
  if (has_pending_) {
    pending_.reward = static_cast<float>(collected_);
    pending_.next_observation = observation;
    pending_.terminal = false;
    agent_.record(pending_);
  }
  collected_ = 0;
  has_outcome_ = false;
  pending_.observation = observation;
  pending_.action = action;
  has_pending_ = true;
}

void StepTraining::finish(bool terminal, double reward, const std::vector<float> &observation) {
  if (has_pending_ && (terminal || has_outcome_)) {
    pending_.reward = static_cast<float>(collected_ + reward);
    total_ += reward;
    pending_.next_observation = observation.empty() ? pending_.observation : observation;
    pending_.terminal = terminal;
    agent_.record(pending_);
  }
  has_pending_ = has_outcome_ = over_ = false;
  steps_ = 0;
  collected_ = 0;
  reward_.restart();
}

}  // namespace petrl
