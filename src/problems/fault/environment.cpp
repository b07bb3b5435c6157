#include "problems/fault/environment.hpp"

#include <algorithm>
#include <cmath>

#include "adapt/rl.hpp"
#include "base/error.hpp"
#include "learn/step/step_training.hpp"
#include "learn/yaml_values.hpp"
#include "problems/fault/observables.hpp"
#include "problems/random.hpp"

namespace petrl::fault {

namespace {

constexpr int kPatience = 20;      // a run may take this many times the heuristic's attempts (or 1000)
constexpr double kBreakdown = -3;  // reward of a run that PETSc gave up, in units of the heuristic's cost

void readRange(YamlMap &yaml, const std::string &key, double range[2]) {
  const auto values = yaml.get<std::vector<double>>(key, {range[0], range[1]});
  if (values.size() != 2 || !(values[0] <= values[1])) yaml.fail(key, "expected [low, high]");
  range[0] = values[0], range[1] = values[1];
}

// A number, or a range of positive ones.
void readPrice(YamlMap &yaml, const std::string &key, double fallback, double range[2]) {
  range[0] = range[1] = fallback;
  if (!yaml.has(key)) return;
  if (!yaml.isList(key)) {
    range[0] = range[1] = yaml.number(key, fallback, 0, 100);
    return;
  }
  readRange(yaml, key, range);
  if (!(range[0] > 0) || !(range[1] <= 100)) yaml.fail(key, "expected a range of prices above 0, up to 100");
}

}  // namespace

Variations readVariations(YamlMap yaml) {
  Variations v;
  readRange(yaml, "cells", v.cells);
  readRange(yaml, "size", v.size);
  readRange(yaml, "normal_stress", v.normal_stress);
  readRange(yaml, "critical_slip", v.critical_slip);
  readRange(yaml, "damping_ratio", v.damping_ratio);
  readRange(yaml, "instability", v.instability);
  readRange(yaml, "initial_velocity", v.initial_velocity);
  readRange(yaml, "perturbation", v.perturbation);
  v.depth_dependent = yaml.number("depth_dependent", v.depth_dependent, 0, 1);
  yaml.finish();
  return v;
}

Scenario randomScenario(const Variations &v, std::uint64_t seed) {
  Random random(seed, 0xfa17);
  const auto uniform = [&random](double low, double high) { return random.uniform(low, high); };
  const auto logarithmic = [&](const double range[2]) {
    return range[0] > 0 ? std::exp(uniform(std::log(range[0]), std::log(range[1]))) : uniform(range[0], range[1]);
  };
  Scenario s;
  ElasticityParameters &e = s.elasticity;
  e.nx = e.nz = static_cast<PetscInt>(std::lround(logarithmic(v.cells)));
  e.lx = e.ly = e.lz = logarithmic(v.size);
  e.damping_ratio = logarithmic(v.damping_ratio);
  e.k_scale = 0;
  s.normal_stress.average = logarithmic(v.normal_stress);
  s.normal_stress.seed = 1 + random.bits() % 1000000007ull;
  if (uniform(0, 1) < v.depth_dependent) s.normal_stress.profile = NormalStress::Profile::linear;
  s.perturbation = uniform(v.perturbation[0], v.perturbation[1]);
  const double critical_slip = logarithmic(v.critical_slip);
  // The mesh-consistent fault is as stiff as one cell (mirror kernel: about 0.961 G/L).
  const double area = e.lx * e.lz, stiffness = 0.961 * e.shear_modulus / e.lx * area;
  const double mass = e.density * e.ly * area;
  const double drop =
      uniform(v.instability[0], v.instability[1]) * stiffness * critical_slip / (area * s.normal_stress.average);
  s.friction = std::make_shared<ExponentialWeakening>(0.5, drop, critical_slip);
  const double omega = std::sqrt(stiffness / mass);
  // An estimate of the peak velocity, as good as a user's would be.
  const double slip = area * s.normal_stress.average * drop / stiffness;
  s.velocity_scale = 0.28 * slip * omega * std::exp(uniform(-0.4, 0.4));
  s.initial_velocity = s.velocity_scale * logarithmic(v.initial_velocity);
  s.final_time = 20 * 1.13 / omega * uniform(0.8, 1.6);
  s.max_step = s.final_time / 4;
  s.min_step = s.max_step / 5000;
  s.first_step = s.max_step / 10;
  s.allow_stable = true;
  return s;
}

FaultEnvironment::FaultEnvironment(YamlMap yaml) {
  varied_ = yaml.has("vary");
  if (varied_ && yaml.has("scenario")) yaml.fail("vary", "give scenario or vary, not both");
  if (varied_)
    variations_ = readVariations(yaml.map("vary"));
  else
    scenario_ = readScenario(yaml.map("scenario", false));
  pool_size_ = varied_ ? static_cast<std::size_t>(yaml.number("pool", 400, 1, 1e6)) : 1;
  validation_size_ = varied_ ? static_cast<std::size_t>(yaml.number("validation", 30, 1, 1e5)) : 1;
  YamlMap reward = yaml.map("reward", false);
  local_ = learn::oneOf(reward, "kind", "local", {"local", "run"}) == "local";
  if (local_) {
    const bool wall = learn::oneOf(reward, "run_time", "iterations", {"iterations", "wall"}) == "wall";
    local_reward_ = std::make_unique<LocalReward>(reward.number("alpha", 8, 0, 1e6), wall);
  } else {
    readPrice(reward, "slip_price", prices_.slip, slip_prices_);
    prices_.slip_tolerance = reward.number("slip_tolerance", prices_.slip_tolerance, 1e-12, 1);
    readPrice(reward, "history_price", prices_.history, history_prices_);
  }
  reward.finish();
  const auto error = learn::oneOf(yaml, "error", local_ ? "doubling" : "none", {"none", "embedded", "doubling"});
  error_ = error == "none"       ? TS_BATHE_ERROR_NONE
           : error == "embedded" ? TS_BATHE_ERROR_EMBEDDED
                                 : TS_BATHE_ERROR_DOUBLING;
  if (local_ && error_ != TS_BATHE_ERROR_DOUBLING)
    yaml.fail("error", "the local reward needs doubling, found '" + error + "'");
  safeguard_ = yaml.get<bool>("safeguard", !local_);
  const auto names = yaml.get<std::vector<std::string>>("observables");
  const auto transform = yaml.get<std::string>("transform", std::string(local_ ? "linear" : "ratio"));
  const double low = yaml.get<double>("low", local_ ? scenario_.min_step : 0.1);
  const double high = yaml.get<double>("high", local_ ? scenario_.max_step : 10.0);
  try {
    specification_ = faultPolicySpecification(names, transform, low, high);
  } catch (const Error &e) {
    yaml.fail("observables", e.what());
  }
  for (const auto &name : names) {
    if (name == "doubling_error" && error_ != TS_BATHE_ERROR_DOUBLING)
      yaml.fail("observables", "doubling_error needs error: doubling, found '" + error + "'");
    if (name == "embedded_error" && error_ != TS_BATHE_ERROR_EMBEDDED)
      yaml.fail("observables", "embedded_error needs error: embedded, found '" + error + "'");
  }
  yaml.finish();
  training_.resize(pool_size_);
  validation_.resize(validation_size_);
}

FaultEnvironment::~FaultEnvironment() = default;

FaultEnvironment::World &FaultEnvironment::world(std::vector<World> &pool, std::size_t index, std::uint64_t seed) {
  World &w = pool[index];
  if (!w.fault) {
    // A draw that never ruptures, or whose heuristic breaks down, is no yardstick: draw again.
    for (std::uint64_t draw = 0; draw < 50; ++draw) {
      Scenario s = varied_ ? randomScenario(variations_, seed * 64 + draw) : scenario_;
      w.fault = std::make_unique<Fault>(PETSC_COMM_SELF, s);
      if (local_) return w;
      w.probe = std::make_unique<Fault>(PETSC_COMM_SELF, s, w.fault->sharedElasticity());
      w.yardstick = std::make_unique<Yardstick>(makeYardstick(*w.fault));
      const bool ruptures = w.yardstick->reference.peak_velocity > 0.1 * s.velocity_scale &&
                            w.yardstick->reference.slip > 0.3 * s.friction->criticalSlip();
      if (w.yardstick->reference.finished && w.yardstick->heuristic.finished && ruptures) return w;
      if (!varied_) break;
    }
    throw Error("environment fault: no usable scenario: none ruptures, or the heuristic breaks down on all");
  }
  return w;
}

RunPrices FaultEnvironment::drawPrices(std::uint64_t seed) const {
  Random random(seed, 0x9a1ce);
  RunPrices prices = prices_;
  const auto draw = [&](const double range[2]) {
    return range[1] > range[0] ? range[0] * std::pow(range[1] / range[0], random.uniform(0, 1)) : range[0];
  };
  prices.slip = draw(slip_prices_);
  prices.history = draw(history_prices_);
  return prices;
}

FaultRun FaultEnvironment::integrate(World &w, Agent &agent, const RunPrices &prices, double *total) {
  StepReward *reward = &run_reward_;
  if (local_) {
    local_reward_->use(*w.fault);
    reward = local_reward_.get();
  } else {
    run_reward_.use(*w.fault, *w.probe, *w.yardstick, prices);
    w.fault->setPrices({prices.slip, prices.history});
  }
  StepTraining training(agent, *reward);
  FaultRun run = simulate(*w.fault, [&](Fault &fault) {
    TSAdapt adapt;
    PetRLThrow(TSGetAdapt(fault.ts(), &adapt));
    PetRLThrow(TSBatheSetErrorType(fault.ts(), error_));
    // Afresh each time: nothing of an earlier run may linger.
    PetRLThrow(TSAdaptSetType(adapt, TSADAPTNONE));
    PetRLThrow(AdaptRLSetTraining(adapt, specification_, &training));
    PetRLThrow(TSAdaptSetAlwaysAccept(adapt, PETSC_TRUE));
    adaptRL(adapt).safeguard = safeguard_;
    addObservables(fault);
    const std::size_t patience = local_ ? 1000 : kPatience * w.yardstick->heuristic.attempts.size();
    PetRLThrow(TSSetMaxSteps(fault.ts(), static_cast<PetscInt>(patience)));
  });
  PetRLThrow(TSSetMaxSteps(w.fault->ts(), PETSC_MAX_INT));
  // Out of patience is no outcome of the last decision: nothing is known of what would have followed.
  const bool broke = run.reason.rfind("DIVERGED", 0) == 0;
  double last = broke ? kBreakdown * (local_ ? 1 : run_reward_.unit()) : 0;
  training.finish(run.finished || broke, last, {});
  *total = training.total();
  return run;
}

double FaultEnvironment::episode(Agent &agent, std::uint64_t seed) {
  double total;
  const std::size_t index = seed % pool_size_;
  integrate(world(training_, index, index + 1), agent, drawPrices(seed), &total);
  return total;
}

double FaultEnvironment::scoreOf(const FaultRun &run, const World &w, const RunPrices &prices) const {
  const Yardstick &y = *w.yardstick;
  const double tolerance = prices.slip_tolerance, cost = run.cost() / y.heuristic.cost();
  const bool ranges = slip_prices_[1] > slip_prices_[0] || history_prices_[1] > history_prices_[0];
  if (ranges && !run.finished) return 10;
  if (ranges)
    return cost + prices.slip * y.slipError(run) / (y.slipError(y.heuristic) + tolerance) +
           prices.history * y.historyError(run);
  if (!run.finished) return std::log(10.0);
  return std::log(cost) + 0.5 * std::log((y.slipError(run) + tolerance) / (y.slipError(y.heuristic) + tolerance)) +
         prices.history * (y.historyError(run) - y.historyError(y.heuristic));
}

Evaluation FaultEnvironment::evaluate(Agent &agent) {
  Evaluation e;
  double score = 0, cost = 0, slip = 0, slip_heuristic = 0, history = 0, failures = 0, broke = 0;
  for (std::size_t i = 0; i < validation_size_; ++i) {
    World &w = world(validation_, i, 1000003 + i);
    double total;
    const RunPrices prices = drawPrices(1000003 + i);
    const FaultRun run = integrate(w, agent, prices, &total);
    failures += static_cast<double>(run.failures);
    broke += run.finished ? 0 : 1;
    if (local_) {
      score -= total;
      continue;
    }
    const double log_cost = run.finished ? std::log(run.cost() / w.yardstick->heuristic.cost()) : std::log(10.0);
    cost += log_cost;
    slip += run.finished ? w.yardstick->slipError(run) : 1;
    slip_heuristic += w.yardstick->slipError(w.yardstick->heuristic);
    history += run.finished ? w.yardstick->historyError(run) : 1;
    score += scoreOf(run, w, prices);
  }
  const auto n = static_cast<double>(validation_size_);
  e.score = score / n;
  e.details["failed_solves"] = failures / n;
  e.details["broke"] = broke;
  if (!local_) {
    e.details["log_cost"] = cost / n;
    e.details["slip_error"] = slip / n;
    e.details["slip_error_heuristic"] = slip_heuristic / n;
    e.details["history_error"] = history / n;
  }
  return e;
}

}  // namespace petrl::fault
