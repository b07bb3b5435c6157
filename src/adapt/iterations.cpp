// TSADAPTITERATIONS: step control by the number of nonlinear iterations.
#include <petrladapt.h>
#include <petsc/private/tsimpl.h>

#include <algorithm>
#include <cmath>

#include "base/compat.hpp"
#include "base/error.hpp"

namespace petrl {

namespace {

struct Iterations {
  PetscReal target = 6, power = 0.5, limits[2] = {0.5, 2};
  PetscInt seen = 0;
};

Iterations &data(TSAdapt adapt) {
  return *static_cast<Iterations *>(adapt->data);
}

PetscErrorCode TSAdaptChoose_Iterations(TSAdapt adapt, TS ts, PetscReal h, PetscInt *next_sc, PetscReal *next_h,
                                        PetscBool *accept, PetscReal *wlte, PetscReal *wltea, PetscReal *wlter) {
  Iterations &d = data(adapt);

  PetscFunctionBegin;
  *next_sc = 0;
  *wlte = *wltea = *wlter = -1; /* not used */
  *accept = PETSC_TRUE;
  if (ts->snes_its < d.seen) d.seen = 0; /* a new solve */
  const PetscReal n = std::max(1.0, static_cast<double>(ts->snes_its - d.seen));
  d.seen = ts->snes_its;
  const PetscReal factor = std::clamp(std::pow(d.target / n, d.power), d.limits[0], d.limits[1]);
  *next_h = std::clamp(h * factor, adapt->dt_min, adapt->dt_max);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SolveFailed(TSAdapt adapt, TS ts, PetscReal) {
  PetscFunctionBegin;
  data(adapt).seen = ts->snes_its; /* the failed attempt's do not count */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptSetFromOptions_Iterations(TSAdapt adapt, PETRL_OPTION_ITEMS PetscOptionsObject) {
  Iterations &d = data(adapt);
  PetscInt two = 2;

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Iteration count controller options");
  PetscCall(PetscOptionsReal("-ts_adapt_iterations_target", "Iterations of a step that is kept", "TSADAPTITERATIONS",
                             d.target, &d.target, NULL));
  PetscCall(PetscOptionsReal("-ts_adapt_iterations_power", "Power of target over iterations", "TSADAPTITERATIONS",
                             d.power, &d.power, NULL));
  PetscCall(PetscOptionsRealArray("-ts_adapt_iterations_limits", "Bounds of the factor", "TSADAPTITERATIONS", d.limits,
                                  &two, NULL));
  PetscOptionsHeadEnd();
  PetscCheck(d.target > 0 && d.power > 0 && d.limits[0] > 0 && d.limits[0] <= d.limits[1],
             PetscObjectComm((PetscObject)adapt), PETSC_ERR_ARG_OUTOFRANGE,
             "-ts_adapt_iterations: found target %g, power %g, limits %g, %g; expected positive numbers, low <= high",
             (double)d.target, (double)d.power, (double)d.limits[0], (double)d.limits[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSAdaptDestroy_Iterations(TSAdapt adapt) {
  PetscFunctionBegin;
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptSolveFailed_C", NULL));
  delete static_cast<Iterations *>(adapt->data);
  adapt->data = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

}  // namespace petrl

PETSC_INTERN PetscErrorCode TSAdaptCreate_Iterations(TSAdapt adapt);
PetscErrorCode TSAdaptCreate_Iterations(TSAdapt adapt) {
  PetscFunctionBegin;
  PetRLCallCXX(adapt->data = new petrl::Iterations());
  adapt->ops->choose = petrl::TSAdaptChoose_Iterations;
  adapt->ops->setfromoptions = petrl::TSAdaptSetFromOptions_Iterations;
  adapt->ops->destroy = petrl::TSAdaptDestroy_Iterations;
  PetscCall(PetscObjectComposeFunction((PetscObject)adapt, "TSAdaptSolveFailed_C", petrl::SolveFailed));
  PetscFunctionReturn(PETSC_SUCCESS);
}
