// What a step-size controller is trained for.
#pragma once

#include "adapt/history.hpp"

namespace petrl {

/// Reward of one attempt. Units: the cost of one average step.
class StepReward {
 public:
  virtual ~StepReward() = default;
  virtual void restart() {}
  virtual double operator()(const Attempt &attempt) = 0;
};

/// For training inside any application, where no reference run exists:
///   r = h / <h> [accepted] - c / <c> - (E - 1/2)/(1/2) / (k - 1) [accepted],
/// <h>, <c>: slow averages of length and cost over accepted steps (the current performance, so that r measures
/// improvement on it), E the weighted error, k the order of its estimate. Since cost ~ error^(-1/(k-1)) at fixed
/// method, the last term is the price of the error in units of cost.
class OnlineReward : public StepReward {
 public:
  void restart() override { mean_h_ = mean_cost_ = -1; }
  double operator()(const Attempt &attempt) override;

 private:
  double mean_h_ = -1, mean_cost_ = -1;
};

}  // namespace petrl
