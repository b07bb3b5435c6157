// Fields from an old mesh to a new one.
#include <algorithm>

#include "base/error.hpp"
#include "mesh/forest.hpp"

namespace petrl {

void transferAverages(const CellMesh &from, const CellMesh &to, const Lineage &lineage, int width,
                      const double *old_values, const double *gradient, double *new_values) {
  const int n = static_cast<int>(lineage.first.size()), d = to.dim;
  if (to.owned != n || from.dim != d)
    throw Error("transferAverages: lineage of " + std::to_string(n) + " leaves for a mesh of " +
                    std::to_string(to.owned) + " cells",
                PETSC_ERR_ARG_SIZ);
  for (int c = 0; c < n; ++c, new_values += width) {
    const int first = lineage.first[c], count = lineage.count[c];
    const double *const old = old_values + static_cast<std::ptrdiff_t>(first) * width;
    if (count == 1) {
      for (int w = 0; w < width; ++w) new_values[w] = old[w];
      if (!gradient || to.level[c] == from.level[first]) continue;
      // Cells keep the coordinates of their base cell: no periodic jump lies between a part and the whole.
      const double *g = gradient + static_cast<std::ptrdiff_t>(first) * width * d;
      for (int w = 0; w < width; ++w)
        for (int i = 0; i < d; ++i) new_values[w] += *g++ * (to.centre[c * d + i] - from.centre[first * d + i]);
      continue;
    }
    double volume = 0;
    for (int k = 0; k < count; ++k) volume += from.volume[first + k];
    for (int w = 0; w < width; ++w) {
      double sum = 0;
      for (int k = 0; k < count; ++k) sum += from.volume[first + k] * old[k * width + w];
      new_values[w] = sum / volume;
    }
  }
}

void transferVertexValues(const CellMesh &from, const VertexLineage &lineage, int width, const double *old_values,
                          double *new_values) {
  const int slots = from.slots(), n = static_cast<int>(lineage.a.size());
  std::vector<double> corrected;
  if (!lineage.removed.empty()) {
    // Lumped masses of the coarsened mesh: a vanished vertex leaves half of its mass to each neighbour along its edge.
    std::vector<double> mass(from.vertices, 0);
    int last = 0;
    for (int i = 0; i < from.owned * slots; ++i) mass[from.vertex[i]] += from.volume[i / slots] / slots;
    for (const auto &r : lineage.removed) last = std::max(last, r.stage);
    corrected.assign(old_values, old_values + static_cast<std::ptrdiff_t>(from.vertices) * width);
    std::vector<double> before;
    for (int stage = 0; stage <= last; ++stage) {
      for (const auto &r : lineage.removed) {
        if (r.stage != stage) continue;
        mass[r.a] += 0.5 * mass[r.vertex];
        mass[r.b] += 0.5 * mass[r.vertex];
      }
      for (const auto &r : lineage.removed) {
        if (r.stage != stage) continue;
        const double share = mass[r.vertex] / (mass[r.a] + mass[r.b]);
        const double *const u = old_values + static_cast<std::ptrdiff_t>(r.vertex) * width;
        const double *const a = old_values + static_cast<std::ptrdiff_t>(r.a) * width;
        const double *const b = old_values + static_cast<std::ptrdiff_t>(r.b) * width;
        for (int w = 0; w < width; ++w) {
          const double lost = share * (u[w] - 0.5 * (a[w] + b[w]));
          corrected[static_cast<std::ptrdiff_t>(r.a) * width + w] += lost;
          corrected[static_cast<std::ptrdiff_t>(r.b) * width + w] += lost;
        }
      }
      if (stage < last) before = corrected;
      old_values = stage < last ? before.data() : corrected.data();
    }
  }
  if (!lineage.made.empty()) {
    if (corrected.empty())
      corrected.assign(old_values, old_values + static_cast<std::ptrdiff_t>(from.vertices) * width);
    for (const auto &m : lineage.made)
      for (int w = 0; w < width; ++w)
        corrected.push_back(0.5 * (corrected[static_cast<std::size_t>(m.a * width + w)] +
                                   corrected[static_cast<std::size_t>(m.b * width + w)]));
    old_values = corrected.data();
  }
  for (int v = 0; v < n; ++v) {
    const double *const a = old_values + static_cast<std::ptrdiff_t>(lineage.a[v]) * width;
    const double *const b = old_values + static_cast<std::ptrdiff_t>(lineage.b[v]) * width;
    for (int w = 0; w < width; ++w) *new_values++ = a == b ? a[w] : 0.5 * (a[w] + b[w]);
  }
}

}  // namespace petrl
