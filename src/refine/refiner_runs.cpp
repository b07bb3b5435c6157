// Runs of a refiner's TS that the program does not see.
#include "refine/refiner_runs.hpp"

#include <petsc/private/tsimpl.h>

#include <algorithm>
#include <cmath>

#include "mesh/tetrahedron.hpp"

namespace petrl {

namespace {

PetscErrorCode Copy(Vec from, std::shared_ptr<_p_Vec> &to) {
  Vec copy;

  PetscFunctionBegin;
  to.reset();
  if (!from) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecDuplicate(from, &copy));
  PetRLCallCXX(to.reset(copy, [](Vec v) { (void)VecDestroy(&v); }));
  PetscCall(VecCopy(from, copy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Duplicate(const std::shared_ptr<_p_Vec> &from, Vec *to) {
  PetscFunctionBegin;
  *to = NULL;
  if (!from) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecDuplicate(from.get(), to));
  PetscCall(VecCopy(from.get(), *to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Over all ranks.
PetscErrorCode Cells(PetRLRefiner refiner, double *cells) {
  PetscFunctionBegin;
  *cells = refiner->data->mesh->cells.owned;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, cells, 1, MPI_DOUBLE, MPI_SUM, PetscObjectComm((PetscObject)refiner)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The elements' own gradient in an owned cell.
void linearGradient(const CellMesh &m, std::size_t c, std::size_t w, std::size_t width,
                    const std::vector<double> &vertices, double *g) {
  const std::size_t slots = static_cast<std::size_t>(m.slots()), first = c * slots;
  const double *x = &m.corner[first * static_cast<std::size_t>(m.dim)];
  const auto u = [&](std::size_t k) { return vertices[static_cast<std::size_t>(m.vertex[first + k]) * width + w]; };
  if (m.dim == 1) {
    g[0] = (u(1) - u(0)) / (x[1] - x[0]);
    return;
  }
  if (m.dim == 3) {
    double e[3][3], d[3];
    for (std::size_t k = 0; k < 3; ++k) {
      d[k] = u(k + 1) - u(0);
      for (std::size_t i = 0; i < 3; ++i) e[k][i] = x[3 * (k + 1) + i] - x[i];
    }
    const double six = tetDeterminant(x);
    for (std::size_t i = 0; i < 3; ++i) {
      const std::size_t j = (i + 1) % 3, l = (i + 2) % 3;
      g[i] = 0;
      for (std::size_t k = 0; k < 3; ++k) {  // Cramer's rule: the column of x_i becomes the differences
        const double *const p = e[(k + 1) % 3], *const q = e[(k + 2) % 3];
        g[i] += d[k] * (p[j] * q[l] - p[l] * q[j]) / six;
      }
    }
    return;
  }
  const double a[2] = {x[2] - x[0], x[3] - x[1]}, b[2] = {x[4] - x[0], x[5] - x[1]};
  const double det = a[0] * b[1] - a[1] * b[0], du = u(1) - u(0), dv = u(2) - u(0);
  g[0] = (du * b[1] - dv * a[1]) / det;
  g[1] = (dv * a[0] - du * b[0]) / det;
}

PetscErrorCode Finite(Vec u, bool *finite) {
  PetscReal norm;

  PetscFunctionBegin;
  PetscCall(VecNorm(u, NORM_1, &norm));
  *finite = std::isfinite(norm);
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode RefinerKeepState(PetRLRefiner refiner, TS ts, RunState &state) {
  const RefinerData &r = *refiner->data;
  Vec u, vatol, vrtol;
  DM dm;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(PetscObjectReference((PetscObject)dm));
  PetRLCallCXX(state.dm.reset(dm, [](DM d) { (void)DMDestroy(&d); }));
  PetRLCallCXX(state.forest = std::make_shared<Forest>(*r.forest); state.vertex = r.vertex);
  state.before = r.before;
  state.mesh = r.mesh;
  state.passage = r.passage;
  PetscCall(TSGetSolution(ts, &u));
  PetscCall(TSGetTolerances(ts, NULL, &vatol, NULL, &vrtol));
  PetscCall(Copy(u, state.u));
  PetscCall(Copy(vatol, state.vatol));
  PetscCall(Copy(vrtol, state.vrtol));
  PetscCall(TSGetTime(ts, &state.time));
  PetscCall(TSGetTimeStep(ts, &state.step));
  PetscCall(TSGetStepNumber(ts, &state.steps));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerRestoreState(PetRLRefiner refiner, TS ts, const RunState &state) {
  RefinerData &r = *refiner->data;
  Vec u;

  PetscFunctionBegin;
  PetRLCallCXX(r.forest = std::make_unique<Forest>(*state.forest); r.vertex = state.vertex);
  r.before = state.before;
  r.mesh = state.mesh;
  r.passage = state.passage;
  PetscCall(DMLabelDestroy(&r.decided));
  PetscCall(TSGetTolerances(ts, &r.ts.atol, NULL, &r.ts.rtol, NULL));
  PetscCall(Duplicate(state.vatol, &r.ts.vatol));
  PetscCall(Duplicate(state.vrtol, &r.ts.vrtol));
  PetscCall(Duplicate(state.u, &u));
  PetscCall(TSReset(ts));
  PetscCall(TSSetTime(ts, state.time));
  PetscCall(TSSetStepNumber(ts, state.steps));
  PetscCall(RefinerSettle(refiner, ts, state.dm.get(), u));
  PetscCall(VecDestroy(&u));
  // After the program's own function, which may have set one that suits the mesh: the state's suits its moment, too.
  PetscCall(TSSetTimeStep(ts, state.step));
  ts->ptime_prev = state.time;
  ts->steprollback = PETSC_FALSE;
  ts->rhsjacobian.time = PETSC_MIN_REAL;
  ts->reason = TS_CONVERGED_ITERATING;
  PetscCall(TSRestartStep(ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerRunTo(PetRLRefiner refiner, TS ts, PetscReal until, RunTally &tally) {
  RefinerData &r = *refiner->data;
  std::shared_ptr<RefinerMesh> mesh = r.mesh;
  double cells;
  Vec u;

  PetscFunctionBegin;
  PetscCall(Cells(refiner, &cells));
  while (ts->ptime < until - 1e-9 * std::fabs(ts->time_step)) {
    const PetscReal wanted = ts->time_step, left = until - ts->ptime;
    const PetscInt rejected = ts->reject;
    // The last step ends at that time; the next one is as long as it would have been.
    const bool last = wanted > left * (1 - 1e-6);
    if (last) ts->time_step = left;
    if (r.ts.frozen) {
      PetscCall(TSGetSolution(ts, &u));
      if (!r.ts.last) PetscCall(VecDuplicate(u, &r.ts.last));
      PetscCall(VecCopy(u, r.ts.last));
      r.ts.last_time = ts->ptime;
    }
    PetscCall(TSPreStep(ts));
    PetscCall(TSStep(ts));
    tally.cell_steps += cells * static_cast<double>(1 + ts->reject - rejected);
    tally.cost += cells * static_cast<double>(1 + ts->reject - rejected);
    if (ts->reason < 0) {
      tally.finished = false;
      PetscFunctionReturn(PETSC_SUCCESS);
    }
    if (last && ts->ptime >= until - 1e-9 * wanted) {
      ts->ptime = until;
      if (ts->time_step >= left) ts->time_step = std::max(ts->time_step, wanted);
    }
    if (ts->ptime >= ts->max_time && !ts->reason) ts->reason = TS_CONVERGED_TIME;
    PetscCall(TSPostEvaluate(ts));
    PetscCall(TSPostStep(ts));
#if PETRL_TS_RESIZE
    if (!r.ts.frozen) PetscCall(TSResize(ts));
#endif
    if (r.mesh != mesh) {
      mesh = r.mesh;
      PetscCall(Cells(refiner, &cells));
      ++tally.remeshes;
      tally.cost += static_cast<double>(r.costs.remesh) * cells;
    }
  }
  PetscCall(TSGetSolution(ts, &u));
  PetscCall(Finite(u, &tally.finished));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerCellFields(PetRLRefiner refiner, TS ts, CellFields &fields) {
  RefinerData &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;
  FieldLayout layout;
  Vec u;
  DM dm;

  PetscFunctionBegin;
  PetscCall(TSGetSolution(ts, &u));
  PetscCall(TSGetTime(ts, &r.time));
  PetscCall(RefinerCellValues(refiner, *r.mesh, u, false, &layout, fields.value));
  fields.width = static_cast<int>(layout.reals());
  fields.dim = m.dim;
  if (!layout.vertices) {
    PetscCall(r.mesh->halo.fill(MPI_DOUBLE, fields.width, fields.value.data()));
    PetscCall(RefinerGradients(*r.mesh, fields.width, fields.value, fields.gradient));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  std::vector<double> vertices;
  const auto owned = static_cast<std::size_t>(m.owned), width = static_cast<std::size_t>(fields.width),
             d = static_cast<std::size_t>(m.dim);
  PetscCall(RefinerVecDM(refiner, u, *r.mesh, "The solution", &dm));
  PetscCall(RefinerGetVertices(refiner, dm, u, layout.reals(), false, vertices));
  PetRLCallCXX(fields.gradient.resize(owned * width * d));
  for (std::size_t c = 0; c < owned; ++c)
    for (std::size_t w = 0; w < width; ++w)
      linearGradient(m, c, w, width, vertices, &fields.gradient[(c * width + w) * d]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
