// What a refinement policy sees of a field on a mesh: scale-free, the same for rotated and translated ones.
#pragma once

#include <string>
#include <vector>

#include "base/api.hpp"
#include "mesh/cell_mesh.hpp"
#include "policy/backend.hpp"

namespace petrl {

/// One field: cell averages, their time derivative, and the gradient, for all cells of a mesh, ghosts included.
struct ObservedField {
  const double *value;     ///< cells
  const double *rate;      ///< cells
  const double *gradient;  ///< cells x dim
};

/// What is known of the cells of a block, and of their neighbours in one slot. h is the square root of a triangle's
/// area or an interval's length; values are relative to U, the field's range over the whole mesh; T is the time until
/// the next decision. Where the field moves with its gradient, it moves by m = -T rate gradient / |gradient|^2 until
/// then.
struct ObservedBlock {
  static constexpr int kCells = 64;  ///< always so many: no remainders
  using Column = float[kCells];
  // Of the cells i.
  Column h, gradient[2], rate, move;  ///< h, gradient / U, T |rate| / U, |m|
  // Of their neighbours j in a slot; where there is none, `is` is 0 and the others are harmless.
  Column is, difference, level;           ///< (u_j - u_i) / U, level_j - level_i
  Column to[2], gradient_j[2], moved[2];  ///< d = x_j - x_i, gradient_j / U, m_j
  // Over all slots, for nodes.
  Column mean[2], count, boundary;  ///< sums of gradient_j / U and of neighbours; 1 where a face lies on the boundary
};

/// An observable of nodes or of edges: one row each.
struct RefinementObservable {
  const char *name;
  const char *meaning;
  void (*compute)(const ObservedBlock &block, float *out);  ///< one number a cell
};

const std::vector<RefinementObservable> &nodeObservables();
const std::vector<RefinementObservable> &edgeObservables();

/// Inputs of a graph network, one node a cell and one edge a face: those that are named, in that order.
class PETRL_API RefinementObservation {
 public:
  /// What new policies see: the first so many rows.
  static constexpr int kNode = 5, kEdge = 5;
  static const std::vector<std::string> &nodeNames();
  static const std::vector<std::string> &edgeNames();

  /// Throws petrl::Error naming `source` and what is not known.
  explicit RefinementObservation(const std::vector<std::string> &nodes = nodeNames(),
                                 const std::vector<std::string> &edges = edgeNames(),
                                 const std::string &source = "observation");

  /// range: U, over all ranks. interval: T.
  void compute(const CellMesh &mesh, const ObservedField &field, double range, double interval);

  const std::vector<float> &node() const { return node_; }  ///< owned x nodes
  const std::vector<float> &edge() const { return edge_; }  ///< owned x slots x edges
  Graph graph(const CellMesh &mesh) const { return {mesh.owned, mesh.cells, mesh.slots(), mesh.neighbour.data()}; }

 private:
  std::vector<const RefinementObservable *> node_rows_, edge_rows_;
  std::vector<float> node_, edge_;
  std::vector<double> move_;
};

}  // namespace petrl
