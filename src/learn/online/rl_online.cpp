// TSADAPTRL: learning while the user's program runs (-ts_adapt_rl_train). The first rank learns and decides.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "adapt/rl.hpp"
#include "adapt/specification.hpp"
#include "base/files.hpp"
#include "base/yaml.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

namespace {

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
void addInputs(Policy &policy, const std::vector<AppObservable> &app) {
  auto &names = policy.observation.names;
  for (const auto &observable : app) {
    if (std::find(names.begin(), names.end(), observable.name) != names.end()) continue;
    names.push_back(observable.name);
    policy.observation.offset.push_back(0);
    policy.observation.scale.push_back(1);
    Tensor &weight = policy.network.weights.at("layer0/weight");
    const std::size_t rows = weight.shape.at(0), columns = weight.shape.at(1);
    for (std::size_t row = rows; row > 0; --row)
      weight.data.insert(weight.data.begin() + static_cast<std::ptrdiff_t>(row * columns), 0.f);
    weight.shape[1] = columns + 1;
  }
}

// The user's keys over the defaults; the hidden layers of a policy that we go on from.
std::string learnerConfig(const std::string &file, const Policy &start) {
  YAML::Node keys = YAML::Load(kDefaultConfig);
  for (std::size_t l = 0; start.network.weights.count("layer" + std::to_string(l + 1) + "/bias"); ++l)
    keys["actor_layers"].push_back(start.network.weights.at("layer" + std::to_string(l) + "/bias").shape.at(0));
  if (!file.empty()) {
    const YAML::Node user = YAML::Load(YamlMap::read(file).text());
    for (const auto &pair : user) keys[pair.first.as<std::string>()] = pair.second;
  }
  std::stringstream text;
  text << keys;
  return text.str();
}

}  // namespace

/// Learner, reward and files of a training inside an application.
///
/// The first solve is recorded: the policy that we start from acts as it is. Later solves over the same times are
/// rewarded against the record, explore and learn. FILE is always the policy whose solve scored best (the record
/// scores 0); a learner that has lost a tenth of a solve's cost goes back to it, so that an application pays for
/// learning only so much.
///   FILE           the policy                 FILE.baseline  the record (CSV)
///   FILE.state     the learner, to go on      FILE.csv       one row a rewarded solve
class OnlineLearning : public Agent {
 public:
  explicit OnlineLearning(const AdaptRL &rl) : file_(rl.save_file) {
    const bool resume = fileExists(file_) && fileExists(file_ + ".state") && fileExists(file_ + ".baseline");
    // The start: what an earlier run of this training saved, else the policy named by the user, else the shipped one.
    std::string start = fileExists(file_) ? file_ : rl.file;
    if (start.empty() && fileExists(policyFolder() + "/default.h5")) start = policyFolder() + "/default.h5";
    if (start.empty()) {
      std::vector<std::string> names = stepPolicySpecification({}, "error-ratio", 0.05, 2).observation.names;
      for (const auto &o : rl.app) names.push_back(o.name);
      policy_ = stepPolicySpecification(names, "error-ratio", 0.05, 2);
    } else {
      policy_ = loadPolicy(start, "tsadapt");
      if (!resume) addInputs(policy_, rl.app);
    }
    const std::string config = learnerConfig(rl.train_config, policy_);
    try {
      learner_ = findLearner("tqc")(config, static_cast<int>(policy_.observation.names.size()), 1,
                                    static_cast<std::uint64_t>(rl.seed));
    } catch (const Error &e) {
      throw Error((rl.train_config.empty() ? "" : rl.train_config + " (with the defaults): ") + e.what(), e.code());
    }
    if (!start.empty()) learner_->loadWeights(policy_.network);
    best_network_ = learner_->network();
    if (resume) {
      learner_->load(file_ + ".state");
      reward_.read(file_ + ".baseline");
      const auto score = policy_.provenance.evaluation.find("score");
      if (score != policy_.provenance.evaluation.end()) best_ = score->second;
    } else {
      policy_.provenance.config = "# online training inside an application, from " +
                                  (start.empty() ? "nothing" : start) + "\nlearner:\n" + config;
      policy_.provenance.seed = static_cast<std::uint64_t>(rl.seed);
      policy_.provenance.version = petrlVersion();
      policy_.provenance.libraries = libraryVersions();
    }
    // A folder that cannot be written to is better noticed now than when the solve has ended.
    const std::string probe = file_ + ".probe";
    writeWhole(probe, "");
    std::remove(probe.c_str());
    start_network_ = learner_->network();
    training_ = std::make_unique<StepTraining>(*this, reward_);
  }

  void decide(const float *observation, float *action) override {
    Agent &agent = recording_ ? learner_->deterministic() : *learner_;
    agent.decide(observation, action);
  }

  void record(const Transition &transition) override {
    if (recording_) return;
    learner_->record(transition);
    // Back to the best policy, and to the end of this solve it stays: the critics go on learning from it.
    lost_ = lost_ || reward_.sum() < -kPatience * reward_.allBaselineSteps();
    if (lost_) learner_->loadWeights(best_network_);
  }

  /// Before each decision: the next attempt starts at t.
  void at(double t) { recording_ = reward_.recording(t); }

  /// The solve has ended (`last`: and the TS goes away). Writes at the end of a solve only now and then: a program may
  /// solve thousands of times.
  void endSolve(bool last) {
    const double steps = reward_.baselineSteps(), sum = reward_.sum();
    training_->finish(false, 0, {});
    if (steps > 0) {
      const double score = sum / steps;
      if (score > best_) {
        best_ = score;
        best_network_ = start_network_;
      }
      log_ += std::to_string(learner_->steps()) + "," + std::to_string(score) + "," + std::to_string(best_) + "\n";
      if (score < best_ - kPatience) learner_->loadWeights(best_network_);
    }
    lost_ = false;
    start_network_ = learner_->network();
    const auto now = std::chrono::steady_clock::now();
    if (last || saved_at_ == Clock::time_point() || now - saved_at_ > std::chrono::seconds(30)) save(now);
  }

  const Policy &policy() const { return policy_; }
  StepTraining *training() { return training_.get(); }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr double kPatience = 0.1;  // of the baseline's cost

  void save(Clock::time_point now) {
    policy_.network = best_network_;
    policy_.provenance.steps = learner_->steps();
    policy_.provenance.evaluation = {{"score", best_}};
    writePolicy(file_, policy_);
    learner_->save(file_ + ".state");
    reward_.write(file_ + ".baseline");
    if (!log_.empty()) {
      const bool fresh = !fileExists(file_ + ".csv");
      std::ofstream out(file_ + ".csv", std::ios::app);
      if (fresh) out << "steps,score,best\n";
      if (!(out << log_).flush()) throw Error(file_ + ".csv: cannot write this file", PETSC_ERR_FILE_WRITE);
      log_.clear();
    }
    saved_at_ = now;
  }

  std::string file_, log_;
  Policy policy_;
  OnlineReward reward_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<StepTraining> training_;
  NetworkSpec best_network_, start_network_;
  double best_ = 0;
  bool recording_ = true, lost_ = false;
  Clock::time_point saved_at_;
};

AdaptRL::AdaptRL() : PolicyObject("tsadapt", "ts_adapt_rl") {}
AdaptRL::~AdaptRL() = default;

// The error of the first rank, which alone learns, is the error of all.
static PetscErrorCode Agree(MPI_Comm comm, PetscMPIInt rank, const std::string &message) {
  int failed = !message.empty();

  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(&failed, 1, MPI_INT, 0, comm));
  PetscCheck(!failed, comm, PETSC_ERR_USER, "-ts_adapt_rl_train: %s",
             rank == 0 ? message.c_str() : "failed on the first rank");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AdaptRLTrainSetUp(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);
  MPI_Comm comm = PetscObjectComm((PetscObject)adapt);
  PetscMPIInt rank;
  std::string message;

  PetscFunctionBegin;
  PetscCheck(ts->ops->evaluatewlte || ts->ops->evaluatestep, comm, PETSC_ERR_SUP,
             "-ts_adapt_rl_train: TS type %s estimates no error, so there is nothing to learn from (rk, arkimex, rosw, "
             "bdf do; theta and alpha with -ts_theta_adapt, -ts_alpha_adapt)",
             ((PetscObject)ts)->type_name);
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) {
    try {
      rl.online = std::make_unique<OnlineLearning>(rl);
      rl.policy = rl.online->policy();
      rl.training = rl.online->training();
    } catch (const std::exception &e) {
      message = *e.what() ? e.what() : "unknown error";
    }
  }
  PetscCall(Agree(comm, rank, message));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void AdaptRLTrainAt(AdaptRL &rl, double t) {
  if (rl.online) rl.online->at(t);
}

PetscErrorCode AdaptRLTrainEnd(TSAdapt adapt, bool last) {
  AdaptRL &rl = adaptRL(adapt);
  MPI_Comm comm = PetscObjectComm((PetscObject)adapt);
  PetscMPIInt rank;
  std::string message;

  PetscFunctionBegin;
  if (!rl.train || !rl.loaded) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscLogEventBegin(PetRL_Train, adapt, 0, 0, 0));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rl.online) {
    try {
      rl.online->endSolve(last);
    } catch (const std::exception &e) {
      message = *e.what() ? e.what() : "unknown error";
    }
  }
  PetscCall(Agree(comm, rank, message));
  PetscCall(PetscLogEventEnd(PetRL_Train, adapt, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
