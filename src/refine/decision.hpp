// From predicted errors to marks.
#pragma once

#include <cstdint>
#include <vector>

#include "refine/cell_mesh.hpp"

namespace petrl {

/// What a decision weighs.
struct RefinementCosts {
  double tradeoff = .5;  ///< beta, from 0 (error alone counts) to 1 (computation alone counts), exclusive
  double steps = 1;      ///< time steps until the next decision
  double remesh = 25;    ///< what re-meshing costs, in time steps on the same cell
  double unit = 1e-7;    ///< relative error that one cell-step is worth at beta = 1/2
  double measure = 0;    ///< volume of the domain, over all ranks
  int max_level = 8;     ///< in bisections
  /// Error that a cell must save for each time step that it costs.
  double price() const { return unit * tradeoff / (1 - tradeoff); }
};

/// The decision for each owned cell, and what all of it is expected to bring.
struct RefinementDecision {
  std::vector<signed char> mark;  ///< -1, 0, +1
  std::vector<float> priority;    ///< net gain of a refinement
  double gain = 0;                ///< on this rank: error saved minus the price of cell-steps, all marks together
  std::int64_t refined = 0, coarsened = 0;
};

/// predicted: owned x 2 network outputs: [0] what refining a cell would gain, [1] what coarsening it would lose. Both
/// are logarithms of a mean difference of the field over the cell and the time until the next decision, relative to the
/// field's range (see RefinementScale). A refined cell becomes four (two in 1D), a coarsened one a quarter (half).
void decide(const CellMesh &mesh, const float *predicted, const RefinementCosts &costs, RefinementDecision &decision);

/// Network outputs and relative differences: output = (log(difference + floor) - offset) / scale.
struct RefinementScale {
  static constexpr float kFloor = 1e-5f, kOffset = -7.f, kScale = 3.f;
  static float output(float difference);
  static float difference(float output);
};

}  // namespace petrl
