// The small interface between those who learn and the worlds they learn in. No libtorch here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "policy/policy.hpp"

namespace petrl {

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
class Agent {
 public:
  virtual ~Agent() = default;
  /// Observation in, action in [-1, 1] out.
  virtual void decide(const float *observation, float *action) = 0;
  /// Learners store the transition and may update; fixed policies ignore it.
  virtual void record(const Transition &transition) { (void)transition; }
};

/// What `Environment::evaluate` found: `score` is what training minimises (lower is better), `details` for the log.
struct Evaluation {
  double score = 0;
  std::map<std::string, double> details;
};

/// A world in which a policy is trained. Deterministic given the seeds.
class Environment {
 public:
  virtual ~Environment() = default;
  virtual std::string kind() const = 0;  ///< kind of the policies trained here
  virtual ObservationSpec observation() const = 0;
  virtual ActionSpec action() const = 0;
  /// Runs one episode; the agent decides and is told each transition. Returns the undiscounted return.
  virtual double episode(Agent &agent, std::uint64_t seed) = 0;
  /// Validation of a fixed policy on held-out cases.
  virtual Evaluation evaluate(Agent &agent) = 0;
};

/// A learning algorithm. Everything that the next update depends on is in save()/load(): resuming is exact.
class Learner : public Agent {
 public:
  /// The deterministic policy's network as it is now.
  virtual NetworkSpec network() const = 0;
  /// Takes the decisions of the deterministic policy (for validation); not owned by the caller.
  virtual Agent &deterministic() = 0;
  /// Transitions recorded so far.
  virtual std::int64_t steps() const = 0;
  /// Losses, temperature, ... of the latest update, for the log.
  virtual std::map<std::string, double> metrics() const = 0;
  /// Writes the complete state into `path` (one file, whole or not at all).
  virtual void save(const std::string &path) const = 0;
  /// Restores what save() wrote; throws petrl::Error when the file does not fit.
  virtual void load(const std::string &path) = 0;
  /// Fine-tuning: takes over the actor's weights only. Shapes must agree.
  virtual void loadWeights(const NetworkSpec &network) = 0;
};

/// Makes a learner from the YAML text of its section (keys of the algorithm), input and output sizes, and a seed.
using LearnerFactory =
    std::function<std::unique_ptr<Learner>(const std::string &yaml, int observations, int actions, std::uint64_t seed)>;

/// Called by libpetrl_torch when it is loaded.
void registerLearner(const std::string &name, LearnerFactory factory);

/// Finds a learner by name ("tqc"); loads libpetrl_torch if it is not yet there. Throws petrl::Error if unknown.
LearnerFactory findLearner(const std::string &name);

}  // namespace petrl
