// The fine grid of a problem, on the run.
#pragma once

#include "problems/grid2d/field.hpp"

namespace petrl::grid2d {

/// A fine-grid simulation that goes ahead by coarse time steps.
class FineSolver {
 public:
  virtual ~FineSolver() = default;
  /// One coarse time step: all its substeps.
  virtual void advance() = 0;
  /// The state now; its ghost points hold nothing of meaning.
  virtual const Field &state() const = 0;
};

}  // namespace petrl::grid2d
