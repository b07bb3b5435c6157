// Hierarchies of meshes on several ranks: the leaves of one rank, wherever they live.
#include "mesh/forest_impl.hpp"
#include "support/tetrahedra.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

constexpr double kLow[2] = {0, 0}, kHigh[2] = {2, 1};

/// Leaves of all ranks in order: base cell, level, path.
std::vector<std::uint64_t> everything(const Forest &f) {
  std::vector<std::uint64_t> mine, all;
  f.impl().withLeaves([&](const auto &leaves) {
    for (const auto &l : leaves) mine.insert(mine.end(), {std::uint64_t(l.base), l.level, l.path});
  });
  const int n = static_cast<int>(mine.size()), size = f.impl().size;
  std::vector<int> counts(size), at(size, 0);
  MPI_Allgather(&n, 1, MPI_INT, counts.data(), 1, MPI_INT, f.comm());
  for (int r = 1; r < size; ++r) at[r] = at[r - 1] + counts[r - 1];
  all.resize(at.back() + counts.back());
  MPI_Allgatherv(mine.data(), n, MPI_UINT64_T, all.data(), counts.data(), at.data(), MPI_UINT64_T, f.comm());
  return all;
}

template <typename Any>
std::uint64_t hash(const Any &l, unsigned seed) {
  std::uint64_t h = (std::uint64_t(l.base) << 32) ^ (l.path << 8) ^ l.level ^ (std::uint64_t(seed) << 50);
  for (int i = 0; i < 3; ++i) h = (h ^ (h >> 31)) * 0x9e3779b97f4a7c15u;
  return h >> 20;
}

/// The same for a leaf wherever it lives.
std::vector<signed char> marksOf(const Forest &f, unsigned seed, double refine) {
  std::vector<signed char> marks;
  f.impl().withLeaves([&](const auto &leaves) {
    for (const auto &l : leaves) {
      const double u = static_cast<double>(hash(l, seed) % 10000) / 10000;
      marks.push_back(u < refine ? 1 : u > 0.3 ? -1 : 0);
    }
  });
  return marks;
}

std::vector<float> prioritiesOf(const Forest &f, unsigned seed) {
  std::vector<float> p;
  f.impl().withLeaves([&](const auto &leaves) {
    for (const auto &l : leaves) p.push_back(static_cast<float>(hash(l, seed + 99) % 16));  // many are equal
  });
  return p;
}

/// Faces of leaves, on one side; and vertices: all inside base cells, some on base edges.
std::vector<char> facesOf(const Forest &f, unsigned seed, double share) {
  std::vector<char> flags;
  for (const Leaf &l : f.impl().leaf)
    for (int s = 0; s < f.impl().slots(); ++s)
      flags.push_back(static_cast<double>(hash(l, seed + static_cast<unsigned>(s)) % 10000) < 10000 * share);
  return flags;
}

std::vector<char> verticesOf(const Forest &f, unsigned seed) {
  std::vector<char> flags;
  for (const ForestNode &n : f.impl().node)
    flags.push_back(n.edge < 0 || (n.position / 7919 + static_cast<std::uint64_t>(n.edge) + seed) % 3 != 0);
  return flags;
}

std::vector<BaseMesh> bases() {
  return {BaseMesh::interval(7, 0, 1, false),
          BaseMesh::interval(6, 0, 1, true),
          BaseMesh::box(3, 3, kLow, kHigh, false, false),
          BaseMesh::box(4, 3, kLow, kHigh, true, true),
          BaseMesh::lShape(4),
          BaseMesh::box(1, 1, kLow, kHigh, false, false)};
}

std::vector<BaseMesh> tetrahedra() {
  return {BaseMesh::box(2, 2, 2, kLow3, kHigh3), spindle(5), shakenBox(3, 0.25, 1), twoLongEdges()};
}

}  // namespace

TEST(ForestMpi, EdgeByEdgeAsOnOneRank) {
  for (const BaseMesh &base : bases()) {
    Forest together(base, PETSC_COMM_WORLD), alone(base, PETSC_COMM_SELF);
    int most = 0;
    for (unsigned i = 0; i < 20; ++i) {
      const ForestLimits limits{i % 3 == 2 ? 5 : 9, 1 << 26};
      const double share = std::min(.15, 40. / alone.leaves());
      together.adaptEdges(facesOf(together, i, share), verticesOf(together, i), limits);
      alone.adaptEdges(facesOf(alone, i, share), verticesOf(alone, i), limits);
      ASSERT_EQ(everything(together), everything(alone)) << "round " << i;
      most = std::max(most, alone.leaves());
      std::vector<double> none;
      together.balance(none, 0);
    }
    EXPECT_GT(2 * most, 3 * base.cells());
    // All of it is taken back, bisection by bisection.
    for (int i = 0; i < 12; ++i) {
      together.adaptEdges(facesOf(together, 0, 0), std::vector<char>(together.impl().node.size(), 1), {});
      alone.adaptEdges(facesOf(alone, 0, 0), std::vector<char>(alone.impl().node.size(), 1), {});
      ASSERT_EQ(everything(together), everything(alone));
    }
    EXPECT_EQ(alone.leaves(), base.cells());
  }
}

TEST(ForestMpi, LeavesAreThoseOfOneRank) {
  std::vector<BaseMesh> all = bases();
  for (const BaseMesh &base : tetrahedra()) all.push_back(base);
  for (const BaseMesh &base : all)
    for (const bool balanced : {false, true}) {
      Forest together(base, PETSC_COMM_WORLD), alone(base, PETSC_COMM_SELF);
      for (unsigned i = 0; i < 12; ++i) {
        const bool space = base.dim == 3;
        const ForestLimits limits{i % 3 == 2 ? 6
                                  : space    ? 18
                                             : 12,
                                  i % 4 == 3 ? alone.leaves() + (space ? 150 : 11) : 100000};
        const double refine = std::min(0.2, (space ? 20.0 : 60.0) / alone.leaves());
        together.adapt(marksOf(together, i, refine), limits, prioritiesOf(together, i));
        alone.adapt(marksOf(alone, i, refine), limits, prioritiesOf(alone, i));
        ASSERT_EQ(together.globalLeaves(), alone.leaves());
        ASSERT_EQ(everything(together), everything(alone)) << "round " << i;
        if (!balanced) continue;
        std::vector<double> data;
        together.impl().withLeaves([&](const auto &leaves) {
          for (const auto &l : leaves) {
            data.push_back(static_cast<double>(hash(l, 1)));
            data.push_back(l.level);
          }
        });
        together.balance(data, 2);
        ASSERT_EQ(static_cast<int>(data.size()), 2 * together.leaves());
        together.impl().withLeaves([&](const auto &leaves) {
          for (int c = 0; c < together.leaves(); ++c) {
            ASSERT_EQ(data[2 * c], static_cast<double>(hash(leaves[c], 1)));
            ASSERT_EQ(data[2 * c + 1], together.levels()[c]);
          }
        });
        ASSERT_EQ(everything(together), everything(alone)) << "balanced, round " << i;
      }
    }
}

TEST(ForestMpi, BalancesLeaves) {
  Forest f(BaseMesh::box(16, 16, kLow, kHigh, false, false), PETSC_COMM_WORLD);
  for (int i = 0; i < 3; ++i) {
    std::vector<signed char> marks;
    for (const Leaf &l : f.impl().leaf) marks.push_back(l.x[0][0] < 0.5 && l.x[0][1] < 0.4);
    f.adapt(marks, {});
  }
  std::vector<double> none;
  f.balance(none, 0);
  EXPECT_LT(f.imbalance(), 1.2);
  EXPECT_FALSE(f.balance(none, 0));
}

TEST(ForestMpi, CopiesAdaptOnTheirOwn) {
  Forest f(BaseMesh::box(4, 4, kLow, kHigh, true, true), PETSC_COMM_WORLD);
  f.adapt(std::vector<signed char>(f.leaves(), 1), {});
  const auto before = everything(f);
  Forest copy(f);
  copy.adapt(marksOf(copy, 1, 0.5), {});
  EXPECT_EQ(everything(f), before);
  EXPECT_NE(everything(copy), before);
}
