// The one-dimensional benchmark without learning.
//
//   bench_nonlinear1d data FILE     makes the data set (2048 + 128 + 128 trajectories), or reads it
#include <petrl.h>

#include <cstdio>
#include <cstring>

#include "base/error.hpp"
#include "problems/nonlinear1d/dataset.hpp"

using namespace petrl;
using namespace petrl::nonlinear1d;

namespace {

void say(const std::string &line) { std::fprintf(stderr, "%s\n", line.c_str()); }

int run(int argc, char **argv) {
  if (argc < 3) throw Error("usage: bench_nonlinear1d data FILE");
  const auto data = Nonlinear1DDataset::cached({}, argv[2], PETSC_COMM_WORLD, say);
  if (std::strcmp(argv[1], "data") == 0) return 0;
  throw Error("unknown command");
}

}  // namespace

int main(int argc, char **argv) {
  PetscCall(PetscInitialize(&argc, &argv, nullptr, nullptr));
  PetRLCallCXX(run(argc, argv));
  return PetscFinalize();
}
