// Velocities made of Taylor-Green vortices.
#pragma once

#include <vector>

#include "problems/grid2d/random.hpp"

namespace petrl::grid2d {

/// u = uTL + sum s_k sin(pi k x) cos(pi k y), v = vTL - sum s_k cos(pi k x) sin(pi k y) on an n x n grid
/// x, y = linspace(0, 1, n) (both ends included), signs s_k random, divided by (number of k + 1): at least `fewest` and
/// at most `most` distinct k of `choices`; uTL, vTL uniform in (-1, 1) if `translate`, else 0. Returns u, then v, each
/// n x n, x fastest.
std::vector<double> taylorGreen(int n, const std::vector<int> &choices, int fewest, int most, bool translate,
                                Random &random);

}  // namespace petrl::grid2d
