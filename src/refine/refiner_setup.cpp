// PetRLRefiner: the set-up. Policy, hierarchy, mesh.
#include <algorithm>
#include <cmath>

#include "mesh/forest_impl.hpp"
#include "mesh/plex_build.hpp"
#include "mesh/plex_cells.hpp"
#include "refine/refiner.hpp"

namespace petrl {

namespace {

// The way from the program's own mesh to the first one, which has the same cells elsewhere.
PetscErrorCode FindArrival(PetRLRefiner refiner) {
  RefinerData &r = *refiner->data;
  PetscInt start, end;

  PetscFunctionBegin;
  const std::vector<int> cells = r.forest->baseCells();
  std::vector<PetscSFNode> from;
  PetRLCallCXX(from.reserve(cells.size()));
  for (const int c : cells) from.push_back({r.origin.rank[c], r.origin.point[c]});
  PetRLCallCXX(r.passage = std::make_unique<Passage>());
  PetscCall(DMPlexGetChart(r.base, &start, &end));
  PetscCall(PetscSFCreate(PetscObjectComm((PetscObject)refiner), &r.passage->arrival));
  PetscCall(PetscSFSetGraph(r.passage->arrival, end, static_cast<PetscInt>(from.size()), NULL, PETSC_COPY_VALUES,
                            from.data(), PETSC_COPY_VALUES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CheckMaxCells(PetRLRefiner refiner) {
  const RefinerData &r = *refiner->data;

  PetscFunctionBegin;
  if (r.forest) {
    const int cells = r.forest->impl().base->mesh.cells();
    PetscCheck(r.max_cells >= cells, PetscObjectComm((PetscObject)refiner), PETSC_ERR_ARG_OUTOFRANGE,
               "%s: found %" PetscInt_FMT ", expected %d or more, the cells of the coarsest mesh",
               RefinerOption(refiner, "refiner_max_cells").c_str(), r.max_cells, cells);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode MeshOf(DM dm, bool in_order, RefinerMesh &mesh) {
  PetscFunctionBegin;
  PetRLCallCXX(mesh.cells = cellMeshFromPlex(dm, &mesh.points));
  PetscCall(mesh.halo.setUp(dm, mesh.points, mesh.cells.owned, in_order));
  PetscCall(PetscObjectReference((PetscObject)dm));
  mesh.dm = dm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode RefinerPlainMesh(PetRLRefiner refiner, DM dm, RefinerMesh &mesh) {
  double &largest = refiner->data->largest;

  PetscFunctionBegin;
  PetscCall(MeshOf(dm, false, mesh));
  if (largest == 0) {
    for (int c = 0; c < mesh.cells.owned; ++c) largest = std::max(largest, mesh.cells.volume[c]);
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, PetscObjectComm((PetscObject)refiner)));
  }
  for (int c = 0; c < mesh.cells.cells; ++c)
    mesh.cells.level[c] = std::max(0, static_cast<int>(std::lround(std::log2(largest / mesh.cells.volume[c]))));
  for (int c = 0; c < mesh.cells.owned; ++c) mesh.finest = std::max(mesh.finest, mesh.cells.level[c]);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &mesh.finest, 1, MPI_INT, MPI_MAX, PetscObjectComm((PetscObject)refiner)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RefinerBuildMesh(PetRLRefiner refiner, std::shared_ptr<RefinerMesh> &result) {
  RefinerData &r = *refiner->data;
  PetscMPIInt size;
  DM dm;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)refiner), &size));
  auto mesh = std::make_shared<RefinerMesh>();
  PetRLCallCXX(dm = createPlex(*r.forest, size > 1));
  PetscCall(PetscObjectSetName((PetscObject)dm, ((PetscObject)r.base)->name ? ((PetscObject)r.base)->name : "mesh"));
  PetscCall(DMSetOptionsPrefix(dm, ((PetscObject)r.base)->prefix));
  if (size == 1) {
    PetRLCallCXX(mesh->cells = r.forest->mesh());
    PetRLCallCXX(mesh->points.resize(mesh->cells.cells));
    for (std::size_t i = 0; i < mesh->points.size(); ++i) mesh->points[i] = static_cast<PetscInt>(i);
    mesh->dm = dm;
  } else {
    PetscCall(MeshOf(dm, true, *mesh));
    PetscCall(DMDestroy(&dm));
    std::vector<double> level;
    PetRLCallCXX(level.assign(mesh->cells.cells, 0));
    std::copy(r.forest->levels().begin(), r.forest->levels().end(), level.begin());
    PetscCall(mesh->halo.fill(MPI_DOUBLE, 1, level.data()));
    std::transform(level.begin(), level.end(), mesh->cells.level.begin(), [](double l) { return static_cast<int>(l); });
  }
  for (const int level : r.forest->levels()) mesh->finest = std::max(mesh->finest, level);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &mesh->finest, 1, MPI_INT, MPI_MAX, PetscObjectComm((PetscObject)refiner)));
  result = std::move(mesh);
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

/*@
   PetRLRefinerSetUp - Reads the policy and makes the first mesh

   Collective

   Input Parameter:
.  refiner - the refiner

   Level: beginner

   Notes:
   Needs a mesh. Without a policy file `PetRLRefinerDecide()` is an error, the rest works (labels of your own).

   `PetRLRefinerAttachTS()` calls this if need be.

.seealso: `PetRLRefiner`, `PetRLRefinerSetDM()`, `PetRLRefinerSetPolicy()`
@*/
PetscErrorCode PetRLRefinerSetUp(PetRLRefiner refiner) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  MPI_Comm comm = PetscObjectComm((PetscObject)refiner);
  petrl::RefinerData &r = *refiner->data;
  // A training reads what it starts from itself.
  if (!r.loaded && !r.file.empty() && r.indicator == PETRL_REFINER_NONE && !r.training.on) {
    PetscCall(petrl::PolicyLoad(comm, r, r.file, true, [&r] {
      r.decider = std::make_unique<petrl::RefinementPolicy>(r.policy, r.file);
      return r.decider->network().name();
    }));
    r.loaded = true;
  }
  if (r.ready) {
    PetscCall(petrl::CheckMaxCells(refiner));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCheck(r.base, comm, PETSC_ERR_ARG_WRONGSTATE, "The refiner has no mesh: call PetRLRefinerSetDM()");
  if (r.method == PETRL_REFINER_HIERARCHY) {
    PetRLCallCXX(r.forest = std::make_unique<petrl::Forest>(petrl::baseMeshFromPlex(r.base, &r.origin), comm));
    PetscCall(petrl::RefinerBuildMesh(refiner, r.mesh));
    PetscCall(petrl::FindArrival(refiner));
  } else {
    PetscMPIInt ranks;
    PetscInt overlap;
    PetscCallMPI(MPI_Comm_size(comm, &ranks));
    PetRLCallCXX(r.mesh = std::make_unique<petrl::RefinerMesh>());
    PetscCall(petrl::RefinerPlainMesh(refiner, r.base, *r.mesh));
    PetscCall(DMPlexGetOverlap(r.base, &overlap));
    PetscCheck(ranks == 1 || overlap > 0, comm, PETSC_ERR_ARG_WRONG,
               "The DMPlex has no overlap: method adaptlabel needs a layer of cells from other ranks "
               "(DMPlexDistribute(), DMPlexDistributeOverlap())");
  }
  r.measure = 0;
  for (int c = 0; c < r.mesh->cells.owned; ++c) r.measure += r.mesh->cells.volume[c];
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &r.measure, 1, MPI_DOUBLE, MPI_SUM, comm));
  r.ready = true;
  PetscCall(petrl::CheckMaxCells(refiner));
  PetscCall(PetscObjectViewFromOptions((PetscObject)refiner, NULL, "-refiner_view"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
