// TSADAPTRICHARDSON: the paper's heuristic.
#include <petrladapt.h>
#include <petsc/private/tsimpl.h>

#include <algorithm>
#include <cmath>

#include "base/compat.hpp"
#include "base/error.hpp"

namespace petrl {

namespace {

struct Richardson {
  PetscInt order = 1;
  PetscReal up = 2, down = 0.6;
};

Richardson &data(TSAdapt adapt) {
  return *static_cast<Richardson *>(adapt->data);
}

PetscErrorCode TSAdaptChoose_Richardson(TSAdapt adapt, TS ts, PetscReal h, PetscInt *next_sc, PetscReal *next_h,
                                        PetscBool *accept, PetscReal *wlte, PetscReal *wltea, PetscReal *wlter) {
  const Richardson &r = data(adapt);
  PetscInt order;
  PetscReal error = -1;

  PetscFunctionBegin;
  *next_sc = 0;
  *wltea = -1; /* not used */
  *wlter = -1; /* not used */
  PetscCheck(
      ts->ops->evaluatewlte, PetscObjectComm((PetscObject)adapt), PETSC_ERR_SUP,
      "-ts_adapt_type richardson needs an estimate of the local error, which TS type %s does not give here (bathe: "
      "-ts_bathe_error doubling)",
      ((PetscObject)ts)->type_name);
  PetscCall(TSEvaluateWLTE(ts, adapt->wnormtype, &order, &error));
  *accept = PETSC_TRUE;
  *next_h = h;
  *wlte = error;
  if (error < 0) PetscFunctionReturn(PETSC_SUCCESS); /* none yet: keep the step */
  const PetscReal q = 1 / (std::pow(2.0, (double)r.order) - 1);
  *wlte = error = error * q; /* from the difference of the two solutions to the error of the better one */
  const PetscReal factor = error > 0 ? std::pow(error, -q) : PETSC_MAX_REAL;
  *next_h = error > 1 ? h * factor : std::max(h * std::min(r.up, factor), adapt->dt_min);
  *next_h = std::min(*next_h, adapt->dt_max);
  adapt->scale_solve_failed = r.down;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Called by a TS that announces failed solves, before the step is shortened.
PetscErrorCode SolveFailed(TSAdapt adapt, TS ts, PetscReal h) {
  const Richardson &r = data(adapt);

  PetscFunctionBegin;
  if (h <= adapt->dt_min * (1 + PETSC_SQRT_MACHINE_EPSILON)) {
    ts->reason = TS_DIVERGED_NONLINEAR_SOLVE;
    PetscCall(PetscInfo(adapt, "Solve failed at the shortest step %g, stopping\n", (double)h));
  }
  adapt->scale_solve_failed = std::max(r.down, adapt->dt_min / h);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptSetFromOptions_Richardson(TSAdapt adapt, PETRL_OPTION_ITEMS PetscOptionsObject) {
  Richardson &r = data(adapt);

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Richardson (step doubling) controller options");
  PetscCall(
      PetscOptionsInt("-ts_adapt_richardson_order", "Assumed order p", "TSADAPTRICHARDSON", r.order, &r.order, NULL));
  PetscCall(PetscOptionsReal("-ts_adapt_richardson_up", "Largest growth of the step", "TSADAPTRICHARDSON", r.up, &r.up,
                             NULL));
  PetscCall(PetscOptionsReal("-ts_adapt_richardson_down", "Factor after a failed solve", "TSADAPTRICHARDSON", r.down,
                             &r.down, NULL));
  PetscOptionsHeadEnd();
  PetscCheck(r.order >= 1 && r.order <= 20, PetscObjectComm((PetscObject)adapt), PETSC_ERR_ARG_OUTOFRANGE,
             "-ts_adapt_richardson_order: found %" PetscInt_FMT ", expected 1 to 20", r.order);
  PetscCheck(r.up > 1, PetscObjectComm((PetscObject)adapt), PETSC_ERR_ARG_OUTOFRANGE,
             "-ts_adapt_richardson_up: found %g, expected a number above 1", (double)r.up);
  PetscCheck(r.down > 0 && r.down < 1, PetscObjectComm((PetscObject)adapt), PETSC_ERR_ARG_OUTOFRANGE,
             "-ts_adapt_richardson_down: found %g, expected a number in (0, 1)", (double)r.down);
  adapt->scale_solve_failed = r.down;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptView_Richardson(TSAdapt adapt, PetscViewer viewer) {
  const Richardson &r = data(adapt);
  PetscBool ascii;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)viewer, PETSCVIEWERASCII, &ascii));
  if (ascii)
    PetscCall(PetscViewerASCIIPrintf(viewer, "  Richardson: order %" PetscInt_FMT ", c_up %g, c_down %g\n", r.order,
                                     (double)r.up, (double)r.down));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptDestroy_Richardson(TSAdapt adapt) {
  PetscFunctionBegin;
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptSolveFailed_C", NULL));
  delete static_cast<Richardson *>(adapt->data);
  adapt->data = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

}  // namespace petrl

PETSC_INTERN PetscErrorCode TSAdaptCreate_Richardson(TSAdapt adapt);
PetscErrorCode TSAdaptCreate_Richardson(TSAdapt adapt) {
  PetscFunctionBegin;
  PetRLCallCXX(adapt->data = new petrl::Richardson());
  adapt->ops->choose = petrl::TSAdaptChoose_Richardson;
  adapt->ops->setfromoptions = petrl::TSAdaptSetFromOptions_Richardson;
  adapt->ops->view = petrl::TSAdaptView_Richardson;
  adapt->ops->destroy = petrl::TSAdaptDestroy_Richardson;
  adapt->scale_solve_failed = 0.6;
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptSolveFailed_C", petrl::SolveFailed));
  PetscFunctionReturn(PETSC_SUCCESS);
}
