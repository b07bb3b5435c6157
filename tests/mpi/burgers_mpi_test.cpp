// The Burgers problem on a DMDA: what the plain stepper computes, on any number of ranks.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "problems/burgers/burgers.hpp"
#include "support/distributed.hpp"
#include "support/grid2d.hpp"

using namespace petrl;
using namespace petrl::grid2d;
using namespace petrl::test;

// Mixed derivatives need the corners of the neighbours' points.
TEST(BurgersMpi, ExtendedIsThePlainStepper) {
  const burgers::BurgersModel model;
  const auto state = model.initial(burgers::sampleCase(model, 2, 1), 30);
  for (const std::string integrator : {"euler", "rk4"}) {
    Scheme s;
    s.advection = "upwind5", s.integrator = integrator, s.viscosity = burgers::kViscosity;
    s.diffusion_order = 6, s.modified = model.fineSpacing(), s.fine_dt = model.fineTimeStep();
    s.extended = true, s.dissipation = 0.3;
    DistributedProblem problem(PETSC_COMM_WORLD, s, {"u", "v"}, false, 30, 0.01);
    problem.setState(state);
    problem.solve(5);
    EXPECT_LT(largestDifference(problem.gatherState(), integrate(s, 2, 30, 30, state, {}, 0.01, 5)), 1e-12)
        << integrator;
    EXPECT_THROW(DistributedProblem(PETSC_COMM_WORLD, s, {"psi"}, true, 30, 0.01), Error);
  }
}

TEST(BurgersMpi, SameAsThePlainStepper) {
  const burgers::BurgersModel model;
  const auto state = model.initial(burgers::sampleCase(model, 2, 1), 30);
  for (const auto &name : advectionSchemes()) {
    for (const std::string integrator : {"euler", "rk4"}) {
      Scheme s;
      s.advection = name, s.integrator = integrator, s.viscosity = burgers::kViscosity;
      s.diffusion_order = 4, s.modified = model.fineSpacing();
      DistributedProblem problem(PETSC_COMM_WORLD, s, {"u", "v"}, false, 30, 0.01);
      problem.setState(state);
      problem.solve(5);
      const auto plain = integrate(s, 2, 30, 30, state, {}, 0.01, 5);
      EXPECT_LT(largestDifference(problem.gatherState(), plain), 1e-12) << name << " " << integrator;
    }
  }
  DistributedProblem problem(PETSC_COMM_WORLD, {}, {"u", "v"}, false, 16, 0.01);
  EXPECT_EQ(problem.velocity(), nullptr);
  EXPECT_THROW(problem.setVelocity({}), Error);
  EXPECT_THROW(problem.setState({1}), Error);
}
