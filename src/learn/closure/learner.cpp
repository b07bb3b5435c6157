#include "learn/closure/learner.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace petrl::learn {

namespace {

constexpr double kWorse = 1.02, kSlower = .25, kFinest = .05;
constexpr int kPatience = 3;

int count(std::size_t n) {
  return static_cast<int>(n);
}

std::vector<float> weightsOf(const NetworkSpec &network) {
  std::vector<float> all;
  for (const auto &[name, tensor] : network.weights) all.insert(all.end(), tensor.data.begin(), tensor.data.end());
  return all;
}

NetworkSpec withWeights(NetworkSpec network, const std::vector<float> &all) {
  auto at = all.begin();
  for (auto &[name, tensor] : network.weights) {
    if (static_cast<std::size_t>(all.end() - at) < tensor.data.size()) throw Error("weights of another network");
    const auto end = at + static_cast<std::ptrdiff_t>(tensor.data.size());
    std::copy(at, end, tensor.data.begin());
    at = end;
  }
  return network;
}

RegressionConfig regressionOf(const PpoConfig &config) {
  RegressionConfig c;
  c.network = config.network.policy;
  c.batch_size = config.batch_size;
  if (config.horizon > 0) c.horizon = static_cast<int>(config.horizon);
  return c;
}

}  // namespace

ClosureLearner::ClosureLearner(YamlMap keys, const PpoConfig &config, std::unique_ptr<ClosureEnvironment> environment,
                               std::uint64_t seed, double share)
    : environment_(std::move(environment)),
      regression_(regressionOf(config), count(environment_->observation().names.size()),
                  count(environment_->action().low.size()), seed, environment_->dimensions()),
      ppo_(std::move(keys), count(environment_->observation().names.size()), count(environment_->action().low.size()),
           seed, environment_->dimensions()),
      share_(share),
      handed_over_(share <= 0) {
  if (share > 0 && config.network.tanh_output)
    throw Error("learner: network: output: found tanh, expected linear where regression comes first");
}

void ClosureLearner::iterate() {
  if (!handed_over_ && over_ >= share_) {
    ppo_.loadWeights(best_ < 0 ? regression_.network() : withWeights(regression_.network(), best_weights_));
    // What is left to be found is smaller than what the solver misses.
    if (best_ >= 0) ppo_.scaleExploration(std::clamp(best_, kFinest, 1.));
    handed_over_ = true;
  } else if (worse_ >= kPatience) {
    ppo_.loadWeights(withWeights(ppo_.network(), best_weights_));
    ppo_.slowDown(kSlower);
    worse_ = 0;
  }
  if (handed_over_) {
    ppo_.schedule((over_ - share_) / (1 - share_));
    ppo_.iterate(*environment_);
  } else {
    regression_.schedule(over_ / share_);
    regression_.iterate(*environment_);
  }
}

Evaluation ClosureLearner::evaluate() {
  const Evaluation e = environment_->evaluate(handed_over_ ? ppo_.deterministic() : regression_.deterministic());
  environment_->reached();
  if (best_ < 0 || e.score < best_) {
    best_ = e.score;
    best_weights_ = weightsOf(network());
  }
  worse_ = handed_over_ && !(e.score <= kWorse * best_) ? worse_ + 1 : 0;
  return e;
}

Policy ClosureLearner::policy() const {
  return {environment_->kind(),    environment_->observation(), environment_->action(), network(), {},
          environment_->validity()};
}

std::map<std::string, double> ClosureLearner::metrics() {
  std::map<std::string, double> all = ppo_.metrics();
  for (const auto &[name, value] : regression_.metrics()) all[name] = value;
  return all;
}

void ClosureLearner::archive(Archive &a) {
  a.kind("closure");
  a("handed_over", handed_over_);
  a("worse", worse_);
  a("best", best_);
  a("best_weights", best_weights_);
  a.sized("reached", environment_->reached());
  a.group("regression", [&] { regression_.archive(a); });
  a.group("ppo", [&] { ppo_.archive(a); });
}

void ClosureLearner::loadWeights(const NetworkSpec &network) {
  regression_.loadWeights(network);
  ppo_.loadWeights(network);
}

}  // namespace petrl::learn
