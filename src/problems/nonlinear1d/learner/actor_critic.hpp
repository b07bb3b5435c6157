// The policy of LAMP learns from roll-outs that are compared with never re-meshing.
#pragma once

#include <vector>

#include "base/archive.hpp"
#include "learn/engine/rng.hpp"
#include "problems/lamp/policy_gradient.hpp"
#include "problems/nonlinear1d/lamp/model.hpp"

namespace petrl::learn {

/// From every start several roll-outs are drawn, and one that never re-meshes; see PolicyGradient. With local credit what
/// is near an edge grows with time, as what happens there spreads.
///
/// Roll-outs go on from where others ended, so that the policy meets the meshes and states it makes itself.
class ActorCritic {
 public:
  ActorCritic(const PolicyConfig &config, const nonlinear1d::Nonlinear1DSet &set)
      : gradient_(config), set_(set), slots_(static_cast<std::size_t>(config.batch)) {}

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
  void localCredit(const Experience &x, std::size_t step, std::size_t i, lamp::Factors &credit) const;

  PolicyGradient gradient_;
  const nonlinear1d::Nonlinear1DSet &set_;
  std::vector<Slot> slots_;
};

}  // namespace petrl::learn
