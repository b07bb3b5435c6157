// Closures in time integration: attached to a TS, and as the TS type closure.
#include "mpi/closure_support.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

constexpr PetscInt kN = 25;  // divisible by 5: PETSc 3.18 colours other periodic grids of five-point stencils wrongly
constexpr double kPi = 3.14159265358979323846, kNu = 0.15;  // nu in points^2 per unit of time

// Eigenvalue of minus the five-point Laplacian for the wave below.
double eigenvalue() {
  const double s = 2 * kPi / static_cast<double>(kN);
  return 2 * (1 - std::cos(2 * s)) + 2 * (1 - std::cos(s));
}

double wave(PetscInt i, PetscInt j, PetscInt) {
  const double s = 2 * kPi / static_cast<double>(kN);
  return 3 * std::sin(2 * s * static_cast<double>(i)) * std::cos(s * static_cast<double>(j));
}

PetscErrorCode Nothing(TS, PetscReal, Vec, Vec F, void *) {
  PetscFunctionBegin;
  PetscCall(VecSet(F, 0));
  PetscFunctionReturn(0);
}

// Decay with a rate: u' = -rate u.
PetscErrorCode Decay(TS, PetscReal, Vec U, Vec F, void *rate) {
  PetscFunctionBegin;
  PetscCall(VecCopy(U, F));
  PetscCall(VecScale(F, -*static_cast<PetscReal *>(rate)));
  PetscFunctionReturn(0);
}

PetscErrorCode ImplicitDecay(TS, PetscReal, Vec U, Vec Udot, Vec F, void *rate) {
  PetscFunctionBegin;
  PetscCall(VecWAXPY(F, *static_cast<PetscReal *>(rate), U, Udot));
  PetscFunctionReturn(0);
}

PetscErrorCode ImplicitDecayJacobian(TS, PetscReal, Vec, Vec, PetscReal shift, Mat, Mat B, void *rate) {
  PetscFunctionBegin;
  PetscCall(MatZeroEntries(B));
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatShift(B, shift + *static_cast<PetscReal *>(rate)));
  PetscFunctionReturn(0);
}

int presteps = 0;
PetscErrorCode CountPreStep(TS) {
  ++presteps;
  return 0;
}

struct Solver {
  TS ts = NULL;
  PetscReal rate = 0;
  Solver(const Grid &grid, const char *type, PetscReal dt, PetscReal end) {
    TSCreate(PetscObjectComm((PetscObject)grid.da), &ts);
    TSSetDM(ts, grid.da);
    TSSetType(ts, type);
    TSSetTimeStep(ts, dt);
    TSSetMaxTime(ts, end);
    TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP);
  }
  ~Solver() { TSDestroy(&ts); }
  Solver(const Solver &) = delete;
  Solver &operator=(const Solver &) = delete;
  PetscErrorCode solve(Vec x) { return TSSolve(ts, x); }
};

void expectFactor(const Grid &grid, double factor, double tolerance = 1e-6) {
  grid.each(grid.x, [&](PetscScalar &v, PetscInt i, PetscInt j, PetscInt c) {
    EXPECT_NEAR(v, factor * wave(i, j, c), tolerance);
  });
}

// The closure is minus dt nu Laplacian: the step multiplies the wave by 1 - dt nu lambda.
Policy heat() {
  return diffusionClosure({"psi"}, "additive-rate", kNu, 4);
}

struct ClosureTS : Solver {
  TS inner = NULL;
  PetRLClosure closure = NULL;
  ClosureTS(const Grid &grid, const std::string &policy, const char *type, PetscReal dt, PetscReal end)
      : Solver(grid, TSCLOSURE, dt, end) {
    TSClosureGetTS(ts, &inner);
    TSSetType(inner, type);
    TSClosureGetClosure(ts, &closure);
    PetRLClosureSetPolicy(closure, policy.c_str());
  }
};

}  // namespace

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

// Multigrid asks for the right-hand side on coarser grids.
TEST(ClosureTSMpi, ForcingWithMultigrid) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f}));
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

// What the DM knows of the solver's functions is the TS's own again once the type has changed.
TEST(ClosureTSMpi, ImplicitMethodsAfterwards) {
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
TEST(ClosureTSMpi, TheContextOfTheRightHandSide) {
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
TEST(ClosureTSMpi, TheLatestModeCounts) {
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
TEST(ClosureTSMpi, CallsInTheWrongOrder) {
  const SharedFile file(constantClosure({"psi"}, "additive-rate", -1, 1, {0.5f}));
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"}), other(PETSC_COMM_WORLD, kN, kN, {"psi"});
  PetscReal rate = 1;
  const auto attached = [&](PetRLClosureMode mode, const std::function<void(TS)> &later) {
    Solver solver(grid, TSEULER, 0.5, 1);
    TSSetRHSFunction(solver.ts, NULL, Nothing, NULL);
    PetRLClosure closure;
    PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
    PetRLClosureSetPolicy(closure, file.path.c_str());
    EXPECT_EQ(PetRLClosureAttachTS(closure, solver.ts, mode), 0);
    PetRLClosureDestroy(&closure);
    later(solver.ts);
    VecSet(grid.x, 1);
    expectError([&] { return solver.solve(grid.x); }, {"after PetRLClosureAttachTS()"});
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
TEST(ClosureTSMpi, StepsThatBecomeShorter) {
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
TEST(ClosureTSMpi, MethodsThatDoNotFollow) {
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
  expectError([&] { return s.solve(grid.x); }, {"pseudo", "0.5 was asked for"});
  MatDestroy(&B);
}

// What a program sets between two solves counts in the second, and the clock may be put back.
TEST(ClosureTSMpi, ChangesBetweenSolves) {
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
TEST(ClosureTSMpi, AdaptiveMethods) {
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

TEST(ClosureTSMpi, MistakesAreNamed) {
  const Grid grid(PETSC_COMM_WORLD, kN, kN, {"psi"});
  Solver s(grid, TSCLOSURE, 0.1, 1);
  TSSetRHSFunction(s.ts, NULL, Nothing, NULL);
  expectError([&] { return s.solve(grid.x); }, {"no policy", "-closure_policy"});
  Solver euler(grid, TSEULER, 0.1, 1);
  PetRLClosure closure;
  expectError([&] { return TSClosureGetClosure(euler.ts, &closure); }, {"type closure", "euler"});
}
