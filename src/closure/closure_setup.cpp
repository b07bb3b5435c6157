// PetRLClosure: the set-up. Grid, policy, where each channel comes from, how wide the exchange must be.
#include <algorithm>
#include <cmath>

#include "closure/closure.hpp"
#include "policy/architectures.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

namespace {

PetscErrorCode CheckGrid(DM dm) {
  PetscBool da;
  PetscInt dim;
  DMBoundaryType bx, by;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMDA, &da));
  PetscCheck(da, PetscObjectComm((PetscObject)dm), PETSC_ERR_ARG_WRONG, "Closures need a DMDA, found a DM of type %s",
             ((PetscObject)dm)->type_name);
  PetscCall(DMDAGetInfo(dm, &dim, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, &bx, &by, NULL, NULL));
  PetscCheck(dim == 2, PetscObjectComm((PetscObject)dm), PETSC_ERR_SUP,
             "Closures need a two-dimensional DMDA, found one of dimension %" PetscInt_FMT, dim);
  for (const DMBoundaryType b : {bx, by}) {
    PetscCheck(b == DM_BOUNDARY_NONE || b == DM_BOUNDARY_GHOSTED || b == DM_BOUNDARY_PERIODIC,
               PetscObjectComm((PetscObject)dm), PETSC_ERR_SUP,
               "Closures know the boundary types none, ghosted and periodic, found %s", DMBoundaryTypes[b]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// PETSc exchanges points between neighbours only: each part of the grid must be as wide as what is exchanged.
PetscErrorCode CheckWidth(PetRLClosure closure) {
  Closure &c = *closure->data;
  PetscInt n[2], p[2];
  const PetscInt *l[2];
  DMBoundaryType b[2];

  PetscFunctionBegin;
  c.ghost = std::max(c.backend->reach() + c.correction->outputGhost(), c.correction->stateGhost());
  PetscCall(DMDAGetInfo(c.dm, NULL, &n[0], &n[1], NULL, &p[0], &p[1], NULL, NULL, NULL, &b[0], &b[1], NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(c.dm, &l[0], &l[1], NULL));
  PetscInt smallest[2], most[2];
  bool fits = true;
  for (int d = 0; d < 2; ++d) {
    smallest[d] = *std::min_element(l[d], l[d] + p[d]);
    most[d] = c.ghost > 0 ? std::max<PetscInt>(n[d] / c.ghost, 1) : n[d];
    const bool periodic = b[d] == DM_BOUNDARY_PERIODIC;
    PetscCheck(!periodic || n[d] >= c.ghost, PetscObjectComm((PetscObject)closure), PETSC_ERR_ARG_SIZ,
               "%s: the policy looks at %" PetscInt_FMT " points around each point (receptive field %" PetscInt_FMT
               " x %" PetscInt_FMT "): the periodic grid of %" PetscInt_FMT " x %" PetscInt_FMT " points is too small",
               c.file.c_str(), c.ghost, 2 * c.ghost + 1, 2 * c.ghost + 1, n[0], n[1]);
    if (smallest[d] < c.ghost && (p[d] > 1 || periodic)) fits = false;
  }
  PetscCheck(fits, PetscObjectComm((PetscObject)closure), PETSC_ERR_ARG_SIZ,
             "%s: the policy looks at %" PetscInt_FMT " points around each point (receptive field %" PetscInt_FMT
             " x %" PetscInt_FMT "), but the smallest part of the %" PetscInt_FMT " x %" PetscInt_FMT
             " grid on a rank has %" PetscInt_FMT " x %" PetscInt_FMT " points: use at most %" PetscInt_FMT
             " ranks, %" PetscInt_FMT " x %" PetscInt_FMT " (-da_processors_x, -da_processors_y)",
             c.file.c_str(), c.ghost, 2 * c.ghost + 1, 2 * c.ghost + 1, n[0], n[1], smallest[0], smallest[1],
             most[0] * most[1], most[0], most[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The spacing is the user's, or that of uniform coordinates; without either it stays unknown (0).
PetscErrorCode Spacing(PetRLClosure closure) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscInt n[2], x0, y0;
  Vec coordinates;

  PetscFunctionBegin;
  for (int d = 0; d < 2; ++d) c.h[d] = c.spacing[d];
  PetscCall(DMGetCoordinates(c.dm, &coordinates));
  if (c.spacing[0] <= 0) {
    PetscCheck(
        coordinates || !c.correction->needsSpacing(), comm, PETSC_ERR_ARG_WRONGSTATE,
        "%s: corrections of transform %s depend on the distances of the grid's points, which are not known here: "
        "give -closure_spacing <hx,hy>, or the DMDA uniform coordinates (DMDASetUniformCoordinates())",
        c.file.c_str(), c.policy.action.transform.c_str());
  }
  if (c.spacing[0] > 0 || !coordinates) PetscFunctionReturn(PETSC_SUCCESS);
  PetscReal low[2], high[2], off = 0;
  PetscCall(DMDAGetInfo(c.dm, NULL, &n[0], &n[1], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  for (int d = 0; d < 2; ++d) {
    PetscCall(VecStrideMin(coordinates, d, NULL, &low[d]));
    PetscCall(VecStrideMax(coordinates, d, NULL, &high[d]));
    // One point in a direction: nothing differs along it.
    c.h[d] = n[d] > 1 ? (high[d] - low[d]) / (PetscReal)(n[d] - 1) : 1;
  }
  const PetscScalar *x;
  PetscCall(DMDAGetCorners(c.dm, &x0, &y0, NULL, NULL, NULL, NULL));
  PetscCall(VecGetArrayRead(coordinates, &x));
  const auto look = [&](PetscReal value) { off = off > value ? off : value; };  // a NaN stays
  for (PetscInt j = 0; j < c.ny; j++) {
    for (PetscInt i = 0; i < c.nx; i++) {
      const PetscScalar *at = x + 2 * (j * c.nx + i);
      look(std::abs(PetscRealPart(at[0]) - low[0] - c.h[0] * (PetscReal)(x0 + i)) / c.h[0]);
      look(std::abs(PetscRealPart(at[1]) - low[1] - c.h[1] * (PetscReal)(y0 + j)) / c.h[1]);
    }
  }
  PetscCall(VecRestoreArrayRead(coordinates, &x));
  int uniform = off < 1e-4 ? 1 : 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &uniform, 1, MPI_INT, MPI_MIN, comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &off, 1, MPIU_REAL, MPIU_MAX, comm));
  PetscCheck(uniform, comm, PETSC_ERR_SUP,
             "Closures need a uniform grid: found a point %g spacings away from its place (-closure_spacing hx,hy "
             "overrules the coordinates)",
             (double)off);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Buffers(PetRLClosure closure) {
  Closure &c = *closure->data;
  PetscInt n[2], x0, y0;
  DMBoundaryType b[2];

  PetscFunctionBegin;
  PetscCall(DMDAGetCorners(c.dm, &x0, &y0, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetInfo(c.dm, NULL, &n[0], &n[1], NULL, NULL, NULL, NULL, NULL, NULL, &b[0], &b[1], NULL, NULL));
  const PetscInt first[2] = {x0 - c.ghost, y0 - c.ghost}, width[2] = {c.nx + 2 * c.ghost, c.ny + 2 * c.ghost};
  for (int d = 0; d < 2; ++d) {
    const bool periodic = b[d] == DM_BOUNDARY_PERIODIC;
    if (d == 0 || !periodic) c.use.periodic = periodic;
    c.inside[2 * d] = periodic ? 0 : std::max<PetscInt>(0, -first[d]);
    c.inside[2 * d + 1] = periodic ? width[d] : std::min(width[d], n[d] - first[d]);
  }
  const auto plane = static_cast<std::size_t>(width[0] * width[1]);
  const PetscInt og = c.correction->outputGhost();
  PetscCall(onEveryRank(PetscObjectComm((PetscObject)closure), [&] {
    c.planes.assign(plane * c.channels.size(), 0);
    c.output.assign(c.policy.action.low.size() * static_cast<std::size_t>((c.nx + 2 * og) * (c.ny + 2 * og)), 0);
    c.change.assign(c.correction->components().size() * static_cast<std::size_t>(c.nx * c.ny), 0);
    c.view.row = width[0];
    c.view.channel.resize(c.channels.size());
  }));
  for (std::size_t i = 0; i < c.channels.size(); ++i)
    c.view.channel[i] = c.planes.data() + i * plane + c.ghost * width[0] + c.ghost;
  PetscCall(DMCreateGlobalVector(c.dm, &c.work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

}  // namespace petrl

/*@
   PetRLClosureSetUp - Reads the policy and finds everything that it observes

   Collective

   Input Parameter:
.  closure - the closure, with DM and policy set

   Level: intermediate

   Notes:
   Called by PetRLClosureApply() if need be. Errors: a DM that is not a two-dimensional DMDA; a policy that cannot be
   read or is of another kind; a channel that nothing offers; coordinates that are not uniform; a receptive field wider
   than a rank's part of the grid.

.seealso: `PetRLClosure`, `PetRLClosureApply()`
@*/
PetscErrorCode PetRLClosureSetUp(PetRLClosure closure) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  petrl::Closure &c = *closure->data;
  if (c.loaded) PetscFunctionReturn(PETSC_SUCCESS);
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscCheck(c.dm, comm, PETSC_ERR_ARG_WRONGSTATE, "The closure has no grid: call PetRLClosureSetDM()");
  PetscCheck(!c.file.empty(), comm, PETSC_ERR_ARG_WRONGSTATE,
             "The closure has no policy: give -closure_policy <file> or call PetRLClosureSetPolicy()");
  PetscCall(petrl::ClosureReset(closure));
  PetscCall(petrl::CheckGrid(c.dm));
  PetscCall(DMSetUp(c.dm));
  PetscCall(DMDAGetCorners(c.dm, NULL, NULL, NULL, &c.nx, &c.ny, NULL));
  PetscCall(petrl::PolicyLoad(comm, c, c.file, true, [&c] {
    c.backend = petrl::makeBackend<petrl::GridBackend>(c.policy, c.file);
    c.correction = petrl::Correction::make(c.policy, c.file);
    c.input = std::make_unique<petrl::FieldInput>(c.policy.observation);
    return c.backend->name();
  }));
  PetscCall(petrl::CheckWidth(closure));
  PetscCall(petrl::ClosureResolve(closure));
  PetscCall(petrl::Spacing(closure));
  PetscCall(petrl::Buffers(closure));
  PetRLCallCXX({
    c.surroundings = petrl::Surroundings(c.policy, c.correction->components());
    c.own_step = petrl::ownStep(c.surroundings.training(), std::sqrt(c.h[0] * c.h[1]));
    c.told.resize(1 + 2 * c.channels.size());
    c.use.fields.clear();
  });
  c.loaded = true;
  PetscCall(PetscObjectViewFromOptions((PetscObject)closure, NULL, "-closure_view"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
