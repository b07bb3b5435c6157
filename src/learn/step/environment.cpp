#include "learn/step/environment.hpp"

#include <petsc/private/tsimpl.h>
#include <petsctime.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "adapt/rl.hpp"
#include "adapt/specification.hpp"
#include "base/error.hpp"
#include "learn/step/step_training.hpp"

namespace petrl {

namespace {

constexpr double kBreakdown = -20;                          // reward of a run that PETSc gave up
constexpr double kErrorBound = 1;                           // one lucky or unlucky run must not decide
constexpr double kMeaningless = 0.1;                        // a run that is 10 % off has missed something: no yardstick
constexpr double kLeastWeight = 0.01, kLargestWeight = 30;  // of true errors, over their mean
constexpr double kErrorFloor = 1e-11;                       // achieved errors below this are rounding

constexpr std::size_t kPlaces = 32;  // at which the growth of errors is measured

// A controller that asks an agent.
StepController asks(const Policy &specification, StepTraining &training, TrueError *truth) {
  return [&specification, &training, truth](TSAdapt adapt) {
    PetscFunctionBegin;
    PetscCall(AdaptRLSetTraining(adapt, specification, &training));
    if (truth) PetRLCallCXX(adaptRL(adapt).appraise = [truth](TS ts, Attempt &a) { return truth->appraise(ts, a); });
    PetscFunctionReturn(PETSC_SUCCESS);
  };
}

// A monitor: it is called before every step.
struct Restarts {
  std::vector<double> times;
  std::size_t next;
};

PetscErrorCode RestartInTime(TS ts, PetscInt, PetscReal t, Vec, void *ctx) {
  auto &restarts = *static_cast<Restarts *>(ctx);

  PetscFunctionBegin;
  if (restarts.next == restarts.times.size() || t < restarts.times[restarts.next]) PetscFunctionReturn(PETSC_SUCCESS);
  while (restarts.next < restarts.times.size() && t >= restarts.times[restarts.next]) ++restarts.next;
  PetscCall(TSRestartStep(ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// One to five, anywhere but at the start, in a share of the cases.
std::vector<double> drawRestarts(std::uint64_t seed, double share, double start, double end) {
  constexpr int most = 5;
  std::mt19937_64 rng(seed ^ 0x7e57a27ull);
  const auto uniform = [&rng] { return static_cast<double>(rng() >> 11) * 0x1.0p-53; };
  std::vector<double> times;
  if (uniform() >= share) return times;
  const int n = 1 + static_cast<int>(most * uniform());
  for (int i = 0; i < n; ++i) times.push_back(start + (0.05 + 0.9 * uniform()) * (end - start));
  std::sort(times.begin(), times.end());
  return times;
}

struct NoReward : StepReward {
  double operator()(const Attempt &) override { return 0; }
};

}  // namespace

StepCase::~StepCase() = default;

PetscErrorCode StepCase::createAccurate(TS *ts) {
  PetscFunctionBegin;
  *ts = nullptr;
  PetscFunctionReturn(PETSC_SUCCESS);
}

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
  result.functions = static_cast<double>(ts->rhsfuncs + ts->ifuncs);
  result.jacobians = static_cast<double>(ts->rhsjacs + ts->ijacs);
  result.linear = static_cast<double>(ts->ksp_its);
  result.cost = tsCost(ts);
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

StepRun StepCase::run(const StepController &controller, long max_steps, double final_time, TrueError *truth,
                      const std::vector<double> &restarts) {
  Restarts pending{restarts, 0};
  struct Holder {
    TS ts = nullptr;
    ~Holder() { (void)TSDestroy(&ts); }
  } holder;
  PetRLThrow(create(final_time, &holder.ts));
  if (truth) truth->begin(holder.ts);
  if (!restarts.empty()) PetRLThrow(TSMonitorSet(holder.ts, RestartInTime, &pending, nullptr));
  return solveWith(holder.ts, controller, max_steps);
}

void StepEnvironment::configure(YamlMap &yaml, const ObservationSpec &application) {
  max_steps_ = static_cast<int>(yaml.integer("max_steps", max_steps_, 10, 1000000));
  error_price_ = yaml.number("error_price", 1, 0, 10);
  pool_size_ = yaml.integer("pool", 0, 0, 1000000);
  restarts_ = yaml.number("restarts", 0, 0, 1);
  true_error_ = yaml.get<bool>("true_error", false);
  const auto baseline = yaml.get<std::string>("baseline", "basic");
  classical_ = baseline == "classical";
  if (!classical_ && baseline != "basic")
    yaml.fail("baseline", "expected basic or classical, found '" + baseline + "'");
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
  const auto levers = yaml.get<std::string>("levers", "step");
  try {
    stepPolicySpecification({}, "ratio", 0.1, 10, levers);
  } catch (const Error &e) {
    yaml.fail("levers", e.what());
  }
  const auto by_rule = yaml.get<std::string>("by_rule", "");
  try {
    stepPolicySpecification({}, "ratio", 0.1, 10, levers, by_rule);
  } catch (const Error &e) {
    yaml.fail("by_rule", e.what());
  }
  try {
    if (names.empty() && !application.names.empty()) {
      names = stepPolicySpecification({}, transform, low, high).observation.names;
      names.insert(names.end(), application.names.begin(), application.names.end());
    }
    specification_ = stepPolicySpecification(names, transform, low, high, levers, by_rule);
  } catch (const Error &e) {
    yaml.fail("transform", e.what());
  }
  const auto decided = specification_.action.decided();
  for (std::size_t i = 0; i < decided.size(); ++i) {
    if (decided[i] == "step") continue;
    const auto bounds = yaml.get<std::vector<double>>(decided[i], {0.1, 10});
    if (bounds.size() != 2 || !(bounds[0] > 0) || !(bounds[0] < bounds[1]))
      yaml.fail(decided[i], "expected [low, high], 0 < low < high");
    specification_.action.low[i] = bounds[0];
    specification_.action.high[i] = bounds[1];
  }
  ObservationSpec &seen = specification_.observation;
  for (std::size_t i = 0; i < seen.names.size(); ++i) {
    for (std::size_t k = 0; k < application.names.size(); ++k) {
      if (seen.names[i] == application.names[k])
        seen.offset[i] = application.offset[k], seen.scale[i] = application.scale[k];
    }
  }
}

StepController StepEnvironment::baseline(const std::function<void(const Attempt &)> &watch, TrueError *truth) const {
  return [this, watch, truth](TSAdapt adapt) {
    PetscFunctionBegin;
    PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
    if (classical_) PetscCall(TSAdaptRLSetPolicy(adapt, kClassical));
    AdaptRL &rl = adaptRL(adapt);
    rl.basic_only = !classical_;
    PetRLCallCXX(rl.observer = watch);
    if (truth) PetRLCallCXX(rl.appraise = [truth](TS ts, Attempt &a) { return truth->appraise(ts, a); });
    PetscFunctionReturn(PETSC_SUCCESS);
  };
}

// A draw on which the baseline itself breaks down, or that is over at once, teaches nothing: draw again.
std::shared_ptr<StepEnvironment::Prepared> StepEnvironment::prepare(std::uint64_t seed) {
  for (std::uint64_t attempt = 0; attempt < 50; ++attempt) {
    auto p = std::make_shared<Prepared>();
    p->c = draw(seed * 64 + attempt);
    TS fine = nullptr;
    if (true_error_) PetRLThrow(p->c->createAccurate(&fine));
    if (fine) p->truth = std::make_unique<TrueError>(fine);
    const StepPrices prices = p->c->prices();
    p->reward = BaselineReward(error_price_, prices);
    BaselineReward plain(error_price_);
    const auto watch = [&](const Attempt &a) { plain.add(a), p->reward.add(a); };
    StepRun run = p->c->run(baseline(watch, nullptr), max_steps_);
    if (run.broke || plain.attempts() < 5) continue;
    p->restarts = drawRestarts(seed * 64 + attempt, restarts_, plain.times().front(), run.time);
    if (!p->restarts.empty()) {
      plain = BaselineReward(error_price_);
      p->reward = BaselineReward(error_price_, prices);
      run = p->c->run(baseline(watch, nullptr), max_steps_, run.time, nullptr, p->restarts);
      if (run.broke || plain.attempts() < 5) continue;
    }
    p->end = run.time;
    if (p->truth) {
      // The same again, now that it is known where errors count.
      const auto &all = plain.times();
      std::vector<double> times;
      for (std::size_t i = 0; i < kPlaces; ++i) times.push_back(all[i * (all.size() - 1) / (kPlaces - 1)]);
      times.erase(std::unique(times.begin(), times.end()), times.end());
      struct Holder {
        TS ts = nullptr;
        ~Holder() { (void)TSDestroy(&ts); }
      } holder;
      PetRLThrow(p->c->create(p->end, &holder.ts));
      std::vector<double> weights = p->truth->growth(holder.ts, times, p->c->tolerance());
      if (weights.empty()) continue;
      double mean = 0;
      for (double &w : weights) mean += w / static_cast<double>(weights.size());
      for (double &w : weights) w = std::clamp(w / mean, kLeastWeight, kLargestWeight);
      p->reward = BaselineReward(error_price_, prices);
      p->reward.weigh(times, weights);
      const auto again = [&](const Attempt &a) { p->reward.add(a); };
      p->c->run(baseline(again, p->truth.get()), max_steps_, p->end, p->truth.get(), p->restarts);
    }
    p->reward.finish();
    return p;
  }
  throw Error("environment: no usable case in 50 draws; are the problems integrable with the baseline?");
}

double StepEnvironment::episode(Agent &agent, std::uint64_t seed) {
  std::shared_ptr<Prepared> fresh;
  std::shared_ptr<Prepared> &p = pool_size_ > 0 ? pool_[seed % static_cast<std::uint64_t>(pool_size_)] : fresh;
  if (!p) p = prepare(pool_size_ > 0 ? seed % static_cast<std::uint64_t>(pool_size_) : seed);
  StepTraining training(agent, p->reward);
  training.until(p->end, 3L * max_steps_);
  const StepRun ours =
      p->c->run(asks(specification_, training, p->truth.get()), 3L * max_steps_, p->end, p->truth.get(), p->restarts);
  training.finish(ours.broke, ours.broke ? kBreakdown : 0, {});
  return training.total() / static_cast<double>(p->reward.attempts());
}

void StepEnvironment::prepareValidation() {
  if (prepared_) return;
  prepared_ = true;
  for (Held &held : heldOut()) {
    Validation v;
    const StepRun r = held.c->run(baseline([&v](const Attempt &a) { v.order = a.order; }, nullptr), 20L * max_steps_);
    if (!r.finished) continue;
    v.prices = held.c->prices();
    v.cost = v.prices.of(r.functions, r.jacobians, r.linear);
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
    const StepRun r = v.held.c->run(asks(specification_, training, nullptr), 100L * max_steps_);
    double log_cost = std::log(10.0), log_error = 0;  // price of a run that did not finish
    if (r.finished) {
      log_cost = std::log(v.prices.of(r.functions, r.jacobians, r.linear) / v.cost);
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
