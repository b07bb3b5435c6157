// PetRLRefiner: from one mesh to the next, and what was on it.
#include <algorithm>

#include "mesh/forest_impl.hpp"
#include "mesh/plex_cells.hpp"
#include "refine/refiner.hpp"
#include "refine/refiner_gradient.hpp"

namespace petrl {

namespace {

PetscErrorCode MarksOf(const RefinerMesh &mesh, DMLabel label, std::vector<signed char> &marks) {
  const PetscInt values[2] = {DM_ADAPT_REFINE, DM_ADAPT_COARSEN};

  PetscFunctionBegin;
  PetRLCallCXX(marks.assign(mesh.cells.owned, 0));
  for (int k = 0; k < 2; ++k) {
    IS is;
    PetscInt n;
    const PetscInt *points;
    PetscCall(DMLabelGetStratumIS(label, values[k], &is));
    if (!is) continue;
    PetscCall(ISGetLocalSize(is, &n));
    PetscCall(ISGetIndices(is, &points));
    // Cells are their points in meshes of a hierarchy; what is marked beyond the owned ones is their owners' matter.
    for (PetscInt i = 0; i < n; ++i)
      if (points[i] >= 0 && points[i] < mesh.cells.owned) marks[points[i]] = k == 0 ? 1 : -1;
    PetscCall(ISRestoreIndices(is, &points));
    PetscCall(ISDestroy(&is));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Where the leaves were made; they may move now.
void noteLeaves(const Forest::Impl &forest, Passage &p) {
  const int d = forest.dim(), slots = forest.slots(), n = forest.leaves();
  p.centre.resize(static_cast<std::size_t>(n * d));
  p.level = forest.level;
  p.corner.resize(static_cast<std::size_t>(n * slots));
  for (int c = 0; c < n; ++c) {
    const Leaf &l = forest.leaf[c];
    for (int k = 0; k < slots; ++k) p.corner[c * slots + k] = l.v[k];
    for (int i = 0; i < d; ++i)
      p.centre[c * d + i] = d == 1 ? 0.5 * (l.x[0][i] + l.x[1][i]) : (l.x[0][i] + l.x[1][i] + l.x[2][i]) / 3;
  }
}

// Leaves keep their order over all ranks when they move.
PetscErrorCode Balance(PetRLRefiner refiner, Passage &p) {
  Refiner &r = *refiner->data;
  PetscLayout layout;
  PetscInt before, after, first = 0;
  std::vector<double> none;
  bool moved;

  PetscFunctionBegin;
  if (r.forest->imbalance() <= r.imbalance) PetscFunctionReturn(PETSC_SUCCESS);
  before = r.forest->leaves();
  PetRLCallCXX(moved = r.forest->balance(none, 0));
  if (!moved) PetscFunctionReturn(PETSC_SUCCESS);
  after = r.forest->leaves();
  PetscCallMPI(MPI_Exscan(&after, &first, 1, MPIU_INT, MPI_SUM, PetscObjectComm((PetscObject)refiner)));
  PetscCall(PetscLayoutCreateFromSizes(PetscObjectComm((PetscObject)refiner), before, PETSC_DECIDE, 1, &layout));
  std::vector<PetscInt> number;
  PetRLCallCXX(number.resize(after));
  for (PetscInt i = 0; i < after; ++i) number[i] = first + i;
  PetscCall(PetscSFCreate(PetscObjectComm((PetscObject)refiner), &p.moved));
  PetscCall(PetscSFSetGraphLayout(p.moved, layout, after, NULL, PETSC_COPY_VALUES, number.data()));
  PetscCall(PetscLayoutDestroy(&layout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Vertices whose numbers changed although the mesh did not.
void renumber(const std::vector<int> &from, std::vector<int> &vertex) {
  std::vector<int> next(from.size());
  bool same = true;
  for (std::size_t v = 0; v < from.size(); ++v) {
    next[v] = vertex.empty() ? from[v] : vertex[from[v]];
    same = same && next[v] == static_cast<int>(v);
  }
  if (same) next.clear();
  vertex.swap(next);
}

PetscErrorCode AdaptHierarchy(PetRLRefiner refiner, DMLabel label, DM *newdm) {
  Refiner &r = *refiner->data;
  std::vector<signed char> marks;
  const bool own = label == r.decided && r.decision.priority.size() == static_cast<std::size_t>(r.mesh->cells.owned);
  auto passage = std::make_unique<Passage>();
  std::unique_ptr<RefinerMesh> mesh;
  PetscMPIInt size;
  int changed;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)refiner), &size));
  PetscCall(MarksOf(*r.mesh, label, marks));
  ForestLimits limits;
  limits.max_level = static_cast<int>(r.max_level) * r.mesh->cells.dim;
  limits.max_cells = r.max_cells;
  PetRLCallCXX(passage->lineage = r.forest->adapt(marks, limits, own ? r.decision.priority : std::vector<float>()));
  const std::vector<int> &levels = r.forest->levels();
  changed = static_cast<int>(levels.size()) != r.mesh->cells.owned ||
            !std::equal(levels.begin(), levels.end(), r.mesh->cells.level.begin());
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &changed, 1, MPI_INT, MPI_MAX, PetscObjectComm((PetscObject)refiner)));
  if (!changed) {
    PetRLCallCXX(renumber(r.forest->vertexLineage().a, r.vertex));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetRLCallCXX(passage->vertices = r.forest->vertexLineage());
  if (!r.vertex.empty()) {  // the mesh before calls its vertices otherwise
    for (int &v : passage->vertices.a) v = r.vertex[v];
    for (int &v : passage->vertices.b) v = r.vertex[v];
    for (auto &v : passage->vertices.removed) v = {r.vertex[v.vertex], r.vertex[v.a], r.vertex[v.b]};
    r.vertex.clear();
  }
  PetRLCallCXX(noteLeaves(r.forest->impl(), *passage));
  if (size > 1) PetscCall(Balance(refiner, *passage));
  PetscCall(RefinerBuildMesh(refiner, mesh));
  r.before = std::move(r.mesh);
  r.mesh = std::move(mesh);
  r.passage = std::move(passage);
  r.decided = NULL;
  ++r.remeshes;
  *newdm = r.mesh->dm;
  PetscCall(PetscObjectReference((PetscObject)*newdm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Rows of values by an SF; `to` has `rows` of them.
PetscErrorCode Move(PetscSF sf, int width, const std::vector<double> &from, std::size_t rows, std::vector<double> &to) {
  MPI_Datatype row;

  PetscFunctionBegin;
  PetRLCallCXX(to.resize(rows * width));
  PetscCallMPI(MPI_Type_contiguous(width, MPI_DOUBLE, &row));
  PetscCallMPI(MPI_Type_commit(&row));
  PetscCall(PetscSFBcastBegin(sf, row, from.data(), to.data(), MPI_REPLACE));
  PetscCall(PetscSFBcastEnd(sf, row, from.data(), to.data(), MPI_REPLACE));
  PetscCallMPI(MPI_Type_free(&row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Limited gradients of one cell's components lie together.
PetscErrorCode Gradients(RefinerMesh &mesh, int width, const std::vector<double> &rows, std::vector<double> &result) {
  const CellMesh &m = mesh.cells;
  std::vector<double> u, g, work;

  PetscFunctionBegin;
  PetRLCallCXX(result.resize(static_cast<std::size_t>(m.owned * width * m.dim)); u.resize(m.cells);
               g.resize(static_cast<std::size_t>(m.owned * m.dim)));
  for (int w = 0; w < width; ++w) {
    for (int c = 0; c < m.cells; ++c) u[c] = rows[static_cast<std::size_t>(c * width + w)];
    PetRLCallCXX(limitedGradient(m, u.data(), width == 1 ? result.data() : g.data(), work));
    if (width == 1) break;
    for (int c = 0; c < m.owned; ++c)
      for (int i = 0; i < m.dim; ++i)
        result[static_cast<std::size_t>((c * width + w) * m.dim + i)] = g[static_cast<std::size_t>(c * m.dim + i)];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TransferCells(PetRLRefiner refiner, DM from, Vec u, DM to, Vec v, int width) {
  Refiner &r = *refiner->data;
  RefinerMesh &old = *r.before;
  const Passage &p = *r.passage;
  std::vector<double> rows, gradient, made, moved;

  PetscFunctionBegin;
  PetRLCallCXX(rows.resize(static_cast<std::size_t>(old.cells.cells * width)));
  PetscCall(RefinerGetCells(from, u, old, width, rows.data()));
  PetscCall(old.halo.fill(MPI_DOUBLE, width, rows.data()));
  PetscCall(Gradients(old, width, rows, gradient));
  CellMesh parts;  // all that the transfer asks for
  parts.dim = old.cells.dim;
  parts.owned = static_cast<int>(p.level.size());
  PetRLCallCXX(parts.centre = p.centre; parts.level = p.level;
               made.resize(static_cast<std::size_t>(parts.owned * width)));
  PetRLCallCXX(transferAverages(old.cells, parts, p.lineage, width, rows.data(), gradient.data(), made.data()));
  if (p.moved) PetscCall(Move(p.moved, width, made, r.mesh->cells.owned, moved));
  PetscCall(RefinerSetCells(to, v, *r.mesh, width, p.moved ? moved.data() : made.data()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TransferVertices(PetRLRefiner refiner, DM from, Vec u, DM to, Vec v, int width) {
  Refiner &r = *refiner->data;
  const Passage &p = *r.passage;
  const CellMesh &m = r.mesh->cells;
  std::vector<double> old, made, corners, moved;
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)refiner), &size));
  PetscCall(RefinerGetVertices(from, u, width, old));
  if (r.method == PETRL_REFINER_ADAPTLABEL) {
    PetscCall(RefinerInterpolateVertices(refiner, width, old, made));
    PetscCall(RefinerSetVertices(to, v, width, made));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetRLCallCXX(made.resize(p.vertices.a.size() * width));
  if (size == 1)
    PetRLCallCXX(transferVertexValues(r.before->cells, p.vertices, width, old.data(), made.data()));
  else
    PetscCall(RefinerTransferVertices(*r.before, p.vertices, width, old, made));
  if (p.moved) {
    // Vertices have other numbers there; cells bring those of their corners along.
    const int slots = m.slots();
    PetRLCallCXX(corners.resize(p.corner.size() * width));
    for (std::size_t k = 0; k < p.corner.size(); ++k)
      std::copy_n(&made[static_cast<std::size_t>(p.corner[k] * width)], width, &corners[k * width]);
    PetscCall(Move(p.moved, slots * width, corners, m.owned, moved));
    PetRLCallCXX(made.assign(static_cast<std::size_t>(m.vertices * width), 0.));
    for (int k = 0; k < m.owned * slots; ++k)
      std::copy_n(&moved[static_cast<std::size_t>(k * width)], width,
                  &made[static_cast<std::size_t>(m.vertex[k] * width)]);
  }
  PetscCall(RefinerSetVertices(to, v, width, made));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// From the program's own mesh to the first one: the same cells, on other ranks.
PetscErrorCode Arrive(PetRLRefiner refiner, DM from, Vec u, DM to, Vec v, const FieldLayout &layout) {
  Refiner &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;
  const int slots = m.slots(), width = static_cast<int>(layout.width), d = m.dim;
  RefinerMesh own;
  PetscInt end;
  std::vector<double> here, rows, all, made;

  PetscFunctionBegin;
  PetscCall(DMPlexGetChart(r.base, NULL, &end));
  PetRLCallCXX(own.cells = cellMeshFromPlex(r.base, &own.points));
  // Corners and what is there: their order is not that of the refiner's cells.
  const int wide = layout.vertices ? slots * (width + d) : width;
  PetRLCallCXX(rows.assign(static_cast<std::size_t>(end * wide), 0.));
  if (!layout.vertices) {
    PetRLCallCXX(here.resize(static_cast<std::size_t>(own.cells.owned * width)));
    PetscCall(RefinerGetCells(from, u, own, width, here.data()));
    for (int c = 0; c < own.cells.owned; ++c)
      std::copy_n(&here[static_cast<std::size_t>(c * width)], width,
                  &rows[static_cast<std::size_t>(own.points[c] * wide)]);
  } else {
    PetscCall(RefinerGetVertices(from, u, width, here));
    for (int c = 0; c < own.cells.owned; ++c) {
      double *row = &rows[static_cast<std::size_t>(own.points[c] * wide)];
      for (int k = c * slots; k < (c + 1) * slots; ++k, row += width + d) {
        std::copy_n(&own.cells.corner[static_cast<std::size_t>(k * d)], d, row);
        std::copy_n(&here[static_cast<std::size_t>(own.cells.vertex[k] * width)], width, row + d);
      }
    }
  }
  PetscCall(Move(r.passage->arrival, wide, rows, m.owned, all));
  if (!layout.vertices) {
    PetscCall(RefinerSetCells(to, v, *r.mesh, width, all.data()));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetRLCallCXX(made.assign(static_cast<std::size_t>(m.vertices * width), 0.));
  for (int k = 0; k < m.owned * slots; ++k)
    for (int s = 0; s < slots; ++s) {
      const double *const row = &all[static_cast<std::size_t>((k / slots * slots + s) * (width + d))];
      if (!std::equal(row, row + d, &m.corner[static_cast<std::size_t>(k * d)])) continue;
      std::copy_n(row + d, width, &made[static_cast<std::size_t>(m.vertex[k] * width)]);
    }
  PetscCall(RefinerSetVertices(to, v, width, made));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

}  // namespace petrl

/*@
   PetRLRefinerAdapt - Makes the mesh that a label asks for

   Collective

   Input Parameters:
+  refiner - the refiner
-  label   - values `DM_ADAPT_REFINE` and `DM_ADAPT_COARSEN` at the cells of the current mesh, all others are kept

   Output Parameter:
.  newdm - the new mesh, to be destroyed with DMDestroy(); NULL if nothing changes

   Level: intermediate

   Notes:
   A cell that is refined becomes four (two in one dimension), a coarsened one a quarter (half) of what it was made
   from, where all parts are marked so. More cells are refined where conformity asks for it.

   The new DM has no unknowns until `PetRLRefinerTransfer()` gives it those of the Vec's DM.

.seealso: `PetRLRefiner`, `PetRLRefinerDecide()`, `PetRLRefinerTransfer()`
@*/
PetscErrorCode PetRLRefinerAdapt(PetRLRefiner refiner, DMLabel label, DM *newdm) {
  PetscFunctionBegin;
  PetscValidHeaderSpecific(refiner, PETRL_REFINER_CLASSID, 1);
  PetscValidPointer(newdm, 3);
  *newdm = NULL;
  PetscCall(PetRLRefinerSetUp(refiner));
  PetscCall(PetscLogEventBegin(PetRL_Remesh, refiner, 0, 0, 0));
  if (refiner->data->method == PETRL_REFINER_HIERARCHY)
    PetscCall(petrl::AdaptHierarchy(refiner, label, newdm));
  else
    PetscCall(petrl::RefinerAdaptLabel(refiner, label, newdm));
  PetscCall(PetscLogEventEnd(PetRL_Remesh, refiner, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerTransfer - Brings a Vec from the mesh before the last adaptation to the one after

   Collective

   Input Parameters:
+  refiner - the refiner
-  u       - the Vec: unknowns in cells or at vertices, the same number everywhere

   Output Parameter:
.  newu - a new Vec on the new mesh, to be destroyed

   Level: intermediate

   Notes:
   In cells: averages. Parts of a cell get its linear reconstruction, limited by what is around each corner. At
   vertices: linear interpolation; where vertices vanish their neighbours take over what they held. Integrals are
   conserved to rounding.

   The new mesh gets the unknowns of the Vec's DM (fields, or a section with as many unknowns in each cell or at each
   vertex), its types of Vec and Mat, adjacency and application context, unless it has unknowns already. A Vec with
   other unknowns than the mesh's belongs to a clone.

   Before the first adaptation, it brings a Vec from the mesh of `PetRLRefinerSetDM()` to that of
   `PetRLRefinerGetDM()`.

.seealso: `PetRLRefiner`, `PetRLRefinerAdapt()`
@*/
PetscErrorCode PetRLRefinerTransfer(PetRLRefiner refiner, Vec u, Vec *newu) {
  petrl::FieldLayout layout, there;
  const char *name;
  DM from, to, clone = NULL;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(refiner, PETRL_REFINER_CLASSID, 1);
  PetscValidHeaderSpecific(u, VEC_CLASSID, 2);
  PetscValidPointer(newu, 3);
  *newu = NULL;
  petrl::Refiner &r = *refiner->data;
  PetscCheck(r.ready && (r.before || (r.passage && r.passage->arrival)), PetscObjectComm((PetscObject)refiner),
             PETSC_ERR_ORDER, "Nothing to transfer from: call PetRLRefinerAdapt() first");
  PetscCall(PetscLogEventBegin(PetRL_Remesh, refiner, 0, 0, 0));
  if (r.before) {
    PetscCall(petrl::RefinerVecDM(refiner, u, *r.before, "The Vec to transfer", &from));
  } else {
    PetscCall(VecGetDM(u, &from));
    PetscCheck(petrl::RefinerSameMesh(from, r.base), PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_WRONG,
               "The Vec to transfer belongs to another mesh than that of PetRLRefinerSetDM()");
  }
  int nested = r.passage->nested;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &nested, 1, MPI_INT, MPI_MIN, PetscObjectComm((PetscObject)refiner)));
  PetscCheck(nested, PetscObjectComm((PetscObject)refiner), PETSC_ERR_SUP,
             "%s adaptlabel: the adaptor made cells that are no parts of old ones on the same rank: no transfer that "
             "conserves; expected %s hierarchy",
             petrl::RefinerOption(refiner, "refiner_method").c_str(),
             petrl::RefinerOption(refiner, "refiner_method").c_str());
  PetscCall(petrl::RefinerLayout(from, "The Vec to transfer", &layout));
  to = r.mesh->dm;
  if (!petrl::RefinerHasUnknowns(to)) {
    PetscCall(petrl::RefinerCopyDM(from, to, layout));
  } else {
    PetscCall(petrl::RefinerLayout(to, "The new mesh", &there));
    if (there.vertices != layout.vertices || there.width != layout.width) {
      PetscCall(DMClone(to, &clone));
      to = clone;
      PetscCall(petrl::RefinerCopyDM(from, to, layout));
    }
  }
  PetscCall(DMCreateGlobalVector(to, newu));
  PetscCall(PetscObjectGetName((PetscObject)u, &name));
  PetscCall(PetscObjectSetName((PetscObject)*newu, name));
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)*newu, ((PetscObject)u)->prefix));
  const int width = static_cast<int>(layout.width);
  if (!r.before)
    PetscCall(petrl::Arrive(refiner, from, u, to, *newu, layout));
  else if (layout.vertices)
    PetscCall(petrl::TransferVertices(refiner, from, u, to, *newu, width));
  else
    PetscCall(petrl::TransferCells(refiner, from, u, to, *newu, width));
  PetscCall(DMDestroy(&clone));
  PetscCall(PetscLogEventEnd(PetRL_Remesh, refiner, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}
