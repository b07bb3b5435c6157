// What refining and coarsening would have done: paired runs from the same state.
#pragma once

#include <vector>

#include "mesh/forest.hpp"
#include "problems/conservation/finite_volume.hpp"

namespace petrl::conservation {

/// Runs a solution on for an interval on three meshes: as it is, every cell refined, every cell coarsened (where the
/// hierarchy allows it). gain: mean over each cell and over the interval of the difference that refinement makes; loss:
/// of the one that coarsening makes (negative where a cell cannot be coarsened). In units of u; of each of the
/// components that count, one after the other.
///
/// A difference has two parts. That of the means over a cell (over the coarser one of the two) stays in the solution;
/// what is inside the cell beyond its linear reconstruction is only seen while the cell is there, and counts `inside`
/// times as much.
struct Lookahead {
  std::vector<double> gain, loss;
  int steps = 0;  ///< that the mesh as it is takes

  double inside = .25;

  /// What refining and coarsening would do, as a policy would say it: owned x 2 relative differences, all components
  /// added, each relative to its range (0: none); a loss of 1 where a cell cannot be coarsened.
  std::vector<float> relative(const std::vector<double> &ranges) const;

  /// The runs are compared every few steps: what passes a cell between two comparisons would be overlooked. One rank.
  void compute(const Forest &forest, const CellMesh &mesh, const double *u, const FiniteVolume &volumes, double t,
               double interval, double cfl, const std::vector<int> &components = {0});
};

}  // namespace petrl::conservation
