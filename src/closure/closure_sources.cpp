// PetRLClosure: where each channel of the observation comes from, and its exchange between ranks.
#include <algorithm>

#include "closure/cell_closure.hpp"
#include "closure/closure.hpp"

namespace petrl {

PetscErrorCode ClosureGhostedGrid(PetRLClosure closure, PetscInt dof, PetscInt width, DM *grid) {
  GridShape s;

  PetscFunctionBegin;
  PetscCall(ClosureGridShape(closure->data->dm, &s));
  for (DMBoundaryType &b : s.boundary) b = b == DM_BOUNDARY_PERIODIC ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_GHOSTED;
  for (PetscInt d = s.dim; d < 3; d++) s.boundary[d] = DM_BOUNDARY_NONE;
  PetscCall(DMDACreate(PetscObjectComm((PetscObject)closure), grid));
  PetscCall(DMSetDimension(*grid, s.dim));
  PetscCall(DMDASetSizes(*grid, s.n[0], s.n[1], s.n[2]));
  PetscCall(DMDASetNumProcs(*grid, s.ranks[0], s.ranks[1], s.ranks[2]));
  PetscCall(DMDASetBoundaryType(*grid, s.boundary[0], s.boundary[1], s.boundary[2]));
  PetscCall(DMDASetDof(*grid, dof));
  PetscCall(DMDASetStencilType(*grid, DMDA_STENCIL_BOX));
  PetscCall(DMDASetStencilWidth(*grid, width));
  PetscCall(DMDASetOwnershipRanges(*grid, s.parts[0], s.dim > 1 ? s.parts[1] : NULL, s.dim > 2 ? s.parts[2] : NULL));
  PetscCall(DMSetUp(*grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

namespace {

// The number of components of a Vec on the closure's grid; an error if it lies on another.
PetscErrorCode CheckField(PetRLClosure closure, const NamedField &field, PetscInt *dof) {
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  bool fits;

  PetscFunctionBegin;
  PetscCall(ClosureFieldFits(closure, field, &fits, dof));
  PetscCheck(fits, comm, PETSC_ERR_ARG_INCOMP,
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
  DM &grid = c.grids[dof];
  if (!grid) PetscCall(ClosureGhostedGrid(closure, dof, c.ghost, &grid));
  source.ghosted = grid;
  PetscCall(DMGetLocalVector(source.ghosted, &source.local));
  if (vec) PetscCall(PetscObjectReference((PetscObject)vec));
  source.vec = vec;
  PetRLCallCXX(c.sources.push_back(source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Names of a DMDA's components; where there is none: `what` and its number.
PetscErrorCode FieldNames(DM dm, const char what[], std::vector<std::string> &names) {
  PetscInt dof;
  PetscFunctionBegin;
  PetscCall(DMDAGetDof(dm, &dof));
  names.clear();
  for (PetscInt i = 0; i < dof; i++) {
    const char *name;
    PetscCall(DMDAGetFieldName(dm, i, &name));
    PetRLCallCXX(names.emplace_back(name && *name ? name : what + std::to_string(i)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

std::string list(const std::vector<std::string> &names) {
  return names.empty() ? "none" : joined(names, ", ");
}

// Finds each channel by name; `missing` gets those that nobody offers.
PetscErrorCode FindChannels(PetRLClosure closure, const std::vector<std::string> &state,
                            const std::vector<NamedField> &offered, std::vector<std::string> &missing) {
  Closure &c = *closure->data;
  Vec auxiliary;

  PetscFunctionBegin;
  PetscCall(DMGetAuxiliaryVec(c.dm, NULL, 0, 0, &auxiliary));
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
    if (it->vec == auxiliary) c.followed = auxiliary;
    PetRLCallCXX(c.channels.push_back({source, it->component}));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode ClosureStateNames(PetRLClosure closure, std::vector<std::string> &names) {
  const Closure &c = *closure->data;
  bool mesh;

  PetscFunctionBegin;
  PetscCall(ClosureIsMesh(c.dm, &mesh));
  PetscCall(mesh ? ClosureCellNames(c.dm, names) : FieldNames(c.dm, "component", names));
  if (c.state_names.empty()) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(c.state_names.size() == names.size(), PetscObjectComm((PetscObject)closure), PETSC_ERR_ARG_SIZ,
             "-closure_fields: expected %d names (one a component of the state), found %d (%s)",
             static_cast<int>(names.size()), static_cast<int>(c.state_names.size()),
             joined(c.state_names, ", ").c_str());
  PetRLCallCXX(names = c.state_names);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// All ranks come to the same conclusion.
PetscErrorCode ClosureFieldFits(PetRLClosure closure, const NamedField &field, bool *fits, PetscInt *dof) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscInt size, n[3], first[3];
  DM dm;

  PetscFunctionBegin;
  PetscCall(VecGetDM(field.vec, &dm));
  PetscCall(VecGetLocalSize(field.vec, &size));
  PetscCall(DMDAGetCorners(c.dm, &first[0], &first[1], &first[2], &n[0], &n[1], &n[2]));
  const PetscInt points = n[0] * n[1] * n[2];
  int bad = size % points != 0 || size == 0;
  *dof = size / points;
  if (dm) {
    PetscBool da;
    PetscInt m[3], begin[3];
    PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMDA, &da));
    PetscCheck(da, comm, PETSC_ERR_ARG_WRONG, "field '%s' (%s): expected a Vec of a DMDA, found a DM of type %s",
               field.name.c_str(), field.what.c_str(), ((PetscObject)dm)->type_name);
    PetscCall(DMDAGetCorners(dm, &begin[0], &begin[1], &begin[2], &m[0], &m[1], &m[2]));
    for (int d = 0; d < 3; ++d) bad = bad || m[d] != n[d] || begin[d] != first[d];
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &bad, 1, MPI_INT, MPI_MAX, comm));
  *fits = bad == 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// What the DM's auxiliary Vec offers comes last.
PetscErrorCode ClosureOfferedFields(PetRLClosure closure, std::vector<NamedField> &offered) {
  Closure &c = *closure->data;
  Vec auxiliary;
  DM dm;
  PetscBool da = PETSC_FALSE;
  std::vector<std::string> names;

  PetscFunctionBegin;
  PetRLCallCXX(offered = c.fields);
  for (std::size_t i = 0; i < c.read.size(); ++i)
    PetRLCallCXX(offered.push_back({c.read_names[i], "file " + c.auxiliary, c.read[i], 0}));
  PetscCall(DMGetAuxiliaryVec(c.dm, NULL, 0, 0, &auxiliary));
  if (!auxiliary) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetDM(auxiliary, &dm));
  if (dm) PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMDA, &da));
  if (!da) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(FieldNames(dm, "auxiliary", names));
  for (std::size_t i = 0; i < names.size(); ++i)
    PetRLCallCXX(offered.push_back({names[i], "the DM's auxiliary Vec", auxiliary, static_cast<PetscInt>(i)}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureResolve(PetRLClosure closure) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  std::vector<std::string> state, missing;
  std::vector<NamedField> offered;
  std::size_t index;
  PetscInt dof;

  PetscFunctionBegin;
  PetscCall(DMDAGetDof(c.dm, &dof));
  PetscCall(ClosureStateNames(closure, state));
  PetscCall(AddSource(closure, NULL, dof, "the state", &index));
  PetscCall(ClosureOfferedFields(closure, offered));
  PetscCall(FindChannels(closure, state, offered, missing));
  if (!c.auxiliary.empty() && c.read.empty()) {
    PetscCall(ClosureReadAuxiliary(closure, missing));
    PetscCall(ClosureOfferedFields(closure, offered));
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

PetscErrorCode ClosureForgetSources(PetRLClosure closure) {
  Closure &c = *closure->data;
  PetscFunctionBegin;
  for (FieldSource &source : c.sources) {
    PetscCall(VecDestroy(&source.vec));
    PetscCall(DMRestoreLocalVector(source.ghosted, &source.local));
  }
  c.sources.clear();
  c.channels.clear();
  c.followed = NULL;
  c.state_type.clear();
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The sources hold the Vec that was followed: another one has another address.
PetscErrorCode ClosureFollowAuxiliary(PetRLClosure closure) {
  Closure &c = *closure->data;
  Vec now;
  PetscFunctionBegin;
  if (!c.followed) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMGetAuxiliaryVec(c.dm, NULL, 0, 0, &now));
  if (now == c.followed) PetscFunctionReturn(PETSC_SUCCESS);
  c.loaded = false;  // should this fail, the set-up starts over
  PetscCall(ClosureForgetSources(closure));
  PetscCall(ClosureResolve(closure));
  c.loaded = true;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
