// Evolution model and refining policy together: what a policy file of architecture "lamp2d" holds, and its use.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.hpp"
#include "problems/lamp2d/networks.hpp"
#include "problems/lamp2d/solver_meshes.hpp"

namespace petrl::lamp2d {

struct Model {
  Evolution evolution;
  Refiner refiner;
  lamp::CountRule count = lamp::CountRule::expectation;
  double largest_trade_off = .5;  ///< the policy was trained for trade-offs from 0 to this

  /// From a policy file's contents. Throws petrl::Error naming `source`, what was found and expected.
  static Model read(const Policy &policy, const std::string &source);
  /// Kind, observation, action and network; the provenance is the caller's.
  Policy policy() const;
};

/// Decisions at the start, where the solution is known on any mesh.
constexpr int kStartRounds = 4;

/// How meshes change during a roll-out, before each step.
struct Remeshing {
  enum class Kind {
    never,
    policy,     ///< the model's decisions
    solver,     ///< the meshes that a classical solver takes (SolverMeshes): ground truth
    indicator,  ///< an edge is split where the values at its ends differ by more than `threshold`, a vertex taken back
                ///< where they differ by less than `coarsen` times that along all its edges
    adapted     ///< to the true solution half-way between the step's begin and end, see adaptedMesh()
  };
  Kind kind = Kind::never;
  double trade_off = 0;                  ///< policy
  double threshold = .1, coarsen = .25;  ///< indicator, adapted (tolerance)
  int buffer = 1;                        ///< indicator: rings of edges around one that is split, split as well
  SolverMeshes *solver = nullptr;
};

/// One trajectory's prediction, step by step.
struct Rollout {
  std::vector<MeshPtr> mesh;
  std::vector<double> error;  ///< mean squared error at the label points after each step
  std::vector<State> state;
  double deciding = 0, remeshing = 0, predicting = 0;  ///< seconds of all steps
  double vertices() const;                             ///< mean number
  double cells() const;
  double total() const;  ///< mean error over the steps
};

/// Mean squared difference from the labels; with `profile` (label points), each point's share as well.
double stateError(const FlowSet &set, int trajectory, int level, const State &state, float *profile = nullptr);
/// The labels as a mesh has them.
void known(const FlowSet &set, int trajectory, int level, const TriangleMesh &mesh, State &state);

/// Predicts all steps of a trajectory, starting from the labels at time 0 on a mesh. At the start the meshes are adapted
/// kStartRounds times, the solution known on each.
Rollout rollOut(const Model &model, const FlowSet &set, int trajectory, const MeshPtr &start,
                const Remeshing &remeshing);

}  // namespace petrl::lamp2d
