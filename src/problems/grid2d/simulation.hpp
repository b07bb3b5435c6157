// Coarse simulations of a case beside the fine one: errors a step.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "problems/grid2d/model.hpp"

namespace petrl::grid2d {

/// The fine solution on coarse grids at every coarse time step; computed once, used by all schemes.
struct Reference {
  /// Points a side -> states at steps 0, 1, ...
  std::map<int, std::vector<std::vector<double>>> states;
};

/// `steps` coarse steps of the fine grid, restricted to each of `sizes`.
Reference reference(const Model &model, const Case &c, int steps, const std::vector<int> &sizes);

/// A coarse solver by its choices.
struct Configuration {
  Scheme scheme;
  int n = 0;         ///< points a side; 0: the model's own
  int substeps = 1;  ///< of a coarse time step of the model
  int stride = 1;    ///< or: one step takes so many of the model's (substeps is 1 then)
};

/// Changes the state (ghost points: of no meaning on entry and exit) before a step; velocity: two components, on the
/// same grid (empty where the state is the velocity).
using StateCorrection = std::function<void(Field &state, const Field &velocity)>;

/// Errors against the reference after 0, 1, ... steps of the model (only multiples of the stride; relativeError() and
/// massError() of the model, on the coarse grid's own points). Infinite once a state is not finite.
struct Errors {
  std::vector<int> step;
  std::vector<double> relative, mass;
};

/// Runs a configuration as far as the reference goes; `correction` (if any) acts before every step.
Errors simulate(const Model &model, const Case &c, const Reference &reference, const Configuration &configuration,
                const StateCorrection &correction = {});

}  // namespace petrl::grid2d
