// Learning while the user's program runs (-ts_adapt_rl_train of TSADAPTRL).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "adapt/training.hpp"
#include "base/csv.hpp"
#include "learn/step/reward.hpp"
#include "learn/step/step_training.hpp"
#include "learn/tqc/tqc.hpp"

namespace petrl {

/// Learner, reward and files of a training inside an application.
///
/// The first solve is recorded: the policy that we start from acts as it is. Later solves over the same times are
/// rewarded against the record, explore and learn. FILE is always the policy whose solve scored best (the record
/// scores 0); a learner that has lost a tenth of a solve's cost goes back to it, so that an application pays for
/// learning only so much.
///   FILE           the policy                 FILE.baseline  the record (CSV)
///   FILE.state     the learner, to go on      FILE.csv       one row a rewarded solve
/// A training begins where none of these files is there and goes on where all of the first three are; anything else is
/// an error.
class TqcOnline : public OnlineTraining, private Agent {
 public:
  /// Says on standard output whether the training is new or goes on. Throws petrl::Error.
  explicit TqcOnline(const OnlineOptions &options);

  const Policy &policy() const override { return policy_; }
  void decide(const float *observation, float *action) override;
  void decided(const std::vector<float> &observation, const std::vector<float> &action) override {
    training_.decided(observation, action);
  }
  void outcome(const Attempt &attempt) override { training_.outcome(attempt); }
  void at(double t) override { recording_ = reward_.recording(t); }
  /// Writes at the end of a solve only now and then: a program may solve thousands of times.
  void endSolve(bool last) override;

 private:
  using Clock = std::chrono::steady_clock;
  bool goesOn() const;
  void start(const OnlineOptions &options, bool resume);
  void record(const Transition &transition) override;
  void save(Clock::time_point now);

  std::string file_;
  std::unique_ptr<Csv> log_;
  Policy policy_;
  OnlineReward reward_;
  StepTraining training_{*this, reward_};
  std::unique_ptr<Tqc> learner_;
  NetworkSpec best_network_, start_network_;
  double best_ = 0;
  bool recording_ = true, lost_ = false;
  Clock::time_point saved_at_;
};

}  // namespace petrl
