// Values of ghost cells from the ranks that own them.
#pragma once

#include <petscdmplex.h>
#include <petscsf.h>

#include <map>
#include <utility>
#include <vector>

#include "device/space.hpp"

namespace petrl {

/// Exchanges rows of values, one a cell. Nothing happens on one rank.
class Halo {
 public:
  Halo() = default;
  ~Halo();
  Halo(const Halo &) = delete;
  Halo &operator=(const Halo &) = delete;

  /// points: of the cells in `dm`, `owned` owned ones first; in_order: cells are their points on all ranks. Collective.
  PetscErrorCode setUp(DM dm, const std::vector<PetscInt> &points, PetscInt owned, bool in_order);
  /// Rows behind the owned ones from their owners; type: MPI_FLOAT or MPI_DOUBLE; the rows are in the space. Collective.
  PetscErrorCode fill(MPI_Datatype type, int width, void *rows, device::Space space = device::Space::host);
  /// Whether there are other ranks.
  bool needed() const { return sf_ != NULL; }

 private:
  PetscErrorCode unit(MPI_Datatype type, int width, MPI_Datatype *unit);

  PetscSF sf_ = NULL;
  std::map<std::pair<int, int>, MPI_Datatype> units_;
};

}  // namespace petrl
