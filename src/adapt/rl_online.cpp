// TSADAPTRL: learning while the user's program runs (-ts_adapt_rl_train). The first rank learns and decides.
#include "adapt/rl.hpp"

namespace petrl {

StepLearner::~StepLearner() = default;

Registry<OnlineTrainingFactory> &onlineTrainings() {
  static auto *instance = new Registry<OnlineTrainingFactory>("online training", "petrl_learn");
  return *instance;
}

// The first rank alone learns; its error says which option asked for it.
static PetscErrorCode Learn(TSAdapt adapt, const std::function<void()> &work) {
  PetscFunctionBegin;
  PetscCall(AdaptRLOnFirstRank(adapt, nullptr, 0, [&work] {
    try {
      work();
    } catch (const std::exception &e) {
      throw Error(std::string("-ts_adapt_rl_train: ") + e.what());
    }
  }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AdaptRLTrainSetUp(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  PetscCheck(ts->ops->evaluatewlte || ts->ops->evaluatestep, PetscObjectComm((PetscObject)adapt), PETSC_ERR_SUP,
             "-ts_adapt_rl_train: TS type %s estimates no error, so there is nothing to learn from (rk, arkimex, rosw, "
             "bdf do; theta and alpha with -ts_theta_adapt, -ts_alpha_adapt)",
             ((PetscObject)ts)->type_name);
  PetscCall(Learn(adapt, [&rl] {
    OnlineOptions options{rl.file,      rl.save_file, rl.train_config, {}, static_cast<std::uint64_t>(rl.seed),
                          rl.seed_given};
    for (const auto &observable : rl.app) options.observables.push_back(observable.name);
    rl.online = onlineTrainings().find("tqc")(options);
    rl.policy = rl.online->policy();
    rl.training = rl.online.get();
  }));
  rl.in_training = true; /* all ranks know */
  PetscFunctionReturn(PETSC_SUCCESS);
}

void AdaptRLTrainAt(AdaptRL &rl, double t) {
  if (rl.online) rl.online->at(t);
}

PetscErrorCode AdaptRLTrainEnd(TSAdapt adapt, bool last) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  if (!rl.train || !rl.loaded) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscLogEventBegin(PetRL_Train, adapt, 0, 0, 0));
  PetscCall(Learn(adapt, [&rl, last] {
    if (rl.online) rl.online->endSolve(last);
  }));
  PetscCall(PetscLogEventEnd(PetRL_Train, adapt, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
