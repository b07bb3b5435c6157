#include "learn/step/hindsight.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "adapt/rl.hpp"
#include "adapt/specification.hpp"

namespace petrl {

std::size_t Schedule::piece(double t) const {
  const auto next = std::upper_bound(until.begin(), until.end(), t) - until.begin();
  return std::min(static_cast<std::size_t>(next), action.size() - 1);
}

Schedule Schedule::still(std::vector<double> until, std::size_t actions) {
  Schedule s;
  s.action.assign(until.size(), std::vector<float>(actions, 0));
  s.until = std::move(until);
  return s;
}

double searchSchedule(Schedule &start, double price, const SchedulePrice &of, std::size_t actions, int tries,
                      std::uint64_t seed) {
  // A change of one action on [first, last): its size is what it has been worth on so many pieces.
  struct Move {
    std::size_t action, first, last;
    float by;
  };
  constexpr double kFirstSize = 0.1, kLeastSize = 0.005, kLargestSize = 0.5, kGrow = 1.3, kShrink = 0.75;
  const std::size_t pieces = start.action.size();
  int levels = 0;
  while ((std::size_t{1} << levels) < pieces) ++levels;
  std::vector<double> size(actions * static_cast<std::size_t>(levels + 1), kFirstSize);
  std::mt19937_64 rng(seed * 0x9e3779b97f4a7c15ull + 0x48696e64ull);
  const auto uniform = [&rng] { return static_cast<double>(rng() >> 11) * 0x1.0p-53; };

  Move move{};
  std::size_t level_size = 0;
  bool again = false, opposite = false;
  for (int i = 0; i < tries; ++i) {
    if (!again) {
      // Halves, quarters, ... become possible one after the other in the first half of the tries.
      const double depth = std::min<double>(levels, 1 + 2.0 * levels * i / tries);
      const int level = std::min(levels, static_cast<int>(uniform() * (depth + 1)));
      const std::size_t length = std::max<std::size_t>(1, pieces >> level);
      move.action = static_cast<std::size_t>(uniform() * static_cast<double>(actions));
      move.first = static_cast<std::size_t>(uniform() * static_cast<double>(pieces - length + 1));
      move.last = move.first + length;
      level_size = move.action * static_cast<std::size_t>(levels + 1) + static_cast<std::size_t>(level);
      move.by = static_cast<float>(size[level_size] * (0.5 + uniform()) * (uniform() < 0.5 ? -1 : 1));
      opposite = false;
    }
    Schedule next = start;
    for (std::size_t k = move.first; k < move.last; ++k) {
      float &a = next.action[k][move.action];
      a = std::clamp(a + move.by, -1.f, 1.f);
    }
    const double cost = of(next);
    const bool better = cost < price;
    if (better) start = std::move(next), price = cost;
    double &s = size[level_size];
    s = std::clamp(s * (better ? kGrow : kShrink), kLeastSize, kLargestSize);
    // The same once more; what did not help at all, the other way round.
    again = better || (!again && !opposite);
    if (!better) move.by = -move.by, opposite = true;
  }
  return price;
}

ScheduledController::ScheduledController(const std::string &levers)
    : specification_(stepPolicySpecification({"error"}, "pi-ratio", 1 / kFarthest, kFarthest, levers)) {}

StepController ScheduledController::follow(const Schedule &schedule) {
  return [this, &schedule](TSAdapt adapt) {
    PetscFunctionBegin;
    follower_ = Follower();
    follower_.schedule = &schedule;
    PetscCall(AdaptRLSetTraining(adapt, specification_, &follower_));
    // What guards against policies that lead nowhere guards the rules, not their schedule: 0 shall be the rules.
    adaptRL(adapt).safeguard = false;
    PetscFunctionReturn(PETSC_SUCCESS);
  };
}

void ScheduledController::Follower::decide(const float *, float *action) {
  const auto &now = schedule->action[schedule->piece(time)];
  std::copy(now.begin(), now.end(), action);
  if (failed) std::fill_n(action, now.size(), 0.f);
}

void ScheduledController::Follower::outcome(const Attempt &attempt) {
  failed = attempt.failed;
  time = attempt.accepted ? attempt.t + attempt.h : attempt.t;
}

}  // namespace petrl
