// Elasticity of the fault on several ranks: as on one rank, also where ranks own no row.
#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "support/fault_elasticity.hpp"

using namespace petrl;
using namespace petrl::fault;
using namespace petrl::test;

namespace {

const std::vector<std::array<PetscInt, 2>> grids = {{9, 8}, {7, 5}, {12, 2}, {5, 1}, {1, 6}, {1, 1}};

using Call = std::function<void(Elasticity &, Vec, Vec)>;

const std::vector<Call> calls = {[](Elasticity &e, Vec x, Vec y) { e.stiffness(x, y); },
                                 [](Elasticity &e, Vec x, Vec y) { e.damping(x, y); },
                                 [](Elasticity &e, Vec x, Vec y) { e.apply(3, 1, 0.3, x, y); },
                                 [](Elasticity &e, Vec x, Vec y) { e.precondition(3, 1, 0.3, x, y); }};

void compare(const ElasticityParameters &p, double tolerance) {
  Elasticity serial(PETSC_COMM_SELF, p), parallel(PETSC_COMM_WORLD, p);
  EXPECT_NEAR(parallel.scale(), serial.scale(), 1e-12 * serial.scale());
  const Numbers x = randomNumbers(serial.size(), 17);
  for (const Call &call : calls)
    EXPECT_LT(difference(on(parallel, x, [&](Vec a, Vec b) { call(parallel, a, b); }),
                         on(serial, x, [&](Vec a, Vec b) { call(serial, a, b); })),
              tolerance);
}

}  // namespace

TEST(FaultElasticityMpi, OwnsWholeRows) {
  for (const auto &grid : grids) {
    Elasticity e(PETSC_COMM_WORLD, faultOf(grid[0], grid[1], Kernel::mirror));
    PetscInt first = 0, end = 0, rows = e.localRows();
    Vec v = e.createVector();
    ASSERT_FALSE(VecGetOwnershipRange(v, &first, &end));
    EXPECT_EQ(first, e.firstRow() * e.nx());
    EXPECT_EQ(end - first, e.localSize());
    MPI_Allreduce(MPI_IN_PLACE, &rows, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD);
    EXPECT_EQ(rows, e.nz());
    ASSERT_FALSE(VecDestroy(&v));
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
