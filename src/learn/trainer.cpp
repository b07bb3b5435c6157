#include "learn/trainer.hpp"

#include <petscsys.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "base/csv.hpp"
#include "base/error.hpp"
#include "learn/provenance.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

Trainer::Trainer(const std::string &file, const std::string &directory, const volatile int *stop)
    : directory_(directory), stop_(stop) {
  settings_.text = readWhole(file);
  settings_.source = file;
  makeLearner(file);
  open();
}

Trainer::Trainer(std::unique_ptr<Learner> learner, TrainerSettings settings, const std::string &directory,
                 const volatile int *stop)
    : settings_(std::move(settings)), directory_(directory), stop_(stop), learner_(std::move(learner)) {
  open();
}

void Trainer::open() {
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank_);
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks_);
  if (rank_ == 0) {
    makeFolders(directory_);
    lock_ = FileLock(path(".lock"));
    if (!lock_.take(false))
      throw Error(directory_ + ": another training runs in this folder (process " + lock_.holder() +
                      "); wait for it, or choose another folder",
                  PETSC_ERR_FILE_WRITE);
  }
  if (ranks_ > 1 && !learner_->parallel())
    throw Error(settings_.source + ": this learner trains on one process, found " + std::to_string(ranks_) + " ranks");
  if (fileExists(path("progress.yaml"))) {
    resume();
  } else if (rank_ == 0) {
    for (const char *name : {"best.h5", "last.h5", "log.csv"}) {
      if (fileExists(path(name)))
        throw Error(path(name) +
                    ": this folder holds results of something else (there is no progress.yaml); choose "
                    "another folder with -o");
    }
  }
  if (rank_ == 0) removeLeftovers();
}

Trainer::~Trainer() = default;

void Trainer::makeLearner(const std::string &file) {
  YamlMap yaml = YamlMap::parse(settings_.text, file);
  const auto steps = [&yaml](const char *key, std::int64_t fallback) {
    return yaml.integer(key, fallback, 1, 1000000000000);
  };
  settings_.seed = static_cast<std::uint64_t>(yaml.integer("seed", 1, 0, std::int64_t{9000000000000000}));
  settings_.total = steps("steps", 20000);
  settings_.evaluate_every = steps("evaluate_every", 10000);
  settings_.checkpoint_every = steps("checkpoint_every", 10000);
  const auto initial = yaml.get<std::string>("initial_policy", std::string());
  loadPlugins(PETSC_COMM_WORLD, yaml, file);
  YamlMap learner = yaml.map("learner"), environment = yaml.map("environment");
  const auto name = learner.get<std::string>("name", std::string("tqc"));
  yaml.finish();
  const LearnerFactory factory = found(learner, "name", name, learners());
  learner_ = factory(std::move(learner), std::move(environment), settings_.seed);
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks_);
  if (ranks_ > 1 && !learner_->parallel())
    throw Error(file + ": learner " + name + " trains on one process, found " + std::to_string(ranks_) + " ranks");
  if (!initial.empty()) learner_->loadWeights(readPolicy(findPolicy(initial), learner_->policy().kind).network);
}

void Trainer::resume() {
  YamlMap progress = YamlMap::read(path("progress.yaml"));
  if (progress.get<std::string>("config") != settings_.text) {
    const bool named = !settings_.source.empty();
    throw Error(path("progress.yaml") + ": this folder holds a training with another configuration" +
                (named ? " than " + settings_.source + "; choose another folder with -o"
                       : ": choose another name for the policy, or move the folder away"));
  }
  next_evaluation_ = progress.get<std::int64_t>("next_evaluation");
  saves_ = progress.get<std::int64_t>("saves");
  log_bytes_ = progress.get<std::int64_t>("log_bytes");
  has_best_ = progress.get<bool>("has_best");
  best_ = progress.get<double>("best");
  last_score_ = progress.get<double>("last_score");
  mean_return_ = progress.get<double>("mean_return");
  iterations_ = progress.get<std::int64_t>("iterations", 0);
  spent_before_ = progress.get<double>("seconds", 0);
  learner_->load(path(stateName()));
  next_checkpoint_ = done() + settings_.checkpoint_every;
  if (rank_ != 0) return;
  // What was logged after the checkpoint will be logged again.
  if (fileExists(path("log.csv")) && truncate(path("log.csv").c_str(), log_bytes_) != 0)
    throw Error(path("log.csv") + ": cannot truncate this file", PETSC_ERR_FILE_WRITE);
  std::printf("%sresumed at step %lld, episode %lld\n", settings_.prefix.c_str(),
              static_cast<long long>(learner_->steps()), static_cast<long long>(learner_->episodes()));
}

// Of trainings that were cut off while they wrote.
void Trainer::removeLeftovers() const {
  for (const std::string &name : filesIn(directory_)) {
    const auto starts = [&name](const char *with) { return name.rfind(with, 0) == 0; };
    const bool state =
        starts("learner-") && name.find(".state") != std::string::npos && (saves_ == 0 || name != stateName());
    const bool partial = name.find(".partial") != std::string::npos &&
                         (starts("best.h5") || starts("last.h5") || starts("progress.yaml"));
    if (state || partial) std::remove(path(name).c_str());
  }
}

void Trainer::checkpoint() {
  const std::string old = path(stateName());
  ++saves_;
  learner_->save(path(stateName()));
  next_checkpoint_ = done() + settings_.checkpoint_every;
  if (rank_ != 0) return;
  YAML::Emitter out;
  out.SetDoublePrecision(17);
  out << YAML::BeginMap;
  out << YAML::Key << "next_evaluation" << YAML::Value << next_evaluation_;
  out << YAML::Key << "saves" << YAML::Value << saves_;
  out << YAML::Key << "log_bytes" << YAML::Value << log_bytes_;
  out << YAML::Key << "has_best" << YAML::Value << has_best_;
  out << YAML::Key << "best" << YAML::Value << best_;
  out << YAML::Key << "last_score" << YAML::Value << last_score_;
  out << YAML::Key << "mean_return" << YAML::Value << mean_return_;
  out << YAML::Key << "iterations" << YAML::Value << iterations_;
  if (settings_.minutes > 0) out << YAML::Key << "seconds" << YAML::Value << spent();
  out << YAML::Key << "config" << YAML::Value << YAML::DoubleQuoted << settings_.text;
  out << YAML::EndMap;
  // The rename in here is the moment at which the new checkpoint takes the place of the old one.
  writeWhole(path("progress.yaml"), out.c_str());
  std::remove(old.c_str());
}

void Trainer::validate() {
  auto values = learner_->metrics();
  if (rank_ != 0 && !learner_->together()) return;
  // The log has a column of its own for it. No episode may have ended since the latest validation.
  const auto mean = values.find("mean_return");
  if (mean != values.end()) {
    if (std::isfinite(mean->second)) mean_return_ = mean->second;
    values.erase(mean);
  }
  const Evaluation e = learner_->evaluate();
  const bool better = !has_best_ || e.score < best_;
  last_score_ = e.score;
  if (better) best_ = e.score, has_best_ = true;
  if (rank_ != 0) return;
  Policy now = learner_->policy();
  now.provenance = provenance(settings_.text, settings_.seed, learner_->steps());
  now.provenance.evaluation = e.details;
  now.provenance.evaluation["score"] = e.score;
  writePolicy(path("last.h5"), now);
  if (better) writePolicy(path("best.h5"), now);
  log(e, values);
  std::printf("%sstep %lld: validation %s %.4f%s\n", settings_.prefix.c_str(),
              static_cast<long long>(learner_->steps()), settings_.score.c_str(), e.score,
              better ? " (best so far)" : "");
  std::fflush(stdout);
}

void Trainer::log(const Evaluation &e, const std::map<std::string, double> &values) {
  std::vector<std::string> columns{"steps", "episodes", "mean_return", "score", "best"};
  for (const auto *more : {&e.details, &values})
    for (const auto &[name, value] : *more) columns.push_back(name);
  Csv csv(path("log.csv"), columns, true);
  csv.row().set("steps", learner_->steps()).set("episodes", learner_->episodes());
  csv.set("mean_return", mean_return_).set("score", e.score).set("best", best_);
  for (const auto *more : {&e.details, &values})
    for (const auto &[name, value] : *more) csv.set(name, value);
  log_bytes_ = csv.append();
}

void Trainer::report(bool now) {
  const auto time = std::chrono::steady_clock::now();
  if (rank_ != 0 || (!now && time - last_report_ < std::chrono::seconds(10))) return;
  last_report_ = time;
  const double seconds = std::chrono::duration<double>(time - begin_).count();
  const double rate = static_cast<double>(done() - begin_done_) / std::max(seconds, 1e-9);
  const bool timed = settings_.minutes > 0;
  const double eta =
      timed ? 60 * settings_.minutes - spent() : static_cast<double>(settings_.total - done()) / std::max(rate, 1e-9);
  const char *unit = settings_.by_iterations ? "iteration" : "step";
  std::printf("%s%s %lld", settings_.prefix.c_str(), unit, static_cast<long long>(done()));
  if (!timed) std::printf(" / %lld", static_cast<long long>(settings_.total));
  std::printf(", %.*f %ss/s, ETA %.0f min, mean return %.4g (%lld episodes), %s %.4f, best %.4f\n",
              settings_.by_iterations ? 2 : 0, rate, unit, std::max(eta, 0.) / 60, mean_return_,
              static_cast<long long>(learner_->episodes()), settings_.score.c_str(), last_score_, best_);
  std::fflush(stdout);
}

bool Trainer::stopped() const {
  int flag = *stop_;
  if (ranks_ > 1) MPI_Allreduce(MPI_IN_PLACE, &flag, 1, MPI_INT, MPI_MAX, PETSC_COMM_WORLD);
  return flag != 0;
}

double Trainer::spent() const {
  return spent_before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

double Trainer::share() const {
  if (settings_.minutes <= 0) return static_cast<double>(done()) / static_cast<double>(settings_.total);
  double share = spent() / (60 * settings_.minutes);
  if (ranks_ > 1) MPI_Bcast(&share, 1, MPI_DOUBLE, 0, PETSC_COMM_WORLD);
  return share;
}

void Trainer::run() {
  begin_ = last_report_ = std::chrono::steady_clock::now();
  begin_done_ = done();
  if (next_evaluation_ == 0) next_evaluation_ = settings_.evaluate_every;
  if (saves_ == 0) checkpoint();  // from now on the folder is this training's
  for (double over = share(); over < 1;) {
    learner_->schedule(over);
    learner_->iterate();
    ++iterations_;
    over = share();
    report(false);
    if (done() >= next_evaluation_ || over >= 1 || learner_->turns(over)) {
      validate();
      while (next_evaluation_ <= done()) next_evaluation_ += settings_.evaluate_every;
    }
    const bool stop_now = stopped();
    if (done() >= next_checkpoint_ || stop_now) checkpoint();
    if (stop_now) {
      if (rank_ == 0)
        std::printf("%sstopped at step %lld; the same command continues\n", settings_.prefix.c_str(),
                    static_cast<long long>(learner_->steps()));
      return;
    }
  }
  // Not again where that was just done, or where a finished training was started once more.
  if (next_checkpoint_ != done() + settings_.checkpoint_every) checkpoint();
  report(true);
}

}  // namespace petrl
