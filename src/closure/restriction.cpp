#include "closure/restriction.hpp"

#include <algorithm>

#include "base/compat.hpp"
#include "base/error.hpp"
#include "closure/record.hpp"

namespace petrl {

Restriction::~Restriction() {
  for (auto &item : exchange_) {
    (void)VecScatterDestroy(&item.second.scatter);
    (void)VecDestroy(&item.second.fine);
  }
  (void)DMDestroy(&dm_);
}

PetscErrorCode Restriction::SetUp(DM dm, PetscInt ratio, bool average) {
  PetscInt dim, n[3];
  DMBoundaryType b[3];
  PetscMPIInt size, rank;

  PetscFunctionBegin;
  comm_ = PetscObjectComm((PetscObject)dm);
  average_ = average;
  PetscCall(PetscObjectReference((PetscObject)dm));
  dm_ = dm;
  PetscCall(DMDAGetInfo(dm, &dim, &n[0], &n[1], &n[2], NULL, NULL, NULL, NULL, NULL, &b[0], &b[1], &b[2], NULL));
  for (int d = 0; d < 3; ++d) {
    ratio_[d] = d < dim && n[d] > 1 ? ratio : 1;
    const bool ends = !average && b[d] != DM_BOUNDARY_PERIODIC;  // the last point stays the last one
    const PetscInt whole = ends ? n[d] - 1 : n[d];
    PetscCheck(whole % ratio_[d] == 0, comm_, PETSC_ERR_ARG_SIZ,
               "-closure_record_coarsen %" PetscInt_FMT " -closure_record_restrict %s: found %" PetscInt_FMT
               " points in %c (%s), expected a multiple of %" PetscInt_FMT "%s",
               ratio, average ? "average" : "inject", n[d], "xyz"[d], DMBoundaryTypes[b[d]], ratio,
               ends ? ", and one more (cell-centred grids: average)" : "");
    coarse_[d] = whole / ratio_[d] + (ends ? 1 : 0);
  }
  PetscCall(DMDAGetCorners(dm, &fine_.first[0], &fine_.first[1], &fine_.first[2], &fine_.size[0], &fine_.size[1],
                           &fine_.size[2]));
  // Ours are those whose first fine point is ours.
  int beyond = 0;
  for (int d = 0; d < 3; ++d) {
    const auto up = [&](PetscInt i) { return std::min((i + ratio_[d] - 1) / ratio_[d], coarse_[d]); };
    own_.first[d] = up(fine_.first[d]);
    own_.size[d] = up(fine_.first[d] + fine_.size[d]) - own_.first[d];
    if (average && own_.size[d] * ratio_[d] != fine_.size[d]) beyond = 1;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &beyond, 1, MPI_INT, MPI_MAX, comm_));
  exchanges_ = beyond != 0;
  PetscCallMPI(MPI_Comm_size(comm_, &size));
  PetscCallMPI(MPI_Comm_rank(comm_, &rank));
  PetRLCallCXX(boxes_.resize(rank == 0 ? static_cast<std::size_t>(size) : 0));
  PetscCallMPI(MPI_Gather(&own_, 6, MPIU_INT, boxes_.data(), 6, MPIU_INT, 0, comm_));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The place in a global Vec of each fine point of the own box, found from how the DMDA divides the grid.
PetscErrorCode Restriction::ExchangeFor(Vec X, PetscInt dof, Exchange **exchange) {
  PetscInt dim, p[3];
  const PetscInt *l[3];
  IS from, to;

  PetscFunctionBegin;
  *exchange = &exchange_[dof];
  if ((*exchange)->scatter) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMDAGetInfo(dm_, &dim, NULL, NULL, NULL, &p[0], &p[1], &p[2], NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(dm_, &l[0], &l[1], &l[2]));
  struct Place {
    PetscInt begin, offset, size;  // of its part of the grid, in it, and how long that part is
  };
  std::vector<Place> places[3];
  std::vector<PetscInt> index;
  PetscInt all[3] = {1, 1, 1};
  PetscCall(DMDAGetInfo(dm_, NULL, &all[0], &all[1], &all[2], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  for (int d = 0; d < 3; ++d) {
    PetscInt part = 0, begin = 0;
    const PetscInt first = own_.first[d] * ratio_[d], n = own_.points() > 0 ? own_.size[d] * ratio_[d] : 0;
    for (PetscInt i = first; i < first + n; ++i) {
      while (d < dim && i >= begin + l[d][part]) begin += l[d][part++];
      PetRLCallCXX(places[d].push_back({begin, i - begin, d < dim ? l[d][part] : 1}));
    }
  }
  // Before a part come whole layers in z, then in y what is beside it in its layers, then in x what is left of it.
  PetRLCallCXX({
    for (const Place &z : places[2]) {
      for (const Place &y : places[1]) {
        for (const Place &x : places[0])
          index.push_back(z.begin * all[0] * all[1] + y.begin * all[0] * z.size + x.begin * y.size * z.size +
                          (z.offset * y.size + y.offset) * x.size + x.offset);
      }
    }
  });
  const auto count = static_cast<PetscInt>(index.size());
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, count * dof, &(*exchange)->fine));
  PetscCall(ISCreateBlock(PETSC_COMM_SELF, dof, count, index.data(), PETSC_COPY_VALUES, &from));
  PetscCall(ISCreateStride(PETSC_COMM_SELF, count * dof, 0, 1, &to));
  PetscCall(VecScatterCreate(X, from, (*exchange)->fine, to, &(*exchange)->scatter));
  PetscCall(ISDestroy(&from));
  PetscCall(ISDestroy(&to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void Restriction::Inject(const PetscScalar *fine, PetscInt dof) {
  double *to = mine_.data();
  for (PetscInt k = 0; k < own_.size[2]; ++k) {
    for (PetscInt j = 0; j < own_.size[1]; ++j) {
      for (PetscInt i = 0; i < own_.size[0]; ++i) {
        const PetscInt at[3] = {i, j, k};
        PetscInt local[3];
        for (int d = 0; d < 3; ++d) local[d] = (own_.first[d] + at[d]) * ratio_[d] - fine_.first[d];
        const PetscScalar *from = fine + ((local[2] * fine_.size[1] + local[1]) * fine_.size[0] + local[0]) * dof;
        for (PetscInt c = 0; c < dof; ++c) *to++ = PetscRealPart(from[c]);
      }
    }
  }
}

void Restriction::Average(const PetscScalar *fine, PetscInt dof) {
  const double share = 1. / static_cast<double>(ratio_[0] * ratio_[1] * ratio_[2]);
  const PetscInt row = own_.size[0] * ratio_[0] * dof, layer = own_.size[1] * ratio_[1] * row;
  double *to = mine_.data();
  std::fill(mine_.begin(), mine_.end(), 0.);
  for (PetscInt k = 0; k < own_.size[2]; ++k) {
    for (PetscInt j = 0; j < own_.size[1]; ++j) {
      for (PetscInt i = 0; i < own_.size[0]; ++i, to += dof) {
        for (PetscInt z = k * ratio_[2]; z < (k + 1) * ratio_[2]; ++z) {
          for (PetscInt y = j * ratio_[1]; y < (j + 1) * ratio_[1]; ++y) {
            const PetscScalar *from = fine + z * layer + y * row + i * ratio_[0] * dof;
            for (PetscInt x = 0; x < ratio_[0]; ++x)
              for (PetscInt c = 0; c < dof; ++c) to[c] += PetscRealPart(*from++);
          }
        }
        for (PetscInt c = 0; c < dof; ++c) to[c] *= share;
      }
    }
  }
}

void Restriction::describe(RecordLayout &layout) const {
  for (int d = 0; d < layout.dimension; ++d) {
    layout.points[d] = coarse_[d];
    if (coarse_[d] > 1) layout.spacing[d] *= static_cast<double>(ratio_[d]);
  }
}

PetscErrorCode Restriction::Gather(Vec X, PetscInt dof, std::vector<double> &values) {
  const PetscScalar *fine;
  Vec source = X;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm_, &rank));
  if (exchanges_) {
    Exchange *exchange;
    PetscCall(ExchangeFor(X, dof, &exchange));
    PetscCall(VecScatterBegin(exchange->scatter, X, exchange->fine, INSERT_VALUES, SCATTER_FORWARD));
    PetscCall(VecScatterEnd(exchange->scatter, X, exchange->fine, INSERT_VALUES, SCATTER_FORWARD));
    source = exchange->fine;
  }
  PetRLCallCXX(mine_.resize(static_cast<std::size_t>(own_.points() * dof)));
  PetscCall(VecGetArrayRead(source, &fine));
  if (average_)
    Average(fine, dof);
  else
    Inject(fine, dof);
  PetscCall(VecRestoreArrayRead(source, &fine));

  std::vector<PetscMPIInt> counts, starts;
  const auto points = static_cast<std::size_t>(coarse_[0] * coarse_[1] * coarse_[2] * dof);
  PetRLCallCXX({
    PetscMPIInt at = 0;
    for (const Box &box : boxes_) {
      counts.push_back(static_cast<PetscMPIInt>(box.points() * dof));
      starts.push_back(at);
      at += counts.back();
    }
    values.resize(rank == 0 ? points : 0);
    all_.resize(values.size());
  });
  PetscCallMPI(MPI_Gatherv(mine_.data(), static_cast<PetscMPIInt>(mine_.size()), MPI_DOUBLE, all_.data(), counts.data(),
                           starts.data(), MPI_DOUBLE, 0, comm_));
  const double *from = all_.data();
  for (const Box &box : boxes_) {
    for (PetscInt k = 0; k < box.size[2]; ++k) {
      for (PetscInt j = 0; j < box.size[1]; ++j) {
        const PetscInt at = ((box.first[2] + k) * coarse_[1] + box.first[1] + j) * coarse_[0] + box.first[0];
        std::copy_n(from, box.size[0] * dof, values.data() + at * dof);
        from += box.size[0] * dof;
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
