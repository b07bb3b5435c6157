// The learner "gain-loss" on several ranks: each its own experience, the same weights on all; checkpoints of all.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "support/refinement.hpp"

namespace {

using namespace petrl;

bool sameOnAll(const std::vector<float> &values) {
  std::vector<float> first = values;
  MPI_Bcast(first.data(), static_cast<int>(first.size()), MPI_FLOAT, 0, PETSC_COMM_WORLD);
  int same = first == values ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPI_INT, MPI_MIN, PETSC_COMM_WORLD);
  return same != 0;
}

TEST(GainLossRanks, LearnTogether) {
  int rank = 0, ranks = 1;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  long pid = ::getpid();
  MPI_Bcast(&pid, 1, MPI_LONG, 0, PETSC_COMM_WORLD);
  const std::string path = ::testing::TempDir() + "gain-loss-mpi-" + std::to_string(pid) + ".state";
  const auto learner = test::ringLearner(3);
  for (int i = 0; i < 12; ++i) {
    learner->iterate();
    ASSERT_TRUE(sameOnAll(learner->network().weights())) << i;
  }
  EXPECT_EQ(learner->episodes(), 12 * 2 * ranks);
  EXPECT_EQ(learner->steps(), 12 * 2 * 3 * ranks);
  learner->save(path);
  MPI_Barrier(PETSC_COMM_WORLD);
  const auto other = test::ringLearner(3);
  other->load(path);
  for (int i = 0; i < 4; ++i) {
    learner->iterate(), other->iterate();
    EXPECT_EQ(learner->network().weights(), other->network().weights());
  }
  EXPECT_LT(learner->evaluate().score, .1);
  MPI_Barrier(PETSC_COMM_WORLD);
  if (rank == 0) std::remove(path.c_str());
}

}  // namespace
