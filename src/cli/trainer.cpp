#include "cli/trainer.hpp"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <numeric>
#include <sstream>

#include "adapt/specification.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "policy/policy.hpp"
#include "problems/environment.hpp"

namespace petrl::cli {

namespace {

constexpr std::size_t kReturnWindow = 100;

double mean(const std::deque<double> &values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

Trainer::Trainer(const std::string &config_file, const std::string &directory)
    : config_file_(config_file), directory_(directory) {
  YamlMap yaml = YamlMap::read(config_file);
  std::ifstream in(config_file);
  std::stringstream text;
  text << in.rdbuf();
  config_text_ = text.str();
  seed_ = static_cast<std::uint64_t>(yaml.number("seed", 1, 0, 9e15));
  total_steps_ = static_cast<std::int64_t>(yaml.number("steps", 20000, 1, 1e12));
  evaluate_every_ = static_cast<std::int64_t>(yaml.number("evaluate_every", 10000, 1, 1e12));
  checkpoint_every_ = static_cast<std::int64_t>(yaml.number("checkpoint_every", 10000, 1, 1e12));
  const auto initial = yaml.get<std::string>("initial_policy", std::string());
  YamlMap learner = yaml.map("learner");
  const auto algorithm = learner.get<std::string>("name", std::string("tqc"));
  YAML::Node keys = YAML::Load(learner.text());
  keys.remove("name");
  std::stringstream keys_text;
  if (keys.size() > 0) keys_text << keys;
  YamlMap environment = yaml.map("environment");
  yaml.finish();
  environment_ = makeEnvironment(environment);
  learner_ = findLearner(algorithm)(keys_text.str(), static_cast<int>(environment_->observation().names.size()),
                                    static_cast<int>(environment_->action().low.size()), seed_);
  if (!initial.empty()) learner_->loadWeights(readPolicy(initial).network);
  makeFolders(directory_);
  if (fileExists(path("progress.yaml"))) resume();
}

void Trainer::resume() {
  YamlMap progress = YamlMap::read(path("progress.yaml"));
  if (progress.get<std::string>("config") != config_text_) {
    throw Error(path("progress.yaml") + ": this folder holds a training with another configuration than " +
                config_file_ + "; choose another folder with -o");
  }
  episodes_ = progress.get<std::int64_t>("episodes");
  next_evaluation_ = progress.get<std::int64_t>("next_evaluation");
  saves_ = progress.get<std::int64_t>("saves");
  log_bytes_ = progress.get<std::int64_t>("log_bytes");
  has_best_ = progress.get<bool>("has_best");
  best_ = progress.get<double>("best");
  last_score_ = progress.get<double>("last_score");
  for (const double r : progress.get<std::vector<double>>("returns")) returns_.push_back(r);
  learner_->load(path("learner-" + std::to_string(saves_) + ".state"));
  next_checkpoint_ = learner_->steps() + checkpoint_every_;
  // What was logged after the checkpoint will be logged again.
  if (fileExists(path("log.csv")) && truncate(path("log.csv").c_str(), log_bytes_) != 0)
    throw Error(path("log.csv") + ": cannot truncate this file");
  std::printf("resumed at step %lld, episode %lld\n", static_cast<long long>(learner_->steps()),
              static_cast<long long>(episodes_));
}

void Trainer::checkpoint() {
  const std::string old = path("learner-" + std::to_string(saves_) + ".state");
  ++saves_;
  learner_->save(path("learner-" + std::to_string(saves_) + ".state"));
  YAML::Emitter out;
  out.SetDoublePrecision(17);
  out << YAML::BeginMap;
  out << YAML::Key << "episodes" << YAML::Value << episodes_;
  out << YAML::Key << "next_evaluation" << YAML::Value << next_evaluation_;
  out << YAML::Key << "saves" << YAML::Value << saves_;
  out << YAML::Key << "log_bytes" << YAML::Value << log_bytes_;
  out << YAML::Key << "has_best" << YAML::Value << has_best_;
  out << YAML::Key << "best" << YAML::Value << best_;
  out << YAML::Key << "last_score" << YAML::Value << last_score_;
  out << YAML::Key << "returns" << YAML::Value << YAML::Flow << std::vector<double>(returns_.begin(), returns_.end());
  out << YAML::Key << "config" << YAML::Value << YAML::DoubleQuoted << config_text_;
  out << YAML::EndMap;
  // The rename in here is the moment at which the new checkpoint takes the place of the old one.
  writeWhole(path("progress.yaml"), out.c_str());
  std::remove(old.c_str());
  next_checkpoint_ = learner_->steps() + checkpoint_every_;
}

void Trainer::validate() {
  const Evaluation e = environment_->evaluate(learner_->deterministic());
  last_score_ = e.score;
  Policy policy;
  policy.kind = environment_->kind();
  policy.observation = environment_->observation();
  policy.action = environment_->action();
  policy.network = learner_->network();
  policy.provenance.config = config_text_;
  policy.provenance.seed = seed_;
  policy.provenance.steps = learner_->steps();
  policy.provenance.version = petrlVersion();
  policy.provenance.libraries = libraryVersions();
  policy.provenance.evaluation = e.details;
  policy.provenance.evaluation["score"] = e.score;
  writePolicy(path("last.h5"), policy);
  const bool better = !has_best_ || e.score < best_;
  if (better) {
    writePolicy(path("best.h5"), policy);
    best_ = e.score;
    has_best_ = true;
  }
  const auto metrics = learner_->metrics();
  std::FILE *log = std::fopen(path("log.csv").c_str(), "ab");
  if (log == nullptr) throw Error(path("log.csv") + ": cannot write this file", PETSC_ERR_FILE_WRITE);
  if (std::fseek(log, 0, SEEK_END) == 0 && std::ftell(log) == 0) {
    std::fprintf(log, "steps,episodes,mean_return,score,best");
    for (const auto &[name, value] : e.details) std::fprintf(log, ",%s", name.c_str());
    for (const auto &[name, value] : metrics) std::fprintf(log, ",%s", name.c_str());
    std::fprintf(log, "\n");
  }
  std::fprintf(log, "%lld,%lld,%.9g,%.9g,%.9g", static_cast<long long>(learner_->steps()),
               static_cast<long long>(episodes_), mean(returns_), e.score, best_);
  for (const auto &[name, value] : e.details) std::fprintf(log, ",%.9g", value);
  for (const auto &[name, value] : metrics) std::fprintf(log, ",%.9g", value);
  std::fprintf(log, "\n");
  log_bytes_ = std::ftell(log);
  std::fclose(log);
  std::printf("step %lld: validation score %.4f%s\n", static_cast<long long>(learner_->steps()), e.score,
              better ? " (best so far)" : "");
  std::fflush(stdout);
}

void Trainer::report(bool now) {
  const auto time = std::chrono::steady_clock::now();
  if (!now && time - last_report_ < std::chrono::seconds(10)) return;
  last_report_ = time;
  const double seconds = std::chrono::duration<double>(time - begin_).count();
  const double rate = static_cast<double>(learner_->steps() - begin_steps_) / std::max(seconds, 1e-9);
  const double eta = static_cast<double>(total_steps_ - learner_->steps()) / std::max(rate, 1e-9);
  std::printf("step %lld / %lld, %.0f steps/s, ETA %.0f min, mean return %.3f (%zu episodes), score %.4f, best %.4f\n",
              static_cast<long long>(learner_->steps()), static_cast<long long>(total_steps_), rate, eta / 60,
              mean(returns_), returns_.size(), last_score_, best_);
  std::fflush(stdout);
}

void Trainer::run(const volatile int *stop) {
  begin_ = last_report_ = std::chrono::steady_clock::now();
  begin_steps_ = learner_->steps();
  if (next_checkpoint_ == 0) next_checkpoint_ = checkpoint_every_;
  if (next_evaluation_ == 0) next_evaluation_ = evaluate_every_;
  while (learner_->steps() < total_steps_) {
    const double r = environment_->episode(*learner_, seed_ * 1000003ull + static_cast<std::uint64_t>(episodes_));
    ++episodes_;
    returns_.push_back(r);
    if (returns_.size() > kReturnWindow) returns_.pop_front();
    report(false);
    if (learner_->steps() >= next_evaluation_ || learner_->steps() >= total_steps_) {
      validate();
      while (next_evaluation_ <= learner_->steps()) next_evaluation_ += evaluate_every_;
    }
    if (learner_->steps() >= next_checkpoint_ || *stop) checkpoint();
    if (*stop) {
      std::printf("stopped at step %lld; the same command continues\n", static_cast<long long>(learner_->steps()));
      return;
    }
  }
  checkpoint();
  report(true);
}

}  // namespace petrl::cli
