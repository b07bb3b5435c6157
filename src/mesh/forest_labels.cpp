#include "mesh/forest_labels.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "mesh/tetrahedron.hpp"

namespace petrl {

namespace {

using Pairs = std::vector<std::pair<int, int>>;  // point, set

ForestLabels::Sets rowsOf(Pairs pairs, int points) {
  ForestLabels::Sets rows;
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  rows.first.assign(points + 1, 0);
  for (const auto &[point, set] : pairs) {
    ++rows.first[point + 1];
    rows.of.push_back(set);
  }
  for (int p = 0; p < points; ++p) rows.first[p + 1] += rows.first[p];
  return rows;
}

/// Those pairs that `closed` accepts.
template <typename Closed>
ForestLabels::Sets chosen(const ForestLabels::Sets &rows, int points, const Closed &closed) {
  Pairs pairs;
  for (int p = 0; p < points; ++p)
    for (int k = rows.first[p]; k < rows.first[p + 1]; ++k)
      if (closed(p, rows.of[k])) pairs.emplace_back(p, rows.of[k]);
  return rowsOf(std::move(pairs), points);
}

}  // namespace

bool ForestLabels::Sets::has(int point, int set) const {
  return std::binary_search(of.begin() + first[point], of.begin() + first[point + 1], set);
}

ForestLabels::ForestLabels(const ForestBase &base, std::vector<BaseLabel> base_labels)
    : labels(std::move(base_labels)) {
  const BaseMesh &mesh = base.mesh;
  const int slots = base.slots(), cells = mesh.cells(), edges = mesh.dim > 1 ? base.lines() : 0,
            faces = mesh.dim == 3 ? base.facets() : 0, last_part = 2 * slots + (mesh.dim == 3 ? 6 : 0);
  Pairs in_cell, in_face, in_edge, in_vertex;
  for (std::size_t l = 0; l < labels.size(); ++l) {
    std::vector<PetscInt> &values = labels[l].values;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    const int first = static_cast<int>(sets.size());
    for (const PetscInt value : values) sets.push_back({static_cast<int>(l), value});
    for (const BaseLabel::At &at : labels[l].at) {
      const auto place = std::lower_bound(values.begin(), values.end(), at.value) - values.begin();
      if (at.cell < 0 || at.cell >= cells || at.part < 0 || at.part > last_part ||
          place == static_cast<std::ptrdiff_t>(values.size()) || values[place] != at.value)
        throw Error("base mesh: label '" + labels[l].name + "': value " + std::to_string(at.value) + " at part " +
                        std::to_string(at.part) + " of cell " + std::to_string(at.cell) + " belongs to nothing",
                    PETSC_ERR_ARG_WRONG);
      const int set = first + static_cast<int>(place);
      if (at.part == 2 * slots)
        in_cell.emplace_back(at.cell, set);
      else if (at.part > 2 * slots)
        in_edge.emplace_back(base.line[at.cell * 6 + at.part - 2 * slots - 1], set);
      else if (at.part < slots && mesh.dim == 3)
        in_face.emplace_back(base.edge[at.cell * slots + at.part], set);
      else if (at.part < slots)
        in_edge.emplace_back(base.edge[at.cell * slots + at.part], set);
      else
        in_vertex.emplace_back(mesh.cell[at.cell * slots + at.part - slots], set);
    }
    labels[l].at = {};
  }
  cell = rowsOf(std::move(in_cell), cells);
  face = rowsOf(std::move(in_face), faces);
  edge = rowsOf(std::move(in_edge), edges);
  vertex = rowsOf(std::move(in_vertex), mesh.vertices);
  on_edge =
      chosen(edge, edges, [&](int e, int set) { return vertex.has(base.from[e], set) && vertex.has(base.to[e], set); });
  const auto all_edges = [&](int c, int without, int set) {  // 3D: those of a cell, or of the face beside a corner
    for (int e = 0; e < 6; ++e) {
      const int *const ends = kTetEdge[e];
      if (ends[0] == without || ends[1] == without) continue;
      const int line = base.line[c * 6 + e];
      if (!edge.has(line, set) || !vertex.has(base.from[line], set) || !vertex.has(base.to[line], set)) return false;
    }
    return true;
  };
  on_face = chosen(face, faces, [&](int f, int set) { return all_edges(base.side[f] / 4, base.side[f] % 4, set); });
  inside_cell = chosen(cell, cells, [&](int c, int set) {
    for (int k = c * slots; k < (c + 1) * slots; ++k) {
      if (!vertex.has(mesh.cell[k], set) || (mesh.dim == 2 && !edge.has(base.edge[k], set))) return false;
      if (mesh.dim == 3 && !face.has(base.edge[k], set)) return false;
    }
    return mesh.dim < 3 || all_edges(c, -1, set);
  });
}

}  // namespace petrl
