// The policy of LAMP learns from roll-outs that are compared with never re-meshing.
#pragma once

#include <vector>

#include "base/archive.hpp"
#include "learn/engine/rng.hpp"
#include "problems/nonlinear1d/lamp/model.hpp"
#include "problems/nonlinear1d/learner/config.hpp"

namespace petrl::learn {

/// A mean over the roll-outs of one update, by name.
struct LampStatistics {
  static constexpr const char *kNames[] = {"reward",      "policy_error",  "still_error", "vertices",
                                           "split_count", "coarsen_count", "entropy",     "value_error"};
  static constexpr std::size_t kCount = sizeof(kNames) / sizeof(kNames[0]);
  double value[kCount] = {};
};

/// Policy gradients. From every start several roll-outs are drawn, and one that never re-meshes. Reward of a bundle:
///   5 (1 - beta) (error without re-meshing - error) + beta (vertices without - vertices) / 100.
/// What a decision is credited with is a mean or a discounted sum of the rewards from there on, less a baseline: the
/// mean of the other roll-outs from the same start, or the value where there is only one. With local credit, the choice
/// of an edge is credited with the errors near it alone (nearness grows with time, as what happens there spreads);
/// how many edges are chosen, with everything.
///
/// Roll-outs go on from where others ended, so that the policy meets the meshes and states it makes itself.
class ActorCritic {
 public:
  ActorCritic(const PolicyConfig &config, const nonlinear1d::Nonlinear1DSet &set)
      : config_(config), set_(set), slots_(static_cast<std::size_t>(config.batch)) {}

  /// Makes one update's experience; adds the loss's gradient with respect to the policy's weights.
  LampStatistics gradient(const lamp::Model &model, Rng &rng, std::vector<float> &gradient);

  /// What the next update depends on: this rank's starts.
  void archive(Archive &archive, bool ring);

 private:
  struct Slot {
    int segments = 0;  ///< roll-outs that go on from here; 0: a new start is due
    int trajectory = 0, last = 0;
    nonlinear1d::VertexMesh mesh;
    lamp::Bundle state;
  };
  struct Experience;
  void start(Slot &slot, bool ring, Rng &rng) const;
  void rollOut(const lamp::Model &model, Experience &x, Rng &rng) const;
  void rollOutStill(const lamp::Model &model, Experience &x) const;
  void targets(Experience &x) const;
  double weight(int now, int later) const;  // of a later reward in a decision's target
  void localCredit(const Experience &x, std::size_t step, std::size_t i, lamp::Factors &credit) const;
  LampStatistics learn(const lamp::Model &model, Experience &x, std::vector<float> &gradient) const;
  std::size_t samples() const { return static_cast<std::size_t>(config_.samples_per_start); }
  std::size_t horizon() const { return static_cast<std::size_t>(config_.horizon); }

  PolicyConfig config_;
  const nonlinear1d::Nonlinear1DSet &set_;
  std::vector<Slot> slots_;
};

}  // namespace petrl::learn
