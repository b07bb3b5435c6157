// One-dimensional meshes whose vertices are points of the labels.
#pragma once

#include <vector>

#include "problems/nonlinear1d/dataset.hpp"

namespace petrl::nonlinear1d {

/// Vertices are label points, given by their numbers 0..kPoints-1 in rising order. A chain has edges between successive
/// vertices and always keeps both end points; a ring has one more edge, from the last vertex round to the first.
class VertexMesh {
 public:
  VertexMesh() = default;
  /// Throws petrl::Error unless the vertices rise, lie inside, and (chain) include 0 and kPoints - 1.
  VertexMesh(std::vector<int> vertices, bool ring);
  /// Every stride-th point; the chain has the right end too.
  static VertexMesh uniform(int stride, bool ring);

  bool ring() const { return ring_; }
  int vertices() const { return static_cast<int>(vertex_.size()); }
  int edges() const { return ring_ ? vertices() : vertices() - 1; }
  int vertex(int i) const { return vertex_[static_cast<std::size_t>(i)]; }
  const std::vector<int> &list() const { return vertex_; }
  /// Ends of edge e, which begins at vertex e; the right end's number is counted on beyond kPoints round a ring.
  int left(int e) const { return vertex(e); }
  int right(int e) const { return e + 1 < vertices() ? vertex(e + 1) : vertex(0) + kPoints; }
  int length(int e) const { return right(e) - left(e); }

  /// Whether an edge can be bisected: there is a label point inside.
  bool splits(int e) const { return length(e) > 1; }
  /// Whether the left vertex of an edge may go: never the ends of a chain, and a few vertices always stay.
  bool coarsens(int e) const { return vertices() > kFewest && (ring_ || e > 0); }
  /// Bisects edges (their midpoints, rounded down to a label point), then removes the left vertices of others. Edges
  /// are numbered as in this mesh.
  VertexMesh changed(const std::vector<int> &split, const std::vector<int> &coarsen) const;

  /// For every label point the edge that it lies on and its place on it, from 0 to 1.
  struct Place {
    int left, right;  ///< vertices' places in list()
    float weight;     ///< of the right one
  };
  void places(Place out[kPoints]) const;

  static constexpr int kFewest = 4;

 private:
  std::vector<int> vertex_;
  bool ring_ = false;
};

}  // namespace petrl::nonlinear1d
