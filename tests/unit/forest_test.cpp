// Hierarchies of meshes on one rank: always conforming, back to where they started, and what fields keep.
#include <algorithm>
#include <numeric>

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

/// Irregular triangles whose labelling fits nowhere: a fan around an inner vertex.
BaseMesh fan() {
  BaseMesh m;
  const int n = 7;
  m.vertices = n + 1;
  for (int i = 0; i < n; ++i) {
    const int j = (i + 1) % n;
    const double a = 2 * M_PI * i / n, b = 2 * M_PI * j / n, r = 1 + 0.3 * (i % 3), q = 1 + 0.3 * (j % 3);
    const int v[3] = {0, i + 1, j + 1};
    const double x[3][2] = {{0.1, 0.2}, {r * std::cos(a), r * std::sin(a)}, {q * std::cos(b), q * std::sin(b)}};
    for (int k = 0; k < 3; ++k) {
      const int l = (i + k) % 3;  // any edge first
      m.cell.push_back(v[l]);
      m.corner.insert(m.corner.end(), x[l], x[l] + 2);
      m.face.push_back(l == 0 ? 5 : 0);
    }
  }
  return m;
}

std::vector<Domain> domains() {
  std::vector<Domain> all{{"interval", BaseMesh::interval(5, -1, 2, false), 3, 2, 1},
                          {"circle", BaseMesh::interval(4, 0, 16, true), 16, 0, 0},
                          {"box", BaseMesh::box(3, 2, kLow, kHigh, false, false), 2, 6, 1},
                          {"tube", BaseMesh::box(3, 2, kLow, kHigh, true, false), 2, 4, 0},
                          {"torus", BaseMesh::box(3, 4, kLow, kHigh, true, true), 2, 0, 0},
                          {"lshape", BaseMesh::lShape(4), 0.75, 4, 1}};
  Domain d{"fan", fan(), 0, 0, 1};
  const CellMesh m = Forest(d.base, PETSC_COMM_SELF).mesh();
  d.volume = totalVolume(m);
  for (const auto &f : m.faces)
    if (f.right < 0) d.boundary += std::hypot(f.normal[0], f.normal[1]);
  all.push_back(d);
  return all;
}

std::vector<signed char> all(const Forest &f, signed char mark) {
  return std::vector<signed char>(static_cast<std::size_t>(f.leaves()), mark);
}

bool same(const CellMesh &a, const CellMesh &b) {
  return a.vertex == b.vertex && a.corner == b.corner && a.neighbour == b.neighbour && a.level == b.level &&
         a.towards == b.towards;
}

/// The least barycentric coordinate of x in a cell: negative outside.
double inside(const CellMesh &m, int cell, const double *x) {
  const double *p = &m.corner[static_cast<std::size_t>(cell * m.slots() * m.dim)];
  if (m.dim == 1) {
    const double right = (x[0] - p[0]) / (p[1] - p[0]);
    return std::min(right, 1 - right);
  }
  const auto area = [](const double *a, const double *b, const double *c) {
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  };
  const double all = area(p, p + 2, p + 4);
  return std::min({area(p, p + 2, x), area(p + 2, p + 4, x), area(p + 4, p, x)}) / all;
}

/// New cells lie where the lineage says.
void expectLineage(const CellMesh &from, const CellMesh &to, const Lineage &lineage,
                   const std::vector<signed char> &marks) {
  ASSERT_EQ(static_cast<int>(lineage.first.size()), to.cells);
  std::vector<double> covered(from.cells, 0);
  for (int c = 0; c < to.cells; ++c) {
    const int first = lineage.first[c], count = lineage.count[c];
    double volume = 0;
    for (int k = first; k < first + count; ++k) volume += from.volume[k];
    if (count == 1) {
      const int up = to.level[c] - from.level[first];
      ASSERT_GE(up, 0);
      ASSERT_LE(up, to.dim);
      if (marks[first] > 0) {
        EXPECT_EQ(up, to.dim);
      }
      EXPECT_NEAR(to.volume[c], volume / (1 << up), 1e-14);
      covered[first] += to.volume[c];
    } else {
      EXPECT_NEAR(to.volume[c], volume, 1e-14);
      for (int k = first; k < first + count; ++k) {
        EXPECT_EQ(marks[k], -1);
        EXPECT_GT(from.level[k], to.level[c]);
        covered[k] = from.volume[k];
      }
    }
    double centre[2] = {0, 0};
    for (int k = first; k < first + count; ++k)
      for (int i = 0; i < to.dim; ++i) centre[i] += from.centre[k * to.dim + i] * from.volume[k] / volume;
    if (count > 1 || to.level[c] == from.level[first]) {
      for (int i = 0; i < to.dim; ++i) EXPECT_NEAR(centre[i], to.centre[c * to.dim + i], 1e-13);
    } else {
      for (int k = c * to.slots(); k < (c + 1) * to.slots(); ++k)
        EXPECT_GT(inside(from, first, &to.corner[static_cast<std::size_t>(k * to.dim)]), -1e-13);
    }
  }
  for (int c = 0; c < from.cells; ++c) EXPECT_NEAR(covered[c], from.volume[c], 1e-14);
}

double integral(const CellMesh &m, const std::vector<double> &vertex_values) {
  double sum = 0;
  for (int i = 0; i < m.cells * m.slots(); ++i) sum += m.volume[i / m.slots()] / m.slots() * vertex_values[m.vertex[i]];
  return sum;
}

}  // namespace

TEST(Forest, StartsAsTheBaseMesh) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    const Forest f(d.base, PETSC_COMM_SELF);
    const CellMesh m = f.mesh();
    EXPECT_EQ(m.cells, d.base.cells());
    EXPECT_EQ(m.vertices, d.base.vertices);
    EXPECT_EQ(eulerCharacteristic(m), d.euler);
    expectConforming(m, d.volume, d.boundary);
  }
}

TEST(Forest, ComesBackExactly) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_SELF);
    const CellMesh start = f.mesh();
    for (int i = 0; i < 3; ++i) f.adapt(all(f, 1), {});
    if (std::string(d.name) != "fan") {
      EXPECT_EQ(f.leaves(), d.base.cells() << (d.base.dim * 3));
    }
    for (unsigned seed = 0; seed < 3; ++seed) f.adapt(randomMarks(f.leaves(), seed, 0.1, 0.3), {});
    int rounds = 0;
    while (f.leaves() > d.base.cells() && ++rounds < 40) f.adapt(all(f, -1), {});
    EXPECT_TRUE(same(f.mesh(), start)) << f.leaves() << " leaves after " << rounds << " rounds";
  }
}

TEST(Forest, ConformsWhateverIsAsked) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_SELF);
    const double angle = d.base.dim == 2 ? smallestAngle(f.mesh()) : 0;
    bool coarsened = false;
    for (unsigned i = 0; i < 20; ++i) {
      const CellMesh from = f.mesh();
      const auto marks = randomMarks(f.leaves(), i, std::min(0.15, 60.0 / f.leaves()), 0.7);
      const Lineage lineage = f.adapt(marks, {60, 1 << 20});
      const CellMesh to = f.mesh();
      expectConforming(to, d.volume, d.boundary);
      EXPECT_EQ(eulerCharacteristic(to), d.euler);
      expectLineage(from, to, lineage, marks);
      coarsened = coarsened || !f.vertexLineage().removed.empty();
      if (d.base.dim == 2) {
        EXPECT_GT(smallestAngle(to), 0.3 * angle);
      }
    }
    EXPECT_TRUE(coarsened);
    EXPECT_GT(f.leaves(), 2 * d.base.cells());
  }
}

TEST(Forest, KeepsWhatNobodyMarks) {
  Forest f(BaseMesh::lShape(4), PETSC_COMM_SELF);
  for (unsigned i = 0; i < 4; ++i) f.adapt(randomMarks(f.leaves(), i, 0.2, 0), {});
  const CellMesh before = f.mesh();
  const Lineage lineage = f.adapt(all(f, 0), {});
  EXPECT_TRUE(same(f.mesh(), before));
  for (int c = 0; c < f.leaves(); ++c) EXPECT_EQ(lineage.first[c], c);
  Forest copy(f);
  copy.adapt(all(copy, 1), {});
  EXPECT_TRUE(same(f.mesh(), before));
  EXPECT_GT(copy.leaves(), f.leaves());
}

TEST(Forest, StaysWithinLimits) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_SELF);
    for (unsigned i = 0; i < 8; ++i) {
      f.adapt(randomMarks(f.leaves(), i, 0.5, 0.1), {5, 1 << 20});
      EXPECT_LE(*std::max_element(f.levels().begin(), f.levels().end()), 5);
    }
    EXPECT_EQ(*std::max_element(f.levels().begin(), f.levels().end()), 5);
    expectConforming(f.mesh(), d.volume, d.boundary);
    for (unsigned i = 0; i < 20; ++i) {
      const int before = f.leaves(), limit = before + 37;
      const auto marks = randomMarks(before, i, 0.4, 0.3);
      Forest unlimited(f);
      unlimited.adapt(marks, {12, 1 << 20});
      f.adapt(marks, {12, limit});
      EXPECT_LE(f.leaves(), limit);
      if (unlimited.leaves() > limit) {
        EXPECT_GT(f.leaves(), limit - 30);
      }
      if (f.leaves() > 5000) break;
    }
  }
}

TEST(Forest, RefinesFirstWhatMattersMost) {
  Forest f(BaseMesh::box(8, 8, kLow, kHigh, false, true), PETSC_COMM_SELF);
  const CellMesh before = f.mesh();
  std::vector<float> priority;
  for (int c = 0; c < before.cells; ++c) priority.push_back(static_cast<float>(-before.centre[2 * c]));
  f.adapt(all(f, 1), {8, 300}, priority);
  const CellMesh m = f.mesh();
  EXPECT_LE(m.cells, 300);
  EXPECT_GT(m.cells, 280);
  double deepest = 0;
  for (int c = 0; c < m.cells; ++c)
    if (m.level[c] == 2) deepest = std::max(deepest, m.centre[2 * c]);
  EXPECT_LT(deepest, 1.3);
}

TEST(Forest, TransfersAverages) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_SELF);
    const int dim = d.base.dim, width = 2;
    f.adapt(all(f, 1), {});
    for (unsigned i = 0; i < 6; ++i) {
      const CellMesh from = f.mesh();
      std::vector<double> u(from.cells * width), g(from.cells * width * dim);
      std::mt19937 gen(i);
      std::uniform_real_distribution<double> uniform(-1, 1);
      for (double &x : u) x = uniform(gen);
      for (double &x : g) x = uniform(gen);
      const Lineage lineage = f.adapt(randomMarks(f.leaves(), i, 0.2, 0.6), {});
      const CellMesh to = f.mesh();
      std::vector<double> v(to.cells * width);
      transferAverages(from, to, lineage, width, u.data(), g.data(), v.data());
      for (int w = 0; w < width; ++w) {
        double before = 0, after = 0;
        for (int c = 0; c < from.cells; ++c) before += from.volume[c] * u[c * width + w];
        for (int c = 0; c < to.cells; ++c) after += to.volume[c] * v[c * width + w];
        EXPECT_NEAR(before, after, 1e-13 * d.volume);
      }
      // Linear functions stay what they are, under refinement and coarsening.
      for (int c = 0; c < from.cells; ++c) {
        u[2 * c] = 3 * from.centre[c * dim] + (dim == 2 ? from.centre[c * dim + 1] : 0);
        for (int k = 0; k < dim; ++k) g[c * width * dim + k] = k == 0 ? 3 : 1;
      }
      transferAverages(from, to, lineage, width, u.data(), g.data(), v.data());
      for (int c = 0; c < to.cells; ++c)
        EXPECT_NEAR(v[2 * c], 3 * to.centre[c * dim] + (dim == 2 ? to.centre[c * dim + 1] : 0), 1e-12);
    }
  }
}

TEST(Forest, TransfersVertexValues) {
  for (const Domain &d : domains()) {
    SCOPED_TRACE(d.name);
    Forest f(d.base, PETSC_COMM_SELF);
    const int dim = d.base.dim;
    f.adapt(all(f, 1), {});
    for (unsigned i = 0; i < 6; ++i) {
      const CellMesh from = f.mesh();
      std::vector<double> u(from.vertices), linear(from.vertices);
      std::mt19937 gen(i);
      std::uniform_real_distribution<double> uniform(-1, 1);
      for (double &x : u) x = uniform(gen);
      const auto value = [&](const CellMesh &m, int corner) {
        return 2 * m.corner[corner * dim] - (dim == 2 ? m.corner[corner * dim + 1] : 0);
      };
      for (int k = 0; k < from.cells * from.slots(); ++k) linear[from.vertex[k]] = value(from, k);
      f.adapt(randomMarks(f.leaves(), i, 0.2, 0.6), {});
      const CellMesh to = f.mesh();
      std::vector<double> v(to.vertices), w(to.vertices);
      transferVertexValues(from, f.vertexLineage(), 1, u.data(), v.data());
      EXPECT_NEAR(integral(from, u), integral(to, v), 1e-13 * d.volume);
      if (d.euler != 1) continue;  // not linear across the seam
      transferVertexValues(from, f.vertexLineage(), 1, linear.data(), w.data());
      for (int k = 0; k < to.cells * to.slots(); ++k) EXPECT_NEAR(w[to.vertex[k]], value(to, k), 1e-13);
    }
  }
}

TEST(Forest, RefusesBadMeshes) {
  const auto message = [](const std::function<void(BaseMesh &)> &spoil) {
    BaseMesh m = BaseMesh::box(2, 2, kLow, kHigh, false, false);
    spoil(m);
    return refusal([&] { Forest(m, PETSC_COMM_SELF); });
  };
  const auto expectPart = [](const std::string &text, const char *part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  EXPECT_EQ(message([](BaseMesh &) {}), "");
  expectPart(message([](BaseMesh &m) { m.cell[4] = 99; }), "expected vertices from 0 to 8");
  expectPart(message([](BaseMesh &m) { std::swap(m.corner[0], m.corner[2]); }), "anticlockwise");
  expectPart(message([](BaseMesh &m) { m.face[0] = 0; }), "has label 0");
  expectPart(message([](BaseMesh &m) { m.dim = 4; }), "dimension 4");
  expectPart(message([](BaseMesh &m) { m.corner.pop_back(); }), "do not fit together");
  expectPart(message([](BaseMesh &m) {
               m.cell.insert(m.cell.end(), m.cell.begin(), m.cell.begin() + 3);
               m.corner.insert(m.corner.end(), m.corner.begin(), m.corner.begin() + 6);
               m.face.insert(m.face.end(), 3, 1);
             }),
             "overlap");
  BaseMesh hanging;  // one triangle below an edge, two above it
  hanging.vertices = 5;
  hanging.cell = {0, 1, 2, 0, 3, 4, 3, 1, 4};
  hanging.corner = {2, 0, 0, 0, 1, -1, 2, 0, 1, 1, 1, 0, 1, 1, 0, 0, 1, 0};
  hanging.face.assign(9, 1);
  expectPart(refusal([&] { Forest(hanging, PETSC_COMM_SELF); }), "vertex 4 lies inside an edge of cell 0");
  expectPart(refusal([] { BaseMesh::box(2, 3, kLow, kHigh, true, false); }), "3 in a periodic one");
  expectPart(refusal([] { BaseMesh::lShape(3); }), "even");
  Forest f(BaseMesh::lShape(2), PETSC_COMM_SELF);
  expectPart(refusal([&] { f.adapt({1, 0}, {}); }), "2 marks");
}
