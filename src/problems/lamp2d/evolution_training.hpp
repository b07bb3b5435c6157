// How the evolution model on triangulations learns.
#pragma once

#include <vector>

#include "learn/engine/rng.hpp"
#include "problems/lamp/config.hpp"
#include "problems/lamp2d/model.hpp"

namespace petrl::lamp2d {

/// Gradients of the mean squared error over roll-outs of several steps, with full back-propagation. Meshes by the key
/// "meshes": uniform (one of two, at random; they stay), truth (those of the classical solver,
/// under one of its rules), adapted (now and then
/// uniform, mostly to the truth, with random tolerances and noise, a new one before most steps).
class EvolutionTraining {
 public:
  EvolutionTraining(const learn::EvolutionConfig &config, const FlowSet &set, std::vector<SolverMeshes> &solvers)
      : config_(config), set_(set), solvers_(solvers) {}

  /// Length of the roll-outs after a share of the pre-training.
  int steps(double progress) const;
  /// Adds the gradient of one batch's loss; returns the loss. policy_share: of the roll-outs whose meshes the policy
  /// draws, with trade-offs up to the largest it is trained for.
  double gradient(const Model &model, int steps, double policy_share, learn::Rng &rng, std::vector<float> &gradient);

 private:
  struct Item {
    int trajectory, level;  // where it begins
    MeshPtr mesh;
    State state;
    bool policy, uniform;
    double trade_off;
    std::size_t solver = 0;
  };
  Item draw(const Model &model, int steps, double policy_share, learn::Rng &rng) const;
  MeshPtr adapted(int trajectory, int level, learn::Rng &rng) const;
  /// Before step k; while the state is known (k = 0) it is so on the new mesh.
  void remesh(const Model &model, std::vector<Item> &items, int k, learn::Rng &rng);

  learn::EvolutionConfig config_;
  const FlowSet &set_;
  std::vector<SolverMeshes> &solvers_;
  // Room that is used again: one entry a step.
  std::vector<Batch> batch_;
  std::vector<GraphNetwork::Record> record_;
  std::vector<std::vector<State>> prediction_;
};

}  // namespace petrl::lamp2d
