// PetRLClosure: observing, inferring, acting.
#include <algorithm>
#include <cmath>

#include "closure/cell_closure.hpp"
#include "closure/closure.hpp"
#include "device/vec_view.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

namespace {

// Values of the boundary points continued outwards: along x, then whole rows, then whole slices.
void continueOutwards(double *plane, const GridSize &size, const PetscInt inside[6]) {
  const std::ptrdiff_t row = size.nx, slice = row * size.ny;
  for (PetscInt k = inside[4]; k < inside[5]; k++) {
    double *const at = plane + k * slice;
    for (PetscInt j = inside[2]; j < inside[3]; j++) {
      double *const x = at + j * row;
      std::fill(x, x + inside[0], x[inside[0]]);
      std::fill(x + inside[1], x + row, x[inside[1] - 1]);
    }
    for (PetscInt j = 0; j < inside[2]; j++) std::copy_n(at + inside[2] * row, row, at + j * row);
    for (PetscInt j = inside[3]; j < size.ny; j++) std::copy_n(at + (inside[3] - 1) * row, row, at + j * row);
  }
  for (PetscInt k = 0; k < inside[4]; k++) std::copy_n(plane + inside[4] * slice, slice, plane + k * slice);
  for (PetscInt k = inside[5]; k < size.nz; k++) std::copy_n(plane + (inside[5] - 1) * slice, slice, plane + k * slice);
}

// All ranks come to the same conclusion without a word: each knows how the Vecs and grids of all are distributed.
PetscErrorCode CheckState(PetRLClosure closure, Vec X, const char name[]) {
  const Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscLayout ours, theirs;
  PetscBool same = PETSC_FALSE, da = PETSC_FALSE;
  GridShape ourGrid, theirGrid;
  PetscMPIInt size, other;
  const PetscInt *our, *their;
  DM dm;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)X), &other));
  PetscCall(VecGetLayout(c.work, &ours));
  PetscCall(VecGetLayout(X, &theirs));
  PetscCall(PetscLayoutGetRanges(ours, &our));
  PetscCall(PetscLayoutGetRanges(theirs, &their));
  if (size == other) PetscCall(PetscArraycmp(our, their, size + 1, &same));
  PetscCheck(same, comm, PETSC_ERR_ARG_SIZ,
             "%s: expected a global Vec of the closure's %s (%" PetscInt_FMT " values), found one of %" PetscInt_FMT
             ", or distributed otherwise",
             name, c.cells ? "DMPlex" : "DMDA", our[size], their[other]);
  PetscCall(VecGetDM(X, &dm));
  if (!dm || dm == c.dm || c.cells) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMDA, &da));
  if (!da) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ClosureGridShape(c.dm, &ourGrid));
  PetscCall(ClosureGridShape(dm, &theirGrid));
  const bool equal = std::equal(ourGrid.n, ourGrid.n + 3, theirGrid.n) && theirGrid.dof == c.sources[0].dof;
  PetscCheck(equal, comm, PETSC_ERR_ARG_INCOMP,
             "%s: expected a Vec of the closure's DMDA (%s points of %" PetscInt_FMT
             " components), found one of another DMDA (%s of %" PetscInt_FMT ")",
             name, ourGrid.text().c_str(), c.sources[0].dof, theirGrid.text().c_str(), theirGrid.dof);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// What is outside of what the policy was trained on, once; `told` has what the fields reach on all ranks.
PetscErrorCode SayOutside(PetRLClosure closure, PetscReal dt) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  std::string outside;

  PetscFunctionBegin;
  c.use.step = dt;
  PetRLCallCXX({
    for (std::size_t i = 0; i < c.channels.size(); ++i)
      c.use.fields[c.policy.observation.names[i]] = {c.told[1 + 2 * i], -c.told[2 + 2 * i]};
    outside = c.surroundings.outside(c.use);
  });
  if (outside.empty()) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(!c.error_if_outside, comm, PETSC_ERR_ARG_OUTOFRANGE, "policy %s is used outside of its training: %s",
             c.file.c_str(), outside.c_str());
  PetscCall(PetscPrintf(comm,
                        "PetRL warning: policy %s is used outside of its training, where its corrections may do harm: "
                        "%s (said once)\n",
                        c.file.c_str(), outside.c_str()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Whether all is finite on this rank, and if asked what the fields reach: into `told`.
PetscErrorCode Look(PetRLClosure closure, bool reach) {
  Closure &c = *closure->data;
  const std::size_t n = c.channels.size(), plane = c.planes.size() / n;
  bool finite = true;

  PetscFunctionBegin;
  if (c.device) {
    PetscCall(c.device->look(&finite, &c.told[1]));
  } else {
    finite = allFinite(c.change.data(), c.change.size());
    for (std::size_t i = 0; i < n; ++i) {
      const double *values = c.planes.data() + i * plane;
      double *reached = &c.told[1 + 2 * i];
      finite = (reach ? allFinite(values, plane, &reached[0], &reached[1]) : allFinite(values, plane)) && finite;
    }
  }
  c.told[0] = finite ? 1 : 0;
  for (std::size_t i = 0; reach && i < n; ++i) c.told[2 + 2 * i] = -c.told[2 + 2 * i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

// What locally normalised fields reach on the whole grid.
PetscErrorCode Ranges(PetRLClosure closure, PetscInt points) {
  Closure &c = *closure->data;

  PetscFunctionBegin;
  if (!c.input || c.input->reach() == 0)
    PetscFunctionReturn(PETSC_SUCCESS);  // fields may be looked at without a policy
  PetRLCallCXX(c.reached.resize(2 * c.channels.size()));
  for (std::size_t i = 0; i < c.channels.size(); ++i) {
    const double *plane = c.planes.data() + i * static_cast<std::size_t>(points);
    const auto [least, most] = std::minmax_element(plane, plane + points);
    c.reached[2 * i] = *least, c.reached[2 * i + 1] = *most;
  }
  PetscCall(ClosureJoinRanges(closure));
  for (std::size_t i = 0; i < c.channels.size(); ++i) c.input->setRange(i, c.reached[2 * i + 1] - c.reached[2 * i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Report(PetRLClosure closure, PetscReal dt, Vec A) {
  Closure &c = *closure->data;
  PetscReal most;

  PetscFunctionBegin;
  if (!c.monitor) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecNorm(A, NORM_INFINITY, &most));
  PetscCall(PolicyMonitor(c, "%" PetscInt_FMT " closure: dt=%g, largest change %g%s", c.decisions, (double)dt,
                          (double)most, c.told[0] > 0 ? "" : " (left out: not finite)"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

// 1: all is well, 0: not finite, -1: the network failed.
PetscErrorCode ClosureAgree(PetRLClosure closure, PetscReal dt, const std::string &failure, bool look, bool *good) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);

  PetscFunctionBegin;
  if (!failure.empty()) c.told[0] = -1;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, c.told.data(), look ? static_cast<PetscMPIInt>(c.told.size()) : 1,
                             MPI_DOUBLE, MPI_MIN, comm));
  *good = c.told[0] > 0;
  if (c.told[0] < 0)
    PetscCall(onEveryRank(comm, [&failure] {
      if (!failure.empty()) throw Error(failure);
    }));
  if (*good && look) PetscCall(SayOutside(closure, dt));
  if (!*good)
    PetscCall(PolicyFallBack(comm, c, 1, "the state, or the policy's answer to it, is not finite",
                             "the correction is left out"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureJoinRanges(PetRLClosure closure) {
  std::vector<double> &reached = closure->data->reached;

  PetscFunctionBegin;
  for (std::size_t i = 1; i < reached.size(); i += 2) reached[i] = -reached[i];
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, reached.data(), static_cast<PetscMPIInt>(reached.size()), MPI_DOUBLE,
                             MPI_MIN, PetscObjectComm((PetscObject)closure)));
  for (std::size_t i = 1; i < reached.size(); i += 2) reached[i] = -reached[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureFetch(FieldSource &source, Vec X) {
  PetscObjectState state;
  PetscFunctionBegin;
  if (source.vec) {
    PetscCall(PetscObjectStateGet((PetscObject)source.vec, &state));
    if (state == source.seen) PetscFunctionReturn(PETSC_SUCCESS);
    source.seen = state;
    source.fresh = true;
  }
  PetscCall(DMGlobalToLocalBegin(source.ghosted, source.vec ? source.vec : X, INSERT_VALUES, source.local));
  PetscCall(DMGlobalToLocalEnd(source.ghosted, source.vec ? source.vec : X, INSERT_VALUES, source.local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Component by component; not used: zero.
PetscErrorCode ClosureWriteChange(PetRLClosure closure, bool use, Vec A) {
  const Closure &c = *closure->data;
  device::VecView view;
  PetscScalar *a;
  const PetscInt dof = c.sources[0].dof, n = c.nx * c.ny * c.nz;

  PetscFunctionBegin;
  PetscCall(view.begin(A, device::Space::host, device::Access::write, &a));
  if (!use || dof > static_cast<PetscInt>(c.correction->components().size())) std::fill_n(a, n * dof, 0.0);
  const double *change = c.change.data();
  for (const int component : c.correction->components()) {
    PetscScalar *to = a + c.channels[static_cast<std::size_t>(component)].component;
    for (PetscInt i = 0; use && i < n; i++) to[i * dof] = change[i];
    change += n;
  }
  PetscCall(view.end());
  PetscFunctionReturn(PETSC_SUCCESS);
}

CorrectionStep ClosureStep(const Closure &c, PetscReal dt) {
  CorrectionStep step{};
  step.nx = static_cast<int>(c.nx), step.ny = static_cast<int>(c.ny), step.nz = static_cast<int>(c.nz);
  step.dt = dt;
  step.hx = c.h[0], step.hy = c.h[1], step.hz = c.h[2];
  step.own = c.own_step;
  step.wall = c.wall;
  return step;
}

// Where the network sees nothing of the state, its answer holds until what it sees changes.
bool ClosureAnswers(Closure &c, PetscReal dt) {
  bool holds = !c.sees_state && c.inferences > 0 && (!c.sees_step || dt == c.answered);
  c.answered = dt;
  for (std::size_t s = 1; s < c.sources.size(); ++s) holds = holds && !c.sources[s].fresh;
  for (FieldSource &source : c.sources) source.fresh = false;
  if (!holds) ++c.inferences;
  return holds;
}

PetscErrorCode ClosureObserve(PetRLClosure closure, Vec X) {
  Closure &c = *closure->data;
  const GridSize size = c.own().grown(c.around(c.ghost));
  const auto n = static_cast<PetscInt>(size.points());

  PetscFunctionBegin;
  for (FieldSource &source : c.sources) PetscCall(ClosureFetch(source, X));
  for (std::size_t i = 0; i < c.channels.size(); ++i) {
    const FieldSource &source = c.sources[c.channels[i].source];
    double *plane = c.planes.data() + i * static_cast<std::size_t>(n);
    const PetscScalar *values;
    PetscCall(VecGetArrayRead(source.local, &values));
    const PetscScalar *from = values + c.channels[i].component;
    for (PetscInt k = 0; k < n; k++) plane[k] = PetscRealPart(from[k * source.dof]);
    PetscCall(VecRestoreArrayRead(source.local, &values));
    continueOutwards(plane, size, c.inside);
  }
  PetscCall(Ranges(closure, n));
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
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLValid(X, VEC_CLASSID, 2);
  PetRLValid(A, VEC_CLASSID, 4);
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  petrl::Closure &c = *closure->data;
  PetscCheck(dt > 0 && std::isfinite(dt), comm, PETSC_ERR_ARG_OUTOFRANGE,
             "A closure's step: found %g, expected a positive number", (double)dt);
  PetscCheck(X != A, comm, PETSC_ERR_ARG_IDN, "The state and its correction must be different Vecs");
  PetscCall(PetRLClosureSetUp(closure));
  PetscCall(petrl::ClosureFollowAuxiliary(closure));
  PetscCall(petrl::CheckState(closure, X, "X"));
  PetscCall(petrl::CheckState(closure, A, "A"));
  PetscCall(petrl::ClosureFollowState(closure, X));
  ++c.decisions;
  if (c.own_step <= 0) c.own_step = dt;
  if (c.cells) {
    PetscCall(petrl::ClosureApplyCells(closure, X, dt, A));
    PetscCall(petrl::Report(closure, dt, A));
    PetscFunctionReturn(PETSC_SUCCESS);
  }

  PetscCall(PetscLogEventBegin(PetRL_Observe, closure, X, 0, 0));
  PetscCall(c.device ? petrl::ClosureObserveOnDevice(closure, X) : petrl::ClosureObserve(closure, X));
  PetscCall(PetscLogEventEnd(PetRL_Observe, closure, X, 0, 0));

  const petrl::GridSize beyond = c.around(c.correction->outputGhost()), patch = c.own().grown(beyond);
  std::string failure;
  const auto attempt = [&failure](const auto &work) {
    try {
      if (failure.empty()) work();
    } catch (const std::exception &e) {
      failure = std::string("a closure failed: ") + e.what();
    }
  };
  PetscCall(PetscLogEventBegin(PetRL_Infer, closure, X, 0, 0));
  const petrl::CorrectionStep step = petrl::ClosureStep(c, dt);
  const bool known = petrl::ClosureAnswers(c, dt);
  if (!known && c.device) {
    PetscCall(c.device->infer(step));
  } else if (!known) {
    attempt([&] {
      c.input->setCourant(step.courant());
      c.input->setPatch(c.view, beyond);
      c.backend->evaluate(*c.input, patch, false, c.output.data());
    });
  }
  PetscCall(PetscLogEventEnd(PetRL_Infer, closure, X, 0, 0));

  PetscCall(PetscLogEventBegin(PetRL_Act, closure, X, 0, 0));
  petrl::NetworkOutput output;
  output.row = patch.nx;
  output.slice = output.row * patch.ny;
  output.plane = output.slice * patch.nz;
  output.data = c.output.data() + beyond.nz * output.slice + beyond.ny * output.row + beyond.nx;
  if (c.device)
    PetscCall(c.device->act(step));
  else
    attempt([&] { c.correction->compute(c.view, output, step, c.change.data()); });
  const bool look = c.decisions <= 16 || c.decisions % 16 == 0;
  bool good;
  PetscCall(petrl::Look(closure, look));
  PetscCall(petrl::ClosureAgree(closure, dt, failure, look, &good));
  PetscCall(c.device ? petrl::ClosureWriteOnDevice(closure, good, A) : petrl::ClosureWriteChange(closure, good, A));
  PetscCall(PetscLogEventEnd(PetRL_Act, closure, X, 0, 0));
  PetscCall(petrl::Report(closure, dt, A));
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
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLValid(X, VEC_CLASSID, 3);
  PetscCall(PetRLClosureSetUp(closure));
  PetscCall(petrl::ClosureFollowState(closure, X));
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
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLValid(X, VEC_CLASSID, 2);
  PetRLValid(F, VEC_CLASSID, 4);
  PetscCall(PetRLClosureSetUp(closure));
  PetscCall(petrl::ClosureFollowState(closure, X));
  PetscCall(PetRLClosureApply(closure, X, dt, closure->data->work));
  PetscCall(VecAXPY(F, -1 / dt, closure->data->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}
