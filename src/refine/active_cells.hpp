// Where a policy has to look: the cells where something happens, and what its network needs to see around them.
#pragma once

#include <cstddef>
#include <vector>

#include "base/api.hpp"
#include "mesh/cell_mesh.hpp"
#include "policy/backend.hpp"

namespace petrl {

/// A part of a mesh's owned cells as a graph of its own. Rows of this graph are `cells()`, then all the mesh's ghosts.
class PETRL_API ActiveCells {
 public:
  /// happens: owned, nonzero where something happens. Asked for are these cells and `around` rings of neighbours, on any
  /// rank; with `reach` rings more come the cells that a network of this reach needs to see. exchange: see
  /// GraphBackend::evaluate; needed where the mesh has ghosts. Collective where it is.
  void grow(const CellMesh &mesh, const std::vector<char> &happens, int around, int reach,
            const GraphBackend::Exchange &exchange);

  const std::vector<int> &cells() const { return cells_; }  ///< asked for first, then ring by ring
  int asked() const { return within_.front(); }
  int withEdges() const { return within_[within_.size() - 2]; }  ///< the last ring only sends
  Graph graph() const;
  /// `exchange` for rows of this graph. Collective.
  void fill(float *rows, int width, const GraphBackend::Exchange &exchange);

 private:
  int owned_ = 0, ghosts_ = 0, slots_ = 0;
  std::vector<int> cells_, within_ = {0, 0}, source_, place_;
  std::vector<float> ring_, rows_;
};

}  // namespace petrl
