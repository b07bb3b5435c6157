// The advection problem on a DMDA: what the plain stepper computes, on any number of ranks.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "problems/advection/advection.hpp"
#include "problems/grid2d/random.hpp"
#include "support/distributed.hpp"
#include "support/grid2d.hpp"

using namespace petrl;
using namespace petrl::grid2d;
using namespace petrl::test;

TEST(AdvectionMpi, SameAsThePlainStepper) {
  const int n = 30;
  grid2d::Random random(1);
  std::vector<double> state(900), velocity(1800);
  for (double &value : state) value = random.unit();
  for (double &value : velocity) value = random.uniform(-1, 1);
  for (const auto &name : advectionSchemes()) {
    for (const std::string integrator : {"euler", "rk4"}) {
      Scheme s;
      s.advection = name, s.integrator = integrator;
      DistributedProblem problem(PETSC_COMM_WORLD, s, {"psi"}, true, n, 0.01);
      problem.setState(state);
      problem.setVelocity(velocity);
      EXPECT_EQ(problem.gatherState(), state);
      problem.solve(4);
      const auto four = integrate(s, 1, n, n, state, velocity, 0.01, 4);
      EXPECT_LT(largestDifference(problem.gatherState(), four), 1e-12) << name << " " << integrator;
      // A velocity that changes between solves is noticed.
      auto reversed = velocity;
      for (double &value : reversed) value = -value;
      problem.setVelocity(reversed);
      problem.solve(2);
      EXPECT_LT(largestDifference(problem.gatherState(), integrate(s, 1, n, n, four, reversed, 0.01, 2)), 1e-12);
    }
  }
}

TEST(AdvectionMpi, NamedFieldsAndAuxiliaryVelocity) {
  DistributedProblem problem(PETSC_COMM_WORLD, {}, {"psi"}, true, 16, 0.01);
  const char *name;
  PetRLThrow(DMDAGetFieldName(problem.dm(), 0, &name));
  EXPECT_STREQ(name, "psi");
  Vec velocity;
  PetRLThrow(DMGetAuxiliaryVec(problem.dm(), nullptr, 0, 0, &velocity));
  EXPECT_EQ(velocity, problem.velocity());
  DM dm;
  PetRLThrow(VecGetDM(velocity, &dm));
  PetRLThrow(DMDAGetFieldName(dm, 1, &name));
  EXPECT_STREQ(name, "v");
}
