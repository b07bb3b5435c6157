#include "learn/trainer/mesh_trainer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"

namespace petrl::cli {

bool isMeshLearner(const std::string &name) {
  static constexpr const char *kNames[] = {"gain-loss", "lamp"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

MeshTrainer::MeshTrainer(TrainingConfig text, const std::string &directory) : Training(std::move(text), directory) {
  YamlMap environment = config().environment;
  learner_ = findMeshLearner(config().learner)(config().learner_keys, environment, config().seed);
  if (!config().initial_policy.empty()) learner_->loadWeights(readPolicy(config().initial_policy, "refiner").network);
  open();
}

std::map<std::string, double> MeshTrainer::metrics() {
  auto values = learner_->metrics();
  for (const char *name : {"mean_return", "reward"}) {
    const auto it = values.find(name);
    if (it == values.end()) continue;
    if (std::isfinite(it->second)) mean_return_ = it->second;
    if (it->first == "mean_return") values.erase(it);  // the log has a column of its own for it
    break;
  }
  return values;
}

std::string MeshTrainer::returnText() const {
  char text[80];
  std::snprintf(text, sizeof(text), "mean return %.4g (%lld roll-outs)", mean_return_,
                static_cast<long long>(episodes()));
  return text;
}

void MeshTrainer::saveProgress(YAML::Emitter &out) const {
  out << YAML::Key << "mean_return" << YAML::Value << mean_return_;
}

void MeshTrainer::loadProgress(YamlMap &progress) {
  mean_return_ = progress.get<double>("mean_return");
}

}  // namespace petrl::cli
