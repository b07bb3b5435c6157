#include "learn/ppo/slots.hpp"

#include <cmath>

#include "base/error.hpp"

namespace petrl::learn {

EpisodeSlots::EpisodeSlots(int slots, std::uint64_t seed, int rank, int ranks, bool recording)
    : seed_(seed),
      rank_(static_cast<std::uint64_t>(rank)),
      ranks_(static_cast<std::uint64_t>(ranks)),
      recording_(recording),
      slots_(static_cast<std::size_t>(slots)) {}

void EpisodeSlots::start(GridEnvironment &environment, Slot &slot) {
  const auto count = static_cast<std::uint64_t>(started_++);
  const std::uint64_t number = environment.shared() ? count : count * ranks_ + rank_;
  slot = Slot();
  slot.open = true;
  slot.seed = seed_ * 1000003ull + number;
  slot.episode = environment.episode(slot.seed);
}

double EpisodeSlots::step(Slot &slot, const float *action, std::size_t action_size, float *reward,
                          const Interior &interior, GridOutcome &outcome) const {
  outcome = slot.episode->step(action, reward);
  double mean = 0;
  interior.each([&](std::size_t i) { mean += static_cast<double>(reward[i]); });
  mean /= static_cast<double>(interior.count());
  if (!std::isfinite(mean)) {
    throw Error("learner ppo: a reward is not finite, in step " + std::to_string(slot.steps) +
                    " of the episode with seed " + std::to_string(slot.seed),
                PETSC_ERR_FP);
  }
  if (recording_) slot.actions.insert(slot.actions.end(), action, action + action_size);
  slot.reward += mean;
  ++slot.steps;
  if (outcome != GridOutcome::running) slot.open = false;
  return mean;
}

void EpisodeSlots::prepare(GridEnvironment &environment, std::size_t action_size, const Interior &interior) {
  std::vector<float> reward(interior.points());
  for (Slot &slot : slots_) {
    if (!slot.open || slot.episode) continue;
    std::vector<float> actions;
    actions.swap(slot.actions);
    const std::int64_t steps = slot.steps;
    const double reward_before = slot.reward;  // may have counted from what the policy of then would earn
    slot.steps = 0;
    slot.episode = environment.episode(slot.seed);
    for (std::int64_t s = 0; s < steps; ++s) {
      GridOutcome outcome;
      step(slot, actions.data() + static_cast<std::size_t>(s) * action_size, action_size, reward.data(), interior,
           outcome);
      if (outcome != GridOutcome::running) {
        throw Error(
            "learner ppo: an episode that ran on when the checkpoint was written now ends: the environment is "
            "another one, or not deterministic");
      }
    }
    slot.reward = reward_before;
  }
}

void EpisodeSlots::archive(Archive &a, std::size_t action_size) {
  a("started", started_);
  a.list(
      "slots", slots_,
      [&](Archive &, Slot &slot) {
        a("open", slot.open);
        a("seed", slot.seed);
        a("steps", slot.steps);
        a("reward", slot.reward);
        a("actions", slot.actions);
        const std::size_t expected = slot.open && recording_ ? static_cast<std::size_t>(slot.steps) * action_size : 0;
        if (slot.steps < 0 || (slot.open && slot.actions.size() != expected))
          a.fail("actions",
                 "found " + std::to_string(slot.actions.size()) + " numbers, expected " + std::to_string(expected));
      },
      true);
}

}  // namespace petrl::learn
