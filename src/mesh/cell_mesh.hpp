// The cells of an adaptive mesh as plain arrays: what finite volumes, error indicators and graph networks work on.
#pragma once

#include <vector>

namespace petrl {

/// Intervals (dim 1), triangles (dim 2) or tetrahedra (dim 3) of one rank: those that it owns first, then ghosts (all that share a face
/// with an owned cell, at least). A cell has dim + 1 faces; slot s of cell c is entry c * (dim + 1) + s, its face lies
/// opposite corner s. The order of the slots belongs to the cell: it is the same on every rank that sees the cell.
struct CellMesh {
  struct Face {
    int left = -1, right = -1;  ///< cells; right is -1 on the boundary; left < right otherwise
    int label = 0;              ///< of a boundary face, > 0; 0 inside
    // 1D and 2D; in space nobody asks for them.
    double normal[2] = {0, 0};  ///< from left to right (outwards), its length is the face's area (1 in 1D)
    double centre[2] = {0, 0};  ///< as seen from the left cell (periodic meshes)
  };

  int dim = 2;
  int owned = 0, cells = 0, vertices = 0;
  std::vector<double> centre;   ///< cells x dim
  std::vector<double> volume;   ///< cells
  std::vector<int> level;       ///< bisections since the base mesh
  std::vector<int> vertex;      ///< cells x (dim + 1)
  std::vector<double> corner;   ///< cells x (dim + 1) x dim: coordinates, unwrapped where the mesh is periodic
  std::vector<int> neighbour;   ///< cells x (dim + 1); -1 where there is none (boundary, or beyond the ghosts)
  std::vector<int> face;        ///< cells x (dim + 1): index into faces, -1 beyond the ghosts
  std::vector<double> towards;  ///< cells x (dim + 1) x dim: from the centre to the neighbour's centre (the shortest
                                ///< way in periodic meshes), to the face's centre where there is none
  std::vector<Face> faces;      ///< that have an owned cell at least on one side

  int slots() const { return dim + 1; }
};

}  // namespace petrl
