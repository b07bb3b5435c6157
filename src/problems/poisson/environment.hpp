// Learning where to refine in finite element solutions of Poisson's equation.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "learn/environment.hpp"
#include "problems/poisson/lookahead.hpp"
#include "problems/poisson/reference.hpp"

namespace petrl::poisson {

/// YAML keys (environment section, all optional but name):
///   squares      squares a unit length of the coarsest mesh (even)
///   rounds       of refinement; cells are halved at most as often
///   gain         value | energy | dual: what the policy learns, see GainKind
///   unit         relative error that a cell is worth at trade-off 1/2
///   odds         [least, most] of beta / (1 - beta) in training (log-uniform)
///   max_cells    of a training episode
///   validation   {cases, odds: list, reference: uniform refinements behind the reference}
///
/// A decision's reward is (1 - beta) times the error that it saves minus beta times the cells that it adds (the
/// benchmark counts cells). A paired solve on the everywhere refined mesh tells what each cell's refinement saves, so
/// that a learner need not try it; meshes are never coarsened. Metrics as those of the conservation laws.
class PoissonEnvironment : public MeshEnvironment {
 public:
  /// Throws petrl::Error naming line and key.
  explicit PoissonEnvironment(YamlMap yaml);
  void episode(std::uint64_t seed, RefinementPolicy &policy, double explore, std::vector<MeshSample> &samples,
               std::map<std::string, double> &metrics) override;
  /// score: mean of log10(error times cells) over held-out cases and odds; error: mean |u - reference| over that of the
  /// coarsest mesh.
  Evaluation evaluate(RefinementPolicy &policy) override;
  Validity validity() const override;
  /// The same for the best policy there is for the gain: paired solves in its place.
  Evaluation evaluateLookahead();

 private:
  struct Held {
    GaussianLoad load;
    std::shared_ptr<PoissonReference> reference;
    double coarsest;
  };
  const std::vector<Held> &held();
  Evaluation validate(RefinementPolicy *policy);

  int squares_, rounds_, max_cells_;
  GainKind gain_;
  double unit_, odds_[2] = {.02, 200};
  struct {
    int cases, reference;
    std::vector<double> odds;
  } validation_;
  std::vector<Held> held_;  // made when first asked for
};

/// The cells whose refinement saves more than its price: three more cells at `price` each, in error relative to the
/// solution's range. gain: densities as of lookahead(). No cell may exceed max_level bisections.
void decide(const std::vector<double> &gain, const AdaptivePoisson &now, double price, int max_level,
            RefinementDecision &out);

/// The gains that the policy predicts; it sees the solution's mean and gradient in the cells and, as rate, the cell's
/// area times the mean of the right-hand side.
void predict(RefinementPolicy &policy, const AdaptivePoisson &now, std::vector<double> &gain);

}  // namespace petrl::poisson
