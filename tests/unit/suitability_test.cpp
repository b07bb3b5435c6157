// TSADAPTRL: who decides where components are algebraic: the policy or TSADAPTBASIC; asked again of each policy;
// and how messages call it.
#include <gtest/gtest.h>
#include <petrl.h>
#include <sys/stat.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "adapt/rl.hpp"
#include "support/policies.hpp"

namespace {

using namespace petrl;
using namespace petrl::test;

// u' = -v, 0 = v - u^2
PetscErrorCode Function(TS, PetscReal, Vec x, Vec rate, Vec f, void *) {
  const PetscScalar *u, *v;
  PetscScalar *g;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(x, &u));
  PetscCall(VecGetArrayRead(rate, &v));
  PetscCall(VecGetArrayWrite(f, &g));
  g[0] = v[0] + u[1];
  g[1] = u[1] - u[0] * u[0];
  PetscCall(VecRestoreArrayWrite(f, &g));
  PetscCall(VecRestoreArrayRead(rate, &v));
  PetscCall(VecRestoreArrayRead(x, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Jacobian(TS, PetscReal, Vec x, Vec, PetscReal shift, Mat, Mat p, void *) {
  const PetscScalar *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(x, &u));
  PetscCall(MatSetValue(p, 0, 0, shift, INSERT_VALUES));
  PetscCall(MatSetValue(p, 0, 1, 1, INSERT_VALUES));
  PetscCall(MatSetValue(p, 1, 0, -2. * u[0], INSERT_VALUES));
  PetscCall(MatSetValue(p, 1, 1, 1, INSERT_VALUES));
  PetscCall(VecRestoreArrayRead(x, &u));
  PetscCall(MatAssemblyBegin(p, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(p, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct Constrained {
  TS ts;
  TSAdapt adapt;
  Vec x;
  Mat matrix;

  explicit Constrained(TSType type) {
    PetRLThrow(VecCreateSeq(PETSC_COMM_SELF, 2, &x));
    PetRLThrow(VecSet(x, 1));
    PetRLThrow(MatCreateSeqDense(PETSC_COMM_SELF, 2, 2, nullptr, &matrix));
    PetRLThrow(TSCreate(PETSC_COMM_SELF, &ts));
    PetRLThrow(TSSetType(ts, type));
    PetRLThrow(TSSetIFunction(ts, nullptr, Function, nullptr));
    PetRLThrow(TSSetIJacobian(ts, matrix, matrix, Jacobian, nullptr));
    PetRLThrow(TSSetSolution(ts, x));
    PetRLThrow(TSSetTimeStep(ts, 1e-3));
    PetRLThrow(TSSetMaxTime(ts, 1));
    PetRLThrow(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_STEPOVER));
    PetRLThrow(TSGetAdapt(ts, &adapt));
    PetRLThrow(TSAdaptSetType(adapt, TSADAPTRL));
  }
  ~Constrained() {
    (void)TSDestroy(&ts);
    (void)MatDestroy(&matrix);
    (void)VecDestroy(&x);
  }
  // Whether basic decides under this policy, in the next step.
  bool unsuited(const std::string &policy) {
    PetRLThrow(TSAdaptRLSetPolicy(adapt, policy.c_str()));
    PetRLThrow(TSStep(ts));
    const AdaptRL &rl = adaptRL(adapt);
    EXPECT_TRUE(!rl.unsuited || !(rl.control.tolerance || rl.control.accept));
    return rl.unsuited;
  }
};

// A default policy and another one, in a folder of their own.
class Suitability : public ::testing::Test {
 protected:
  const std::string folder = temporary("policies"), other = folder + "/other.h5";

  void SetUp() override {
    ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
    for (const char *name : {"/default.h5", "/other.h5"})
      writePolicy(folder + name, constantPolicy({"error"}, "ratio", 0.5, 2, 0));
    setenv("PETRL_POLICIES", folder.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("PETRL_POLICIES");
    for (const char *name : {"/default.h5", "/other.h5"}) unlink((folder + name).c_str());
    rmdir(folder.c_str());
  }
};

TEST_F(Suitability, IsJudgedAgainForEachPolicy) {
  Constrained bdf(TSBDF);
  EXPECT_TRUE(bdf.unsuited(""));
  EXPECT_FALSE(bdf.unsuited(kClassical));
  EXPECT_TRUE(adaptRL(bdf.adapt).control.tolerance);
  EXPECT_TRUE(bdf.unsuited(""));
  EXPECT_FALSE(bdf.unsuited(other));
}

TEST_F(Suitability, AndWithoutTheSafeguardNoneIsUnsuited) {
  Constrained bdf(TSBDF);
  EXPECT_TRUE(bdf.unsuited(""));
  PetRLThrow(PetscOptionsSetValue(nullptr, "-ts_adapt_rl_safeguard", "false"));
  PetRLThrow(TSSetFromOptions(bdf.ts));
  PetRLThrow(PetscOptionsClearValue(nullptr, "-ts_adapt_rl_safeguard"));
  EXPECT_FALSE(bdf.unsuited(""));
}

// Gives always the same answer.
struct Pupil : StepLearner {
  float answer;
  explicit Pupil(float a) : answer(a) {}
  void decide(const float *, float *action) override { *action = answer; }
  void decided(const std::vector<float> &, const std::vector<float> &) override {}
  void outcome(const Attempt &) override {}
};

// What training says of a policy that has no file yet.
TEST(Training, IsNamed) {
  for (const float answer : {NAN, -1.f}) {
    Constrained bdf(TSBDF);
    Pupil pupil(answer);
    const Policy policy = constantPolicy({"error"}, "ratio", 0.5, 2, 0);
    ::testing::internal::CaptureStdout();
    PetRLThrow(AdaptRLSetTraining(bdf.adapt, policy, &pupil));
    for (int i = 0; i < 40; ++i) PetRLThrow(TSStep(bdf.ts));
    PetRLThrow(TSAdaptView(bdf.adapt, PETSC_VIEWER_STDOUT_SELF));
    const std::string said = ::testing::internal::GetCapturedStdout();
    expectParts(said, {std::isnan(answer) ? "PetRL warning: the policy in training: its decision is not finite"
                                          : "PetRL warning: the policy in training: its steps shrink without end",
                       "RL: the policy in training, backend training"});
    EXPECT_EQ(said.find("default"), std::string::npos) << said;
    EXPECT_FALSE(adaptRL(bdf.adapt).unsuited) << "it may learn what to do";
  }
}

}  // namespace
