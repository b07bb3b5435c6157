// LAMP on several ranks: each its own experience, the same weights on all; checkpoints of all.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "support/lamp.hpp"

namespace {

using namespace petrl;

std::vector<float> weights(const Lamp &learner) {
  std::vector<float> all = learner.model().evolution.network().weights();
  const auto &more = learner.model().refiner.network().weights();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

bool sameOnAll(const std::vector<float> &values) {
  std::vector<float> first = values;
  MPI_Bcast(first.data(), static_cast<int>(first.size()), MPI_FLOAT, 0, PETSC_COMM_WORLD);
  int same = first == values ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPI_INT, MPI_MIN, PETSC_COMM_WORLD);
  return same != 0;
}

TEST(LampRanks, LearnTogether) {
  int rank = 0, ranks = 1;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  long pid = ::getpid();
  MPI_Bcast(&pid, 1, MPI_LONG, 0, PETSC_COMM_WORLD);
  const std::string path = ::testing::TempDir() + "lamp-mpi-" + std::to_string(pid) + ".state";
  const auto learner = test::lampLearner(test::kLampLearner, 3);
  for (int i = 0; i < 11; ++i) learner->iterate();
  EXPECT_TRUE(sameOnAll(weights(*learner)));
  EXPECT_EQ(learner->episodes(), (8 * 2 + 3 * 6) * ranks);
  learner->save(path);
  MPI_Barrier(PETSC_COMM_WORLD);
  const auto other = test::lampLearner(test::kLampLearner, 3);
  other->load(path);
  for (int i = 0; i < 6; ++i) {
    learner->iterate(), other->iterate();
    EXPECT_EQ(weights(*learner), weights(*other));
    EXPECT_TRUE(sameOnAll(weights(*learner)));
  }
  if (ranks > 1) {
    // Ranks see different roll-outs: alone, this one would have gone elsewhere.
    const auto numbers = learner->metrics();
    EXPECT_TRUE(
        sameOnAll({static_cast<float>(numbers.at("reward")), static_cast<float>(numbers.at("evolution_loss"))}));
  }
  MPI_Barrier(PETSC_COMM_WORLD);
  if (rank == 0) std::remove(path.c_str());
}

}  // namespace
