// The stochastic actor on a minibatch: generalized state-dependent exploration (Raffin, Kober, Stulp 2022).
//
//   W = exp(log_std) eps (one for the whole batch), x = clamp(mu(phi), -2, 2) + phi W, a = tanh(x)
#pragma once

#include "learn/tqc/state.hpp"

namespace petrl::learn {

class GsdePolicy {
 public:
  GsdePolicy(const TqcShapes &shapes, int rows);
  /// Samples actions and their log-probabilities. `eps` is [features][actions].
  void forward(const Floats &actor, const Rows &observation, const float *eps);
  /// Gradient of sum over rows of (weight log_prob + action_slope . action) into `gradient` (all of the actor's array).
  /// `action_slope` is [row][padded(actions)].
  void backward(const Floats &actor, const Rows &observation, float weight, const Floats &action_slope,
                Floats &gradient);

  Floats action;                 ///< [row][actions]
  std::vector<double> log_prob;  ///< [row], summed over actions

 private:
  const TqcShapes &shapes_;
  int rows_, pad_;  // pad_: of the action columns
  LayerArrays out_, delta_;
  Floats squared_;                           // phi^2, as the last hidden layer
  Floats exploration_, variance_weight_;     // W and exp(log_std)^2, [features][pad]
  Floats noise_, variance_;                  // [row][pad]
  Floats noise_slope_, variance_slope_;      // [row][pad]
  Floats noise_product_, variance_product_;  // [features][pad]
  Floats scratch_;
};

/// One observation through the actor: features (padded) and clipped means.
class SingleActor {
 public:
  explicit SingleActor(const TqcShapes &shapes) : shapes_(shapes), out_(shapes.actor, 1) {}
  void evaluate(const Floats &actor, const float *observation);
  const float *features() const { return out_.at(shapes_.actor.layers.size() - 2, 0); }
  float mean(int action) const;

 private:
  const TqcShapes &shapes_;
  LayerArrays out_;
};

}  // namespace petrl::learn
