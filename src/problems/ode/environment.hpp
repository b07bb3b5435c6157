// The learning environment of step-size controllers: our initial-value problems.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "learn/step/environment.hpp"
#include "problems/ode/run.hpp"

namespace petrl::ode {

/// The environment `ode` of `petrl train`. YAML keys: those of StepEnvironment, problems (list, default: all training
/// problems), validation: {problems, instances, tolerances}. Each episode is a random instance of a random problem with
/// one of its methods and tolerances.
class OdeEnvironment : public StepEnvironment {
 public:
  explicit OdeEnvironment(YamlMap yaml);

  /// Types of TS, tolerances, problems.
  Validity validity() const override;

 private:
  std::unique_ptr<StepCase> draw(std::uint64_t seed) override;
  std::vector<Held> heldOut() override;

  std::vector<std::string> problems_, validation_problems_;
  int instances_ = 2, tolerances_ = 3;
};

}  // namespace petrl::ode
