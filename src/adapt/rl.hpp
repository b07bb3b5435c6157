// Private to TSADAPTRL: its data, and what the learning environments may ask of it.
#pragma once

#include <petrladapt.h>
#include <petsc/private/tsimpl.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapt/controller.hpp"
#include "adapt/guard.hpp"
#include "adapt/history.hpp"
#include "adapt/order.hpp"
#include "adapt/solve.hpp"
#include "adapt/training.hpp"
#include "base/error.hpp"
#include "base/package.hpp"
#include "policy/backend.hpp"
#include "policy/policy_object.hpp"

namespace petrl {

/// Sees every attempt of a TSADAPTRL (a baseline recorder, a test).
using AttemptObserver = std::function<void(const Attempt &)>;

/// An observable of the application.
struct AppObservable {
  std::string name;
  TSAdaptRLObservable function;
  void *context;
  bool used = false;  // by the policy at hand
  double value = 0;   // at this decision
};

/// Where an input of the network comes from, and how it is scaled.
struct StepInput {
  double (*value)(const StepHistory &);  // null: one of the application's,
  std::size_t app;                       // this one
  double offset, factor;
};

/// What the first rank decides and every rank carries out.
struct Decision {
  double step = 0;          ///< next step
  double failed_scale = 0;  ///< factor on that step should its solve fail
  double fallbacks = 0;     ///< decisions that `basic` had to take
  double aside = 0;         ///< this decision was left to `basic`, because the policy's led nowhere
  double stalled = 0;       ///< so will the next ones be
  double tolerance = 1;     ///< factor on the rule's kappa
  double persistence = 1;   ///< on how dear a Jacobian is
  double *numbers() { return reinterpret_cast<double *>(this); }
  static constexpr int kNumbers = 7;
};

/// What belongs to one TS. A TSAdapt may serve several in turns: TSARKIMEX starts implicit equations with a clone that
/// shares its adaptor and its SNES.
struct Progress {
  StepHistory history;
  StallGuard guard;
  // What the TS had counted when we last looked.
  PetscInt seen_steps = 0, seen_rejections = 0, seen_nonlinear = 0, seen_linear = 0, seen_functions = 0,
           seen_jacobians = 0;
  double seen_cost = 0;
  bool retried = false;        // the latest attempt was itself a retry
  bool own_rejection = false;  // the attempt before was rejected by us, so one counted rejection is ours
  bool estimates = false;      // the TS has estimated an error
  std::vector<double> times;   // ends of the latest accepted steps, newest first: what BDF builds on
  PetscInt times_step = -1;    // the step that ended at the first of them
  bool restart_seen = false;   // the last accepted step came with PETSc's steprestart
  FailureCap failure_cap;
  int smooth = 0;         // accepted steps in a row
  double level = 1;       // the error of the last accepted step
  double mean_error = 0;  // of accepted steps, exponential average
  int at_floor = 0;       // steps in a row that were accepted only because no shorter one moves the clock
  PetscErrorCode (*prestage)(TS, PetscReal) = nullptr;  // the program's, while ours stands in its place
  PetscInt order_before = 0;                            // of BDF, where we choose it
  std::unique_ptr<Solutions> solutions;
  std::vector<float> failed_observation, failed_action;  // prepared decision for the case that the next solve fails
};

/// What a TSARKIMEX has started the attempt at hand from: it cannot tell.
struct StepStart {
  Vec copy = nullptr;
  PetscObjectId of = 0;                                                         // the solution that was copied,
  PetscObjectState state = 0;                                                   // as it was then
  bool fresh = false;                                                           // copied in this attempt
  PetscErrorCode (*check)(TSAdapt, TS, PetscReal, Vec, PetscBool *) = nullptr;  // of stages, the program's
};

struct FailureHook;  // tells an adaptor of solves that start again; outlives it

/// The name of the policy without a file: the rules that a learned one has to beat.
constexpr char kClassical[] = "classical";

/// Data of a TSADAPTRL.
struct AdaptRL : PolicyObject, Progress {
  AdaptRL() : PolicyObject("tsadapt") {}

  // What decides: on the first rank `training`, or else `backend` (file empty: the default policy).
  bool basic_only = false;                 // record, but let `basic` decide (baselines of the learning environments)
  std::unique_ptr<VectorBackend> backend;  // first rank only; null while a training decides
  std::vector<std::string> outputs;        // what each of the policy's actions decides: step, tolerance, jacobian
  std::vector<StepInput> inputs;           // of the network
  std::vector<AppObservable> app;
  std::vector<float> observation, action;  // of the latest decision
  PetscMPIInt rank = 0, ranks = 1;

  AttemptObserver observer;
  std::function<PetscErrorCode(TS, Attempt &)> appraise;  // before it and `training` are told: the true error
  StepLearner *training = nullptr;
  std::unique_ptr<OnlineTraining> online;

  PetscObjectId of = 0;                      // the TS whose progress this is
  std::map<PetscObjectId, Progress> others;  // that of the TS which it took turns with
  std::string trouble;                       // what went wrong on this rank alone; told to all with the next decision
  PetscErrorCode trouble_code = PETSC_SUCCESS;
  double user_scale_failed = -1;
  StepStart start;
  std::shared_ptr<FailureHook> hook;

  PetscErrorCode (*known_step)(TS) = nullptr;   // the TS type for which `announces` was found out
  bool announces = false;                       // it tells of failed solves itself
  PetscErrorCode (*judged_step)(TS) = nullptr;  // that for which `unsuited` was; null: not this policy's
  bool unsuited = false;                        // basic decides there
  double time_scale = 0;                        // of the application; 0: not known
  bool safeguard = true;  // clip decisions, shorten failed steps, come down after several rejections
  bool classical() const { return file == kClassical; }
  bool rules() const { return classical() && !training; }  // they decide, no network
  bool train = false;
  std::string save_file, train_config;
  PetscInt seed = 0;
  bool seed_given = false;
  Control wanted, control;  // which levers; and which are pulled: basic alone decides where the policy is unsuited
  void setControl(const Control &levers) { wanted = levers, control = unsuited ? Control() : levers; }
  bool control_set = false;  // by the user; else it is the policy's
  SolveRule rule, in_force;  // as the options have it; as the coming attempt has it
  double persistence = 1;    // of Jacobians, over the rule's
  LeftAlone alone;
  SolveCounts counts, reported;  // in all; when the monitor last told
  std::shared_ptr<SolveHook> solve;
  PetscInt order_changes = 0;
  PetscInt rejected = 0, failures = 0, aside = 0, stalls = 0;
};

/// The data of a TSAdapt of type rl.
inline AdaptRL &adaptRL(TSAdapt adapt) {
  return *static_cast<AdaptRL *>(adapt->data);
}

// The pieces of the type, one file each. All collective over the TSAdapt; all may be called more than once.
PetscErrorCode AdaptRLLoad(TSAdapt adapt, TS ts);                                              // rl_policy.cpp
PetscErrorCode AdaptRLDecide(TSAdapt adapt, TS ts, bool failed, double h, PetscReal *next_h);  // rl_decide.cpp
PetscErrorCode AdaptRLLocalError(TSAdapt adapt, TS ts, PetscInt *order, PetscReal *error);     // local_error.cpp
PetscErrorCode AdaptRLAccept(TSAdapt adapt, TS ts, PetscReal h, PetscReal error, PetscInt order, PetscBool *accept);
PetscErrorCode AdaptRLTakeBack(TSAdapt adapt, TS ts, PetscReal error);  // take_back.cpp
PetscErrorCode AdaptRLComesBack(TSAdapt adapt, TS ts, bool *comes_back);
PetscErrorCode AdaptRLWatchStages(TSAdapt adapt);
PetscErrorCode AdaptRLUnwatchStages(TSAdapt adapt);
PetscErrorCode AdaptRLForgetStart(TSAdapt adapt);
PetscErrorCode AdaptRLHook(TSAdapt adapt, TS ts);  // rl_failure.cpp
PetscErrorCode AdaptRLUnhook(TSAdapt adapt);
PetscErrorCode AdaptRLCatchUp(TSAdapt adapt, TS ts);
PetscErrorCode AdaptRLTakeOver(TSAdapt adapt, TS ts);  // solve.cpp: the levers in nonlinear solves
PetscErrorCode AdaptRLGiveBack(TSAdapt adapt);
PetscErrorCode AdaptRLExamine(TS ts, LeftAlone &alone);  // left_alone.cpp
PetscErrorCode AdaptRLPull(TSAdapt adapt, TS ts);        // levers.cpp
PetscErrorCode AdaptRLViewControl(TSAdapt adapt, PetscViewer viewer);
/// Something has really started anew: a pre- or post-step function that touches the solution sets PETSc's steprestart at
/// every step, which only multistep methods mind.
PetscErrorCode AdaptRLRestarts(const AdaptRL &rl, TS ts, bool *restarts);
double acceptedError(const AdaptRL &rl, int order, double safety);
void notePoint(AdaptRL &rl, TS ts, const Attempt &attempt, bool restarts);
PetscErrorCode AdaptRLOrder(TSAdapt adapt, TS ts, const Attempt &attempt, PetscReal *next_h);  // order.cpp
PetscErrorCode AdaptRLOrderRestore(TSAdapt adapt, TS ts);
PetscErrorCode AdaptRLSolveFailed(TSAdapt adapt, TS ts, PetscReal h);  // called by a TS that announces failures
PetscErrorCode AdaptRLRetry(TSAdapt adapt, TS ts, PetscReal h);        // rl_decide.cpp: the policy chooses the retry
PetscErrorCode AdaptRLFollow(TSAdapt adapt, TS ts);                    // rl.cpp: from now on we serve this TS
/// Work of the first rank alone: `count` numbers, or its error, on all. Collective.
template <typename Work>
PetscErrorCode AdaptRLOnFirstRank(TSAdapt adapt, double numbers[], int count, const Work &work);
/// C++ code that may throw on some ranks only: the error is kept for the next AdaptRLOnFirstRank().
template <typename Work>
void AdaptRLTry(AdaptRL &rl, const Work &work);
void AdaptRLKeepError(AdaptRL &rl);                                       // the one that is being handled
PetscErrorCode AdaptRLShare(TSAdapt adapt, double numbers[], int count);  // what the first rank has, or its error
PetscErrorCode AdaptRLJudge(TSAdapt adapt, TS ts);                        // rl_policy.cpp: finds out whether it suits
bool announcesFailures(AdaptRL &rl, TS ts);                               // does this TS tell of failed solves itself?
PetscErrorCode AdaptRLTrainSetUp(TSAdapt adapt, TS ts);                   // rl_online.cpp
PetscErrorCode AdaptRLTrainEnd(TSAdapt adapt, bool last);
void AdaptRLTrainAt(AdaptRL &rl, double t);  // the next attempt starts at t
StepLimits stepLimits(TSAdapt adapt);
StepLimits limitsAt(TSAdapt adapt, TS ts);  // those, and that of the clock
PETRL_API double tsCost(TS ts);             // cumulative work as our tables count it
/// An attempt has ended. What the TS counted since the one before is added to it - where `left` of them ended since,
/// its share - and whoever watches is told.
PetscErrorCode AdaptRLRecord(AdaptRL &rl, TS ts, Attempt &attempt, PetscInt left);
/// The same for a failed solve of length h.
PetscErrorCode AdaptRLRecordFailure(AdaptRL &rl, TS ts, double h, PetscInt left);

/// Lets a learner decide instead of a policy file, with the given specification (one rank only).
PETRL_API PetscErrorCode AdaptRLSetTraining(TSAdapt adapt, const Policy &specification, StepLearner *training);

template <typename Work>
void AdaptRLTry(AdaptRL &rl, const Work &work) {
  try {
    work();
  } catch (...) {
    AdaptRLKeepError(rl);
  }
}

template <typename Work>
PetscErrorCode AdaptRLOnFirstRank(TSAdapt adapt, double numbers[], int count, const Work &work) {
  AdaptRL &rl = adaptRL(adapt);

  PetscFunctionBegin;
  if (rl.rank == 0) AdaptRLTry(rl, work);
  if (rl.ranks > 1 || rl.trouble_code != PETSC_SUCCESS) PetscCall(AdaptRLShare(adapt, numbers, count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
