#include "learn/closure/regression.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.hpp"
#include "learn/ppo/interior.hpp"

namespace petrl::learn {

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

FcnConfig inDimensions(FcnConfig network, int dimensions) {
  network.dimensions = dimensions;
  return network;
}

}  // namespace

Regression::Regression(const RegressionConfig &config, int observations, int actions, std::uint64_t seed,
                       int dimensions)
    : config_(config),
      observations_(observations),
      actions_(actions),
      seed_(seed),
      network_(inDimensions(config.network, dimensions), observations, actions),
      weights_(network_.size(), 0.f),
      gradient_(network_.size(), 0.f),
      adam_(network_.size()) {
  Rng rng(seed);
  network_.bind(weights_.data(), gradient_.data());
  network_.initialiseUniform(rng, 0, actions);  // no correction to begin with
}

GridPolicy &Regression::deterministic() {
  deterministic_.set(network());
  return deterministic_;
}

double Regression::learningRate() const {
  const double share = .5 * (1 + std::cos(3.14159265358979323846 * std::min(1., over_)));
  return config_.learning_rate * (.01 + .99 * share);
}

// Episodes end with the iteration: a checkpoint needs to know of none.
void Regression::iterate(GridEnvironment &environment) {
  const GridSize size = environment.size();
  const std::size_t points = size.points();
  if (!tape_) tape_ = std::make_unique<tape::Tape>(size.nx, size.ny, size.nz);
  const Interior interior(size, environment.dimensions(), environment.margin());
  std::vector<float> observation(static_cast<std::size_t>(observations_) * points),
      slope(static_cast<std::size_t>(actions_) * points);
  std::unique_ptr<GridEpisode> episode;
  std::vector<double> terms;
  for (int step = 0; step < config_.horizon;) {
    std::fill(gradient_.begin(), gradient_.end(), 0.f);
    const int batch = std::min(config_.batch_size, config_.horizon - step);
    double loss = 0;
    for (int b = 0; b < batch; ++b, ++step) {
      if (!episode) episode = environment.episode(seed_ * 1000003ull + static_cast<std::uint64_t>(episodes_++));
      episode->observe(observation.data());
      double begin = now();
      tape_->clear();
      const tape::Var output = network_.forward(*tape_, tape_->input(observation.data(), observations_));
      network_seconds_ += now() - begin;
      double left = 0;
      const GridOutcome outcome = episode->descend(tape_->value(output), slope.data(), left);
      loss += left;
      begin = now();
      float *seed = tape_->gradient(output);
      for (std::size_t i = 0; i < slope.size(); ++i) seed[i] += slope[i] / static_cast<float>(batch);
      tape_->backward();
      update_seconds_ += now() - begin;
      if (outcome != GridOutcome::running) episode.reset();
    }
    const double begin = now();
    // Each rank's is the sum over its points.
    reduction_.sum(gradient_);
    const double norm = clipNorm(gradient_, config_.max_gradient_norm);
    if (std::isfinite(norm)) adam_.step(weights_.data(), gradient_.data(), learningRate());
    update_seconds_ += now() - begin;
    loss_ += loss / batch;
    ++losses_;
  }
  steps_ += config_.horizon;
}

std::map<std::string, double> Regression::metrics() {
  const std::map<std::string, double> out{{"loss", loss_ / std::max<double>(1, static_cast<double>(losses_))}};
  loss_ = 0;
  losses_ = 0;
  return out;
}

void Regression::archive(Archive &a) {
  a("steps", steps_);
  a("episodes", episodes_);
  a("losses", losses_);
  a("loss", loss_);
  a.sized("weights", weights_);
  a("adam", adam_);
}

}  // namespace petrl::learn
