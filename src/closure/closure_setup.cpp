// PetRLClosure: the set-up. Grid, policy, where each channel comes from, how wide the exchange must be.
#include <algorithm>
#include <cmath>

#include "closure/closure.hpp"
#include "policy/architectures.hpp"

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

// A grid like the state's with these components and a surrounding as wide as the policy needs it.
PetscErrorCode GhostedGrid(PetRLClosure closure, PetscInt dof, DM *grid) {
  Closure &c = *closure->data;
  PetscInt nx, ny, px, py;
  const PetscInt *lx, *ly;
  DMBoundaryType bx, by;

  PetscFunctionBegin;
  DM &known = c.grids[dof];
  if (!known) {
    PetscCall(DMDAGetInfo(c.dm, NULL, &nx, &ny, NULL, &px, &py, NULL, NULL, NULL, &bx, &by, NULL, NULL));
    PetscCall(DMDAGetOwnershipRanges(c.dm, &lx, &ly, NULL));
    PetscCall(DMDACreate2d(PetscObjectComm((PetscObject)closure),
                           bx == DM_BOUNDARY_PERIODIC ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_GHOSTED,
                           by == DM_BOUNDARY_PERIODIC ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_GHOSTED, DMDA_STENCIL_BOX,
                           nx, ny, px, py, dof, c.ghost, lx, ly, &known));
    PetscCall(DMSetUp(known));
  }
  *grid = known;
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

// The number of components of a Vec on the closure's grid; an error if it lies on another.
PetscErrorCode CheckField(PetRLClosure closure, const NamedField &field, PetscInt *dof) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscInt size;
  DM dm;

  PetscFunctionBegin;
  PetscCall(VecGetDM(field.vec, &dm));
  PetscCall(VecGetLocalSize(field.vec, &size));
  int bad = size % (c.nx * c.ny) != 0 || size == 0;
  *dof = size / (c.nx * c.ny);
  if (dm) {
    PetscBool da;
    PetscInt x, y, nx, ny, x0, y0;
    PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMDA, &da));
    PetscCheck(da, comm, PETSC_ERR_ARG_WRONG, "field '%s' (%s): expected a Vec of a DMDA, found a DM of type %s",
               field.name.c_str(), field.what.c_str(), ((PetscObject)dm)->type_name);
    PetscCall(DMDAGetCorners(dm, &x, &y, NULL, &nx, &ny, NULL));
    PetscCall(DMDAGetCorners(c.dm, &x0, &y0, NULL, NULL, NULL, NULL));
    bad = bad || x != x0 || y != y0 || nx != c.nx || ny != c.ny;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &bad, 1, MPI_INT, MPI_MAX, comm));
  PetscCheck(!bad, comm, PETSC_ERR_ARG_INCOMP,
             "field '%s' (%s): expected a global Vec with the grid and distribution of the state's DMDA, found another",
             field.name.c_str(), field.what.c_str());
  PetscCheck(field.component < *dof, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "field '%s' (%s): component %" PetscInt_FMT " was asked for, found %" PetscInt_FMT, field.name.c_str(),
             field.what.c_str(), field.component, *dof);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AddSource(PetRLClosure closure, Vec vec, PetscInt dof, const std::string &what, std::size_t *index) {
  Closure &c = *closure->data;
  PetscFunctionBegin;
  for (*index = 0; *index < c.sources.size(); ++*index) {
    if (c.sources[*index].vec == vec) PetscFunctionReturn(PETSC_SUCCESS);
  }
  FieldSource source;
  source.what = what;
  source.dof = dof;
  PetscCall(GhostedGrid(closure, dof, &source.ghosted));
  PetscCall(DMCreateLocalVector(source.ghosted, &source.local));
  if (vec) PetscCall(PetscObjectReference((PetscObject)vec));
  source.vec = vec;
  PetRLCallCXX(c.sources.push_back(source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Names of a DMDA's components; "" where there is none.
PetscErrorCode FieldNames(DM dm, std::vector<std::string> &names) {
  PetscInt dof;
  PetscFunctionBegin;
  PetscCall(DMDAGetDof(dm, &dof));
  names.clear();
  for (PetscInt i = 0; i < dof; i++) {
    const char *name;
    PetscCall(DMDAGetFieldName(dm, i, &name));
    PetRLCallCXX(names.emplace_back(name ? name : ""));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// What the DM's auxiliary Vec offers comes last.
PetscErrorCode OfferedFields(PetRLClosure closure, std::vector<NamedField> &offered) {
  Closure &c = *closure->data;
  Vec auxiliary;
  DM dm;
  PetscBool da = PETSC_FALSE;
  std::vector<std::string> names;

  PetscFunctionBegin;
  PetRLCallCXX(offered = c.fields);
  for (std::size_t i = 0; i < c.read.size(); ++i)
    PetRLCallCXX(offered.push_back({c.auxiliary_names[i], "file " + c.auxiliary, c.read[i], 0}));
  PetscCall(DMGetAuxiliaryVec(c.dm, NULL, 0, 0, &auxiliary));
  if (!auxiliary) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetDM(auxiliary, &dm));
  if (dm) PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMDA, &da));
  if (!da) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(FieldNames(dm, names));
  for (std::size_t i = 0; i < names.size(); ++i)
    PetRLCallCXX(offered.push_back({names[i], "the DM's auxiliary Vec", auxiliary, static_cast<PetscInt>(i)}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

std::string list(const std::vector<std::string> &names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text +=
        (i > 0 ? ", " : "") + (names[i].empty() ? "(component " + std::to_string(i) + " without a name)" : names[i]);
  return text.empty() ? "none" : text;
}

// Finds each channel by name; `missing` gets those that nobody offers.
PetscErrorCode FindChannels(PetRLClosure closure, const std::vector<std::string> &state,
                            const std::vector<NamedField> &offered, std::vector<std::string> &missing) {
  Closure &c = *closure->data;
  PetscFunctionBegin;
  c.channels.clear();
  missing.clear();
  for (const auto &name : c.policy.observation.names) {
    const auto in_state = std::find(state.begin(), state.end(), name);
    if (in_state != state.end()) {
      PetRLCallCXX(c.channels.push_back({0, static_cast<PetscInt>(in_state - state.begin())}));
      continue;
    }
    const auto it =
        std::find_if(offered.begin(), offered.end(), [&](const NamedField &field) { return field.name == name; });
    if (it == offered.end()) {
      PetRLCallCXX(missing.push_back(name));
      continue;
    }
    PetscInt dof;
    std::size_t source;
    PetscCall(CheckField(closure, *it, &dof));
    PetscCall(AddSource(closure, it->vec, dof, it->what, &source));
    PetRLCallCXX(c.channels.push_back({source, it->component}));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Resolve(PetRLClosure closure) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  std::vector<std::string> state, missing;
  std::vector<NamedField> offered;
  std::size_t index;
  PetscInt dof;

  PetscFunctionBegin;
  PetscCall(DMDAGetDof(c.dm, &dof));
  PetscCall(FieldNames(c.dm, state));
  if (!c.state_names.empty()) {
    PetscCheck(c.state_names.size() == static_cast<std::size_t>(dof), comm, PETSC_ERR_ARG_SIZ,
               "-closure_fields: expected %" PetscInt_FMT " names (one a component of the state), found %d (%s)", dof,
               static_cast<int>(c.state_names.size()), joined(c.state_names, ", ").c_str());
    PetRLCallCXX(state = c.state_names);
  }
  PetscCall(AddSource(closure, NULL, dof, "the state", &index));
  PetscCall(OfferedFields(closure, offered));
  PetscCall(FindChannels(closure, state, offered, missing));
  if (!c.auxiliary.empty()) {
    PetscCall(ClosureReadAuxiliary(closure, missing));
    PetscCall(OfferedFields(closure, offered));
    PetscCall(FindChannels(closure, state, offered, missing));
  }
  std::vector<std::string> others;
  for (const NamedField &field : offered) PetRLCallCXX(others.push_back(field.name));
  PetscCheck(missing.empty(), comm, PETSC_ERR_ARG_WRONG,
             "%s: the policy observes '%s', which nothing here offers. The state has: %s (-closure_fields names its "
             "components); other fields: %s (PetRLClosureSetField(), -closure_auxiliary, DMSetAuxiliaryVec())",
             c.file.c_str(), missing[0].c_str(), list(state).c_str(), list(others).c_str());
  for (const int component : c.correction->components()) {
    PetscCheck(c.channels[static_cast<std::size_t>(component)].source == 0, comm, PETSC_ERR_ARG_WRONG,
               "%s: the policy corrects '%s', which is not a component of the state (%s)", c.file.c_str(),
               c.policy.observation.names[static_cast<std::size_t>(component)].c_str(), list(state).c_str());
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Spacing(PetRLClosure closure) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscInt n[2], x0, y0;
  DMBoundaryType b[2];
  Vec coordinates;

  PetscFunctionBegin;
  PetscCall(DMDAGetInfo(c.dm, NULL, &n[0], &n[1], NULL, NULL, NULL, NULL, NULL, NULL, &b[0], &b[1], NULL, NULL));
  PetscCall(DMGetCoordinates(c.dm, &coordinates));
  for (int d = 0; d < 2; ++d) {
    c.h[d] = c.spacing[d] > 0 ? c.spacing[d]
                              : 1 / (PetscReal)(b[d] == DM_BOUNDARY_PERIODIC ? n[d] : std::max<PetscInt>(n[d] - 1, 1));
  }
  if (c.spacing[0] > 0 || !coordinates) PetscFunctionReturn(PETSC_SUCCESS);
  PetscReal low[2], high[2], off = 0;
  for (int d = 0; d < 2; ++d) {
    PetscCall(VecStrideMin(coordinates, d, NULL, &low[d]));
    PetscCall(VecStrideMax(coordinates, d, NULL, &high[d]));
    if (n[d] > 1) c.h[d] = (high[d] - low[d]) / (PetscReal)(n[d] - 1);
  }
  const PetscScalar *x;
  PetscCall(DMDAGetCorners(c.dm, &x0, &y0, NULL, NULL, NULL, NULL));
  PetscCall(VecGetArrayRead(coordinates, &x));
  for (PetscInt j = 0; j < c.ny; j++) {
    for (PetscInt i = 0; i < c.nx; i++) {
      const PetscScalar *at = x + 2 * (j * c.nx + i);
      off = std::max(off, std::abs(PetscRealPart(at[0]) - low[0] - c.h[0] * (PetscReal)(x0 + i)) / c.h[0]);
      off = std::max(off, std::abs(PetscRealPart(at[1]) - low[1] - c.h[1] * (PetscReal)(y0 + j)) / c.h[1]);
    }
  }
  PetscCall(VecRestoreArrayRead(coordinates, &x));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &off, 1, MPIU_REAL, MPIU_MAX, comm));
  PetscCheck(off < 1e-4, comm, PETSC_ERR_SUP,
             "Closures need a uniform grid: found a point %g spacings away from its place (-closure_spacing hx,hy "
             "overrules the coordinates)",
             (double)off);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Buffers(PetRLClosure closure) {
  Closure &c = *closure->data;
  PetscInt n[2], x0, y0;

  PetscFunctionBegin;
  PetscCall(DMDAGetInfo(c.sources[0].ghosted, NULL, &n[0], &n[1], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                        NULL));
  PetscCall(DMDAGetCorners(c.dm, &x0, &y0, NULL, NULL, NULL, NULL));
  DMBoundaryType b[2];
  PetscCall(DMDAGetInfo(c.dm, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, &b[0], &b[1], NULL, NULL));
  const PetscInt first[2] = {x0 - c.ghost, y0 - c.ghost}, width[2] = {c.nx + 2 * c.ghost, c.ny + 2 * c.ghost};
  for (int d = 0; d < 2; ++d) {
    const bool periodic = b[d] == DM_BOUNDARY_PERIODIC;
    c.inside[2 * d] = periodic ? 0 : std::max<PetscInt>(0, -first[d]);
    c.inside[2 * d + 1] = periodic ? width[d] : std::min(width[d], n[d] - first[d]);
  }
  const auto plane = static_cast<std::size_t>(width[0] * width[1]);
  const PetscInt og = c.correction->outputGhost();
  PetRLCallCXX({
    c.planes.assign(plane * c.channels.size(), 0);
    c.output.assign(c.policy.action.low.size() * static_cast<std::size_t>((c.nx + 2 * og) * (c.ny + 2 * og)), 0);
    c.change.assign(c.correction->components().size() * static_cast<std::size_t>(c.nx * c.ny), 0);
    c.view.row = width[0];
    c.view.channel.resize(c.channels.size());
  });
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
  PetscValidHeaderSpecific(closure, PETRL_CLOSURE_CLASSID, 1);
  petrl::Closure &c = *closure->data;
  if (c.loaded) PetscFunctionReturn(PETSC_SUCCESS);
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscCheck(!PetscDefined(USE_COMPLEX), comm, PETSC_ERR_SUP, "Closures need PETSc with real scalars");
  PetscCheck(c.dm, comm, PETSC_ERR_ARG_WRONGSTATE, "The closure has no grid: call PetRLClosureSetDM()");
  PetscCheck(!c.file.empty(), comm, PETSC_ERR_ARG_WRONGSTATE,
             "The closure has no policy: give -closure_policy <file> or call PetRLClosureSetPolicy()");
  PetscCall(petrl::ClosureReset(closure));
  PetscCall(petrl::CheckGrid(c.dm));
  PetscCall(DMDAGetCorners(c.dm, NULL, NULL, NULL, &c.nx, &c.ny, NULL));
  PetscCall(petrl::PolicyLoad(comm, c, c.file, true, [&c] {
    c.backend = petrl::makeBackend<petrl::GridBackend>(c.policy, c.file);
    c.correction = petrl::Correction::make(c.policy, c.file);
    c.input = std::make_unique<petrl::FieldInput>(c.policy.observation);
    return c.backend->name();
  }));
  PetscCall(petrl::CheckWidth(closure));
  PetscCall(petrl::Resolve(closure));
  PetscCall(petrl::Spacing(closure));
  PetscCall(petrl::Buffers(closure));
  c.loaded = true;
  PetscCall(PetscObjectViewFromOptions((PetscObject)closure, NULL, "-closure_view"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
