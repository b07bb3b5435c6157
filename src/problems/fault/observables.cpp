#include "problems/fault/observables.hpp"

#include <petrladapt.h>

#include <algorithm>
#include <cmath>

#include "adapt/history.hpp"
#include "adapt/specification.hpp"
#include "base/error.hpp"
#include "integrate/bathe.hpp"

namespace petrl::fault {

namespace {

const BatheAttempted &latest(Fault &f) {
  return bathe(f.ts()).latest;
}

double logClamped(double x, double low, double high) {
  return std::log(std::clamp(x, low, high));
}

// Time in which the instability grows by e; the scale of everything that happens.
double growthTime(Fault &f) {
  return f.growthRate() > 0 ? 1 / f.growthRate() : f.scenario().final_time;
}

double relativeAcceleration(Fault &f) {
  const double v = std::max(std::fabs(f.meanVelocity()), 1e-4 * f.scenario().velocity_scale);
  return std::clamp(f.meanAcceleration() * growthTime(f) / v, -5.0, 5.0);
}

PetscErrorCode Value(TS ts, void *ctx, PetscReal *value) {
  void *fault;
  PetscFunctionBegin;
  PetscCall(TSGetApplicationContext(ts, &fault));
  PetRLCallCXX(*value = static_cast<const FaultObservable *>(ctx)->value(*static_cast<Fault *>(fault)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

const std::vector<FaultObservable> &faultObservables() {
  static const std::vector<FaultObservable> list = {
      {"fault_energy", "U over the energy at onset", 0, 1, [](Fault &f) { return f.energy(); }},
      {"fault_velocity", "mean velocity over velocity_scale", 0, 1,
       [](Fault &f) { return f.meanVelocity() / f.scenario().velocity_scale; }},
      {"iteration_error", "sum of min(residual, 1) over the iterations of the attempt, over 4, at most 1", 0, 1,
       [](Fault &f) { return std::min(static_cast<double>(latest(f).residual_sum), 4.0) / 4; }},
      {"doubling_error", "E_r of the attempt; 1 if it failed", 0, 1,
       [](Fault &f) { return latest(f).failed ? 1.0 : static_cast<double>(latest(f).error); }},
      {"relative_step", "(h - min_step)/(max_step - min_step) of the attempt", 0, 1,
       [](Fault &f) {
         const Scenario &s = f.scenario();
         return (static_cast<double>(latest(f).h) - s.min_step) / (s.max_step - s.min_step);
       }},
      {"converged", "1 if the attempt converged, else 0", 0, 1, [](Fault &f) { return latest(f).failed ? 0.0 : 1.0; }},

      {"log_velocity", "log of the mean speed over velocity_scale, from 1e-6 on", -4, 4,
       [](Fault &f) { return logClamped(std::fabs(f.meanVelocity()) / f.scenario().velocity_scale, 1e-6, 1e3); }},
      {"acceleration", "mean acceleration over mean speed, in units of the growth rate", 0, 1, relativeAcceleration},
      {"step_growth", "log(h growth rate) of the attempt", 0, 2,
       [](Fault &f) { return logClamped(static_cast<double>(latest(f).h) / growthTime(f), 1e-6, 1e6); }},
      {"instability", "growth rate of the weakest mode now over that at onset; 0: stable", 0, 1,
       [](Fault &f) {
         return f.growthRate() > 0 ? f.criticalStep() / std::max(f.currentCriticalStep(), 1e-300) : 0.0;
       }},
      {"relative_slip", "log(1 + mean |slip| over the critical slip)", 1, 1,
       [](Fault &f) { return std::log1p(std::fabs(f.meanSlip()) / f.scenario().friction->criticalSlip()); }},
      {"sliding", "share of cells that slide", 0, 1, [](Fault &f) { return f.sliding(); }},
      {"localisation", "log(largest speed over mean speed)", 0, 1,
       [](Fault &f) { return logClamped(f.maxVelocity() / std::max(std::fabs(f.meanVelocity()), 1e-12), 1, 100); }},
      {"remaining_growth", "log(remaining time times growth rate)", 0, 2,
       [](Fault &f) { return logClamped((f.scenario().final_time - f.time()) / growthTime(f), 1e-3, 1e3); }},
      {"embedded_error", "log of the weighted embedded error over 3; 0 if not estimated", 0, 1,
       [](Fault &f) {
         return latest(f).failed || latest(f).error < 0
                    ? 0.0
                    : logClamped(static_cast<double>(latest(f).error), 1e-6, 1e6) / 3;
       }},
      {"slip_price", "log of the price of slip errors over 0.05", 0, 1.5,
       [](Fault &f) { return logClamped(f.prices().slip / 0.05, 1e-6, 1e6); }},
      {"history_price", "log of the price of an event that is off in time over 0.1", 0, 1.5,
       [](Fault &f) { return logClamped(f.prices().history / 0.1, 1e-6, 1e6); }},
  };
  return list;
}

void addObservables(Fault &fault) {
  TSAdapt adapt;
  PetRLThrow(TSGetAdapt(fault.ts(), &adapt));
  PetRLThrow(TSAdaptRLSetTimeScale(adapt, growthTime(fault)));
  for (const auto &o : faultObservables())
    PetRLThrow(TSAdaptRLAddObservable(adapt, o.name, Value, const_cast<FaultObservable *>(&o)));
}

Policy faultPolicySpecification(const std::vector<std::string> &names, const std::string &transform, double low,
                                double high) {
  const auto &built_in = observables();
  for (const auto &name : names) {
    const bool ours = std::any_of(faultObservables().begin(), faultObservables().end(),
                                  [&](const FaultObservable &o) { return name == o.name; });
    const bool general =
        std::any_of(built_in.begin(), built_in.end(), [&](const Observable &o) { return name == o.name; });
    if (!ours && !general) throw Error("unknown observable '" + name + "'");
  }
  Policy p = stepPolicySpecification(names, transform, low, high);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const auto &o : faultObservables()) {
      if (names[i] == o.name) p.observation.offset[i] = o.offset, p.observation.scale[i] = o.scale;
    }
  }
  return p;
}

}  // namespace petrl::fault
