// The episodes that run side by side. No libtorch here.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/archive.hpp"
#include "learn/environment.hpp"
#include "learn/ppo/interior.hpp"

namespace petrl::learn {

/// One running episode and what it takes to make it again: its seed and the actions taken so far.
struct Slot {
  bool open = false;
  std::unique_ptr<GridEpisode> episode;  ///< null after a checkpoint was loaded, until prepare()
  std::uint64_t seed = 0;
  std::vector<float> actions;
  std::int64_t steps = 0;
  double reward = 0;               ///< sum over steps of the mean over points
  std::vector<std::int64_t> rows;  ///< of this iteration, in the rollout
};

/// Checkpoints hold no solver: an episode that was not finished is made again from its seed, and its recorded actions
/// are taken once more. Episodes are deterministic, so that it is the same one.
class EpisodeSlots {
 public:
  /// Seeds differ from episode to episode, and between ranks unless these share the environment. `recording`: episodes outlast an iteration.
  EpisodeSlots(int slots, std::uint64_t seed, int rank, int ranks, bool recording);
  std::vector<Slot> &slots() { return slots_; }
  /// Starts a new episode in this slot.
  void start(GridEnvironment &environment, Slot &slot);
  /// Takes a step. Returns the mean reward over the points that count.
  double step(Slot &slot, const float *action, std::size_t action_size, float *reward, const Interior &interior,
              GridOutcome &outcome) const;
  /// Makes all episodes again that are open but not there.
  void prepare(GridEnvironment &environment, std::size_t action_size, const Interior &interior);

  /// `action_size`: numbers of a step's actions.
  void archive(Archive &archive, std::size_t action_size);

 private:
  std::uint64_t seed_, rank_, ranks_;
  bool recording_;
  std::int64_t started_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace petrl::learn
