// Hierarchies as DMPlex and back, on any number of ranks.
#include <petscdmplex.h>
#include <petscsf.h>

#include <array>
#include <map>
#include <set>

#include "base/compat.hpp"
#include "mesh/forest_impl.hpp"
#include "mesh/plex_base.hpp"
#include "mesh/plex_build.hpp"
#include "mesh/plex_cells.hpp"
#include "support/forests.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

constexpr double kLow[2] = {0, 0}, kHigh[2] = {2, 1};

struct Domain {
  const char *name;
  BaseMesh base;
  double volume, boundary;
  int euler;
};

std::vector<Domain> domains() {
  return {{"interval", BaseMesh::interval(9, -1, 2, false), 3, 2, 1},
          {"circle", BaseMesh::interval(8, 0, 16, true), 16, 0, 0},
          {"box", BaseMesh::box(3, 3, kLow, kHigh, false, false), 2, 6, 1},
          {"tube", BaseMesh::box(4, 3, kLow, kHigh, true, false), 2, 4, 0},
          {"torus", BaseMesh::box(5, 4, kLow, kHigh, true, true), 2, 0, 0},
          {"lshape", BaseMesh::lShape(4), 0.75, 4, 1}};
}

/// Refined where it is seen to be by every rank, here and there.
void adaptSomewhere(Forest &f) {
  for (unsigned i = 0; i < 4; ++i) {
    std::vector<signed char> marks;
    for (const Leaf &l : f.impl().leaf) {
      const double r = std::abs(l.x[0][0] + l.x[1][0] - 0.7 + 0.1 * i) + std::abs(l.x[0][1] + l.x[1][1] - 0.6);
      marks.push_back(r < 0.5 ? 1 : r > 1.2 ? -1 : 0);
    }
    f.adapt(marks, {9, 1 << 20});
    std::vector<double> none;
    if (i % 2) f.balance(none, 0);
  }
}

double sum(double x) {
  MPI_Allreduce(MPI_IN_PLACE, &x, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  return x;
}

int globalEuler(DM dm) {
  PetscSF sf;
  PetscInt depth, roots, leaves = 0, start, end;
  const PetscInt *local;
  DMPlexGetChart(dm, &start, &end);
  DMGetPointSF(dm, &sf);
  PetscSFGetGraph(sf, &roots, &leaves, &local, nullptr);
  std::vector<bool> owned(end, true);
  for (PetscInt i = 0; roots >= 0 && i < leaves; ++i) owned[local ? local[i] : i] = false;
  int chi = 0;
  DMPlexGetDepth(dm, &depth);
  for (PetscInt k = 0; k <= depth; ++k) {
    DMPlexGetDepthStratum(dm, k, &start, &end);
    for (PetscInt p = start; p < end; ++p) chi += owned[p] ? (k % 2 ? -1 : 1) : 0;
  }
  MPI_Allreduce(MPI_IN_PLACE, &chi, 1, MPI_INT, MPI_SUM, PETSC_COMM_WORLD);
  return chi;
}

}  // namespace

TEST(PlexMpi, IsSoundAndHasTheLeaves) {
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
      EXPECT_EQ(globalEuler(dm), d.euler);
      std::vector<PetscInt> points;
      const CellMesh m = cellMeshFromPlex(dm, &points);
      ASSERT_EQ(m.owned, f.leaves());
      EXPECT_NEAR(sum(totalVolume(m)), d.volume, 1e-12 * d.volume);
      double boundary = 0;
      int faces = 0;
      for (int c = 0; c < m.owned; ++c) {
        const Leaf &l = f.impl().leaf[c];
        ASSERT_EQ(points[c], c);
        PetscReal volume, centre[3], normal[3];
        ASSERT_EQ(DMPlexComputeCellGeometryFVM(dm, c, &volume, centre, normal), 0);
        EXPECT_NEAR(volume, m.volume[c], 1e-13);
        for (int s = 0; s < m.slots(); ++s) {
          const int face = m.face[c * m.slots() + s];
          const CellMesh::Face &at = m.faces[face];
          for (int i = 0; i < m.dim; ++i) EXPECT_EQ(m.corner[(c * m.slots() + s) * m.dim + i], l.x[s][i]);
          if (m.neighbour[c * m.slots() + s] < 0) {
            const int label = f.impl().twin[c * m.slots() + s] == kBoundary ? f.impl().label(c * m.slots() + s) : 0;
            EXPECT_EQ(at.label, label);
            if (overlap) {
              EXPECT_GT(at.label, 0);
            }
            if (at.label) boundary += std::hypot(at.normal[0], at.normal[1]);
          } else {
            // Nothing is far away, over a periodic seam either.
            double length = 0;
            for (int i = 0; i < m.dim; ++i) length += std::abs(m.towards[(c * m.slots() + s) * m.dim + i]);
            EXPECT_LT(length, d.volume / 3);
          }
          ++faces;
        }
      }
      EXPECT_GT(faces, 0);
      EXPECT_NEAR(sum(boundary), d.boundary, 1e-12 * (1 + d.boundary));
      if (ranks == 1) {
        const CellMesh own = f.mesh();
        EXPECT_EQ(own.vertex, m.vertex);
        EXPECT_EQ(own.neighbour, m.neighbour);
        EXPECT_EQ(own.towards, m.towards);
      }
      DMDestroy(&dm);
    }
}

TEST(PlexMpi, SharedPointsAreTheSamePlaces) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_WORLD);
    adaptSomewhere(f);
    DM dm = createPlex(f, true);
    const CellMesh m = cellMeshFromPlex(dm);
    PetscInt end;
    PetscSF sf;
    DMPlexGetChart(dm, nullptr, &end);
    DMGetPointSF(dm, &sf);
    for (int i = 0; i < m.dim; ++i) {
      // Where each point lies; up to periods.
      std::vector<double> at(end, 0);
      for (int c = 0; c < m.cells; ++c) at[c] = m.centre[c * m.dim + i];
      for (int k = 0; k < m.cells * m.slots(); ++k) at[m.cells + m.vertex[k]] = m.corner[k * m.dim + i];
      for (PetscInt e = m.cells + m.vertices; e < end; ++e) {
        const PetscInt *cone;
        DMPlexGetCone(dm, e, &cone);
        at[e] = at[cone[0]] + 0.3 * (at[cone[1]] - at[cone[0]]);  // directions agree, too
        if (d.euler == 0) at[e] = 0;
      }
      std::vector<double> theirs = at;
      int ranks;
      MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
      if (ranks == 1) break;
      PetscSFBcastBegin(sf, MPI_DOUBLE, at.data(), theirs.data(), MPI_REPLACE);
      PetscSFBcastEnd(sf, MPI_DOUBLE, at.data(), theirs.data(), MPI_REPLACE);
      const double period = m.dim == 1 ? 16 : i == 0 ? 2 : 1;
      for (PetscInt p = 0; p < end; ++p) {
        const double gap = std::abs(at[p] - theirs[p]);
        EXPECT_LT(d.euler == 0 ? std::min(gap, std::abs(gap - period)) : gap, 1e-13) << "point " << p;
      }
    }
    DMDestroy(&dm);
  }
}

TEST(PlexMpi, ComesBackAsABaseMesh) {
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
    EXPECT_EQ(again.globalLeaves(), together.globalLeaves());
    again.adapt(std::vector<signed char>(again.leaves(), 1), {});
    DM finer = createPlex(again, false);
    EXPECT_EQ(globalEuler(finer), d.euler);
    EXPECT_NEAR(sum(totalVolume(cellMeshFromPlex(finer))), d.volume, 1e-12 * d.volume);
    for (DM *dm : {&one, &many, &finer}) DMDestroy(dm);
  }
}

TEST(PlexMpi, TakesMeshesFromElsewhere) {
  // Cells as they come, every third clockwise, spread by PETSc's partitioner.
  const BaseMesh box = BaseMesh::box(6, 4, kLow, kHigh, false, false);
  std::vector<PetscInt> cell(box.cell.begin(), box.cell.end());
  for (int c = 0; c < box.cells(); c += 3) std::swap(cell[3 * c], cell[3 * c + 1]);
  std::vector<PetscReal> x(2 * box.vertices);
  for (std::size_t k = 0; k < box.cell.size(); ++k)
    for (int i = 0; i < 2; ++i) x[2 * box.cell[k] + i] = box.corner[2 * k + i];
  const auto make = [&](MPI_Comm comm) {
    int rank;
    DM dm, spread = nullptr;
    MPI_Comm_rank(comm, &rank);
    DMPlexCreateFromCellListPetsc(comm, 2, rank ? 0 : box.cells(), rank ? 0 : box.vertices, 3, PETSC_TRUE, cell.data(),
                                  2, x.data(), &dm);
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
  EXPECT_EQ(f.leaves(), 4 * box.cells());  // longest edges first: nothing but what was asked
  expectConforming(f.mesh(), 2, 6);
  DMDestroy(&one);
  DMDestroy(&many);
}

TEST(PlexMpi, KeepsLabels) {
  BaseMesh base = BaseMesh::box(4, 4, kLow, kHigh, false, false);
  // Cells alone; a region with all that belongs to it; single edges and vertices, several values at one of them.
  BaseLabel cells{"cells"}, whole{"whole"}, some{"some", 5};
  for (int c = 0; c < 10; ++c) cells.at.push_back({c, 6, c < 6 ? 7 : 0});
  for (int part = 0; part < 7; ++part) whole.at.push_back({20, part, -3});
  some.at = {{20, 0, 2}, {20, 0, 9}, {20, 5, 2}, {20, 4, 9}};
  cells.values = {0, 7}, whole.values = {-3, 11}, some.values = {2, 9};
  base.labels.insert(base.labels.end(), {cells, whole, some});
  Forest f(base, PETSC_COMM_WORLD);
  for (int i = 0; i < 2; ++i) {
    f.adapt(std::vector<signed char>(f.leaves(), 1), {});
    std::vector<double> none;
    f.balance(none, 0);
  }
  DM dm = createPlex(f, true);
  // As a base mesh again every point is there for each cell around it: 16 parts of a cell, 4 of an edge.
  const BaseMesh again = baseMeshFromPlex(dm);
  std::map<std::pair<std::string, PetscInt>, std::array<std::set<std::vector<int>>, 3>> found;
  for (const BaseLabel &l : again.labels) {
    EXPECT_EQ(l.otherwise, l.name == "some" ? 5 : -1);
    for (const PetscInt value : l.values) found[{l.name, value}];
    for (const BaseLabel::At &at : l.at) {
      const int *v = &again.cell[3 * at.cell];
      const int k = at.part % 3;
      std::vector<int> point = at.part == 6  ? std::vector<int>{v[0], v[1], v[2]}
                               : at.part < 3 ? std::vector<int>{v[(k + 1) % 3], v[(k + 2) % 3]}
                                             : std::vector<int>{v[k]};
      std::sort(point.begin(), point.end());
      found[{l.name, at.value}][point.size() - 1].insert(point);
    }
  }
  const auto expect = [&](const char *name, PetscInt value, std::size_t n0, std::size_t n1, std::size_t n2) {
    ASSERT_EQ(found.count({name, value}), 1u) << name << " " << value;
    const auto &points = found[{name, value}];
    EXPECT_EQ(points[0].size(), n0) << name << " " << value;
    EXPECT_EQ(points[1].size(), n1) << name << " " << value;
    EXPECT_EQ(points[2].size(), n2) << name << " " << value;
  };
  expect("cells", 7, 0, 0, 6 * 16);
  expect("cells", 0, 0, 0, 4 * 16);
  expect("whole", -3, 15, 30, 16);
  expect("whole", 11, 0, 0, 0);
  expect("some", 2, 1, 4, 0);
  expect("some", 9, 1, 4, 0);
  expect("marker", 1, 4 * 16, 4 * 16, 0);
  for (const PetscInt side : {1, 2, 3, 4}) expect("Face Sets", side, 0, 16, 0);
  DMDestroy(&dm);
}

TEST(PlexMpi, RefusesOtherMeshes) {
  const PetscInt faces[3] = {2, 2, 2};
  const auto message = [&](PetscInt dim, PetscBool simplex, PetscBool interpolate) {
    DM dm;
    PETRL_PLEX_BOX_MESH(PETSC_COMM_WORLD, dim, simplex, faces, nullptr, nullptr, nullptr, interpolate, &dm);
    const std::string text = refusal([&] { baseMeshFromPlex(dm); });
    DMDestroy(&dm);
    return text;
  };
  EXPECT_NE(message(2, PETSC_FALSE, PETSC_TRUE).find("quadrilateral (4 faces), expected triangles"), std::string::npos)
      << message(2, PETSC_FALSE, PETSC_TRUE);
  EXPECT_NE(message(3, PETSC_FALSE, PETSC_TRUE).find("hexahedron (6 faces), expected tetrahedra"), std::string::npos);
}
