#include "mesh/plex_base.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/error.hpp"
#include "mesh/forest_impl.hpp"
#include "mesh/plex_cells.hpp"

namespace petrl {

namespace {

/// Where a cell is in the base mesh, and which corner there each of its corners is.
struct BaseCell {
  int cell = 0;
  std::array<signed char, 4> corner = {0, 1, 2, 3};
};

/// One after the other from all ranks; `counts`, if given: how many from each.
template <typename T>
std::vector<T> gather(const std::vector<T> &mine, MPI_Comm comm, std::vector<int> *counts = nullptr) {
  PetscMPIInt size;
  MPI_Comm_size(comm, &size);
  std::vector<int> count(size, static_cast<int>(mine.size())), at(size, 0);
  if (counts) *counts = count;
  if (size == 1) return mine;
  MPI_Datatype type;
  MPI_Type_contiguous(sizeof(T), MPI_BYTE, &type);
  MPI_Type_commit(&type);
  MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, count.data(), 1, MPI_INT, comm);
  for (int r = 1; r < size; ++r) at[r] = at[r - 1] + count[r - 1];
  std::vector<T> all(at.back() + count.back());
  MPI_Allgatherv(mine.data(), static_cast<int>(mine.size()), type, all.data(), count.data(), at.data(), type, comm);
  MPI_Type_free(&type);
  if (counts) *counts = count;
  return all;
}

/// Corners are to[k] from now on.
void reorder(BaseMesh &mesh, int cell, const std::array<signed char, 4> &to) {
  const int slots = mesh.dim + 1, d = mesh.dim;
  const std::vector<int> vertex(&mesh.cell[cell * slots], &mesh.cell[cell * slots] + slots),
      face(&mesh.face[cell * slots], &mesh.face[cell * slots] + slots);
  const std::vector<double> x(&mesh.corner[cell * slots * d], &mesh.corner[cell * slots * d] + slots * d);
  for (int k = 0; k < slots; ++k) {
    mesh.cell[cell * slots + to[k]] = vertex[k];
    mesh.face[cell * slots + to[k]] = face[k];
    std::copy_n(&x[k * d], d, &mesh.corner[(cell * slots + to[k]) * d]);
  }
}

/// Of edges that are equally long the one whose middle comes first: cells that share it choose alike.
int longestEdge(const double *x) {
  int best = 0;
  double longest = -1, middle[2] = {0, 0};
  for (int k = 0; k < 3; ++k) {
    const double *const a = x + 2 * k, *const b = x + 2 * ((k + 1) % 3);
    const double length = std::hypot(b[0] - a[0], b[1] - a[1]), mx = a[0] + b[0], my = a[1] + b[1];
    const double slack = 1e-10 * length, near = 1e-9 * length;
    const bool equal = std::abs(length - longest) <= slack;
    const bool before = mx < middle[0] - near || (mx < middle[0] + near && my < middle[1]);
    if (length > longest + slack || (equal && before)) {
      best = k;
      longest = length;
      middle[0] = mx;
      middle[1] = my;
    }
  }
  return best;
}

/// Where corners of a cell go: a triangle's longest edge comes first; a tetrahedron's corners go by their places, but for
/// the last two, which make it right-handed: what comes of it does not depend on who owns the cell.
std::array<signed char, 4> cornersOf(const BaseMesh &mesh, int cell) {
  BaseCell same;
  std::array<signed char, 4> &to = same.corner;
  if (mesh.dim == 2) {
    const int first = longestEdge(&mesh.corner[cell * 6]);
    for (int k = 0; k < 3; ++k) to[k] = static_cast<signed char>((k - first + 3) % 3);
  } else if (mesh.dim == 3) {
    const double *const x = &mesh.corner[cell * 12];
    std::array<int, 4> order = {0, 1, 2, 3};
    std::sort(order.begin(), order.end(), [&](int a, int b) {
      return std::lexicographical_compare(x + 3 * a, x + 3 * a + 3, x + 3 * b, x + 3 * b + 3);
    });
    bool odd = false;
    for (int k = 0; k < 4; ++k)
      for (int l = 0; l < k; ++l) odd = odd != (order[l] > order[k]);
    if (odd) std::swap(order[2], order[3]);
    for (int k = 0; k < 4; ++k) to[order[k]] = static_cast<signed char>(k);
  }
  return to;
}

/// Cells in the order of the curve, vertices as they appear.
BaseMesh sorted(const BaseMesh &mesh, const std::vector<int> &order) {
  const int slots = mesh.dim + 1, d = mesh.dim;
  BaseMesh to;
  to.dim = d;
  std::vector<int> number(mesh.vertices, -1);
  for (const int c : order) {
    for (int k = c * slots; k < (c + 1) * slots; ++k) {
      int &v = number[mesh.cell[k]];
      if (v < 0) v = to.vertices++;
      to.cell.push_back(v);
      to.face.push_back(mesh.face[k]);
      to.corner.insert(to.corner.end(), &mesh.corner[k * d], &mesh.corner[k * d] + d);
    }
  }
  return to;
}

/// Numbers of vertices over all ranks.
std::vector<int> globalVertices(DM dm, const CellMesh &m) {
  IS numbering;
  const PetscInt *number;
  std::vector<int> vertex;
  PetRLThrow(DMPlexGetVertexNumbering(dm, &numbering));
  PetRLThrow(ISGetIndices(numbering, &number));
  for (int i = 0; i < m.owned * m.slots(); ++i) {
    const PetscInt v = number[m.vertex[i]];
    vertex.push_back(static_cast<int>(v < 0 ? -v - 1 : v));
  }
  PetRLThrow(ISRestoreIndices(numbering, &number));
  return vertex;
}

/// Names of all labels on any rank, in the same order everywhere; without those that PETSc makes of the mesh.
std::vector<BaseLabel> labelNames(DM dm, MPI_Comm comm) {
  std::vector<char> mine;
  std::vector<PetscInt> rest;  // two of each
  PetscInt n;
  PetRLThrow(DMGetNumLabels(dm, &n));
  for (PetscInt i = 0; i < n; ++i) {
    const char *name;
    DMLabel label;
    PetscInt otherwise;
    PetscBool output;
    PetRLThrow(DMGetLabelName(dm, i, &name));
    if (std::strcmp(name, "depth") == 0 || std::strcmp(name, "celltype") == 0) continue;
    PetRLThrow(DMGetLabel(dm, name, &label));
    PetRLThrow(DMLabelGetDefaultValue(label, &otherwise));
    PetRLThrow(DMGetLabelOutput(dm, name, &output));
    mine.insert(mine.end(), name, name + std::strlen(name) + 1);
    rest.insert(rest.end(), {otherwise, output});
  }
  const std::vector<char> all = gather(mine, comm);
  rest = gather(rest, comm);
  std::vector<BaseLabel> labels;
  const PetscInt *of = rest.data();
  for (const char *name = all.data(); name < all.data() + all.size(); name += std::strlen(name) + 1, of += 2)
    if (std::none_of(labels.begin(), labels.end(), [&](const BaseLabel &l) { return l.name == name; }))
      labels.push_back({name, of[0], of[1] != 0, {}, {}});
  return labels;
}

/// A point of the DMPlex as a part of the base mesh.
struct BasePart {
  PetscInt point;
  BaseLabel::At at;
};

/// Owned cells, their faces and vertices, by points. base: where the cells are in the base mesh.
std::vector<BasePart> partsOf(DM dm, const std::vector<BaseCell> &base) {
  std::vector<PetscInt> points, faces;
  PetscInt first;
  const CellMesh m = cellMeshFromPlex(dm, &points, &faces);
  const int slots = m.slots();
  std::vector<BasePart> parts;
  PetRLThrow(DMPlexGetDepthStratum(dm, 0, &first, NULL));
  for (int c = 0; c < m.owned; ++c) {
    const auto add = [&](PetscInt p, int part) { parts.push_back({p, {base[c].cell, part, 0}}); };
    add(points[c], 2 * slots);
    for (int k = 0; k < slots; ++k) {
      const int slot = base[c].corner[k];
      if (m.dim >= 2) add(faces[c * slots + k], slot);
      add(first + m.vertex[c * slots + k], slots + slot);
    }
    if (m.dim < 3) continue;
    const auto slotOf = [&](PetscInt vertex) {
      const int *const v = &m.vertex[c * 4];
      return base[c].corner[std::find(v, v + 4, static_cast<int>(vertex - first)) - v];
    };
    for (int k = 0; k < 4; ++k) {  // edges several times, which does no harm
      const PetscInt *edges, *ends;
      PetRLThrow(DMPlexGetCone(dm, faces[c * 4 + k], &edges));
      for (int i = 0; i < 3; ++i) {
        PetRLThrow(DMPlexGetCone(dm, edges[i], &ends));
        add(edges[i], 2 * slots + 1 + tetEdge(1 << slotOf(ends[0]) | 1 << slotOf(ends[1])));
      }
    }
  }
  std::sort(parts.begin(), parts.end(), [](const BasePart &a, const BasePart &b) { return a.point < b.point; });
  return parts;
}

std::vector<PetscInt> listOf(IS is) {
  PetscInt n;
  const PetscInt *at;
  if (!is) return {};
  PetRLThrow(ISGetLocalSize(is, &n));
  PetRLThrow(ISGetIndices(is, &at));
  std::vector<PetscInt> list(at, at + n);
  PetRLThrow(ISRestoreIndices(is, &at));
  PetRLThrow(ISDestroy(&is));
  return list;
}

/// What a label says of the parts.
void readLabel(DMLabel label, const std::vector<BasePart> &parts, BaseLabel &result) {
  IS is;
  PetRLThrow(DMLabelGetValueIS(label, &is));
  result.values = listOf(is);
  for (const PetscInt value : result.values) {
    PetRLThrow(DMLabelGetStratumIS(label, value, &is));
    for (const PetscInt point : listOf(is)) {
      auto part = std::lower_bound(parts.begin(), parts.end(), point,
                                   [](const BasePart &a, PetscInt p) { return a.point < p; });
      for (; part != parts.end() && part->point == point; ++part)
        result.at.push_back({part->at.cell, part->at.part, value});
    }
  }
}

/// All labels, on all ranks.
std::vector<BaseLabel> gatherLabels(DM dm, const std::vector<BaseCell> &base) {
  const MPI_Comm comm = PetscObjectComm(reinterpret_cast<PetscObject>(dm));
  std::vector<BaseLabel> labels = labelNames(dm, comm);
  if (labels.empty()) return labels;
  const std::vector<BasePart> parts = partsOf(dm, base);
  for (BaseLabel &l : labels) {
    DMLabel label;
    PetRLThrow(DMGetLabel(dm, l.name.c_str(), &label));
    if (label) readLabel(label, parts, l);
    l.values = gather(l.values, comm);
    l.at = gather(l.at, comm);
  }
  return labels;
}

}  // namespace

BaseMesh baseMeshFromPlex(DM dm, BaseOrigin *origin) {
  std::vector<PetscInt> points;
  const CellMesh m = cellMeshFromPlex(dm, &points);
  const MPI_Comm comm = PetscObjectComm(reinterpret_cast<PetscObject>(dm));
  const int slots = m.slots();
  std::vector<int> face, counts;
  for (int f = 0; f < m.owned * slots; ++f) face.push_back(m.neighbour[f] < 0 ? m.faces[m.face[f]].label : 0);
  BaseMesh mesh;
  mesh.dim = m.dim;
  mesh.cell = gather(globalVertices(dm, m), comm);
  mesh.corner = gather(std::vector<double>(m.corner.begin(), m.corner.begin() + m.owned * slots * m.dim), comm);
  mesh.face = gather(face, comm);
  points.resize(m.owned);
  points = gather(points, comm, &counts);
  if (mesh.cell.empty()) throw Error("a DMPlex without cells", PETSC_ERR_ARG_WRONGSTATE);
  mesh.vertices = *std::max_element(mesh.cell.begin(), mesh.cell.end()) + 1;
  std::vector<BaseCell> base(mesh.cells());
  for (int c = 0; c < mesh.cells() && mesh.dim >= 2; ++c) {
    base[c].corner = cornersOf(mesh, c);
    reorder(mesh, c, base[c].corner);
  }
  const std::vector<int> order = curveOrder(mesh);
  for (std::size_t i = 0; i < order.size(); ++i) base[order[i]].cell = static_cast<int>(i);
  if (origin) {
    std::vector<int> rank;
    for (std::size_t r = 0; r < counts.size(); ++r) rank.insert(rank.end(), counts[r], static_cast<int>(r));
    *origin = {};
    for (const int c : order) {
      origin->rank.push_back(rank[c]);
      origin->point.push_back(points[c]);
    }
  }
  mesh = sorted(mesh, order);
  PetscMPIInt rank;
  MPI_Comm_rank(comm, &rank);
  base.erase(base.begin(), base.begin() + std::accumulate(counts.begin(), counts.begin() + rank, 0));
  mesh.labels = gatherLabels(dm, base);
  return mesh;
}

std::vector<BaseLabel> labelsFromPlex(DM dm, const Forest &forest) {
  std::vector<BaseCell> base;
  for (const int c : forest.baseCells()) {
    base.push_back({});
    base.back().cell = c;
    if (forest.impl().dim() < 3) continue;
    for (int k = 0; k < 4; ++k)
      base.back().corner[k] = static_cast<signed char>(forest.impl().base->first_shape[c].corner[k]);
  }
  return gatherLabels(dm, base);
}

}  // namespace petrl
