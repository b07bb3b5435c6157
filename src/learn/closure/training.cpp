#include "learn/closure/training.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>

#include "learn/closure/learner.hpp"
#include "learn/closure/training_run.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

namespace {

constexpr double kExploration = .2;  // of what the solver misses
constexpr double kRate = .01;        // of PPO, for a standard deviation of one and a layer of so many inputs
constexpr double kInputs = 144;

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

}  // namespace

std::string trainClosure(CoarseWorld &world, const ClosureTrainOptions &given) {
  ClosureTrainOptions options = given;
  const learn::Reduction reduction;
  const learn::RecordPlan plan(world);
  learn::prepareClosureTraining(plan, options);
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

  const learn::ClosureLearner &timed = *learner;
  return learn::runClosureTraining(world, options, std::move(learner), text,
                                   [&timed] { return std::make_pair(timed.networkSeconds(), timed.updateSeconds()); });
}

}  // namespace petrl
