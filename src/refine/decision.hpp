// From predicted errors to marks.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/api.hpp"
#include "base/vector_math.hpp"
#include "mesh/cell_mesh.hpp"

namespace petrl {

/// What a decision weighs.
struct PETRL_API RefinementCosts {
  double tradeoff = .5;      ///< beta, from 0 (error alone counts) to 1 (computation alone counts), exclusive
  double steps = 1;          ///< time steps until the next decision, on the mesh as it is
  double remesh = 25;        ///< what re-meshing costs, in time steps on the same cell
  double unit = 1e-8;        ///< relative error that one cell-step is worth at beta = 1/2
  double measure = 0;        ///< volume of the domain, over all ranks
  int max_level = 8;         ///< in bisections
  int finest = 0;            ///< highest level in the mesh, over all ranks
  bool stable_steps = true;  ///< the smallest cell limits the step: explicit methods
  bool local_steps = false;  ///< each cell takes steps of its own: a finer one costs its own alone
  const double *own_steps =
      nullptr;  ///< local_steps: of each owned cell until the next decision, on the mesh as it is;
                ///< null: what its level says
  /// Error that a cell must save for each time step that it costs.
  double price() const { return unit * tradeoff / (1 - tradeoff); }
  /// Steps until the next decision when the finest cells are of this level.
  double stepsAt(int level, int dim) const;

  /// What becomes of a cell, coarsened, kept or refined, in units of each().
  struct Work {
    double coarse, same, fine;
    double of(int mark) const { return mark > 0 ? fine : mark < 0 ? coarse : same; }
  };
  /// In cells; with local steps in steps of cells, those of re-meshing among them.
  Work work(const CellMesh &mesh, std::size_t cell) const;
  /// Price of that unit on a mesh without cells beyond level `cap`.
  double each(int cap, int dim) const;
  /// Steps of a cell until the next decision, on the mesh as it is.
  double stepsOf(const CellMesh &mesh, std::size_t cell) const;
};

/// The decision for each owned cell, and what all of it is expected to bring.
struct RefinementDecision {
  std::vector<signed char> mark;  ///< -1, 0, +1
  std::vector<float> priority;    ///< net gain of a refinement
  std::int64_t refined = 0, coarsened = 0;
  int cap = 0;              ///< no cell will be of a higher level
  double gain = 0;          ///< error saved minus the price of what is computed more, over all ranks
  bool worthwhile = false;  ///< the gain exceeds what re-meshing costs
};

/// Sums values over all ranks, in place. Collective; nothing on one rank.
using SumOverRanks = std::function<void(double *values, int count)>;

/// predicted: owned x 2 relative differences: [0] what refining a cell would gain, [1] what coarsening it would lose:
/// the mean difference of the field over the cell and the time until the next decision, relative to the field's range.
/// A refined cell becomes four (two in 1D), a coarsened one a quarter (half).
///
/// With explicit methods a finer level makes all cells take twice the steps. So the decision is made three times: with
/// one level less than there is, with as many, and with one more; the one with the best sum is taken. With
/// local steps it makes none but its own children take twice the steps, and there is one decision. Collective where `sum`
/// is.
PETRL_API void weigh(const CellMesh &mesh, const float *predicted, const RefinementCosts &costs,
                     const SumOverRanks &sum, RefinementDecision &decision);

/// On one rank.
inline void weigh(const CellMesh &mesh, const float *predicted, const RefinementCosts &costs,
                  RefinementDecision &decision) {
  weigh(mesh, predicted, costs, {}, decision);
}

/// Network outputs and relative differences: output = (log(difference + floor) - offset) / scale.
struct RefinementScale {
  static constexpr float kFloor = 1e-5f, kOffset = -7.f, kScale = 3.f;
  PETRL_INLINE static float output(float difference) {
    return (vector_math::logarithm(difference + kFloor) - kOffset) / kScale;
  }
  PETRL_INLINE static float difference(float output) {
    const float logarithm = output * kScale + kOffset;
    return vector_math::exponential(2.f < logarithm ? 2.f : logarithm) - kFloor;  // NaN stays
  }
};

}  // namespace petrl
