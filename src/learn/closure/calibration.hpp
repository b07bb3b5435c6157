// What a record and the coarse solver say before anything is learned: which states are for what, scales, and how large
// corrections must be.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "closure/learning.hpp"
#include "learn/reduction.hpp"

namespace petrl::learn {

/// Part of a run: recorded times from `first` to `last`.
struct Stretch {
  int run, first, last;
};

/// How the solver's steps and the recorded times fit together, and which of these are kept for validation.
class RecordPlan {
 public:
  /// The last run is held out, or the last fifth of the only one. Throws petrl::Error where that is too short.
  explicit RecordPlan(const CoarseWorld &world);
  /// Steps of the solver from one compared state to the next.
  int substeps() const { return substeps_; }
  /// Recorded times from one to the next.
  int stride() const { return stride_; }
  const std::vector<Stretch> &training() const { return training_; }
  const std::vector<Stretch> &heldOut() const { return held_out_; }
  /// Comparisons that a stretch has room for, from its beginning.
  int comparisons(const Stretch &stretch) const { return (stretch.last - stretch.first) / stride_; }

 private:
  int substeps_ = 1, stride_ = 1;
  std::vector<Stretch> training_, held_out_;
};

/// Statistics over some states that are trained on.
struct Calibration {
  std::vector<double> mean, deviation;             ///< of each component, then of each auxiliary field
  std::vector<double> residual, largest_residual;  ///< of each component: what the solver misses in a unit of time,
                                                   ///< root mean square and largest
  double residual_square = 0;  ///< mean over the points of what a comparison misses, squared, components in units of
                               ///< their deviation
  /// What a component's error counts in units of.
  double scale(std::size_t component) const { return deviation[component] > 0 ? deviation[component] : 1; }
};

/// Collective.
Calibration calibrate(CoarseWorld &world, const RecordPlan &plan, const Reduction &reduction);

/// A network for a policy whose observation and action are known.
using Shape = std::function<NetworkSpec(const Policy &)>;

/// Observation, action and network of the policy that the options ask for. Collective. Throws petrl::Error naming the
/// option.
Policy specify(CoarseWorld &world, const RecordPlan &plan, const Calibration &calibration,
               const ClosureTrainOptions &options, const Shape &shape, const Reduction &reduction);

/// The standard deviation of the network's outputs with which what they move, drawn at each point by itself, is `share`
/// of what the solver misses. Collective.
double explorationStd(CoarseWorld &world, const RecordPlan &plan, const Calibration &calibration, const Policy &policy,
                      double share, const Reduction &reduction);

}  // namespace petrl::learn
