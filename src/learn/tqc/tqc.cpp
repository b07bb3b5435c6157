#include "learn/tqc/tqc.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "learn/tqc/native_engine.hpp"

namespace petrl {

namespace learn {

TqcEngine::~TqcEngine() = default;

Registry<TqcEngineFactory> &tqcEngines() {
  static auto *instance = new Registry<TqcEngineFactory>("TQC engine", "petrl_torch");
  return *instance;
}

}  // namespace learn

static int positive(int n, const char *what) {
  if (n < 1) throw Error(std::string("learner tqc: needs at least one ") + what, PETSC_ERR_ARG_OUTOFRANGE);
  return n;
}

Tqc::Tqc(YamlMap keys, int observations, int actions, std::uint64_t seed)
    : config_(learn::TqcConfig::parse(std::move(keys), actions)),
      shapes_(config_, positive(observations, "observation"), positive(actions, "action")),
      rng_(seed),
      state_(config_, shapes_, rng_),
      average_(state_.actor),
      buffer_(config_.buffer_size, observations, actions),
      actor_(shapes_) {
  if (config_.cuda) {
    engine_ = learn::tqcEngines().find("cuda")(config_, shapes_);
  } else {
    engine_ = std::make_unique<learn::NativeEngine>(config_, shapes_);
  }
  const auto rows = static_cast<std::size_t>(config_.batch_size);
  batch_.rows = config_.batch_size;
  batch_.observation.resize(rows * static_cast<std::size_t>(observations));
  batch_.next_observation.resize(batch_.observation.size());
  batch_.action.resize(rows * static_cast<std::size_t>(actions));
  batch_.reward.resize(rows);
  batch_.done.resize(rows);
  eps_.resize(static_cast<std::size_t>(shapes_.features * actions));
  losses_.temperature = config_.initial_temperature;
}

Tqc::~Tqc() = default;

void Tqc::decide(const float *observation, float *action) {
  const int actions = shapes_.actions;
  if (steps_ < config_.learning_starts && !config_.warmup_by_policy) {
    for (int a = 0; a < actions; ++a) action[a] = static_cast<float>(2 * rng_.uniform() - 1);
    return;
  }
  actor_.evaluate(state_.actor, observation);
  const float *phi = actor_.features(), *log_std = state_.actor.data() + shapes_.log_std;
  for (int a = 0; a < actions; ++a) {
    // phi . (std * eps) is one normal number of known variance when the matrix is drawn afresh for each decision.
    float variance = 0;
    for (int k = 0; k < shapes_.features; ++k) {
      const float deviation = phi[k] * std::exp(log_std[k * padded(actions) + a]);
      variance += deviation * deviation;
    }
    action[a] = std::tanh(actor_.mean(a) + std::sqrt(variance) * static_cast<float>(rng_.normal()));
  }
}

void Tqc::Deterministic::decide(const float *observation, float *action) {
  owner_.actor_.evaluate(owner_.policyWeights(), observation);
  for (int a = 0; a < owner_.shapes_.actions; ++a) action[a] = std::tanh(owner_.actor_.mean(a));
}

void Tqc::record(const Transition &transition) {
  buffer_.add(transition);
  ++steps_;
  if (steps_ <= config_.learning_starts) return;
  for (due_ += config_.updates_per_step; due_ >= 1; due_ -= 1) update();
}

double Tqc::learningRate() const {
  if (config_.decay_steps == 0) return config_.learning_rate;
  const double done = std::min(1., static_cast<double>(steps_) / static_cast<double>(config_.decay_steps));
  return config_.learning_rate + done * (config_.learning_rate_final - config_.learning_rate);
}

void Tqc::update() {
  if (buffer_.size() == 0) throw Error("learner tqc: an update needs at least one transition");
  const int n = shapes_.observations, actions = shapes_.actions;
  for (int b = 0; b < batch_.rows; ++b) {
    const float *row = buffer_.row(static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(buffer_.size()))));
    std::copy_n(row, n, batch_.observation.data() + b * n);
    row += n;
    std::copy_n(row, actions, batch_.action.data() + b * actions);
    row += actions;
    batch_.reward[static_cast<std::size_t>(b)] = row[0];
    batch_.done[static_cast<std::size_t>(b)] = row[1];
    std::copy_n(row + 2, n, batch_.next_observation.data() + b * n);
  }
  for (auto &number : eps_) number = static_cast<float>(rng_.normal());
  losses_ = engine_->update(state_, batch_, eps_.data(), learningRate());
  if (config_.average == 0) return;
  const auto share = static_cast<float>(1 - config_.average);
  for (std::size_t i = 0; i < average_.size(); ++i) average_[i] += share * (state_.actor[i] - average_[i]);
}

std::map<std::string, double> Tqc::metrics() const {
  return {{"critic_loss", losses_.critic},
          {"actor_loss", losses_.actor},
          {"temperature", losses_.temperature},
          {"log_prob", losses_.log_prob},
          {"mean_q", losses_.mean_q},
          {"learning_rate", learningRate()},
          {"updates", static_cast<double>(state_.updates)}};
}

}  // namespace petrl
