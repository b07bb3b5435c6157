#include "problems/nonlinear1d/vertex_mesh.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace petrl::nonlinear1d {

VertexMesh::VertexMesh(std::vector<int> vertices, bool ring) : vertex_(std::move(vertices)), ring_(ring) {
  const bool rising = std::is_sorted(vertex_.begin(), vertex_.end()) &&
                      std::adjacent_find(vertex_.begin(), vertex_.end()) == vertex_.end();
  if (vertex_.size() < 2 || !rising || vertex_.front() < 0 || vertex_.back() >= kPoints) {
    throw Error("mesh: expected at least two rising vertices from 0 to " + std::to_string(kPoints - 1));
  }
  if (!ring_ && (vertex_.front() != 0 || vertex_.back() != kPoints - 1)) {
    throw Error("mesh: a chain has vertices 0 and " + std::to_string(kPoints - 1) + ", found " +
                std::to_string(vertex_.front()) + " and " + std::to_string(vertex_.back()));
  }
}

VertexMesh VertexMesh::uniform(int stride, bool ring) {
  std::vector<int> vertices;
  for (int j = 0; j < kPoints; j += stride) vertices.push_back(j);
  if (!ring && vertices.back() != kPoints - 1) vertices.push_back(kPoints - 1);
  return {std::move(vertices), ring};
}

VertexMesh VertexMesh::changed(const std::vector<int> &split, const std::vector<int> &coarsen) const {
  std::vector<char> keep(kPoints, 0);
  for (int v : vertex_) keep[static_cast<std::size_t>(v)] = 1;
  for (int e : split) {
    if (splits(e)) keep[static_cast<std::size_t>((left(e) + length(e) / 2) % kPoints)] = 1;
  }
  long left_over = std::count(keep.begin(), keep.end(), 1);
  for (int e : coarsen) {
    if (coarsens(e) && left_over > kFewest) keep[static_cast<std::size_t>(left(e))] = 0, --left_over;
  }
  VertexMesh mesh;
  mesh.ring_ = ring_;
  for (int j = 0; j < kPoints; ++j) {
    if (keep[static_cast<std::size_t>(j)]) mesh.vertex_.push_back(j);
  }
  return mesh;
}

void VertexMesh::places(Place out[kPoints]) const {
  const int n = vertices();
  for (int e = 0; e < edges(); ++e) {
    const int next = (e + 1) % n, length = this->length(e);
    for (int k = 0; k < length; ++k) {
      out[(left(e) + k) % kPoints] = {e, next, static_cast<float>(k) / static_cast<float>(length)};
    }
  }
  if (!ring_) out[kPoints - 1] = {n - 1, n - 1, 0};
}

}  // namespace petrl::nonlinear1d
