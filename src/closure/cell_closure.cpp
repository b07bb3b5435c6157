#include "closure/cell_closure.hpp"

#include <petscfv.h>

#include <algorithm>
#include <cmath>

#include "closure/closure.hpp"
#include "mesh/plex_cells.hpp"
#include "policy/architectures.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

PetscErrorCode ClosureIsMesh(DM dm, bool *mesh) {
  PetscBool plex;
  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMPLEX, &plex));
  *mesh = plex == PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

namespace {

// The same number of unknowns in each cell, and none elsewhere.
PetscErrorCode Places(DM dm, ClosureCells &cells) {
  MPI_Comm comm = PetscObjectComm((PetscObject)dm);
  PetscSection local, global;
  PetscInt fields, start, end, dof, elsewhere = -1, first;
  Vec work;

  PetscFunctionBegin;
  PetscCall(DMGetLocalSection(dm, &local));
  PetscCall(PetscSectionGetNumFields(local, &fields));
  PetscCall(PetscSectionGetChart(local, &start, &end));
  long long most = 0, least = PETSC_MAX_INT;
  std::vector<bool> cell;
  PetRLCallCXX(cell.assign(static_cast<std::size_t>(std::max<PetscInt>(end, 0)), false));
  for (const PetscInt p : cells.points) {
    dof = 0;
    if (p >= start && p < end) {
      PetscCall(PetscSectionGetDof(local, p, &dof));
      cell[static_cast<std::size_t>(p)] = true;
    }
    most = std::max<long long>(most, dof);
    least = std::min<long long>(least, dof);
  }
  for (PetscInt p = start; p < end; ++p) {
    if (cell[static_cast<std::size_t>(p)]) continue;
    DMPolytopeType type;
    PetscCall(DMPlexGetCellType(dm, p, &type));
    PetscCall(PetscSectionGetDof(local, p, &dof));
    if (dof > 0 && type != DM_POLYTOPE_FV_GHOST) elsewhere = std::max(elsewhere, dof);
  }
  long long told[3] = {most, -least, elsewhere};
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, told, 3, MPI_LONG_LONG, MPI_MAX, comm));
  PetscCheck(
      told[2] < 0, comm, PETSC_ERR_SUP,
      "Closures on a DMPlex are for unknowns in cells (finite volumes): found %lld unknowns at a vertex, edge or "
      "face",
      told[2]);
  PetscCheck(told[0] > 0 && told[0] == -told[1], comm, PETSC_ERR_SUP,
             "Closures on a DMPlex are for finite volumes, with the same unknowns in each cell: found %lld to %lld "
             "unknowns in a cell",
             -told[1], told[0]);
  cells.dof = static_cast<PetscInt>(told[0]);
  PetscCall(DMGetGlobalSection(dm, &global));
  PetscCall(DMGetGlobalVector(dm, &work));
  PetscCall(VecGetOwnershipRange(work, &first, NULL));
  PetscCall(DMRestoreGlobalVector(dm, &work));
  PetRLCallCXX(cells.place.resize(static_cast<std::size_t>(cells.mesh.owned)));
  for (std::size_t c = 0; c < cells.place.size(); ++c) {
    PetscCall(PetscSectionGetOffset(global, cells.points[c], &cells.place[c]));
    cells.place[c] -= first;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode ClosureFindCells(DM dm, bool ghosts, ClosureCells &cells) {
  MPI_Comm comm = PetscObjectComm((PetscObject)dm);
  PetscInt dim;

  PetscFunctionBegin;
  PetscCall(DMGetDimension(dm, &dim));
  PetscCheck(dim == 2, comm, PETSC_ERR_SUP,
             "Closures on a DMPlex are for triangles in a plane: found a mesh of dimension %" PetscInt_FMT, dim);
  PetscCall(onEveryRank(comm, [&] {
    try {
      cells.mesh = cellMeshFromPlex(dm, &cells.points, nullptr, true);
    } catch (const Error &e) {
      throw Error(std::string("Closures on a DMPlex are for triangles in a plane: found ") + e.what(), e.code());
    }
  }));
  double sums[3] = {0, static_cast<double>(cells.mesh.owned), 0};
  for (int c = 0; c < cells.mesh.owned; ++c) sums[0] += cells.mesh.volume[static_cast<std::size_t>(c)];
  for (const CellMesh::Face &face : cells.mesh.faces) sums[2] += face.right < 0 && face.label == 0 ? 1 : 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPI_DOUBLE, MPI_SUM, comm));
  PetscCheck(!ghosts || sums[2] == 0, comm, PETSC_ERR_ARG_WRONGSTATE,
             "Closures need the cells beyond the faces between ranks: distribute the DMPlex with an overlap "
             "(-dm_distribute_overlap 1, DMPlexDistributeOverlap())");
  cells.spacing = std::sqrt(sums[0] / sums[1]);
  PetscCall(Places(dm, cells));
  PetscCall(cells.halo.setUp(dm, cells.points, cells.mesh.owned, false));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// What PetscFV calls a component, or the section; "" if it has none but PETSc's own names (Field_0, 0).
static PetscErrorCode NameOf(DM dm, PetscSection section, PetscInt field, PetscInt component, std::string &name) {
  const char *text = NULL;
  PetscObject object = NULL;
  PetscClassId id = 0;
  PetscInt fields, n;

  PetscFunctionBegin;
  PetscCall(DMGetNumFields(dm, &fields));
  if (field < fields) PetscCall(DMGetField(dm, field, NULL, &object));
  if (object) PetscCall(PetscObjectGetClassId(object, &id));
  if (id == PETSCFV_CLASSID)
    PetscCall(PetscFVGetComponentName((PetscFV)object, component, &text));
  else
    PetscCall(PetscSectionGetComponentName(section, field, component, &text));
  PetRLCallCXX(name = text ? text : "");
  if (name.find_first_not_of("0123456789") != std::string::npos) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSectionGetFieldComponents(section, field, &n));
  PetscCall(PetscSectionGetFieldName(section, field, &text));
  PetRLCallCXX(name = n == 1 && text && std::string(text).rfind("Field_", 0) != 0 ? text : "");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureCellNames(DM dm, std::vector<std::string> &names) {
  PetscSection section;
  PetscInt fields, start, end, dof = 0;

  PetscFunctionBegin;
  names.clear();
  PetscCall(DMGetLocalSection(dm, &section));
  PetscCall(PetscSectionGetNumFields(section, &fields));
  for (PetscInt f = 0; f < fields; ++f) {
    PetscInt n;
    PetscCall(PetscSectionGetFieldComponents(section, f, &n));
    for (PetscInt c = 0; c < n; ++c) {
      std::string name;
      PetscCall(NameOf(dm, section, f, c, name));
      PetRLCallCXX(names.push_back(name.empty() ? "component" + std::to_string(names.size()) : name));
    }
  }
  PetscCall(DMPlexGetHeightStratum(dm, 0, &start, &end));
  if (end > start) PetscCall(PetscSectionGetDof(section, start, &dof));
  long long all = dof;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_LONG_LONG, MPI_MAX, PetscObjectComm((PetscObject)dm)));
  PetscCheck(fields == 0 || names.size() == static_cast<std::size_t>(all), PetscObjectComm((PetscObject)dm),
             PETSC_ERR_ARG_INCOMP,
             "Closures on a DMPlex: the section's fields have %zu components, a cell has %lld unknowns: "
             "PetscSectionSetFieldComponents() says how many a field has",
             names.size(), all);
  for (long long k = 0; fields == 0 && k < all; ++k) PetRLCallCXX(names.push_back("component" + std::to_string(k)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureCells::Fetch(Vec X, std::vector<double> &u) {
  const PetscScalar *x;

  PetscFunctionBegin;
  PetRLCallCXX(u.resize(static_cast<std::size_t>(mesh.cells * dof)));
  PetscCall(VecGetArrayRead(X, &x));
  double *to = u.data();
  for (const PetscInt at : place)
    for (PetscInt k = 0; k < dof; ++k) *to++ = PetscRealPart(x[at + k]);
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscCall(halo.fill(MPI_DOUBLE, static_cast<int>(dof), u.data()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void CellClosure::make(const Policy &policy, const std::string &source) {
  if (policy.action.transform != "cell-flux")
    throw Error(source + ": the policy is for a grid (DMDA; transform " + policy.action.transform +
                    "), the DM is a DMPlex: expected one for the cells of a mesh (transform cell-flux)",
                PETSC_ERR_ARG_INCOMP);
  flux = std::make_unique<CellFlux>(policy, source);
  network = makeBackend<GraphBackend>(policy, source);
  if (network->edgeInputs() != CellFlux::kEdgeInputs)
    throw Error(source + ": /network: edge_inputs: expected " + std::to_string(CellFlux::kEdgeInputs) + ", found " +
                    std::to_string(network->edgeInputs()),
                PETSC_ERR_FILE_UNEXPECTED);
}

PetscErrorCode CellClosure::Observe(Vec X) {
  PetscFunctionBegin;
  PetscCall(cells.Fetch(X, u));
  flux->observe(u.data(), node.data());
  PetscFunctionReturn(PETSC_SUCCESS);
}

void CellClosure::infer() {
  GraphBackend::Exchange exchange;
  if (cells.halo.needed())
    exchange = [this](float *rows, int width) {
      PetRLThrow(cells.halo.fill(MPI_FLOAT, CellFlux::kSlots * width, rows));  // those of a cell's sides are together
    };
  network->evaluate(flux->graph(), node.data(), flux->edges(), output.data(), exchange);
}

PetscErrorCode CellClosure::Act(const float *out, double factor) {
  PetscFunctionBegin;
  flux->sides(u.data(), out, sides.data());
  PetscCall(cells.halo.fill(MPI_DOUBLE, CellFlux::kSlots * static_cast<int>(cells.dof), sides.data()));
  flux->change(sides.data(), factor, change.data());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CellClosure::Write(bool use, Vec A) const {
  PetscScalar *a;

  PetscFunctionBegin;
  PetscCall(VecZeroEntries(A));
  if (!use) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetArray(A, &a));
  const double *from = change.data();
  for (const PetscInt at : cells.place)
    for (PetscInt k = 0; k < cells.dof; ++k) a[at + k] = *from++;
  PetscCall(VecRestoreArray(A, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// With the policy of the file, or one that is in memory already.
PetscErrorCode ClosureSetUpCells(PetRLClosure closure, const Policy *given) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  const std::string source = given ? "the policy to be learned" : c.file;
  std::shared_ptr<CellClosure> made;
  std::vector<std::string> names;

  PetscFunctionBegin;
  PetscCheck(c.fields.empty() && c.auxiliary.empty(), comm, PETSC_ERR_SUP,
             "Closures on a DMPlex see nothing but the state: found fields beside it (PetRLClosureSetField(), "
             "-closure_auxiliary)");
  PetRLCallCXX(made = std::make_shared<CellClosure>());
  const auto make = [&] {
    made->make(c.policy, source);
    return std::string(made->network->name());
  };
  if (given) {
    PetscCall(onEveryRank(comm, [&] {
      c.policy = *given;
      c.evaluator = make();
    }));
  } else {
    PetscCall(PolicyLoad(comm, c, c.file, true, make));
  }
  PetscCall(ClosureFindCells(c.dm, true, made->cells));
  PetscCall(ClosureStateNames(closure, names));
  const std::vector<std::string> &expected = made->flux->unknowns().names;
  PetscCheck(names == expected, comm, PETSC_ERR_ARG_INCOMP,
             "%s: the policy is for the unknowns %s, the DMPlex has %s in its cells (name them with PetscFV or "
             "PetscSection, or with -closure_fields)",
             source.c_str(), joined(expected, ", ").c_str(), joined(names, ", ").c_str());
  PetRLCallCXX({
    made->flux->setUp(made->cells.mesh, made->cells.spacing);
    made->node.resize(made->flux->inputsSize());
    made->output.resize(made->flux->outputsSize());
    made->sides.resize(static_cast<std::size_t>(made->cells.mesh.cells * CellFlux::kSlots) * names.size());
    made->change.resize(static_cast<std::size_t>(made->cells.mesh.owned) * names.size());
    c.channels.clear();
    std::vector<int> components;
    for (std::size_t k = 0; k < names.size(); ++k) {
      c.channels.push_back({0, static_cast<PetscInt>(k)});
      components.push_back(static_cast<int>(k));
    }
    c.surroundings = Surroundings(c.policy, components);
    c.h[0] = c.h[1] = made->cells.spacing;
    c.own_step = c.given_step > 0 ? c.given_step : ownStep(c.surroundings.training(), made->cells.spacing);
    c.use.spacing.assign(c.h, c.h + 2);
    c.use.periodic = true;  // walls are in the mesh, and in what the network sees
    const double trained = ownStep(c.surroundings.training(), 0);
    c.use.time_unit = c.given_step > 0 && trained > 0 ? c.given_step / trained : 1;
    c.told.resize(1 + 2 * names.size());
    c.use.fields.clear();
  });
  PetscCall(DMCreateGlobalVector(c.dm, &c.work));
  c.cells = made;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureApplyCells(PetRLClosure closure, Vec X, PetscReal dt, Vec A) {
  Closure &c = *closure->data;
  CellClosure &m = *c.cells;
  const auto n = static_cast<std::size_t>(m.cells.dof), owned = static_cast<std::size_t>(m.cells.mesh.owned);
  std::string failure;
  bool good;

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(PetRL_Observe, closure, X, 0, 0));
  PetscCall(m.Observe(X));
  PetscCall(PetscLogEventEnd(PetRL_Observe, closure, X, 0, 0));
  PetscCall(PetscLogEventBegin(PetRL_Infer, closure, X, 0, 0));
  try {
    m.infer();
  } catch (const std::exception &e) {
    failure = std::string("a closure failed: ") + e.what();
  }
  PetscCall(PetscLogEventEnd(PetRL_Infer, closure, X, 0, 0));
  PetscCall(PetscLogEventBegin(PetRL_Act, closure, X, 0, 0));
  PetscCall(m.Act(m.output.data(), static_cast<double>(dt) * m.cells.spacing / static_cast<double>(c.own_step)));
  c.told[0] = owned == 0 || allFinite(m.change.data(), m.change.size()) ? 1 : 0;
  for (std::size_t k = 0; k < n; ++k) {
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (std::size_t i = 0; i < owned; ++i) low = std::min(low, m.u[i * n + k]), high = std::max(high, m.u[i * n + k]);
    c.told[1 + 2 * k] = low;
    c.told[2 + 2 * k] = -high;
  }
  PetscCall(ClosureAgree(closure, dt, failure, true, &good));
  PetscCall(m.Write(good, A));
  PetscCall(PetscLogEventEnd(PetRL_Act, closure, X, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
