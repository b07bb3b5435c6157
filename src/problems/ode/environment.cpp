#include "problems/ode/environment.hpp"

#include <algorithm>
#include <cmath>

namespace petrl::ode {

static std::vector<std::string> known(YamlMap &yaml, const std::string &key, const std::vector<std::string> &fallback) {
  auto names = yaml.get<std::vector<std::string>>(key, fallback);
  const auto all = problemNames();
  for (const auto &name : names) {
    if (std::find(all.begin(), all.end(), name) == all.end()) yaml.fail(key, "unknown problem '" + name + "'");
  }
  if (names.empty()) yaml.fail(key, "expected at least one problem");
  return names;
}

OdeEnvironment::OdeEnvironment(YamlMap yaml) {
  problems_ = known(yaml, "problems", trainProblems());
  configure(yaml, {});
  YamlMap validation = yaml.map("validation", false);
  validation_problems_ = known(validation, "problems", validationProblems());
  instances_ = static_cast<int>(validation.integer("instances", 2, 1, 100));
  tolerances_ = static_cast<int>(validation.integer("tolerances", 3, 1, 20));
  validation.finish();
  yaml.finish();
}

Validity OdeEnvironment::validity() const {
  Validity seen;
  for (const auto &name : problems_) {
    const auto problem = makeProblem(name, nullptr);
    seen.saw("problem", name);
    seen.saw("rtol", problem->tolerances.first), seen.saw("rtol", problem->tolerances.second);
    for (const Method &method : methods()) {
      if (std::count(problem->methods.begin(), problem->methods.end(), method.name) > 0)
        seen.saw("ts_type", method.type);
    }
  }
  return seen;
}

std::unique_ptr<StepCase> OdeEnvironment::draw(std::uint64_t seed) {
  return std::make_unique<Case>(randomCase(problems_, seed));
}

std::vector<StepEnvironment::Held> OdeEnvironment::heldOut() {
  std::vector<Held> all;
  std::uint64_t seed = 7777777;
  for (const auto &name : validation_problems_) {
    for (int i = 0; i < instances_; ++i) {
      std::mt19937_64 rng(++seed);
      const std::shared_ptr<Problem> problem = makeProblem(name, &rng);
      const auto [loose, tight] = problem->tolerances;
      Case base;
      base.problem = problem;
      base.method = problem->methods.front();
      const Reference reference = referenceSolution(base, tight * 0.1);
      if (reference.solution.empty()) continue;
      for (const auto &method : problem->methods) {
        for (int j = 0; j < tolerances_; ++j) {
          auto c = std::make_unique<Case>(base);
          c->method = method;
          c->rtol = loose * std::pow(tight / loose, (j + 0.5) / tolerances_);
          all.push_back({std::move(c), reference.solution, reference.accuracy});
        }
      }
    }
  }
  return all;
}

}  // namespace petrl::ode
