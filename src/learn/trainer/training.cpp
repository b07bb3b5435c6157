#include "learn/trainer/training.hpp"

#include <petscsys.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "adapt/specification.hpp"
#include "base/error.hpp"
#include "base/files.hpp"

namespace petrl::cli {

TrainingConfig TrainingConfig::read(const std::string &file) {
  YamlMap yaml = YamlMap::read(file);
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  const auto steps = [&yaml](const char *key, double fallback) {
    return static_cast<std::int64_t>(yaml.number(key, fallback, 1, 1e12));
  };
  const auto seed = static_cast<std::uint64_t>(yaml.number("seed", 1, 0, 9e15));
  const std::int64_t total = steps("steps", 20000), evaluate = steps("evaluate_every", 10000);
  const std::int64_t checkpoint = steps("checkpoint_every", 10000);
  const auto initial = yaml.get<std::string>("initial_policy", std::string());
  YamlMap learner = yaml.map("learner");
  const auto name = learner.get<std::string>("name", std::string("tqc"));
  YAML::Node keys = YAML::Load(learner.text());
  keys.remove("name");
  std::stringstream keys_text;
  if (keys.size() > 0) keys_text << keys;
  YamlMap environment = yaml.map("environment");
  yaml.finish();
  return {file, text.str(), seed, total, evaluate, checkpoint, initial, name, keys_text.str(), std::move(environment)};
}

Training::Training(TrainingConfig config, const std::string &directory)
    : config_(std::move(config)), directory_(directory) {
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank_);
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks_);
}

void Training::open() {
  if (writes()) makeFolders(directory_);
  if (fileExists(path("progress.yaml"))) resume();
}

void Training::resume() {
  YamlMap progress = YamlMap::read(path("progress.yaml"));
  if (progress.get<std::string>("config") != config_.text) {
    throw Error(path("progress.yaml") + ": this folder holds a training with another configuration than " +
                config_.file + "; choose another folder with -o");
  }
  next_evaluation_ = progress.get<std::int64_t>("next_evaluation");
  saves_ = progress.get<std::int64_t>("saves");
  log_bytes_ = progress.get<std::int64_t>("log_bytes");
  has_best_ = progress.get<bool>("has_best");
  best_ = progress.get<double>("best");
  last_score_ = progress.get<double>("last_score");
  loadProgress(progress);
  load(statePath());
  next_checkpoint_ = steps() + config_.checkpoint_every;
  if (!writes()) return;
  // What was logged after the checkpoint will be logged again.
  if (fileExists(path("log.csv")) && truncate(path("log.csv").c_str(), log_bytes_) != 0)
    throw Error(path("log.csv") + ": cannot truncate this file");
  std::printf("resumed at step %lld, episode %lld\n", static_cast<long long>(steps()),
              static_cast<long long>(episodes()));
}

void Training::checkpoint() {
  const std::string old = statePath();
  ++saves_;
  save(statePath());
  next_checkpoint_ = steps() + config_.checkpoint_every;
  if (!writes()) return;
  YAML::Emitter out;
  out.SetDoublePrecision(17);
  out << YAML::BeginMap;
  out << YAML::Key << "next_evaluation" << YAML::Value << next_evaluation_;
  out << YAML::Key << "saves" << YAML::Value << saves_;
  out << YAML::Key << "log_bytes" << YAML::Value << log_bytes_;
  out << YAML::Key << "has_best" << YAML::Value << has_best_;
  out << YAML::Key << "best" << YAML::Value << best_;
  out << YAML::Key << "last_score" << YAML::Value << last_score_;
  saveProgress(out);
  out << YAML::Key << "config" << YAML::Value << YAML::DoubleQuoted << config_.text;
  out << YAML::EndMap;
  // The rename in here is the moment at which the new checkpoint takes the place of the old one.
  writeWhole(path("progress.yaml"), out.c_str());
  std::remove(old.c_str());
}

void Training::validate() {
  const auto values = metrics();
  if (!writes()) return;
  const Evaluation e = evaluate();
  last_score_ = e.score;
  Policy now = policy();
  now.provenance.config = config_.text;
  now.provenance.seed = config_.seed;
  now.provenance.steps = steps();
  now.provenance.version = petrlVersion();
  now.provenance.libraries = libraryVersions();
  now.provenance.evaluation = e.details;
  now.provenance.evaluation["score"] = e.score;
  writePolicy(path("last.h5"), now);
  const bool better = !has_best_ || e.score < best_;
  if (better) {
    writePolicy(path("best.h5"), now);
    best_ = e.score;
    has_best_ = true;
  }
  log(e, values);
  std::printf("step %lld: validation score %.4f%s\n", static_cast<long long>(steps()), e.score,
              better ? " (best so far)" : "");
  std::fflush(stdout);
}

void Training::log(const Evaluation &e, const std::map<std::string, double> &values) {
  std::FILE *file = std::fopen(path("log.csv").c_str(), "ab");
  if (file == nullptr) throw Error(path("log.csv") + ": cannot write this file", PETSC_ERR_FILE_WRITE);
  if (std::fseek(file, 0, SEEK_END) == 0 && std::ftell(file) == 0) {
    std::fprintf(file, "steps,episodes,mean_return,score,best");
    for (const auto &[name, value] : e.details) std::fprintf(file, ",%s", name.c_str());
    for (const auto &[name, value] : values) std::fprintf(file, ",%s", name.c_str());
    std::fprintf(file, "\n");
  }
  std::fprintf(file, "%lld,%lld,%.9g,%.9g,%.9g", static_cast<long long>(steps()), static_cast<long long>(episodes()),
               meanReturn(), e.score, best_);
  for (const auto &[name, value] : e.details) std::fprintf(file, ",%.9g", value);
  for (const auto &[name, value] : values) std::fprintf(file, ",%.9g", value);
  std::fprintf(file, "\n");
  log_bytes_ = std::ftell(file);
  std::fclose(file);
}

void Training::report(bool now) {
  const auto time = std::chrono::steady_clock::now();
  if (!writes() || (!now && time - last_report_ < std::chrono::seconds(10))) return;
  last_report_ = time;
  const double seconds = std::chrono::duration<double>(time - begin_).count();
  const double rate = static_cast<double>(steps() - begin_steps_) / std::max(seconds, 1e-9);
  const double eta = static_cast<double>(config_.steps - steps()) / std::max(rate, 1e-9);
  std::printf("step %lld / %lld, %.0f steps/s, ETA %.0f min, %s, score %.4f, best %.4f\n",
              static_cast<long long>(steps()), static_cast<long long>(config_.steps), rate, std::max(eta, 0.) / 60,
              returnText().c_str(), last_score_, best_);
  std::fflush(stdout);
}

bool Training::stopped(const volatile int *stop) const {
  int flag = *stop;
  if (ranks_ > 1) MPI_Allreduce(MPI_IN_PLACE, &flag, 1, MPI_INT, MPI_MAX, PETSC_COMM_WORLD);
  return flag != 0;
}

void Training::run(const volatile int *stop) {
  begin_ = last_report_ = std::chrono::steady_clock::now();
  begin_steps_ = steps();
  if (next_checkpoint_ == 0) next_checkpoint_ = config_.checkpoint_every;
  if (next_evaluation_ == 0) next_evaluation_ = config_.evaluate_every;
  while (steps() < config_.steps) {
    advance();
    report(false);
    if (steps() >= next_evaluation_ || steps() >= config_.steps) {
      validate();
      while (next_evaluation_ <= steps()) next_evaluation_ += config_.evaluate_every;
    }
    const bool stop_now = stopped(stop);
    if (steps() >= next_checkpoint_ || stop_now) checkpoint();
    if (stop_now) {
      if (writes()) std::printf("stopped at step %lld; the same command continues\n", static_cast<long long>(steps()));
      return;
    }
  }
  // Not again where that was just done, or where a finished training was started once more.
  if (next_checkpoint_ != steps() + config_.checkpoint_every) checkpoint();
  report(true);
}

}  // namespace petrl::cli
