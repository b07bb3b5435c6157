#include "learn/closure/training.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>

#include "base/error.hpp"
#include "base/files.hpp"
#include "learn/closure/learner.hpp"
#include "learn/trainer.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

namespace {

constexpr double kNothing = .98;     // a ratio of errors that is no improvement
constexpr double kExploration = .2;  // of what the solver misses
constexpr double kRate = .01;        // of PPO, for a standard deviation of one and a layer of so many inputs
constexpr double kInputs = 144;
constexpr int kHorizon = 24, kEvery = 10;

// Defaults of PPO: immediate rewards, because later ones would reward errors that can be repaired - so that what to
// compare with need not be learned: it is what the mean earns; an iteration that leads too far ends there. `values`:
// the user says that later rewards count, or wants a learned value.
YAML::Node defaults(const ClosureTrainOptions &options, int dimensions, double std, bool values) {
  YAML::Node keys = YAML::Load(
      "network: {std: free}\n"
      "slots: 1\n"
      "horizon: 64\n"
      "batch_size: 8\n"
      "epochs: 1\n"
      "target_kl: 0.03\n"
      "adaptive_rate: true\n"
      "entropy_coefficient: 1.0e-4\n"
      "decay_steps: budget\n");
  keys["network"]["initial_std"] = std;
  // An update must not lead far in units of the standard deviation: all weights may move the same way.
  const double rate = kRate * std * kInputs / (options.width * std::pow(3, dimensions));
  keys["learning_rate"] = rate;
  keys["learning_rate_final"] = .05 * rate;
  YAML::Node channels(YAML::NodeType::Sequence), value(YAML::NodeType::Sequence);
  for (int l = 1; l < options.depth; ++l)
    channels.push_back(options.width), value.push_back(std::min(options.width, 8));
  keys["network"]["channels"] = channels;
  keys["gamma"] = 0;
  if (values) {
    keys["value_coefficient"] = .2;
    // Values are large where the policy's outputs are small: a common trunk would serve them alone.
    keys["network"]["value"]["trunk"] = "separate";
    keys["network"]["value"]["channels"] = value;
  } else {
    keys["baseline"] = "mean";
    keys["value_coefficient"] = 0;
  }
  keys["reward_reach"] = options.form == "flux" ? 1 : 0;
  return keys;
}

// The user's keys (which keep their lines, for messages), then those that he left out.
YamlMap learnerKeys(const ClosureTrainOptions &options, int dimensions, double std) {
  if (options.config.empty()) return {defaults(options, dimensions, std, false), "learner", ""};
  YamlMap user = YamlMap::read(options.config);
  bool values = false;
  for (const char *key : {"gamma", "baseline", "value_coefficient"}) values = values || user.has(key);
  user.addMissing(defaults(options, dimensions, std, values));
  return user;
}

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

std::string trainClosure(CoarseWorld &world, const ClosureTrainOptions &given) {
  ClosureTrainOptions options = given;
  const learn::Reduction reduction;
  const std::string folder = options.save + ".training";
  const bool first = reduction.rank() == 0;
  if (fileExists(options.save) && !fileExists(folder + "/progress.yaml"))
    throw Error(options.save + " is there, but not the training that it could be of (" + folder +
                "): choose another file with -closure_save, or move it away");
  const learn::RecordPlan plan(world);
  if (options.horizon == 0) {
    int longest = 1;
    for (const learn::Stretch &s : plan.training()) longest = std::max(longest, plan.comparisons(s));
    options.horizon = std::min(longest, kHorizon);
  }
  if (options.every == 0) options.every = kEvery;
  const learn::Calibration calibration = learn::calibrate(world, plan, reduction);
  // A network of the right reach; what is in it does not matter.
  const learn::PpoConfig sketch = learn::PpoConfig::parse(learnerKeys(options, world.dimensions(), kExploration));
  learn::PpoNetworkConfig shape = sketch.network;
  shape.policy.dimensions = shape.value.dimensions = world.dimensions();
  const auto shaped = [&shape](const Policy &p) {
    learn::Rng rng(1);
    const learn::PpoNetwork network(shape, static_cast<int>(p.observation.names.size()),
                                    static_cast<int>(p.action.low.size()), rng);
    return network.network();
  };
  Policy specification = learn::specify(world, plan, calibration, options, shaped, reduction);
  const double std = learn::explorationStd(world, plan, calibration, specification, kExploration, reduction);
  YamlMap keys = learnerKeys(options, world.dimensions(), std);
  const std::string text = keys.text();
  const learn::PpoConfig config = learn::PpoConfig::parse(YamlMap::parse(text, "learner"));
  const int reach =
      std::max(config.network.policy.reach(), config.network.separate_value ? config.network.value.reach() : 0);
  world.use(specification);

  auto environment =
      std::make_unique<learn::ClosureEnvironment>(world, plan, calibration, specification, reach, options.horizon);
  auto learner = std::make_unique<learn::ClosureLearner>(std::move(keys), config, std::move(environment), options.seed,
                                                         options.regression);
  if (!options.start.empty()) learner->loadWeights(loadPolicy(options.start, "closure").network);

  TrainerSettings settings;
  settings.text = description(world, options, text);
  settings.seed = options.seed;
  settings.by_iterations = true;
  settings.total = options.iterations;
  settings.minutes = options.iterations > 0 ? 0 : options.minutes;
  settings.evaluate_every = options.every;
  settings.checkpoint_every = options.every;
  settings.prefix = "PetRL: ";
  settings.score = "error ratio";
  {
    const Interruption interruption;
    const auto begin = std::chrono::steady_clock::now();
    const double before = world.solverSeconds();
    const learn::ClosureLearner &timed = *learner;
    Trainer trainer(std::move(learner), settings, folder, &stopped);
    trainer.run();
    const double all = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const double solver = world.solverSeconds() - before, network = timed.networkSeconds(),
                 update = timed.updateSeconds();
    if (first && timed.steps() > 0)
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

}  // namespace petrl
