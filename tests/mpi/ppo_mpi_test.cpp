// Grid PPO on several ranks: the same weights on all, and checkpoints of all.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "base/error.hpp"
#include "learn/ppo/ppo.hpp"
#include "support/grid_toys.hpp"
#include "support/learners.hpp"

using namespace petrl;

static std::vector<float> act(Ppo &learner) {
  std::vector<float> o(64), a(64);
  for (std::size_t i = 0; i < o.size(); ++i) o[i] = .02f * static_cast<float>(i) - .5f;
  learner.deterministic().decide(o.data(), {8, 8}, a.data());
  return a;
}

static bool sameOnAll(std::vector<float> values) {
  std::vector<float> first = values;
  MPI_Bcast(first.data(), static_cast<int>(first.size()), MPI_FLOAT, 0, PETSC_COMM_WORLD);
  int same = first == values ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPI_INT, MPI_MIN, PETSC_COMM_WORLD);
  return same != 0;
}

class PpoRanks : public ::testing::TestWithParam<const char *> {
 protected:
  void SetUp() override {
    MPI_Comm_rank(PETSC_COMM_WORLD, &rank_);
    MPI_Comm_size(PETSC_COMM_WORLD, &ranks_);
    long pid = ::getpid();
    MPI_Bcast(&pid, 1, MPI_LONG, 0, PETSC_COMM_WORLD);
    path_ = ::testing::TempDir() + "ppo-mpi-" + std::to_string(pid) + ".state";
  }
  PetscMPIInt rank_ = 0, ranks_ = 1;
  std::string path_;
};

TEST_P(PpoRanks, LearnTogether) {
  const std::string yaml =
      std::string("{network: {channels: [4], value: {trunk: separate, channels: [4]}}, slots: 3, ") + GetParam() +
      ", batch_size: 4, epochs: 2, learning_rate: 3.0e-3}";
  toys::Investment world(8, 6);
  test::Of<Ppo> learner(yaml, 1, 1, 11);
  for (int i = 0; i < 4; ++i) learner.iterate(world);
  EXPECT_TRUE(sameOnAll(act(learner)));
  EXPECT_TRUE(sameOnAll({static_cast<float>(learner.steps()), static_cast<float>(learner.episodes())}));
  EXPECT_GE(learner.steps(), 4 * 3 * ranks_);
  learner.save(path_);
  MPI_Barrier(PETSC_COMM_WORLD);
  test::Of<Ppo> other(yaml, 1, 1, 11);
  other.load(path_);
  for (int i = 0; i < 3; ++i) {
    learner.iterate(world);
    other.iterate(world);
    EXPECT_EQ(act(learner), act(other));
    EXPECT_TRUE(sameOnAll(act(learner)));
  }
  EXPECT_EQ(learner.metrics(), other.metrics());
  MPI_Barrier(PETSC_COMM_WORLD);
  if (rank_ == 0) std::remove(path_.c_str());
}

// In the second, ranks hold different numbers of transitions.
INSTANTIATE_TEST_SUITE_P(Modes, PpoRanks, ::testing::Values("horizon: 7", "horizon: episode"));

TEST(PpoRanksLearn, TheStencil) {
  toys::Denoise world(16);
  test::Of<Ppo> learner(
      "{network: {channels: [], initial_std: 0.2, std: free}, slots: 4, horizon: 16, batch_size: 4, "
      "learning_rate: 5.0e-3, gamma: 0, entropy_coefficient: 0}",
      1, 1, 3);
  while (learner.steps() < 4000) learner.iterate(world);
  EXPECT_LT(world.evaluate(learner.deterministic()).score, .03);
}
