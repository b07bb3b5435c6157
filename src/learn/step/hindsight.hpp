// The best decisions in hindsight: a schedule of actions over time, found by trying. What a step controller could reach
// at most is at least this, for it is what was reached.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "adapt/training.hpp"
#include "learn/step/environment.hpp"

namespace petrl {

/// Actions in [-1, 1], constant on pieces of time.
struct PETRL_API Schedule {
  std::vector<double> until;               ///< where the pieces end, ascending; the last one goes on for ever
  std::vector<std::vector<float>> action;  ///< of each piece
  std::size_t piece(double t) const;
  /// All actions 0.
  static Schedule still(std::vector<double> until, std::size_t actions);
};

/// A price of a schedule: the lower the better.
using SchedulePrice = std::function<double(const Schedule &)>;

/// A local search: one action changes on some neighbouring pieces - all of them at first, fewer and fewer later - and
/// again as long as that helps, or else the other way. Only the first `actions` of them change. `price`: of `start`;
/// returned: what the best one found costs, left in `start`, never more. Deterministic: asks exactly `tries` times.
PETRL_API double searchSchedule(Schedule &start, double price, const SchedulePrice &of, std::size_t actions, int tries,
                                std::uint64_t seed);

/// Solves by a schedule: an action is a factor on what the rules decide (transform pi-ratio; tolerance; jacobian),
/// from 1/kFarthest to kFarthest, and 0 what they do. `levers`: see ActionSpec. The schedule must outlive it.
class PETRL_API ScheduledController {
 public:
  static constexpr double kFarthest = 8;  ///< a power of two: action 0 is a factor of exactly 1
  explicit ScheduledController(const std::string &levers);
  std::size_t actions() const { return specification_.action.decided().size(); }
  StepController follow(const Schedule &schedule);

 private:
  // Decides by the time alone.
  struct Follower : StepLearner {
    void decide(const float *observation, float *action) override;
    bool foresee(const float *, float *) override { return false; }  // a failed solve is retried as the rules do
    void decided(const std::vector<float> &, const std::vector<float> &) override {}
    void outcome(const Attempt &attempt) override;
    const Schedule *schedule = nullptr;
    double time = 0;
    bool failed = false;
  };
  Policy specification_;
  Follower follower_;
};

}  // namespace petrl
