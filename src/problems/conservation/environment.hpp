// Learning where to refine in finite-volume solvers of conservation laws.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "learn/environment.hpp"
#include "problems/conservation/adaptive_run.hpp"
#include "refine/refinement_policy.hpp"

namespace petrl::conservation {

/// YAML keys (environment section, all optional but name):
///   families           list of flows, see drawCase()
///   squares            [least, most] squares along a side of the base mesh
///   halvings           [least, most] times that a diameter may halve
///   steps              [least, most] time steps of the finest mesh between decisions (log-uniform)
///   remesh_cost        what re-meshing costs, in time steps on the same cell
///   unit               relative error that one cell-step is worth at trade-off 1/2
///   odds               [least, most] of beta / (1 - beta) in training (log-uniform)
///   max_cells, max_decisions   of a training episode
///   cfl                Courant number
///   time_stepping      global (default): the step of the smallest cell for all, or local: to each cell its own. Costs
///                      count updates of cells either way; remesh_cost and unit are in such updates
///   components         those of the solution that count: [0] (default; of a gas the density) or more of a gas's 0, 1, 2, 3
///                      (density, momentum, energy), as -refiner_components in users' programs: the policy looks at
///                      each, what it predicts of all is added
///   validation         {cases, odds: list, steps: list, squares, halvings}
///
/// The reward of a decision is (1 - beta) times the error that it saves minus beta times the computation that it costs,
/// against keeping the mesh as it is. Paired runs (Lookahead) tell the error part for each cell and each of its three
/// choices, so that a learner need not try them. Metrics: "reward" is what the policy's choices brought by these
/// numbers, "best reward" what the best choices would have brought.
class ConservationEnvironment : public MeshEnvironment {
 public:
  /// Throws petrl::Error naming line and key.
  explicit ConservationEnvironment(YamlMap yaml);
  void episode(std::uint64_t seed, RefinementPolicy &policy, double explore, std::vector<MeshSample> &samples,
               std::map<std::string, double> &metrics) override;
  /// score: mean of log10(final L1 error times cost) over flows, trade-offs and intervals; cost: cell-steps
  /// and what re-meshing costs by remesh_cost.
  Evaluation evaluate(RefinementPolicy &policy) override;
  Validity validity() const override;

 private:
  RefinementCosts costsAt(double odds) const;

  struct Validation {
    int cases, squares, halvings;
    std::vector<double> odds;
    std::vector<int> steps;
  };
  std::vector<std::string> families_;
  std::vector<int> components_;
  int squares_[2] = {6, 10}, halvings_[2] = {2, 4};
  double steps_[2] = {5, 120}, odds_[2] = {.02, 50};
  double remesh_cost_, unit_, cfl_;
  FiniteVolumeSettings volumes_;
  int max_cells_, max_decisions_;
  Validation validation_;
  struct Held {
    FlowCase flow;
    std::shared_ptr<ErrorMeter> meter;
  };
  std::vector<Held> held_;  // made when first asked for
};

/// The keys time_stepping and components. families: that it must suit.
TimeStepping readTimeStepping(YamlMap &yaml, const std::vector<std::string> &families);
std::vector<int> readComponents(YamlMap &yaml, const std::vector<std::string> &families);

/// Time that `steps` steps take on a mesh refined to `max_level` everywhere where the solution moves as it does at
/// first.
double finestInterval(const FlowCase &flow, const Forest &base, int max_level, double steps, double cfl);

}  // namespace petrl::conservation
