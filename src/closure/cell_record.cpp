// PetRLClosure on a DMPlex: recording the runs of a fine mesh, on that which it was refined from.
#include <algorithm>
#include <cmath>

#include "base/files.hpp"
#include "closure/cell_closure.hpp"
#include "closure/closure.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

PetscErrorCode ClosureGatherCentres(MPI_Comm comm, const std::vector<double> &own, std::vector<double> &all) {
  auto n = static_cast<PetscMPIInt>(own.size());
  PetscMPIInt size, rank;
  std::vector<PetscMPIInt> counts, starts;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetRLCallCXX(counts.assign(static_cast<std::size_t>(size), 0));
  PetscCallMPI(MPI_Gather(&n, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, comm));
  PetscMPIInt at = 0;
  for (const PetscMPIInt count : counts) {
    PetRLCallCXX(starts.push_back(at));
    at += count;
  }
  PetRLCallCXX(all.resize(rank == 0 ? static_cast<std::size_t>(at) : 0));
  PetscCallMPI(MPI_Gatherv(own.data(), n, MPI_DOUBLE, all.data(), counts.data(), starts.data(), MPI_DOUBLE, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

namespace {

/// Cells that were refined uniformly: those of one coarse cell follow each other (DMRefine() numbers them so), four a
/// level.
class CellCoarsening : public Coarsening {
 public:
  /// An error where the mesh is not one of so many `levels` of refinement. Collective.
  PetscErrorCode SetUp(DM dm, int levels, PetscInt ratio);
  /// The states are in the order of that record, if there is one. On the first rank.
  void orderAs(const std::string &record);
  PetscErrorCode Gather(Vec X, PetscInt dof, std::vector<double> &values) override;
  void describe(RecordLayout &layout) const override;

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
  ClosureCells cells_;
  int children_ = 1;
  double spacing_ = 0;
  PetscInt own_ = 0;                                   // numbers in a state
  std::vector<double> volume_, centres_, mine_, all_;  // centres_: on the first rank, in the record's order
  std::vector<int> order_;                             // of what was gathered, in the record; empty: as it is
};

// Four cells of which the last is that in the middle: equal areas, and its centre is that of all. What they are part of.
bool merge(double *centres, double *volumes) {
  double x[2] = {0, 0}, least = HUGE_VAL, most = 0, off = HUGE_VAL;
  for (int k = 0; k < 4; ++k) {
    x[0] += centres[2 * k] / 4, x[1] += centres[2 * k + 1] / 4;
    least = std::min(least, volumes[k]), most = std::max(most, volumes[k]);
  }
  for (int k = 0; k < 4; ++k) off = std::min(off, std::hypot(centres[2 * k] - x[0], centres[2 * k + 1] - x[1]));
  centres[0] = x[0], centres[1] = x[1];
  volumes[0] = volumes[0] + volumes[1] + volumes[2] + volumes[3];
  return most - least < 1e-6 * most && off < 1e-6 * std::sqrt(most);
}

PetscErrorCode CellCoarsening::SetUp(DM dm, int levels, PetscInt ratio) {
  PetscSection section;
  int good = 1;

  PetscFunctionBegin;
  comm_ = PetscObjectComm((PetscObject)dm);
  PetscCall(ClosureFindCells(dm, false, cells_));
  PetscCall(DMGetGlobalSection(dm, &section));
  PetscCall(PetscSectionGetConstrainedStorageSize(section, &own_));
  children_ = 1 << (2 * levels);
  std::vector<double> x(cells_.mesh.centre.begin(), cells_.mesh.centre.begin() + 2 * cells_.mesh.owned),
      v(cells_.mesh.volume.begin(), cells_.mesh.volume.begin() + cells_.mesh.owned);
  volume_ = v;
  good = cells_.mesh.owned % children_ == 0;
  for (int level = 0; level < levels && good; ++level) {
    std::size_t n = v.size() / 4;
    for (std::size_t c = 0; c < n; ++c) {
      good = merge(&x[8 * c], &v[4 * c]) && good;
      x[2 * c] = x[8 * c], x[2 * c + 1] = x[8 * c + 1], v[c] = v[4 * c];
    }
    x.resize(2 * n), v.resize(n);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &good, 1, MPI_INT, MPI_MIN, comm_));
  PetscCheck(good, comm_, PETSC_ERR_ARG_INCOMP,
             "-closure_record_coarsen %" PetscInt_FMT
             ": the cells of this mesh are not those of a coarser one, refined uniformly and numbered as DMRefine() "
             "does: expected the coarse mesh with -dm_refine %d",
             ratio, levels);
  spacing_ = cells_.spacing * std::sqrt(static_cast<double>(children_));
  PetscCall(ClosureGatherCentres(comm_, x, centres_));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void CellCoarsening::orderAs(const std::string &record) {
  if (!fileExists(record)) return;
  const RecordLayout known = layoutOf(record);
  if (known.space != 2 || known.centres.size() != centres_.size()) return;  // that will be said
  order_ = matchCentres(centres_, known.centres, 2, spacing_);
  if (!order_.empty()) centres_ = known.centres;
}

void CellCoarsening::describe(RecordLayout &layout) const {
  layout.centres = centres_;
  layout.spacing[0] = spacing_;
  layout.points[0] /= children_;
}

PetscErrorCode CellCoarsening::Gather(Vec X, PetscInt dof, std::vector<double> &values) {
  const PetscScalar *x;
  const std::size_t n = volume_.size() / static_cast<std::size_t>(children_), d = static_cast<std::size_t>(dof);
  PetscInt own;
  int good;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(X, &own));
  good = own == own_;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &good, 1, MPI_INT, MPI_MIN, comm_));
  PetscCheck(good, comm_, PETSC_ERR_ARG_SIZ,
             "-closure_record: found a state of %" PetscInt_FMT
             " values on a rank, expected a global Vec of the closure's DMPlex (%" PetscInt_FMT " values)",
             own, own_);
  PetRLCallCXX(mine_.assign(n * d, 0));
  PetscCall(VecGetArrayRead(X, &x));
  for (std::size_t c = 0, i = 0; c < n; ++c) {
    double volume = 0;
    for (int k = 0; k < children_; ++k, ++i) {
      volume += volume_[i];
      for (std::size_t f = 0; f < d; ++f)
        mine_[c * d + f] += volume_[i] * PetscRealPart(x[cells_.place[i] + static_cast<PetscInt>(f)]);
    }
    for (std::size_t f = 0; f < d; ++f) mine_[c * d + f] /= volume;
  }
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscCall(ClosureGatherCentres(comm_, mine_, order_.empty() ? values : all_));
  PetRLCallCXX(if (!order_.empty()) values.resize(all_.size()));
  for (std::size_t i = 0; i < order_.size(); ++i)
    std::copy_n(all_.data() + i * d, d, values.data() + static_cast<std::size_t>(order_[i]) * d);
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode ClosureCellLayout(PetRLClosure closure, RecordLayout &layout) {
  const Closure &c = *closure->data;
  ClosureCells cells;
  PetscInt all;

  PetscFunctionBegin;
  PetscCall(ClosureFindCells(c.dm, false, cells));
  all = cells.mesh.owned;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPIU_INT, MPI_SUM, PetscObjectComm((PetscObject)closure)));
  PetRLCallCXX({
    layout = RecordLayout();
    layout.dimension = 1;
    layout.space = 2;
    layout.points[0] = all;
    layout.spacing[0] = cells.spacing;
  });
  cells.mesh.centre.resize(static_cast<std::size_t>(2 * cells.mesh.owned));
  PetscCall(ClosureGatherCentres(PetscObjectComm((PetscObject)closure), cells.mesh.centre, layout.centres));
  PetscCall(ClosureStateNames(closure, layout.components));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureCoarsenCells(PetRLClosure closure) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  std::unique_ptr<CellCoarsening> made;
  PetscMPIInt rank;
  int levels = 0;

  PetscFunctionBegin;
  while ((PetscInt)1 << levels < c.recording.ratio && levels < 8) ++levels;
  PetscCheck((PetscInt)1 << levels == c.recording.ratio, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "-closure_record_coarsen: found %" PetscInt_FMT
             ", expected a power of two (sides of a coarse triangle over those of a fine one)",
             c.recording.ratio);
  PetRLCallCXX(made = std::make_unique<CellCoarsening>());
  PetscCall(made->SetUp(c.dm, levels, c.recording.ratio));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(onEveryRank(comm, [&] {
    if (rank == 0) made->orderAs(c.recording.file);
  }));
  c.recording.restriction = std::move(made);
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
