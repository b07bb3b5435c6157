// How leaves touch.
#include <algorithm>

#include "mesh/forest_impl.hpp"

namespace petrl {

namespace {

/// Faces that wait for their other side, in lists that start at a vertex.
class Waiting {
 public:
  Waiting(int vertices, int faces) : head_(vertices, -1), next_(faces) {}
  void put(int vertex, int face) {
    next_[face] = head_[vertex];
    head_[vertex] = face;
  }
  /// The waiting face that `is` accepts, taken out of the list; -1 if there is none.
  template <typename Is>
  int take(int vertex, const Is &is) {
    for (int *at = &head_[vertex]; *at >= 0; at = &next_[*at])
      if (is(*at)) {
        const int face = *at;
        *at = next_[face];
        return face;
      }
    return -1;
  }

 private:
  std::vector<int> head_, next_;
};

}  // namespace

void Forest::Impl::connectFaces() {
  if (dim() == 3) {
    connectTets();
    return;
  }
  const int d = dim(), n = leaves(), faces = n * slots();
  twin.resize(faces);
  valence.assign(nodes(), 0);
  Waiting waiting(nodes(), faces);
  for (int c = 0, f = 0; c < n; ++c) {
    const int *const v = leaf[c].v;
    for (int s = 0; s <= d; ++s, ++f) {
      ++valence[v[s]];
      int other;
      if (d == 1) {
        other = waiting.take(v[1 - s], [&](int g) { return (g & 1) != s; });
        if (other < 0) waiting.put(v[1 - s], f);
      } else {
        const int a = v[s == 2 ? 0 : s + 1], b = v[s == 0 ? 2 : s - 1], low = std::min(a, b), high = a + b - low;
        other = waiting.take(low, [&](int g) {
          const int *const w = leaf[g / 3].v;
          const int t = g % 3;
          return w[t == 2 ? 0 : t + 1] + w[t == 0 ? 2 : t - 1] - low == high;
        });
        if (other < 0) waiting.put(low, f);
      }
      twin[f] = other;
      if (other >= 0) twin[other] = f;
    }
  }
}

void Forest::Impl::connect() {
  const int faces = leaves() * slots();
  connectFaces();
  withLeaves([&](const auto &all) {
    level.resize(all.size());
    for (std::size_t c = 0; c < all.size(); ++c) level[c] = all[c].level;
  });
  interfaces.clear();
  if (size == 1) return;
  for (int f = 0; f < faces; ++f)
    if (twin[f] < 0 && base->twin[sideOf(f)] >= 0) twin[f] = kElsewhere;
  dim() == 3 ? findTetInterfaces() : findInterfaces();
}

std::uint64_t Forest::Impl::position(int edge, int vertex) const {
  const ForestNode &n = node[vertex];
  if (n.edge == edge) return n.position;
  return n.edge == -2 - base->from[edge] ? 0 : ForestNode::kEnd;
}

ForestNode Forest::Impl::between(int a, int b, int base_cell, int side) const {
  if (side < 0) return {-1, 0};
  const int edge = base->edge[base_cell * slots() + side];
  return {edge, (position(edge, a) + position(edge, b)) / 2};
}

int Forest::Impl::sideOf(int face) const {
  if (dim() == 3) {
    const Tetrahedron &t = tet[face / 4];
    return t.base * 4 + t.side(face % 4);
  }
  const Leaf &l = leaf[face / slots()];
  return l.base * slots() + l.side[face % slots()];
}

int Forest::Impl::label(int face) const {
  return base->mesh.face[sideOf(face)];
}

}  // namespace petrl
