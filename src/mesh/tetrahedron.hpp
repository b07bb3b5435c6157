// One tetrahedron of a hierarchy by bisection, its children and its parent.
#pragma once

#include <cstdint>

namespace petrl {

/// The bisection of Arnold, Mukherjee, Pouly (Locally adapted tetrahedral meshes using bisection, SIAM J. Sci. Comput.
/// 22, 2000): the edge that each face is bisected at first is marked, a child's refinement edge is the marked one of the
/// face that it inherits. Base meshes only have to conform; there are finitely many shapes, so that angles do not decay;
/// a parent follows from its children.
///
/// Instead of marks, an order of the corners x0 ... x3 and a type (Maubach's tags for types 0, 1, 2, which the paper
/// calls A, Pu, Pf; 3 is O, 4 is M: base cells only). The edge x0 x3 is bisected next; marked in the faces without it:
/// type 0: x0 x2 and x1 x3; 1, 2: x0 x2 and x2 x3; 3: x1 x2 in both; 4: x1 x2 beside x0, x2 x3 beside x3.
///
/// Corners are kept in an order of positive volume: where `odd`, x1 and x2 have changed places.
struct TetShape {
  int v[4];
  unsigned char type;
  bool odd;

  /// Where x_k is.
  int at(int k) const { return odd && (k == 1 || k == 2) ? 3 - k : k; }
};

/// A leaf of the hierarchy.
struct Tetrahedron : TetShape {
  double x[4][3];
  std::uint64_t path;  // which child at each level, the last one in the lowest bit
  int base;
  unsigned char mask[4];  // of each corner: the corners of the base cell that it lies between
  unsigned char level;

  bool second() const { return path & 1; }
  /// The face of the base cell on which the face opposite a corner lies, -1 inside.
  int side(int corner) const {
    static constexpr signed char missing[16] = {-1, -1, -1, -1, -1, -1, -1, 3, -1, -1, -1, 2, -1, 1, 0, -1};
    return missing[mask[(corner + 1) & 3] | mask[(corner + 2) & 3] | mask[(corner + 3) & 3]];
  }
};

/// Edges of a tetrahedron, and faces opposite its corners, which see their corners anticlockwise from outside.
inline constexpr int kTetEdge[6][2] = {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}};
inline constexpr int kTetFace[4][3] = {{1, 2, 3}, {0, 3, 2}, {0, 1, 3}, {0, 2, 1}};

/// The edge between the corners in a mask of two.
inline int tetEdge(int mask) {
  static constexpr signed char edge[16] = {-1, -1, -1, 0, -1, 1, 3, -1, -1, 2, 4, -1, 5, -1, -1, -1};
  return edge[mask];
}

inline int cornersIn(int mask) {
  return __builtin_popcount(static_cast<unsigned>(mask));
}

inline void copyCorner(TetShape &to, int k, const TetShape &from, int l) {
  to.v[k] = from.v[l];
}

inline void copyCorner(Tetrahedron &to, int k, const Tetrahedron &from, int l) {
  to.v[k] = from.v[l];
  to.mask[k] = from.mask[l];
  for (int i = 0; i < 3; ++i) to.x[k][i] = from.x[l][i];
}

/// Corners, types and orders of the children of p; the new corner, which is x1 in both, is left out. May not overlap p.
template <typename T>
void bisectShape(const T &p, T &a, T &b) {
  static constexpr signed char corner[5][2][4] = {{{0, -1, 1, 2}, {3, -1, 2, 1}},
                                                  {{0, -1, 1, 2}, {3, -1, 1, 2}},
                                                  {{0, -1, 1, 2}, {3, -1, 1, 2}},
                                                  {{1, -1, 0, 2}, {1, -1, 3, 2}},
                                                  {{1, -1, 0, 2}, {3, -1, 1, 2}}};
  static constexpr bool flip[5][2] = {{false, false}, {false, true}, {false, true}, {true, false}, {true, true}};
  static constexpr unsigned char type[5] = {1, 2, 0, 1, 1};
  T *const child[2] = {&a, &b};
  for (int c = 0; c < 2; ++c) {
    T &to = *child[c];
    to.type = type[p.type];
    to.odd = p.odd != flip[p.type][c];
    for (const int k : {0, 2, 3}) copyCorner(to, to.at(k), p, p.at(corner[p.type][c][k]));
  }
}

/// The same backwards; type: of the parent.
template <typename T>
void mergeShapes(const T &a, const T &b, unsigned char type, T &p) {
  p.type = type;
  p.odd = a.odd != (type > 2);
  copyCorner(p, p.at(0), a, a.at(type > 2 ? 2 : 0));
  copyCorner(p, p.at(1), a, a.at(type > 2 ? 0 : 2));
  copyCorner(p, p.at(2), a, a.at(3));
  copyCorner(p, p.at(3), b, b.at(type == 3 ? 2 : 0));
}

/// Of a parent inside of a tree; base cells have types of their own.
inline unsigned char parentType(unsigned char type) {
  return static_cast<unsigned char>((type + 2) % 3);
}

/// The vertex that vanishes with a leaf and its sibling.
inline int newest(int, const TetShape &leaf) {
  return leaf.v[leaf.at(1)];
}

/// Children of p, whose new vertex is m.
inline void bisect(const Tetrahedron &p, int m, Tetrahedron &a, Tetrahedron &b) {
  const int i = p.at(0), j = p.at(3);
  bisectShape(p, a, b);
  for (Tetrahedron *const child : {&a, &b}) {
    const int k = child->at(1);
    child->base = p.base;
    child->level = static_cast<unsigned char>(p.level + 1);
    child->v[k] = m;
    child->mask[k] = p.mask[i] | p.mask[j];
    for (int d = 0; d < 3; ++d) child->x[k][d] = 0.5 * (p.x[i][d] + p.x[j][d]);
  }
  a.path = p.path << 1;
  b.path = a.path | 1;
}

/// The parent of a and b, exactly as it was; root: the type of the base cell.
inline Tetrahedron merge(const Tetrahedron &a, const Tetrahedron &b, unsigned char root) {
  Tetrahedron p;
  mergeShapes(a, b, a.level == 1 ? root : parentType(a.type), p);
  p.base = a.base;
  p.level = static_cast<unsigned char>(a.level - 1);
  p.path = a.path >> 1;
  return p;
}

/// Volume times six.
inline double tetDeterminant(const double *x) {
  double e[3][3];
  for (int k = 0; k < 3; ++k)
    for (int i = 0; i < 3; ++i) e[k][i] = x[3 * (k + 1) + i] - x[i];
  return e[0][0] * (e[1][1] * e[2][2] - e[1][2] * e[2][1]) - e[0][1] * (e[1][0] * e[2][2] - e[1][2] * e[2][0]) +
         e[0][2] * (e[1][0] * e[2][1] - e[1][1] * e[2][0]);
}

}  // namespace petrl
