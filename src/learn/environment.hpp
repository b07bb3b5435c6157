// The worlds that policies are trained in. Decisions come in three shapes - a stream, a grid of agents, a mesh of
// agents - and in nothing else do environments differ for a learner.
#pragma once

#include <petscsys.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/grid_size.hpp"
#include "base/registry.hpp"
#include "base/yaml.hpp"
#include "policy/policy.hpp"
#include "refine/mesh_sample.hpp"
#include "refine/refinement_policy.hpp"

namespace petrl {

namespace tape {
class Tape;
struct Var;
}  // namespace tape

/// What validation of a policy found: `score` is what training minimises (lower is better), `details` for the log.
struct Evaluation {
  double score = 0;
  std::map<std::string, double> details;
};

/// A world. Deterministic given the seeds. Derive from one of the three shapes below.
class PETRL_API Environment {
 public:
  virtual ~Environment();
  /// "stream", "grid" or "mesh": kShape of the class.
  virtual const char *shape() const = 0;
  /// Where it trains, as far as it can say, for those who use the policy; all of it once it has evaluated one. Grids:
  /// "step", "spacing", "order"; "ts_type", "scheme", "boundary", "velocity" (the names of its two components). What
  /// they observe, and the Courant numbers, GridLearner adds. Meshes: words "unknowns" (cells, vertices) and "problem";
  /// ranges "halvings", "odds" (of computation against error), "steps" (between decisions); the learner adds what
  /// samples tell.
  virtual Validity validity() const;
};

// --- a stream of decisions ---

/// One decision and what came of it. Observations are network inputs (already offset, scaled, clipped), actions are in
/// [-1, 1].
struct Transition {
  std::vector<float> observation;
  std::vector<float> action;
  float reward = 0;
  std::vector<float> next_observation;
  bool terminal = false;  ///< true: no value beyond (a truncated episode is not terminal)
};

/// Takes decisions and is told their outcome. The environment owns the loop and builds the transitions, so that a
/// decision that was prepared but never carried out is simply not recorded.
class PETRL_API Agent {
 public:
  virtual ~Agent();
  /// Observation in, action in [-1, 1] out.
  virtual void decide(const float *observation, float *action) = 0;
  /// The same for a decision that may never be carried out: the retry of a solve, in case it fails; what would follow
  /// the last step. False, and any action: the environment shall do without.
  virtual bool foresee(const float *observation, float *action) {
    decide(observation, action);
    return true;
  }
  /// Rewards since the latest recorded transition, told before a decision where that transition is recorded after it.
  virtual void earned(double reward) { (void)reward; }
  /// Learners store the transition and may update; fixed policies ignore it.
  virtual void record(const Transition &transition) { (void)transition; }
};

/// A world in which one agent takes one decision after another.
class PETRL_API StreamEnvironment : public Environment {
 public:
  static constexpr const char *kShape = "stream";
  const char *shape() const override { return kShape; }
  virtual std::string kind() const = 0;  ///< kind of the policies trained here
  virtual ObservationSpec observation() const = 0;
  virtual ActionSpec action() const = 0;
  /// Runs one episode; the agent decides and is told each transition. Returns the undiscounted return.
  virtual double episode(Agent &agent, std::uint64_t seed) = 0;
  /// Validation of a fixed policy on held-out cases.
  virtual Evaluation evaluate(Agent &agent) = 0;
};

// --- a grid of agents ---

/// A policy that decides for every point of a periodic grid at once.
/// Arrays are planar: channel by channel, each nz x ny x nx, x fastest.
class PETRL_API GridPolicy {
 public:
  virtual ~GridPolicy();
  /// Network inputs (observations, already offset, scaled and clipped) in, actions in [-1, 1] out.
  virtual void decide(const float *observation, const GridSize &size, float *action) = 0;
};

/// How an episode stands after a step.
enum class GridOutcome {
  running,    ///< goes on
  truncated,  ///< ends here, but the world would go on: bootstrap with the value of the last observation
  terminal    ///< ends, no value beyond
};

/// One episode: a solver and its reference, one agent a point. Episodes are independent of each other.
class PETRL_API GridEpisode {
 public:
  virtual ~GridEpisode();
  /// What the agents see: observation names x nz x ny x nx network inputs.
  virtual void observe(float *observation) const = 0;
  /// Takes the actions (action channels x nz x ny x nx; clamped to [-1, 1]), gives each point its reward (nz x ny x nx;
  /// finite, also at points of the margin, where it is not counted).
  virtual GridOutcome step(const float *action, float *reward) = 0;
  /// The rewards of the next step count from what this action would earn: known exactly, that need not be learned. The
  /// episode stays where it is. Throws petrl::Error where that is not known.
  virtual void compare(const float *action);
  /// The same where nobody asks for rewards, for learners that are told what the action should have been: returns the
  /// loss that is left, and its derivative with respect to the action. Throws petrl::Error where that is not known.
  virtual GridOutcome descend(const float *action, float *gradient, double &loss);

  // For learners that differentiate through a model of the solver (see GridEnvironment::record); throw petrl::Error
  // where there is none.
  /// The coarse solver's state as it is now (components x ny x nx). A state given back with setState() goes on from
  /// there.
  virtual std::vector<double> state() const;
  virtual void setState(const std::vector<double> &state);
  /// The reference restricted to the coarse grid (components x ny x nx) at the time of state().
  virtual std::vector<double> target() const;
  /// Fields that the agents see beside the state and that do not change (fields x ny x nx; may be empty). The
  /// observation is the state's components, then these.
  virtual std::vector<double> parameters() const { return {}; }
};

/// A world of grid episodes.
class PETRL_API GridEnvironment : public Environment {
 public:
  static constexpr const char *kShape = "grid";
  const char *shape() const override { return kShape; }
  virtual std::string kind() const = 0;  ///< kind of the policies trained here
  virtual ObservationSpec observation() const = 0;
  virtual ActionSpec action() const = 0;
  virtual int nx() const = 0;
  virtual int ny() const = 0;
  virtual int nz() const { return 1; }
  /// Those that networks are for: directions with one point only do not count, from z down.
  virtual int dimensions() const { return nz() > 1 ? 3 : ny() > 1 ? 2 : 1; }
  /// So many points on either side, in each direction that the grid has, are there to be seen only: what lies around a
  /// part of a grid that is not periodic, or distributed. Loss, entropy, advantages and returns are those of the points
  /// inside; with a margin as wide as the network's reach their answers are right, whatever lies beyond.
  virtual int margin() const { return 0; }
  GridSize size() const { return {nx(), ny(), nz()}; }
  /// Whether all ranks of PETSC_COMM_WORLD take part in every episode, each with its part of one grid (and a margin):
  /// then episode(), what episodes do, and evaluate() are collective, and end alike on all.
  virtual bool shared() const { return false; }
  /// Each point's reward becomes the mean of those up to so many points away; by default on a periodic grid.
  virtual void spread(float *reward, int reach) const;
  /// A new training episode. Reentrant: episodes may be made and stepped in any order.
  virtual std::unique_ptr<GridEpisode> episode(std::uint64_t seed) = 0;
  /// Records what step() does to the state, for learners that differentiate through the solver: the correction by the
  /// network's output (action channels, not clamped), then the coarse solver's step. parameters: see
  /// GridEpisode::parameters(); id -1 where there are none. What counts is the gradient: it may be that of a related
  /// scheme. Throws petrl::Error where there is none.
  virtual tape::Var record(tape::Tape &tape, tape::Var state, tape::Var parameters, tape::Var output) const;
  /// Validation of a fixed policy on held-out cases (never the test cases).
  virtual Evaluation evaluate(GridPolicy &policy) = 0;
};

// --- a mesh of agents ---

/// A world in which a policy re-meshes a solver's mesh.
class PETRL_API MeshEnvironment : public Environment {
 public:
  static constexpr const char *kShape = "mesh";
  const char *shape() const override { return kShape; }
  /// Runs one training episode under the policy (with random deviations), and appends a sample for each decision.
  /// `explore`: from 0 (the policy decides) to 1 (chance decides). Adds to `metrics` (sums): "decisions", "cells",
  /// "reward", "best reward" (see the environment), and what else it counts.
  virtual void episode(std::uint64_t seed, RefinementPolicy &policy, double explore, std::vector<MeshSample> &samples,
                       std::map<std::string, double> &metrics) = 0;
  /// Validation on held-out cases (never the test cases).
  virtual Evaluation evaluate(RefinementPolicy &policy) = 0;
  /// Whether all ranks play one episode together, and the first one gets all samples. Otherwise each has its own.
  virtual bool together() const { return false; }
};

// --- by name ---

/// Makes an environment from its section of the YAML file (every key of which it asks for). Throws petrl::Error naming
/// file, line and key.
struct EnvironmentEntry {
  const char *shape;  ///< null: only known once it is made
  std::function<std::unique_ptr<Environment>(YamlMap yaml)> make;
};

/// Loads the libraries of the key `plugins` (names with a slash: from the folder of `file`, which holds them), which
/// register what they have. Throws petrl::Error. Collective over comm.
PETRL_API void loadPlugins(MPI_Comm comm, YamlMap &yaml, const std::string &file);

/// Environments by name. Those of libpetrl_problems come when a name is asked for that is not there; plugins add theirs
/// with PetRLEnvironmentRegister().
PETRL_API Registry<EnvironmentEntry> &environments();

/// The environment that a section's key `name` says. Throws petrl::Error naming file, line and key, also if it is not of
/// the shape that `learner` needs.
PETRL_API std::unique_ptr<Environment> makeEnvironment(YamlMap yaml, const char *shape, const std::string &learner);

template <typename Shape>
std::unique_ptr<Shape> makeEnvironment(YamlMap yaml, const std::string &learner) {
  return std::unique_ptr<Shape>(
      static_cast<Shape *>(makeEnvironment(std::move(yaml), Shape::kShape, learner).release()));
}

}  // namespace petrl
