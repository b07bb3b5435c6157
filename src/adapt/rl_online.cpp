// TSADAPTRL: learning while the user's program runs (-ts_adapt_rl_train). The first rank learns and decides.
#include "adapt/rl.hpp"
#include "adapt/specification.hpp"
#include "base/files.hpp"
#include "base/yaml.hpp"

namespace petrl {

namespace {

// Gentle defaults: the application must get its work done while we learn.
const char *const kDefaultConfig = "warmup: policy\nlearning_starts: 200\n";

}  // namespace

/// Learner, reward and files of a training inside an application.
class OnlineLearning {
 public:
  OnlineLearning(AdaptRL &rl) : file_(rl.save_file), state_(rl.save_file + ".state"), training_(nullptr) {
    config_ = kDefaultConfig;
    if (!rl.train_config.empty()) config_ = YamlMap::read(rl.train_config).text();
    // The start: what an earlier run of this training saved, else the policy named by the user, else the shipped one.
    std::string start = fileExists(file_) ? file_ : rl.file;
    if (start.empty() && fileExists(policyFolder() + "/default.h5")) start = policyFolder() + "/default.h5";
    if (start.empty()) {
      std::vector<std::string> names = stepPolicySpecification({}, "error-ratio", 0.05, 2).observation.names;
      for (const auto &o : rl.app) names.push_back(o.name);
      policy_ = stepPolicySpecification(names, "error-ratio", 0.05, 2);
    } else {
      policy_ = Decider::load(start, "tsadapt")->policy;
    }
    learner_ = findLearner("tqc")(config_, static_cast<int>(policy_.observation.names.size()), 1,
                                  static_cast<std::uint64_t>(rl.seed));
    if (fileExists(file_) && fileExists(state_))
      learner_->load(state_);
    else if (!start.empty())
      learner_->loadWeights(policy_.network);
    saved_ = learner_->steps();
    policy_.provenance.config = "# online training inside an application\nlearner:\n" + config_;
    policy_.provenance.seed = static_cast<std::uint64_t>(rl.seed);
    policy_.provenance.version = petrlVersion();
    policy_.provenance.libraries = libraryVersions();
    policy_.provenance.evaluation.clear();
    training_ = std::make_unique<StepTraining>(*learner_, reward_);
  }

  /// Policy and complete learner state, each file whole or not at all.
  void save() {
    if (learner_->steps() == saved_) return;
    policy_.network = learner_->network();
    policy_.provenance.steps = learner_->steps();
    writePolicy(file_, policy_);
    learner_->save(state_);
    saved_ = learner_->steps();
  }

  const Policy &policy() const { return policy_; }
  StepTraining *training() { return training_.get(); }
  Learner &learner() { return *learner_; }

 private:
  std::string file_, state_, config_;
  Policy policy_;
  OnlineReward reward_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<StepTraining> training_;
  std::int64_t saved_ = 0;
};

AdaptRL::AdaptRL() = default;
AdaptRL::~AdaptRL() = default;

PetscErrorCode AdaptRLTrainSetUp(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);
  MPI_Comm comm = PetscObjectComm((PetscObject)adapt);
  PetscMPIInt rank;
  int failed = 0;

  PetscFunctionBegin;
  (void)ts;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  std::string message;
  if (rank == 0) {
    try {
      rl.online = std::make_unique<OnlineLearning>(rl);
      rl.policy = rl.online->policy();
      rl.training = rl.online->training();
    } catch (const std::exception &e) {
      failed = 1;
      message = e.what();
    }
  }
  PetscCallMPI(MPI_Bcast(&failed, 1, MPI_INT, 0, comm));
  PetscCheck(!failed, comm, PETSC_ERR_USER, "-ts_adapt_rl_train: %s",
             rank == 0 ? message.c_str() : "failed on the first rank");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AdaptRLTrainEnd(TSAdapt adapt, bool save) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  if (!rl.online) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscLogEventBegin(PetRL_Train, adapt, 0, 0, 0));
  PetRLCallCXX({
    rl.training->finish(false, 0, {});
    if (save) rl.online->save();
  });
  PetscCall(PetscLogEventEnd(PetRL_Train, adapt, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
