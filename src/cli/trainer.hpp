// The training loop: episodes, validation, best policy, log, checkpoints, exact resume.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/yaml.hpp"
#include "policy/agent.hpp"

namespace petrl::cli {

/// Trains what a YAML file describes, in a run directory:
///   best.h5         the policy with the best validation score so far
///   last.h5         the policy at the latest validation
///   log.csv         one row a validation (steps, episodes, mean return, score, details, learner's metrics)
///   progress.yaml   where the training stands; names the learner's checkpoint
/// YAML keys: seed, steps (environment steps), environment: {name, ...}, learner: {name, ...},
/// evaluate_every (steps), checkpoint_every (steps), initial_policy (a policy file whose weights to start from).
/// Deterministic: cut off at any moment (kill -9) and started again, it continues from the latest checkpoint to the
/// same result. Throws petrl::Error.
class Trainer {
 public:
  Trainer(const std::string &config_file, const std::string &directory);
  /// Trains to the end. Returns early, with a checkpoint, once *stop is set.
  void run(const volatile int *stop);

 private:
  void resume();
  void checkpoint();
  void validate();
  void report(bool now);
  std::string path(const std::string &name) const { return directory_ + "/" + name; }

  std::string config_text_, config_file_, directory_;
  std::uint64_t seed_ = 0;
  std::int64_t total_steps_ = 0, evaluate_every_ = 0, checkpoint_every_ = 0;
  std::unique_ptr<Environment> environment_;
  std::unique_ptr<Learner> learner_;

  std::int64_t episodes_ = 0, next_evaluation_ = 0, next_checkpoint_ = 0, saves_ = 0, log_bytes_ = 0;
  double best_ = 0;
  bool has_best_ = false;
  std::deque<double> returns_;
  double last_score_ = 0;
  std::chrono::steady_clock::time_point begin_, last_report_;
  std::int64_t begin_steps_ = 0;
};

}  // namespace petrl::cli
