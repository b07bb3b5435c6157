// The strongest step control that somebody who knows the fault can write down: no learning, no error estimate.
#pragma once

#include <petscts.h>

namespace petrl::fault {

/// Registers the TSAdapt type "fault-event", for TSs whose application context is a Fault:
///   all cells at rest:                          h = max_step
///   mean speed below onset * velocity_scale:    h = nucleation * h_crit, the critical step at the current slip
///   otherwise (the event):                      h = event / growth rate
/// A step from nucleation that would overrun the onset (speeds grow by the growth rate) is shortened to end there.
/// Options: -ts_adapt_fault_event_nucleation, _event, _onset. After a failed solve the step is halved.
PetscErrorCode RegisterEventAdapt();

}  // namespace petrl::fault
