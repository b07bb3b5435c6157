#include "learn/step/online.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdio>

#include "adapt/specification.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/yaml.hpp"
#include "learn/provenance.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

namespace {

constexpr double kPatience = 0.1;  // of the baseline's cost

// Gentle defaults: the application must get its work done while we learn, and a policy that was loaded must not be
// spoiled by a critic that knows nothing yet.
const char *const kDefaultConfig =
    "warmup: policy\n"
    "learning_starts: 200\n"
    "critic_only_updates: 1000\n"
    "updates_per_step: 1\n"
    "batch_size: 128\n"
    "learning_rate: 3.0e-4\n"
    "gamma: 0.97\n"
    "target_entropy: -2.5\n"
    "initial_temperature: 0.01\n"
    "log_std_init: -4\n"
    "buffer_size: 100000\n";

// Makes a policy see the application's observables that it does not know, at first without minding them.
void addInputs(Policy &policy, const std::vector<std::string> &observables) {
  auto &names = policy.observation.names;
  for (const auto &name : observables) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    names.push_back(name);
    policy.observation.offset.push_back(0);
    policy.observation.scale.push_back(1);
    Tensor &weight = policy.network.weights.at("layer0/weight");
    const std::size_t rows = weight.shape.at(0), columns = weight.shape.at(1);
    for (std::size_t row = rows; row > 0; --row)
      weight.data.insert(weight.data.begin() + static_cast<std::ptrdiff_t>(row * columns), 0.f);
    weight.shape[1] = columns + 1;
  }
}

// The user's keys (which keep their lines, for messages), then the defaults of those that he left out; the hidden
// layers of a policy that we go on from.
YamlMap learnerKeys(const std::string &file, const Policy &start) {
  YAML::Node defaults = YAML::Load(kDefaultConfig);
  for (std::size_t l = 0; start.network.weights.count("layer" + std::to_string(l + 1) + "/bias"); ++l)
    defaults["actor_layers"].push_back(start.network.weights.at("layer" + std::to_string(l) + "/bias").shape.at(0));
  if (file.empty()) return {defaults, "learner", ""};
  YamlMap user = YamlMap::read(file);
  user.addMissing(defaults);
  return user;
}

}  // namespace

TqcOnline::TqcOnline(const OnlineOptions &options) : file_(options.save) {
  const bool resume = goesOn();
  const std::vector<std::string> columns{"steps", "cost", "baseline_cost", "error", "baseline_error", "score", "best"};
  log_ = std::make_unique<Csv>(file_ + ".csv", columns, true);
  start(options, resume);
  if (resume) {
    loadArchive(file_ + ".state", [this](Archive &a) { learner_->archive(a); });
    reward_.read(file_ + ".baseline");
    const auto score = policy_.provenance.evaluation.find("score");
    if (score != policy_.provenance.evaluation.end()) best_ = score->second;
    if (options.seed_given && options.seed != policy_.provenance.seed) {
      throw Error("-ts_adapt_rl_seed: found " + std::to_string(options.seed) + ", but " + file_ +
                  " goes on with the seed that it began with, " + std::to_string(policy_.provenance.seed));
    }
  }
  // A folder that cannot be written to is better noticed now than when the solve has ended.
  const std::string probe = file_ + ".probe";
  writeWhole(probe, "");
  std::remove(probe.c_str());
  start_network_ = learner_->network();
  std::printf("PetRL: training of %s %s at step %lld, seed %llu\n", file_.c_str(), resume ? "goes on" : "begins",
              static_cast<long long>(learner_->steps()), static_cast<unsigned long long>(policy_.provenance.seed));
}

bool TqcOnline::goesOn() const {
  std::string there, missing;
  for (const char *ending : {"", ".state", ".baseline"}) {
    std::string &list = fileExists(file_ + ending) ? there : missing;
    list += (list.empty() ? "" : ", ") + file_ + ending;
  }
  if (there.empty()) {
    if (fileExists(file_ + ".csv"))
      throw Error(file_ + ".csv belongs to another training, of which " + missing +
                  " are missing: choose another file with -ts_adapt_rl_save, or move it away");
    return false;
  }
  if (missing.empty()) return true;
  throw Error(
      "found " + there + " but not " + missing +
      ": a training goes on from all of them or begins with none. Bring back what is missing, or choose another "
      "file with -ts_adapt_rl_save (-ts_adapt_rl_policy says which policy to start from)");
}

// What Newton's method leaves is in no estimate, so that a looser tolerance would look like a gain: only the step is
// learned. What else the policy decides is left to the rules.
static void decideStepsOnly(Policy &policy, const std::string &source) {
  const auto decided = policy.action.decided();
  if (decided.empty() || decided.front() != "step")
    throw Error(source + ": /action: levers: found '" + policy.action.levers() +
                "', but -ts_adapt_rl_train needs a policy that decides on the step");
  if (decided.size() == 1) return;
  std::string &rules = policy.action.parameters["by_rule"];
  for (std::size_t i = 1; i < decided.size(); ++i) rules += (rules.empty() ? "" : " ") + decided[i];
  policy.action.low.resize(1);
  policy.action.high.resize(1);
  std::size_t last = 0;
  while (policy.network.weights.count("layer" + std::to_string(last + 1) + "/weight") > 0) ++last;
  const std::string layer = "layer" + std::to_string(last);
  for (const char *part : {"/weight", "/bias"}) {
    const auto found = policy.network.weights.find(layer + part);
    if (found == policy.network.weights.end()) continue;  // the learner says what it needs
    Tensor &tensor = found->second;
    tensor.data.resize(tensor.data.size() / tensor.shape[0]);
    tensor.shape[0] = 1;
  }
}

// The policy to start from - what this training saved, the one that the user names, the shipped one, or none - and a
// learner for it.
void TqcOnline::start(const OnlineOptions &options, bool resume) {
  std::string from = resume ? file_ : options.policy;
  if (from.empty() && fileExists(policyFolder() + "/default.h5")) from = policyFolder() + "/default.h5";
  if (from.empty()) {
    std::vector<std::string> names = stepPolicySpecification({}, "error-ratio", 0.05, 2).observation.names;
    names.insert(names.end(), options.observables.begin(), options.observables.end());
    policy_ = stepPolicySpecification(names, "error-ratio", 0.05, 2);
  } else {
    policy_ = loadPolicy(from, "tsadapt");
    if (!resume) addInputs(policy_, options.observables);
    decideStepsOnly(policy_, from);
  }
  YamlMap keys = learnerKeys(options.config, policy_);
  const std::string text = keys.text();
  const std::uint64_t seed = resume ? policy_.provenance.seed : options.seed;
  learner_ = std::make_unique<Tqc>(std::move(keys), static_cast<int>(policy_.observation.names.size()), 1, seed);
  if (!from.empty()) learner_->loadWeights(policy_.network);
  best_network_ = learner_->network();
  if (resume) return;
  policy_.provenance = provenance(
      "# online training inside an application, from " + (from.empty() ? "nothing" : from) + "\nlearner:\n" + text,
      seed, 0);
}

void TqcOnline::decide(const float *observation, float *action) {
  Agent &agent = recording_ ? learner_->deterministic() : *learner_;
  agent.decide(observation, action);
}

void TqcOnline::record(const Transition &transition) {
  if (recording_) return;
  learner_->record(transition);
  // Back to the best policy, and to the end of this solve it stays: the critics go on learning from it.
  lost_ = lost_ || reward_.sum() < -kPatience * reward_.allBaselineSteps();
  if (lost_) learner_->loadWeights(best_network_);
}

void TqcOnline::endSolve(bool last) {
  const OnlineReward::Solve solve = reward_.solve();
  training_.finish(false, 0, {});
  if (solve.baseline_steps > 0) {
    const double score = solve.reward / solve.baseline_steps;
    if (score > best_) {
      best_ = score;
      best_network_ = start_network_;
    }
    log_->row().set("steps", learner_->steps()).set("cost", solve.cost).set("baseline_cost", solve.baseline_cost);
    log_->set("error", solve.error).set("baseline_error", solve.baseline_error).set("score", score).set("best", best_);
    if (score < best_ - kPatience) learner_->loadWeights(best_network_);
  }
  lost_ = false;
  start_network_ = learner_->network();
  const auto now = Clock::now();
  if (last || saved_at_ == Clock::time_point() || now - saved_at_ > std::chrono::seconds(30)) save(now);
}

void TqcOnline::save(Clock::time_point now) {
  policy_.network = best_network_;
  policy_.provenance.steps = learner_->steps();
  policy_.provenance.evaluation = {{"score", best_}};
  writePolicy(file_, policy_);
  saveArchive(file_ + ".state", [this](Archive &a) { learner_->archive(a); });
  reward_.write(file_ + ".baseline");
  if (!log_->empty()) log_->append();
  saved_at_ = now;
}

}  // namespace petrl
