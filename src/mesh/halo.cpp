#include "mesh/halo.hpp"

#include "base/error.hpp"
#include "device/runtime.hpp"

namespace petrl {

Halo::~Halo() {
  PetscBool finalized = PETSC_FALSE;
  if (PetscFinalized(&finalized) || finalized) return;
  (void)PetscSFDestroy(&sf_);
  for (auto &unit : units_) (void)MPI_Type_free(&unit.second);
}

PetscErrorCode Halo::setUp(DM dm, const std::vector<PetscInt> &points, PetscInt owned, bool in_order) {
  PetscMPIInt size;
  PetscSF point_sf;
  PetscInt start, end, c_start, c_end, roots, leaves;
  const PetscInt *local;
  const PetscSFNode *remote;

  PetscFunctionBegin;
  PetscCall(PetscSFDestroy(&sf_));
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)dm), &size));
  if (size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMGetPointSF(dm, &point_sf));
  PetscCall(DMPlexGetChart(dm, &start, &end));
  PetscCall(DMPlexGetHeightStratum(dm, 0, &c_start, &c_end));
  PetscCall(PetscSFGetGraph(point_sf, &roots, &leaves, &local, &remote));
  std::vector<PetscInt> here, number;  // of each cell: its place, here and at its owner's
  if (!in_order) {
    PetRLCallCXX(here.assign(end, -1));
    for (std::size_t i = 0; i < points.size(); ++i) here[points[i]] = static_cast<PetscInt>(i);
    PetRLCallCXX(number = here);
    PetscCall(PetscSFBcastBegin(point_sf, MPIU_INT, number.data(), number.data(), MPI_REPLACE));
    PetscCall(PetscSFBcastEnd(point_sf, MPIU_INT, number.data(), number.data(), MPI_REPLACE));
  }
  std::vector<PetscInt> ghost;
  std::vector<PetscSFNode> owner;
  for (PetscInt i = 0; i < leaves; ++i) {
    const PetscInt p = local ? local[i] : i;
    if (p < c_start || p >= c_end) continue;
    PetRLCallCXX(ghost.push_back(in_order ? p : here[p]));
    PetRLCallCXX(owner.push_back({remote[i].rank, in_order ? remote[i].index : number[p]}));
  }
  PetscCall(PetscSFCreate(PetscObjectComm((PetscObject)dm), &sf_));
  PetscCall(PetscSFSetGraph(sf_, owned, static_cast<PetscInt>(ghost.size()), ghost.data(), PETSC_COPY_VALUES,
                            owner.data(), PETSC_COPY_VALUES));
  PetscCall(PetscSFSetUp(sf_));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Halo::unit(MPI_Datatype type, int width, MPI_Datatype *unit) {
  PetscMPIInt bytes;

  PetscFunctionBegin;
  *unit = type;
  if (width == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Type_size(type, &bytes));
  MPI_Datatype &known = units_.emplace(std::make_pair(bytes, width), MPI_DATATYPE_NULL).first->second;
  if (known == MPI_DATATYPE_NULL) {
    PetscCallMPI(MPI_Type_contiguous(width, type, &known));
    PetscCallMPI(MPI_Type_commit(&known));
  }
  *unit = known;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Halo::fill(MPI_Datatype type, int width, void *rows, device::Space space) {
  const bool there = space == device::Space::device;
  const PetscMemType memory = there ? device::runtime()->memoryType() : PETSC_MEMTYPE_HOST;
  MPI_Datatype row;

  PetscFunctionBegin;
  if (!sf_ || width == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(unit(type, width, &row));
  if (there) PetscCall(device::runtime()->begin());
  PetscCall(PetscSFBcastWithMemTypeBegin(sf_, row, memory, rows, memory, rows, MPI_REPLACE));
  PetscCall(PetscSFBcastEnd(sf_, row, rows, rows, MPI_REPLACE));
  if (there) PetscCall(device::runtime()->end());
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
