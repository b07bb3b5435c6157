// The learning environment that advection and Burgers' equation share.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "learn/environment.hpp"
#include "problems/grid2d/corrector.hpp"
#include "problems/grid2d/model.hpp"
#include "problems/grid2d/simulation.hpp"
#include "problems/grid2d/trajectory.hpp"

namespace petrl::grid2d {

/// What one step is worth to a point.
enum class Reward {
  /// The paper's: (e^2 before the action) - (e^2 after it), e = state - restricted fine state, both now.
  immediate,
  /// The same difference after the next coarse step, with the action and without: what the action alone does to the
  /// state that follows.
  after_step
};

/// The choices of a closure environment. The defaults are the paper's advection case.
struct ClosureSettings {
  Scheme scheme;
  Reward reward = Reward::immediate;
  double reward_scale = 1;  ///< rewards are multiplied by it: squared errors are tiny (1e-5)
  /// Appendix E of the paper: every point pays so much times the deviation of the mean from what it should be, |mean of
  /// the state - mean of the restricted fine one|, summed over the components.
  double mass_penalty = 0;
  double max_error = 0.015;  ///< relative error that ends an episode
  int min_steps = 4;         ///< but not before so many steps
  int max_steps = 100;
  double noise = 0;  ///< standard deviation of what is added to the initial coarse state
  int pool = 0;      ///< so many different cases, whose fine solutions are kept in memory; 0: always new ones
  int validation_cases = 12, validation_steps = 50;
  bool geometric = false;  ///< the score is the geometric mean of the cases' errors: the few worst do not decide
};

/// Reads sizes: keys n, ratio, substeps, dt_factor. Throws petrl::Error.
Sizes readSizes(YamlMap &yaml, const Sizes &fallback);

/// Reads the keys scheme, integrator, diffusion_order, modified, reward (immediate | after-step), reward_scale, mass_penalty, noise,
/// pool, episode: {max_error, min_steps, max_steps}, validation: {cases, steps, mean: arithmetic | geometric (of the
/// cases' errors)}. Throws petrl::Error.
ClosureSettings readSettings(YamlMap &yaml, const Model &model, const ClosureSettings &fallback);

/// Order of one step: the action changes the state; the reward is taken; the coarse solver steps; the fine one does its
/// substeps. The error is that after both steps.
class ClosureEnvironment : public GridEnvironment {
 public:
  std::string kind() const override { return "closure"; }
  ObservationSpec observation() const override { return specification_.observation; }
  ActionSpec action() const override { return specification_.action; }
  int nx() const override { return model().sizes().n; }
  int ny() const override { return model().sizes().n; }
  Validity validity() const override;
  std::unique_ptr<GridEpisode> episode(std::uint64_t seed) override;
  tape::Var record(tape::Tape &tape, tape::Var state, tape::Var parameters, tape::Var output) const override;
  /// Score: mean over the validation cases of the relative error in percent after the last step, arithmetic or
  /// geometric. Details (percent, arithmetic means):
  /// relative_error_25 (half way), relative_error_50 (the end), mass_error_50, the same without a policy
  /// (base_relative_error_...), and the number of cases; the names carry the number of steps.
  Evaluation evaluate(GridPolicy &policy) override;

  virtual const Model &model() const = 0;
  const ClosureSettings &settings() const { return settings_; }
  /// Kind, observation and action of the policies, no network.
  const Policy &specification() const { return specification_; }
  /// A random case; those for validation are never trained on (where there are enough of them).
  virtual Case draw(bool validation, std::uint64_t seed) const = 0;

 protected:
  /// Reads unseen_state and the section `action`, and completes the specification: psi, u, v (or u, v) are observed as
  /// they are, with unseen_state: true u, v only. Throws
  /// petrl::Error where the transform does not fit. model() must be ready.
  void specify(YamlMap &yaml, const Model &model, const std::string &transform, double bound);
  ClosureSettings settings_;
  Policy specification_;

 private:
  struct Validation {
    Case c;
    Reference reference;
    Errors base;  // without a policy
  };
  std::vector<Validation> validation_;
  std::map<std::uint64_t, std::shared_ptr<Trajectory>> pool_;
};

}  // namespace petrl::grid2d
