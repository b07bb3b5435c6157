// Private to TSADAPTRL: its data, and what the learning environments may ask of it.
#pragma once

#include <petrladapt.h>
#include <petsc/private/tsimpl.h>

#include <memory>
#include <string>
#include <vector>

#include "adapt/controller.hpp"
#include "adapt/history.hpp"
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
};

/// What the first rank decides and every rank carries out. Sent as one array of doubles.
struct Decision {
  double step = 0;          ///< next step
  double failed_scale = 0;  ///< factor on that step should its solve fail
  double fallbacks = 0;     ///< decisions that `basic` had to take
};

struct FailureHook;  // tells an adaptor of solves that start again; outlives it

/// Data of a TSADAPTRL.
struct AdaptRL : PolicyObject {
  AdaptRL() : PolicyObject("tsadapt") {}

  // What decides: on the first rank `training`, or else `backend` (file empty: the default policy).
  bool basic_only = false;                 // record, but let `basic` decide (baselines of the learning environments)
  std::unique_ptr<VectorBackend> backend;  // first rank only; null while a training decides
  std::vector<int> inputs;                 // for each network input: index into observables(), or -1 - index into app
  std::vector<AppObservable> app;

  StepHistory history;
  AttemptObserver observer;
  StepLearner *training = nullptr;
  std::unique_ptr<OnlineTraining> online;

  // What the TS had counted when we last looked.
  PetscInt seen_rejections = 0, seen_nonlinear = 0, seen_linear = 0;
  double seen_cost = 0;
  double attempted_h = 0;      // length of the attempt now under way, 0: not known
  bool retried = false;        // the latest attempt was itself a retry
  bool own_rejection = false;  // the attempt before was rejected by us, so one counted rejection is ours
  double user_scale_failed = -1;
  std::vector<float> failed_observation, failed_action;  // prepared decision for the case that the next solve fails
  std::shared_ptr<FailureHook> hook;

  PetscErrorCode (*known_step)(TS) = nullptr;  // the TS type for which `announces` was found out
  bool announces = false;                      // it tells of failed solves itself
  double time_scale = 0;                       // of the application; 0: not known
  bool safeguard = true;  // clip decisions, shorten failed steps, come down after several rejections
  bool train = false;
  std::string save_file, train_config;
  PetscInt seed = 0;
  bool seed_given = false;
  PetscInt rejected = 0, failures = 0;
};

/// The data of a TSAdapt of type rl.
inline AdaptRL &adaptRL(TSAdapt adapt) {
  return *static_cast<AdaptRL *>(adapt->data);
}

// The pieces of the type, one file each. All collective over the TSAdapt; all may be called more than once.
PetscErrorCode AdaptRLLoad(TSAdapt adapt, TS ts);                                              // rl_policy.cpp
PetscErrorCode AdaptRLDecide(TSAdapt adapt, TS ts, bool failed, double h, PetscReal *next_h);  // rl_decide.cpp
PetscErrorCode AdaptRLHook(TSAdapt adapt, TS ts);                                              // rl_failure.cpp
PetscErrorCode AdaptRLUnhook(TSAdapt adapt);
PetscErrorCode AdaptRLCatchUp(TSAdapt adapt, TS ts);
PetscErrorCode AdaptRLSolveFailed(TSAdapt adapt, TS ts, PetscReal h);  // called by a TS that announces failures
PetscErrorCode AdaptRLRetry(TSAdapt adapt, TS ts, PetscReal h);        // rl_decide.cpp: the policy chooses the retry
PetscErrorCode AdaptRLRestartIfNew(TSAdapt adapt, TS ts);              // rl.cpp
bool announcesFailures(AdaptRL &rl, TS ts);                            // does this TS tell of failed solves itself?
PetscErrorCode AdaptRLTrainSetUp(TSAdapt adapt, TS ts);                // rl_online.cpp
PetscErrorCode AdaptRLTrainEnd(TSAdapt adapt, bool last);
void AdaptRLTrainAt(AdaptRL &rl, double t);  // the next attempt starts at t
StepLimits stepLimits(TSAdapt adapt);
PETRL_API double tsCost(TS ts);  // cumulative work as our tables count it
/// An attempt has ended. What the TS counted since the one before is added to it - where `left` of them ended since,
/// its share - and whoever watches is told.
PetscErrorCode AdaptRLRecord(AdaptRL &rl, TS ts, Attempt &attempt, PetscInt left);
/// The same for a failed solve of length h.
PetscErrorCode AdaptRLRecordFailure(AdaptRL &rl, TS ts, double h, PetscInt left);

/// Lets a learner decide instead of a policy file, with the given specification (one rank only).
PETRL_API PetscErrorCode AdaptRLSetTraining(TSAdapt adapt, const Policy &specification, StepLearner *training);

}  // namespace petrl
