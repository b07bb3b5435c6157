#include "problems/grid2d/environment.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "learn/engine/record.hpp"
#include "learn/yaml_values.hpp"
#include "problems/grid2d/random.hpp"
#include "problems/grid2d/record.hpp"

namespace petrl::grid2d {

namespace {

constexpr double kHopeless = 10;        // relative error beyond which a run teaches nothing any more
constexpr double kLargestReward = 1e6;  // before scaling; a bound for what blows up within one step

class ClosureEpisode : public GridEpisode {
 public:
  ClosureEpisode(const ClosureEnvironment &environment, std::shared_ptr<Trajectory> trajectory, std::uint64_t seed)
      : environment_(environment), model_(environment.model()), trajectory_(std::move(trajectory)) {
    const int n = model_.sizes().n;
    const Field &velocity = trajectory_->velocity();
    stepper_ = std::make_unique<Stepper>(environment.settings().scheme, model_.components(), n, n, model_.sizes().dt());
    if (velocity.components() > 0) stepper_->setVelocity(velocity);
    corrector_ = std::make_unique<Corrector>(environment.specification(), model_, velocity, "environment");
    look();
    std::vector<double> start = target_;
    if (environment.settings().noise > 0) {
      Random random(~seed);
      for (double &value : start) value += environment.settings().noise * random.normal();
    }
    state_ = Field(model_.components(), n, n);
    state_.set(start.data());
  }

  void observe(float *observation) const override { corrector_->observe(state_, observation); }

  GridOutcome step(const float *action, float *reward) override {
    const ClosureSettings &settings = environment_.settings();
    const bool later = settings.reward == Reward::after_step;
    Field without = state_;
    corrector_->correct(action, state_);
    if (!later) setReward(without.dense(), reward);
    stepper_->step(state_);
    ++steps_;
    look();
    if (later) {
      stepper_->step(without);
      setReward(without.dense(), reward);
    }
    const double error = model_.relativeError(state_.dense(), target_);
    // Written so that a NaN ends it, too.
    if (!(error < kHopeless)) return GridOutcome::truncated;
    const bool far = error >= settings.max_error && steps_ >= settings.min_steps;
    return far || steps_ >= settings.max_steps ? GridOutcome::truncated : GridOutcome::running;
  }

  std::vector<double> state() const override { return state_.dense(); }
  void setState(const std::vector<double> &state) override {
    if (state.size() != target_.size()) {
      throw Error("setState: " + std::to_string(state.size()) + " values; expected " + std::to_string(target_.size()));
    }
    state_.set(state.data());
  }
  std::vector<double> target() const override { return target_; }
  std::vector<double> parameters() const override {
    const Field &velocity = trajectory_->velocity();
    return velocity.components() > 0 ? velocity.dense() : std::vector<double>();
  }

 private:
  void look() { target_ = trajectory_->at(steps_); }

  // Squared errors without the action minus those of the state, against the target, summed over the components as the
  // problem's scale says: the mean for one component, the sum over mean(|u| + |v|) for two.
  void setReward(const std::vector<double> &without, float *reward) const {
    const std::vector<double> with = state_.dense();
    const auto components = static_cast<std::size_t>(model_.components());
    const std::size_t points = with.size() / components;
    const double scale = model_.scale(target_);
    double drift = 0;
    for (std::size_t c = 0; c < components; ++c) {
      double sum = 0;
      for (std::size_t i = c * points; i < (c + 1) * points; ++i) sum += with[i] - target_[i];
      drift += std::fabs(sum) / static_cast<double>(points);
    }
    const double penalty = environment_.settings().mass_penalty * drift;
    for (std::size_t i = 0; i < points; ++i) {
      double sum = 0;
      for (std::size_t j = i; j < with.size(); j += points) {
        const double before = without[j] - target_[j], after = with[j] - target_[j];
        sum += before * before - after * after;
      }
      sum = sum / scale - penalty;
      if (!(std::fabs(sum) < kLargestReward))
        sum = std::isnan(sum) ? -kLargestReward : std::copysign(kLargestReward, sum);
      reward[i] = static_cast<float>(environment_.settings().reward_scale * sum);
    }
  }

  const ClosureEnvironment &environment_;
  const Model &model_;
  std::shared_ptr<Trajectory> trajectory_;
  Field state_;
  std::unique_ptr<Stepper> stepper_;
  std::unique_ptr<Corrector> corrector_;
  std::vector<double> target_;
  int steps_ = 0;
};

}  // namespace

Sizes readSizes(YamlMap &yaml, const Sizes &fallback) {
  Sizes s;
  s.n = yaml.integer("n", fallback.n, 4, 4096);
  s.ratio = yaml.integer("ratio", fallback.ratio, 1, 64);
  s.substeps = yaml.integer("substeps", fallback.substeps, 1, 1000);
  s.dt_factor = yaml.number("dt_factor", fallback.dt_factor, 1e-6, 100);
  if (s.fine() < 5)
    yaml.fail("ratio", "expected a fine grid of at least 5 points a side, found " + std::to_string(s.fine()));
  return s;
}

ClosureSettings readSettings(YamlMap &yaml, const Model &model, const ClosureSettings &fallback) {
  ClosureSettings s = fallback;
  s.scheme = readScheme(yaml, model.viscosity(), 1. / model.sizes().fine(), model.sizes().ratio);
  if (learn::oneOf(yaml, "reward", "immediate", {"immediate", "after-step"}) == "after-step")
    s.reward = Reward::after_step;
  s.reward_scale = yaml.number("reward_scale", s.reward_scale, 1e-12, 1e12);
  s.mass_penalty = yaml.number("mass_penalty", s.mass_penalty, 0, 1e6);
  s.noise = yaml.number("noise", s.noise, 0, 1);
  s.pool = yaml.integer("pool", s.pool, 0, 1000000);
  YamlMap episode = yaml.map("episode", false);
  s.max_error = episode.number("max_error", s.max_error, 1e-9, 10);
  s.min_steps = episode.integer("min_steps", s.min_steps, 1, 1000000);
  s.max_steps = episode.integer("max_steps", s.max_steps, 1, 1000000);
  if (s.max_steps < s.min_steps)
    episode.fail("max_steps", "expected at least min_steps = " + std::to_string(s.min_steps));
  episode.finish();
  YamlMap validation = yaml.map("validation", false);
  s.validation_cases = validation.integer("cases", s.validation_cases, 1, 10000);
  s.validation_steps = validation.integer("steps", s.validation_steps, 2, 100000);
  s.geometric = learn::oneOf(validation, "mean", "arithmetic", {"arithmetic", "geometric"}) == "geometric";
  validation.finish();
  return s;
}

void ClosureEnvironment::specify(YamlMap &yaml, const Model &model, const std::string &transform, double bound) {
  ObservationSpec &seen = specification_.observation;
  seen.names = model.components() == 1 ? std::vector<std::string>{"psi", "u", "v"} : std::vector<std::string>{"u", "v"};
  seen.offset.assign(seen.names.size(), 0.f);
  seen.scale.assign(seen.names.size(), 1.f);
  // A state that is not seen: with the transform flux, corrections that are linear in it. Of the velocity only Courant
  // numbers are seen then, in units of the training's for a speed of one, so that no unit of anything matters.
  if (yaml.get<bool>("unseen_state", false)) {
    if (static_cast<std::size_t>(model.components()) == seen.names.size())
      yaml.fail("unseen_state", "there is nothing else to be seen");
    seen.normalise.assign(seen.names.size(), "courant");
    seen.scale.assign(seen.names.size(), static_cast<float>(model.sizes().dt() * model.sizes().n));
    for (std::size_t c = 0; c < static_cast<std::size_t>(model.components()); ++c)
      seen.normalise[c] = "unseen", seen.scale[c] = 1;
  }
  specification_.kind = kind();
  specification_.action = readAction(yaml.map("action", false), transform, bound, model.components());
  try {
    const Corrector probe(specification_, model, Field(), "transform");
  } catch (const Error &e) {
    yaml.fail("action", e.what());
  }
}

Validity ClosureEnvironment::validity() const {
  const bool rk4 = settings_.scheme.integrator == "rk4";
  Validity v;
  v.saw("step", model().sizes().dt());
  v.saw("spacing", 1. / model().sizes().n);
  v.saw("order", rk4 ? 4 : 1);
  v.saw("ts_type", rk4 ? "rk" : settings_.scheme.integrator);
  v.saw("scheme", settings_.scheme.advection);
  v.saw("boundary", "periodic");
  for (const char *name : {"u", "v"}) v.saw("velocity", name);
  return v;
}

std::unique_ptr<GridEpisode> ClosureEnvironment::episode(std::uint64_t seed) {
  const auto make = [this](std::uint64_t which) {
    return std::make_shared<Trajectory>(model(), draw(false, which), settings_.max_steps);
  };
  if (settings_.pool == 0) return std::make_unique<ClosureEpisode>(*this, make(seed), seed);
  const std::uint64_t which = seed % static_cast<std::uint64_t>(settings_.pool);
  auto &trajectory = pool_[which];
  if (!trajectory) trajectory = make(which);
  return std::make_unique<ClosureEpisode>(*this, trajectory, seed);
}

tape::Var ClosureEnvironment::record(tape::Tape &tape, tape::Var state, tape::Var parameters, tape::Var output) const {
  const double h = 1. / nx(), dt = model().sizes().dt();
  const bool prescribed = parameters.id >= 0;
  const tape::Var fields = prescribed ? tape.concatenate({state, parameters}) : state;
  const tape::Var corrected = recordCorrection(tape, specification_, fields, model().components(), output,
                                               CorrectionStep{nx(), ny(), dt, h, h});
  // WENO5 where it is smooth, which is where its weights hardly matter; and first-order upwind by the velocity that
  // carries, where it goes by what is carried: the sign that it looks at says nothing to a gradient.
  Scheme scheme = settings_.scheme;
  if (scheme.integrator == "semi-lagrangian")
    throw Error("integrator semi-lagrangian is not differentiable here: choose another learner (ppo)", PETSC_ERR_SUP);
  if (scheme.advection == "weno5") scheme.advection = "upwind5";
  scheme.transported = false;
  return recordStep(tape, discretize(scheme, h, h), settings_.scheme.integrator == "rk4", corrected, parameters, dt);
}

Evaluation ClosureEnvironment::evaluate(GridPolicy &policy) {
  const int n = model().sizes().n, steps = settings_.validation_steps;
  const Configuration configuration{settings_.scheme, n, 1, 1};
  if (validation_.empty()) {
    for (int i = 0; i < settings_.validation_cases; ++i) {
      Validation v;
      v.c = draw(true, static_cast<std::uint64_t>(i));
      v.reference = reference(model(), v.c, steps, {n});
      v.base = simulate(model(), v.c, v.reference, configuration);
      validation_.push_back(std::move(v));
    }
  }
  const std::string half = std::to_string(steps / 2), end = std::to_string(steps);
  Evaluation e;
  double logarithms = 0;
  const std::size_t observation_names = this->observation().names.size(), actions = this->action().low.size();
  std::vector<float> observation(observation_names * static_cast<std::size_t>(n * n));
  std::vector<float> action(actions * static_cast<std::size_t>(n * n));
  for (const Validation &v : validation_) {
    const Field velocity = v.c.velocity.empty() ? Field() : model().velocity(v.c, n);
    Corrector corrector(specification_, model(), velocity, "environment");
    const Errors errors = simulate(model(), v.c, v.reference, configuration, [&](Field &state, const Field &) {
      corrector.observe(state, observation.data());
      policy.decide(observation.data(), {n, n}, action.data());
      corrector.correct(action.data(), state);
    });
    const auto add = [&](const std::string &name, const std::vector<double> &values, int step) {
      e.details[name] += 100 * std::min(values[static_cast<std::size_t>(step)], kHopeless) / settings_.validation_cases;
    };
    const double last = errors.relative[static_cast<std::size_t>(steps)];
    logarithms += std::log(std::clamp(last, 1e-12, kHopeless)) / settings_.validation_cases;
    add("relative_error_" + half, errors.relative, steps / 2);
    add("relative_error_" + end, errors.relative, steps);
    add("mass_error_" + end, errors.mass, steps);
    add("base_relative_error_" + half, v.base.relative, steps / 2);
    add("base_relative_error_" + end, v.base.relative, steps);
    add("base_mass_error_" + end, v.base.mass, steps);
  }
  e.score = settings_.geometric ? 100 * std::exp(logarithms) : e.details["relative_error_" + end];
  e.details["cases"] = settings_.validation_cases;
  return e;
}

}  // namespace petrl::grid2d
