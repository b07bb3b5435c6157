// Runs of a refiner's TS that the program does not see: from a state that was kept, and back to it.
#pragma once

#include <memory>
#include <vector>

#include "refine/refiner.hpp"

namespace petrl {

/// What a TS and its refiner go on from, but for what a method remembers of earlier steps. Copies share it.
struct RunState {
  std::shared_ptr<const Forest> forest;
  std::vector<int> vertex;
  std::shared_ptr<RefinerMesh> before, mesh;
  std::shared_ptr<Passage> passage;
  std::shared_ptr<_p_DM> dm;  ///< the TS's
  std::shared_ptr<_p_Vec> u, vatol, vrtol;
  PetscReal time = 0, step = 0;
  PetscInt steps = 0;
};

/// The state now. Collective.
PetscErrorCode RefinerKeepState(PetRLRefiner refiner, TS ts, RunState &state);
/// Goes back to it; what a method remembers of earlier steps is gone. Collective.
PetscErrorCode RefinerRestoreState(PetRLRefiner refiner, TS ts, const RunState &state);

/// What runs cost.
struct RunTally {
  double cell_steps = 0, cost = 0;
  std::int64_t remeshes = 0;
  bool finished = true;  ///< nothing failed, and all is finite
};

/// Steps to a time, decisions on the way as in the program unless the refiner is frozen. Monitors, events and views
/// are left out; what else TSSolve() calls is called (functions before and after stages and steps). Collective.
PetscErrorCode RefinerRunTo(PetRLRefiner refiner, TS ts, PetscReal until, RunTally &tally);

/// What a solution is like in each cell at one time: means, and a linear reconstruction (that of transfers in cells,
/// the elements' own at vertices).
struct CellFields {
  int width = 0, dim = 0;
  std::vector<double> value, gradient;  ///< of owned cells: x width, x width x dim
  double at(std::size_t cell, std::size_t component, const double *from, const double *to) const {
    const auto d = static_cast<std::size_t>(dim), k = cell * static_cast<std::size_t>(width) + component;
    double sum = value[k];
    for (std::size_t i = 0; i < d; ++i) sum += gradient[k * d + i] * (to[i] - from[i]);
    return sum;
  }
};
/// Of the TS's solution. Collective.
PetscErrorCode RefinerCellFields(PetRLRefiner refiner, TS ts, CellFields &fields);

/// What refining each owned cell would gain and what coarsening it would lose until `interval` later: means over the
/// time of the mean differences, in the units of the components that count, cells x components; negative where it is
/// not known (the cell cannot be refined or coarsened, or that run failed). The TS is left wherever; what goes on goes
/// on from `state`. Collective.
struct PairedRuns {
  std::vector<double> gain, loss;
};
PetscErrorCode RefinerPairedRuns(PetRLRefiner refiner, TS ts, const RunState &state, PetscReal interval,
                                 PairedRuns &runs);

/// A world of a TS whose state now is its initial one. Collective.
std::unique_ptr<RefinerWorld> makeRefinerWorld(PetRLRefiner refiner, TS ts, double held_out);

}  // namespace petrl
