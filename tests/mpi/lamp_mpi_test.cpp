// LAMP on several ranks: each its own experience, the same weights on all; checkpoints of all.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "support/lamp.hpp"

namespace {

using namespace petrl;
using test::weights;

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
  for (const bool plane : {false, true}) {
    const auto make = plane ? test::planeLearner : test::lampLearner;
    const auto learner = make(test::kLampLearner, 3);
    for (int i = 0; i < 11; ++i) learner->iterate();
    EXPECT_TRUE(sameOnAll(weights(*learner)));
    EXPECT_EQ(learner->episodes(), (8 * 2 + 3 * 6) * ranks);
    learner->save(path);
    MPI_Barrier(PETSC_COMM_WORLD);
    const auto other = make(test::kLampLearner, 3);
    other->load(path);
    for (int i = 0; i < 6; ++i) {
      learner->iterate(), other->iterate();
      EXPECT_EQ(weights(*learner), weights(*other));
      EXPECT_TRUE(sameOnAll(weights(*learner)));
    }
    MPI_Barrier(PETSC_COMM_WORLD);
    if (rank == 0) std::remove(path.c_str());
  }
}

// Ranks see different roll-outs, and learn from the mean of all: alone, each would have gone elsewhere.
TEST(LampRanks, SeeDifferentRollOuts) {
  const std::uint64_t seed = 3;
  int rank = 0, ranks = 1;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  const auto learner = test::lampLearner(test::kLampLearner, seed);
  const lamp::Model start = test::lineModel(*learner);
  const learn::LampConfig config = learn::LampConfig::parse(test::keys(test::kLampLearner));
  const auto data = test::lampData();
  learn::EvolutionTraining alone(config.evolution, data.train());
  learn::Rng random((seed + 1) * 1000003 + static_cast<std::uint64_t>(rank));
  std::vector<float> gradient(start.evolution.network().size(), 0.f);
  double loss = alone.gradient(start, alone.bundles(0), 0, random, gradient);
  EXPECT_EQ(sameOnAll(gradient), ranks == 1);
  MPI_Allreduce(MPI_IN_PLACE, &loss, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  learner->iterate();
  EXPECT_DOUBLE_EQ(learner->metrics().at("evolution_loss"), loss / ranks);
  // Adam's first step goes down by the rate, whatever the gradient's size.
  MPI_Allreduce(MPI_IN_PLACE, gradient.data(), static_cast<int>(gradient.size()), MPI_FLOAT, MPI_SUM, PETSC_COMM_WORLD);
  const auto &before = start.evolution.network().weights(),
             &after = test::lineModel(*learner).evolution.network().weights();
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    if (gradient[i] != 0) {
      EXPECT_LE((after[i] - before[i]) * gradient[i], 0) << i;
    }
  }
}

}  // namespace
