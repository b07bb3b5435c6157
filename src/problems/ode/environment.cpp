#include "problems/ode/environment.hpp"

#include <algorithm>
#include <cmath>

#include "adapt/rl.hpp"
#include "adapt/specification.hpp"
#include "base/error.hpp"

namespace petrl::ode {

namespace {

constexpr double kBreakdown = -20;     // reward of a run that PETSc gave up
constexpr double kErrorBound = 1;      // one lucky or unlucky run must not decide
constexpr double kMeaningless = 0.1;   // a run that is 10 % off has missed something: no yardstick
constexpr double kErrorFloor = 1e-11;  // achieved errors below this are rounding

std::vector<std::string> known(YamlMap &yaml, const std::string &key, const std::vector<std::string> &fallback) {
  auto names = yaml.get<std::vector<std::string>>(key, fallback);
  const auto all = problemNames();
  for (const auto &name : names) {
    if (std::find(all.begin(), all.end(), name) == all.end()) yaml.fail(key, "unknown problem '" + name + "'");
  }
  if (names.empty()) yaml.fail(key, "expected at least one problem");
  return names;
}

// A controller that records what basic does.
Controller recorder(BaselineReward &reward, int &order) {
  return [&reward, &order](TSAdapt adapt) {
    PetscFunctionBegin;
    PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
    adaptRL(adapt).basic_only = true;
    PetRLCallCXX(adaptRL(adapt).observer = [&reward, &order](const Attempt &a) {
      order = a.order;
      reward.add(a);
    });
    PetscFunctionReturn(PETSC_SUCCESS);
  };
}

// A controller that asks an agent.
Controller asks(const Policy &specification, StepTraining &training) {
  return [&specification, &training](TSAdapt adapt) { return AdaptRLSetTraining(adapt, specification, &training); };
}

struct NoReward : StepReward {
  double operator()(const Attempt &) override { return 0; }
};

}  // namespace

OdeEnvironment::OdeEnvironment(YamlMap yaml) {
  problems_ = known(yaml, "problems", trainProblems());
  max_steps_ = static_cast<int>(yaml.number("max_steps", 1500, 10, 1e6));
  error_price_ = yaml.number("error_price", 1, 0, 10);
  const auto names = yaml.get<std::vector<std::string>>("observables", {});
  for (const auto &name : names) {
    const auto &all = observables();
    if (std::none_of(all.begin(), all.end(), [&](const Observable &o) { return name == o.name; }))
      yaml.fail("observables", "unknown observable '" + name + "'");
  }
  const auto transform = yaml.get<std::string>("transform", std::string("ratio"));
  const double low = yaml.get<double>("low", 0.1), high = yaml.get<double>("high", 10.0);
  try {
    specification_ = stepPolicySpecification(names, transform, low, high);
  } catch (const Error &e) {
    yaml.fail("transform", e.what());
  }
  YamlMap validation = yaml.map("validation", false);
  validation_problems_ = known(validation, "problems", validationProblems());
  instances_ = static_cast<int>(validation.number("instances", 2, 1, 100));
  tolerances_ = static_cast<int>(validation.number("tolerances", 3, 1, 20));
  validation.finish();
  yaml.finish();
}

double OdeEnvironment::episode(Agent &agent, std::uint64_t seed) {
  // A draw on which basic itself breaks down, or that is over at once, teaches nothing: draw again.
  for (std::uint64_t draw = 0; draw < 50; ++draw) {
    Case c = randomCase(problems_, seed * 64 + draw);
    BaselineReward reward(error_price_);
    int order = 2;
    const RunResult basic = run(c, recorder(reward, order), max_steps_);
    if (basic.broke || reward.attempts() < 5) continue;
    reward.finish();
    c.final_time = basic.time;
    StepTraining training(agent, reward);
    const RunResult ours = run(c, asks(specification_, training), 3L * max_steps_);
    training.finish(ours.broke, ours.broke ? kBreakdown : 0, {});
    return training.total() / static_cast<double>(reward.attempts());
  }
  throw Error("environment ode: no usable case in 50 draws; are the problems integrable with basic?");
}

void OdeEnvironment::prepareValidation() {
  if (prepared_) return;
  prepared_ = true;
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
          ValidationCase v;
          v.c = base;
          v.c.method = method;
          v.c.rtol = loose * std::pow(tight / loose, (j + 0.5) / tolerances_);
          BaselineReward reward(error_price_);
          const RunResult r = run(v.c, recorder(reward, v.order), 20L * max_steps_);
          if (!r.finished) continue;
          v.reference = reference.solution;
          v.cost = r.cost;
          v.floor = std::max(3 * reference.accuracy, kErrorFloor);
          v.error = relativeError(v.c, r.solution, reference.solution);
          if (v.error < 3 * v.floor || v.error > kMeaningless) continue;
          validation_.push_back(v);
        }
      }
    }
  }
  if (validation_.empty()) throw Error("environment ode: no validation case could be integrated");
}

Evaluation OdeEnvironment::evaluate(Agent &agent) {
  prepareValidation();
  Evaluation e;
  double cost = 0, error = 0, broke = 0;
  std::map<std::string, std::pair<double, int>> by_problem;
  for (const auto &v : validation_) {
    NoReward none;
    StepTraining training(agent, none);
    const RunResult r = run(v.c, asks(specification_, training), 100L * max_steps_);
    double log_cost = std::log(10.0), log_error = 0;  // price of a run that did not finish
    if (r.finished) {
      log_cost = std::log(r.cost / v.cost);
      log_error = std::clamp(
          std::log(std::clamp(relativeError(v.c, r.solution, v.reference), v.floor, 1.0) / v.error) / v.order,
          -kErrorBound, kErrorBound);
    } else {
      broke += 1;
    }
    cost += log_cost;
    error += log_error;
    auto &entry = by_problem[v.c.problem->name];
    entry.first += log_cost + log_error;
    entry.second += 1;
  }
  const auto n = static_cast<double>(validation_.size());
  e.score = (cost + error) / n;
  e.details["log_cost"] = cost / n;
  e.details["log_error_over_order"] = error / n;
  e.details["broke"] = broke;
  e.details["cases"] = n;
  for (const auto &[name, entry] : by_problem) e.details["score_" + name] = entry.first / entry.second;
  return e;
}

}  // namespace petrl::ode
