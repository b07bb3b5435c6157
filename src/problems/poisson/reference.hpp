// What errors on the L-shape are measured against: the solution on an everywhere refined mesh.
#pragma once

#include <memory>
#include <vector>

#include "problems/poisson/adaptive.hpp"

namespace petrl::poisson {

/// BaseMesh::lShape(squares) refined everywhere, with the matrices of all meshes on the way; one serves all cases. Its
/// vertices are the lattice points (i, j) / size() of the domain; its cells halve the lattice's squares along
/// diagonals that point up where i + j is even and down where it is odd.
class ReferenceMesh {
 public:
  ReferenceMesh(int squares, int halvings);
  int size() const { return size_; }  ///< squares a unit length
  /// Values on the whole lattice, (size() + 1)^2, x fastest; zero outside the domain.
  std::vector<double> solve(const GaussianLoad &load) const;

 private:
  int size_;
  CellMesh mesh_;
  std::vector<int> point_;  // lattice point of each vertex
  NestedSolver solver_;
};

/// Differences from the reference, averaged over the area.
struct PoissonErrors {
  double l1 = 0;  ///< mean |u - reference| at the centres of the reference's cells
  double h1 = 0;  ///< energy norm: square root of the integral of |grad (u - reference)|^2
};

/// The reference of one case.
class PoissonReference {
 public:
  PoissonReference(std::shared_ptr<const ReferenceMesh> mesh, const GaussianLoad &load);
  /// mesh: a refinement of lShape(squares) nowhere finer than the reference. cell_l1 (may be null): the integral of
  /// |u - reference| over each cell.
  PoissonErrors measure(const CellMesh &mesh, const std::vector<double> &u,
                        std::vector<double> *cell_l1 = nullptr) const;
  const std::vector<double> &lattice() const { return u_; }
  int size() const { return size_; }

 private:
  int size_;
  std::vector<double> u_;
};

}  // namespace petrl::poisson
