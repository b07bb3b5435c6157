// The loops of the finite volumes, over plain arrays. Everything gathers, nothing scatters: all of it vectorises.
#pragma once

namespace petrl::conservation {

constexpr int kRing = 8;  ///< cells around a vertex that the vectorised loop looks at

/// Slots are padded to three and coordinates to two: 1D runs through the same loops. Arrays of several lines lie one
/// line after the other: slot s of cell c is [s * n + c].
struct CellArrays {
  int n;                 ///< owned cells
  const int *neighbour;  ///< 3 x n; the cell itself where there is none
  const int *vertex, *face;
  const double *weight_x, *weight_y;  ///< 3 x n: of the least-squares gradient
  const double *corner_x, *corner_y;  ///< 3 x n: from the centre to the corners
  const double *out;                  ///< 3 x n: -(+-1) / volume: outflow leaves the cell
};

struct FaceArrays {
  int n;
  const int *left, *right;
  const double *k;                           ///< velocity (direction) times normal
  const double *left_x, *left_y;             ///< from the left centre to the face's centre
  const double *right_x, *right_y;           ///< from the right centre
  const double *direct, *cross_x, *cross_y;  ///< diffusion: normal . grad u = direct (u_r - u_l) + cross . mean grad u
};

void gradients(const CellArrays &c, const double *u, double *gx, double *gy);
/// Least and largest value around vertices; ring: kRing x vertices, padded by repetition.
void bounds(int vertices, const int *ring, const double *u, double *low, double *high);
/// Gradients times the largest factor <= 1 that keeps the corners within the vertices' bounds.
void limitSharp(const CellArrays &c, const double *u, const double *low, const double *high, double *gx, double *gy);
/// The same with a differentiable function; epsilon: n, how far corners may leave the bounds.
void limitSmooth(const CellArrays &c, const double *u, const double *low, const double *high, const double *epsilon,
                 double *gx, double *gy);
/// The factor of one corner, where it differs by d from the cell; differentiable for epsilon >= 0, else sharp.
double cornerFactor(double d, double up, double down, double epsilon);
void advectionFluxes(const FaceArrays &f, const double *u, const double *gx, const double *gy, double *flux);
void burgersFluxes(const FaceArrays &f, const double *u, const double *gx, const double *gy, double *flux);
void diffusionFluxes(const FaceArrays &f, double viscosity, const double *u, const double *gx, const double *gy,
                     double *flux);
void divergence(const CellArrays &c, const double *flux, double *dudt);
/// Speed times area of each face, twice the diffusive part added.
void speeds(const FaceArrays &f, bool burgers, double viscosity, const double *u, double *speed);
/// Largest half sum of speeds over volume.
double fastest(const CellArrays &c, const double *speed);
/// out = a base + b (u + dt dudt).
void combine(int n, double a, const double *base, double b, const double *u, double dt, const double *dudt,
             double *out);

}  // namespace petrl::conservation
