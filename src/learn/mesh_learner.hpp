// Learning where to refine: learners that own their world. No libtorch here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/yaml.hpp"
#include "learn/agent.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// A learner whose meshes change under it: graphs of every size, decisions that move what is decided next. It makes its
/// environment from the configuration's section, and batches as it likes.
/// Everything that the next update depends on is in save()/load(): resuming is exact.
class MeshLearner {
 public:
  virtual ~MeshLearner() = default;
  /// Collects experience and updates, once. Collective when PETSC_COMM_WORLD has several ranks: each rank makes its own
  /// experience, gradients are averaged, weights stay the same on all.
  virtual void iterate() = 0;
  virtual std::int64_t steps() const = 0;     ///< decisions taken so far, on all ranks
  virtual std::int64_t episodes() const = 0;  ///< roll-outs so far, on all ranks
  /// Validation on held-out cases (never the test cases); score: lower is better.
  virtual Evaluation evaluate() = 0;
  /// The policy as it is now (provenance is the caller's).
  virtual Policy policy() const = 0;
  /// Mean return, losses, ... since the last call, for the log.
  virtual std::map<std::string, double> metrics() = 0;
  virtual void save(const std::string &path) const = 0;
  virtual void load(const std::string &path) = 0;
  /// Takes over the weights of a policy (fine-tuning, warm start). Shapes must agree.
  virtual void loadWeights(const NetworkSpec &network) = 0;
};

/// Makes a mesh learner from the YAML text of its own section, the environment's section, and a seed.
using MeshLearnerFactory =
    std::function<std::unique_ptr<MeshLearner>(const std::string &yaml, YamlMap &environment, std::uint64_t seed)>;

/// Called by libpetrl_torch when it is loaded.
void registerMeshLearner(const std::string &name, MeshLearnerFactory factory);

/// Finds a mesh learner by name ("lamp"); loads libpetrl_torch if it is not yet there. Throws petrl::Error if unknown.
MeshLearnerFactory findMeshLearner(const std::string &name);

}  // namespace petrl
