// The coarsest mesh of a hierarchy.
#pragma once

#include <petscsys.h>

#include <string>
#include <vector>

#include "base/api.hpp"

namespace petrl {

/// A DMLabel on the points of a base mesh.
struct BaseLabel {
  struct At {
    int cell;
    int part;  ///< of the cell: with dim + 1 = n, 0 ... n - 1: the face opposite that corner (2D, 3D), n ... 2 n - 1:
               ///< the vertex at that corner, 2 n: the cell itself, 2 n + 1 ...: its edges (3D, see kTetEdge)
    PetscInt value;
  };
  std::string name;
  PetscInt otherwise = -1;            ///< value of the points that have none
  bool output = true;                 ///< viewers write it
  std::vector<PetscInt> values = {};  ///< all of them, on all ranks alike; some may be nowhere
  std::vector<At> at = {};            ///< points that cells share may be there several times
};

/// Intervals, triangles or tetrahedra, known to every rank. In periodic meshes opposite vertices are one vertex; coordinates belong
/// to the cells, so that every cell is whole.
struct PETRL_API BaseMesh {
  int dim = 2;
  int vertices = 0;
  std::vector<int> cell;       ///< cells x (dim + 1) vertices. Triangles: anticlockwise, the edge of corners 0 and 1 is
                               ///< bisected first, corner 2 is the "newest vertex". Tetrahedra: right-handed, the
                               ///< longest edge is bisected first
  std::vector<double> corner;  ///< cells x (dim + 1) x dim coordinates
  std::vector<int> face;       ///< cells x (dim + 1) numbers of boundary faces (opposite the corner), 0 inside: what
                               ///< solvers on CellMesh know them by
  std::vector<BaseLabel> labels = {};  ///< what DMPlex meshes have and adapted ones inherit

  int cells() const { return static_cast<int>(cell.size()) / (dim + 1); }
  /// Adds the labels "Face Sets" (the numbers of boundary faces) and "marker" (1 on them, their edges and vertices).
  void labelBoundary();

  /// n equal intervals of [a, b]; boundary labels 1 (left), 2 (right).
  static BaseMesh interval(int n, double a, double b, bool periodic);
  /// nx x ny squares of two triangles each, their longest edges bisected first; boundary labels 1 bottom, 2 right,
  /// 3 top, 4 left. A periodic direction needs at least 3 squares.
  static BaseMesh box(int nx, int ny, const double lower[2], const double upper[2], bool periodic_x, bool periodic_y);
  /// nx x ny x nz cubes of six tetrahedra each around their diagonals; boundary labels 1 and 2 where x is least and
  /// largest, 3 and 4 for y, 5 and 6 for z.
  static BaseMesh box(int nx, int ny, int nz, const double lower[3], const double upper[3]);
  /// [0,1]^2 without its upper right quarter, n squares a unit length (n even); boundary label 1.
  static BaseMesh lShape(int n);
};

}  // namespace petrl
