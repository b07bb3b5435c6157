// Meshes for who knows the solution.
#pragma once

#include <functional>

#include "problems/lamp2d/triangle_mesh.hpp"

namespace petrl::lamp2d {

/// Splits, from the base mesh on, every edge from which `values` (at label points) depart by more than `tolerance` from a
/// straight line, until there is none. factor(): multiplies the tolerance, asked for each edge; may be empty.
MeshPtr adaptedMesh(const std::shared_ptr<const Grid> &grid, const float *values, double tolerance,
                    const std::function<double()> &factor = {});

/// One decision on the way there, as a policy could take it: of the edges that are to be split those from which values
/// depart most, of the vertices whose absence would leave a departure below half the tolerance those with the least, of
/// each as many as there is a number for.
lamp::Action towards(const TriangleMesh &mesh, const float *values, double tolerance);

/// Half-way between the labels before and after a step.
State midway(const FlowSet &set, int trajectory, int level);

}  // namespace petrl::lamp2d
