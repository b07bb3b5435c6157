#include <string>

#include "base/error.hpp"
#include "mesh/cell_mesh_fill.hpp"
#include "mesh/forest_impl.hpp"

namespace petrl {

CellMesh Forest::Impl::mesh() const {
  if (size > 1)
    throw Error("mesh() of a forest on " + std::to_string(size) + " ranks: expected one rank, use the DMPlex",
                PETSC_ERR_SUP);
  const int d = dim(), n = leaves(), s = slots();
  CellMesh m;
  m.dim = d;
  m.owned = m.cells = n;
  m.vertices = nodes();
  m.level = level;
  m.vertex.resize(n * s);
  m.corner.resize(n * s * d);
  m.neighbour.resize(n * s);
  withLeaves([&](const auto &all) {
    for (int c = 0; c < n; ++c) {
      const auto &l = all[c];
      for (int k = 0; k < s; ++k) {
        m.vertex[c * s + k] = l.v[k];
        for (int i = 0; i < d; ++i) m.corner[(c * s + k) * d + i] = l.x[k][i];
      }
    }
  });
  fillGeometry(
      m, [&](int face) { return twin[face]; }, [&](int face) { return label(face); });
  return m;
}

}  // namespace petrl
