// What linear interpolation can reach: the labels themselves on the best vertices there are.
#pragma once

#include <vector>

namespace petrl::nonlinear1d {

/// Error (see metric.hpp) of the exact labels sampled at the best n vertices of a chain, both ends among them, the same
/// for all levels. Exact, by dynamic programming over segments.
/// label: levels x kPoints. out[n] for n = 2..kPoints (out[0], out[1] unused). `mesh`, where asked for: the vertices of
/// the best chain of `vertices`.
std::vector<double> bestChain(int levels, const float *label, int vertices = 0, std::vector<int> *mesh = nullptr);

/// The same without the ends: a periodic mesh of every kPoints / n-th point, from the best first one. n divides
/// kPoints.
double uniformFloor(int levels, const float *label, int n);

}  // namespace petrl::nonlinear1d
