// TSADAPTRL: the operations that PETSc calls.
#include "adapt/rl.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace petrl {

namespace {

PetscErrorCode TSAdaptChoose_RL(TSAdapt adapt, TS ts, PetscReal h, PetscInt *next_sc, PetscReal *next_h,
                                PetscBool *accept, PetscReal *wlte, PetscReal *wltea, PetscReal *wlter) {
  AdaptRL &rl = adaptRL(adapt);
  PetscInt order;
  PetscReal error;

  PetscFunctionBegin;
  *next_sc = 0;
  *wltea = -1; /* not used */
  *wlter = -1; /* not used */
  PetscCall(PetscLogEventBegin(PetRL_Observe, adapt, ts, 0, 0));
  PetscCall(AdaptRLLocalError(adapt, ts, &order, &error));
  *wlte = error;
  PetscCall(PetscLogEventEnd(PetRL_Observe, adapt, ts, 0, 0));

  PetscCall(AdaptRLFollow(adapt, ts));
  if (rl.user_scale_failed < 0) rl.user_scale_failed = adapt->scale_solve_failed;
  PetscCall(AdaptRLLoad(adapt, ts));
  PetscCall(AdaptRLJudge(adapt, ts));
  PetscCall(AdaptRLCatchUp(adapt, ts));

  rl.retried = *accept == PETSC_FALSE; /* *accept comes in as the outcome of the attempt before, or true */
  bool restarts;
  PetscCall(AdaptRLRestarts(rl, ts, &restarts));
  if (restarts) rl.smooth = 0;
  PetscCall(AdaptRLAccept(adapt, ts, h, error, order, accept));

  Attempt attempt;
  attempt.t = ts->ptime;
  attempt.h = h;
  attempt.order = order;
  attempt.error = error;
  attempt.accepted = *accept == PETSC_TRUE;
  rl.own_rejection = !attempt.accepted;
  if (!attempt.accepted) ++rl.rejected;
  // An error that is no number is a rejection that tells nothing more.
  if (PetscIsInfOrNanReal(error)) attempt.error = PETSC_MAX_REAL;
  PetscCall(AdaptRLRecord(rl, ts, attempt, 1));
  PetRLCallCXX(notePoint(rl, ts, attempt, restarts));

  if (!attempt.accepted) PetscCall(AdaptRLTakeBack(adapt, ts, error));
  PetscCall(AdaptRLWatchStages(adapt));

  PetscCall(AdaptRLDecide(adapt, ts, false, h, next_h));
  PetscCall(AdaptRLOrder(adapt, ts, attempt, next_h));
  rl.seen_steps = ts->steps;
  PetscCall(AdaptRLHook(adapt, ts));
  PetscCall(AdaptRLPull(adapt, ts));
  // Relative to the step: a final time may be zero or negative.
  if (rl.train && attempt.accepted && ts->ptime + h >= ts->max_time - 1e-6 * h)
    PetscCall(AdaptRLTrainEnd(adapt, false));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptSetFromOptions_RL(TSAdapt adapt, PETRL_OPTION_ITEMS PetscOptionsObject) {
  AdaptRL &rl = adaptRL(adapt);
  char file[PETSC_MAX_PATH_LEN];
  PetscBool set, flag;

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Learned (rl) adaptive controller options");
  PetscCall(PolicyOptions(PetscOptionsObject, rl,
                          {"-ts_adapt_rl_policy", "-ts_adapt_rl_monitor", "-ts_adapt_rl_error_if_nan"}, "TSADAPTRL",
                          [adapt](const char *name) { return TSAdaptRLSetPolicy(adapt, name); }));
  PetscCall(PetscStrncpy(file, controlNames(rl.wanted).c_str(), sizeof(file)));
  PetscCall(PetscOptionsString("-ts_adapt_rl_control", "What is decided: step,accept,tolerance,jacobian,order",
                               "TSAdaptRLSetControl", file, file, sizeof(file), &set));
  if (set) PetscCall(TSAdaptRLSetControl(adapt, file));
  PetscReal kappa = rl.rule.kappa, persistence = rl.persistence;
  PetscCall(PetscOptionsReal("-ts_adapt_rl_kappa", "Newton's error over the tolerance of the step", "TSADAPTRL", kappa,
                             &kappa, NULL));
  PetscCheck(kappa > 0 && kappa < 1, PetscObjectComm((PetscObject)adapt), PETSC_ERR_ARG_OUTOFRANGE,
             "-ts_adapt_rl_kappa: found %g, expected a number in (0, 1)", (double)kappa);
  PetscCall(PetscOptionsReal("-ts_adapt_rl_persistence", "How dear a Jacobian is, over what is usual", "TSADAPTRL",
                             persistence, &persistence, NULL));
  PetscCheck(persistence >= 0.01 && persistence <= 100, PetscObjectComm((PetscObject)adapt), PETSC_ERR_ARG_OUTOFRANGE,
             "-ts_adapt_rl_persistence: found %g, expected a number in [0.01, 100]", (double)persistence);
  rl.rule.kappa = kappa;
  rl.persistence = persistence;
  rl.in_force = rl.rule.scaled(1, persistence);
  PetscReal scale = rl.time_scale;
  PetscCall(PetscOptionsReal("-ts_adapt_rl_time_scale", "Time scale of the application, for policies that need it",
                             "TSAdaptRLSetTimeScale", scale, &scale, &set));
  if (set) PetscCall(TSAdaptRLSetTimeScale(adapt, scale));
  flag = rl.safeguard ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(PetscOptionsBool("-ts_adapt_rl_safeguard", "Bound the policy's decisions", "TSADAPTRL", flag, &flag, NULL));
  rl.safeguard = flag == PETSC_TRUE;
  flag = rl.train ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(PetscOptionsBool("-ts_adapt_rl_train", "Learn while the program runs", "TSADAPTRL", flag, &flag, NULL));
  rl.train = flag == PETSC_TRUE;
  PetscCall(PetscStrncpy(file, rl.save_file.c_str(), sizeof(file)));
  PetscCall(PetscOptionsString("-ts_adapt_rl_save", "Policy file that training writes and goes on from", "TSADAPTRL",
                               file, file, sizeof(file), &set));
  if (set) rl.save_file = file;
  PetscCall(PetscStrncpy(file, rl.train_config.c_str(), sizeof(file)));
  PetscCall(PetscOptionsString("-ts_adapt_rl_train_config", "YAML file with the learner's keys", "TSADAPTRL", file,
                               file, sizeof(file), &set));
  if (set) rl.train_config = file;
  PetscCall(PetscOptionsInt("-ts_adapt_rl_seed", "Random seed of training", "TSADAPTRL", rl.seed, &rl.seed, &set));
  if (set) rl.seed_given = true;
  PetscOptionsHeadEnd();
  rl.judged_step = nullptr;
  PetscCheck(!rl.train || rl.file != kClassical, PetscObjectComm((PetscObject)adapt), PETSC_ERR_USER_INPUT,
             "-ts_adapt_rl_train: policy 'classical' is a rule, it learns nothing");
  PetscCheck(!rl.train || !rl.save_file.empty(), PetscObjectComm((PetscObject)adapt), PETSC_ERR_USER_INPUT,
             "-ts_adapt_rl_train needs -ts_adapt_rl_save <file.h5>: where to write what was learned");
  PetscCheck(rl.train || rl.save_file.empty(), PetscObjectComm((PetscObject)adapt), PETSC_ERR_USER_INPUT,
             "-ts_adapt_rl_save was given without -ts_adapt_rl_train: nothing would be learned or saved");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptView_RL(TSAdapt adapt, PetscViewer viewer) {
  AdaptRL &rl = adaptRL(adapt);
  PetscBool ascii;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)viewer, PETSCVIEWERASCII, &ascii));
  if (!ascii) PetscFunctionReturn(PETSC_SUCCESS);
  // On the first rank, which prints, the backend is known.
  PetscCall(PetscViewerASCIIPrintf(viewer, "  RL: %s, backend %s\n", rl.called().c_str(),
                                   rl.loaded ? rl.evaluator.c_str() : "not loaded yet"));
  PetscCall(PetscViewerASCIIPrintf(viewer,
                                   "  RL: %" PetscInt_FMT " decisions, %" PetscInt_FMT " rejected steps, %" PetscInt_FMT
                                   " failed solves, %" PetscInt_FMT " fallbacks to basic\n",
                                   rl.decisions, rl.rejected, rl.failures, rl.fallbacks));
  PetscCall(AdaptRLViewControl(adapt, viewer));
  if (rl.aside > 0)
    PetscCall(PetscViewerASCIIPrintf(viewer, "  RL: %" PetscInt_FMT " decisions left to basic, because %s\n", rl.aside,
                                     rl.unsuited ? "components are algebraic" : "the policy's steps had shrunk far"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptReset_RL(TSAdapt adapt) {
  PetscFunctionBegin;
  adaptRL(adapt).history.restart();
  PetscCall(AdaptRLForgetStart(adapt));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptRLAddObservable_RL(TSAdapt adapt, const char name[], TSAdaptRLObservable f, void *ctx) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  for (const auto &o : observables()) {
    PetscCheck(std::string(o.name) != name, PetscObjectComm((PetscObject)adapt), PETSC_ERR_ARG_WRONG,
               "Observable '%s' exists already in every TS: choose another name", name);
  }
  for (auto &o : rl.app) {
    if (o.name == name) {
      o.function = f;
      o.context = ctx;
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  }
  PetRLCallCXX(rl.app.push_back({name, f, ctx}));
  rl.loaded = false;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptRLSetPolicy_RL(TSAdapt adapt, const char file[]) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  PetRLCallCXX(rl.file = file ? file : "");
  rl.loaded = false;
  rl.judged_step = nullptr;
  rl.backend.reset();
  if (!rl.control_set) rl.setControl(rl.classical() ? classicalControl() : Control());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptRLSetControl_RL(TSAdapt adapt, const char levers[]) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  PetRLCallCXX(rl.setControl(controlFrom(levers)));
  rl.control_set = true;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptRLSetTimeScale_RL(TSAdapt adapt, PetscReal scale) {
  PetscFunctionBegin;
  PetscCheck(scale > 0 && !PetscIsInfOrNanReal(scale), PetscObjectComm((PetscObject)adapt), PETSC_ERR_ARG_OUTOFRANGE,
             "-ts_adapt_rl_time_scale: found %g, expected a positive time", (double)scale);
  adaptRL(adapt).time_scale = scale;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptDestroy_RL(TSAdapt adapt) {
  PetscFunctionBegin;
  PetscCall(AdaptRLUnhook(adapt));
  PetscCall(AdaptRLGiveBack(adapt));
  PetscCall(AdaptRLUnwatchStages(adapt));
  PetscCall(AdaptRLTrainEnd(adapt, true));
  // The TSAdapt may go on with another type: give back what we set.
  if (adaptRL(adapt).user_scale_failed >= 0) adapt->scale_solve_failed = adaptRL(adapt).user_scale_failed;
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptRLSetPolicy_C", NULL));
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptRLAddObservable_C", NULL));
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptSolveFailed_C", NULL));
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptRLSetTimeScale_C", NULL));
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptRLSetControl_C", NULL));
  delete static_cast<AdaptRL *>(adapt->data);
  adapt->data = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// Another TS than before, the same again, or a new solve. PETSc's steprestart says nothing: any pre- or post-step
// function that touches the solution sets it.
PetscErrorCode AdaptRLFollow(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);
  Progress &progress = rl;
  PetscObjectId id;
  bool known = true;

  PetscFunctionBegin;
  PetscCall(PetscObjectGetId((PetscObject)ts, &id));
  if (id != rl.of)
    PetRLCallCXX({
      if (rl.of) rl.others[rl.of] = std::move(progress);
      known = rl.others.count(id) > 0;
      progress = known ? std::move(rl.others[id]) : Progress();
      // Clones come and go; they are younger than the TS that they serve.
      while (rl.others.size() > 1) rl.others.erase(std::prev(rl.others.end()));
      rl.others.erase(id);
      rl.of = id;
    });
  // TSSolve() sets the counters back when it starts at step 0; the number of steps, whenever the application likes.
  const bool reset =
      ts->reject < rl.seen_rejections || ts->snes_its < rl.seen_nonlinear || ts->ksp_its < rl.seen_linear;
  if (known && !reset && ts->steps >= rl.seen_steps) PetscFunctionReturn(PETSC_SUCCESS);
  const bool at_zero = reset || (ts->steps == 0 && ts->steprestart);
  PetscCall(AdaptRLOrderRestore(adapt, ts));
  progress = Progress();
  rl.in_force = rl.rule.scaled(1, rl.persistence);
  rl.seen_steps = ts->steps;
  rl.seen_cost = tsCost(ts); /* some of its counters are never set back: the first attempt's cost is lost */
  rl.seen_functions = ts->rhsfuncs + ts->ifuncs;
  rl.seen_jacobians = ts->rhsjacs + ts->ijacs;
  if (!at_zero) {
    rl.seen_rejections = ts->reject;
    rl.seen_nonlinear = ts->snes_its;
    rl.seen_linear = ts->ksp_its;
  } else if (!known) {
    rl.seen_cost = 0;
    rl.seen_functions = rl.seen_jacobians = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

void AdaptRLKeepError(AdaptRL &rl) {
  const auto keep = [&rl](const char *what, PetscErrorCode code) {
    if (rl.trouble_code == PETSC_SUCCESS) rl.trouble = *what ? what : "unknown error", rl.trouble_code = code;
  };
  try {
    throw;
  } catch (const Error &e) {
    keep(e.what(), e.code());
  } catch (const std::exception &e) {
    keep(e.what(), PETSC_ERR_LIB);
  }
}

PetscErrorCode AdaptRLShare(TSAdapt adapt, double numbers[], int count) {
  AdaptRL &rl = adaptRL(adapt);
  MPI_Comm comm = PetscObjectComm((PetscObject)adapt);
  double sent[1 + Decision::kNumbers];
  char message[2048] = "";

  PetscFunctionBegin;
  sent[0] = rl.trouble_code;
  std::copy_n(numbers, count, sent + 1);
  if (rl.ranks > 1) PetscCallMPI(MPI_Bcast(sent, count + 1, MPI_DOUBLE, 0, comm));
  std::copy_n(sent + 1, count, numbers);
  if (sent[0] == 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (rl.rank == 0) PetscCall(PetscStrncpy(message, rl.trouble.c_str(), sizeof(message)));
  if (rl.ranks > 1) PetscCallMPI(MPI_Bcast(message, sizeof(message), MPI_CHAR, 0, comm));
  rl.trouble_code = PETSC_SUCCESS; /* said */
  SETERRQ(comm, static_cast<PetscErrorCode>(sent[0]), "%s", message);
}

// PETSc has no public access to the evaluation counters.
double tsCost(TS ts) {
  return static_cast<double>(ts->rhsfuncs) + static_cast<double>(ts->ifuncs) + static_cast<double>(ts->rhsjacs) +
         static_cast<double>(ts->ijacs) + static_cast<double>(ts->ksp_its);
}

PetscErrorCode AdaptRLRecord(AdaptRL &rl, TS ts, Attempt &attempt, PetscInt left) {
  PetscFunctionBegin;
  attempt.nonlinear = static_cast<double>(ts->snes_its - rl.seen_nonlinear) / left;
  attempt.linear = static_cast<double>(ts->ksp_its - rl.seen_linear) / left;
  attempt.cost = PetscMax(tsCost(ts) - rl.seen_cost, 0.0) / left; /* a function of the program may clear counters */
  const PetscInt functions = ts->rhsfuncs + ts->ifuncs, jacobians = ts->rhsjacs + ts->ijacs;
  attempt.functions = static_cast<double>(PetscMax(functions - rl.seen_functions, 0)) / left;
  attempt.jacobians = static_cast<double>(PetscMax(jacobians - rl.seen_jacobians, 0)) / left;
  rl.seen_functions = functions - static_cast<PetscInt>(attempt.functions * (left - 1));
  rl.seen_jacobians = jacobians - static_cast<PetscInt>(attempt.jacobians * (left - 1));
  attempt.contraction = std::exchange(rl.counts.slowest, 0);
  rl.seen_nonlinear += static_cast<PetscInt>(attempt.nonlinear);
  rl.seen_linear += static_cast<PetscInt>(attempt.linear);
  rl.seen_cost = left == 1 ? tsCost(ts) : rl.seen_cost + attempt.cost;
  if (rl.appraise) PetscCall(rl.appraise(ts, attempt));
  rl.history.add(attempt, ts->max_time);
  AdaptRLTry(rl, [&] {
    if (rl.observer) rl.observer(attempt);
    if (rl.training) rl.training->outcome(attempt);
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AdaptRLRecordFailure(AdaptRL &rl, TS ts, double h, PetscInt left) {
  Attempt attempt;

  PetscFunctionBegin;
  attempt.t = ts->ptime;
  attempt.h = h;
  attempt.order = rl.history.empty() ? 1 : rl.history.last().order;
  attempt.failed = true;
  ++rl.failures;
  rl.failure_cap.failed(h);
  rl.smooth = 0;
  PetscCall(AdaptRLRecord(rl, ts, attempt, left));
  PetscFunctionReturn(PETSC_SUCCESS);
}

StepLimits stepLimits(TSAdapt adapt) {
  const AdaptRL &rl = adaptRL(adapt);
  StepLimits limits;
  limits.safety = adapt->safety;
  limits.reject_safety = adapt->reject_safety;
  limits.clip_low = adapt->clip[0];
  limits.clip_high = adapt->clip[1];
  limits.dt_min = adapt->dt_min;
  limits.dt_max = adapt->dt_max;
  limits.scale_failed = rl.user_scale_failed < 0 ? adapt->scale_solve_failed : rl.user_scale_failed;
  limits.time_scale = rl.time_scale;
  limits.hold = adapt->timestepjustdecreased > 0;
  return limits;
}

// A step that no longer moves the clock leads nowhere, and TSTHETA to a division by zero.
StepLimits limitsAt(TSAdapt adapt, TS ts) {
  StepLimits limits = stepLimits(adapt);
  limits.dt_min =
      std::min(std::max(limits.dt_min, 64 * PETSC_MACHINE_EPSILON * std::fabs((double)ts->ptime)), limits.dt_max);
  return limits;
}

PetscErrorCode AdaptRLSetTraining(TSAdapt adapt, const Policy &specification, StepLearner *training) {
  PetscFunctionBegin;
  PetscCall(TSAdaptSetType(adapt, TSADAPTRL));
  AdaptRL &rl = adaptRL(adapt);
  PetRLCallCXX(rl.policy = specification);
  rl.training = training;
  rl.in_training = true;
  rl.loaded = false;
  rl.judged_step = nullptr;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

PETSC_INTERN PetscErrorCode TSAdaptCreate_RL(TSAdapt adapt);
PetscErrorCode TSAdaptCreate_RL(TSAdapt adapt) {
  PetscFunctionBegin;
  PetscCall(petrl::InitializePackage());
  PetRLCallCXX(adapt->data = new petrl::AdaptRL());
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)adapt), &petrl::adaptRL(adapt).rank));
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)adapt), &petrl::adaptRL(adapt).ranks));
  PetscCall(petrl::AdaptRLWatchStages(adapt)); /* the first step is the likeliest to be too long */
  adapt->ops->choose = petrl::TSAdaptChoose_RL;
  adapt->ops->setfromoptions = petrl::TSAdaptSetFromOptions_RL;
  adapt->ops->view = petrl::TSAdaptView_RL;
  adapt->ops->reset = petrl::TSAdaptReset_RL;
  adapt->ops->destroy = petrl::TSAdaptDestroy_RL;
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptRLSetPolicy_C", petrl::TSAdaptRLSetPolicy_RL));
  PetscCall(
      PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptRLAddObservable_C", petrl::TSAdaptRLAddObservable_RL));
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptSolveFailed_C", petrl::AdaptRLSolveFailed));
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptRLSetControl_C", petrl::TSAdaptRLSetControl_RL));
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptRLSetTimeScale_C", petrl::TSAdaptRLSetTimeScale_RL));
  PetscFunctionReturn(PETSC_SUCCESS);
}
