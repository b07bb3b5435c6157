// What the loops of the finite volumes work on: plain arrays, on the host or on a device.
#pragma once

#include "device/space.hpp"

namespace petrl::conservation {

enum class Limiter {
  none,   ///< least-squares gradients as they are
  sharp,  ///< corners stay within the averages around their vertex (MLP-u1: Park, Yoon, Kim 2010): maximum principle
  smooth  ///< differentiable (Michalak, Ollivier-Gooch 2009), keeps smooth extrema, may overshoot a little
};

constexpr int kRing = 8;  ///< cells around a vertex that the vectorised loop looks at

/// begin, ..., end - 1.
struct Range {
  int begin = 0, end = 0;
};

/// Slots are padded to three and coordinates to two: 1D runs through the same loops. Arrays of several lines lie one
/// line after the other: slot s of cell c is [s * n + c].
struct CellArrays {
  int n = 0;                       ///< owned cells
  const int *neighbour = nullptr;  ///< 3 x n; the cell itself where there is none
  const int *vertex = nullptr, *face = nullptr;
  const double *weight_x = nullptr, *weight_y = nullptr;  ///< 3 x n: of the least-squares gradient
  const double *corner_x = nullptr, *corner_y = nullptr;  ///< 3 x n: from the centre to the corners
  const double *out = nullptr;                            ///< 3 x n: -(+-1) / volume: outflow leaves the cell
};

struct FaceArrays {
  int n = 0;
  const int *left = nullptr, *right = nullptr;
  const double *k = nullptr;                              ///< velocity (direction) times normal; of a gas the area
  const double *normal_x = nullptr, *normal_y = nullptr;  ///< of a gas: of length 1
  const double *left_x = nullptr, *left_y = nullptr;      ///< from the left centre to the face's centre
  const double *right_x = nullptr, *right_y = nullptr;    ///< from the right centre
  /// Diffusion: normal . grad u = direct (u_r - u_l) + cross . mean grad u.
  const double *direct = nullptr, *cross_x = nullptr, *cross_y = nullptr;
};

struct VertexArrays {
  int n = 0;
  const int *ring = nullptr;  ///< kRing x n: cells around vertices, padded by repetition
  // Beyond kRing cells around a vertex: those of crowd[i] are crowded[first[i]], ..., crowded[first[i + 1] - 1].
  int crowds = 0, beyond = 0;
  const int *crowd = nullptr, *first = nullptr, *crowded = nullptr;
};

/// Boundary faces with values beyond them; those of one cell follow each other.
struct GivenArrays {
  int n = 0, cells = 0;
  const int *first = nullptr;     ///< cells + 1: where each cell's begin
  const int *face = nullptr;      ///< n
  const int *vertex = nullptr;    ///< 2 x n: the face's; 2 i and 2 i + 1
  const double *value = nullptr;  ///< n for each component; of a gas what is reconstructed
};

/// All of them, in one space, with room for what is between the loops.
struct Volumes {
  device::Space space = device::Space::host;
  bool burgers = false, gas = false, first_order = false;
  Limiter limiter = Limiter::sharp;
  double viscosity = 0, gamma = 0;
  int dim = 2, cells = 0, components = 1;
  CellArrays cell;
  FaceArrays face;
  VertexArrays vertex;
  GivenArrays given;
  const double *epsilon = nullptr;  ///< owned cells, of Limiter::smooth: how far corners may leave the bounds
  // Of each component one after the other:
  double *primitive = nullptr;                    ///< cells, of a gas: density, velocity, pressure
  double *gx = nullptr, *gy = nullptr;            ///< cells: as fluxes take them
  double *plain_x = nullptr, *plain_y = nullptr;  ///< cells, with diffusion: before the limiter
  double *flux = nullptr;                         ///< faces
  double *low = nullptr, *high = nullptr;         ///< vertices, of one component
};

}  // namespace petrl::conservation
