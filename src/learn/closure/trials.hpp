// How far a coarse run is from the record, and what a policy makes of that on held-out states.
#pragma once

#include <functional>
#include <vector>

#include "learn/closure/calibration.hpp"
#include "learn/environment.hpp"

namespace petrl::learn {

/// An error, in deviations, at which an episode is lost.
constexpr double kLost = 3;
/// Of what the solver misses in a comparison: an error that is none.
constexpr double kLeast = .01;

/// Errors over all points of all ranks, components in units of their deviation.
class ErrorMeasure {
 public:
  /// Collective.
  ErrorMeasure(CoarseWorld &world, const Calibration &calibration);
  /// Mean over the points of the sum over components. Collective.
  double meanSquare(const Situation &at, const Situation &truth) const;
  /// Root mean square. Collective.
  double error(const Situation &at, const Situation &truth) const;
  /// A loss, the logarithm of the mean square plus `least`, and its derivative by the state: states that are far off, of
  /// which much cannot be foreseen, count as much as others; what is left where all is right is not worth dividing by.
  /// Collective.
  double loss(const Situation &at, const Situation &truth, double least, std::vector<double> &slope) const;
  const std::vector<double> &weight() const { return weight_; }  ///< of each component's squared error
  double points() const { return points_; }

 private:
  Reduction reduction_;
  std::vector<double> weight_;
  double points_ = 0;
};

/// Runs from several starts of each held-out stretch, as far as four episodes, without a policy and with one.
class HeldOutTrials {
 public:
  /// The network's output at the own points, for what is in place.
  using Decide = std::function<const float *()>;
  HeldOutTrials(CoarseWorld &world, const RecordPlan &plan, const ErrorMeasure &measure, int horizon)
      : world_(world), plan_(plan), measure_(measure), horizon_(horizon) {}
  /// Score: ratio of the errors with and without the policy, the geometric mean over horizons of the median over starts.
  /// Details: "steps <n>" of each horizon 1 to 3, "error <n>", "error without <n>" (root mean square, components in
  /// units of their deviation), "ratio <n>". `note` is told the states that the policy leads to.
  Evaluation evaluate(const Decide &decide, const std::function<void(const std::vector<double> &)> &note);

 private:
  struct Trial {
    int run, time, comparisons;
    std::vector<double> base;  // errors without a policy
  };
  /// Errors after each comparison; shorter if the solver failed.
  std::vector<double> errors(const Trial &trial, const Decide &decide,
                             const std::function<void(const std::vector<double> &)> &note);
  void prepare();

  CoarseWorld &world_;
  const RecordPlan &plan_;
  const ErrorMeasure &measure_;
  const int horizon_;
  std::vector<Trial> trials_;
  std::vector<int> horizons_;
};

}  // namespace petrl::learn
