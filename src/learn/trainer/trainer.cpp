#include "learn/trainer/trainer.hpp"

#include <cstdio>
#include <numeric>

#include "base/error.hpp"
#include "problems/environment.hpp"

namespace petrl::cli {

static constexpr std::size_t kReturnWindow = 100;

Trainer::Trainer(TrainingConfig text, const std::string &directory) : Training(std::move(text), directory) {
  environment_ = makeEnvironment(config().environment);
  learner_ =
      findLearner(config().learner)(config().learner_keys, static_cast<int>(environment_->observation().names.size()),
                                    static_cast<int>(environment_->action().low.size()), config().seed);
  if (!config().initial_policy.empty()) learner_->loadWeights(readPolicy(config().initial_policy).network);
  open();
}

void Trainer::advance() {
  const double r = environment_->episode(*learner_, config().seed * 1000003ull + static_cast<std::uint64_t>(episodes_));
  ++episodes_;
  returns_.push_back(r);
  if (returns_.size() > kReturnWindow) returns_.pop_front();
}

Evaluation Trainer::evaluate() {
  return environment_->evaluate(learner_->deterministic());
}

Policy Trainer::policy() const {
  Policy out;
  out.kind = environment_->kind();
  out.observation = environment_->observation();
  out.action = environment_->action();
  out.network = learner_->network();
  return out;
}

double Trainer::meanReturn() const {
  return returns_.empty()
             ? 0
             : std::accumulate(returns_.begin(), returns_.end(), 0.0) / static_cast<double>(returns_.size());
}

std::string Trainer::returnText() const {
  char text[80];
  std::snprintf(text, sizeof(text), "mean return %.3f (%zu episodes)", meanReturn(), returns_.size());
  return text;
}

void Trainer::saveProgress(YAML::Emitter &out) const {
  out << YAML::Key << "episodes" << YAML::Value << episodes_;
  out << YAML::Key << "returns" << YAML::Value << YAML::Flow << std::vector<double>(returns_.begin(), returns_.end());
}

void Trainer::loadProgress(YamlMap &progress) {
  episodes_ = progress.get<std::int64_t>("episodes");
  for (const double r : progress.get<std::vector<double>>("returns")) returns_.push_back(r);
}

}  // namespace petrl::cli
