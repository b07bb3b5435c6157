// What all trainings have in common: configuration, validation, best policy, log, checkpoints, exact resume.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/yaml.hpp"
#include "learn/agent.hpp"
#include "policy/policy.hpp"

namespace petrl::cli {

/// What a training's YAML file says. Sections of environment and learner are checked by those who get them.
struct TrainingConfig {
  std::string file, text;
  std::uint64_t seed;
  std::int64_t steps, evaluate_every, checkpoint_every;
  std::string initial_policy;  ///< empty: none
  std::string learner;         ///< its name
  std::string learner_keys;    ///< the rest of its section, as YAML text
  YamlMap environment;

  /// Throws petrl::Error.
  static TrainingConfig read(const std::string &file);
};

/// Trains what a YAML file describes, in a run directory:
///   best.h5         the policy with the best validation score so far
///   last.h5         the policy at the latest validation
///   log.csv         one row a validation (steps, episodes, mean return, score, details, learner's metrics)
///   progress.yaml   where the training stands; names the learner's checkpoint
/// YAML keys: seed, steps (environment steps), environment: {name, ...}, learner: {name, ...},
/// evaluate_every (steps), checkpoint_every (steps), initial_policy (a policy file whose weights to start from).
/// Deterministic: cut off at any moment (kill -9) and started again, it continues from the latest checkpoint to the
/// same result. Throws petrl::Error.
///
/// On several ranks all of them call run(); rank 0 validates and writes.
class Training {
 public:
  virtual ~Training() = default;
  /// Trains to the end. Returns early, with a checkpoint, once *stop is set (on any rank).
  void run(const volatile int *stop);

 protected:
  Training(TrainingConfig config, const std::string &directory);
  /// The last thing that constructors of derived classes do: makes the folder, or continues what lies there.
  void open();

  const TrainingConfig &config() const { return config_; }
  bool writes() const { return rank_ == 0; }

  // What differs.
  virtual std::int64_t steps() const = 0;
  virtual std::int64_t episodes() const = 0;
  virtual void advance() = 0;  ///< one episode, or one iteration
  virtual Evaluation evaluate() = 0;
  virtual Policy policy() const = 0;  ///< kind, observation, action, network
  virtual double meanReturn() const = 0;
  virtual std::string returnText() const = 0;               ///< the return, for the line that shows progress
  virtual std::map<std::string, double> metrics() = 0;      ///< for the log; asked for once a validation
  virtual void save(const std::string &path) const = 0;     ///< of the learner; collective
  virtual void load(const std::string &path) = 0;           ///< of the learner; collective
  virtual void saveProgress(YAML::Emitter &out) const = 0;  ///< more keys of progress.yaml
  virtual void loadProgress(YamlMap &progress) = 0;

 private:
  void resume();
  void checkpoint();
  void validate();
  void log(const Evaluation &e, const std::map<std::string, double> &metrics);
  void report(bool now);
  bool stopped(const volatile int *stop) const;
  std::string path(const std::string &name) const { return directory_ + "/" + name; }
  std::string statePath() const { return path("learner-" + std::to_string(saves_) + ".state"); }

  TrainingConfig config_;
  std::string directory_;
  int rank_ = 0, ranks_ = 1;
  std::int64_t next_evaluation_ = 0, next_checkpoint_ = 0, saves_ = 0, log_bytes_ = 0;
  double best_ = 0, last_score_ = 0;
  bool has_best_ = false;
  std::chrono::steady_clock::time_point begin_, last_report_;
  std::int64_t begin_steps_ = 0;
};

}  // namespace petrl::cli
