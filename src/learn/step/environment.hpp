// The environment of step controllers: time integrations, rewarded against what TSADAPTBASIC makes of them.
#pragma once

#include <petscts.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "learn/environment.hpp"
#include "learn/step/reward.hpp"
#include "learn/step/true_error.hpp"

namespace petrl {

/// What a solve cost and gave.
struct StepRun {
  bool finished = false;                            ///< reached the final time
  bool broke = false;                               ///< the TS diverged (as opposed to: stopped at max_steps)
  double time = 0;                                  ///< time reached
  double functions = 0, jacobians = 0, linear = 0;  ///< right-hand sides, Jacobians, linear iterations
  double cost = 0;                                  ///< their sum
  double wall = 0;                                  ///< seconds in TSSolve
  long steps = 0, rejected = 0, failed = 0;
  std::vector<double> solution;  ///< at the end; serial problems
};

/// Chooses and configures the TSAdapt of a solve.
using StepController = std::function<PetscErrorCode(TSAdapt)>;

/// Solves with a TS that is ready but for its controller. Throws petrl::Error when PETSc fails; a diverged TS is a
/// result.
PETRL_API StepRun solveWith(TS ts, const StepController &controller, long max_steps);

/// A time integration that controllers are trained or judged on. Serial.
class PETRL_API StepCase {
 public:
  virtual ~StepCase();
  /// For the log.
  virtual std::string name() const = 0;
  /// A fresh TS, ready but for its controller; it ends at `final_time` if that is positive. The caller destroys it; the
  /// case outlives it.
  virtual PetscErrorCode create(double final_time, TS *ts) = 0;
  /// Relative error of a solution against a reference.
  virtual double error(const std::vector<double> &solution, const std::vector<double> &reference) const = 0;

  /// A TS for the same equation that is much more accurate, ready but for its times; null: true errors are not known.
  virtual PetscErrorCode createAccurate(TS *ts);
  /// What a right-hand side, a Jacobian with its preconditioner, a linear iteration cost.
  virtual StepPrices prices() { return {}; }
  /// Its relative tolerance.
  virtual double tolerance() const { return 1e-4; }

  /// `truth`: is told where it starts.
  /// `restarts`: the method starts anew at the first steps that begin at these times (ascending) or later.
  StepRun run(const StepController &controller, long max_steps, double final_time = 0, TrueError *truth = nullptr,
              const std::vector<double> &restarts = {});
};

/// YAML keys (environment section):
///   max_steps     of a baseline in training (1500)
///   error_price   see BaselineReward (1)
///   observables   names; default: all that every TS offers and that are free of units, and the application's own
///   levers        what the policy decides: some of step, accept, tolerance, jacobian, order (step)
///   by_rule       those of tolerance and jacobian among them that rules decide (none)
///   transform, low, high   of the action of the step (ratio, 0.1, 10)
///   tolerance, jacobian    [low, high] of the factors on what the rules take ([0.1, 10])
///   baseline      basic | classical: whom rewards and scores compare with (basic)
///   true_error    charge steps with their true errors, weighted with how these grow until the end, where cases have an
///                 accurate solver (false)
///   pool          so many cases, used again and again, 0: always new ones (0)
///   restarts      share of the training cases whose method starts anew at some times, as programs make it do whose
///                 right-hand sides jump (0)
/// An episode is one case, with the policy deciding. Validation score: mean over held-out cases of
/// log(cost over the baseline's) + log(error over the baseline's) / order.
class PETRL_API StepEnvironment : public StreamEnvironment {
 public:
  std::string kind() const override { return "tsadapt"; }
  ObservationSpec observation() const override { return specification_.observation; }
  ActionSpec action() const override { return specification_.action; }
  double episode(Agent &agent, std::uint64_t seed) override;
  Evaluation evaluate(Agent &agent) override;

 protected:
  /// A held-out case and the solution that it should have.
  struct Held {
    std::unique_ptr<StepCase> c;
    std::vector<double> reference;
    double accuracy;  ///< of the reference: errors below a few of these mean nothing
  };

  /// Reads the keys above; `application`: observables of the cases' own. Throws petrl::Error.
  void configure(YamlMap &yaml, const ObservationSpec &application);
  /// A training case.
  virtual std::unique_ptr<StepCase> draw(std::uint64_t seed) = 0;
  /// All held-out cases, always the same.
  virtual std::vector<Held> heldOut() = 0;

 private:
  /// A training case, and what the baseline has made of it.
  struct Prepared {
    std::unique_ptr<StepCase> c;
    std::unique_ptr<TrueError> truth;
    BaselineReward reward;
    double end = 0;                ///< time that the baseline reached
    std::vector<double> restarts;  ///< times at which the method starts anew
  };
  std::shared_ptr<Prepared> prepare(std::uint64_t seed);
  StepController baseline(const std::function<void(const Attempt &)> &watch, TrueError *truth) const;

  struct Validation {
    Held held;
    double error = 0, cost = 0, floor = 0;  ///< of the baseline; errors below the floor are not resolved
    int order = 2;
    StepPrices prices;
  };
  void prepareValidation();

  std::map<std::uint64_t, std::shared_ptr<Prepared>> pool_;
  int max_steps_ = 1500, pool_size_ = 0;
  bool classical_ = false, true_error_ = false;
  double error_price_ = 1, restarts_ = 0;
  Policy specification_;
  std::vector<Validation> validation_;
  bool prepared_ = false;
};

}  // namespace petrl
