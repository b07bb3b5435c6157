// Closures in the time integration of a stranger: what would be silently wrong there is right, or said.
#include "mpi/closure_ts_support.hpp"

using namespace petrl;
using namespace petrl::test;

// Multigrid asks for the right-hand side on coarser grids.
TEST(ClosureTSLimitsMpi, ForcingWithMultigrid) {
  Policy policy = constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f});
  policy.action.parameters["boundary"] = "free";
  const SharedFile file(policy);
  const Grid grid(PETSC_COMM_WORLD, 17, 17, {"psi"}, DM_BOUNDARY_NONE);
  ClosureTS s(grid, file.path, TSBEULER, 0.25, 0.5);
  s.rate = 1;
  TSSetRHSFunction(s.ts, NULL, Decay, &s.rate);
  TSClosureSetMode(s.ts, PETRL_CLOSURE_FORCING);
  SNES snes;
  KSP ksp;
  PC pc;
  TSGetSNES(s.inner, &snes);
  SNESGetKSP(snes, &ksp);
  KSPGetPC(ksp, &pc);
  PCSetType(pc, PCMG);
  PCMGSetLevels(pc, 2, NULL);
  VecSet(grid.x, 1);
  ASSERT_EQ(s.solve(grid.x), 0);
  const double once = (1 - 0.125) / 1.25;
  grid.each(grid.x, [&](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, (once - 0.125) / 1.25, 1e-6); });
}

// What the DM knows of the solver's functions is the TS's own again once the type has changed.
TEST(ClosureTSLimitsMpi, ImplicitMethodsAfterwards) {
  const SharedFile file(heat());
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
  ClosureTS s(grid, file.path, TSBEULER, 0.5, 2);
  s.rate = 0.7;
  Mat B;
  SNES snes;
  DMCreateMatrix(grid.da, &B);
  TSSetIFunction(s.ts, NULL, ImplicitDecay, &s.rate);
  TSSetIJacobian(s.ts, B, B, ImplicitDecayJacobian, &s.rate);
  TSGetSNES(s.ts, &snes);
  for (const char *type : {TSCLOSURE, TSBEULER}) {
    grid.fill(wave);
    TSSetType(s.ts, type);
    TSSetTime(s.ts, 0);
    TSSetStepNumber(s.ts, 0);
    TSSetTimeStep(s.ts, 0.5);
    ASSERT_EQ(s.solve(grid.x), 0);
    const double closed = type == std::string(TSCLOSURE) ? 1 - 0.5 * kNu * eigenvalue() : 1;
    expectFactor(grid, std::pow(closed / (1 + 0.5 * s.rate), 4), 1e-4);
  }
  MatDestroy(&B);
}

// A context that the program lets the DM free stays until nobody calls its function any more.
TEST(ClosureTSLimitsMpi, TheContextOfTheRightHandSide) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f}));
  static int freed;
  freed = 0;
  {
    const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
    Solver solver(grid, TSEULER, 0.5, 1);
    TSSetRHSFunction(solver.ts, NULL, Decay, new PetscReal(1));
    DMTSSetRHSFunctionContextDestroy(grid.da, [](auto ctx) {
      ++freed;
      delete static_cast<PetscReal *>(PETRL_CONTEXT_OF(ctx));
      return PetscErrorCode(0);
    });
    PetRLClosure closure;
    PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
    PetRLClosureSetPolicy(closure, file.path.c_str());
    ASSERT_EQ(PetRLClosureAttachTS(closure, solver.ts, PETRL_CLOSURE_FORCING), 0);
    EXPECT_EQ(freed, 0);
    VecSet(grid.x, 1);
    ASSERT_EQ(solver.solve(grid.x), 0);
    grid.each(grid.x, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, -0.125, 1e-14); });
    PetRLClosureDestroy(&closure);
    TSDestroy(&solver.ts);
    EXPECT_EQ(freed, 0);
    Solver later(grid, TSEULER, 0.5, 0.5);
    ASSERT_EQ(later.solve(grid.x), 0);
    grid.each(grid.x, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, -0.0625, 1e-14); });
  }
  EXPECT_EQ(freed, 1);
}

// Attached in the other mode it acts once, in that one.
TEST(ClosureTSLimitsMpi, TheLatestModeCounts) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f}));
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
  for (const PetRLClosureMode mode : {PETRL_CLOSURE_BEFORE_STEP, PETRL_CLOSURE_FORCING}) {
    Solver solver(grid, TSEULER, 0.5, 1);
    PetscReal rate = 1;
    TSSetRHSFunction(solver.ts, NULL, Decay, &rate);
    PetRLClosure closure;
    PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
    PetRLClosureSetPolicy(closure, file.path.c_str());
    const auto other = mode == PETRL_CLOSURE_FORCING ? PETRL_CLOSURE_BEFORE_STEP : PETRL_CLOSURE_FORCING;
    for (const PetRLClosureMode m : {mode, other, mode}) EXPECT_EQ(PetRLClosureAttachTS(closure, solver.ts, m), 0);
    PetRLClosureDestroy(&closure);
    VecSet(grid.x, 1);
    ASSERT_EQ(solver.solve(grid.x), 0);
    const double expected = mode == PETRL_CLOSURE_FORCING ? -0.125 : ((1 - 0.25) * 0.5 - 0.25) * 0.5;
    grid.each(grid.x, [&](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, expected, 1e-14); });
  }
}

// A program that takes the closure's place unawares is told; TSCLOSURE takes it back.
TEST(ClosureTSLimitsMpi, CallsInTheWrongOrder) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f}));
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"}), other(PETSC_COMM_WORLD, kN, kN, {"psi"});
  PetscReal rate = 1;
  const auto attached = [&](PetRLClosureMode mode, const std::function<void(TS)> &later) {
    const Grid fresh(PETSC_COMM_WORLD, kN, kN, {"psi"});  // an error in TSSolve() leaves the solution locked
    Solver solver(fresh, TSEULER, 0.5, 1);
    TSSetRHSFunction(solver.ts, NULL, Nothing, NULL);
    PetRLClosure closure;
    PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
    PetRLClosureSetPolicy(closure, file.path.c_str());
    EXPECT_EQ(PetRLClosureAttachTS(closure, solver.ts, mode), 0);
    PetRLClosureDestroy(&closure);
    later(solver.ts);
    VecSet(fresh.x, 1);
    expectError([&] { return solver.solve(fresh.x); }, {"after PetRLClosureAttachTS()"});
  };
  attached(PETRL_CLOSURE_BEFORE_STEP, [](TS ts) { TSSetPreStep(ts, CountPreStep); });
  attached(PETRL_CLOSURE_FORCING, [&](TS ts) { TSSetRHSFunction(ts, NULL, Decay, &rate); });
  attached(PETRL_CLOSURE_FORCING, [&](TS ts) {
    DMTSSetRHSFunction(other.da, Nothing, NULL);
    TSSetDM(ts, other.da);
  });
  ClosureTS s(grid, file.path, TSEULER, 0.5, 0.5);
  TSSetRHSFunction(s.ts, NULL, Nothing, NULL);
  TSClosureSetMode(s.ts, PETRL_CLOSURE_FORCING);
  VecSet(grid.x, 1);
  ASSERT_EQ(s.solve(grid.x), 0);
  TSSetRHSFunction(s.ts, NULL, Decay, &rate);
  TSSetMaxTime(s.ts, 1);
  ASSERT_EQ(s.solve(grid.x), 0);
  grid.each(grid.x, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, 0.75 - 0.25 - 0.375, 1e-14); });
  expectError([&] { return TSClosureSetMode(s.ts, (PetRLClosureMode)7); }, {"found 7"});
}

// Where a solve fails the step becomes shorter: it gets the correction of the step that was taken.
TEST(ClosureTSLimitsMpi, StepsThatBecomeShorter) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f}));
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
  const auto implicit = [](TS ts, PetscReal, Vec, Vec Udot, Vec F, void *) -> PetscErrorCode {
    PetscReal dt;
    SNES snes;
    PetscFunctionBegin;
    PetscCall(VecCopy(Udot, F));
    PetscCall(TSGetTimeStep(ts, &dt));
    PetscCall(TSGetSNES(ts, &snes));
    if (dt > 0.3) PetscCall(SNESSetFunctionDomainError(snes));
    PetscFunctionReturn(0);
  };
  const auto jacobian = [](TS, PetscReal, Vec, Vec, PetscReal shift, Mat, Mat B, void *) -> PetscErrorCode {
    PetscFunctionBegin;
    PetscCall(MatZeroEntries(B));
    PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
    PetscCall(MatShift(B, shift));
    PetscFunctionReturn(0);
  };
  Mat B;
  DMCreateMatrix(grid.da, &B);
  ClosureTS s(grid, file.path, TSBEULER, 1, 1);
  TSSetIFunction(s.ts, NULL, implicit, NULL);
  TSSetIJacobian(s.ts, B, B, jacobian, NULL);
  TSSetMaxSNESFailures(s.inner, -1);
  VecSet(grid.x, 1);
  ASSERT_EQ(s.solve(grid.x), 0);
  PetscReal t;
  TSGetSolveTime(s.ts, &t);
  EXPECT_NEAR(t, 1, 1e-12);
  grid.each(grid.x, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, 0.5, 1e-12); });
  MatDestroy(&B);
}

// Methods that keep a copy of the solution, or take their own steps, are not silently wrong.
TEST(ClosureTSLimitsMpi, MethodsThatDoNotFollow) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f}));
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
  for (const PetRLClosureMode mode : {PETRL_CLOSURE_BEFORE_STEP, PETRL_CLOSURE_FORCING}) {
    ClosureTS s(grid, file.path, TSGLEE, 0.25, 0.5);
    Solver plain(grid, TSGLEE, 0.25, 0.5);
    PetRLClosure closure;
    PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
    PetRLClosureSetPolicy(closure, file.path.c_str());
    TSSetRHSFunction(s.ts, NULL, Nothing, NULL);
    TSClosureSetMode(s.ts, mode);
    if (mode == PETRL_CLOSURE_FORCING) {
      VecSet(grid.x, 1);
      ASSERT_EQ(s.solve(grid.x), 0);
      grid.each(grid.x, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, 0.75, 1e-12); });
    } else {
      expectError([&] { return s.solve(grid.x); }, {"glee", "its own copy", "forcing"});
      ASSERT_EQ(PetRLClosureAttachTS(closure, plain.ts, mode), 0);
      expectError([&] { return plain.solve(grid.x); }, {"glee", "its own copy", "forcing"});
    }
    PetRLClosureDestroy(&closure);
  }
  Mat B;
  DMCreateMatrix(grid.da, &B);
  ClosureTS s(grid, file.path, TSPSEUDO, 0.5, 2);
  s.rate = 0.7;
  TSSetIFunction(s.ts, NULL, ImplicitDecay, &s.rate);
  TSSetIJacobian(s.ts, B, B, ImplicitDecayJacobian, &s.rate);
  VecSet(grid.x, 1);
  expectError([&] { return s.solve(grid.x); }, {"pseudo", "its own copy"});
  MatDestroy(&B);
}

// What a program sets between two solves counts in the second, and the clock may be put back.
TEST(ClosureTSLimitsMpi, ChangesBetweenSolves) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f}));
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"}), other(PETSC_COMM_WORLD, kN, kN, {"psi"});
  const auto by_context = [](TS ts, PetscReal, Vec, Vec F, void *) -> PetscErrorCode {
    PetscReal *rate;
    PetscFunctionBegin;
    PetscCall(TSGetApplicationContext(ts, &rate));
    PetscCall(VecSet(F, *rate));
    PetscFunctionReturn(0);
  };
  PetscReal rates[2] = {1, 3};
  ClosureTS typed(grid, file.path, TSEULER, 0.25, 0.5);
  Solver attached(grid, TSEULER, 0.25, 0.5);
  PetRLClosure closure;
  PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
  PetRLClosureSetPolicy(closure, file.path.c_str());
  ASSERT_EQ(PetRLClosureAttachTS(closure, attached.ts, PETRL_CLOSURE_BEFORE_STEP), 0);
  PetRLClosureDestroy(&closure);
  testing::internal::CaptureStdout();
  for (TS ts : {typed.ts, attached.ts}) {
    TSSetRHSFunction(ts, NULL, by_context, NULL);
    VecSet(grid.x, 0);
    for (PetscReal &rate : rates) {
      TSSetApplicationContext(ts, &rate);
      TSSetTime(ts, 0);
      TSSetStepNumber(ts, 0);
      TSSetTimeStep(ts, 0.25);
      EXPECT_EQ(TSSolve(ts, grid.x), 0);
    }
    grid.each(grid.x, [](PetscScalar &v, PetscInt, PetscInt, PetscInt) { EXPECT_NEAR(v, 0.5 + 1.5 - 0.5, 1e-12); });
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  TSSetMaxTime(typed.ts, 1);
  TSSetDM(typed.ts, other.da);
  expectError([&] { return TSSolve(typed.ts, grid.x); }, {"TSReset()"});
}

// An adaptive method that steps otherwise than the closure was told: said once.
TEST(ClosureTSLimitsMpi, AdaptiveMethods) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f}));
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
  Solver solver(grid, TSRK, 1, 1);
  PetscReal rate = 30;
  TSSetRHSFunction(solver.ts, NULL, Decay, &rate);
  PetRLClosure closure;
  PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
  PetRLClosureSetPolicy(closure, file.path.c_str());
  ASSERT_EQ(PetRLClosureAttachTS(closure, solver.ts, PETRL_CLOSURE_BEFORE_STEP), 0);
  PetRLClosureDestroy(&closure);
  VecSet(grid.x, 1);
  testing::internal::CaptureStdout();
  EXPECT_EQ(solver.solve(grid.x), 0);
  const std::string said = testing::internal::GetCapturedStdout();
  if (rankOf(PETSC_COMM_WORLD) != 0) return;
  const auto first = said.find("was corrected for");
  EXPECT_NE(first, std::string::npos) << said;
  EXPECT_EQ(said.find("was corrected for", first + 20), std::string::npos) << said;
}
