// Deviations from a refiner's policy, so that its learner sees what the policy would not lead to.
#pragma once

#include <petscsys.h>

#include <cstdint>
#include <vector>

#include "learn/engine/rng.hpp"
#include "mesh/cell_mesh.hpp"

namespace petrl {

/// Changes the marks of one decision after another: with a probability all of them (a disc is refined, what is around it
/// coarsened or kept), otherwise those of a few cells. The same for any number of ranks.
class RefinementExplorer {
 public:
  /// explore: that probability.
  RefinementExplorer(MPI_Comm comm, double explore, std::uint64_t seed) : comm_(comm), explore_(explore), rng_(seed) {}
  /// first: this rank's first cell's number over all ranks. Collective.
  void operator()(const CellMesh &mesh, std::int64_t first, std::vector<signed char> &marks);

 private:
  MPI_Comm comm_;
  double explore_;
  learn::Rng rng_;
};

}  // namespace petrl
