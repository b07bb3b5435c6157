#include "mesh/plex_base.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "mesh/forest_base.hpp"
#include "mesh/plex_cells.hpp"

namespace petrl {

namespace {

/// One after the other from all ranks; `counts`, if given: how many from each.
template <typename T>
std::vector<T> gather(const std::vector<T> &mine, MPI_Datatype type, MPI_Comm comm,
                      std::vector<int> *counts = nullptr) {
  PetscMPIInt size;
  MPI_Comm_size(comm, &size);
  std::vector<int> count(size, static_cast<int>(mine.size())), at(size, 0);
  if (counts) *counts = count;
  if (size == 1) return mine;
  MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, count.data(), 1, MPI_INT, comm);
  for (int r = 1; r < size; ++r) at[r] = at[r - 1] + count[r - 1];
  std::vector<T> all(at.back() + count.back());
  MPI_Allgatherv(mine.data(), static_cast<int>(mine.size()), type, all.data(), count.data(), at.data(), type, comm);
  if (counts) *counts = count;
  return all;
}

/// Corner k comes first from now on.
void rotate(BaseMesh &mesh, int cell, int k) {
  std::rotate(&mesh.cell[cell * 3], &mesh.cell[cell * 3 + k], &mesh.cell[cell * 3] + 3);
  std::rotate(&mesh.face[cell * 3], &mesh.face[cell * 3 + k], &mesh.face[cell * 3] + 3);
  std::rotate(&mesh.corner[cell * 6], &mesh.corner[cell * 6 + 2 * k], &mesh.corner[cell * 6] + 6);
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
    to.region.push_back(mesh.region[c]);
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

}  // namespace

BaseMesh baseMeshFromPlex(DM dm, BaseOrigin *origin) {
  std::vector<PetscInt> points;
  const CellMesh m = cellMeshFromPlex(dm, &points);
  const MPI_Comm comm = PetscObjectComm(reinterpret_cast<PetscObject>(dm));
  const int slots = m.slots();
  DMLabel sets;
  PetRLThrow(DMGetLabel(dm, "Cell Sets", &sets));
  std::vector<int> face, region, cells;
  points.resize(m.owned);
  for (int f = 0; f < m.owned * slots; ++f) face.push_back(m.neighbour[f] < 0 ? m.faces[m.face[f]].label : 0);
  for (int c = 0; c < m.owned; ++c) {
    PetscInt value = 0;
    if (sets) PetRLThrow(DMLabelGetValue(sets, points[c], &value));
    region.push_back(static_cast<int>(std::max<PetscInt>(value, 0)));
  }
  BaseMesh mesh;
  mesh.dim = m.dim;
  mesh.cell = gather(globalVertices(dm, m), MPI_INT, comm);
  mesh.corner =
      gather(std::vector<double>(m.corner.begin(), m.corner.begin() + m.owned * slots * m.dim), MPI_DOUBLE, comm);
  mesh.face = gather(face, MPI_INT, comm);
  mesh.region = gather(region, MPI_INT, comm, &cells);
  points = gather(points, MPIU_INT, comm);
  if (mesh.cell.empty()) throw Error("a DMPlex without cells", PETSC_ERR_ARG_WRONGSTATE);
  mesh.vertices = *std::max_element(mesh.cell.begin(), mesh.cell.end()) + 1;
  if (mesh.dim == 2)
    for (int c = 0; c < mesh.cells(); ++c) rotate(mesh, c, longestEdge(&mesh.corner[c * 6]));
  const std::vector<int> order = curveOrder(mesh);
  if (origin) {
    std::vector<int> rank;
    for (std::size_t r = 0; r < cells.size(); ++r) rank.insert(rank.end(), cells[r], static_cast<int>(r));
    *origin = {};
    for (const int c : order) {
      origin->rank.push_back(rank[c]);
      origin->point.push_back(points[c]);
    }
  }
  return sorted(mesh, order);
}

}  // namespace petrl
