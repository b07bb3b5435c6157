// A learning algorithm in its environment: the one shape that the trainer knows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/archive.hpp"
#include "base/registry.hpp"
#include "base/yaml.hpp"
#include "learn/environment.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// A learner owns its environment. Everything that the next update depends on is in archive(): resuming is exact, and so
/// is the log.
class PETRL_API Learner {
 public:
  virtual ~Learner();
  /// Collects experience and updates, once. Collective over PETSC_COMM_WORLD where several ranks train: each makes its
  /// own experience, gradients are averaged, weights stay the same on all.
  virtual void iterate() = 0;
  /// Whether it trains on several ranks.
  virtual bool parallel() const { return true; }
  virtual std::int64_t steps() const = 0;     ///< decisions taken so far, on all ranks
  virtual std::int64_t episodes() const = 0;  ///< episodes so far, on all ranks
  /// Validation on held-out cases (never the test cases); score: lower is better.
  virtual Evaluation evaluate() = 0;
  /// Whether evaluate() is collective over PETSC_COMM_WORLD, and the same on all ranks.
  virtual bool together() const { return false; }
  /// How much of a training is over, from 0 to 1, before an iteration: for schedules of trainings whose number of steps
  /// is not known.
  virtual void schedule(double done) { (void)done; }
  /// Whether it goes on in another way from there, so that what it has come to is validated first.
  virtual bool turns(double done) const {
    (void)done;
    return false;
  }
  /// The deterministic policy as it is now (provenance is the caller's).
  virtual Policy policy() const = 0;
  /// What the log shows, since the last call: losses, ..., and "mean_return" (not finite: no episode has ended).
  virtual std::map<std::string, double> metrics() = 0;
  /// All of its state: what the next update and the log depend on.
  virtual void archive(Archive &archive) = 0;
  /// Writes the complete state into `path` (one file, whole or not at all). Collective.
  void save(const std::string &path);
  /// Restores what save() wrote; throws petrl::Error when the file does not fit, and is then what it was. Collective.
  void load(const std::string &path);
  /// Takes over a policy's weights (fine-tuning, warm start). Shapes must agree. Throws petrl::Error.
  virtual void loadWeights(const NetworkSpec &network) = 0;
};

/// Makes a learner from its section of the YAML file, the environment's section, and a seed. Throws petrl::Error naming
/// file, line and key.
using LearnerFactory = std::function<std::unique_ptr<Learner>(YamlMap keys, YamlMap environment, std::uint64_t seed)>;

/// Learners by name. Those that belong to one problem come with libpetrl_problems.
PETRL_API Registry<LearnerFactory> &learners();

/// Decides as another does, and notes what there was to see.
class PETRL_API WatchedGridPolicy : public GridPolicy {
 public:
  WatchedGridPolicy(GridPolicy &policy, const ObservationSpec &observation, Validity &seen)
      : policy_(policy), observation_(observation), seen_(seen) {}
  void decide(const float *observation, const GridSize &size, float *action) override;

 private:
  GridPolicy &policy_;
  const ObservationSpec observation_;
  Validity &seen_;
};

/// The learner of an algorithm that learns on grids (Ppo, Unroll): the algorithm and the environment that it owns.
template <typename Algorithm>
class GridLearner : public Learner {
 public:
  /// `name` of the algorithm, for messages.
  GridLearner(const char *name, YamlMap keys, YamlMap environment, std::uint64_t seed)
      : GridLearner(std::move(keys), makeEnvironment<GridEnvironment>(std::move(environment), name), seed) {}
  GridLearner(YamlMap keys, std::unique_ptr<GridEnvironment> environment, std::uint64_t seed)
      : environment_(std::move(environment)),
        algorithm_(std::move(keys), static_cast<int>(environment_->observation().names.size()),
                   static_cast<int>(environment_->action().low.size()), seed, environment_->dimensions()) {}
  void iterate() override { algorithm_.iterate(*environment_); }
  std::int64_t steps() const override { return algorithm_.steps(); }
  std::int64_t episodes() const override { return algorithm_.episodes(); }
  /// What a policy is good for is recorded here: the held-out cases are like those that it is trained on, and it sees
  /// what it makes of them itself, without the excursions of learning.
  Evaluation evaluate() override {
    seen_ = environment_->validity();
    WatchedGridPolicy watched(algorithm_.deterministic(), environment_->observation(), seen_);
    return environment_->evaluate(watched);
  }
  Policy policy() const override {
    return {environment_->kind(), environment_->observation(), environment_->action(), algorithm_.network(), {}, seen_};
  }
  std::map<std::string, double> metrics() override { return algorithm_.metrics(); }
  bool together() const override { return environment_->shared(); }
  void schedule(double done) override { algorithm_.schedule(done); }
  void archive(Archive &archive) override { algorithm_.archive(archive); }
  void loadWeights(const NetworkSpec &network) override { algorithm_.loadWeights(network); }

 private:
  std::unique_ptr<GridEnvironment> environment_;
  Algorithm algorithm_;
  Validity seen_ = environment_->validity();  // and in the latest evaluation
};

}  // namespace petrl
