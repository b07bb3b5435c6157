// What a refinement policy sees of a field on a mesh: scale-free, the same for rotated and translated ones.
#pragma once

#include <string>
#include <vector>

#include "base/api.hpp"
#include "mesh/cell_mesh.hpp"
#include "policy/native/graph_network.hpp"

namespace petrl {

/// One field: cell averages, their time derivative, and the gradient, for all cells of a mesh, ghosts included.
struct ObservedField {
  const double *value;     ///< cells
  const double *rate;      ///< cells
  const double *gradient;  ///< cells x dim
};

/// Inputs of a graph network, one node a cell and one edge a face. h is the square root of a triangle's area or an
/// interval's length; U the field's range over the whole mesh; T the time until the next decision. Where the field
/// moves with its gradient, it moves by m = -T rate gradient / |gradient|^2 until then.
///
/// Nodes:  change         log of h |gradient| / U
///         tendency       log of T |rate| / U
///         roughness      log of h |gradient - mean of the neighbours'| / U
///         displacement   log of 1 + |m| / h
///         boundary       1 where a face lies on the boundary
/// Edges, from cell j to its neighbour i:
///         difference     (u_j - u_i) / U, compressed
///         approach       how far j's feature moves towards i, m_j . d / |d|^2 with d = x_i - x_j, compressed
///         excess         u_j + gradient_j . d - u_i over U, compressed
///         level          (level_j - level_i) / 2
///         alignment      cosine between gradient_j and d
class PETRL_API RefinementObservation {
 public:
  static const std::vector<std::string> &nodeNames();
  static const std::vector<std::string> &edgeNames();
  static constexpr int kNode = 5, kEdge = 5;

  /// range: U, over all ranks. interval: T.
  void compute(const CellMesh &mesh, const ObservedField &field, double range, double interval);

  const std::vector<float> &node() const { return node_; }  ///< owned x kNode
  const std::vector<float> &edge() const { return edge_; }  ///< owned x slots x kEdge
  Graph graph(const CellMesh &mesh) const { return {mesh.owned, mesh.cells, mesh.slots(), mesh.neighbour.data()}; }

 private:
  std::vector<float> node_, edge_;
  std::vector<double> move_;
};

}  // namespace petrl
