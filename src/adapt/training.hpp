// What TSADAPTRL asks of those who learn: implemented by libpetrl_learn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapt/history.hpp"
#include "base/registry.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// Decides in place of a policy file, on the first rank, and is told what came of it.
class PETRL_API StepLearner {
 public:
  virtual ~StepLearner();
  /// Network inputs in, action in [-1, 1] out.
  virtual void decide(const float *observation, float *action) = 0;
  /// The same in advance, for the case that a solve fails. False: `basic` shall retry then.
  virtual bool foresee(const float *observation, float *action) {
    decide(observation, action);
    return true;
  }
  /// A decision that is carried out now.
  virtual void decided(const std::vector<float> &observation, const std::vector<float> &action) = 0;
  /// The attempt that followed the latest decision has ended.
  virtual void outcome(const Attempt &attempt) = 0;
};

/// A training inside an application: -ts_adapt_rl_train.
class PETRL_API OnlineTraining : public StepLearner {
 public:
  /// Observation and action of the policy that learns.
  virtual const Policy &policy() const = 0;
  /// Before each decision: the next attempt starts at t.
  virtual void at(double t) = 0;
  /// The solve has ended (`last`: and the TS goes away).
  virtual void endSolve(bool last) = 0;
};

/// What the application's options say of it.
struct OnlineOptions {
  std::string policy;                    ///< file to start from; empty: the shipped one
  std::string save;                      ///< file that is written and gone on from
  std::string config;                    ///< YAML file with the learner's keys; empty: none
  std::vector<std::string> observables;  ///< names of the application's own
  std::uint64_t seed = 0;
  bool seed_given = false;
};

using OnlineTrainingFactory = std::function<std::unique_ptr<OnlineTraining>(const OnlineOptions &)>;

/// Online trainings by the learner's name; they come with libpetrl_learn.
PETRL_API Registry<OnlineTrainingFactory> &onlineTrainings();

}  // namespace petrl
