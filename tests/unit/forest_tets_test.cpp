// Hierarchies of tetrahedra on one rank: always conforming, of bounded angles, back to where they started.
#include <algorithm>
#include <cstdio>

#include "mesh/forest_impl.hpp"
#include "support/tetrahedra.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

struct Domain {
  const char *name;
  BaseMesh base;
  double volume = 0, area = 0;
};

std::vector<Domain> domains() {
  std::vector<Domain> all;
  all.push_back({"cube", BaseMesh::box(1, 1, 1, kLow3, kHigh3)});
  all.push_back({"box", BaseMesh::box(2, 3, 1, kLow3, kHigh3)});
  all.push_back({"spindle", spindle(5)});
  all.push_back({"shaken", shakenBox(3, 0.25, 1)});
  all.push_back({"opposite", twoLongEdges()});
  for (Domain &d : all) {
    const CellMesh m = Forest(d.base, PETSC_COMM_SELF).mesh();
    d.volume = totalVolume(m);
    d.area = boundaryArea(m);
  }
  EXPECT_NEAR(all[0].volume, 3, 1e-14);
  EXPECT_NEAR(all[1].area, 2 * (2 + 3 + 1.5), 1e-13);
  return all;
}

std::vector<signed char> all(const Forest &f, signed char mark) {
  return std::vector<signed char>(static_cast<std::size_t>(f.leaves()), mark);
}

bool same(const CellMesh &a, const CellMesh &b) {
  return a.vertex == b.vertex && a.corner == b.corner && a.neighbour == b.neighbour && a.level == b.level &&
         a.towards == b.towards;
}

double linear(const double *x) {
  return 1 + 2 * x[0] - x[1] + 3 * x[2];
}

}  // namespace

TEST(ForestTets, StartsAsTheBaseMesh) {
  bool type[5] = {};
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    const Forest f(d.base, PETSC_COMM_SELF);
    const CellMesh m = f.mesh();
    EXPECT_EQ(m.cells, d.base.cells());
    EXPECT_EQ(m.vertices, d.base.vertices);
    expectConformingBall(m, d.volume, d.area);
    for (const Tetrahedron &t : f.impl().tet) type[t.type] = true;
  }
  EXPECT_TRUE(type[0] && type[1] && type[3] && type[4]);  // all that base meshes may have
}

TEST(ForestTets, ComesBackExactly) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_SELF);
    const CellMesh start = f.mesh();
    for (int i = 0; i < 2; ++i) f.adapt(all(f, 1), {});
    EXPECT_GE(f.leaves(), d.base.cells() << 6);
    for (unsigned seed = 0; seed < 3; ++seed) f.adapt(randomMarks(f.leaves(), seed, 0.05, 0.3), {});
    int rounds = 0;
    while (f.leaves() > d.base.cells() && ++rounds < 40) f.adapt(all(f, -1), {});
    EXPECT_TRUE(same(f.mesh(), start)) << f.leaves() << " leaves after " << rounds << " rounds";
  }
}

TEST(ForestTets, ConformsWhateverIsAsked) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_SELF);
    const double angle = smallestDihedral(f.mesh());
    double halfway = 180, least = 180;
    bool coarsened = false;
    for (unsigned i = 0; i < 20; ++i) {
      const CellMesh from = f.mesh();
      const auto marks = randomMarks(f.leaves(), i, std::min(0.1, 12.0 / f.leaves()), 0.5);
      const Lineage lineage = f.adapt(marks, {60, 1 << 20});
      const CellMesh to = f.mesh();
      expectConformingBall(to, d.volume, d.area);
      ASSERT_EQ(static_cast<int>(lineage.first.size()), to.cells);
      std::vector<double> covered(static_cast<std::size_t>(from.cells), 0);
      for (int c = 0; c < to.cells; ++c) {
        const int first = lineage.first[c], count = lineage.count[c];
        if (count == 1) {
          const int up = to.level[c] - from.level[first];
          ASSERT_GE(up, marks[first] > 0 ? 3 : 0);
          EXPECT_NEAR(to.volume[c] * (1 << up), from.volume[first], 1e-13);
        }
        double volume = 0;
        for (int k = first; k < first + count; ++k) {
          volume += from.volume[k];
          covered[k] += count == 1 ? to.volume[c] : from.volume[k];
          if (count > 1) {
            EXPECT_EQ(marks[k], -1);
          }
        }
        if (count > 1) {
          EXPECT_NEAR(volume, to.volume[c], 1e-14);
        }
      }
      for (int c = 0; c < from.cells; ++c) EXPECT_NEAR(covered[c], from.volume[c], 1e-14);
      coarsened = coarsened || !f.vertexLineage().removed.empty();
      least = std::min(least, smallestDihedral(to));
      if (i == 9) halfway = least;
    }
    EXPECT_TRUE(coarsened);
    EXPECT_GT(f.leaves(), 2 * d.base.cells());
    EXPECT_GT(least, 0.25 * angle) << "base mesh " << angle;
    // Shapes are finitely many: deeper levels bring no flatter ones.
    EXPECT_GT(least, 0.7 * halfway);
    std::printf("  %s: base %.2f, after 10 rounds %.2f, after 20 %.2f degrees, %d cells, level %d\n", d.name, angle,
                halfway, least, f.leaves(), *std::max_element(f.levels().begin(), f.levels().end()));
  }
}

TEST(ForestTets, ShapesAreFinitelyMany) {
  // Seven times as deep: towards one corner of every kind of cell.
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_SELF);
    double early = 180;
    for (int i = 0; i < 14; ++i) {
      const CellMesh m = f.mesh();
      std::vector<signed char> marks(static_cast<std::size_t>(f.leaves()), 0);
      for (int c = 0; c < m.cells; ++c)
        for (int k = 0; k < 4; ++k)
          if (m.vertex[static_cast<std::size_t>(c * 4 + k)] == 0) marks[static_cast<std::size_t>(c)] = 1;
      f.adapt(marks, {60, 1 << 20});
      if (i == 3) early = smallestDihedral(f.mesh());
    }
    EXPECT_GE(*std::max_element(f.levels().begin(), f.levels().end()), 42);
    EXPECT_NEAR(smallestDihedral(f.mesh()), early, 1e-6);
  }
}

TEST(ForestTets, StaysWithinLimits) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_SELF);
    for (unsigned i = 0; i < 6; ++i) {
      f.adapt(randomMarks(f.leaves(), i, std::min(0.3, 150. / f.leaves()), 0.1), {5, 1 << 20});
      EXPECT_LE(*std::max_element(f.levels().begin(), f.levels().end()), 5);
    }
    EXPECT_EQ(*std::max_element(f.levels().begin(), f.levels().end()), 5);
    expectConformingBall(f.mesh(), d.volume, d.area);
    for (unsigned i = 0; i < 8; ++i) {
      const int before = f.leaves(), limit = before + 337;
      const auto marks = randomMarks(before, i, 0.2, 0.3);
      Forest unlimited(f);
      unlimited.adapt(marks, {9, 1 << 20});
      f.adapt(marks, {9, limit});
      EXPECT_LE(f.leaves(), limit);
      if (unlimited.leaves() > limit) {
        EXPECT_GT(f.leaves(), limit - 200);
      }
      if (f.leaves() > 5000) break;
    }
  }
}

TEST(ForestTets, TransfersAverages) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_SELF);
    f.adapt(all(f, 1), {});
    for (unsigned i = 0; i < 4; ++i) {
      const CellMesh from = f.mesh();
      std::vector<double> u(from.cells), g(from.cells * 3), random(from.cells);
      std::mt19937 gen(i);
      std::uniform_real_distribution<double> uniform(-1, 1);
      for (double &x : random) x = uniform(gen);
      for (int c = 0; c < from.cells; ++c) {
        u[c] = linear(&from.centre[3 * c]);
        g[3 * c] = 2, g[3 * c + 1] = -1, g[3 * c + 2] = 3;
      }
      const Lineage lineage = f.adapt(randomMarks(f.leaves(), i, 0.02, 0.8), {});
      const CellMesh to = f.mesh();
      std::vector<double> v(to.cells);
      transferAverages(from, to, lineage, 1, u.data(), g.data(), v.data());
      for (int c = 0; c < to.cells; ++c) EXPECT_NEAR(v[c], linear(&to.centre[3 * c]), 1e-12);
      transferAverages(from, to, lineage, 1, random.data(), g.data(), v.data());
      double before = 0, after = 0;
      for (int c = 0; c < from.cells; ++c) before += from.volume[c] * random[c];
      for (int c = 0; c < to.cells; ++c) after += to.volume[c] * v[c];
      EXPECT_NEAR(before, after, 1e-13 * d.volume);
    }
  }
}

TEST(ForestTets, TransfersVertexValues) {
  bool made = false, stages = false;
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_SELF);
    f.adapt(all(f, 1), {});
    for (unsigned i = 0; i < 6; ++i) {
      const CellMesh from = f.mesh();
      std::vector<double> u(from.vertices), line(from.vertices);
      std::mt19937 gen(i);
      std::uniform_real_distribution<double> uniform(-1, 1);
      for (double &x : u) x = uniform(gen);
      for (int k = 0; k < from.cells * 4; ++k) line[from.vertex[k]] = linear(&from.corner[3 * k]);
      f.adapt(i % 2 ? randomMarks(f.leaves(), i, 0.02, 0.8) : all(f, i % 4 ? 1 : -1), {60, 20000});
      const CellMesh to = f.mesh();
      const VertexLineage &lineage = f.vertexLineage();
      for (const auto &m : lineage.made) made = made || m.a >= from.vertices || m.b >= from.vertices;
      std::map<int, int> stage;
      for (const auto &r : lineage.removed) stage[r.vertex] = r.stage;
      for (const auto &r : lineage.removed)
        for (const int parent : {r.a, r.b}) {
          if (stage.count(parent) == 0) continue;
          stages = true;
          EXPECT_LT(r.stage, stage[parent]);
        }
      std::vector<double> v(to.vertices), w(to.vertices);
      const auto integral = [](const CellMesh &m, const std::vector<double> &values) {
        double sum = 0;
        for (int k = 0; k < m.cells * 4; ++k) sum += m.volume[k / 4] / 4 * values[m.vertex[k]];
        return sum;
      };
      transferVertexValues(from, lineage, 1, u.data(), v.data());
      EXPECT_NEAR(integral(from, u), integral(to, v), 1e-12 * d.volume);
      transferVertexValues(from, lineage, 1, line.data(), w.data());
      for (int k = 0; k < to.cells * 4; ++k) EXPECT_NEAR(w[to.vertex[k]], linear(&to.corner[3 * k]), 1e-12);
    }
  }
  EXPECT_TRUE(made);    // vertices between vertices that are new themselves
  EXPECT_TRUE(stages);  // and the way back
}

TEST(ForestTets, RefusesBadMeshes) {
  const auto message = [](const std::function<void(BaseMesh &)> &spoil) {
    BaseMesh m = BaseMesh::box(2, 1, 1, kLow3, kHigh3);
    spoil(m);
    return refusal([&] { Forest(m, PETSC_COMM_SELF); });
  };
  const auto expectPart = [](const std::string &text, const char *part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  EXPECT_EQ(message([](BaseMesh &) {}), "");
  expectPart(message([](BaseMesh &m) { m.cell[4] = 99; }), "expected vertices from 0 to 11");
  expectPart(message([](BaseMesh &m) { std::swap_ranges(&m.corner[0], &m.corner[3], &m.corner[3]); }), "right-handed");
  expectPart(message([](BaseMesh &m) { m.cell[1] = m.cell[3]; }), "a vertex twice");
  expectPart(message([](BaseMesh &m) { std::fill(m.face.begin(), m.face.end(), 0); }), "has label 0");
  expectPart(message([](BaseMesh &m) { m.dim = 4; }), "dimension 4");
  expectPart(message([](BaseMesh &m) {
               m.labels.clear();
               m.cell.insert(m.cell.end(), m.cell.begin(), m.cell.begin() + 4);
               m.corner.insert(m.corner.end(), m.corner.begin(), m.corner.begin() + 12);
               m.face.insert(m.face.end(), 4, 1);
             }),
             "overlap");
  expectPart(message([](BaseMesh &m) {  // the end is glued to the start
               for (std::size_t k = 0; k < m.cell.size(); ++k)
                 if (m.cell[k] % 3 == 2) m.cell[k] -= 2;
             }),
             "periodic");
  BaseMesh hanging = BaseMesh::box(1, 1, 1, kLow3, kHigh3);  // one cell becomes two, its neighbours stay
  const int m = hanging.vertices++;
  std::vector<int> other(hanging.cell.begin(), hanging.cell.begin() + 4);
  std::vector<double> place(hanging.corner.begin(), hanging.corner.begin() + 12);
  int ends[2] = {0, 0};  // corners of the diagonal
  for (int k = 0; k < 4; ++k)
    if (other[static_cast<std::size_t>(k)] == 7)
      ends[1] = k;
    else if (other[static_cast<std::size_t>(k)] == 0)
      ends[0] = k;
  double middle[3];
  for (int i = 0; i < 3; ++i) middle[i] = 0.5 * (kLow3[i] + kHigh3[i]);
  hanging.labels.clear();
  std::fill(hanging.face.begin(), hanging.face.end(), 1);
  hanging.cell[static_cast<std::size_t>(ends[0])] = other[static_cast<std::size_t>(ends[1])] = m;
  std::copy(middle, middle + 3, &hanging.corner[static_cast<std::size_t>(3 * ends[0])]);
  std::copy(middle, middle + 3, &place[static_cast<std::size_t>(3 * ends[1])]);
  hanging.cell.insert(hanging.cell.end(), other.begin(), other.end());
  hanging.corner.insert(hanging.corner.end(), place.begin(), place.end());
  hanging.face.insert(hanging.face.end(), 4, 1);
  expectPart(refusal([&] { Forest(hanging, PETSC_COMM_SELF); }), "vertex 8 lies inside a face");
  Forest f(BaseMesh::box(1, 1, 1, kLow3, kHigh3), PETSC_COMM_SELF);
  expectPart(refusal([&] { f.adapt({1, 0}, {}); }), "2 marks");
  expectPart(refusal([&] { f.adaptEdges({}, {}, {}); }), "tetrahedra");
}
