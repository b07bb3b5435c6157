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
  const auto number = static_cast<std::uint64_t>(started_++) * ranks_ + rank_;
  slot = Slot();
  slot.open = true;
  slot.seed = seed_ * 1000003ull + number;
  slot.episode = environment.episode(slot.seed);
}

double EpisodeSlots::step(Slot &slot, const float *action, std::size_t action_size, float *reward, std::size_t points,
                          GridOutcome &outcome) const {
  outcome = slot.episode->step(action, reward);
  double mean = 0;
  for (std::size_t i = 0; i < points; ++i) mean += static_cast<double>(reward[i]);
  mean /= static_cast<double>(points);
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

void EpisodeSlots::prepare(GridEnvironment &environment, std::size_t action_size) {
  const std::size_t points = static_cast<std::size_t>(environment.nx()) * static_cast<std::size_t>(environment.ny());
  std::vector<float> reward(points);
  for (Slot &slot : slots_) {
    if (!slot.open || slot.episode) continue;
    std::vector<float> actions;
    actions.swap(slot.actions);
    const std::int64_t steps = slot.steps;
    slot.steps = 0;
    slot.reward = 0;
    slot.episode = environment.episode(slot.seed);
    for (std::int64_t s = 0; s < steps; ++s) {
      GridOutcome outcome;
      step(slot, actions.data() + static_cast<std::size_t>(s) * action_size, action_size, reward.data(), points,
           outcome);
      if (outcome != GridOutcome::running) {
        throw Error(
            "learner ppo: an episode that ran on when the checkpoint was written now ends: the environment is "
            "another one, or not deterministic");
      }
    }
  }
}

void EpisodeSlots::pack(std::vector<std::int64_t> &numbers, std::vector<float> &actions) const {
  numbers = {started_};
  for (const Slot &slot : slots_) {
    numbers.push_back(slot.open ? 1 : 0);
    numbers.push_back(static_cast<std::int64_t>(slot.seed));
    numbers.push_back(slot.steps);
    if (slot.open) actions.insert(actions.end(), slot.actions.begin(), slot.actions.end());
  }
}

bool EpisodeSlots::unpack(const std::vector<std::int64_t> &numbers, const std::vector<float> &actions,
                          std::size_t action_size) {
  if (numbers.size() != 1 + 3 * slots_.size()) return false;
  std::vector<Slot> slots(slots_.size());
  std::size_t offset = 0, n = 1;
  for (Slot &slot : slots) {
    slot.open = numbers[n++] != 0;
    slot.seed = static_cast<std::uint64_t>(numbers[n++]);
    slot.steps = numbers[n++];
    if (!slot.open) continue;
    if (slot.steps < 0) return false;
    const std::size_t size = static_cast<std::size_t>(slot.steps) * action_size;
    if (size > actions.size() - offset) return false;
    const auto begin = actions.begin() + static_cast<std::ptrdiff_t>(offset);
    slot.actions.assign(begin, begin + static_cast<std::ptrdiff_t>(size));
    offset += size;
  }
  if (offset != actions.size()) return false;
  started_ = numbers[0];
  slots_ = std::move(slots);
  return true;
}

}  // namespace petrl::learn
