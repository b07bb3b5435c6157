// TSADAPTRL: from what was observed to the next step, the same on every rank.
#include <algorithm>
#include <cmath>

#include "adapt/rl.hpp"

namespace petrl {

namespace {

double observed(const AdaptRL &rl, const StepInput &input, const StepHistory &history) {
  return input.value ? input.value(history) : rl.app[input.app].value;
}

void networkInput(const AdaptRL &rl, const StepHistory &history, std::vector<float> &x) {
  const double clip = rl.policy.observation.clip;
  x.resize(rl.inputs.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const StepInput &input = rl.inputs[i];
    x[i] = normalise(observed(rl, input, history), input.offset, input.factor, clip);
  }
}

bool finite(const std::vector<float> &x) {
  for (const float v : x) {
    if (!std::isfinite(v)) return false;
  }
  return true;
}

// The step of the classical rule: PI control where there is a trend, or else basic's.
double classicalStep(const AdaptRL &rl, double h, const StepLimits &limits) {
  const Attempt &last = rl.history.last();
  // Nearly as long a step as the last one whose solve failed would fail, too.
  const double cap = std::max(rl.failure_cap.cap(), limits.clip_low * h);
  const bool trend = last.accepted && !rl.retried && last.error > 0;
  const double step = trend ? piStep(h, last.error, last.order, rl.history.previousError(), limits)
                            : basicStep(h, last.error, last.order, rl.retried, limits);
  return limitedStep(std::min(cap, step), h, false, limits);
}

enum class When { now, ahead };

constexpr double kDeclined = -2;

double factor(const ActionSpec &action, std::size_t i, float a) {
  return std::exp(std::log(action.low[i]) + 0.5 * (a + 1) * std::log(action.high[i] / action.low[i]));
}

// What the policy decides of the next attempt, into d and action; its step, or a negative number when it gave none that
// can be used (kDeclined: when it wants to give none).
double policyStep(AdaptRL &rl, const std::vector<float> &x, double h, bool failed, const StepLimits &limits,
                  int patience, std::vector<float> &action, Decision &d, When when = When::now) {
  action.assign(rl.outputs.size(), 0);
  if (!finite(x)) return -1;
  if (!rl.training)
    rl.backend->evaluate(x.data(), action.data());
  else if (when == When::now)
    rl.training->decide(x.data(), action.data());
  else if (!rl.training->foresee(x.data(), action.data()))
    return kDeclined;
  const bool scales = rl.policy.action.transform == "pi-ratio" || rl.outputs.empty() || rl.outputs.front() != "step";
  double step = failed ? h * limits.scale_failed : scales ? classicalStep(rl, h, limits) : h;
  const Attempt &last = rl.history.last();
  for (std::size_t i = 0; i < action.size(); ++i) {
    if (!(std::fabs(action[i]) <= 1.f + 1e-5f)) return -1;
    if (rl.outputs[i] == "step")
      step = proposedStep(rl.policy.action, action[i], h, last.error, last.order, failed, limits, step);
    else
      (rl.outputs[i] == "tolerance" ? d.tolerance : d.persistence) = factor(rl.policy.action, i, action[i]);
  }
  if (!std::isfinite(step) || step <= 0) return -1;
  if (!rl.safeguard) return std::clamp(step, limits.dt_min, limits.dt_max);
  const double limited = limitedStep(step, h, failed, limits);
  // A policy that does not come down by itself is taken down at least as fast as basic would.
  if (!failed && rl.history.rejections() >= patience)
    return std::min(limited, basicStep(h, last.error, last.order, true, limits));
  if (failed && rl.history.failures() >= patience) return std::min(limited, h * limits.scale_failed);
  return limited;
}

PetscErrorCode Monitor(TSAdapt adapt, TS ts, double h, const Decision &d) {
  AdaptRL &rl = adaptRL(adapt);
  std::string seen;
  char value[32];

  PetscFunctionBegin;
  if (rl.rules())
    PetRLCallCXX(seen = " error=" + std::to_string(rl.history.last().error) +
                        " order=" + std::to_string(rl.history.last().order));
  for (std::size_t i = 0; i < rl.inputs.size(); ++i) {
    PetscCall(PetscSNPrintf(value, sizeof(value), "=%.3g", observed(rl, rl.inputs[i], rl.history)));
    PetRLCallCXX(seen += " " + rl.policy.observation.names[i] + value);
  }
  PetscCall(PolicyMonitor(
      rl, "    TSAdapt rl step %" PetscInt_FMT " t=%g h=%g:%s -> next h=%g%s (times %.3g if its solve fails)",
      ts->steps, (double)ts->ptime, h, seen.c_str(), d.step, d.fallbacks + d.aside > 0 ? " by basic" : "",
      d.failed_scale));
  if (rl.counts.solves > rl.reported.solves) {
    const SolveCounts &now = rl.counts, &before = rl.reported;
    PetscCall(PolicyMonitor(rl,
                            "      %" PetscInt_FMT " nonlinear solves: %" PetscInt_FMT " iterations, %" PetscInt_FMT
                            " Jacobians, %" PetscInt_FMT " linear iterations, %" PetscInt_FMT " repeated",
                            now.solves - before.solves, now.iterations - before.iterations,
                            now.jacobians - before.jacobians, now.linear - before.linear,
                            now.repeated - before.repeated));
    rl.reported = rl.counts;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// PETSc gives up after max_reject attempts at one step (10 unless set): the first few are the policy's.
int patience(TS ts) {
  constexpr int most = 4;
  return ts->max_reject < 0 ? most : static_cast<int>(PetscMin(most, ts->max_reject / 2));
}

PetscErrorCode ApplicationValues(AdaptRL &rl, TS ts) {
  PetscFunctionBegin;
  for (auto &o : rl.app) {
    PetscReal value = 0;
    if (o.used) PetscCall((*o.function)(ts, o.context, &value));
    o.value = static_cast<double>(value);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Warn(TSAdapt adapt, TS ts, double fallbacks, double stalled = 0) {
  AdaptRL &rl = adaptRL(adapt);
  char what[128];

  PetscFunctionBegin;
  if (stalled > 0) {
    PetscCall(PetscInfo(adapt, "The policy's steps shrink without end at t = %g, basic decides\n", (double)ts->ptime));
    if (rl.stalls++ == 0)
      PetscCall(PetscPrintf(PetscObjectComm((PetscObject)adapt),
                            "PetRL warning: %s: its steps shrink without end at t = %g; basic decides for a "
                            "while (counted in the view; reported once)\n",
                            rl.called().c_str(), (double)ts->ptime));
  }
  if (!(fallbacks > 0)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(
      PetscSNPrintf(what, sizeof(what), "its decision is not finite or out of its range at t = %g", (double)ts->ptime));
  PetscCall(PolicyFallBack(PetscObjectComm((PetscObject)adapt), rl, static_cast<PetscInt>(fallbacks), what,
                           "basic decides instead"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// The step after a failed solve of length h that the TS has just announced; the history knows of it.
PetscErrorCode AdaptRLRetry(TSAdapt adapt, TS ts, PetscReal h) {
  AdaptRL &rl = adaptRL(adapt);
  const StepLimits limits = limitsAt(adapt, ts);
  double decision[2] = {limits.scale_failed, 0};  // factor, fallbacks

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(PetRL_Infer, adapt, ts, 0, 0));
  PetscCall(ApplicationValues(rl, ts));
  PetscCall(AdaptRLOnFirstRank(adapt, decision, 2, [&] {
    if (rl.rules()) return;
    Decision d;
    networkInput(rl, rl.history, rl.observation);
    const double step = policyStep(rl, rl.observation, h, true, limits, patience(ts), rl.action, d);
    if (step > 0) {
      decision[0] = step / h;
      if (rl.training) rl.training->decided(rl.observation, rl.action);
    } else {
      decision[1] = 1;
    }
  }));
  PetscCall(PetscLogEventEnd(PetRL_Infer, adapt, ts, 0, 0));
  adapt->scale_solve_failed = decision[0];
  PetscCall(Warn(adapt, ts, decision[1]));
  PetscCall(PolicyMonitor(rl, "    TSAdapt rl step %" PetscInt_FMT " t=%g h=%g failed: times %.3g", ts->steps,
                          (double)ts->ptime, (double)h, decision[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// After an attempt (`failed`: after a failed solve of length h, when PETSc has already chosen the retry) the policy
// takes two decisions: the next step, and the factor on it in case its solve fails, because PETSc asks nobody then.
PetscErrorCode AdaptRLDecide(TSAdapt adapt, TS ts, bool failed, double h, PetscReal *next_h) {
  AdaptRL &rl = adaptRL(adapt);
  const StepLimits limits = limitsAt(adapt, ts);
  const Attempt last = rl.history.last();
  const bool solves = ts->usessnes && ts->snes && !announcesFailures(rl, ts);
  const bool no_error = !failed && last.error < 0;
  Decision d;

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(PetRL_Infer, adapt, ts, 0, 0));
  PetscCall(ApplicationValues(rl, ts));
  PetscCall(AdaptRLOnFirstRank(adapt, d.numbers(), Decision::kNumbers, [&] {
    AdaptRLTrainAt(rl, last.accepted ? last.t + last.h : last.t);
    d.step = *next_h;
    if (!failed) {
      networkInput(rl, rl.history, rl.observation);
      // Without an error estimate (bdf's first steps; no estimate at all) the default policy, and any that scales
      // a step which follows from it, does what basic does: it keeps the step.
      const bool keep = no_error && ((rl.file.empty() && !rl.training) || rl.rules() || rl.policy.action.byError());
      const bool aside = rl.guard.leads() || (rl.unsuited && rl.safeguard);
      const bool basic = rl.basic_only || aside;
      const bool asked = !basic && !keep && !rl.rules();
      const bool rules = !asked || !rl.control.step;  // decide on the step
      if (basic)
        d.step = -1;
      else if (asked)
        d.step = policyStep(rl, rl.observation, h, false, limits, patience(ts), rl.action, d);
      else
        d.step = keep ? h : classicalStep(rl, h, limits);
      if (!basic && !keep && !rl.control.step && d.step > 0)
        d.step = basicStep(h, last.error, last.order, rl.retried, limits);
      if (d.step < 0) {
        d.step =
            no_error ? h : basicStep(h, last.error, last.order, rl.retried, rl.basic_only ? stepLimits(adapt) : limits);
        d.fallbacks += basic ? 0 : 1;
      } else if (rl.training && asked) {
        rl.training->decided(rl.observation, rl.action);
      }
      d.aside = aside ? 1 : 0;
      if (rl.guard.leads()) {
        const auto lead = rl.guard.lead(last.accepted, h, d.step);
        d.step = std::clamp(lead.step, limits.dt_min, limits.dt_max);
        d.stalled = lead.stalled ? 1 : 0;
      } else if (rl.safeguard && !basic && !rules) {
        rl.guard.decided(last.accepted, h, d.step);
      }
    }
    d.failed_scale = limits.scale_failed;
    if (solves && !rl.basic_only && !rl.rules() && rl.control.step) {
      networkInput(rl, rl.history.ifFailed(last.accepted ? last.t + last.h : last.t, d.step), rl.failed_observation);
      Decision then;
      const double retry = policyStep(rl, rl.failed_observation, d.step, true, limits, patience(ts), rl.failed_action,
                                      then, When::ahead);
      if (retry > 0)
        d.failed_scale = retry / d.step;
      else
        d.fallbacks += retry == kDeclined ? 0 : 1, rl.failed_observation.clear();
    }
  }));
  PetscCall(PetscLogEventEnd(PetRL_Infer, adapt, ts, 0, 0));

  *next_h = d.step;
  if (rl.control.solves() && ts->usessnes) rl.in_force = rl.rule.scaled(d.tolerance, rl.persistence * d.persistence);
  if (solves) adapt->scale_solve_failed = d.failed_scale;
  if (!failed) {
    ++rl.decisions;
    rl.aside += static_cast<PetscInt>(d.aside);
    if (limits.hold) --adapt->timestepjustdecreased;
  }
  PetscCall(Warn(adapt, ts, d.fallbacks, d.stalled));
  if (rl.monitor && !failed) PetscCall(Monitor(adapt, ts, h, d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
