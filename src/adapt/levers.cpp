// TSADAPTRL: which levers are pulled, from the first decision of a solve to its end.
#include <algorithm>
#include <cmath>
#include <sstream>

#include "adapt/rl.hpp"

namespace petrl {

namespace {

struct Lever {
  const char *name;
  bool Control::*flag;
};

constexpr Lever kLevers[] = {{"step", &Control::step},
                             {"accept", &Control::accept},
                             {"tolerance", &Control::tolerance},
                             {"jacobian", &Control::jacobian},
                             {"order", &Control::order}};

constexpr double kMeanRate = 0.1;  // of the mean error of accepted steps
constexpr double kRoom = 1.1;      // how far it may be above what step control aims at

// A TS calls its monitors a last time when its solve has ended, however it did.
PetscErrorCode AtEnd(TS ts, PetscInt, PetscReal, Vec, void *) {
  PetscBool ours;

  PetscFunctionBegin;
  if (!ts->reason || !ts->adapt) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscObjectTypeCompare((PetscObject)ts->adapt, TSADAPTRL, &ours));
  if (!ours) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(AdaptRLGiveBack(ts->adapt));
  PetscCall(AdaptRLOrderRestore(ts->adapt, ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

Control controlFrom(std::string names) {
  Control control;
  std::replace(names.begin(), names.end(), ' ', ',');
  for (const auto &lever : kLevers) control.*lever.flag = false;
  std::istringstream list(names);
  for (std::string name; std::getline(list, name, ',');) {
    const auto *lever =
        std::find_if(std::begin(kLevers), std::end(kLevers), [&](const Lever &l) { return name == l.name; });
    if (lever == std::end(kLevers))
      throw Error("-ts_adapt_rl_control: found '" + name + "', expected some of step,accept,tolerance,jacobian,order",
                  PETSC_ERR_ARG_WRONG);
    control.*lever->flag = true;
  }
  return control;
}

Control classicalControl() {
  return controlFrom("step,accept,tolerance,jacobian,order");
}

std::string controlNames(const Control &control) {
  std::string names;
  for (const auto &lever : kLevers)
    if (control.*lever.flag) names += (names.empty() ? "" : ",") + std::string(lever.name);
  return names.empty() ? "nothing" : names;
}

// After the first attempt of a solve.
PetscErrorCode AdaptRLPull(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);
  bool watched = false;

  PetscFunctionBegin;
  if (rl.basic_only || !ts->usessnes || !(rl.control.solves() || rl.control.order)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(AdaptRLTakeOver(adapt, ts));
  for (PetscInt i = 0; i < ts->numbermonitors; ++i) watched = watched || ts->monitor[i] == AtEnd;
  if (!watched && ts->numbermonitors < MAXTSMONITORS) PetscCall(TSMonitorSet(ts, AtEnd, NULL, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// How large an error is still accepted: a step a little too long is cheaper kept than redone, where nothing has just
// gone wrong and the steps before leave room for it in the mean. A factor of 1/1.25 on the step is what the worst of
// them would have needed.
double acceptedError(const AdaptRL &rl, int order, double safety) {
  constexpr int quiet = 3;
  if (!rl.control.accept || rl.basic_only || rl.smooth < quiet) return 1;
  const double room = rl.mean_error + (kRoom * std::pow(safety, order) - rl.mean_error) / kMeanRate;
  return std::max(1.0, std::min({4.0, std::pow(1.25, order), room}));
}

PetscErrorCode AdaptRLRestarts(const AdaptRL &rl, TS ts, bool *restarts) {
  PetscBool multistep = PETSC_FALSE;

  PetscFunctionBegin;
  *restarts = ts->steprestart == PETSC_TRUE;
  if (!*restarts || !rl.restart_seen) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscObjectTypeCompareAny((PetscObject)ts, &multistep, TSBDF, TSALPHA, TSALPHA2, ""));
  *restarts = multistep == PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// An attempt has been judged.
void notePoint(AdaptRL &rl, TS ts, const Attempt &attempt, bool restarts) {
  if (attempt.error >= 0) rl.estimates = true;
  if (!attempt.accepted) {
    rl.smooth = 0;
    return;
  }
  rl.failure_cap.accepted();
  if (attempt.error >= 0) {
    rl.level = attempt.error;
    rl.mean_error += kMeanRate * (attempt.error - rl.mean_error);
  }
  rl.smooth = restarts ? 0 : rl.smooth + 1;
  rl.restart_seen = ts->steprestart == PETSC_TRUE;
  if (!rl.control.jacobian || !ts->usessnes) return;
  auto &times = rl.times;
  if (restarts) times.clear();
  while (!times.empty() && times.front() > attempt.t + 1e-9 * attempt.h) times.erase(times.begin());
  if (times.empty()) times = {attempt.t, attempt.t + attempt.h / 2};  // BDF starts with half a step
  times.insert(times.begin(), attempt.t + attempt.h);
  times.resize(std::min<std::size_t>(times.size(), 8));
  rl.times_step = ts->steps;
}

PetscErrorCode AdaptRLViewControl(TSAdapt adapt, PetscViewer viewer) {
  const AdaptRL &rl = adaptRL(adapt);
  const SolveCounts &n = rl.counts;

  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "  RL: decides on %s\n", controlNames(rl.control).c_str()));
  const struct {
    bool pulled;
    const char *name;
    const std::string &why;
  } levers[] = {{rl.control.tolerance, "tolerance", rl.alone.tolerance},
                {rl.control.tolerance, "linear tolerance", rl.alone.krylov},
                {rl.control.jacobian, "Jacobian", rl.alone.jacobian},
                {rl.control.order, "order", rl.alone.order}};
  for (const auto &lever : levers)
    if (lever.pulled && !lever.why.empty())
      PetscCall(PetscViewerASCIIPrintf(viewer, "  RL: %s left as it is, because %s\n", lever.name, lever.why.c_str()));
  if (n.solves > 0)
    PetscCall(
        PetscViewerASCIIPrintf(viewer,
                               "  RL: %" PetscInt_FMT " nonlinear solves, %" PetscInt_FMT " iterations, %" PetscInt_FMT
                               " Jacobians built (%" PetscInt_FMT " saved), %" PetscInt_FMT
                               " linear iterations, %" PetscInt_FMT " solves repeated with new Jacobians\n",
                               n.solves, n.iterations, n.jacobians, n.iterations - n.jacobians, n.linear, n.repeated));
  if (rl.order_changes > 0)
    PetscCall(PetscViewerASCIIPrintf(viewer, "  RL: %" PetscInt_FMT " changes of order\n", rl.order_changes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

/*@C
   TSAdaptRLSetControl - Sets what is decided of a solve: the levers

   Logically Collective

   Input Parameters:
+  adapt  - the TSAdapt, ignored unless of type `TSADAPTRL`
-  levers - names separated by commas, see `TSADAPTRL`: step, accept, tolerance, jacobian, order

   Options Database Key:
.  -ts_adapt_rl_control <levers> - the levers

   Level: intermediate

   Note:
   Without step, `TSADAPTBASIC` chooses the steps.

.seealso: `TSADAPTRL`, `TSAdaptRLSetPolicy()`
@*/
PetscErrorCode TSAdaptRLSetControl(TSAdapt adapt, const char levers[]) {
  PetscFunctionBegin;
  PetRLValid(adapt, TSADAPT_CLASSID, 1);
  PetRLNotNull(levers, 2);
  PetscTryMethod(adapt, "TSAdaptRLSetControl_C", (TSAdapt, const char[]), (adapt, levers));
  PetscFunctionReturn(PETSC_SUCCESS);
}
