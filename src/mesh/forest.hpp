// A hierarchy of meshes by newest-vertex bisection: refines and coarsens, always conforming, on any number of ranks.
#pragma once

#include <petscsys.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/api.hpp"
#include "mesh/base_mesh.hpp"
#include "mesh/cell_mesh.hpp"

namespace petrl {

/// Where the leaves of an adapted mesh come from. Leaves are numbered depth first, so that what lies in one old leaf,
/// or what one new leaf unites, is contiguous. New leaf n has the place of old leaves first[n] ... first[n] + count[n]
/// - 1: count 1 and the same level: the same cell; count 1 and a higher level: a part of it; count > 1: their union.
struct Lineage {
  std::vector<int> first, count;
};

/// Where the vertices of an adapted mesh come from. New vertex n is old vertex a[n] if a[n] = b[n], otherwise it is the
/// midpoint between old vertices a[n] and b[n]. Vertices that vanished were midpoints between a and b, which remain.
/// In space either may be one that is made or removed itself: vertices a[n], b[n] beyond the old ones are `made`, in their
/// order, midpoints of what comes before; vertices are removed in stages, what they were made from later.
struct VertexLineage {
  struct Removed {
    int vertex, a, b;
    int stage = 0;  ///< the same on all ranks; 0 but for tetrahedra
  };
  struct Made {
    int a, b;
  };
  std::vector<int> a, b;
  std::vector<Made> made = {};
  int first_made = 0;  ///< their numbers start here
  std::vector<Removed> removed;
};

struct ForestLimits {
  int max_level = 8;  ///< bisections, never exceeded (at most 60)
  std::int64_t max_cells =
      1 << 26;  ///< over all ranks; refinements beyond it are not made (those marked highest first)
};

/// One binary tree for each cell of the base mesh; the mesh is the leaves. Each tree belongs to one rank.
///
/// A leaf marked +1 is bisected as many times as there are dimensions: its diameter halves (about so in 3D). One marked
/// -1 goes back as far, where all leaves around the vertices that would vanish are marked so too. Closure bisects
/// whatever conformity asks for (Mitchell 2016; Binev, Dahmen, DeVore 2004; tetrahedra: TetShape). The result does not
/// depend on the number of ranks.
class PETRL_API Forest {
 public:
  /// Collective. The base mesh must be the same on all ranks. Throws petrl::Error for a mesh that is not conforming,
  /// not a manifold, or has cells without volume.
  Forest(BaseMesh base, MPI_Comm comm);
  ~Forest();
  Forest(const Forest &);  ///< a copy that adapts on its own (paired roll-outs)
  Forest &operator=(const Forest &);

  int leaves() const;                 ///< on this rank
  std::int64_t globalLeaves() const;  ///< collective
  const std::vector<int> &levels() const;
  /// marks: one a leaf, -1, 0, +1; priority (may be empty): which refinements are made when max_cells does not allow
  /// all, largest first. Collective.
  Lineage adapt(const std::vector<signed char> &marks, const ForestLimits &limits,
                const std::vector<float> &priority = {});
  /// Edge by edge (1D and 2D), what a policy that decides on edges does. bisect: one a face of a leaf (leaf * (dim + 1) + slot; in 1D
  /// a leaf's first stands for the leaf), whether it is bisected, along with what conformity asks for; those beyond
  /// max_level are not. vanish: one a vertex, in the numbering of mesh(): the bisection that made it is taken back where
  /// it is the newest vertex of all leaves around it and none of them is bisected. max_cells is not looked at. A face may
  /// be flagged from either side; flags of a vertex must be the same on all ranks that share it. Collective.
  Lineage adaptEdges(const std::vector<char> &bisect, const std::vector<char> &vanish, const ForestLimits &limits);
  /// Of the last adaptation, in the numbering of mesh(); empty before.
  const VertexLineage &vertexLineage() const;
  /// The base cell that each leaf lies in.
  std::vector<int> baseCells() const;
  /// Moves trees so that ranks have about equally many leaves; `data` (width values a leaf) moves along. Returns
  /// whether anything moved. Collective.
  bool balance(std::vector<double> &data, int width);
  /// Largest number of leaves on a rank over the mean. Collective.
  double imbalance() const;
  /// The leaves and how they touch. One rank only (comm of size 1); on several use the DMPlex.
  CellMesh mesh() const;
  MPI_Comm comm() const;
  /// Other labels for the DMPlex meshes from now on, the same on all ranks.
  void relabel(std::vector<BaseLabel> labels);

  class Impl;
  const Impl &impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Cell averages (width values a cell, cell by cell) from old leaves to new ones; conservative to rounding. Parts of a
/// cell get its linear reconstruction if `gradient` (old cells x width x dim) is given, its value otherwise.
PETRL_API void transferAverages(const CellMesh &from, const CellMesh &to, const Lineage &lineage, int width,
                                const double *old_values, const double *gradient, double *new_values);

/// Vertex values of linear finite elements (width values a vertex) from old vertices to new ones. One rank only.
/// Exact under refinement; where vertices vanish their neighbours along the edge take over what they held, so that
/// integrals are conserved to rounding.
PETRL_API void transferVertexValues(const CellMesh &from, const VertexLineage &lineage, int width,
                                    const double *old_values, double *new_values);

}  // namespace petrl
