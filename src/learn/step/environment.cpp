#include "learn/step/environment.hpp"

#include <petsctime.h>

#include <algorithm>
#include <cmath>

#include "adapt/rl.hpp"
#include "adapt/specification.hpp"
#include "base/error.hpp"
#include "learn/step/step_training.hpp"

namespace petrl {

namespace {

constexpr double kBreakdown = -20;     // reward of a run that PETSc gave up
constexpr double kErrorBound = 1;      // one lucky or unlucky run must not decide
constexpr double kMeaningless = 0.1;   // a run that is 10 % off has missed something: no yardstick
constexpr double kErrorFloor = 1e-11;  // achieved errors below this are rounding

// A controller that records what basic does.
StepController recorder(BaselineReward &reward, int &order) {
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
StepController asks(const Policy &specification, StepTraining &training) {
  return [&specification, &training](TSAdapt adapt) { return AdaptRLSetTraining(adapt, specification, &training); };
}

struct NoReward : StepReward {
  double operator()(const Attempt &) override { return 0; }
};

}  // namespace

StepCase::~StepCase() = default;

StepRun solveWith(TS ts, const StepController &controller, long max_steps) {
  TSAdapt adapt;
  Vec u;
  TSConvergedReason reason;
  PetscInt n, steps, rejected, failed;
  PetscReal time;
  const PetscScalar *values;
  PetscLogDouble begin, end;
  StepRun result;

  PetRLThrow(TSSetMaxSteps(ts, static_cast<PetscInt>(max_steps)));
  PetRLThrow(TSSetErrorIfStepFails(ts, PETSC_FALSE));
  PetRLThrow(TSGetAdapt(ts, &adapt));
  PetRLThrow(controller(adapt));
  PetRLThrow(TSSetUp(ts));
  PetRLThrow(PetscTime(&begin));
  PetRLThrow(TSSolve(ts, nullptr));
  PetRLThrow(PetscTime(&end));
  PetRLThrow(TSGetConvergedReason(ts, &reason));
  result.finished = reason == TS_CONVERGED_TIME;
  result.broke = reason < 0;
  PetRLThrow(TSGetTime(ts, &time));
  result.time = static_cast<double>(time);
  PetRLThrow(TSGetStepNumber(ts, &steps));
  PetRLThrow(TSGetStepRejections(ts, &rejected));
  PetRLThrow(TSGetSNESFailures(ts, &failed));
  result.steps = steps;
  result.rejected = rejected;
  result.failed = failed;
  result.cost = tsCost(ts);
  result.functions = static_cast<double>(ts->rhsfuncs + ts->ifuncs);
  result.jacobians = static_cast<double>(ts->rhsjacs + ts->ijacs);
  result.wall = end - begin;
  PetRLThrow(TSGetSolution(ts, &u));
  PetRLThrow(VecGetLocalSize(u, &n));
  PetRLThrow(VecGetArrayRead(u, &values));
  for (PetscInt i = 0; i < n; ++i) result.solution.push_back(static_cast<double>(PetscRealPart(values[i])));
  PetRLThrow(VecRestoreArrayRead(u, &values));
  for (const double v : result.solution) {
    if (!std::isfinite(v)) result.finished = false, result.broke = true;
  }
  return result;
}

StepRun StepCase::run(const StepController &controller, long max_steps, double final_time) {
  struct Holder {
    TS ts = nullptr;
    ~Holder() { (void)TSDestroy(&ts); }
  } holder;
  PetRLThrow(create(final_time, &holder.ts));
  return solveWith(holder.ts, controller, max_steps);
}

void StepEnvironment::configure(YamlMap &yaml, const ObservationSpec &application) {
  max_steps_ = static_cast<int>(yaml.integer("max_steps", max_steps_, 10, 1000000));
  error_price_ = yaml.number("error_price", 1, 0, 10);
  auto names = yaml.get<std::vector<std::string>>("observables", {});
  for (const auto &name : names) {
    const auto &all = observables();
    const auto &own = application.names;
    if (std::none_of(all.begin(), all.end(), [&](const Observable &o) { return name == o.name; }) &&
        std::find(own.begin(), own.end(), name) == own.end())
      yaml.fail("observables", "unknown observable '" + name + "'");
  }
  const auto transform = yaml.get<std::string>("transform", std::string("ratio"));
  const double low = yaml.get<double>("low", 0.1), high = yaml.get<double>("high", 10.0);
  try {
    if (names.empty() && !application.names.empty()) {
      names = stepPolicySpecification({}, transform, low, high).observation.names;
      names.insert(names.end(), application.names.begin(), application.names.end());
    }
    specification_ = stepPolicySpecification(names, transform, low, high);
  } catch (const Error &e) {
    yaml.fail("transform", e.what());
  }
  ObservationSpec &seen = specification_.observation;
  for (std::size_t i = 0; i < seen.names.size(); ++i) {
    for (std::size_t k = 0; k < application.names.size(); ++k) {
      if (seen.names[i] == application.names[k])
        seen.offset[i] = application.offset[k], seen.scale[i] = application.scale[k];
    }
  }
}

double StepEnvironment::episode(Agent &agent, std::uint64_t seed) {
  // A draw on which basic itself breaks down, or that is over at once, teaches nothing: draw again.
  for (std::uint64_t attempt = 0; attempt < 50; ++attempt) {
    const std::unique_ptr<StepCase> c = draw(seed * 64 + attempt);
    BaselineReward reward(error_price_);
    int order = 2;
    const StepRun basic = c->run(recorder(reward, order), max_steps_);
    if (basic.broke || reward.attempts() < 5) continue;
    reward.finish();
    StepTraining training(agent, reward);
    training.until(basic.time, 3L * max_steps_);
    const StepRun ours = c->run(asks(specification_, training), 3L * max_steps_, basic.time);
    training.finish(ours.broke, ours.broke ? kBreakdown : 0, {});
    return training.total() / static_cast<double>(reward.attempts());
  }
  throw Error("environment: no usable case in 50 draws; are the problems integrable with basic?");
}

void StepEnvironment::prepareValidation() {
  if (prepared_) return;
  prepared_ = true;
  for (Held &held : heldOut()) {
    Validation v;
    BaselineReward reward(error_price_);
    const StepRun r = held.c->run(recorder(reward, v.order), 20L * max_steps_);
    if (!r.finished) continue;
    v.cost = r.cost;
    v.floor = std::max(3 * held.accuracy, kErrorFloor);
    v.error = held.c->error(r.solution, held.reference);
    if (v.error < 3 * v.floor || v.error > kMeaningless) continue;
    v.held = std::move(held);
    validation_.push_back(std::move(v));
  }
  if (validation_.empty()) throw Error("environment: no validation case could be integrated");
}

Evaluation StepEnvironment::evaluate(Agent &agent) {
  prepareValidation();
  Evaluation e;
  double cost = 0, error = 0, broke = 0;
  std::map<std::string, std::pair<double, int>> by_problem;
  for (const auto &v : validation_) {
    NoReward none;
    // Validation must not teach: its transitions go nowhere.
    struct Still : Agent {
      explicit Still(Agent &from) : agent(from) {}
      void decide(const float *observation, float *action) override { agent.decide(observation, action); }
      Agent &agent;
    } still(agent);
    StepTraining training(still, none);
    const StepRun r = v.held.c->run(asks(specification_, training), 100L * max_steps_);
    double log_cost = std::log(10.0), log_error = 0;  // price of a run that did not finish
    if (r.finished) {
      log_cost = std::log(r.cost / v.cost);
      log_error = std::clamp(
          std::log(std::clamp(v.held.c->error(r.solution, v.held.reference), v.floor, 1.0) / v.error) / v.order,
          -kErrorBound, kErrorBound);
    } else {
      broke += 1;
    }
    cost += log_cost;
    error += log_error;
    auto &entry = by_problem[v.held.c->name()];
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

}  // namespace petrl
