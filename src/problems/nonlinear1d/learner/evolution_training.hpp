// The evolution model learns from roll-outs on meshes of all kinds.
#pragma once

#include <vector>

#include "learn/engine/rng.hpp"
#include "problems/lamp/config.hpp"
#include "problems/nonlinear1d/lamp/model.hpp"

namespace petrl::learn {

/// Gradients of the mean squared error over roll-outs of several bundles, with full back-propagation. The meshes change
/// between bundles: adapted (with some noise) to the true solution, thinned at random, or as the policy draws them.
class EvolutionTraining {
 public:
  EvolutionTraining(const EvolutionConfig &config, const nonlinear1d::Nonlinear1DSet &set)
      : config_(config), adapted_(config.meshes == "adapted"), set_(set) {}

  /// Length of the roll-outs after a share of the pre-training.
  int bundles(double progress) const;
  /// Adds the gradient of one batch's loss; returns the loss. policy_share: of the roll-outs whose meshes the policy
  /// draws, with trade-offs up to the largest it is trained for.
  double gradient(const lamp::Model &model, int bundles, double policy_share, Rng &rng, std::vector<float> &gradient);

 private:
  struct Item {
    int trajectory, last;  // its first state's last level
    nonlinear1d::VertexMesh mesh;
    lamp::Bundle state;
    bool policy;
    double trade_off;
  };
  Item draw(const lamp::Model &model, int bundles, double policy_share, Rng &rng) const;
  nonlinear1d::VertexMesh adapted(int trajectory, int last, bool ring, Rng &rng) const;
  void remesh(const lamp::Model &model, std::vector<Item> &items, int bundle, Rng &rng);

  EvolutionConfig config_;
  bool adapted_;
  const nonlinear1d::Nonlinear1DSet &set_;
  // Room that is used again: one entry a bundle.
  std::vector<lamp::Batch> batch_;
  std::vector<GraphNetwork::Record> record_;
  std::vector<std::vector<lamp::Bundle>> prediction_;
};

}  // namespace petrl::learn
