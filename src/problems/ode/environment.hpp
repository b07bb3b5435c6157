// The learning environment of step-size controllers: whole time integrations, compared with `basic` on the same case.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapt/reward.hpp"
#include "base/yaml.hpp"
#include "policy/agent.hpp"
#include "problems/ode/run.hpp"

namespace petrl::ode {

/// Reward against a run of `basic` on the same case, in units of its mean cost of a step:
///   r = [C_b(t') - C_b(t) - c] / <c_b> + [E_b(t') - E_b(t) - e] / <e_b> / k
/// t -> t' the progress of the attempt (none if rejected or failed), c its cost, C_b the cumulative cost of basic,
/// e = E^((k+1)/k) for an accepted step with weighted error E of order k (the local error of the higher-order solution
/// that goes on), E_b its sum over basic's steps. Summed over a run this is the relative saving in cost plus the
/// relative change in error at the exchange rate of a method of order k: cost ~ error^(-1/k). Without the second term a
/// controller would win by being less accurate.
class BaselineReward : public StepReward {
 public:
  void add(const Attempt &attempt);  ///< an attempt of the baseline
  void finish();
  double operator()(const Attempt &attempt) override;
  long attempts() const { return attempts_; }

 private:
  static double localError(const Attempt &attempt);
  double cumulative(const std::vector<double> &values, double t) const;
  std::vector<double> time_, cost_, error_;
  double pending_cost_ = 0, mean_cost_ = 1, mean_error_ = 1;
  long attempts_ = 0;
};

/// The environment `ode` of `petrl train`. YAML keys: problems (list, default: all training problems), methods (list,
/// default: each problem's), max_steps (of an episode, default 1500), observables (list), transform, low, high,
/// validation: {problems, instances, tolerances (a number), controllers}.
class OdeEnvironment : public Environment {
 public:
  explicit OdeEnvironment(YamlMap yaml);
  std::string kind() const override { return "tsadapt"; }
  ObservationSpec observation() const override { return specification_.observation; }
  ActionSpec action() const override { return specification_.action; }
  double episode(Agent &agent, std::uint64_t seed) override;
  /// Score: mean over held-out cases of log(cost / basic's cost) + log(error / basic's error) / k, both at the same
  /// tolerance, error against a reference solution.
  Evaluation evaluate(Agent &agent) override;

 private:
  struct ValidationCase {
    Case c;
    std::vector<double> reference;
    double cost = 0, error = 0;  // of basic
    double floor = 0;            // errors below it cannot be told apart
    int order = 2;
  };
  void prepareValidation();

  std::vector<std::string> problems_, validation_problems_;
  int max_steps_ = 1500, instances_ = 2, tolerances_ = 3;
  Policy specification_;
  std::vector<ValidationCase> validation_;
  bool prepared_ = false;
};

}  // namespace petrl::ode
