// A finite element solution and the meshes that lead to it.
#pragma once

#include <memory>
#include <vector>

#include "problems/poisson/load.hpp"
#include "problems/poisson/p1.hpp"

namespace petrl::poisson {

/// Solves, refines, solves again. Copies go their own way (paired solves).
class AdaptivePoisson {
 public:
  AdaptivePoisson(const BaseMesh &base, GaussianLoad load);

  /// marks: +1 halves a cell's diameter (0: keep; meshes are never coarsened); priority: see Forest. Solves again.
  void refine(const std::vector<signed char> &marks, const ForestLimits &limits,
              const std::vector<float> &priority = {});
  /// Every cell.
  void refineAll();

  const CellMesh &mesh() const { return mesh_; }
  const std::vector<double> &u() const { return u_; }                ///< vertices
  const std::vector<double> &mean() const { return mean_; }          ///< cells
  const std::vector<double> &gradient() const { return gradient_; }  ///< cells x 2
  const std::vector<double> &rate() const { return rate_; }          ///< cells: area times mean right-hand side
  const std::vector<LoadMoments> &moments() const { return moments_; }
  const std::vector<double> &rightHandSide() const { return b_; }  ///< vertices, boundary ones included
  double range() const { return range_; }                          ///< largest |u|
  double measure() const { return measure_; }                      ///< area of the domain
  const NestedSolver &solver() const { return solver_; }
  const GaussianLoad &load() const { return load_; }
  /// Of the latest refinement: where cells and vertices came from.
  const Lineage &lineage() const { return lineage_; }
  const VertexLineage &vertexLineage() const { return forest_.vertexLineage(); }

 private:
  void solve();

  Forest forest_;
  GaussianLoad load_;
  CellMesh mesh_;
  Lineage lineage_;
  NestedSolver solver_;
  std::vector<LoadMoments> moments_;
  std::vector<double> u_, b_, mean_, gradient_, rate_;
  double range_ = 0, measure_ = 0;
};

/// Gradients of a piecewise linear function, cells x 2.
void cellGradients(const CellMesh &mesh, const std::vector<double> &u, std::vector<double> &gradient);

}  // namespace petrl::poisson
