#include "learn/unroll/unroll.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl {

Unroll::Unroll(YamlMap keys, int observations, int actions, std::uint64_t seed, int dimensions)
    : config_(learn::UnrollConfig::parse(std::move(keys))),
      observations_(observations),
      actions_(actions),
      seed_(seed),
      network_(config_.network, observations, actions),
      weights_(network_.size(), 0.f),
      gradient_(network_.size(), 0.f),
      adam_(network_.size()),
      slots_(static_cast<std::size_t>(config_.slots)) {
  if (dimensions != 2)
    throw Error("learner unroll: needs an environment of two dimensions, found " + std::to_string(dimensions),
                PETSC_ERR_SUP);
  learn::Rng rng(seed);
  network_.bind(weights_.data(), gradient_.data());
  network_.initialiseNormal(rng, config_.output_scale);
}

Unroll::~Unroll() = default;

GridPolicy &Unroll::deterministic() {
  deterministic_.set(network());
  return deterministic_;
}

double Unroll::learningRate() const {
  if (config_.decay_steps == 0) return config_.learning_rate;
  const double done = std::min(1., static_cast<double>(steps_) / static_cast<double>(config_.decay_steps));
  const double share = .5 * (1 + std::cos(3.14159265358979323846 * done));
  return config_.learning_rate_final + share * (config_.learning_rate - config_.learning_rate_final);
}

void Unroll::start(GridEnvironment &environment, Slot &slot, std::int64_t limit) {
  slot.seed = static_cast<std::int64_t>(seed_ * 1000003) + started_++ * reduction_.ranks() + reduction_.rank();
  slot.steps = 0;
  slot.limit = limit;
  slot.episode = environment.episode(static_cast<std::uint64_t>(slot.seed));
  slot.state = slot.episode->state();
}

// Episodes that are not there: at the start, with limits spread over the horizon so that they do not end together; or
// after a checkpoint, where the fine solver (which actions do not touch) is brought to where it was.
void Unroll::prepare(GridEnvironment &environment) {
  const std::size_t points = static_cast<std::size_t>(environment.nx()) * static_cast<std::size_t>(environment.ny());
  std::vector<float> none(static_cast<std::size_t>(actions_) * points, 0.f), reward(points);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot &slot = slots_[i];
    if (slot.episode) continue;
    if (slot.seed < 0) {
      const auto share = static_cast<std::int64_t>(i + 1) * config_.horizon / config_.slots;
      start(environment, slot, std::max<std::int64_t>(share, config_.window));
      continue;
    }
    slot.episode = environment.episode(static_cast<std::uint64_t>(slot.seed));
    for (std::int64_t s = 0; s < slot.steps; ++s) slot.episode->step(none.data(), reward.data());
    slot.episode->setState(slot.state);
  }
}

double Unroll::lossAndGradient(const std::vector<double> &target, tape::Var state) const {
  const float *value = tape_->value(state);
  const std::size_t points = tape_->points();
  std::vector<double> drift(target.size() / points, 0.);  // sums of the components' errors
  double error = 0, scale = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    const double difference = static_cast<double>(value[i]) - target[i];
    error += std::fabs(difference);
    drift[i / points] += difference;
    scale += std::fabs(target[i]);
  }
  for (const double d : drift) error += config_.mean_weight * std::fabs(d);
  const double per_point = config_.relative ? 1 / std::max(scale, 1e-30) : 1 / static_cast<double>(points);
  error *= per_point;
  const double loss = config_.error_scale > 0 ? std::log1p(error / config_.error_scale) : 100 * error;
  const double slope = config_.error_scale > 0 ? 1 / (config_.error_scale + error) : 100;
  const auto g = static_cast<float>(slope * per_point / (config_.window * config_.slots));
  float *gradient = tape_->gradient(state);
  for (std::size_t i = 0; i < target.size(); ++i) {
    const auto mean = static_cast<float>(config_.mean_weight * std::copysign(1., drift[i / points]));
    gradient[i] += g * (std::copysign(1.f, value[i] - static_cast<float>(target[i])) + mean);
  }
  return loss / config_.window;
}

double Unroll::window(GridEnvironment &environment, Slot &slot) {
  tape::Tape &tape = *tape_;
  tape.clear();
  const std::int64_t before = slot.steps;
  const auto floats = [](const std::vector<double> &v) { return std::vector<float>(v.begin(), v.end()); };
  const std::vector<double> parameters = slot.episode->parameters();
  tape::Var fixed;
  if (!parameters.empty())
    fixed = tape.input(floats(parameters).data(), static_cast<int>(parameters.size() / tape.points()));
  tape::Var state = tape.input(floats(slot.state).data(), static_cast<int>(slot.state.size() / tape.points()));
  std::vector<float> reward(tape.points());
  // A state that the network does not see: its answers are those to what is fixed.
  const bool blind = environment.observation().unseen(0);
  tape::Var nothing;
  if (blind) nothing = tape.input(std::vector<float>(slot.state.size(), 0.f).data(), tape.channels(state));
  double loss = 0;
  bool blown_up = false, ended = false;
  tape::Var output;
  for (int s = 0; s < config_.window && !ended; ++s) {
    if (s == 0 || !blind)
      output = network_.forward(tape, fixed.id < 0 ? state : tape.concatenate({blind ? nothing : state, fixed}));
    // The environment's own solver goes along, in double precision: its states are the truth, the tape's are for
    // the gradient (that of a related scheme, where the solver's own cannot be had).
    ended = slot.episode->step(tape.value(output), reward.data()) != GridOutcome::running;
    slot.state = slot.episode->state();
    state = tape.valued(environment.record(tape, state, fixed, output), floats(slot.state).data());
    loss += lossAndGradient(slot.episode->target(), state);
    ++slot.steps;
    for (const double x : slot.state) blown_up = blown_up || !(std::fabs(x) < config_.max_state);
    ended = ended || blown_up;
  }
  if (!blown_up) tape.backward();
  steps_taken_ += slot.steps - before;
  if (ended || slot.steps + config_.window > slot.limit) {
    ++episodes_;
    start(environment, slot, config_.horizon);
  }
  return blown_up ? 0 : loss;
}

void Unroll::iterate(GridEnvironment &environment) {
  if (!tape_) tape_ = std::make_unique<tape::Tape>(environment.nx(), environment.ny());
  if (config_.symmetric && !symmetry_) {
    symmetry_ = learn::Symmetry(config_.network, environment.observation(), environment.action());
    if (steps_ == 0 && !given_)
      symmetry_.projectDrawn(weights_.data());
    else
      symmetry_.project(weights_.data());
  }
  prepare(environment);
  std::fill(gradient_.begin(), gradient_.end(), 0.f);
  std::vector<double> numbers(3, 0.);  // loss, steps, episodes of all ranks
  const std::int64_t episodes = episodes_;
  steps_taken_ = 0;
  for (Slot &slot : slots_) numbers[0] += window(environment, slot);
  numbers[1] = static_cast<double>(steps_taken_);
  numbers[2] = static_cast<double>(episodes_ - episodes);
  reduction_.sum(numbers);
  reduction_.sum(gradient_);
  const auto share = static_cast<float>(1. / reduction_.ranks());
  for (float &g : gradient_) g *= share;
  if (symmetry_) symmetry_.project(gradient_.data());
  const double norm = clipNorm(gradient_, config_.max_gradient_norm);
  steps_ += static_cast<std::int64_t>(std::llround(numbers[1]));
  episodes_ = episodes + static_cast<std::int64_t>(std::llround(numbers[2]));
  loss_sum_ += numbers[0] / (config_.slots * reduction_.ranks());
  norm_sum_ += norm;
  ++loss_count_;
  // A window in which the solver all but blew up says nothing that a small step could use.
  if (!std::isfinite(norm)) return;
  adam_.step(weights_.data(), gradient_.data(), learningRate());
  if (symmetry_) symmetry_.project(weights_.data());  // rounding would add up
}

std::map<std::string, double> Unroll::metrics() {
  const double n = std::max<double>(1, static_cast<double>(loss_count_));
  std::map<std::string, double> out = {
      {"loss", loss_sum_ / n}, {"gradient_norm", norm_sum_ / n}, {"learning_rate", learningRate()}};
  loss_sum_ = norm_sum_ = 0;
  loss_count_ = 0;
  return out;
}

void Unroll::loadWeights(const NetworkSpec &network) {
  try {
    network_.loadWeights(network, actions_, "linear");
    given_ = true;
  } catch (const Error &e) {
    throw Error(std::string("learner unroll: ") + e.what(), e.code());
  }
}

void Unroll::archive(Archive &a) {
  a.kind("unroll");
  a.expect("observations", observations_);
  a.expect("actions", actions_);
  a.expect("slots", config_.slots);
  a("steps", steps_);
  a("episodes", episodes_);
  a("loss_sum", loss_sum_);
  a("norm_sum", norm_sum_);
  a("loss_count", loss_count_);
  a.sized("weights", weights_);
  a("adam", adam_);
  a.ranked([&] {
    a("started", started_);
    a.sized("episodes", slots_);
  });
}

}  // namespace petrl
