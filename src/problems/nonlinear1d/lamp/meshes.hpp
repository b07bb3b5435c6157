// Meshes that no policy makes: adapted with hindsight, or thinned at random.
#pragma once

#include <functional>

#include "problems/nonlinear1d/vertex_mesh.hpp"

namespace petrl::lamp {

/// Random numbers in [0, 1).
using Uniform = std::function<double()>;

/// Splits the edges along which linear interpolation of `level` (kPoints values) is worst, some at a time, until the
/// mesh has `target` vertices. The errors are compared with a random relative disturbance of up to `noise`.
nonlinear1d::VertexMesh adaptedMesh(nonlinear1d::VertexMesh mesh, const float *level, int target, double noise = 0,
                                    const Uniform &uniform = {});

/// Without a random share of the vertices.
nonlinear1d::VertexMesh thinnedMesh(const nonlinear1d::VertexMesh &mesh, double share, const Uniform &uniform);

}  // namespace petrl::lamp
