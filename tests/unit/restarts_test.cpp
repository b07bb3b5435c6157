// StepCase::run(): the method starts anew at the first steps that begin at given times or later, and at no other.
#include <gtest/gtest.h>
#include <petrl.h>
#include <petsc/private/tsimpl.h>

#include "problems/ode/run.hpp"
#include "support/decay.hpp"

using namespace petrl;

namespace {

std::vector<double> restarted;

PetscErrorCode BeforeStep(TS ts) {
  PetscFunctionBegin;
  if (ts->steprestart) PetRLCallCXX(restarted.push_back(static_cast<double>(ts->ptime)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

StepRun run(StepCase &c, const std::vector<double> &restarts) {
  restarted.clear();
  return c.run([](TSAdapt adapt) { return TSAdaptSetType(adapt, TSADAPTNONE); }, 1000, 1, nullptr, restarts);
}

}  // namespace

TEST(Restarts, AtTheFirstStepsFromTheirTimesOn) {
  Decay decay;  // steps of 1/8
  decay.before_step = BeforeStep;
  const StepRun plain = run(decay, {});
  EXPECT_EQ(restarted, (std::vector<double>{0}));  // as PETSc has it
  const StepRun r = run(decay, {0.2, 0.25, 0.26, 0.3, 0.7, 0.999});
  EXPECT_EQ(restarted, (std::vector<double>{0, 0.25, 0.375, 0.75}));
  // A method without memory takes no notice.
  EXPECT_EQ(plain.steps, 8);
  EXPECT_EQ(r.steps, 8);
  EXPECT_EQ(r.solution, plain.solution);
}

TEST(Restarts, AreSeenByWhatRemembers) {
  ode::Case c;
  c.problem = ode::makeProblem("lotkavolterra", nullptr);
  c.method = "bdf2";
  const auto basic = ode::controller("basic");
  const double end = c.problem->finalTime;
  const StepRun plain = ode::run(c, basic), none = c.StepCase::run(basic, 1000000, 0, nullptr, {});
  EXPECT_EQ(none.solution, plain.solution);
  EXPECT_EQ(none.cost, plain.cost);
  const StepRun some = c.StepCase::run(basic, 1000000, 0, nullptr, {0.25 * end, 0.5 * end});
  EXPECT_TRUE(some.finished);
  EXPECT_NE(some.solution, plain.solution);
}
