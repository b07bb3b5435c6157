#include "problems/fault/run.hpp"

#include <petrladapt.h>
#include <petsctime.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "adapt/rl.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "policy/shared_policy.hpp"
#include "problems/fault/event.hpp"
#include "problems/fault/observables.hpp"

namespace petrl::fault {

namespace {

// "key=value,key=value"
class Settings {
 public:
  Settings(const std::string &controller, const std::string &text) : controller_(controller) {
    std::istringstream in(text);
    std::string item;
    while (std::getline(in, item, ',')) {
      const auto equals = item.find('=');
      if (equals == std::string::npos) fail("expected key=value, found '" + item + "'");
      values_[item.substr(0, equals)] = item.substr(equals + 1);
    }
  }
  std::string text(const std::string &key, const std::string &fallback) {
    const auto it = values_.find(key);
    if (it == values_.end()) return fallback;
    std::string value = it->second;
    values_.erase(it);
    return value;
  }
  double number(const std::string &key, double fallback) {
    if (values_.find(key) == values_.end()) return fallback;
    const std::string value = text(key, "");
    char *end;
    const double x = std::strtod(value.c_str(), &end);
    if (value.empty() || *end != 0 || !(x >= 0) || !std::isfinite(x))
      fail(key + ": expected a number that is not negative, found '" + value + "'");
    return x;
  }
  void finish() const {
    if (!values_.empty()) fail("unknown setting '" + values_.begin()->first + "'");
  }
  [[noreturn]] void fail(const std::string &message) const {
    throw Error("controller '" + controller_ + "': " + message, PETSC_ERR_USER_INPUT);
  }

 private:
  std::string controller_;
  std::map<std::string, std::string> values_;
};

// The error type that a policy needs: it names what it observes.
TSBatheErrorType errorFor(const std::string &file) {
  const Policy policy = readPolicy(file.empty() ? policyFolder() + "/fault.h5" : file);
  TSBatheErrorType type = TS_BATHE_ERROR_NONE;
  for (const auto &name : policy.observation.names) {
    if (name == "doubling_error") return TS_BATHE_ERROR_DOUBLING;
    if (name.find("error") != std::string::npos && name != "iteration_error") type = TS_BATHE_ERROR_EMBEDDED;
  }
  return type;
}

void setOption(const std::string &key, double value) {
  PetRLThrow(PetscOptionsSetValue(NULL, key.c_str(), std::to_string(value).c_str()));
}

PetscErrorCode AdaptFromOptions(TSAdapt adapt) {
  PetscFunctionBegin;
  PetscObjectOptionsBegin((PetscObject)adapt);
  PetscCall(TSAdaptSetFromOptions(adapt, PetscOptionsObject));
  PetscOptionsEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode pricesFromOptions(Fault &fault) {
  PetscReal slip = fault.prices().slip, history = fault.prices().history;
  PetscFunctionBegin;
  PetscOptionsBegin(PetscObjectComm((PetscObject)fault.ts()), NULL, "Fault: what errors cost", NULL);
  PetscCall(PetscOptionsReal("-fault_slip_price", "Price of a slip error like the heuristic's, in its work", NULL, slip,
                             &slip, NULL));
  PetscCall(PetscOptionsReal("-fault_history_price", "Price of an event that is a growth time off", NULL, history,
                             &history, NULL));
  PetscOptionsEnd();
  PetscCheck(slip > 0 && history > 0, PetscObjectComm((PetscObject)fault.ts()), PETSC_ERR_ARG_OUTOFRANGE,
             "-fault_slip_price, -fault_history_price: found %g, %g, expected positive numbers", (double)slip,
             (double)history);
  fault.setPrices({slip, history});
  PetscFunctionReturn(PETSC_SUCCESS);
}

TSAdapt setType(Fault &fault, TSAdaptType type, TSBatheErrorType error) {
  TSAdapt adapt;
  PetRLThrow(TSGetAdapt(fault.ts(), &adapt));
  PetRLThrow(TSAdaptSetType(adapt, type));
  PetRLThrow(TSBatheSetErrorType(fault.ts(), error));
  return adapt;
}

}  // namespace

double FaultRun::slipAt(double t) const {
  double t0 = 0, s0 = 0;
  for (const auto &a : attempts) {
    if (!a.attempt.accepted) continue;
    const double t1 = a.attempt.t + a.attempt.h;
    if (t <= t1) return s0 + (a.slip - s0) * (t - t0) / (t1 - t0);
    t0 = t1, s0 = a.slip;
  }
  return s0;
}

double FaultRun::eventTime() const {
  double t0 = 0, s0 = 0, v0 = 0;
  for (const auto &a : attempts) {
    if (!a.attempt.accepted) continue;
    const double h = a.attempt.h;
    if ((a.slip - slip / 2) * (s0 - slip / 2) <= 0 && a.slip != s0) {
      const auto at = [&](double x) {
        const double y = 1 - x;
        return y * y * (1 + 2 * x) * s0 + h * x * y * y * v0 + x * x * (1 + 2 * y) * a.slip -
               h * x * x * y * a.velocity;
      };
      double low = 0, high = 1;
      const bool rises = a.slip > s0;
      for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        ((at(middle) < slip / 2) == rises ? low : high) = middle;
      }
      return t0 + h * low;
    }
    t0 = a.attempt.t + h, s0 = a.slip, v0 = a.velocity;
  }
  return t0;
}

FaultController faultController(const std::string &text) {
  const auto colon = text.find(':');
  const std::string name = text.substr(0, colon), rest = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (name == "rl") {
    // A file name may hold commas: the settings begin at the first one that is followed by key=.
    auto comma = std::string::npos;
    for (const char *key : {",safeguard=", ",accept=", ",slip_price=", ",history_price="})
      comma = std::min(comma, rest.find(key));
    const std::string file = rest.substr(0, comma);
    Settings settings(text, comma == std::string::npos ? "" : rest.substr(comma + 1));
    const bool safeguard = settings.number("safeguard", 1) != 0;
    const std::string accept = settings.text("accept", "always");
    if (accept != "always" && accept != "error")
      settings.fail("accept: expected always or error, found '" + accept + "'");
    const Prices usual;
    const Prices prices{settings.number("slip_price", usual.slip), settings.number("history_price", usual.history)};
    settings.finish();
    const TSBatheErrorType error = errorFor(file);
    return [=](Fault &fault) {
      TSAdapt adapt = setType(fault, TSADAPTRL, error);
      PetRLThrow(TSAdaptRLSetPolicy(adapt, (file.empty() ? policyFolder() + "/fault.h5" : file).c_str()));
      PetRLThrow(TSAdaptSetAlwaysAccept(adapt, accept == "always" ? PETSC_TRUE : PETSC_FALSE));
      adaptRL(adapt).safeguard = safeguard;
      fault.setPrices(prices);
      addObservables(fault);
    };
  }
  Settings settings(text, rest);
  FaultController result;
  if (name == "constant") {
    const double h = settings.number("h", 0.05);
    if (h == 0) settings.fail("h: expected a positive number, found '0'");
    result = [=](Fault &fault) {
      setType(fault, TSADAPTNONE, TS_BATHE_ERROR_NONE);
      PetRLThrow(TSSetTimeStep(fault.ts(), h));
    };
  } else if (name == "heuristic") {
    const double tolerance = settings.number("tolerance", 0);
    result = [=](Fault &fault) {
      setType(fault, TSADAPTRICHARDSON, TS_BATHE_ERROR_DOUBLING);
      if (tolerance > 0) PetRLThrow(TSSetTolerances(fault.ts(), PETSC_DEFAULT, NULL, tolerance, NULL));
    };
  } else if (name == "basic" || name.rfind("dsp-", 0) == 0) {
    const std::string error = settings.text("error", "doubling"), filter = name == "basic" ? "" : name.substr(4);
    const double tolerance = settings.number("tolerance", 0);
    if (error != "doubling" && error != "embedded")
      settings.fail("error: expected doubling or embedded, found '" + error + "'");
    result = [=](Fault &fault) {
      TSAdapt adapt = setType(fault, filter.empty() ? TSADAPTBASIC : TSADAPTDSP,
                              error == "doubling" ? TS_BATHE_ERROR_DOUBLING : TS_BATHE_ERROR_EMBEDDED);
      if (!filter.empty()) PetRLThrow(TSAdaptDSPSetFilter(adapt, filter.c_str()));
      if (tolerance > 0) PetRLThrow(TSSetTolerances(fault.ts(), PETSC_DEFAULT, NULL, tolerance, NULL));
    };
  } else if (name == "iterations" || name == "event") {
    std::map<std::string, double> values;
    const std::string prefix = name == "event" ? "-ts_adapt_fault_event_" : "-ts_adapt_iterations_";
    const std::vector<std::string> keys = name == "event" ? std::vector<std::string>{"nucleation", "event", "onset"}
                                                          : std::vector<std::string>{"target", "power"};
    for (const auto &key : keys) {
      const double value = settings.number(key, -1);
      if (value >= 0) values[prefix + key] = value;
    }
    result = [=](Fault &fault) {
      PetRLThrow(RegisterEventAdapt());
      TSAdapt adapt = setType(fault, name == "event" ? "fault-event" : TSADAPTITERATIONS, TS_BATHE_ERROR_NONE);
      // These have options only; what the user set there stays.
      for (const auto &[key, value] : values) setOption(key, value);
      PetRLThrow(AdaptFromOptions(adapt));
      for (const auto &[key, value] : values) PetRLThrow(PetscOptionsClearValue(NULL, key.c_str()));
    };
  } else {
    settings.fail("expected constant, heuristic, basic, dsp-<filter>, iterations, event or rl");
  }
  settings.finish();
  return result;
}

FaultRun simulate(Fault &fault, const FaultController &controller, bool options,
                  const std::function<void(Fault &, double)> &observer) {
  FaultRun run;
  TS ts = fault.ts();
  TSAdapt adapt;
  PetscLogDouble begin, end;
  TSConvergedReason reason;
  fault.restart();
  PetRLThrow(TSGetAdapt(ts, &adapt));
  PetRLThrow(TSAdaptSetAlwaysAccept(adapt, PETSC_FALSE));
  PetRLThrow(TSSetTolerances(ts, PETSC_DEFAULT, NULL, fault.scenario().tolerance, NULL));
  controller(fault);
  PetRLThrow(TSSetErrorIfStepFails(ts, PETSC_FALSE));
  if (options) {
    PetRLThrow(pricesFromOptions(fault));
    PetRLThrow(TSSetFromOptions(ts));
    addObservables(fault);
  }
  bathe(ts).observer = [&](const BatheAttempted &a) {
    RecordedAttempt record{a, fault.meanVelocity(), fault.meanSlip()};
    run.iterations += a.iterations;
    run.linear += a.linear;
    run.solves += a.solves;
    if (a.failed)
      ++run.failures;
    else if (!a.accepted)
      ++run.rejections;
    else {
      ++run.steps;
      if (record.velocity > run.peak_velocity) run.peak_velocity = record.velocity, run.peak_time = a.t + a.h;
      if (observer) observer(fault, a.t + a.h);
    }
    run.attempts.push_back(record);
  };
  PetRLThrow(TSSetUp(ts));
  PetRLThrow(PetscTime(&begin));
  PetRLThrow(TSSolve(ts, NULL));
  PetRLThrow(PetscTime(&end));
  bathe(ts).observer = nullptr;
  PetRLThrow(TSGetConvergedReason(ts, &reason));
  PetscReal t;
  PetRLThrow(TSGetTime(ts, &t));
  run.finished = reason == TS_CONVERGED_TIME;
  run.reason = TSConvergedReasons[reason];
  run.wall = end - begin;
  run.time = t;
  run.slip = fault.meanSlip();
  return run;
}

}  // namespace petrl::fault
