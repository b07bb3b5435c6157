// Forest: private state.
#pragma once

#include <functional>
#include <unordered_map>

#include "mesh/forest.hpp"
#include "mesh/forest_base.hpp"
#include "mesh/forest_labels.hpp"
#include "mesh/forest_leaf.hpp"
#include "mesh/tetrahedron.hpp"

namespace petrl {

/// Where a vertex lies in the base mesh: what ranks that share it agree on.
struct ForestNode {
  static constexpr std::uint64_t kEnd = std::uint64_t(1) << 62;

  /// Weights of two corners of a base triangle share a word.
  static constexpr int kWeightBits = 30;

  int edge;                // base edge (3D: base triangle, or the number of them + base edge); -1: inside a base cell;
                           // -2 - v: base vertex v
  std::uint64_t position;  // on a base edge: from 0 to kEnd; on a triangle: the weights of its corners 0 and 1

  bool removable() const { return edge >= -1; }
};

/// Coarsening of adjacent leaves that become one.
struct ForestGroup {
  int first;   // leaf
  int newest;  // vertex that vanishes if it is united with its sibling
  unsigned char count, level;
  bool second, can;  // second child; all its leaves agree
};

/// What this rank shares with another one across base edges. Both ranks have the lists in the same order.
struct ForestInterface {
  int rank;
  std::vector<int> faces;       // leaf * (dim + 1) + slot
  std::vector<int> vertices;    // inside of base edges (and triangles)
  std::vector<int> edges = {};  // 3D: of leaves, on base edges and triangles
};

/// 3D: edges of leaves, and leaves around them.
struct ForestLines {
  std::vector<int> of;             // leaves x 6: their edges, see kTetEdge
  std::vector<int> ends;           // edges x 2
  std::vector<int> first, around;  // leaves at an edge: around[first[e]] ... around[first[e + 1] - 1]
  int size() const { return static_cast<int>(ends.size() / 2); }
};

struct ForestSharing;

/// A forest is its leaves, in order, and how they touch. Flat arrays, made anew with each adaptation: the trees need
/// not be stored, since siblings that are leaves are neighbours in the order, and say where in the tree they are.
///
/// Faces are numbered leaf * (dim + 1) + slot.
class __attribute__((visibility("hidden"))) Forest::Impl {  // not exported with Forest
 public:
  Impl(BaseMesh base_mesh, MPI_Comm user_comm);

  int dim() const { return base->mesh.dim; }
  int slots() const { return base->mesh.dim + 1; }
  int leaves() const { return static_cast<int>(dim() == 3 ? tet.size() : leaf.size()); }
  /// What is done with leaves alike in all dimensions.
  template <typename Call>
  auto withLeaves(const Call &call) const {
    return dim() == 3 ? call(tet) : call(leaf);
  }
  int nodes() const { return static_cast<int>(node.size()); }
  int sideOf(int face) const;  // the side of a base cell that a face lies on
  int label(int face) const;   // of a boundary face

  Lineage adapt(const std::vector<signed char> &marks, const ForestLimits &limits, const std::vector<float> &priority);
  Lineage adaptEdges(const std::vector<char> &bisect, const std::vector<char> &vanish, const ForestLimits &limits);
  CellMesh mesh() const;

  Leaf root(int cell) const;  // its vertices are base vertices
  Tetrahedron rootTet(int cell) const;
  /// The same with vertices of the forest; number: of base vertices, -1 where there is none yet.
  template <typename Any>
  Any plant(int cell, std::vector<int> &number);

  /// Of a vertex on a base edge.
  std::uint64_t position(int edge, int vertex) const;
  /// The vertex between a and b, which lie on a side of a base cell or, side < 0, inside it.
  ForestNode between(int a, int b, int base_cell, int side) const;
  /// The same in 3D, by the base cell's corners between which it lies.
  ForestNode between(const ForestNode &a, const ForestNode &b, int base_cell, int mask) const;
  /// twin, valence, levels and interfaces from the leaves.
  void connect();
  void connectFaces();  ///< twin and valence only, kBoundary wherever there is no other leaf
  void connectTets();   ///< the same, and lines
  /// 3D: the base triangle or edge that parts of base cells with these corners are on, as ForestNode numbers it; -1
  /// inside.
  int carrier(int base_cell, int mask) const;

  std::int64_t sum(std::int64_t value) const;
  /// The key of the rank that has most of them left; false if none has any.
  bool nameThreshold(const std::uint64_t *mine, std::int64_t count, std::uint64_t &key) const;
  bool anywhere(bool value) const;
  std::int64_t leavesBefore() const;  ///< on lower ranks
  /// Calls `set` for faces whose other side has the flag on its rank, and has not here. Returns whether there were any
  /// on any rank.
  bool shareFlags(std::vector<unsigned char> &flag, unsigned char bit, const std::function<void(int)> &set) const;
  int owner(int base_cell) const;
  bool balance(std::vector<double> &data, int width);
  /// Leaves of each tree, by places on the curve. Collective.
  std::vector<int> treeSizes() const;
  void findInterfaces();
  void findTetInterfaces();
  /// Vertices: 1 only where it is 1 on all ranks that share the vertex.
  void shareAgreement(std::vector<int> &agree) const;

  std::shared_ptr<const ForestBase> base;
  std::shared_ptr<const ForestLabels> labels;
  MPI_Comm comm;  // the user's
  int rank = 0, size = 1;
  std::vector<int> bounds;  // ranks: the first of their trees, as places on the curve

  std::vector<Leaf> leaf;        // 1D, 2D
  std::vector<Tetrahedron> tet;  // 3D
  ForestLines lines;
  std::vector<ForestNode> node;
  std::vector<int> level;
  std::vector<int> twin;     // faces: the same face of the other leaf, -1: boundary, -2: on another rank
  std::vector<int> valence;  // vertices: leaves around, on this rank
  std::vector<ForestInterface> interfaces;
  std::shared_ptr<const ForestSharing> sharing;  // 3D, several ranks: as long as trees stay where they are
  VertexLineage vertices;
};

inline constexpr int kBoundary = -1, kElsewhere = -2;

/// Bits of faces while a forest adapts.
enum : unsigned char { kBisect = 1, kForbidden = 2 };

/// 3D: what of the base mesh touches trees of this rank and of others.
struct ForestSharing {
  /// Other ranks, in order, that touch a carrier (as ForestNode::edge numbers them).
  std::unordered_map<int, std::vector<int>> ranks;
  std::vector<bool> cell;  // base cells: touches any of them
  explicit ForestSharing(const Forest::Impl &forest);
  const std::vector<int> &of(int carrier) const {
    static const std::vector<int> nobody;
    const auto at = ranks.find(carrier);
    return at == ranks.end() ? nobody : at->second;
  }
};

class TetClosure;

/// What will be bisected and what united, before anything is done.
class __attribute__((visibility("hidden"))) ForestPlan {
 public:
  ForestPlan(const Forest::Impl &forest, const std::vector<signed char> &marks, const ForestLimits &limits,
             const std::vector<float> &priority);
  /// See Forest::adaptEdges().
  ForestPlan(const Forest::Impl &forest, const std::vector<char> &bisect, const std::vector<char> &vanish,
             const ForestLimits &limits);
  ~ForestPlan();
  ForestPlan(const ForestPlan &) = delete;
  ForestPlan &operator=(const ForestPlan &) = delete;
  bool bisected(int face) const { return flag_[face] & kBisect; }
  const TetClosure &tets() const { return *tets_; }  ///< 3D: what is bisected
  const std::vector<ForestGroup> &groups() const { return group_; }
  /// 3D, of a vertex that vanishes: in which pass it does, which all ranks know.
  int stage(int vertex) const { return stage_.empty() ? 0 : stage_[vertex]; }
  int leavesAfter() const;  ///< on this rank

 private:
  void start();
  void forbid();
  void forbidFace(int face, std::vector<int> &work);
  void bisectFace(int face, std::vector<int> &work);
  void closeForbidden(std::vector<int> &work);
  void closeBisected(std::vector<int> &work);
  /// Leaves over all ranks if leaves marked +1 whose key reaches the threshold are refined.
  std::int64_t attempt(std::uint64_t threshold);
  void refine(std::uint64_t threshold);
  void refineLeaf(int c, std::vector<int> &work);
  /// In so many passes, leaves that `can` be united, as far as faces are concerned.
  template <typename Can>
  void coarsen(int passes, const Can &can);
  void coarsenMarked();
  void coarsenVertices(const std::vector<char> &vanish);
  bool coarsenOnce(int pass);
  void uniteShapes(int from, int to);
  void orderKeys(const std::vector<float> &priority);
  void fit();

  const Forest::Impl &forest_;
  const std::vector<signed char> *marks_ = nullptr;
  const ForestLimits &limits_;
  std::vector<unsigned char> flag_;  // faces
  std::unique_ptr<TetClosure> tets_;
  std::vector<ForestGroup> group_;
  std::vector<TetShape> shape_;     // 3D: groups
  std::vector<std::uint64_t> key_;  // leaves
  std::vector<int> valence_, agree_;
  std::vector<signed char> stage_;
  int removed_ = 0, bisected_faces_ = 0;
  bool wants_coarser_ = false;
};

}  // namespace petrl
