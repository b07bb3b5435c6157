// The data set of the one-dimensional benchmark is the same on any number of ranks.
#include <gtest/gtest.h>
#include <petrl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/error.hpp"
#include "problems/nonlinear1d/dataset.hpp"

using namespace petrl;
using namespace petrl::nonlinear1d;

namespace {

TEST(Nonlinear1DMPI, SameOnAnyNumberOfRanks) {
  Nonlinear1DOptions options;
  options.trajectories = {3, 1, 0};  // some ranks have nothing to do
  options.relative = options.absolute = 1e-4;
  const auto alone = Nonlinear1DDataset::generate(options, PETSC_COMM_SELF);
  int id = static_cast<int>(::getpid());
  MPI_Bcast(&id, 1, MPI_INT, 0, PETSC_COMM_WORLD);
  const std::string path = (std::filesystem::temp_directory_path() / ("n1d_" + std::to_string(id) + ".h5")).string();
  for (int pass = 0; pass < 2; ++pass) {  // computed, then read
    const auto data = Nonlinear1DDataset::cached(options, path, PETSC_COMM_WORLD);
    EXPECT_EQ(data.train().label, alone.train().label);
    EXPECT_EQ(data.valid().label, alone.valid().label);
    EXPECT_EQ(data.test().size(), 0);
  }
  // What the first rank refuses fails on all of them.
  options.seed = 1;
  EXPECT_THROW(Nonlinear1DDataset::cached(options, path, PETSC_COMM_WORLD), Error);
  MPI_Barrier(PETSC_COMM_WORLD);
  std::remove(path.c_str());
}

}  // namespace
