// PetRLRefiner: what was on the mesh before, on the one after.
#include <algorithm>

#include "mesh/cell_gradient.hpp"
#include "mesh/forest.hpp"
#include "mesh/plex_cells.hpp"
#include "refine/refiner.hpp"

namespace petrl {

namespace {

class VertexSums {
 public:
  VertexSums() = default;
  ~VertexSums() { (void)PetscSFDestroy(&sf_); }
  VertexSums(const VertexSums &) = delete;
  VertexSums &operator=(const VertexSums &) = delete;

  PetscErrorCode setUp(DM dm) {
    PetscSF points;
    PetscInt start, end, leaves;
    const PetscInt *local;

    PetscFunctionBegin;
    PetscCall(DMGetPointSF(dm, &points));
    PetscCall(DMPlexGetChart(dm, NULL, &chart_));
    PetscCall(DMPlexGetDepthStratum(dm, 0, &start, &end));
    PetscCall(PetscSFGetGraph(points, NULL, &leaves, &local, NULL));
    std::vector<PetscInt> chosen;
    PetRLCallCXX(ghost_.assign(end - start, false));
    for (PetscInt i = 0; i < leaves; ++i) {
      const PetscInt p = local ? local[i] : i;
      if (p < start || p >= end) continue;
      PetRLCallCXX(chosen.push_back(i));
      ghost_[p - start] = true;
    }
    PetscCall(PetscSFCreateEmbeddedLeafSF(points, static_cast<PetscInt>(chosen.size()), chosen.data(), &sf_));
    first_ = start;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  bool owned(int vertex) const { return !ghost_[vertex]; }
  /// Values of vertices become sums over all ranks, wherever they are seen.
  PetscErrorCode sum(int width, std::vector<double> &values) {
    std::vector<double> sums, mine;

    PetscFunctionBegin;
    const std::size_t n = values.size() / width;
    PetRLCallCXX(sums.resize(chart_));
    for (int w = 0; w < width; ++w) {  // PETSc reduces no rows
      std::fill(sums.begin(), sums.end(), 0.);
      for (std::size_t v = 0; v < n; ++v) sums[first_ + v] = values[v * width + w];
      PetRLCallCXX(mine = sums);
      PetscCall(PetscSFReduceBegin(sf_, MPI_DOUBLE, mine.data(), sums.data(), MPI_SUM));
      PetscCall(PetscSFReduceEnd(sf_, MPI_DOUBLE, mine.data(), sums.data(), MPI_SUM));
      PetscCall(PetscSFBcastBegin(sf_, MPI_DOUBLE, sums.data(), sums.data(), MPI_REPLACE));
      PetscCall(PetscSFBcastEnd(sf_, MPI_DOUBLE, sums.data(), sums.data(), MPI_REPLACE));
      for (std::size_t v = 0; v < n; ++v) values[v * width + w] = sums[first_ + v];
    }
    PetscFunctionReturn(PETSC_SUCCESS);
  }

 private:
  PetscSF sf_ = NULL;
  PetscInt chart_ = 0, first_ = 0;
  std::vector<bool> ghost_;
};

// New values at vertices on several ranks, see transferVertexValues(): what each rank adds to a vertex is summed at its
// owner.
PetscErrorCode VerticesOfSeveralRanks(const RefinerMesh &from, const VertexLineage &lineage, PetscInt width,
                                      const std::vector<double> &old_values, std::vector<double> &new_values) {
  const CellMesh &m = from.cells;
  const int slots = m.slots(), w = static_cast<int>(width);
  VertexSums sums;
  std::vector<double> mass, extra, corrected, values;

  PetscFunctionBegin;
  PetscCall(sums.setUp(from.dm));
  // Lumped masses: all cells around the corners of owned ones are here.
  PetRLCallCXX(mass.assign(m.vertices, 0.); extra.assign(m.vertices, 0.); corrected.assign(old_values.size(), 0.));
  for (int k = 0; k < m.cells * slots; ++k) mass[m.vertex[k]] += m.volume[k / slots] / slots;
  const int stages = m.dim == 3 ? m.dim : 1;
  for (int stage = 0; stage < stages; ++stage) {
    const auto mine = [&](const VertexLineage::Removed &r) { return r.stage == stage && sums.owned(r.vertex); };
    if (stage > 0) {
      for (std::size_t v = 0; v < mass.size(); ++v) mass[v] += extra[v];
      std::fill(extra.begin(), extra.end(), 0.);
      PetRLCallCXX(values = corrected);
      std::fill(corrected.begin(), corrected.end(), 0.);
    }
    const std::vector<double> &u = stage > 0 ? values : old_values;
    for (const auto &r : lineage.removed) {
      if (!mine(r)) continue;
      extra[r.a] += 0.5 * mass[r.vertex];
      extra[r.b] += 0.5 * mass[r.vertex];
    }
    PetscCall(sums.sum(1, extra));
    for (const auto &r : lineage.removed) {
      if (!mine(r)) continue;
      const double share = mass[r.vertex] / (mass[r.a] + extra[r.a] + mass[r.b] + extra[r.b]);
      for (int i = 0; i < w; ++i) {
        const double lost = share * (u[r.vertex * w + i] - 0.5 * (u[r.a * w + i] + u[r.b * w + i]));
        corrected[r.a * w + i] += lost;
        corrected[r.b * w + i] += lost;
      }
    }
    PetscCall(sums.sum(w, corrected));
    for (std::size_t i = 0; i < corrected.size(); ++i) corrected[i] += u[i];
  }
  // Behind all that is seen here come those that were made.
  const auto at = [&](int v) { return v < lineage.first_made ? v : m.vertices + v - lineage.first_made; };
  for (const auto &made : lineage.made)
    for (int i = 0; i < w; ++i)
      PetRLCallCXX(corrected.push_back(0.5 * (corrected[at(made.a) * w + i] + corrected[at(made.b) * w + i])));
  for (std::size_t v = 0; v < lineage.a.size(); ++v)
    for (int i = 0; i < w; ++i)
      new_values[v * w + i] = 0.5 * (corrected[at(lineage.a[v]) * w + i] + corrected[at(lineage.b[v]) * w + i]);
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

}  // namespace

// Limited gradients of one cell's components lie together.
PetscErrorCode RefinerGradients(const RefinerMesh &mesh, int width, const std::vector<double> &rows,
                                std::vector<double> &result) {
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

namespace {

PetscErrorCode TransferCells(PetRLRefiner refiner, DM from, Vec u, DM to, Vec v, int width) {
  RefinerData &r = *refiner->data;
  RefinerMesh &old = *r.before;
  const Passage &p = *r.passage;
  std::vector<double> rows, gradient, made, moved;

  PetscFunctionBegin;
  PetRLCallCXX(rows.resize(static_cast<std::size_t>(old.cells.cells * width)));
  PetscCall(RefinerGetCells(from, u, old, width, rows.data()));
  PetscCall(old.halo.fill(MPI_DOUBLE, width, rows.data()));
  PetscCall(RefinerGradients(old, width, rows, gradient));
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
  RefinerData &r = *refiner->data;
  const Passage &p = *r.passage;
  const CellMesh &m = r.mesh->cells;
  std::vector<double> old, made, corners, moved;
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)refiner), &size));
  PetscCall(RefinerGetVertices(refiner, from, u, width, false, old));
  if (r.method == PETRL_REFINER_ADAPTLABEL) {
    PetscCall(RefinerInterpolateVertices(refiner, width, old, made));
    PetscCall(RefinerSetVertices(to, v, width, made));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetRLCallCXX(made.resize(p.vertices.a.size() * width));
  if (size == 1)
    PetRLCallCXX(transferVertexValues(r.before->cells, p.vertices, width, old.data(), made.data()));
  else
    PetscCall(VerticesOfSeveralRanks(*r.before, p.vertices, width, old, made));
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
  RefinerData &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;
  const int slots = m.slots(), width = static_cast<int>(layout.reals()), d = m.dim;
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
    PetscCall(RefinerGetVertices(refiner, from, u, width, false, here));
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
   vertex), its types of Vec and Mat, the adjacency of each field and the application context, unless it has unknowns
   already. A Vec with other unknowns than the mesh's belongs to a clone.

   Boundary values (DMAddBoundary(), linear finite elements) move along: constrained unknowns have those of the TS's
   time, or of time 0 without a TS. Discontinuous and higher finite elements are refused.

   Before the first adaptation, it brings a Vec from the mesh of `PetRLRefinerSetDM()` to that of
   `PetRLRefinerGetDM()`.

.seealso: `PetRLRefiner`, `PetRLRefinerAdapt()`
@*/
PetscErrorCode PetRLRefinerTransfer(PetRLRefiner refiner, Vec u, Vec *newu) {
  petrl::FieldLayout layout, there;
  const char *name;
  DM from, to, clone = NULL;

  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetRLValid(u, VEC_CLASSID, 2);
  PetRLNotNull(newu, 3);
  *newu = NULL;
  petrl::RefinerData &r = *refiner->data;
  PetscCheck(r.ready && (r.before || (r.passage && r.passage->arrival)), PetscObjectComm((PetscObject)refiner),
             PETSC_ERR_ORDER, "Nothing to transfer from: call PetRLRefinerAdapt() first");
  PetscCall(PetscLogEventBegin(PetRL_Remesh, refiner, 0, 0, 0));
  if (r.before) {
    PetscCall(petrl::RefinerVecDM(refiner, u, *r.before, "The Vec to transfer", &from));
  } else {
    PetscCall(VecGetDM(u, &from));
    PetscCheck(petrl::RefinerFits(refiner, from, r.base), PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_WRONG,
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
    PetscCall(petrl::RefinerCopyDM(refiner, from, to, layout));
  } else {
    PetscCall(petrl::RefinerLayout(to, "The new mesh", &there));
    if (there.vertices != layout.vertices || there.width != layout.width) {
      PetscCall(DMClone(to, &clone));
      to = clone;
      PetscCall(petrl::RefinerCopyDM(refiner, from, to, layout));
    }
  }
  PetscCall(DMCreateGlobalVector(to, newu));
  PetscCall(PetscObjectGetName((PetscObject)u, &name));
  PetscCall(PetscObjectSetName((PetscObject)*newu, name));
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)*newu, ((PetscObject)u)->prefix));
  const int width = static_cast<int>(layout.reals());
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
