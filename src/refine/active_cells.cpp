#include "refine/active_cells.hpp"

#include <algorithm>

namespace petrl {

void ActiveCells::grow(const CellMesh &mesh, const std::vector<char> &happens, int around, int reach,
                       const GraphBackend::Exchange &exchange) {
  owned_ = mesh.owned, ghosts_ = mesh.cells - mesh.owned, slots_ = mesh.slots();
  const auto slots = static_cast<std::size_t>(slots_);
  // Rings as floats: what exchanges carry.
  ring_.assign(static_cast<std::size_t>(mesh.cells), -1.f);
  cells_.clear();
  for (int c = 0; c < owned_; ++c)
    if (happens[static_cast<std::size_t>(c)]) ring_[static_cast<std::size_t>(c)] = 0, cells_.push_back(c);
  within_.clear();
  std::size_t first = 0;
  for (int ring = 0; ring < around + reach; ++ring) {
    if (exchange) exchange(ring_.data(), 1);
    if (ring >= around) within_.push_back(static_cast<int>(cells_.size()));
    const std::size_t last = cells_.size();
    const auto visit = [&](int c) {
      for (std::size_t s = 0; s < slots; ++s) {
        const int j = mesh.neighbour[static_cast<std::size_t>(c) * slots + s];
        if (j < 0 || j >= owned_ || ring_[static_cast<std::size_t>(j)] >= 0) continue;
        ring_[static_cast<std::size_t>(j)] = static_cast<float>(ring + 1);
        cells_.push_back(j);
      }
    };
    for (std::size_t i = first; i < last; ++i) visit(cells_[i]);
    for (int g = owned_; g < mesh.cells; ++g)
      if (ring_[static_cast<std::size_t>(g)] == static_cast<float>(ring)) visit(g);
    first = last;
  }
  within_.push_back(static_cast<int>(cells_.size()));
  // In the mesh's order neighbours are near each other in memory.
  for (std::size_t k = 0; k < within_.size(); ++k)
    std::sort(cells_.begin() + (k > 0 ? within_[k - 1] : 0), cells_.begin() + within_[k]);

  place_.resize(static_cast<std::size_t>(owned_));
  const int n = static_cast<int>(cells_.size());
  for (int i = 0; i < n; ++i) place_[static_cast<std::size_t>(cells_[static_cast<std::size_t>(i)])] = i;
  source_.resize(static_cast<std::size_t>(withEdges()) * slots);
  for (std::size_t i = 0, k = 0; k < source_.size(); ++i) {
    const int *neighbour = &mesh.neighbour[static_cast<std::size_t>(cells_[i]) * slots];
    for (std::size_t s = 0; s < slots; ++s, ++k) {
      const int j = neighbour[s];
      source_[k] = j < 0 ? -1 : j < owned_ ? place_[static_cast<std::size_t>(j)] : n + j - owned_;
    }
  }
}

Graph ActiveCells::graph() const {
  const int n = static_cast<int>(cells_.size());
  return {n, n + ghosts_, slots_, source_.data(), within_.data()};
}

void ActiveCells::fill(float *rows, int width, const GraphBackend::Exchange &exchange) {
  const auto w = static_cast<std::size_t>(width);
  rows_.resize(static_cast<std::size_t>(owned_ + ghosts_) * w);
  for (std::size_t i = 0; i < cells_.size(); ++i)
    std::copy_n(rows + i * w, w, &rows_[static_cast<std::size_t>(cells_[i]) * w]);
  exchange(rows_.data(), width);
  std::copy_n(rows_.begin() + static_cast<std::ptrdiff_t>(owned_) * width, static_cast<std::size_t>(ghosts_) * w,
              rows + cells_.size() * w);
}

}  // namespace petrl
