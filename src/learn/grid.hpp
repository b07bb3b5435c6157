// Learning on a grid: one agent a grid point, one policy for all of them. No libtorch here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "learn/agent.hpp"
#include "policy/policy.hpp"

namespace petrl {

namespace tape {
class Tape;
struct Var;
}  // namespace tape

/// A policy that decides for every point of a periodic grid at once.
/// Arrays are planar: channel by channel, each ny x nx, x fastest.
class GridPolicy {
 public:
  virtual ~GridPolicy() = default;
  /// Network inputs (observations, already offset, scaled and clipped) in, actions in [-1, 1] out.
  virtual void decide(const float *observation, int nx, int ny, float *action) = 0;
};

/// How an episode stands after a step.
enum class GridOutcome {
  running,    ///< goes on
  truncated,  ///< ends here, but the world would go on: bootstrap with the value of the last observation
  terminal    ///< ends, no value beyond
};

/// One episode: a solver and its reference, one agent a point. Episodes are independent of each other.
class GridEpisode {
 public:
  virtual ~GridEpisode() = default;
  /// What the agents see: observation names x ny x nx network inputs.
  virtual void observe(float *observation) const = 0;
  /// Takes the actions (action channels x ny x nx; clamped to [-1, 1]), gives each point its reward (ny x nx).
  virtual GridOutcome step(const float *action, float *reward) = 0;
  /// The coarse solver's state as it is now (components x ny x nx), for learners that differentiate through a model
  /// of the solver. A state given back with setState() goes on from there.
  virtual std::vector<double> state() const = 0;
  virtual void setState(const std::vector<double> &state) = 0;
  /// The reference restricted to the coarse grid (components x ny x nx) at the time of state().
  virtual std::vector<double> target() const = 0;
  /// Fields that the agents see beside the state and that do not change (fields x ny x nx; may be empty). The
  /// observation is the state's components, then these.
  virtual std::vector<double> parameters() const { return {}; }
};

/// A world of grid episodes. Deterministic given the seeds.
class GridEnvironment {
 public:
  virtual ~GridEnvironment() = default;
  virtual std::string kind() const = 0;  ///< kind of the policies trained here
  virtual ObservationSpec observation() const = 0;
  virtual ActionSpec action() const = 0;
  virtual int nx() const = 0;
  virtual int ny() const = 0;
  /// A new training episode. Reentrant: episodes may be made and stepped in any order.
  virtual std::unique_ptr<GridEpisode> episode(std::uint64_t seed) = 0;
  /// Records what step() does to the state, for learners that differentiate through the solver: the correction by the
  /// network's output (action channels, not clamped), then the coarse solver's step. parameters: see
  /// GridEpisode::parameters(); id -1 where there are none. Throws petrl::Error where a solver cannot be recorded.
  virtual tape::Var record(tape::Tape &tape, tape::Var state, tape::Var parameters, tape::Var output) const;
  /// Validation of a fixed policy on held-out cases (never the test cases).
  virtual Evaluation evaluate(GridPolicy &policy) = 0;
};

/// A learning algorithm for grids. It owns the loop over episodes, so that it can batch them.
/// Everything that the next update depends on is in save()/load(): resuming is exact.
class GridLearner {
 public:
  virtual ~GridLearner() = default;
  /// Collects experience and updates, once. Collective when PETSC_COMM_WORLD has several ranks: each rank runs its
  /// own episodes, gradients are averaged, weights stay the same on all.
  virtual void iterate(GridEnvironment &environment) = 0;
  /// Environment steps taken so far (coarse steps of all episodes on all ranks).
  virtual std::int64_t steps() const = 0;
  virtual std::int64_t episodes() const = 0;
  /// The deterministic policy's network as it is now, and the policy itself (owned by the learner).
  virtual NetworkSpec network() const = 0;
  virtual GridPolicy &deterministic() = 0;
  /// Mean return, episode length, losses, entropy, ... since the last call, for the log.
  virtual std::map<std::string, double> metrics() = 0;
  virtual void save(const std::string &path) const = 0;
  virtual void load(const std::string &path) = 0;
  /// Takes over the weights of a policy's network (fine-tuning, warm start). Shapes must agree.
  virtual void loadWeights(const NetworkSpec &network) = 0;
};

/// Makes a grid learner from the YAML text of its section, the numbers of channels, and a seed.
using GridLearnerFactory = std::function<std::unique_ptr<GridLearner>(const std::string &yaml, int observations,
                                                                      int actions, std::uint64_t seed)>;

/// Called by libpetrl_torch when it is loaded.
void registerGridLearner(const std::string &name, GridLearnerFactory factory);

/// Finds a grid learner by name ("ppo"); loads libpetrl_torch if it is not yet there. Throws petrl::Error if unknown.
GridLearnerFactory findGridLearner(const std::string &name);

}  // namespace petrl
