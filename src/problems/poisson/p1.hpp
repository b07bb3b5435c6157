// Linear finite elements for Poisson's equation, and their solution on nested meshes.
#pragma once

#include <memory>
#include <vector>

#include "mesh/forest.hpp"

namespace petrl::poisson {

/// The stiffness matrix of continuous, piecewise linear functions on a mesh of triangles, zero on the boundary: rows
/// and columns of boundary vertices are those of the identity. Entries that are zero (opposite right angles) are left
/// out.
class P1 {
 public:
  explicit P1(const CellMesh &mesh);

  int size() const { return static_cast<int>(diagonal_.size()); }
  bool onBoundary(int vertex) const { return boundary_[static_cast<std::size_t>(vertex)] != 0; }
  void multiply(const double *x, double *y) const;
  /// One sweep of Gauss-Seidel, up or down the numbering.
  void sweep(const double *b, double *x, bool up) const;

 private:
  std::vector<int> row_, column_;  // off the diagonal
  std::vector<double> value_, diagonal_;
  std::vector<char> boundary_;
};

/// Conjugate gradients with a V-cycle over nested meshes. Needs about ten iterations whatever the meshes are, so that
/// training, which solves thousands of small systems, and references with 10^5 unknowns share it.
class NestedSolver {
 public:
  /// Adds a finer mesh (the coarsest first, whose lineage is ignored).
  void add(std::shared_ptr<const P1> matrix, const VertexLineage &lineage);
  const P1 &matrix() const { return *levels_.back().matrix; }
  /// Of the finest mesh, u: first guess and result. Zeroes u on the boundary. Returns the number of iterations.
  /// tolerance: of the preconditioned residual's norm relative to that of the zero solution.
  int solve(const std::vector<double> &b, std::vector<double> &u, double tolerance = 1e-9) const;

 private:
  struct Level {
    std::shared_ptr<const P1> matrix;
    std::vector<int> a, b;  // parents of the vertices, see VertexLineage
  };
  struct Work {
    std::vector<double> b, x, r;
  };
  void cycle(std::size_t level, const double *b, double *x, std::vector<Work> &work) const;

  std::vector<Level> levels_;
};

}  // namespace petrl::poisson
