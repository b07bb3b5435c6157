// Hierarchies of tetrahedra as DMPlex and back, on any number of ranks.
#include <petscdmplex.h>
#include <petscsf.h>

#include <array>
#include <functional>

#include "base/compat.hpp"
#include "mesh/forest_impl.hpp"
#include "mesh/plex_base.hpp"
#include "mesh/plex_build.hpp"
#include "mesh/plex_cells.hpp"
#include "support/tetrahedra.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

struct Domain {
  const char *name;
  BaseMesh base;
  double volume, area;
};

std::vector<Domain> domains() {
  std::vector<Domain> all{{"box", BaseMesh::box(2, 3, 2, kLow3, kHigh3), 3, 13},
                          {"shaken", shakenBox(3, 0.25, 1), 0, 0},
                          {"spindle", spindle(7), 0, 0}};
  for (Domain &d : all) {
    const CellMesh m = Forest(d.base, PETSC_COMM_SELF).mesh();
    d.volume = totalVolume(m);
    d.area = boundaryArea(m);
  }
  return all;
}

/// Refined where it is seen to be by every rank, here and there.
void adaptSomewhere(Forest &f) {
  for (unsigned i = 0; i < 3; ++i) {
    std::vector<signed char> marks;
    for (const Tetrahedron &t : f.impl().tet) {
      double r = 0;
      for (int k = 0; k < 3; ++k) r += std::abs(t.x[0][k] + t.x[1][k] - 0.6 + 0.2 * i);
      marks.push_back(r < 1 ? 1 : r > 2.5 ? -1 : 0);
    }
    f.adapt(marks, {12, 1 << 20});
    std::vector<double> none;
    if (i % 2) f.balance(none, 0);
  }
}

double sum(double x) {
  MPI_Allreduce(MPI_IN_PLACE, &x, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  return x;
}

/// Corners of a point, as its cone has them.
std::vector<Point> cornersOf(DM dm, PetscInt p) {
  PetscInt n, *closure = nullptr, first, last;
  Vec coordinates;
  PetscSection section;
  const PetscScalar *x;
  std::vector<Point> corners;
  DMPlexGetDepthStratum(dm, 0, &first, &last);
  DMGetCoordinatesLocal(dm, &coordinates);
  DMGetCoordinateSection(dm, &section);
  VecGetArrayRead(coordinates, &x);
  DMPlexGetTransitiveClosure(dm, p, PETSC_TRUE, &n, &closure);
  for (PetscInt i = 0; i < n; ++i) {
    const PetscInt v = closure[2 * i];
    PetscInt at;
    if (v < first || v >= last) continue;
    PetscSectionGetOffset(section, v, &at);
    corners.push_back({PetscRealPart(x[at]), PetscRealPart(x[at + 1]), PetscRealPart(x[at + 2])});
  }
  DMPlexRestoreTransitiveClosure(dm, p, PETSC_TRUE, &n, &closure);
  VecRestoreArrayRead(coordinates, &x);
  return corners;
}

int globalEuler(DM dm) {
  PetscSF sf;
  PetscInt roots, leaves = 0, start, end;
  const PetscInt *local;
  DMPlexGetChart(dm, &start, &end);
  DMGetPointSF(dm, &sf);
  PetscSFGetGraph(sf, &roots, &leaves, &local, nullptr);
  std::vector<bool> owned(static_cast<std::size_t>(end), true);
  for (PetscInt i = 0; roots >= 0 && i < leaves; ++i) owned[static_cast<std::size_t>(local ? local[i] : i)] = false;
  int chi = 0;
  for (PetscInt k = 0; k <= 3; ++k) {
    DMPlexGetDepthStratum(dm, k, &start, &end);
    for (PetscInt p = start; p < end; ++p) chi += owned[static_cast<std::size_t>(p)] ? (k % 2 ? -1 : 1) : 0;
  }
  MPI_Allreduce(MPI_IN_PLACE, &chi, 1, MPI_INT, MPI_SUM, PETSC_COMM_WORLD);
  return chi;
}

}  // namespace

TEST(PlexTetsMpi, IsSoundAndHasTheLeaves) {
  int ranks;
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  for (const Domain &d : domains())
    for (const bool overlap : {false, true}) {
      SCOPED_TRACE(std::string(d.name) + (overlap ? " with overlap" : ""));
      Forest f(d.base, PETSC_COMM_WORLD);
      adaptSomewhere(f);
      DM dm = createPlex(f, overlap);
      ASSERT_EQ(DMPlexCheckSymmetry(dm), 0);
      ASSERT_EQ(DMPlexCheckSkeleton(dm, 0), 0);
      ASSERT_EQ(DMPlexCheckFaces(dm, 0), 0);
      ASSERT_EQ(DMPlexCheckGeometry(dm), 0);
      ASSERT_EQ(DMPlexCheckPointSF(dm, nullptr, overlap ? PETSC_TRUE : PETSC_FALSE), 0);
      if (!overlap) {
        ASSERT_EQ(DMPlexCheckInterfaceCones(dm), 0);
      }
      EXPECT_EQ(globalEuler(dm), 1);
      std::vector<PetscInt> points;
      const CellMesh m = cellMeshFromPlex(dm, &points);
      ASSERT_EQ(m.owned, f.leaves());
      EXPECT_NEAR(sum(totalVolume(m)), d.volume, 1e-12 * d.volume);
      double area = 0;
      for (int c = 0; c < m.owned; ++c) {
        const Tetrahedron &t = f.impl().tet[static_cast<std::size_t>(c)];
        ASSERT_EQ(points[static_cast<std::size_t>(c)], c);
        PetscReal volume, centre[3], normal[3];
        ASSERT_EQ(DMPlexComputeCellGeometryFVM(dm, c, &volume, centre, normal), 0);
        EXPECT_NEAR(volume, m.volume[c], 1e-13);
        for (int s = 0; s < 4; ++s) {
          for (int i = 0; i < 3; ++i) EXPECT_EQ(m.corner[(c * 4 + s) * 3 + i], t.x[s][i]);
          if (m.neighbour[c * 4 + s] >= 0) continue;
          const int twin = f.impl().twin[static_cast<std::size_t>(c * 4 + s)];
          const int label = twin == kBoundary ? f.impl().label(c * 4 + s) : 0;
          EXPECT_EQ(m.faces[m.face[c * 4 + s]].label, label);
          EXPECT_TRUE(!overlap || label > 0);
          const Point n = cross(cornerOf(m, c, (s + 1) % 4), cornerOf(m, c, (s + 2) % 4), cornerOf(m, c, (s + 3) % 4));
          if (label) area += 0.5 * std::sqrt(dot(n, n));
        }
      }
      EXPECT_NEAR(sum(area), d.area, 1e-12 * d.area);
      if (ranks == 1) {
        const CellMesh own = f.mesh();
        EXPECT_EQ(own.vertex, m.vertex);
        EXPECT_EQ(own.neighbour, m.neighbour);
        EXPECT_EQ(own.towards, m.towards);
        expectConformingBall(m, d.volume, d.area);
      }
      DMDestroy(&dm);
    }
}

TEST(PlexTetsMpi, SharedPointsAreTheSamePlaces) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_WORLD);
    adaptSomewhere(f);
    DM dm = createPlex(f, true);
    PetscInt end;
    PetscSF sf;
    int ranks;
    DMPlexGetChart(dm, nullptr, &end);
    DMGetPointSF(dm, &sf);
    MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
    for (std::size_t i = 0; i < 3 && ranks > 1; ++i) {
      std::vector<double> at(static_cast<std::size_t>(end), 0), theirs;
      for (PetscInt p = 0; p < end; ++p) {
        const std::vector<Point> x = cornersOf(dm, p);
        for (std::size_t k = 0; k < x.size(); ++k)
          at[static_cast<std::size_t>(p)] += (1 + 0.3 * static_cast<double>(k)) * x[k][i];  // orders agree, too
      }
      theirs = at;
      PetscSFBcastBegin(sf, MPI_DOUBLE, at.data(), theirs.data(), MPI_REPLACE);
      PetscSFBcastEnd(sf, MPI_DOUBLE, at.data(), theirs.data(), MPI_REPLACE);
      for (std::size_t p = 0; p < at.size(); ++p) ASSERT_NEAR(at[p], theirs[p], 1e-13) << "point " << p;
    }
    DMDestroy(&dm);
  }
}

TEST(PlexTetsMpi, ComesBackAsABaseMesh) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest alone(d.base, PETSC_COMM_SELF), together(d.base, PETSC_COMM_WORLD);
    adaptSomewhere(alone);
    adaptSomewhere(together);
    DM one = createPlex(alone, false), many = createPlex(together, true);
    BaseOrigin origin;
    const BaseMesh a = baseMeshFromPlex(one), b = baseMeshFromPlex(many, &origin);
    EXPECT_EQ(a.cells(), alone.leaves());
    EXPECT_EQ(a.cell, b.cell);
    EXPECT_EQ(a.corner, b.corner);
    EXPECT_EQ(a.face, b.face);
    ASSERT_EQ(static_cast<int>(origin.rank.size()), b.cells());
    Forest again(b, PETSC_COMM_WORLD);
    again.adapt(std::vector<signed char>(again.leaves(), 1), {});
    DM finer = createPlex(again, false);
    EXPECT_EQ(globalEuler(finer), 1);
    EXPECT_NEAR(sum(totalVolume(cellMeshFromPlex(finer))), d.volume, 1e-12 * d.volume);
    for (DM *dm : {&one, &many, &finer}) DMDestroy(dm);
  }
}

TEST(PlexTetsMpi, TakesMeshesFromElsewhere) {
  // Cells as they come, every third left-handed, spread by PETSc's partitioner.
  const BaseMesh box = shakenBox(3, 0.2, 5);
  std::vector<PetscInt> cell(box.cell.begin(), box.cell.end());
  for (int c = 0; c < box.cells(); c += 3) std::swap(cell[4 * c], cell[4 * c + 1]);
  std::vector<PetscReal> x(3 * box.vertices);
  for (std::size_t k = 0; k < box.cell.size(); ++k)
    for (int i = 0; i < 3; ++i) x[3 * box.cell[k] + i] = box.corner[3 * k + i];
  const auto make = [&](MPI_Comm comm) {
    int rank;
    DM dm, spread = nullptr;
    MPI_Comm_rank(comm, &rank);
    DMPlexCreateFromCellListPetsc(comm, 3, rank ? 0 : box.cells(), rank ? 0 : box.vertices, 4, PETSC_TRUE, cell.data(),
                                  3, x.data(), &dm);
    PetscPartitioner partitioner;
    DMPlexGetPartitioner(dm, &partitioner);
    PetscPartitionerSetFromOptions(partitioner);
    DMPlexDistribute(dm, 1, nullptr, &spread);
    if (!spread) return dm;
    DMDestroy(&dm);
    return spread;
  };
  DM one = make(PETSC_COMM_SELF), many = make(PETSC_COMM_WORLD);
  const BaseMesh a = baseMeshFromPlex(one), b = baseMeshFromPlex(many);
  EXPECT_EQ(a.cells(), box.cells());
  EXPECT_EQ(a.cell, b.cell);
  EXPECT_EQ(a.corner, b.corner);
  EXPECT_EQ(a.face, b.face);
  Forest f(b, PETSC_COMM_SELF);
  f.adapt(std::vector<signed char>(f.leaves(), 1), {});
  expectConformingBall(f.mesh(), 3, 13);
  DMDestroy(&one);
  DMDestroy(&many);
}

TEST(PlexTetsMpi, KeepsLabels) {
  BaseMesh base = BaseMesh::box(2, 2, 2, kLow3, kHigh3);
  const auto corner = [&](int c, int k) { return &base.corner[static_cast<std::size_t>((c * 4 + k) * 3)]; };
  const auto every = [&](int c, const std::vector<int> &corners, const std::function<bool(const double *)> &is) {
    return std::all_of(corners.begin(), corners.end(), [&](int k) { return is(corner(c, k)); });
  };
  // A region with all that belongs to it, its cells alone, a line with its vertices, faces of a plane inside alone.
  const auto in_half = [](const double *x) { return x[0] < 1 + 1e-12; };
  const auto on_line = [](const double *x) { return x[1] < 1e-12 && x[2] < 1e-12; };
  const auto on_plane = [](const double *x) { return std::abs(x[0] - 1) < 1e-12; };
  BaseLabel half{"half"}, cells{"cells"}, line{"line"}, plane{"plane", 5};
  half.values = {-3, 11}, cells.values = {7}, line.values = {1}, plane.values = {2};
  for (int c = 0; c < base.cells(); ++c) {
    if (every(c, {0, 1, 2, 3}, in_half)) {
      for (int part = 0; part < 15; ++part) half.at.push_back({c, part, -3});
      cells.at.push_back({c, 8, 7});
    }
    for (int e = 0; e < 6; ++e) {
      if (every(c, {kTetEdge[e][0], kTetEdge[e][1]}, on_line)) line.at.push_back({c, 9 + e, 1});
    }
    for (int k = 0; k < 4; ++k) {
      if (every(c, {k}, on_line)) line.at.push_back({c, 4 + k, 1});
      if (every(c, {(k + 1) % 4, (k + 2) % 4, (k + 3) % 4}, on_plane)) plane.at.push_back({c, k, 2});
    }
  }
  base.labels.insert(base.labels.end(), {half, cells, line, plane});
  Forest f(base, PETSC_COMM_WORLD);
  for (int i = 0; i < 2; ++i) {
    f.adapt(std::vector<signed char>(f.leaves(), 1), {});
    std::vector<double> none;
    f.balance(none, 0);
  }
  for (const bool again : {false, true}) {
    DM dm = createPlex(f, true);
    if (again) {  // through a base mesh: what is read is what was written
      const BaseMesh read = baseMeshFromPlex(dm);
      DMDestroy(&dm);
      f = Forest(read, PETSC_COMM_WORLD);
      dm = createPlex(f, true);
    }
    PetscInt end;
    DMPlexGetChart(dm, nullptr, &end);
    std::map<std::string, int> wrong;
    for (PetscInt p = 0; p < end; ++p) {
      const std::vector<Point> x = cornersOf(dm, p);
      const auto all = [&](const auto &is) {
        return std::all_of(x.begin(), x.end(), [&](const Point &q) { return is(q.data()); });
      };
      const auto has = [&](const char *name, PetscInt value) {
        DMLabel label;
        PetscBool in = PETSC_FALSE;
        DMGetLabel(dm, name, &label);
        if (label) DMLabelStratumHasPoint(label, value, p, &in);
        return in == PETSC_TRUE;
      };
      wrong["half"] += has("half", -3) != all(in_half);
      wrong["cells"] += has("cells", 7) != (x.size() == 4 && all(in_half));
      wrong["line"] += has("line", 1) != all(on_line);
      wrong["plane"] += has("plane", 2) != (x.size() == 3 && all(on_plane));
      bool boundary = false;
      for (std::size_t i = 0; i < 3; ++i)
        for (const bool high : {false, true}) {
          const bool on = all([&](const double *q) { return std::abs(q[i] - (high ? kHigh3 : kLow3)[i]) < 1e-12; });
          boundary = boundary || on;
          wrong["Face Sets"] +=
              has("Face Sets", static_cast<PetscInt>(2 * i + (high ? 2 : 1))) != (on && x.size() == 3);
        }
      wrong["marker"] += has("marker", 1) != boundary;
    }
    for (const auto &[name, number] : wrong) EXPECT_EQ(number, 0) << name;
    DMLabel label;
    PetscInt value, strata;
    DMGetLabel(dm, "plane", &label);
    DMLabelGetDefaultValue(label, &value);
    EXPECT_EQ(value, 5);
    DMGetLabel(dm, "half", &label);
    DMLabelGetNumValues(label, &strata);
    EXPECT_EQ(strata, 2);
    DMDestroy(&dm);
  }
}

TEST(PlexTetsMpi, RefusesOtherMeshes) {
  const PetscInt faces[3] = {2, 2, 2};
  DM dm;
  PETRL_PLEX_BOX_MESH(PETSC_COMM_WORLD, 3, PETSC_FALSE, faces, nullptr, nullptr, nullptr, PETSC_TRUE, &dm);
  const std::string text = refusal([&] { baseMeshFromPlex(dm); });
  EXPECT_NE(text.find("hexahedron (6 faces), expected tetrahedra"), std::string::npos) << text;
  DMDestroy(&dm);
  // A tetrahedron without volume.
  BaseMesh flat = BaseMesh::box(1, 1, 1, kLow3, kHigh3);
  std::vector<PetscInt> cell(flat.cell.begin(), flat.cell.end());
  std::vector<PetscReal> x(24);
  for (std::size_t k = 0; k < flat.cell.size(); ++k)
    for (int i = 0; i < 3; ++i) x[3 * flat.cell[k] + i] = i == 2 ? 0 : flat.corner[3 * k + i];
  DMPlexCreateFromCellListPetsc(PETSC_COMM_SELF, 3, 6, 8, 4, PETSC_TRUE, cell.data(), 3, x.data(), &dm);
  const std::string volume = refusal([&] { Forest(baseMeshFromPlex(dm), PETSC_COMM_SELF); });
  EXPECT_NE(volume.find("a volume that is not zero"), std::string::npos) << volume;
  DMDestroy(&dm);
}
