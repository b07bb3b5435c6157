#include "problems/fault/event.hpp"

#include <petsc/private/tsimpl.h>

#include <algorithm>
#include <cmath>

#include "base/compat.hpp"
#include "base/error.hpp"
#include "problems/fault/fault.hpp"

namespace petrl::fault {

namespace {

struct Event {
  PetscReal nucleation = 0.9, event = 0.5, onset = 0.1;
};

double chooseStep(const Event &e, Fault &fault, double dt_max) {
  if (fault.sliding() == 0) return dt_max;
  const Scenario &s = fault.scenario();
  const double rate = fault.growthRate() > 0 ? fault.growthRate() : 1 / s.final_time;
  const double v = std::fabs(fault.meanVelocity()), onset = e.onset * s.velocity_scale;
  const double critical = fault.currentCriticalStep();
  const double during = e.event / rate;
  if (v >= onset || !std::isfinite(critical)) return during;
  const double until = std::log(std::max(onset / std::max(v, 1e-300), 1.0)) / rate;
  return std::max(during, std::min(e.nucleation * critical, until));
}

PetscErrorCode TSAdaptChoose_Event(TSAdapt adapt, TS ts, PetscReal, PetscInt *next_sc, PetscReal *next_h,
                                   PetscBool *accept, PetscReal *wlte, PetscReal *wltea, PetscReal *wlter) {
  void *fault;

  PetscFunctionBegin;
  *next_sc = 0;
  *wlte = *wltea = *wlter = -1; /* not used */
  *accept = PETSC_TRUE;
  PetscCall(TSGetApplicationContext(ts, &fault));
  PetRLCallCXX(*next_h = std::clamp<PetscReal>(
                   chooseStep(*static_cast<Event *>(adapt->data), *static_cast<Fault *>(fault), adapt->dt_max),
                   adapt->dt_min, adapt->dt_max));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptSetFromOptions_Event(TSAdapt adapt, PETRL_OPTION_ITEMS PetscOptionsObject) {
  Event &e = *static_cast<Event *>(adapt->data);

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Event-aware fault controller options");
  PetscCall(PetscOptionsReal("-ts_adapt_fault_event_nucleation", "Step over the critical step", "fault-event",
                             e.nucleation, &e.nucleation, NULL));
  PetscCall(PetscOptionsReal("-ts_adapt_fault_event_event", "Step times growth rate during the event", "fault-event",
                             e.event, &e.event, NULL));
  PetscCall(PetscOptionsReal("-ts_adapt_fault_event_onset", "Speed over velocity_scale where the event begins",
                             "fault-event", e.onset, &e.onset, NULL));
  PetscOptionsHeadEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptDestroy_Event(TSAdapt adapt) {
  PetscFunctionBegin;
  delete static_cast<Event *>(adapt->data);
  adapt->data = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptCreate_Event(TSAdapt adapt) {
  PetscFunctionBegin;
  PetRLCallCXX(adapt->data = new Event());
  adapt->ops->choose = TSAdaptChoose_Event;
  adapt->ops->setfromoptions = TSAdaptSetFromOptions_Event;
  adapt->ops->destroy = TSAdaptDestroy_Event;
  adapt->scale_solve_failed = 0.5;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode RegisterEventAdapt() {
  PetscFunctionBegin;
  PetscCall(TSAdaptRegister("fault-event", TSAdaptCreate_Event));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::fault
