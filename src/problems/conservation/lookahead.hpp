// What refining and coarsening would have done: paired runs from the same state.
#pragma once

#include <vector>

#include "problems/conservation/finite_volume.hpp"
#include "refine/forest.hpp"

namespace petrl::conservation {

/// Runs a solution on for an interval on three meshes: as it is, every cell refined, every cell coarsened (where the
/// hierarchy allows it). gain: mean over each cell and over the interval of the difference that refinement makes; loss:
/// of the one that coarsening makes (negative where a cell cannot be coarsened). In units of u.
struct Lookahead {
  std::vector<double> gain, loss;
  int steps = 0;  ///< that the mesh as it is takes

  /// samples: times at which the runs are compared, equally spaced. One rank.
  void compute(const Forest &forest, const CellMesh &mesh, const std::vector<double> &u, const FiniteVolume &volumes,
               double t, double interval, double cfl, int samples);
};

}  // namespace petrl::conservation
