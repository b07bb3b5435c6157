// Right-hand sides where the state lives, as PETSc lays it out.
#pragma once

#include <petscsys.h>

#include "device/space.hpp"
#include "problems/grid2d/scheme.hpp"

namespace petrl::grid2d {

/// Points of a grid; the values of one follow each other, and so do the points of a row.
struct Interleaved {
  const double *data = nullptr;  ///< of the point (0, 0)
  std::ptrdiff_t step = 1;       ///< values a point
  std::ptrdiff_t row = 0;        ///< from (x, y) to (x, y + 1)
};

/// out = f(q) at nx x ny points, as advance() has it with beta = 0 and factor = 1; all arrays are in the space.
/// q: ghosted; velocity: u and v are the first two values of a point, q itself for Burgers' equation; out: no ghosts.
PetscErrorCode rateOfChange(device::Space space, const Discretization &d, int components, int nx, int ny,
                            const Interleaved &q, const Interleaved &velocity, double *out);

}  // namespace petrl::grid2d
