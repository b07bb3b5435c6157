// Trains a learner inside a user's program, as its options say.
#pragma once

#include <petscsys.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "base/csv.hpp"
#include "base/files.hpp"
#include "learn/learner.hpp"

namespace petrl {

/// The loop and the files of a training whose world is the program itself:
///   FILE        the policy that was judged best, once one is good enough; what is there otherwise stays
///   FILE.state  everything that the next step depends on: cut off at any moment (kill -9), the same command goes on to
///               the same result
///   FILE.csv    one row for whatever its caller finds worth it
/// An interrupt signal (SIGINT, SIGTERM) is answered at the next safe moment: the state is written, and the signal then
/// does what it would have done. A second one ends the program at once. One training at a time has a file.
///
/// All functions are collective over the communicator; what fails on one rank is a petrl::Error on all.
class PETRL_API ProgramTraining {
 public:
  struct Settings {
    std::string file;    ///< FILE
    std::string what;    ///< for messages: "refiner training"
    std::string unit;    ///< of steps: "decisions"
    std::string config;  ///< all that must be the same for a training to go on; goes into the policy file
    std::uint64_t seed = 0;
    std::int64_t steps = 0;  ///< of the learner, altogether
    std::int64_t every = 0;  ///< steps between two judgements
    double minutes = 0;      ///< 0: no limit
    MPI_Comm comm = MPI_COMM_SELF;
  };

  /// columns: of FILE.csv. extra: more state than the learner's.
  ProgramTraining(Settings settings, Learner &learner, std::vector<std::string> columns,
                  std::function<void(Archive &)> extra);
  ~ProgramTraining();
  ProgramTraining(const ProgramTraining &) = delete;
  ProgramTraining &operator=(const ProgramTraining &) = delete;

  /// To the end, or till the time is used up. judge: of the learner's policy, lower is better; below 0 it is worth
  /// having. Whether FILE is this training's then.
  bool run(const std::function<Evaluation()> &judge);
  /// Between steps of the caller's own: writes the state if that was long ago, obeys signals.
  void pause(bool save = false);

  bool wentOn() const { return went_on_; }
  bool finished() const { return finished_; }  ///< before this program
  double best() const { return best_; }
  /// On the first rank; rows are written with the state.
  Csv &log() { return *log_; }
  /// A line for the user, once.
  void say(const std::string &line) const;

 private:
  using Clock = std::chrono::steady_clock;
  void archive(Archive &a);
  void load();
  void save();
  void validate(const std::function<Evaluation()> &judge);
  void onFirst(const std::function<void()> &work) const;
  double seconds() const;
  bool agreed(bool here) const;

  Settings settings_;
  Learner &learner_;
  std::function<void(Archive &)> extra_;
  int rank_ = 0;
  FileLock lock_;
  std::unique_ptr<Csv> log_;
  struct sigaction interrupt_ = {}, terminate_ = {};  // of the program
  Clock::time_point begin_ = Clock::now(), saved_ = Clock::now();
  double before_ = 0;  // seconds, in earlier programs
  double saving_ = 0;  // seconds that the last state took
  double best_ = 0, last_ = 0;
  bool judged_ = false, written_ = false, finished_ = false, went_on_ = false;
  std::int64_t next_ = 0, log_bytes_ = 0;
};

}  // namespace petrl
