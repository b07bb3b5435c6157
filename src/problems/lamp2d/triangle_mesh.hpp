// Adaptive triangulations as LAMP sees them: vertices that pass messages, edges to split, vertices to take back.
#pragma once

#include <memory>
#include <vector>

#include "problems/lamp/decision.hpp"
#include "problems/lamp2d/flow_set.hpp"

namespace petrl::lamp2d {

/// What one leaves of a forest say about vertices and edges. Splitting an edge bisects the triangles on both sides of it
/// and whatever conformity asks for; a vertex is taken back by undoing the bisections that made it (newest-vertex
/// bisection, mesh/forest.hpp). A vertex whose triangles are being bisected is not taken back.
class TriangleMesh : public lamp::Choices {
 public:
  static constexpr int kSlots = 8;  ///< neighbours of a vertex, at most: angles of right isosceles triangles

  TriangleMesh(std::shared_ptr<const Grid> grid, const Forest &forest);
  /// All diameters halved so many times.
  static std::shared_ptr<const TriangleMesh> uniform(const std::shared_ptr<const Grid> &grid, int halvings);
  /// The one that has these vertices (label points, rising), if there is one.
  static std::shared_ptr<const TriangleMesh> of(const std::shared_ptr<const Grid> &grid,
                                                const std::vector<int> &points);
  std::shared_ptr<const TriangleMesh> changed(const lamp::Action &action) const;

  const Grid &grid() const { return *grid_; }
  const Forest &forest() const { return forest_; }
  int vertices() const { return static_cast<int>(point_.size()); }
  int cells() const { return forest_.leaves(); }
  int edges() const { return static_cast<int>(edge_.size()); }
  int point(int vertex) const { return point_[static_cast<std::size_t>(vertex)]; }  ///< label point, y * side + x
  /// Points in rising order: what the mesh is, as far as values are concerned.
  std::vector<int> points() const;

  struct Edge {
    int a, b;     ///< vertices
    int face;     ///< leaf * 3 + slot, on one side
    int x, y;     ///< from a to b, in label spacings
    bool splits;  ///< within the limits
  };
  const Edge &edge(int e) const { return edge_[static_cast<std::size_t>(e)]; }
  /// vertices x kSlots: neighbours, -1 where there is none; and the edges that lead there.
  const std::vector<int> &neighbours() const { return neighbour_; }
  const std::vector<int> &edgesAt() const { return edge_at_; }
  bool removable(int vertex) const { return removable_[static_cast<std::size_t>(vertex)]; }

  /// Where a label point lies: the triangle's vertices and its linear coordinates there.
  struct Place {
    int vertex[3];
    float weight[3];
  };
  const std::vector<Place> &places() const { return place_; }
  /// Linear between the vertices.
  void sample(const float *values, State &state) const;

  int splits() const override { return edges(); }
  int coarsens() const override { return vertices(); }
  void splittable(std::vector<int> &out) const override;
  void coarsenable(const std::vector<int> &split, std::vector<int> &out) const override;
  int mostCoarsened(int eligible, int) const override { return eligible; }
  /// 0, 1, 2, 3, 4, 6, 8, 10, 12, 16, ..., 160
  int number(int k) const override;

 private:
  void findEdges(const CellMesh &mesh);
  void findLimits(const CellMesh &mesh);
  void findPlaces(const CellMesh &mesh);

  std::shared_ptr<const Grid> grid_;
  Forest forest_;
  std::vector<int> point_, neighbour_, edge_at_;
  std::vector<Edge> edge_;
  std::vector<char> removable_;
  std::vector<int> cell_edge_, newest_;  // cells x 3: edge of each slot; a cell's newest vertex
  std::vector<int> side_;                // edges x 2: cells
  std::vector<Place> place_;
};

using MeshPtr = std::shared_ptr<const TriangleMesh>;

}  // namespace petrl::lamp2d
