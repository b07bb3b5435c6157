// The thresholds that a refiner's policy must beat in the user's program.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "refine/training.hpp"

namespace petrl {

/// 20 threshold rules, run over the part of a world's interval that is learned from (but for its beginning: the first
/// mesh may be any); those on the front of error and
/// cost are run over the part that is held out, and set the price of each error there.
class RefinementRivals {
 public:
  struct Rival {
    RefinerRule rule;
    std::string name;
    bool tried = false, tuned = false, judged = false;
    RefinerRun training, held_out;
  };

  explicit RefinementRivals(const RefinerWorld &world);
  /// Runs what was not run yet, `after` each. Collective.
  void tune(RefinerWorld &world, const std::function<void(const Rival &, bool held_out)> &after);
  /// How many runs are left at most.
  int left() const;
  /// Log of what a run took over what the tuned thresholds take at its error: cell-steps, or all that it cost. A large
  /// number if it failed.
  double relative(const RefinerRun &run, bool all_costs = false) const;
  /// Three trade-offs at which error and cost weigh as on the tuned front: at a quarter, half and three quarters of the
  /// way between its ends, in the logarithm of the error. Increasing; after tune().
  std::vector<double> tradeoffs(const RefinerWorld &world) const;
  /// The best at the user's trade-off, on what is learned from.
  const Rival &best(const RefinerWorld &world) const;
  const std::vector<Rival> &all() const { return rivals_; }
  void archive(Archive &archive);

 private:
  int from(const RefinerWorld &world) const;  ///< moment
  double intervals(const RefinerWorld &world) const;

  std::vector<Rival> rivals_;
};

}  // namespace petrl
