// What refining and coarsening would have done: paired runs from the same state.
#pragma once

#include <vector>

#include "mesh/forest.hpp"
#include "problems/conservation/finite_volume.hpp"

namespace petrl::conservation {

/// Runs a solution on for an interval on three meshes: as it is, every cell refined, every cell coarsened (where the
/// hierarchy allows it). gain: mean over each cell and over the interval of the difference that refinement makes; loss:
/// of the one that coarsening makes (negative where a cell cannot be coarsened). In units of u.
///
/// A difference has two parts. That of the means over a cell (over the coarser one of the two) stays in the solution;
/// what is inside the cell beyond its linear reconstruction is only seen while the cell is there, and counts `inside`
/// times as much.
struct Lookahead {
  std::vector<double> gain, loss;
  int steps = 0;  ///< that the mesh as it is takes

  double inside = .25;

  /// The runs are compared every few steps: what passes a cell between two comparisons would be overlooked. One rank.
  void compute(const Forest &forest, const CellMesh &mesh, const std::vector<double> &u, const FiniteVolume &volumes,
               double t, double interval, double cfl);
};

}  // namespace petrl::conservation
