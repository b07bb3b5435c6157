// Gradients of cell averages.
#pragma once

#include <vector>

#include "mesh/cell_mesh.hpp"

namespace petrl {

/// Least squares over the cells that share a face, weights 1 / distance^2; along the line where all neighbours lie on
/// one. u: cells; g: owned x dim.
void leastSquaresGradient(const CellMesh &mesh, const double *u, double *g);

/// The same, such that corners stay within the averages around their vertex (MLP-u1: Park, Yoon, Kim 2010), all cells
/// that share it on this rank. work: memory.
void limitedGradient(const CellMesh &mesh, const double *u, double *g, std::vector<double> &work);

}  // namespace petrl
