// Trains what a YAML file describes: validation, best policy, log, checkpoints, exact resume.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/files.hpp"
#include "learn/learner.hpp"

namespace petrl {

/// What a training is besides its learner. Numbers of steps, or of iterations if it goes by those.
struct TrainerSettings {
  std::string text;    ///< what makes it this training: a folder that holds another one is refused
  std::string source;  ///< of the text, for messages
  std::uint64_t seed = 1;
  bool by_iterations = false;
  std::int64_t total = 0;
  double minutes = 0;  ///< of the wall clock, in all; counts where it is > 0, instead of `total`
  std::int64_t evaluate_every = 0, checkpoint_every = 0;
  std::string prefix;           ///< of the lines that it prints
  std::string score = "score";  ///< name of what it is chosen by, in them
};

/// In a run directory:
///   best.h5         the policy with the best validation score so far
///   last.h5         the policy at the latest validation
///   log.csv         one row a validation (steps, episodes, mean return, score, details, learner's metrics)
///   progress.yaml   where the training stands; names the learner's checkpoint
/// YAML keys: seed, steps (environment steps), environment: {name, ...}, learner: {name, ...}, evaluate_every (steps),
/// checkpoint_every (steps), initial_policy (a policy file, or the name of a shipped one, whose weights to start from),
/// plugins (list of libraries that bring environments or learners: loaded as -dll_append does; paths are relative to the
/// YAML file).
/// Deterministic: cut off at any moment (kill -9) and started again, it continues from the latest checkpoint to the
/// same result. One training at a time in a folder: it is locked while one runs. Errors are petrl::Error, with file,
/// line and key where they concern the YAML file.
///
/// On several ranks all of them construct and call run(); rank 0 validates and writes.
class PETRL_API Trainer {
 public:
  /// Reads the configuration, makes the learner, makes the folder or continues what lies there. *stop may be set at any
  /// time, by a signal handler.
  Trainer(const std::string &file, const std::string &directory, const volatile int *stop);
  /// The same for a learner that is there already.
  Trainer(std::unique_ptr<Learner> learner, TrainerSettings settings, const std::string &directory,
          const volatile int *stop);
  ~Trainer();
  /// Trains to the end. Returns early, with a checkpoint, once *stop is set (on any rank).
  void run();

 private:
  void open();
  void makeLearner(const std::string &file);
  void resume();
  void checkpoint();
  void validate();
  void log(const Evaluation &e, const std::map<std::string, double> &metrics);
  void report(bool now);
  bool stopped() const;
  /// Steps or iterations so far.
  std::int64_t done() const { return settings_.by_iterations ? iterations_ : learner_->steps(); }
  /// How much is over, from 0 to 1. Collective.
  double share() const;
  double spent() const;
  void removeLeftovers() const;
  std::string path(const std::string &name) const { return directory_ + "/" + name; }
  std::string stateName() const { return "learner-" + std::to_string(saves_) + ".state"; }

  TrainerSettings settings_;
  std::string directory_;
  const volatile int *stop_;
  int rank_ = 0, ranks_ = 1;
  FileLock lock_;
  std::unique_ptr<Learner> learner_;

  std::int64_t next_evaluation_ = 0, next_checkpoint_ = 0, saves_ = 0, log_bytes_ = 0, iterations_ = 0;
  double spent_before_ = 0;  // seconds of the wall clock
  double best_ = 0, last_score_ = 0, mean_return_ = 0;
  bool has_best_ = false;
  std::chrono::steady_clock::time_point begin_, last_report_;
  std::int64_t begin_done_ = 0;
};

}  // namespace petrl
