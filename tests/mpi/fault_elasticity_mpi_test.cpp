// Elasticity of the fault on several ranks: as on one rank, also where ranks share rows.
#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "problems/fault/grid.hpp"
#include "support/fault_elasticity.hpp"
#include "support/options.hpp"

using namespace petrl;
using namespace petrl::fault;
using namespace petrl::test;

namespace {

const std::vector<std::array<PetscInt, 2>> grids = {{9, 8}, {7, 5}, {12, 2}, {5, 1}, {1, 6}, {2, 2}};

using Call = std::function<void(Elasticity &, Vec, Vec)>;

const std::vector<Call> calls = {[](Elasticity &e, Vec x, Vec y) { e.stiffness(x, y); },
                                 [](Elasticity &e, Vec x, Vec y) { e.damping(x, y); },
                                 [](Elasticity &e, Vec x, Vec y) { e.apply(3, 1, 0.3, x, y); },
                                 [](Elasticity &e, Vec x, Vec y) { e.precondition(3, 1, 0.3, x, y); }};

int ranks() {
  int size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  return size;
}

void compare(const ElasticityParameters &p, double tolerance) {
  if (p.nx * p.nz == 4 && ranks() == 3) return;  // not a product of two numbers up to two
  Elasticity serial(PETSC_COMM_SELF, p), parallel(PETSC_COMM_WORLD, p);
  EXPECT_NEAR(parallel.scale(), serial.scale(), 1e-12 * serial.scale());
  const Numbers x = randomNumbers(serial.size(), 17);
  for (const Call &call : calls)
    EXPECT_LT(difference(on(parallel, x, [&](Vec a, Vec b) { call(parallel, a, b); }),
                         on(serial, x, [&](Vec a, Vec b) { call(serial, a, b); })),
              tolerance);
}

}  // namespace

TEST(FaultElasticityMpi, OwnsWholeRowsWhereThereAreSome) {
  for (const auto &grid : grids) {
    if (grid == std::array<PetscInt, 2>{2, 2} && ranks() == 3) continue;
    Elasticity e(PETSC_COMM_WORLD, faultOf(grid[0], grid[1], Kernel::mirror));
    EXPECT_EQ(e.rows().own(), ranks() <= grid[1]);
    PetscInt own = e.localSize(), rows = e.rows().count(), end = e.rows().first() + rows;
    EXPECT_TRUE(!e.rows().own() || own == rows * e.nx()) << own;
    MPI_Allreduce(MPI_IN_PLACE, &own, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &rows, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &end, 1, MPIU_INT, MPI_MAX, PETSC_COMM_WORLD);
    EXPECT_EQ(own, e.size());
    EXPECT_EQ(rows, e.nz());
    EXPECT_EQ(end, e.nz());
  }
}

TEST(FaultElasticityMpi, MoreRanksThanCellsAreRefused) {
  if (ranks() == 1) return;
  try {
    Elasticity e(PETSC_COMM_WORLD, faultOf(1, 1, Kernel::mirror));
    FAIL() << "accepted";
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what()).find(std::to_string(ranks()) + " ranks for 1 x 1 cells, expected"),
              std::string::npos)
        << error.what();
  }
}

// As many ranks along strike as -da_processors_x says.
TEST(FaultElasticityMpi, RanksMayShareRows) {
  for (const int along : {2, 3, 4}) {
    if (ranks() % along) continue;
    const Options options{{"-da_processors_x", std::to_string(along)}};
    for (const Kernel kernel : {Kernel::full, Kernel::mirror, Kernel::half}) {
      ElasticityParameters p = faultOf(7, 5, kernel);
      p.k_scale = 0;
      compare(p, 1e-12);
      p.damping = Damping::symbol;
      compare(p, 1e-12);
    }
    ElasticityParameters p = faultOf(7, 5, Kernel::mirror);
    p.dense_limit = 0;
    compare(p, 1e-8);
  }
}

TEST(FaultElasticityMpi, GivesWhatOneRankGives) {
  for (const Kernel kernel : {Kernel::full, Kernel::mirror, Kernel::half})
    for (const Damping damping : {Damping::exact, Damping::symbol})
      for (const auto &grid : grids) {
        SCOPED_TRACE(std::string(kernelName(kernel)) + " " + test::dampingName(damping) + " " +
                     std::to_string(grid[0]) + " x " + std::to_string(grid[1]));
        ElasticityParameters p = faultOf(grid[0], grid[1], kernel);
        p.damping = damping;
        p.k_scale = 0;
        compare(p, 1e-12);
      }
}

TEST(FaultElasticityMpi, LanczosDampingGivesWhatOneRankGives) {
  for (const auto &grid : grids) {
    ElasticityParameters p = faultOf(grid[0], grid[1], Kernel::mirror);
    p.dense_limit = 0;
    compare(p, 1e-8);
  }
}

TEST(FaultElasticityMpi, BoundsAreTheSameEverywhere) {
  const ElasticityParameters p = faultOf(9, 8, Kernel::mirror);
  Elasticity serial(PETSC_COMM_SELF, p), parallel(PETSC_COMM_WORLD, p);
  double a[2], b[2];
  serial.bounds(&a[0], &a[1]);
  parallel.bounds(&b[0], &b[1]);
  for (int i = 0; i < 2; ++i) EXPECT_NEAR(a[i], b[i], 1e-3 * a[i]);
}
