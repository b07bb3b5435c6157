#include "learn/closure/training_run.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "base/error.hpp"
#include "base/files.hpp"
#include "learn/trainer.hpp"

namespace petrl::learn {

namespace {

constexpr double kNothing = .98;  // a ratio of errors that is no improvement
constexpr int kHorizon = 24, kEvery = 10;

// What makes a training this one and no other.
std::string description(const CoarseWorld &world, const ClosureTrainOptions &options, const std::string &keys) {
  YAML::Emitter out;
  const auto list = [&out](const char *key, const std::vector<std::string> &names) {
    out << YAML::Key << key << YAML::Value << YAML::Flow << names;
  };
  out << YAML::BeginMap;
  out << YAML::Key << "closure" << YAML::Value << YAML::BeginMap;
  list("records", options.records);
  out << YAML::Key << "fingerprint" << YAML::Value << YAML::DoubleQuoted << world.fingerprint();
  out << YAML::Key << "step" << YAML::Value << world.step();
  list("observe", options.observe);
  list("correct", options.correct);
  list("velocity", options.velocity);
  out << YAML::Key << "form" << YAML::Value << options.form;
  if (options.differences) out << YAML::Key << "differences" << YAML::Value << true;
  if (options.free_boundary) out << YAML::Key << "boundary" << YAML::Value << "free";
  out << YAML::Key << "half_width" << YAML::Value << options.half_width;
  if (options.shear > 0) out << YAML::Key << "shear" << YAML::Value << options.shear;
  out << YAML::Key << "horizon" << YAML::Value << options.horizon;
  out << YAML::Key << "regression" << YAML::Value << options.regression;
  out << YAML::Key << "start" << YAML::Value << YAML::DoubleQuoted << options.start;
  out << YAML::EndMap;
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\nlearner:\n" + keys;
}

// Ctrl-C ends the training, not the program; a second one does.
volatile int stopped = 0;

class Interruption {
 public:
  Interruption() {
    stopped = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { stopped = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (int i = 0; i < 2; ++i) sigaction(kSignals[i], &action, &before_[i]);
  }
  ~Interruption() {
    for (int i = 0; i < 2; ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  Interruption(const Interruption &) = delete;
  Interruption &operator=(const Interruption &) = delete;

 private:
  static constexpr int kSignals[2] = {SIGINT, SIGTERM};
  struct sigaction before_[2];
};

void printTable(const std::map<std::string, double> &e) {
  std::printf("PetRL: held-out states: error (root mean square, in units of the fields' standard deviation)\n");
  for (int h = 1; e.count("steps " + std::to_string(h)) > 0; ++h) {
    const std::string n = " " + std::to_string(h);
    std::printf("PetRL:   after %5.0f steps %.4g without, %.4g with: ratio %.3f (median of %.0f)\n", e.at("steps" + n),
                e.at("error without" + n), e.at("error" + n), e.at("ratio" + n), e.at("starts" + n));
  }
}

}  // namespace

void prepareClosureTraining(const RecordPlan &plan, ClosureTrainOptions &options) {
  const std::string folder = options.save + ".training";
  if (fileExists(options.save) && !fileExists(folder + "/progress.yaml"))
    throw Error(options.save + " is there, but not the training that it could be of (" + folder +
                "): choose another file with -closure_save, or move it away");
  if (options.horizon == 0) {
    int longest = 1;
    for (const Stretch &s : plan.training()) longest = std::max(longest, plan.comparisons(s));
    options.horizon = std::min(longest, kHorizon);
  }
  if (options.every == 0) options.every = kEvery;
}

std::string runClosureTraining(CoarseWorld &world, const ClosureTrainOptions &options, std::unique_ptr<Learner> learner,
                               const std::string &keys, const std::function<std::pair<double, double>()> &spent) {
  TrainerSettings settings;
  settings.text = description(world, options, keys);
  settings.seed = options.seed;
  settings.by_iterations = true;
  settings.total = options.iterations;
  settings.minutes = options.iterations > 0 ? 0 : options.minutes;
  settings.evaluate_every = options.every;
  settings.checkpoint_every = options.every;
  settings.prefix = "PetRL: ";
  settings.score = "error ratio";
  const Reduction reduction;
  const std::string folder = options.save + ".training";
  const bool first = reduction.rank() == 0;
  {
    const Interruption interruption;
    const auto begin = std::chrono::steady_clock::now();
    const double before = world.solverSeconds();
    const Learner &trained = *learner;
    Trainer trainer(std::move(learner), settings, folder, &stopped);
    trainer.run();
    const double all = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const double solver = world.solverSeconds() - before;
    const auto [network, update] = spent();
    if (first && trained.steps() > 0)
      std::printf("PetRL: %.1f s: %.1f in the program's solver, %.1f in the network, %.1f in updates, %.1f elsewhere\n",
                  all, solver, network, update, all - solver - network - update);
  }
  std::vector<double> good{0};
  if (first) {
    const std::string best = folder + "/best.h5";
    if (!fileExists(best)) {
      std::printf("PetRL: stopped before anything was validated: nothing is saved\n");
    } else {
      const Policy policy = readPolicy(best, "closure");
      printTable(policy.provenance.evaluation);
      const double ratio = policy.provenance.evaluation.at("score");
      if (ratio < kNothing) {
        writePolicy(options.save, policy);
        std::printf("PetRL: %s: error ratio %.3f on states that it was not trained on\n", options.save.c_str(), ratio);
        good[0] = 1;
      } else {
        std::printf(
            "PetRL: nothing learned: error ratio %.3f on states that it was not trained on; %s is not written\n", ratio,
            options.save.c_str());
      }
    }
    std::fflush(stdout);
  }
  reduction.sum(good);
  return good[0] > 0 ? options.save : "";
}

}  // namespace petrl::learn
