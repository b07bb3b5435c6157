// PetRLClosure: observing, inferring, acting.
#include <algorithm>
#include <cmath>

#include "closure/closure.hpp"

namespace petrl {

namespace {

// Values of the boundary points continued outwards.
void continueOutwards(double *plane, PetscInt width, PetscInt height, const PetscInt inside[4]) {
  for (PetscInt j = inside[2]; j < inside[3]; j++) {
    double *row = plane + j * width;
    std::fill(row, row + inside[0], row[inside[0]]);
    std::fill(row + inside[1], row + width, row[inside[1] - 1]);
  }
  for (PetscInt j = 0; j < inside[2]; j++) std::copy_n(plane + inside[2] * width, width, plane + j * width);
  for (PetscInt j = inside[3]; j < height; j++) std::copy_n(plane + (inside[3] - 1) * width, width, plane + j * width);
}

PetscErrorCode Fetch(FieldSource &source, Vec X) {
  PetscObjectState state;
  PetscFunctionBegin;
  if (source.vec) {
    PetscCall(PetscObjectStateGet((PetscObject)source.vec, &state));
    if (state == source.seen) PetscFunctionReturn(PETSC_SUCCESS);
    source.seen = state;
  }
  PetscCall(DMGlobalToLocalBegin(source.ghosted, source.vec ? source.vec : X, INSERT_VALUES, source.local));
  PetscCall(DMGlobalToLocalEnd(source.ghosted, source.vec ? source.vec : X, INSERT_VALUES, source.local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The change, component by component, into a Vec of the state.
PetscErrorCode Write(PetRLClosure closure, bool use, Vec A) {
  const Closure &c = *closure->data;
  PetscScalar *a;
  const PetscInt dof = c.sources[0].dof, n = c.nx * c.ny;

  PetscFunctionBegin;
  PetscCall(VecGetArrayWrite(A, &a));
  if (!use || dof > static_cast<PetscInt>(c.correction->components().size())) std::fill_n(a, n * dof, 0.0);
  const double *change = c.change.data();
  for (const int component : c.correction->components()) {
    PetscScalar *to = a + c.channels[static_cast<std::size_t>(component)].component;
    for (PetscInt i = 0; use && i < n; i++) to[i * dof] = change[i];
    change += n;
  }
  PetscCall(VecRestoreArrayWrite(A, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CheckState(PetRLClosure closure, Vec X, const char name[]) {
  const Closure &c = *closure->data;
  PetscInt n;
  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(X, &n));
  PetscCheck(n == c.sources[0].dof * c.nx * c.ny, PetscObjectComm((PetscObject)closure), PETSC_ERR_ARG_SIZ,
             "%s: expected a global Vec of the closure's DMDA (%" PetscInt_FMT " local values), found %" PetscInt_FMT,
             name, c.sources[0].dof * c.nx * c.ny, n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode ClosureObserve(PetRLClosure closure, Vec X, bool *finite) {
  Closure &c = *closure->data;
  const PetscInt width = c.nx + 2 * c.ghost, height = c.ny + 2 * c.ghost, n = width * height;

  PetscFunctionBegin;
  for (FieldSource &source : c.sources) PetscCall(Fetch(source, X));
  for (std::size_t i = 0; i < c.channels.size(); ++i) {
    const FieldSource &source = c.sources[c.channels[i].source];
    double *plane = c.planes.data() + i * static_cast<std::size_t>(n);
    const PetscScalar *values;
    PetscCall(VecGetArrayRead(source.local, &values));
    const PetscScalar *from = values + c.channels[i].component;
    for (PetscInt k = 0; k < n; k++) plane[k] = PetscRealPart(from[k * source.dof]);
    PetscCall(VecRestoreArrayRead(source.local, &values));
    continueOutwards(plane, width, height, c.inside);
  }
  *finite = allFinite(c.planes.data(), c.planes.size());
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

/*@
   PetRLClosureApply - Computes the correction A of a state: the solver goes on from X - A

   Collective

   Input Parameters:
+  closure - the closure
.  X       - the state, a global Vec of the closure's DMDA
-  dt      - the step that the correction is for, > 0

   Output Parameter:
.  A - the correction, a Vec like X; zero where the policy changes nothing

   Level: intermediate

   Note:
   If the state or the answer is not finite on any rank, A is zero on all (see `PetRLClosureSetErrorIfNaN()`).

.seealso: `PetRLClosure`, `PetRLClosureCorrect()`, `PetRLClosureAddForcing()`
@*/
PetscErrorCode PetRLClosureApply(PetRLClosure closure, Vec X, PetscReal dt, Vec A) {
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  bool finite;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(closure, PETRL_CLOSURE_CLASSID, 1);
  PetscValidHeaderSpecific(X, VEC_CLASSID, 2);
  PetscValidHeaderSpecific(A, VEC_CLASSID, 4);
  petrl::Closure &c = *closure->data;
  PetscCheck(dt > 0 && std::isfinite(dt), comm, PETSC_ERR_ARG_OUTOFRANGE,
             "A closure's step: found %g, expected a positive number", (double)dt);
  PetscCheck(X != A, comm, PETSC_ERR_ARG_IDN, "The state and its correction must be different Vecs");
  PetscCall(PetRLClosureSetUp(closure));
  PetscCall(petrl::CheckState(closure, X, "X"));
  PetscCall(petrl::CheckState(closure, A, "A"));
  ++c.decisions;

  PetscCall(PetscLogEventBegin(PetRL_Observe, closure, X, 0, 0));
  PetscCall(petrl::ClosureObserve(closure, X, &finite));
  PetscCall(PetscLogEventEnd(PetRL_Observe, closure, X, 0, 0));

  const int nx = static_cast<int>(c.nx), ny = static_cast<int>(c.ny), og = c.correction->outputGhost();
  PetscCall(PetscLogEventBegin(PetRL_Infer, closure, X, 0, 0));
  PetRLCallCXX({
    c.input->setPatch(c.view, og);
    c.backend->evaluate(*c.input, nx + 2 * og, ny + 2 * og, false, c.output.data());
  });
  PetscCall(PetscLogEventEnd(PetRL_Infer, closure, X, 0, 0));

  PetscCall(PetscLogEventBegin(PetRL_Act, closure, X, 0, 0));
  petrl::NetworkOutput output;
  output.row = nx + 2 * og;
  output.plane = output.row * (ny + 2 * og);
  output.data = c.output.data() + og * output.row + og;
  PetRLCallCXX(
      c.correction->compute(c.view, output, {nx, ny, (double)dt, (double)c.h[0], (double)c.h[1]}, c.change.data()));
  int good = finite && petrl::allFinite(c.change.data(), c.change.size());
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &good, 1, MPI_INT, MPI_MIN, comm));
  if (!good)
    PetscCall(petrl::PolicyFallBack(comm, c, 1, "the state, or the policy's answer to it, is not finite",
                                    "the correction is left out"));
  PetscCall(petrl::Write(closure, good != 0, A));
  PetscCall(PetscLogEventEnd(PetRL_Act, closure, X, 0, 0));
  if (c.monitor) {
    PetscReal most;
    PetscCall(VecNorm(A, NORM_INFINITY, &most));
    PetscCall(petrl::PolicyMonitor(c, "%" PetscInt_FMT " closure: dt=%g, largest change %g%s", c.decisions, (double)dt,
                                   (double)most, good ? "" : " (left out: not finite)"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureCorrect - Corrects a state in place: X <- X - A(X)

   Collective

   Input Parameters:
+  closure - the closure
.  dt      - the step that the correction is for, > 0
-  X       - the state, a global Vec of the closure's DMDA

   Level: beginner

.seealso: `PetRLClosure`, `PetRLClosureApply()`
@*/
PetscErrorCode PetRLClosureCorrect(PetRLClosure closure, PetscReal dt, Vec X) {
  PetscFunctionBegin;
  PetscValidHeaderSpecific(closure, PETRL_CLOSURE_CLASSID, 1);
  PetscCall(PetRLClosureSetUp(closure));
  PetscCall(PetRLClosureApply(closure, X, dt, closure->data->work));
  PetscCall(VecAXPY(X, -1, closure->data->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureAddForcing - Adds the correction to a right-hand side: F <- F - A(X)/dt

   Collective

   Input Parameters:
+  closure - the closure
.  X       - the state, a global Vec of the closure's DMDA
.  dt      - the solver's step, > 0
-  F       - the right-hand side, a Vec like X

   Level: intermediate

.seealso: `PetRLClosure`, `PetRLClosureAttachTS()`
@*/
PetscErrorCode PetRLClosureAddForcing(PetRLClosure closure, Vec X, PetscReal dt, Vec F) {
  PetscFunctionBegin;
  PetscValidHeaderSpecific(closure, PETRL_CLOSURE_CLASSID, 1);
  PetscCall(PetRLClosureSetUp(closure));
  PetscCall(PetRLClosureApply(closure, X, dt, closure->data->work));
  PetscCall(VecAXPY(F, -1 / dt, closure->data->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}
