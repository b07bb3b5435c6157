// TSADAPTRL: learning while the user's program runs (-ts_adapt_rl_train). The first rank learns and decides.
#include "adapt/rl.hpp"

namespace petrl {

StepLearner::~StepLearner() = default;

Registry<OnlineTrainingFactory> &onlineTrainings() {
  static auto *instance = new Registry<OnlineTrainingFactory>("online training", "petrl_learn");
  return *instance;
}

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
      OnlineOptions options{rl.file,      rl.save_file, rl.train_config, {}, static_cast<std::uint64_t>(rl.seed),
                            rl.seed_given};
      for (const auto &observable : rl.app) options.observables.push_back(observable.name);
      rl.online = onlineTrainings().find("tqc")(options);
      rl.policy = rl.online->policy();
      rl.training = rl.online.get();
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
