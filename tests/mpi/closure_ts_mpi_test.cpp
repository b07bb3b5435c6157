// Closures in time integration: attached to a TS, and as the TS type closure.
#include "mpi/closure_ts_support.hpp"

using namespace petrl;
using namespace petrl::test;

TEST(ClosureTSMpi, HeatEquationByClosureAlone) {
  const SharedFile file(heat());
  const double dt = 0.5, expected = std::pow(1 - dt * kNu * eigenvalue(), 10);
  for (const PetRLClosureMode mode : {PETRL_CLOSURE_BEFORE_STEP, PETRL_CLOSURE_FORCING}) {
    const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
    grid.fill(wave);
    {
      Solver solver(grid, TSEULER, dt, 5);
      TSSetRHSFunction(solver.ts, NULL, Nothing, NULL);
      PetRLClosure closure;
      PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
      PetRLClosureSetPolicy(closure, file.path.c_str());
      TSSetPreStep(solver.ts, CountPreStep);
      presteps = 0;
      ASSERT_EQ(PetRLClosureAttachTS(closure, solver.ts, mode), 0);
      ASSERT_EQ(PetRLClosureAttachTS(closure, solver.ts, mode), 0);  // twice is once
      PetRLClosureDestroy(&closure);                                 // the TS keeps it
      ASSERT_EQ(solver.solve(grid.x), 0);
      EXPECT_EQ(presteps, 10);
    }
    expectFactor(grid, expected);
    const Grid again(PETSC_COMM_WORLD, kN, kN, {"psi"});
    again.fill(wave);
    ClosureTS typed(again, file.path, TSEULER, dt, 5);
    TSSetRHSFunction(typed.ts, NULL, Nothing, NULL);
    TSClosureSetMode(typed.ts, mode);
    ASSERT_EQ(typed.solve(again.x), 0);
    PetscBool same;
    VecEqual(again.x, grid.x, &same);
    EXPECT_EQ(same, PETSC_TRUE);
  }
}

// With a right-hand side: (1 - dt rate)(1 - dt nu lambda) against 1 - dt rate - dt nu lambda in each step of euler.
TEST(ClosureTSMpi, ModesDifferBySecondOrder) {
  const SharedFile file(heat());
  for (const double dt : {0.5, 0.25}) {
    for (const PetRLClosureMode mode : {PETRL_CLOSURE_BEFORE_STEP, PETRL_CLOSURE_FORCING}) {
      const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
      grid.fill(wave);
      ClosureTS s(grid, file.path, TSEULER, dt, 3);
      s.rate = 0.2;
      TSSetRHSFunction(s.ts, NULL, Decay, &s.rate);
      TSClosureSetMode(s.ts, mode);
      ASSERT_EQ(s.solve(grid.x), 0);
      const double a = dt * s.rate, b = dt * kNu * eigenvalue();
      expectFactor(grid, std::pow(mode == PETRL_CLOSURE_FORCING ? 1 - a - b : (1 - a) * (1 - b), std::lround(3 / dt)));
    }
  }
}

// The forcing at every stage of a method of fourth order: its amplification factor.
TEST(ClosureTSMpi, ForcingInRungeKutta) {
  const SharedFile file(heat());
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
  grid.fill(wave);
  ClosureTS s(grid, file.path, TSRK, 0.5, 2);
  TSRKSetType(s.inner, TSRK4);
  s.rate = 0.2;
  TSSetRHSFunction(s.ts, NULL, Decay, &s.rate);
  TSClosureSetMode(s.ts, PETRL_CLOSURE_FORCING);
  ASSERT_EQ(s.solve(grid.x), 0);
  const double z = -0.5 * (s.rate + kNu * eigenvalue());
  expectFactor(grid, std::pow(1 + z + z * z / 2 + z * z * z / 6 + z * z * z * z / 24, 4));
}

// Implicit equations, with the program's Jacobian and with one by differences.
TEST(ClosureTSMpi, ImplicitInnerMethod) {
  const SharedFile file(heat());
  for (const bool jacobian : {true, false}) {
    const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
    grid.fill(wave);
    ClosureTS s(grid, file.path, TSBEULER, 0.5, 2);
    s.rate = 0.7;
    Mat B;
    DMCreateMatrix(grid.da, &B);
    TSSetIFunction(s.ts, NULL, ImplicitDecay, &s.rate);
    if (jacobian) TSSetIJacobian(s.ts, B, B, ImplicitDecayJacobian, &s.rate);
    SNES snes;
    TSGetSNES(s.inner, &snes);
    SNESSetTolerances(snes, 1e-12, 1e-12, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT);
    ASSERT_EQ(s.solve(grid.x), 0);
    expectFactor(grid, std::pow((1 - 0.5 * kNu * eigenvalue()) / (1 + 0.5 * s.rate), 4));
    PetscInt its;
    TSGetSNESIterations(s.ts, &its);
    EXPECT_GE(its, 4);
    MatDestroy(&B);
  }
}

// The last step is cut to the final time, monitors see each step, solving again starts afresh.
TEST(ClosureTSMpi, FinalTimeAndSecondSolve) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f}));
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
  VecSet(grid.x, 1);
  ClosureTS s(grid, file.path, TSEULER, 0.3, 1);
  TSSetRHSFunction(s.ts, NULL, Nothing, NULL);
  TSClosureSetMode(s.ts, PETRL_CLOSURE_FORCING);
  ASSERT_EQ(s.solve(grid.x), 0);
  PetscReal t;
  PetscInt steps;
  TSGetSolveTime(s.ts, &t);
  TSGetStepNumber(s.ts, &steps);
  EXPECT_NEAR(t, 1, 1e-14);
  EXPECT_EQ(steps, 4);
  grid.each(grid.x, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, 0.5, 1e-14); });
  ASSERT_EQ(TSReset(s.ts), 0);
  TSSetTime(s.ts, 0);
  TSSetStepNumber(s.ts, 0);
  TSSetTimeStep(s.ts, 0.25);
  ASSERT_EQ(s.solve(grid.x), 0);
  grid.each(grid.x, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, 0, 1e-14); });
  // And once the type is gone, so is the forcing.
  TSSetType(s.ts, TSEULER);
  TSSetTime(s.ts, 0);
  TSSetStepNumber(s.ts, 0);
  VecSet(grid.x, 7);
  ASSERT_EQ(s.solve(grid.x), 0);
  grid.each(grid.x, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_EQ(v, 7); });
}

// The right-hand side lives in the DM, which may stay when the closure has gone, and serve other TS.
TEST(ClosureTSMpi, TheDMOutlivesTheClosure) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f}));
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
  PetscReal rate = 2;
  const auto expectRate = [&](TS ts, double expected) {
    Vec F;
    VecDuplicate(grid.x, &F);
    VecSet(grid.x, 3);
    ASSERT_EQ(TSComputeRHSFunction(ts, 0, grid.x, F), 0);
    grid.each(F, [&](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, expected, 1e-14); });
    VecDestroy(&F);
  };
  for (int round = 0; round < 2; ++round) {
    Solver solver(grid, TSEULER, 0.1, 1), other(grid, TSEULER, 0.1, 1);
    if (round == 0) TSSetRHSFunction(solver.ts, NULL, Decay, &rate);
    PetRLClosure closure;
    PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
    PetRLClosureSetPolicy(closure, file.path.c_str());
    ASSERT_EQ(PetRLClosureAttachTS(closure, solver.ts, PETRL_CLOSURE_FORCING), 0);
    expectRate(solver.ts, -6.5);
    ASSERT_EQ(PetRLClosureAttachTS(closure, other.ts, PETRL_CLOSURE_FORCING), 0);
    expectRate(other.ts, -6.5);
    PetRLClosureDestroy(&closure);
    expectRate(other.ts, -6.5);
    TSDestroy(&solver.ts);
    TSDestroy(&other.ts);
    Solver later(grid, TSEULER, 0.1, 1);
    expectRate(later.ts, -6);
  }
}

TEST(ClosureTSMpi, MistakesAreNamed) {
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
  Solver s(grid, TSCLOSURE, 0.1, 1);
  TSSetRHSFunction(s.ts, NULL, Nothing, NULL);
  expectError([&] { return s.solve(grid.x); }, {"no policy", "-closure_policy"});
  Solver euler(grid, TSEULER, 0.1, 1);
  PetRLClosure closure;
  expectError([&] { return TSClosureGetClosure(euler.ts, &closure); }, {"type closure", "euler"});
}
