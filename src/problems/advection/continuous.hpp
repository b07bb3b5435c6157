// Advection cases on grids that do not divide the fine one.
#pragma once

#include "problems/advection/advection.hpp"

namespace petrl::advection {

/// The case of sampleCase() at the points i / n of an n x n grid instead of the fine one's, n at most as fine: picture
/// (mnist | fashion, bilinear between its pixels) and velocity (train | vortex, formulas of the place) are functions
/// known everywhere. At points that the grids share it is the same to rounding. Throws petrl::Error for other
/// distributions, which are known on the fine grid only.
grid2d::Case sampleCaseAt(int n, const AdvectionModel &model, const Distribution &distribution, Part part,
                          std::uint64_t seed);

}  // namespace petrl::advection
