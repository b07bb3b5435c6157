// Closures whose network sees nothing of the state: fluxes that are linear in it, a network that is evaluated when what it
// does see changes.
#include <gtest/gtest.h>
#include <petrlclosure.h>
#include <petscdmda.h>

#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "closure/closure.hpp"
#include "support/closures.hpp"
#include "support/parity.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

constexpr PetscInt kSide = 24;

std::string writePolicyOnce() {
  PetscMPIInt rank;
  char name[PETSC_MAX_PATH_LEN] = "";
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank == 0) {
    FcnShape shape{{3, 6, 10}, {3, 3}, {1, 1}};
    Policy p = closurePolicy({"psi", "u", "v"}, 10, "flux", -.3, .3);
    p.observation.normalise = {"unseen", "courant", "courant"};
    p.observation.scale = {1, .25f, .25f};
    p.action.parameters = {{"components", "psi"}, {"velocity", "u v"}, {"half_width", "2"}};
    p.network = randomFcn(shape, "tanh", "linear", 5);
    std::snprintf(name, sizeof name, "%s", temporary("linear.h5").c_str());
    writePolicy(name, p);
  }
  MPI_Bcast(name, sizeof name, MPI_CHAR, 0, PETSC_COMM_WORLD);
  return name;
}

Vec makeField(DM da, double phase) {
  Vec x;
  PetscScalar *values;
  PetscInt first, last;
  PetRLThrow(DMCreateGlobalVector(da, &x));
  PetRLThrow(VecGetOwnershipRange(x, &first, &last));
  const OpenMemory open;
  PetRLThrow(VecGetArrayWrite(x, &values));
  for (PetscInt i = first; i < last; ++i) values[i - first] = std::sin(1.7 * static_cast<double>(i) + phase);
  PetRLThrow(VecRestoreArrayWrite(x, &values));
  return x;
}

void check(VecType type) {
  EmulatedDevice device;
  const std::string file = writePolicyOnce();
  PetRLClosure closure;
  DM da;
  PetRLThrow(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_PERIODIC, DMDA_STENCIL_BOX, kSide, kSide,
                          PETSC_DECIDE, PETSC_DECIDE, 1, 1, nullptr, nullptr, &da));
  PetRLThrow(DMSetUp(da));
  PetRLThrow(DMDASetUniformCoordinates(da, 0, 1, 0, 1, 0, 1));
  PetRLThrow(DMDASetFieldName(da, 0, "psi"));
  PetRLThrow(DMSetVecType(da, type));
  Vec psi = makeField(da, 0), u = makeField(da, 1), v = makeField(da, 2), a;
  PetRLThrow(VecDuplicate(psi, &a));
  PetRLThrow(PetRLClosureCreate(PETSC_COMM_WORLD, &closure));
  PetRLThrow(PetRLClosureSetDM(closure, da));
  PetRLThrow(PetRLClosureSetPolicy(closure, file.c_str()));
  PetRLThrow(PetRLClosureSetField(closure, "u", u, 0));
  PetRLThrow(PetRLClosureSetField(closure, "v", v, 0));
  const auto apply = [&](double dt = .01) {
    PetRLThrow(PetRLClosureApply(closure, psi, dt, a));
    return valuesOf(a);
  };
  const std::vector<double> plain = apply();
  double largest = 0;
  for (const double x : plain) largest = std::max(largest, std::fabs(x));
  MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD);
  EXPECT_GT(largest, 1e-4);
  EXPECT_EQ(closure->data->inferences, 1);
  // A number added changes nothing, a factor comes out; nothing is evaluated again.
  {
    const OpenMemory open;  // PETSc does this by the array
    PetRLThrow(VecShift(psi, 7));
  }
  PetRLThrow(VecScale(psi, 1000));
  const std::vector<double> scaled = apply();
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(scaled[i], 1000 * plain[i], 1e-9);
  EXPECT_EQ(closure->data->inferences, 1);
  // Another velocity: once more, and the answer is another one.
  PetRLThrow(VecScale(u, -.5));
  const std::vector<double> other = apply();
  apply();
  EXPECT_EQ(closure->data->inferences, 2);
  double difference = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) difference = std::max(difference, std::fabs(other[i] - scaled[i]));
  MPI_Allreduce(MPI_IN_PLACE, &difference, 1, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD);
  EXPECT_GT(difference, 1e-6);
  // A state that is not finite is noticed all the same, and the next one is none the worse.
  PetRLThrow(VecScale(psi, std::nan("")));
  for (const double x : apply()) EXPECT_EQ(x, 0);
  Vec again = makeField(da, 0);
  PetRLThrow(VecCopy(again, psi));
  PetRLThrow(VecScale(u, -2));
  const std::vector<double> back = apply();
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(back[i], plain[i], 1e-12);
  // Other units of time: the same Courant numbers, the same correction. Another step: another one.
  for (const Vec x : {u, v}) PetRLThrow(VecScale(x, 64));
  const std::vector<double> fast = apply(.01 / 64);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(fast[i], plain[i], 1e-12);
  const PetscInt before = closure->data->inferences;
  double half = 0;
  const std::vector<double> shorter = apply(.005 / 64);
  for (std::size_t i = 0; i < plain.size(); ++i) half = std::max(half, std::fabs(shorter[i] - .5 * plain[i]));
  MPI_Allreduce(MPI_IN_PLACE, &half, 1, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD);
  EXPECT_GT(half, 1e-6);
  apply(.005 / 64);
  EXPECT_EQ(closure->data->inferences, before + 1);
  for (Vec *x : {&psi, &u, &v, &a, &again}) PetRLThrow(VecDestroy(x));
  PetRLThrow(PetRLClosureDestroy(&closure));
  PetRLThrow(DMDestroy(&da));
}

TEST(LinearClosure, OnTheHost) {
  check(VECSTANDARD);
}

TEST(LinearClosure, OnADevice) {
  check(kEmulated);
}

}  // namespace
