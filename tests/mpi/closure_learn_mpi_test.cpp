// Recording and training through the C interface, by a program that owns the loop, on any number of ranks.
#include <cmath>
#include <cstdlib>

#include "mpi/closure_support.hpp"

namespace petrl::test {
namespace {

constexpr PetscReal kStep = 0.05;
constexpr int kTimes = 9, kRuns = 3;

// How large the runs are; the last one is held out.
constexpr int kSize[kRuns] = {1, 3, 2};

// u decays with time; it is about ten times as large as the size, which is known as a field.
double decayed(PetscInt i, PetscInt j, int run, int time) {
  return (10. * kSize[run] + 0.5 * scattered(i, j, run)) * std::exp(-time * static_cast<double>(kStep));
}

struct Program {
  Grid grid{PETSC_COMM_WORLD, 20, 16, {"u"}};
  Vec field = NULL;
  int steps = 0, wrong = 0, strange = 0, before = 0;
  Program() {
    VecDuplicate(grid.x, &field);
    DMDASetUniformCoordinates(grid.da, 0, 1, 0, 1, 0, 0);
  }
  ~Program() { VecDestroy(&field); }

  // Is everything in place that belongs to the run?
  void look(Vec X) {
    PetscReal least, most, low, high;
    VecMin(field, NULL, &least);
    VecMax(field, NULL, &most);
    VecMin(X, NULL, &low);
    VecMax(X, NULL, &high);
    if (least != most || (least != 1 && least != 2 && least != 3)) ++wrong;
    if (low < 5 * least || high > 12 * most) ++strange;
  }
};

PetscErrorCode Before(PetRLClosure, PetscInt number, PetscReal t, Vec X, void *ctx) {
  Program &p = *static_cast<Program *>(ctx);
  ++p.before;
  if (std::fabs(t - kStep * (PetscReal)number) > 1e-9) ++p.wrong;
  p.look(X);
  return 0;
}

// A solver that knows nothing of the decay.
PetscErrorCode Step(PetRLClosure, PetscInt, PetscReal, PetscReal dt, Vec X, PetscBool *failed, void *ctx) {
  Program &p = *static_cast<Program *>(ctx);
  PetscReal low;
  ++p.steps;
  if (dt != kStep) ++p.wrong;
  VecMin(X, NULL, &low);
  *failed = low < 0 ? PETSC_TRUE : PETSC_FALSE;
  return 0;
}

TEST(ClosureLearns, InALoopOfTheProgram) {
  const SharedFile truth("truth.h5", [](const std::string &) {}), save("my.h5", [](const std::string &) {});
  Program p;
  PetRLClosure closure;
  ASSERT_EQ(PetRLClosureCreate(PETSC_COMM_WORLD, &closure), 0);
  ASSERT_EQ(PetRLClosureSetDM(closure, p.grid.da), 0);
  ASSERT_EQ(PetRLClosureSetField(closure, "k", p.field, 0), 0);
  expectError([&] { return PetRLClosureRecordBegin(closure); }, {"-closure_record", "PetRLClosureRecordSetFile()"});
  ASSERT_EQ(PetRLClosureRecordSetFile(closure, truth.path.c_str()), 0);
  expectError([&] { return PetRLClosureRecordEnd(closure); }, {"PetRLClosureRecordBegin() must come before"});
  for (int run = 0; run < kRuns; ++run) {
    ASSERT_EQ(VecSet(p.field, kSize[run]), 0);
    ASSERT_EQ(PetRLClosureRecordBegin(closure), 0);
    for (int time = 0; time < kTimes; ++time) {
      p.grid.fill([&](PetscInt i, PetscInt j, PetscInt) { return decayed(i, j, run, time); });
      ASSERT_EQ(PetRLClosureRecordState(closure, time * kStep, p.grid.x), 0);
      // The same time again takes its place.
      if (time == 3) {
        ASSERT_EQ(PetRLClosureRecordState(closure, time * kStep, p.grid.x), 0);
      }
    }
    ASSERT_EQ(PetRLClosureRecordEnd(closure), 0);
  }

  ASSERT_EQ(VecSet(p.field, -7), 0);
  ASSERT_EQ(VecSet(p.grid.x, 3), 0);
  PetscBool learned = PETSC_FALSE;
  expectError([&] { return PetRLClosureTrain(closure, kStep, p.grid.x, &learned); }, {"PetRLClosureTrainSetStep()"});
  const char *const records[] = {truth.path.c_str()}, *const observed[] = {"u"};
  ASSERT_EQ(PetRLClosureTrainSetStep(closure, Before, Step, &p), 0);
  expectError([&] { return PetRLClosureTrain(closure, kStep, p.grid.x, &learned); },
              {"-closure_train and -closure_save"});
  ASSERT_EQ(PetRLClosureTrainSetFiles(closure, 1, records, save.path.c_str()), 0);
  ASSERT_EQ(PetRLClosureTrainSetObserved(closure, 1, observed), 0);
  ASSERT_EQ(PetRLClosureTrainSetBudget(closure, 1, 24), 0);
  ASSERT_EQ(PetRLClosureTrain(closure, kStep, p.grid.x, &learned), 0);
  EXPECT_TRUE(learned);
  EXPECT_GT(p.before, 100);
  EXPECT_GT(p.steps, 100);
  EXPECT_EQ(p.wrong, 0);
  // (A policy that knows little yet may lead anywhere.)
  EXPECT_LT(p.strange, p.before / 50);
  // All is as it was.
  PetscReal least, most;
  VecMin(p.field, NULL, &least);
  VecMax(p.grid.x, NULL, &most);
  EXPECT_EQ(least, -7);
  EXPECT_EQ(most, 3);
  // What is lost in a step, from a state of a run that was not trained on.
  Vec A;
  VecDuplicate(p.grid.x, &A);
  p.grid.fill([&](PetscInt i, PetscInt j, PetscInt) { return decayed(i, j, 2, 1); });
  ASSERT_EQ(PetRLClosureApply(closure, p.grid.x, kStep, A), 0);
  VecAXPY(A, -(1 - std::exp(-kStep)), p.grid.x);
  PetscReal off, all;
  VecNorm(A, NORM_2, &off);
  VecNorm(p.grid.x, NORM_2, &all);
  EXPECT_LT(off, 0.4 * (1 - std::exp(-kStep)) * all);
  VecDestroy(&A);
  EXPECT_EQ(PetRLClosureDestroy(&closure), 0);
  MPI_Barrier(PETSC_COMM_WORLD);
  if (rankOf(PETSC_COMM_WORLD) == 0) {
    EXPECT_EQ(std::system(("rm -r " + save.path + ".training").c_str()), 0);
  }
}

}  // namespace
}  // namespace petrl::test
