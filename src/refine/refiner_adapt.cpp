// PetRLRefiner: from one mesh to the next.
#include <algorithm>

#include "mesh/forest_impl.hpp"
#include "mesh/plex_base.hpp"
#include "refine/refiner.hpp"

namespace petrl {

void RefinerLeafCentres(const Forest &forest, std::vector<double> &centre) {
  const Forest::Impl &f = forest.impl();
  const int d = f.dim(), n = f.leaves();
  centre.resize(static_cast<std::size_t>(n * d));
  for (int c = 0; c < n && d == 3; ++c) {
    const Tetrahedron &t = f.tet[c];
    for (int i = 0; i < 3; ++i) centre[c * 3 + i] = 0.25 * (t.x[0][i] + t.x[1][i] + t.x[2][i] + t.x[3][i]);
  }
  for (int c = 0; c < n && d < 3; ++c) {
    const Leaf &l = f.leaf[c];
    for (int i = 0; i < d; ++i)
      centre[c * d + i] = d == 1 ? 0.5 * (l.x[0][i] + l.x[1][i]) : (l.x[0][i] + l.x[1][i] + l.x[2][i]) / 3;
  }
}

namespace {

PetscErrorCode MarksOf(const RefinerMesh &mesh, DMLabel label, std::vector<signed char> &marks) {
  const PetscInt values[2] = {DM_ADAPT_REFINE, DM_ADAPT_COARSEN};

  PetscFunctionBegin;
  PetRLCallCXX(marks.assign(mesh.cells.owned, 0));
  for (int k = 0; k < 2 && label; ++k) {
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
void noteLeaves(const Forest &forest, Passage &p) {
  const Forest::Impl &f = forest.impl();
  const int slots = f.slots(), n = f.leaves();
  RefinerLeafCentres(forest, p.centre);
  p.level = f.level;
  p.corner.resize(static_cast<std::size_t>(n * slots));
  f.withLeaves([&](const auto &leaves) {
    for (int c = 0; c < n; ++c)
      for (int k = 0; k < slots; ++k) p.corner[c * slots + k] = leaves[c].v[k];
  });
}

// Leaves keep their order over all ranks when they move.
PetscErrorCode Balance(PetRLRefiner refiner, Passage &p) {
  RefinerData &r = *refiner->data;
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

PetscErrorCode AdaptByLabel(PetRLRefiner refiner, DMLabel label, DM *newdm) {
  RefinerData &r = *refiner->data;
  std::vector<signed char> marks;
  const bool own =
      label && label == r.decided && r.decision.priority.size() == static_cast<std::size_t>(r.mesh->cells.owned);
  ForestLimits limits;

  PetscFunctionBegin;
  limits.max_level = static_cast<int>(r.max_level) * r.mesh->cells.dim;
  limits.max_cells = r.max_cells;
  PetscCall(MarksOf(*r.mesh, label, marks));
  PetscCall(
      RefinerAdaptHierarchy(refiner, marks, own ? r.decision.priority : std::vector<float>(), limits, true, newdm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode RefinerAdaptHierarchy(PetRLRefiner refiner, const std::vector<signed char> &marks,
                                     const std::vector<float> &priority, const ForestLimits &limits, bool balance,
                                     DM *newdm) {
  RefinerData &r = *refiner->data;
  auto passage = std::make_shared<Passage>();
  std::shared_ptr<RefinerMesh> mesh;
  PetscMPIInt size;
  int changed;

  PetscFunctionBegin;
  *newdm = NULL;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)refiner), &size));
  // The first mesh has the cells of the base mesh, and may have got labels since.
  if (!r.before) PetRLCallCXX(r.forest->relabel(labelsFromPlex(r.mesh->dm, *r.forest)));
  PetRLCallCXX(passage->lineage = r.forest->adapt(marks, limits, priority));
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
    const auto old = [&](int v) { return v < passage->vertices.first_made ? r.vertex[v] : v; };
    for (int &v : passage->vertices.a) v = old(v);
    for (int &v : passage->vertices.b) v = old(v);
    for (auto &m : passage->vertices.made) m = {old(m.a), old(m.b)};
    for (auto &v : passage->vertices.removed) v = {r.vertex[v.vertex], r.vertex[v.a], r.vertex[v.b], v.stage};
    r.vertex.clear();
  }
  PetRLCallCXX(noteLeaves(*r.forest, *passage));
  if (size > 1 && balance) PetscCall(Balance(refiner, *passage));
  PetscCall(RefinerBuildMesh(refiner, mesh));
  r.before = std::move(r.mesh);
  r.mesh = std::move(mesh);
  r.passage = std::move(passage);
  PetscCall(DMLabelDestroy(&r.decided));
  ++r.remeshes;
  *newdm = r.mesh->dm;
  PetscCall(PetscObjectReference((PetscObject)*newdm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

/*@
   PetRLRefinerAdapt - Makes the mesh that a label asks for

   Collective

   Input Parameters:
+  refiner - the refiner
-  label   - values `DM_ADAPT_REFINE` and `DM_ADAPT_COARSEN` at the cells of the current mesh, all others are kept;
             NULL: this rank marks none

   Output Parameter:
.  newdm - the new mesh, to be destroyed with DMDestroy(); NULL if nothing changes

   Level: intermediate

   Notes:
   A cell that is refined becomes four (two in one dimension, eight in three), a coarsened one a quarter (half, an
   eighth) of what it was made from, where all parts are marked so. More cells are refined where conformity asks for it.

   The new DM has no unknowns until `PetRLRefinerTransfer()` gives it those of the Vec's DM.

.seealso: `PetRLRefiner`, `PetRLRefinerDecide()`, `PetRLRefinerTransfer()`
@*/
PetscErrorCode PetRLRefinerAdapt(PetRLRefiner refiner, DMLabel label, DM *newdm) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetRLNotNull(newdm, 3);
  *newdm = NULL;
  PetscCall(PetRLRefinerSetUp(refiner));
  PetscCall(PetscLogEventBegin(PetRL_Remesh, refiner, 0, 0, 0));
  if (refiner->data->method == PETRL_REFINER_HIERARCHY)
    PetscCall(petrl::AdaptByLabel(refiner, label, newdm));
  else
    PetscCall(petrl::RefinerAdaptLabel(refiner, label, newdm));
  PetscCall(PetscLogEventEnd(PetRL_Remesh, refiner, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}
