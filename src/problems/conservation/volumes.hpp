// The order of the loops, in either space.
#pragma once

#include "problems/conservation/arrays.hpp"

namespace petrl::conservation {

/// What is reconstructed and passes faces, of all cells: u itself, or v.primitive, which this sets. The functions below
/// take this for u.
const double *reconstructed(const Volumes &v, const double *u);
/// Zero in all cells: gx and gy, plain_x and plain_y with diffusion.
void clearSlopes(const Volumes &v);
/// Least-squares gradients of the owned cells, in gx and gy.
void leastSquares(const Volumes &v, const double *u);
/// The same, limited.
void limitGradients(const Volumes &v, const double *u);
/// gx and gy as fluxes take them, plain_x and plain_y with diffusion: of the owned cells.
void reconstruct(const Volumes &v, const double *u);
/// Of a gas: gx and gy of what is conserved from those of what is reconstructed.
void toContentsSlopes(const Volumes &v, const double *u);
/// du/dt of the owned cells, from these of all cells.
void fluxesAndDivergence(const Volumes &v, const double *u, double *dudt);
/// Speeds of the faces, in flux.
void speeds(const Volumes &v, const double *u);
/// rate: of each owned cell, from these.
void rates(const Volumes &v, double *rate);

/// Values in a row of what reconstruct() finds for a cell.
int slopeWidth(const Volumes &v);
/// Rows of the owned cells; and back, of the cells first, ..., last - 1.
void slopesToRows(const Volumes &v, double *rows);
void slopesFromRows(const Volumes &v, int first, int last, const double *rows);

}  // namespace petrl::conservation
