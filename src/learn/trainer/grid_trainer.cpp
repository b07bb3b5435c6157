#include "learn/trainer/grid_trainer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "problems/environment.hpp"

namespace petrl::cli {

bool isGridLearner(const std::string &name) {
  static constexpr const char *kNames[] = {"ppo", "unroll"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

GridTrainer::GridTrainer(TrainingConfig text, const std::string &directory) : Training(std::move(text), directory) {
  environment_ = makeGridEnvironment(config().environment);
  learner_ = findGridLearner(config().learner)(config().learner_keys,
                                               static_cast<int>(environment_->observation().names.size()),
                                               static_cast<int>(environment_->action().low.size()), config().seed);
  if (!config().initial_policy.empty()) learner_->loadWeights(readPolicy(config().initial_policy).network);
  open();
}

Policy GridTrainer::policy() const {
  Policy out;
  out.kind = environment_->kind();
  out.observation = environment_->observation();
  out.action = environment_->action();
  out.network = learner_->network();
  return out;
}

std::map<std::string, double> GridTrainer::metrics() {
  auto values = learner_->metrics();
  // The log has a column of its own for it. No episode may have ended since the latest validation.
  const auto it = values.find("mean_return");
  if (it != values.end()) {
    if (std::isfinite(it->second)) mean_return_ = it->second;
    values.erase(it);
  }
  return values;
}

std::string GridTrainer::returnText() const {
  char text[80];
  std::snprintf(text, sizeof(text), "mean return %.4g (%lld episodes)", mean_return_,
                static_cast<long long>(episodes()));
  return text;
}

void GridTrainer::saveProgress(YAML::Emitter &out) const {
  out << YAML::Key << "mean_return" << YAML::Value << mean_return_;
}

void GridTrainer::loadProgress(YamlMap &progress) {
  mean_return_ = progress.get<double>("mean_return");
}

}  // namespace petrl::cli
