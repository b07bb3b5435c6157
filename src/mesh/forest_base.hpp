// What a forest knows about its base mesh: how cells touch, the order in which trees are kept.
#pragma once

#include <petscsys.h>

#include <array>
#include <memory>
#include <vector>

#include "mesh/base_mesh.hpp"

namespace petrl {

/// Shared by all copies of a forest, never changed. Sides are the faces of base cells: cell * (dim + 1) + slot.
struct ForestBase {
  BaseMesh mesh;
  std::vector<int> twin;    ///< sides: the side on the other cell, -1 on the boundary
  std::vector<int> edge;    ///< sides: number of the triangle (3D), edge (2D) or vertex (1D) that the side is
  std::vector<int> from;    ///< edges: the base vertex where positions along it start
  std::vector<int> to;      ///< edges: and where they end
  std::vector<int> side;    ///< faces, as `edge` numbers them: the first side; in 2D it runs from `from` to `to`
  std::vector<int> order;   ///< trees in the order of a space-filling curve: base cells
  std::vector<int> place;   ///< base cells: their place in `order`
  std::vector<int> around;  ///< base cells at a vertex: around[first[v]] ... around[first[v + 1] - 1]
  std::vector<int> first;
  bool periodic = false;
  double low[3] = {0, 0, 0}, period[3] = {0, 0, 0};  ///< lowest coordinates; periods, 0 in directions without one
  /// Tetrahedra: edges, which `from` and `to` belong to, are no sides.
  std::vector<int> line;         ///< cells x 6: the edges of a cell, see kTetEdge
  std::vector<int> facet;        ///< triangles x 3: vertices
  std::vector<int> line_around;  ///< base cells at an edge: line_around[line_first[e]] ... - 1
  std::vector<int> line_first;
  /// How a base cell is bisected, see TetShape: the corners of the cell in the order in which its tree has them.
  struct FirstShape {
    unsigned char corner[4], type;
    bool odd;
  };
  std::vector<FirstShape> first_shape;
  int tag = 0;
  MPI_Comm comm = MPI_COMM_NULL;  ///< of our own where there are several ranks, the user's otherwise

  /// Collective. Throws petrl::Error for a mesh that is not a conforming manifold of positive cells.
  ForestBase(BaseMesh base, MPI_Comm user_comm);
  ~ForestBase();
  ForestBase(const ForestBase &) = delete;
  ForestBase &operator=(const ForestBase &) = delete;

  int slots() const { return mesh.dim + 1; }
  int facets() const { return static_cast<int>(side.size()); }
  int lines() const { return static_cast<int>(from.size()); }

 private:
  void setUpTetrahedra();
};

/// Base cells in the order of a Hilbert curve through their centroids (1D: from left to right).
std::vector<int> curveOrder(const BaseMesh &mesh);

}  // namespace petrl
