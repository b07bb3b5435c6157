// PetRLRefiner: what a solution is like in each cell.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "device/vec_view.hpp"
#include "mesh/cell_gradient.hpp"
#include "refine/refiner.hpp"

namespace petrl {

// Which components count, of `width`.
PetscErrorCode RefinerComponents(PetRLRefiner refiner, PetscInt width, std::vector<PetscInt> &components) {
  RefinerData &r = *refiner->data;

  PetscFunctionBegin;
  PetRLCallCXX(components = r.components);
  for (const PetscInt k : components)
    PetscCheck(k < width, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
               "%s: found %" PetscInt_FMT ", expected less than %" PetscInt_FMT
               ", the number of unknowns in a cell or at a vertex",
               RefinerOption(refiner, "refiner_components").c_str(), k, width);
  if (components.empty())
    for (PetscInt k = 0; k < width; ++k) PetRLCallCXX(components.push_back(k));
  const std::vector<PetscInt> unknowns = std::exchange(components, {});
  for (const PetscInt k : unknowns)
    for (PetscInt part = 0; part < FieldLayout::kReals; ++part)
      PetRLCallCXX(components.push_back(k * FieldLayout::kReals + part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Asks the DM anew only if it is another one, or has other unknowns, than last time. Collective.
static PetscErrorCode LookAtUnknowns(DM dm, const RefinerMesh &mesh, const char what[], KnownUnknowns &known) {
  PetscObjectId id, section_id = 0;
  PetscSection section;
  PetscInt offset;

  PetscFunctionBegin;
  PetscCall(PetscObjectGetId((PetscObject)dm, &id));
  if (RefinerHasUnknowns(dm)) {
    PetscCall(DMGetLocalSection(dm, &section));
    PetscCall(PetscObjectGetId((PetscObject)section, &section_id));
  }
  if (section_id != 0 && id == known.dm && section_id == known.section) PetscFunctionReturn(PETSC_SUCCESS);
  known.dm = 0;
  PetscCall(RefinerLayout(dm, what, &known.layout));
  if (!known.layout.vertices) {
    PetscCall(DMGetGlobalSection(dm, &section));
    PetRLCallCXX(known.offset.resize(static_cast<std::size_t>(mesh.cells.owned)));
    for (int c = 0; c < mesh.cells.owned; ++c) {
      PetscCall(PetscSectionGetOffset(section, mesh.points[c], &offset));
      known.offset[c] = offset;
    }
  }
  known.dm = id, known.section = section_id;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Means over owned cells of all components, `width` a cell.
PetscErrorCode RefinerCellValues(PetRLRefiner refiner, const RefinerMesh &mesh, Vec u, bool rate, FieldLayout *layout,
                                 std::vector<double> &values) {
  const char *const what = rate ? "The rate" : "The solution";
  KnownUnknowns &known = refiner->data->known;
  DM dm;

  PetscFunctionBegin;
  PetscCall(RefinerVecDM(refiner, u, mesh, what, &dm));
  PetscCall(LookAtUnknowns(dm, mesh, what, known));
  *layout = known.layout;
  PetRLCallCXX(values.resize(static_cast<std::size_t>(mesh.cells.cells * layout->reals())));
  if (!layout->vertices) {
    device::VecView view;
    const PetscScalar *array;
    PetscInt first;
    double *to = values.data();
    PetscCall(VecGetOwnershipRange(u, &first, NULL));
    PetscCall(view.beginRead(u, device::Space::host, &array));
    for (const PetscInt offset : known.offset)
      to = std::copy_n(reinterpret_cast<const PetscReal *>(array + offset - first), layout->reals(), to);
    PetscCall(view.end());
  } else {
    std::vector<double> vertices;
    PetscCall(RefinerGetVertices(refiner, dm, u, layout->reals(), rate, vertices));
    // Cells of a DM by DMAdaptLabel() may be in any order: a mesh's vertices are the DM's all the same.
    RefinerMeans(mesh.cells, layout->reals(), vertices, values.data());
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerSameWidth(PetRLRefiner refiner, const FieldLayout &solution, const FieldLayout &rate) {
  PetscFunctionBegin;
  PetscCheck(rate.width == solution.width, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_INCOMP,
             "The rate has %" PetscInt_FMT " unknowns in a cell, expected %" PetscInt_FMT " as the solution",
             rate.width, solution.width);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Ends of the ranges, and whether anything is not finite, in one reduction.
PetscErrorCode RefinerJoinRanges(PetRLRefiner refiner, const std::vector<double> &reached, std::vector<double> &range,
                                 bool *finite) {
  std::vector<double> ends;

  PetscFunctionBegin;
  PetRLCallCXX(ends = reached; ends.push_back(*finite ? 0 : 1); range.resize(reached.size() / 2));
  for (std::size_t k = 0; k < reached.size(); k += 2) ends[k] = -ends[k];
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, ends.data(), static_cast<PetscMPIInt>(ends.size()), MPI_DOUBLE, MPI_MAX,
                             PetscObjectComm((PetscObject)refiner)));
  *finite = ends.back() == 0;
  for (std::size_t k = 0; k < range.size(); ++k) range[k] = ends[2 * k] + ends[2 * k + 1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Values, rates and gradients of all cells, of the components that count. range: one a component, over all ranks.
PetscErrorCode RefinerObserve(PetRLRefiner refiner, Vec u, Vec udot, FieldLayout &layout, std::vector<double> &range,
                              bool *finite) {
  RefinerData &r = *refiner->data;
  const CellMesh &m = r.mesh->cells;
  std::vector<PetscInt> components;
  std::vector<double> reached;

  PetscFunctionBegin;
  PetscCall(RefinerCellValues(refiner, *r.mesh, u, false, &layout, r.rows));
  PetscCall(RefinerComponents(refiner, layout.width, components));
  const std::size_t n = components.size(), cells = static_cast<std::size_t>(m.cells), dim = m.dim,
                    width = static_cast<std::size_t>(layout.reals()), owned = static_cast<std::size_t>(m.owned);
  const auto pick = [&](std::vector<std::vector<double>> &to) {
    to.resize(n);
    for (std::size_t k = 0; k < n; ++k) {
      to[k].resize(cells);
      for (std::size_t c = 0; c < owned; ++c) to[k][c] = r.rows[c * width + components[k]];
    }
  };
  PetRLCallCXX(pick(r.value));
  if (udot) {
    FieldLayout same;
    PetscCall(RefinerCellValues(refiner, *r.mesh, udot, true, &same, r.rows));
    PetscCall(RefinerSameWidth(refiner, layout, same));
    PetRLCallCXX(pick(r.rate));
  } else {
    PetRLCallCXX(r.rate.assign(n, std::vector<double>(cells, 0.)));
  }
  PetRLCallCXX(reached.resize(2 * n));
  *finite = true;
  for (std::size_t k = 0; k < n; ++k) {
    double &least = reached[2 * k] = std::numeric_limits<double>::max();
    double &most = reached[2 * k + 1] = -std::numeric_limits<double>::max();
    for (std::size_t c = 0; c < owned; ++c) {
      least = std::min(least, r.value[k][c]);
      most = std::max(most, r.value[k][c]);
      if (!std::isfinite(r.value[k][c]) || !std::isfinite(r.rate[k][c])) *finite = false;
    }
  }
  PetscCall(RefinerJoinRanges(refiner, reached, range, finite));
  if (!*finite) PetscFunctionReturn(PETSC_SUCCESS);
  PetRLCallCXX(r.gradient.resize(n));
  for (std::size_t k = 0; k < n; ++k) {
    PetscCall(r.mesh->halo.fill(MPI_DOUBLE, 1, r.value[k].data()));
    if (udot) PetscCall(r.mesh->halo.fill(MPI_DOUBLE, 1, r.rate[k].data()));
    PetRLCallCXX(r.gradient[k].resize(cells * dim));
    leastSquaresGradient(m, r.value[k].data(), r.gradient[k].data());
    PetscCall(r.mesh->halo.fill(MPI_DOUBLE, m.dim, r.gradient[k].data()));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
