#include "learn/gain_loss/gain_loss.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "learn/engine/rng.hpp"

namespace petrl {

namespace {

GraphShape shapeOf(const learn::GainLossConfig &config) {
  return {RefinementObservation::kNode, RefinementObservation::kEdge, config.hidden, config.layers, 2, false};
}

}  // namespace

GainLoss::GainLoss(YamlMap keys, std::unique_ptr<MeshEnvironment> environment, std::uint64_t seed)
    : config_(learn::GainLossConfig::parse(std::move(keys))),
      environment_(std::move(environment)),
      seed_(seed),
      rank_(environment_->together() ? 0 : reduction_.rank()),
      ranks_(environment_->together() ? 1 : reduction_.ranks()),
      network_(shapeOf(config_)),
      adam_(network_.size()),
      gradient_(network_.size()) {
  learn::Rng rng(seed);
  network_.initialise([&] { return rng.uniform(); }, .5);
}

double GainLoss::learningRate() const {
  if (config_.decay_steps == 0) return config_.learning_rate;
  const double done = std::min(1., static_cast<double>(steps_) / static_cast<double>(config_.decay_steps));
  const double share = .5 * (1 + std::cos(3.14159265358979323846 * done));
  return config_.learning_rate_final + share * (config_.learning_rate - config_.learning_rate_final);
}

double GainLoss::exploration() const {
  const double done = std::min(1., static_cast<double>(steps_) / static_cast<double>(config_.explore_steps));
  return config_.explore + done * (config_.explore_final - config_.explore);
}

void GainLoss::iterate() {
  RefinementPolicy policy(network_);
  std::vector<MeshSample> samples;
  std::map<std::string, double> metrics;
  for (int e = 0; e < config_.episodes; ++e) {
    const std::int64_t number = (iterations_ * config_.episodes + e) * ranks_ + rank_;
    environment_->episode(seed_ * 1000003 + static_cast<std::uint64_t>(number), policy, exploration(), samples,
                          metrics);
  }
  std::vector<double> counts = {static_cast<double>(samples.size()), static_cast<double>(config_.episodes)};
  for (MeshSample &sample : samples) {
    memory_.push_back(std::move(sample));
    if (memory_.size() > static_cast<std::size_t>(config_.memory)) memory_.pop_front();
  }
  reduction_.sum(counts);
  steps_ += static_cast<std::int64_t>(counts[0]);
  episodes_ += static_cast<std::int64_t>(counts[1]) * ranks_ / reduction_.ranks();
  for (const auto &[key, value] : metrics) sums_[key] += value;
  for (int u = 0; u < config_.updates; ++u) update();
  ++iterations_;
}

void GainLoss::update() {
  // Which decisions: a function of the update's number and the rank, so that checkpoints need no random state.
  learn::Rng rng(seed_ + 7919 * static_cast<std::uint64_t>(updates_ * ranks_ + rank_ + 1));
  std::fill(gradient_.begin(), gradient_.end(), 0.f);
  double loss = 0, count = 0;
  std::vector<float> up;
  for (int b = 0; b < config_.batch && !memory_.empty(); ++b) {
    const MeshSample &s = memory_[static_cast<std::size_t>(rng.below(memory_.size()))];
    network_.forward(s.graph(), s.node.data(), s.edge.data(), record_);
    up.assign(s.target.size(), 0.f);
    for (std::size_t i = 0; i < s.target.size(); ++i) {
      if (std::isnan(s.target[i])) continue;
      const float difference = record_.out[i] - s.target[i];
      loss += static_cast<double>(difference) * difference;
      count += 1;
      up[i] = 2 * difference;
    }
    network_.backward(s.graph(), s.node.data(), s.edge.data(), record_, up.data(), gradient_.data(), nullptr);
  }
  std::vector<double> totals = {loss, count};
  reduction_.sum(totals);
  reduction_.sum(gradient_);
  ++updates_;
  if (!(totals[1] > 0)) return;
  for (float &g : gradient_) g /= static_cast<float>(totals[1]);
  const double norm = clipNorm(gradient_, config_.max_gradient_norm);
  if (!std::isfinite(norm)) throw Error("learner gain-loss: the gradient is not finite; a smaller learning_rate?");
  adam_.step(network_.weights().data(), gradient_.data(), learningRate());
  sums_["updates"] += 1;
  sums_["loss"] += totals[0] / totals[1];
  sums_["gradient norm"] += norm;
}

Policy GainLoss::policy() const {
  Policy p = RefinementPolicy::specification(network_);
  const std::vector<std::string> &names = p.observation.names;
  p.validity = environment_->validity();
  for (const MeshSample &s : memory_) {
    p.validity.saw("dimension", s.slots - 1);
    for (std::size_t i = 0; i < s.node.size(); ++i)
      p.validity.saw(names[i % names.size()], static_cast<double>(s.node[i]));
  }
  return p;
}

std::map<std::string, double> GainLoss::metrics() {
  auto sums = sums_;
  sums_.clear();
  const double decisions = std::max(1., sums["decisions"]), updates = std::max(1., sums["updates"]);
  return {{"mean_return", sums["reward"] / decisions},
          {"best_return", sums["best reward"] / decisions},
          {"cells", sums["cells"] / decisions},
          {"error_of_logarithm", static_cast<double>(RefinementScale::kScale) * std::sqrt(sums["loss"] / updates)},
          {"gradient_norm", sums["gradient norm"] / updates},
          {"exploration", exploration()},
          {"learning_rate", learningRate()}};
}

Evaluation GainLoss::evaluate() {
  RefinementPolicy policy(network_);
  return environment_->evaluate(policy);
}

void GainLoss::loadWeights(const NetworkSpec &network) {
  const GraphNetwork given(network, "initial policy");
  if (given.size() != network_.size() || given.shape().hidden != network_.shape().hidden) {
    throw Error("initial policy: expected " + std::to_string(config_.layers) + " layers of " +
                std::to_string(config_.hidden) + ", found " + std::to_string(given.shape().layers) + " of " +
                std::to_string(given.shape().hidden));
  }
  network_.weights() = given.weights();
}

static void archiveSample(Archive &a, MeshSample &s) {
  a("nodes", s.nodes);
  a("slots", s.slots);
  a("source", s.source);
  a("node", s.node);
  a("edge", s.edge);
  a("target", s.target);
  const auto nodes = static_cast<std::size_t>(std::max(s.nodes, 0)),
             edges = nodes * static_cast<std::size_t>(std::max(s.slots, 0));
  if (s.source.size() != edges || s.node.size() != nodes * RefinementObservation::kNode ||
      s.edge.size() != edges * RefinementObservation::kEdge || s.target.size() != 2 * nodes)
    a.fail("nodes", "its arrays are not those of a mesh of " + std::to_string(s.nodes) + " cells");
}

void GainLoss::archive(Archive &a) {
  a.kind("gain-loss");
  a.expect("hidden", config_.hidden);
  a.expect("layers", config_.layers);
  a("iterations", iterations_);
  a("updates", updates_);
  a("steps", steps_);
  a("episodes", episodes_);
  a.sized("weights", network_.weights());
  a("adam", adam_);
  // Sums are this rank's, as are the decisions that it remembers.
  a.ranked([&] {
    a("sums", sums_);
    a.list("memory", memory_, archiveSample);
  });
}

}  // namespace petrl
