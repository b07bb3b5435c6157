#include "learn/closure/learner.hpp"

#include "base/error.hpp"

namespace petrl::learn {

namespace {

int count(std::size_t n) {
  return static_cast<int>(n);
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
    ppo_.loadWeights(regression_.network());
    handed_over_ = true;
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
  return environment_->evaluate(handed_over_ ? ppo_.deterministic() : regression_.deterministic());
}

Policy ClosureLearner::policy() const {
  return {environment_->kind(),
          environment_->observation(),
          environment_->action(),
          handed_over_ ? ppo_.network() : regression_.network(),
          {},
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
  a.group("regression", [&] { regression_.archive(a); });
  a.group("ppo", [&] { ppo_.archive(a); });
}

void ClosureLearner::loadWeights(const NetworkSpec &network) {
  regression_.loadWeights(network);
  ppo_.loadWeights(network);
}

}  // namespace petrl::learn
