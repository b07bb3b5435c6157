// One cell of a hierarchy by newest-vertex bisection, its children and its parent.
#pragma once

#include <cstdint>

namespace petrl {

/// A leaf carries its coordinates: in periodic meshes they belong to cells, not to vertices.
///
/// Triangles: the edge of vertices 0 and 1 is bisected next, vertex 2 is the newest. Children are (2, 0, m) and
/// (1, 2, m) with m between 0 and 1: again anticlockwise, their refinement edges are the edges of the parent that were
/// not bisected. Intervals: children (0, m) and (m, 1).
struct Leaf {
  double x[3][2];      // 1D: y = 0
  std::uint64_t path;  // which child at each level, the last one in the lowest bit
  int v[3];
  int base;
  signed char side[3];  // of the base cell on which the face opposite the vertex lies, -1 inside
  unsigned char level;

  bool second() const { return path & 1; }
};

inline constexpr int kDeepest = 60;  // levels that fit into a path and into positions along base edges

inline void midpoint(const double a[2], const double b[2], double m[2]) {
  m[0] = 0.5 * (a[0] + b[0]);
  m[1] = 0.5 * (a[1] + b[1]);
}

inline void setCorner(Leaf &leaf, int k, int vertex, const double x[2]) {
  leaf.v[k] = vertex;
  leaf.x[k][0] = x[0];
  leaf.x[k][1] = x[1];
}

inline void copyCorner(Leaf &leaf, int k, const Leaf &from, int l) {
  setCorner(leaf, k, from.v[l], from.x[l]);
}

/// Children of p, whose new vertex is m. May not overlap p.
inline void bisect(int dim, const Leaf &p, int m, Leaf &a, Leaf &b) {
  double xm[2];
  midpoint(p.x[0], p.x[1], xm);
  a.base = b.base = p.base;
  a.level = b.level = static_cast<unsigned char>(p.level + 1);
  a.path = p.path << 1;
  b.path = a.path | 1;
  if (dim == 1) {
    copyCorner(a, 0, p, 0);
    setCorner(a, 1, m, xm);
    setCorner(b, 0, m, xm);
    copyCorner(b, 1, p, 1);
    setCorner(a, 2, -1, p.x[2]);
    setCorner(b, 2, -1, p.x[2]);
    a.side[0] = b.side[1] = a.side[2] = b.side[2] = -1;
    a.side[1] = p.side[1];
    b.side[0] = p.side[0];
    return;
  }
  copyCorner(a, 0, p, 2);
  copyCorner(a, 1, p, 0);
  setCorner(a, 2, m, xm);
  copyCorner(b, 0, p, 1);
  copyCorner(b, 1, p, 2);
  setCorner(b, 2, m, xm);
  a.side[0] = b.side[1] = p.side[2];
  a.side[1] = b.side[0] = -1;
  a.side[2] = p.side[1];
  b.side[2] = p.side[0];
}

/// The parent of a and b, exactly as it was.
inline Leaf merge(int dim, const Leaf &a, const Leaf &b) {
  Leaf p;
  p.base = a.base;
  p.level = static_cast<unsigned char>(a.level - 1);
  p.path = a.path >> 1;
  if (dim == 1) {
    copyCorner(p, 0, a, 0);
    copyCorner(p, 1, b, 1);
    setCorner(p, 2, -1, a.x[2]);
    p.side[0] = b.side[0];
    p.side[1] = a.side[1];
    p.side[2] = -1;
    return p;
  }
  copyCorner(p, 0, a, 1);
  copyCorner(p, 1, b, 0);
  copyCorner(p, 2, a, 0);
  p.side[0] = b.side[2];
  p.side[1] = a.side[2];
  p.side[2] = a.side[0];
  return p;
}

/// The vertex that vanishes with a leaf and its sibling.
inline int newest(int dim, const Leaf &leaf) {
  return dim == 2 ? leaf.v[2] : leaf.v[leaf.second() ? 0 : 1];
}

}  // namespace petrl
