#include "mesh/plex_cells.hpp"

#include <petscsf.h>

#include <utility>

#include "base/error.hpp"
#include "mesh/cell_mesh_fill.hpp"
#include "mesh/plex_check.hpp"

namespace petrl {

namespace {

/// Coordinates where PETSc keeps them: of vertices, and in periodic meshes of (some) cells.
class Coordinates {
 public:
  explicit Coordinates(DM dm) {
    PetRLThrow(DMGetCoordinateSection(dm, &section_));
    PetRLThrow(DMGetCoordinatesLocal(dm, &vector_));
    PetRLThrow(DMGetCellCoordinatesLocal(dm, &cell_vector_));
    PetRLThrow(VecGetArrayRead(vector_, &array_));
    if (!cell_vector_) return;
    PetRLThrow(DMGetCellCoordinateSection(dm, &cell_section_));
    PetRLThrow(PetscSectionGetChart(cell_section_, &start_, &end_));
    PetRLThrow(VecGetArrayRead(cell_vector_, &cell_array_));
  }
  ~Coordinates() {
    if (array_) (void)VecRestoreArrayRead(vector_, &array_);
    if (cell_array_) (void)VecRestoreArrayRead(cell_vector_, &cell_array_);
  }
  Coordinates(const Coordinates &) = delete;
  Coordinates &operator=(const Coordinates &) = delete;

  void of(PetscInt cell, const PetscInt *vertex, int d, double *x) const {
    PetscInt dof = 0, offset = 0;
    if (cell_array_ && cell >= start_ && cell < end_) PetRLThrow(PetscSectionGetDof(cell_section_, cell, &dof));
    if (dof) {
      PetRLThrow(PetscSectionGetOffset(cell_section_, cell, &offset));
      for (int i = 0; i < d * (d + 1); ++i) x[i] = PetscRealPart(cell_array_[offset + i]);
      return;
    }
    for (int k = 0; k <= d; ++k) {
      PetRLThrow(PetscSectionGetOffset(section_, vertex[k], &offset));
      for (int i = 0; i < d; ++i) *x++ = PetscRealPart(array_[offset + i]);
    }
  }

 private:
  PetscSection section_ = NULL, cell_section_ = NULL;
  Vec vector_ = NULL, cell_vector_ = NULL;
  const PetscScalar *array_ = NULL, *cell_array_ = NULL;
  PetscInt start_ = 0, end_ = 0;
};

/// Points that another rank owns, and points that another rank has.
struct Sharing {
  std::vector<bool> leaf, shared;
  bool several = false;  // on all ranks alike
  explicit Sharing(DM dm) {
    PetscMPIInt size;
    MPI_Comm_size(PetscObjectComm(reinterpret_cast<PetscObject>(dm)), &size);
    if (size == 1) return;
    PetscInt start, end, roots, leaves;
    const PetscInt *local, *degree;
    PetscSF sf;
    PetRLThrow(DMPlexGetChart(dm, &start, &end));
    PetRLThrow(DMGetPointSF(dm, &sf));
    PetRLThrow(PetscSFGetGraph(sf, &roots, &leaves, &local, NULL));
    if (roots < 0) return;
    several = true;
    leaf.assign(static_cast<std::size_t>(end), false);
    for (PetscInt i = 0; i < leaves; ++i) leaf[local ? local[i] : i] = true;
    shared = leaf;
    PetRLThrow(PetscSFComputeDegreeBegin(sf, &degree));
    PetRLThrow(PetscSFComputeDegreeEnd(sf, &degree));
    for (PetscInt p = 0; p < roots; ++p)
      if (degree[p] > 0) shared[p] = true;
  }
  bool ghost(PetscInt p) const { return !leaf.empty() && leaf[p]; }
  bool elsewhere(PetscInt p) const { return !shared.empty() && shared[p]; }
};

class FaceLabels {
 public:
  explicit FaceLabels(DM dm) {
    PetRLThrow(DMGetLabel(dm, "Face Sets", &sets_));
    PetRLThrow(DMGetLabel(dm, "marker", &marker_));
  }
  int of(PetscInt face) const {
    for (DMLabel label : {sets_, marker_}) {
      PetscInt value = -1;
      if (label) PetRLThrow(DMLabelGetValue(label, face, &value));
      if (value > 0) return static_cast<int>(value);
    }
    return 1;
  }

 private:
  DMLabel sets_ = NULL, marker_ = NULL;
};

/// Vertices of a triangle as the cell sees it.
void readTriangle(DM dm, PetscInt p, PetscInt turn, PetscInt *vertex) {
  static constexpr int place[6][3] = {{1, 0, 2}, {0, 2, 1}, {2, 1, 0}, {0, 1, 2}, {1, 2, 0}, {2, 0, 1}};
  const PetscInt *edges, *orientation, *ends;
  PetscInt own[3];
  PetRLThrow(DMPlexGetCone(dm, p, &edges));
  PetRLThrow(DMPlexGetConeOrientation(dm, p, &orientation));
  for (int k = 0; k < 3; ++k) {
    PetRLThrow(DMPlexGetCone(dm, edges[k], &ends));
    own[k] = ends[orientation[k] < 0];
  }
  for (int k = 0; k < 3; ++k) vertex[k] = own[place[turn + 3][k]];
}

/// Vertices of a cell in the order of its cone, and the face opposite each.
void readCell(DM dm, int d, PetscInt c, PetscInt *vertex, PetscInt *face) {
  const PetscInt *cone, *orientation, *ends;
  PetRLThrow(DMPlexGetCone(dm, c, &cone));
  if (d == 1) {
    vertex[0] = face[1] = cone[0];
    vertex[1] = face[0] = cone[1];
    return;
  }
  PetRLThrow(DMPlexGetConeOrientation(dm, c, &orientation));
  if (d == 3) {
    // PETSc's faces are 012, 031, 023, 213.
    for (int k = 0; k < 4; ++k) face[3 - k] = cone[k];
    PetscInt triangle[3];
    readTriangle(dm, cone[1], orientation[1], triangle);
    vertex[3] = triangle[1];
    readTriangle(dm, cone[0], orientation[0], vertex);
    return;
  }
  for (int k = 0; k < 3; ++k) {
    PetRLThrow(DMPlexGetCone(dm, cone[k], &ends));
    vertex[k] = ends[orientation[k] < 0];
    face[(k + 2) % 3] = cone[k];
  }
}

/// Cells of negative volume are turned round.
void turn(int d, double *x, int *vertex, PetscInt *face) {
  const double volume = d == 1   ? x[1] - x[0]
                        : d == 2 ? (x[2] - x[0]) * (x[5] - x[1]) - (x[4] - x[0]) * (x[3] - x[1])
                                 : tetDeterminant(x);
  if (volume >= 0) return;
  const int a = d == 3 ? 1 : d - 1, b = d == 3 ? 2 : d;  // PETSc's tetrahedra are all left-handed
  std::swap(vertex[a], vertex[b]);
  std::swap(face[a], face[b]);
  for (int i = 0; i < d; ++i) std::swap(x[a * d + i], x[b * d + i]);
}

/// Owned cells around each face, over all ranks, where any rank is in doubt.
std::vector<PetscInt> cellsAround(DM dm, const std::vector<PetscInt> &faces, PetscInt end, bool doubt) {
  PetscSF sf;
  int any = doubt;
  std::vector<PetscInt> count;
  MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPI_INT, MPI_MAX, PetscObjectComm(reinterpret_cast<PetscObject>(dm)));
  if (!any) return count;
  count.assign(end, 0);
  for (const PetscInt f : faces) ++count[f];
  const std::vector<PetscInt> mine = count;
  PetRLThrow(DMGetPointSF(dm, &sf));
  PetRLThrow(PetscSFReduceBegin(sf, MPIU_INT, mine.data(), count.data(), MPI_SUM));
  PetRLThrow(PetscSFReduceEnd(sf, MPIU_INT, mine.data(), count.data(), MPI_SUM));
  PetRLThrow(PetscSFBcastBegin(sf, MPIU_INT, count.data(), count.data(), MPI_REPLACE));
  PetRLThrow(PetscSFBcastEnd(sf, MPIU_INT, count.data(), count.data(), MPI_REPLACE));
  return count;
}

}  // namespace

CellMesh cellMeshFromPlex(DM dm, std::vector<PetscInt> *points, std::vector<PetscInt> *face_points,
                          bool without_ghosts) {
  checkSimplexPlex(dm, without_ghosts);
  PetscInt dim, start, end, vertex_start, vertex_end;
  PetRLThrow(DMGetDimension(dm, &dim));
  PetRLThrow(plexCells(dm, without_ghosts, &start, &end));
  PetRLThrow(DMPlexGetDepthStratum(dm, 0, &vertex_start, &vertex_end));
  const int d = static_cast<int>(dim), slots = d + 1, n = static_cast<int>(end - start);
  const Sharing sharing(dm);
  const Coordinates coordinates(dm);
  const FaceLabels labels(dm);

  CellMesh m;
  m.dim = d;
  m.cells = n;
  m.vertices = static_cast<int>(vertex_end - vertex_start);
  std::vector<PetscInt> point;
  point.reserve(n);
  for (PetscInt c = start; c < end; ++c)
    if (!sharing.ghost(c)) point.push_back(c);
  m.owned = static_cast<int>(point.size());
  for (PetscInt c = start; m.owned < n && c < end; ++c)
    if (sharing.ghost(c)) point.push_back(c);

  m.level.assign(n, 0);
  m.vertex.resize(n * slots);
  m.corner.resize(n * slots * d);
  std::vector<PetscInt> face(n * slots);
  std::vector<int> other(n * slots, -1);
  PetscInt chart_start, chart_end;
  PetRLThrow(DMPlexGetChart(dm, &chart_start, &chart_end));
  std::vector<int> waiting(chart_end - chart_start, -1);  // points: the first side seen
  for (int c = 0; c < n; ++c) {
    PetscInt vertex[4], *const faces = &face[c * slots];
    readCell(dm, d, point[c], vertex, faces);
    for (int k = 0; k < slots; ++k) m.vertex[c * slots + k] = static_cast<int>(vertex[k] - vertex_start);
    double *const x = &m.corner[c * slots * d];
    coordinates.of(point[c], vertex, d, x);
    turn(d, x, &m.vertex[c * slots], faces);
    for (int s = 0; s < slots; ++s) {
      int &first = waiting[faces[s] - chart_start];
      if (first >= 0) {
        other[first] = c * slots + s;
        other[c * slots + s] = first;
      }
      first = c * slots + s;
    }
  }
  // A face without another cell lies on the boundary, or its other cell on a rank that shares the face. That rank does
  // not have the cell on this side then; but neither may ranks that PETSc gave the face alone (overlaps by faces).
  const auto doubtful = [&](int f) { return sharing.elsewhere(face[f]) && !sharing.elsewhere(point[f / slots]); };
  std::vector<PetscInt> around;
  if (sharing.several) {
    bool doubt = false;
    for (int f = 0; f < m.owned * slots && !doubt; ++f) doubt = other[f] < 0 && doubtful(f);
    around = cellsAround(dm, {face.begin(), face.begin() + m.owned * slots}, chart_end, doubt);
  }
  const auto label = [&](int f) { return doubtful(f) && around[face[f]] > 1 ? 0 : labels.of(face[f]); };
  fillGeometry(
      m, [&](int f) { return other[f]; }, label);
  if (points) points->swap(point);
  if (face_points) face_points->swap(face);
  return m;
}

}  // namespace petrl
