// Base meshes of tetrahedra: how they touch, the edges that are bisected first.
#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <unordered_map>

#include "base/error.hpp"
#include "mesh/forest_base.hpp"
#include "mesh/tetrahedron.hpp"

namespace petrl {

namespace {

std::string name(const BaseMesh &mesh, int cell) {
  std::string s = "cell " + std::to_string(cell) + " (vertices";
  for (int k = 0; k < 4; ++k) s += " " + std::to_string(mesh.cell[cell * 4 + k]);
  return s + ")";
}

[[noreturn]] void refuse(const std::string &what) {
  throw Error("base mesh: " + what, PETSC_ERR_ARG_WRONG);
}

using Place = std::array<double, 3>;

std::vector<Place> placesOf(const BaseMesh &mesh) {
  std::vector<Place> places(mesh.vertices, Place{});
  std::vector<bool> known(mesh.vertices, false);
  for (std::size_t k = 0; k < mesh.cell.size(); ++k) {
    const int v = mesh.cell[k];
    Place x;
    double away = 0, size = 0;
    for (int i = 0; i < 3; ++i) {
      x[i] = mesh.corner[3 * k + i];
      if (known[v]) away = std::max(away, std::abs(x[i] - places[v][i]));
      size = std::max(size, std::abs(x[i]));
    }
    if (away > 1e-8 * size)
      throw Error("base mesh: vertex " + std::to_string(v) +
                      " has two places (a periodic mesh of tetrahedra), expected one: periodic meshes are intervals or "
                      "triangles",
                  PETSC_ERR_SUP);
    if (!known[v]) places[v] = x;
    known[v] = true;
  }
  return places;
}

/// Longer edges come later; no two edges are equal, and all cells around them agree.
class EdgeOrder {
 public:
  explicit EdgeOrder(const std::vector<Place> &places) : places_(places) {}
  using Rank = std::tuple<float, int, int>;
  Rank of(int a, int b) const {
    const int low = std::min(a, b), high = std::max(a, b);
    double square = 0;
    for (int i = 0; i < 3; ++i) square += std::pow(places_[high][i] - places_[low][i], 2);
    return {static_cast<float>(square), low, high};  // rounded: what is equal but for rounding errors shall be equal
  }

 private:
  const std::vector<Place> &places_;
};

/// The order of the corners and the type, see TetShape.
void mark(const EdgeOrder &order, const int *v, unsigned char *corner, unsigned char &type, bool &odd) {
  const auto longer = [&](int e, int f) {
    return order.of(v[kTetEdge[e][0]], v[kTetEdge[e][1]]) > order.of(v[kTetEdge[f][0]], v[kTetEdge[f][1]]);
  };
  int longest = 0;
  for (int e = 1; e < 6; ++e)
    if (longer(e, longest)) longest = e;
  const int p = kTetEdge[longest][0], q = kTetEdge[longest][1];
  const int rest = 15 & ~(1 << p | 1 << q), r = __builtin_ctz(static_cast<unsigned>(rest)),
            s = __builtin_ctz(static_cast<unsigned>(rest & (rest - 1)));
  // The longest edge of the face beside a corner: the third corner on it, or none where it is r s.
  const auto third = [&](int a) {
    const int ar = tetEdge(1 << a | 1 << r), as = tetEdge(1 << a | 1 << s), rs = tetEdge(rest);
    const int best = longer(ar, as) ? ar : as;
    return longer(rs, best) ? -1 : best == ar ? r : s;
  };
  const int with_p = third(p), with_q = third(q), other_p = with_p == r ? s : r, other_q = with_q == r ? s : r;
  int x[4];
  const auto set = [&](unsigned char t, int x0, int x1, int x2, int x3) {
    type = t;
    x[0] = x0, x[1] = x1, x[2] = x2, x[3] = x3;
  };
  if (with_p < 0 && with_q < 0)
    set(3, p, r, s, q);
  else if (with_p < 0)
    set(4, p, other_q, with_q, q);
  else if (with_q < 0)
    set(4, q, other_p, with_p, p);
  else if (with_p == with_q)
    set(1, p, other_p, with_p, q);
  else
    set(0, p, with_q, with_p, q);
  odd = false;
  for (int k = 0; k < 4; ++k)
    for (int l = 0; l < k; ++l) odd = odd != (x[l] > x[k]);
  if (odd) std::swap(x[1], x[2]);
  for (int k = 0; k < 4; ++k) corner[k] = static_cast<unsigned char>(x[k]);
}

void connectFaces(ForestBase &base) {
  const BaseMesh &mesh = base.mesh;
  const int sides = mesh.cells() * 4;
  base.twin.assign(sides, -1);
  base.edge.assign(sides, -1);
  std::vector<std::vector<int>> at(mesh.vertices);  // sides, by their lowest vertex
  std::vector<std::array<int, 3>> sorted(sides);
  for (int s = 0; s < sides; ++s) {
    const int *const v = &mesh.cell[s / 4 * 4];
    std::array<int, 3> &mine = sorted[s];
    for (int k = 0; k < 3; ++k) mine[k] = v[kTetFace[s % 4][k]];
    std::sort(mine.begin(), mine.end());
    for (const int t : at[mine[0]]) {
      if (sorted[t] != mine) continue;
      // Seen from outside, one goes round it the other way.
      const int *const w = &mesh.cell[t / 4 * 4];
      const auto turn = [](const int *u, int side) {
        const int a = u[kTetFace[side][0]], b = u[kTetFace[side][1]], c = u[kTetFace[side][2]];
        return ((a < b) != (b < c)) != (a < c);
      };
      if (turn(v, s % 4) == turn(w, t % 4)) refuse(name(mesh, s / 4) + " and " + name(mesh, t / 4) + " overlap");
      if (base.twin[t] >= 0)
        refuse(name(mesh, s / 4) + ": a face of it belongs to three cells at least (not a manifold)");
      base.twin[s] = t;
      base.twin[t] = s;
      base.edge[s] = base.edge[t];
    }
    if (base.twin[s] >= 0) continue;
    base.edge[s] = base.facets();
    base.side.push_back(s);
    for (int k = 0; k < 3; ++k) base.facet.push_back(v[kTetFace[s % 4][k]]);
    at[mine[0]].push_back(s);
  }
}

void numberLines(ForestBase &base) {
  const BaseMesh &mesh = base.mesh;
  std::vector<std::vector<int>> at(mesh.vertices);
  std::vector<std::vector<int>> cells;
  base.line.resize(mesh.cells() * 6);
  for (int c = 0; c < mesh.cells(); ++c)
    for (int e = 0; e < 6; ++e) {
      const int a = mesh.cell[c * 4 + kTetEdge[e][0]], b = mesh.cell[c * 4 + kTetEdge[e][1]];
      const int low = std::min(a, b), high = std::max(a, b);
      int found = -1;
      for (const int l : at[low])
        if (base.to[l] == high) found = l;
      if (found < 0) {
        found = static_cast<int>(base.from.size());
        base.from.push_back(low);
        base.to.push_back(high);
        at[low].push_back(found);
        cells.emplace_back();
      }
      base.line[c * 6 + e] = found;
      cells[found].push_back(c);
    }
  base.line_first.assign(1, 0);
  for (const auto &list : cells) {
    base.line_around.insert(base.line_around.end(), list.begin(), list.end());
    base.line_first.push_back(static_cast<int>(base.line_around.size()));
  }
}

/// A vertex inside a boundary face or edge hangs there: cells on either side do not conform.
void checkHanging(const ForestBase &base, const std::vector<Place> &places) {
  const BaseMesh &mesh = base.mesh;
  std::vector<int> vertices;
  for (int s = 0; s < mesh.cells() * 4; ++s)
    for (int k = 0; base.twin[s] < 0 && k < 3; ++k) vertices.push_back(mesh.cell[s / 4 * 4 + kTetFace[s % 4][k]]);
  std::sort(vertices.begin(), vertices.end());
  vertices.erase(std::unique(vertices.begin(), vertices.end()), vertices.end());
  // Along the longest direction of the domain, so that few are looked at.
  Place low = places[0], high = places[0];
  for (const Place &x : places)
    for (int i = 0; i < 3; ++i) low[i] = std::min(low[i], x[i]), high[i] = std::max(high[i], x[i]);
  int axis = 0;
  for (int i = 1; i < 3; ++i)
    if (high[i] - low[i] > high[axis] - low[axis]) axis = i;
  std::sort(vertices.begin(), vertices.end(), [&](int a, int b) { return places[a][axis] < places[b][axis]; });
  for (int s = 0; s < mesh.cells() * 4; ++s) {
    if (base.twin[s] >= 0) continue;
    int f[3];
    for (int k = 0; k < 3; ++k) f[k] = mesh.cell[s / 4 * 4 + kTetFace[s % 4][k]];
    double e[2][3], aa = 0, ab = 0, bb = 0, lowest[3], highest[3];
    for (int i = 0; i < 3; ++i) {
      e[0][i] = places[f[1]][i] - places[f[0]][i], e[1][i] = places[f[2]][i] - places[f[0]][i];
      aa += e[0][i] * e[0][i], ab += e[0][i] * e[1][i], bb += e[1][i] * e[1][i];
      lowest[i] = std::min({places[f[0]][i], places[f[1]][i], places[f[2]][i]});
      highest[i] = std::max({places[f[0]][i], places[f[1]][i], places[f[2]][i]});
    }
    const double near = 1e-9 * std::sqrt(aa + bb), determinant = aa * bb - ab * ab;
    auto p = std::lower_bound(vertices.begin(), vertices.end(), lowest[axis] - near,
                              [&](int v, double x) { return places[v][axis] < x; });
    for (; p != vertices.end() && places[*p][axis] <= highest[axis] + near; ++p) {
      if (*p == f[0] || *p == f[1] || *p == f[2]) continue;
      const Place &x = places[*p];
      bool outside = false;
      for (int i = 0; i < 3; ++i) outside = outside || x[i] < lowest[i] - near || x[i] > highest[i] + near;
      if (outside) continue;
      double xa = 0, xb = 0;
      for (int i = 0; i < 3; ++i) xa += e[0][i] * (x[i] - places[f[0]][i]), xb += e[1][i] * (x[i] - places[f[0]][i]);
      const double u = (bb * xa - ab * xb) / determinant, w = (aa * xb - ab * xa) / determinant;
      double off = 0;
      for (int i = 0; i < 3; ++i) off += std::pow(x[i] - places[f[0]][i] - u * e[0][i] - w * e[1][i], 2);
      if (off > near * near || u < -1e-9 || w < -1e-9 || u + w > 1 + 1e-9) continue;
      if (std::max({u, w, 1 - u - w}) > 1 - 1e-6) continue;  // the same place as a corner: a slit
      refuse("vertex " + std::to_string(*p) + " lies inside a face of " + name(mesh, s / 4) + " (not conforming)");
    }
  }
}

}  // namespace

void ForestBase::setUpTetrahedra() {
  const std::vector<Place> places = placesOf(mesh);
  connectFaces(*this);
  numberLines(*this);
  checkHanging(*this, places);
  for (int s = 0; s < mesh.cells() * 4; ++s)
    if (twin[s] < 0 && mesh.face[s] <= 0)
      refuse(name(mesh, s / 4) + ": the boundary face opposite corner " + std::to_string(s % 4) + " has label " +
             std::to_string(mesh.face[s]) + ", expected a positive one");
  const EdgeOrder order_of_edges(places);
  first_shape.resize(mesh.cells());
  for (int c = 0; c < mesh.cells(); ++c)
    mark(order_of_edges, &mesh.cell[c * 4], first_shape[c].corner, first_shape[c].type, first_shape[c].odd);
}

}  // namespace petrl
