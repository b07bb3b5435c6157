// How leaves touch in space: faces, edges, and where they lie in the base mesh.
#include <algorithm>
#include <numeric>

#include "mesh/forest_impl.hpp"

namespace petrl {

namespace {

/// The higher corners of a face in one word, and its lowest one.
std::uint64_t pairOf(const int *v, int s, int &low) {
  int a = v[kTetFace[s][0]], b = v[kTetFace[s][1]], c = v[kTetFace[s][2]];
  if (a > b) std::swap(a, b);
  if (b > c) std::swap(b, c);
  if (a > b) std::swap(a, b);
  low = a;
  return std::uint64_t(b) << 32 | static_cast<std::uint32_t>(c);
}

}  // namespace

void Forest::Impl::connectTets() {
  const int n = leaves(), faces = n * 4;
  twin.assign(faces, kBoundary);
  valence.assign(nodes(), 0);
  lines.of.resize(n * 6);
  lines.ends.clear();
  // Faces wait for their other side, edges for more leaves, in lists that start at their lowest vertex.
  std::vector<int> head(nodes(), -1), next(faces), line_head(nodes(), -1), line_next;
  std::vector<std::uint64_t> rest(faces);
  for (int c = 0; c < n; ++c) {
    const int *const v = tet[c].v;
    for (int s = 0; s < 4; ++s) {
      const int f = c * 4 + s;
      ++valence[v[s]];
      int low;
      rest[f] = pairOf(v, s, low);
      int *at = &head[low];
      while (*at >= 0 && rest[*at] != rest[f]) at = &next[*at];
      if (*at < 0) {
        next[f] = head[low];
        head[low] = f;
        continue;
      }
      twin[f] = *at;
      twin[*at] = f;
      *at = next[*at];
    }
    for (int e = 0; e < 6; ++e) {
      const int a = v[kTetEdge[e][0]], b = v[kTetEdge[e][1]], low = std::min(a, b), high = std::max(a, b);
      int l = line_head[low];
      while (l >= 0 && lines.ends[2 * l + 1] != high) l = line_next[l];
      if (l < 0) {
        l = lines.size();
        lines.ends.push_back(low);
        lines.ends.push_back(high);
        line_next.push_back(line_head[low]);
        line_head[low] = l;
      }
      lines.of[c * 6 + e] = l;
    }
  }
  lines.first.assign(lines.size() + 1, 0);
  for (const int l : lines.of) ++lines.first[l + 1];
  std::partial_sum(lines.first.begin(), lines.first.end(), lines.first.begin());
  lines.around.resize(lines.of.size());
  std::vector<int> place(lines.first.begin(), lines.first.end() - 1);
  for (std::size_t i = 0; i < lines.of.size(); ++i) lines.around[place[lines.of[i]]++] = static_cast<int>(i / 6);
}

int Forest::Impl::carrier(int base_cell, int mask) const {
  switch (cornersIn(mask)) {
    case 2:
      return base->facets() + base->line[base_cell * 6 + tetEdge(mask)];
    case 3:
      return base->edge[base_cell * 4 + __builtin_ctz(static_cast<unsigned>(15 & ~mask))];
    default:
      return -1;
  }
}

ForestNode Forest::Impl::between(const ForestNode &a, const ForestNode &b, int base_cell, int mask) const {
  const int on = carrier(base_cell, mask), line = on - base->facets();
  if (on < 0) return {-1, 0};
  if (line >= 0) {
    const auto position = [&](const ForestNode &n) {
      if (n.edge == on) return n.position;
      return n.edge == -2 - base->from[line] ? 0 : ForestNode::kEnd;
    };
    return {on, (position(a) + position(b)) / 2};
  }
  constexpr std::uint64_t one = std::uint64_t(1) << ForestNode::kWeightBits;
  const int *const corner = &base->facet[3 * on];
  const auto weight = [&](const ForestNode &n, int k) -> std::uint64_t {
    if (n.edge == on) return k == 0 ? n.position >> 32 : n.position & 0xffffffffu;
    if (n.edge < 0) return n.edge == -2 - corner[k] ? one : 0;
    const int l = n.edge - base->facets();
    const std::uint64_t t = n.position >> (62 - ForestNode::kWeightBits);
    return corner[k] == base->to[l] ? t : corner[k] == base->from[l] ? one - t : 0;
  };
  return {on, (weight(a, 0) + weight(b, 0)) / 2 << 32 | (weight(a, 1) + weight(b, 1)) / 2};
}

}  // namespace petrl
