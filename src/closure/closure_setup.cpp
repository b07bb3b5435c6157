// PetRLClosure: the set-up. Grid, policy, where each channel comes from, how wide the exchange must be.
#include <algorithm>
#include <cmath>

#include "closure/cell_closure.hpp"
#include "closure/closure.hpp"
#include "policy/architectures.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

std::string ClosureProduct(PetscInt dim, const PetscInt n[]) {
  std::string text;
  for (PetscInt d = 0; d < dim; d++) text += (d > 0 ? " x " : "") + std::to_string(n[d]);
  return text;
}

std::string GridShape::text() const {
  return ClosureProduct(dim, n);
}

PetscErrorCode ClosureGridShape(DM da, GridShape *shape) {
  GridShape &s = *shape;
  DMBoundaryType b[3];

  PetscFunctionBegin;
  s = GridShape();
  PetscCall(DMDAGetInfo(da, &s.dim, &s.n[0], &s.n[1], &s.n[2], &s.ranks[0], &s.ranks[1], &s.ranks[2], &s.dof, NULL,
                        &b[0], &b[1], &b[2], NULL));
  PetscCall(DMDAGetOwnershipRanges(da, &s.parts[0], &s.parts[1], &s.parts[2]));
  for (PetscInt d = 0; d < s.dim; d++) s.boundary[d] = b[d];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureSpacing(PetRLClosure closure, PetscReal h[3]) {
  const Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  GridShape grid;
  PetscInt first[3], n[3];
  Vec coordinates;

  PetscFunctionBegin;
  PetscCall(ClosureGridShape(c.dm, &grid));
  for (PetscInt d = 0; d < 3; d++) h[d] = c.spacing[d];
  for (PetscInt d = 1; c.spacing[0] > 0 && d < 3; d++) {
    PetscCheck((c.spacing[d] > 0) == (d < grid.dim), comm, PETSC_ERR_ARG_WRONG,
               "-closure_spacing: expected %" PetscInt_FMT " number%s, one a direction of the grid", grid.dim,
               grid.dim > 1 ? "s" : "");
  }
  PetscCall(DMGetCoordinates(c.dm, &coordinates));
  if (c.spacing[0] > 0 || !coordinates) PetscFunctionReturn(PETSC_SUCCESS);
  PetscReal low[3], high, off = 0;
  for (PetscInt d = 0; d < grid.dim; d++) {
    // Coordinates of one dimension are no blocks.
    if (grid.dim > 1) {
      PetscCall(VecStrideMin(coordinates, d, NULL, &low[d]));
      PetscCall(VecStrideMax(coordinates, d, NULL, &high));
    } else {
      PetscCall(VecMin(coordinates, NULL, &low[d]));
      PetscCall(VecMax(coordinates, NULL, &high));
    }
    // One point in a direction: nothing differs along it.
    h[d] = grid.n[d] > 1 ? (high - low[d]) / (PetscReal)(grid.n[d] - 1) : 1;
  }
  const PetscScalar *x;
  PetscCall(DMDAGetCorners(c.dm, &first[0], &first[1], &first[2], &n[0], &n[1], &n[2]));
  PetscCall(VecGetArrayRead(coordinates, &x));
  const PetscScalar *at = x;
  for (PetscInt k = 0; k < n[2]; k++) {
    for (PetscInt j = 0; j < n[1]; j++) {
      for (PetscInt i = 0; i < n[0]; i++, at += grid.dim) {
        const PetscInt place[3] = {first[0] + i, first[1] + j, first[2] + k};
        for (PetscInt d = 0; d < grid.dim; d++) {
          const PetscReal value = std::abs(PetscRealPart(at[d]) - low[d] - h[d] * (PetscReal)place[d]) / h[d];
          off = off > value ? off : value;  // a NaN stays
        }
      }
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

namespace {

PetscErrorCode CheckGrid(DM dm) {
  PetscBool da;
  PetscInt dim;
  DMBoundaryType b[3];

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMDA, &da));
  PetscCheck(da, PetscObjectComm((PetscObject)dm), PETSC_ERR_ARG_WRONG,
             "Closures need a DMDA or a DMPlex, found a DM of type %s", ((PetscObject)dm)->type_name);
  PetscCall(DMDAGetInfo(dm, &dim, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, &b[0], &b[1], &b[2], NULL));
  for (PetscInt d = 0; d < dim; d++) {
    PetscCheck(b[d] == DM_BOUNDARY_NONE || b[d] == DM_BOUNDARY_GHOSTED || b[d] == DM_BOUNDARY_PERIODIC,
               PetscObjectComm((PetscObject)dm), PETSC_ERR_SUP,
               "Closures know the boundary types none, ghosted and periodic, found %s", DMBoundaryTypes[b[d]]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CheckDimensions(PetRLClosure closure) {
  const Closure &c = *closure->data;
  PetscFunctionBegin;
  PetscCheck(c.backend->dimensions() == c.dim, PetscObjectComm((PetscObject)closure), PETSC_ERR_ARG_INCOMP,
             "%s: the policy is for grids of %d dimension%s, the DMDA has %" PetscInt_FMT, c.file.c_str(),
             c.backend->dimensions(), c.backend->dimensions() == 1 ? "" : "s", c.dim);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// PETSc exchanges points between neighbours only: each part of the grid must be as wide as what is exchanged.
PetscErrorCode CheckWidth(PetRLClosure closure) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  GridShape grid;
  PetscInt smallest[3], most[3], ranks = 1, side[3];
  bool fits = true;

  PetscFunctionBegin;
  c.ghost = std::max(c.backend->reach() + c.correction->outputGhost() + c.input->reach(), c.correction->stateGhost());
  PetscCall(ClosureGridShape(c.dm, &grid));
  for (PetscInt d = 0; d < c.dim; d++) side[d] = 2 * c.ghost + 1;
  for (PetscInt d = 0; d < c.dim; d++) {
    smallest[d] = *std::min_element(grid.parts[d], grid.parts[d] + grid.ranks[d]);
    most[d] = c.ghost > 0 ? std::max<PetscInt>(grid.n[d] / c.ghost, 1) : grid.n[d];
    ranks *= most[d];
    PetscCheck(!grid.periodic(d) || grid.n[d] >= c.ghost, comm, PETSC_ERR_ARG_SIZ,
               "%s: the policy looks at %" PetscInt_FMT
               " points around each point (receptive field %s): the periodic grid of %s points is too small",
               c.file.c_str(), c.ghost, ClosureProduct(c.dim, side).c_str(), grid.text().c_str());
    if (smallest[d] < c.ghost && (grid.ranks[d] > 1 || grid.periodic(d))) fits = false;
  }
  PetscCheck(fits, comm, PETSC_ERR_ARG_SIZ,
             "%s: the policy looks at %" PetscInt_FMT
             " points around each point (receptive field %s), but the smallest part of the %s grid on a rank has %s "
             "points: use at most %" PetscInt_FMT " ranks, %s (-da_processors_x, -da_processors_y, -da_processors_z)",
             c.file.c_str(), c.ghost, ClosureProduct(c.dim, side).c_str(), grid.text().c_str(),
             ClosureProduct(c.dim, smallest).c_str(), ranks, ClosureProduct(c.dim, most).c_str());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Spacing(PetRLClosure closure) {
  Closure &c = *closure->data;
  PetscFunctionBegin;
  PetscCall(ClosureSpacing(closure, c.h));
  PetscCheck(c.h[0] > 0 || !c.correction->needsSpacing(), PetscObjectComm((PetscObject)closure),
             PETSC_ERR_ARG_WRONGSTATE,
             "%s: corrections of transform %s depend on the distances of the grid's points, which are not known here: "
             "give -closure_spacing <hx,hy>, or the DMDA uniform coordinates (DMDASetUniformCoordinates())",
             c.file.c_str(), c.policy.action.transform.c_str());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Buffers(PetRLClosure closure) {
  Closure &c = *closure->data;
  GridShape grid;
  PetscInt first[3];

  PetscFunctionBegin;
  PetscCall(ClosureGridShape(c.dm, &grid));
  PetscCall(DMDAGetCorners(c.dm, &first[0], &first[1], &first[2], NULL, NULL, NULL));
  const GridSize own = c.own(), halo = c.around(c.ghost), all = own.grown(halo);
  c.use.periodic = true;
  for (int d = 0; d < 3; ++d) {
    const PetscInt width = all.along(d), start = first[d] - halo.along(d);
    const bool periodic = grid.periodic(d);
    c.use.periodic = c.use.periodic && periodic;
    c.inside[2 * d] = periodic ? 0 : std::max<PetscInt>(0, -start);
    c.inside[2 * d + 1] = periodic ? width : std::min(width, grid.n[d] - start);
    c.wall[static_cast<std::size_t>(2 * d)] = !periodic && first[d] == 0;
    c.wall[static_cast<std::size_t>(2 * d + 1)] = !periodic && first[d] + own.along(d) == grid.n[d];
  }
  const std::size_t plane = all.points();
  PetscCall(onEveryRank(PetscObjectComm((PetscObject)closure), [&] {
    c.planes.assign(plane * c.channels.size(), 0);
    c.output.assign(c.policy.action.low.size() * own.grown(c.around(c.correction->outputGhost())).points(), 0);
    c.change.assign(c.correction->components().size() * own.points(), 0);
    c.view.row = all.nx;
    c.view.slice = static_cast<std::ptrdiff_t>(all.nx) * all.ny;
    c.view.channel.resize(c.channels.size());
  }));
  const std::ptrdiff_t start = halo.nz * c.view.slice + halo.ny * c.view.row + halo.nx;
  for (std::size_t i = 0; i < c.channels.size(); ++i) c.view.channel[i] = c.planes.data() + i * plane + start;
  PetscCall(DMCreateGlobalVector(c.dm, &c.work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// With the policy of the file, or one that is in memory already.
PetscErrorCode SetUp(PetRLClosure closure, const Policy *given) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  const std::string source = given ? "the policy to be learned" : c.file;
  bool mesh;

  PetscFunctionBegin;
  PetscCheck(c.dm, comm, PETSC_ERR_ARG_WRONGSTATE, "The closure has no grid: call PetRLClosureSetDM()");
  PetscCheck(!source.empty(), comm, PETSC_ERR_ARG_WRONGSTATE,
             "The closure has no policy: give -closure_policy <file> or call PetRLClosureSetPolicy()");
  PetscCall(ClosureReset(closure));
  PetscCall(ClosureIsMesh(c.dm, &mesh));
  if (mesh) {
    PetscCall(ClosureSetUpCells(closure, given));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(CheckGrid(c.dm));
  PetscCall(DMSetUp(c.dm));
  PetscCall(DMGetDimension(c.dm, &c.dim));
  PetscCall(DMDAGetCorners(c.dm, NULL, NULL, NULL, &c.nx, &c.ny, &c.nz));
  const auto make = [&c, &source] {
    c.correction = Correction::make(c.policy, source);
    c.backend = makeBackend<GridBackend>(c.policy, source);
    c.input = std::make_unique<FieldInput>(c.policy);
    return c.backend->name();
  };
  if (given) {
    PetscCall(onEveryRank(comm, [&] {
      c.policy = *given;
      c.evaluator = make();
    }));
  } else {
    PetscCall(PolicyLoad(comm, c, c.file, true, make));
  }
  c.inferences = 0;
  c.sees_state = false;
  PetscCall(CheckDimensions(closure));
  PetscCall(CheckWidth(closure));
  PetscCall(ClosureResolve(closure));
  PetscCall(Spacing(closure));
  PetscCall(Buffers(closure));
  for (std::size_t i = 0; i < c.channels.size(); ++i)
    c.sees_state = c.sees_state || (c.channels[i].source == 0 && !c.policy.observation.unseen(i));
  c.sees_step = false;
  for (std::size_t i = 0; i < c.channels.size(); ++i) c.sees_step = c.sees_step || c.policy.observation.courant(i);
  PetRLCallCXX({
    c.surroundings = Surroundings(c.policy, c.correction->components());
    const CorrectionStep grid = ClosureStep(c, 0);
    c.own_step = c.given_step > 0 ? c.given_step
                                  : ownStep(c.surroundings.training(), meanSpacing(grid, static_cast<int>(c.dim)));
    c.use.spacing.assign(c.h, c.h + c.dim);
    const double trained = ownStep(c.surroundings.training(), 0);
    c.use.time_unit = c.given_step > 0 && trained > 0 ? c.given_step / trained : 1;
    c.told.resize(1 + 2 * c.channels.size());
    c.use.fields.clear();
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode ClosureSetUpWith(PetRLClosure closure, const Policy &policy) {
  PetscFunctionBegin;
  PetscCall(SetUp(closure, &policy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

/*@
   PetRLClosureSetUp - Reads the policy and finds everything that it observes

   Collective

   Input Parameter:
.  closure - the closure, with DM and policy set

   Level: intermediate

   Notes:
   Called by PetRLClosureApply() if need be. Errors: a DM that is neither a DMDA nor a DMPlex of triangles; a policy
   that cannot be read, is of another kind, for another kind of mesh or for another number of dimensions; a channel
   that nothing offers; coordinates that are not uniform; a receptive field wider than a rank's part of the grid.

.seealso: `PetRLClosure`, `PetRLClosureApply()`
@*/
PetscErrorCode PetRLClosureSetUp(PetRLClosure closure) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  petrl::Closure &c = *closure->data;
  if (c.loaded) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(petrl::SetUp(closure, nullptr));
  c.loaded = true;
  PetscCall(PetscObjectViewFromOptions((PetscObject)closure, NULL, "-closure_view"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
