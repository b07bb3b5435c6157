// The policy on triangulations learns from roll-outs that are compared with never re-meshing.
#pragma once

#include <vector>

#include "base/archive.hpp"
#include "learn/engine/rng.hpp"
#include "problems/lamp/policy_gradient.hpp"
#include "problems/lamp2d/model.hpp"

namespace petrl::lamp2d {

/// From every start several roll-outs are drawn, and one that never re-meshes; see learn::PolicyGradient. With local
/// credit the choice of an edge or a vertex answers for the errors in a square about it, which grows with time.
///
/// Roll-outs go on from where others ended, so that the policy meets the meshes and states it makes itself.
class ActorCritic {
 public:
  ActorCritic(const learn::PolicyConfig &config, const FlowSet &set)
      : gradient_(config), set_(set), slots_(static_cast<std::size_t>(config.batch)) {}

  /// Makes one update's experience; adds the loss's gradient with respect to the policy's weights. demonstrated: it
  /// imitates towards() with a tolerance that grows with the trade-off, wherever its own decisions lead.
  learn::LampStatistics gradient(const Model &model, bool demonstrated, learn::Rng &rng, std::vector<float> &gradient);

  /// What the next update depends on: this rank's starts.
  void archive(Archive &archive);

 private:
  struct Slot {
    int segments = 0;  ///< roll-outs that go on from here; 0: a new start is due
    int trajectory = 0, level = 0;
    bool known = true;  ///< the state is the truth, on any mesh
    MeshPtr mesh;
    State state;
  };
  struct Experience;
  void start(const Model &model, Slot &slot, learn::Rng &rng) const;
  void rollOut(const Model &model, Experience &x, learn::Rng &rng) const;
  void rollOutStill(const Model &model, Experience &x) const;
  std::vector<lamp::Heads> imitation(const Experience &x, std::size_t step) const;
  void localCredit(const Experience &x, std::size_t step, std::size_t i, lamp::Factors &credit) const;
  const conservation::FlowCase &flow(const Slot &slot) const {
    return set_.flows[static_cast<std::size_t>(slot.trajectory)];
  }

  learn::PolicyGradient gradient_;
  const FlowSet &set_;
  std::vector<Slot> slots_;
};

}  // namespace petrl::lamp2d
