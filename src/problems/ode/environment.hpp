// The learning environment of step-size controllers: whole time integrations, compared with `basic` on the same case.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapt/reward.hpp"
#include "base/yaml.hpp"
#include "learn/agent.hpp"
#include "problems/ode/run.hpp"

namespace petrl::ode {

/// The environment `ode` of `petrl train`. YAML keys: problems (list, default: all training problems),
/// max_steps (of an episode, default 1500), error_price (of BaselineReward, default 1), observables (list, default: all
/// scale-free ones), transform, low, high, validation: {problems, instances, tolerances}. Each episode is a random
/// instance of a random problem with one of its methods and tolerances.
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
  double error_price_ = 1;
  Policy specification_;
  std::vector<ValidationCase> validation_;
  bool prepared_ = false;
};

}  // namespace petrl::ode
