// What a refinement policy sees of a field on a mesh: scale-free, the same for rotated and translated ones.
#pragma once

#include <string>
#include <vector>

#include "base/api.hpp"
#include "mesh/cell_mesh.hpp"
#include "refine/active_cells.hpp"

namespace petrl {

/// One field: cell averages, their time derivative, and the gradient, for all cells of a mesh, ghosts included.
struct ObservedField {
  const double *value;     ///< cells
  const double *rate;      ///< cells
  const double *gradient;  ///< cells x dim
};

/// What is known of the cells of a block (kernels::CellFeatures), and of their neighbours in one slot
/// (kernels::FaceFeatures).
struct ObservedBlock {
  static constexpr int kCells = 64;  ///< always so many: no remainders
  using Column = float[kCells];
  Column h, gradient[3], rate, move, mean[3], count, boundary;
  Column is, difference, level, to[3], gradient_j[3], moved[3];
};

/// An observable of nodes or of edges: one row each.
struct RefinementObservable {
  const char *name;
  const char *meaning;
  int kind;  ///< its place among all, which kernels on a device know it by
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

  /// range: U, over all ranks. interval: T. active: only of these cells, in their order; edges of no more than need
  /// them; null: all owned ones.
  void compute(const CellMesh &mesh, const ObservedField &field, double range, double interval,
               const ActiveCells *active = nullptr);

  /// The rows that are asked for, by their kind.
  const std::vector<const RefinementObservable *> &nodeRows() const { return node_rows_; }
  const std::vector<const RefinementObservable *> &edgeRows() const { return edge_rows_; }

  const std::vector<float> &node() const { return node_; }  ///< owned (active) x nodes
  const std::vector<float> &edge() const { return edge_; }  ///< owned (active) x slots x edges

 private:
  std::vector<const RefinementObservable *> node_rows_, edge_rows_;
  std::vector<float> node_, edge_;
  std::vector<double> move_;
};

}  // namespace petrl
