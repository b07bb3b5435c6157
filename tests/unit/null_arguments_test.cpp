// A NULL, an object of another class or of another type: an error that names the argument, with any PETSc.
#include <gtest/gtest.h>
#include <petrl.h>
#include <petrllearn.h>
#include <petscsnes.h>

#include "learn/environment.hpp"

namespace {

class NullArguments : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(TSCreate(PETSC_COMM_SELF, &ts), 0);
    ASSERT_EQ(TSGetAdapt(ts, &adapt), 0);
    ASSERT_EQ(TSAdaptSetType(adapt, TSADAPTRL), 0);
    ASSERT_EQ(SNESCreate(PETSC_COMM_SELF, &snes), 0);
    ASSERT_EQ(PetscPushErrorHandler(PetscReturnErrorHandler, NULL), 0);
  }
  void TearDown() override {
    ASSERT_EQ(PetscPopErrorHandler(), 0);
    ASSERT_EQ(SNESDestroy(&snes), 0);
    ASSERT_EQ(TSDestroy(&ts), 0);
  }
  TS ts = NULL;
  TSAdapt adapt = NULL;
  SNES snes = NULL;
};

PetscErrorCode observable(TS, void *, PetscReal *value) {
  *value = 0;
  return PETSC_SUCCESS;
}

TEST_F(NullArguments, StepController) {
  EXPECT_EQ(TSAdaptRLSetPolicy(adapt, NULL), 0);  // the default one
  EXPECT_EQ(TSAdaptRLSetPolicy(NULL, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(TSAdaptRLGetPolicy(adapt, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(TSAdaptRLAddObservable(adapt, NULL, observable, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(TSAdaptRLAddObservable(adapt, "x", NULL, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(TSAdaptRLGetCounters(adapt, NULL, NULL, NULL), 0);
  const char *file = nullptr;
  EXPECT_EQ(TSAdaptRLGetPolicy((TSAdapt)snes, &file), PETSC_ERR_ARG_WRONG);
  EXPECT_EQ(TSAdaptSetType(adapt, TSADAPTBASIC), 0);
  EXPECT_EQ(TSAdaptRLGetPolicy(adapt, &file), PETSC_ERR_ARG_WRONG);
}

TEST_F(NullArguments, Integrators) {
  Vec out = NULL;
  EXPECT_EQ(SNESPDASGetReaction(NULL, &out), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(SNESPDASGetReaction(snes, &out), PETSC_ERR_ARG_WRONG);
  if (sizeof(PetscScalar) != sizeof(double)) {  // they need real scalars of double precision
    EXPECT_EQ(SNESSetType(snes, SNESPDAS), PETSC_ERR_SUP);
    EXPECT_EQ(TSSetType(ts, TSBATHE), PETSC_ERR_SUP);
    return;
  }
  ASSERT_EQ(SNESSetType(snes, SNESPDAS), 0);
  EXPECT_EQ(SNESPDASGetReaction(snes, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(SNESPDASGetActive(snes, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(SNESPDASGetResidualSum(snes, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(SNESPDASSetReaction(snes, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(TSBatheGetHistory(ts, &out), PETSC_ERR_ARG_WRONG);
  ASSERT_EQ(TSSetType(ts, TSBATHE), 0);
  EXPECT_EQ(TSBatheGetHistory(ts, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(TSBatheGetReaction(ts, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(TSBatheGetAcceleration(ts, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(TSBatheSetHistory(ts, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(TSBatheSetHistory(ts, (Vec)snes), PETSC_ERR_ARG_WRONG);
}

PetscErrorCode tryAll(PetRLEnvironment env) {
  PetscReal real = 0;
  PetscInt integer = 0;
  EXPECT_EQ(PetRLEnvironmentGetReal(NULL, "k", 0, 1, &real), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentGetReal(env, NULL, 0, 1, &real), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentGetReal(env, "k", 0, 1, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentGetInt(env, "k", 0, 1, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentGetInt(env, NULL, 0, 1, &integer), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentGetString(env, "k", NULL, 1), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentGetContext(env, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentAddObservable(env, NULL, 0, 1), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentAddAction(NULL, 0, 1), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentSetPolicy(env, NULL, "linear"), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentSetPolicy(env, "tsadapt", NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentSetStream(env, NULL, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentSetTS(env, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentSetMesh(env, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentSetGrid(env, 4, 4, NULL, NULL, NULL, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentSetGridDepth(NULL, 4), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentSetGridDepth(env, 0), PETSC_ERR_ARG_OUTOFRANGE);
  EXPECT_EQ(PetRLEnvironmentSetGridMargin(NULL, 1), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentSetGridMargin(env, -1), PETSC_ERR_ARG_OUTOFRANGE);
  return PETSC_SUCCESS;
}

TEST_F(NullArguments, Episodes) {
  PetRLEpisode none = NULL;
  PetRLOutcome outcome;
  double number = 0;
  float x = 0;
  EXPECT_EQ(PetRLEpisodeCreate(NULL, "a.yaml", &none), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEpisodeCreate("environment: {name: nothing}", "a.yaml", NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEpisodeGetSizes(none, NULL, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEpisodeGetSpecification(none, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEpisodeReset(none, 1, &x), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEpisodeStep(none, &x, &x, &number, &outcome), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEpisodeDecide(none, "p.h5", &x, &x), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEpisodeEvaluate(none, "p.h5", &number, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEpisodeDestroy(NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEpisodeDestroy(&none), 0);
}

TEST_F(NullArguments, Environments) {
  EXPECT_EQ(PetRLEnvironmentRegister(NULL, tryAll), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLEnvironmentRegister("nothing", NULL), PETSC_ERR_ARG_NULL);
  ASSERT_EQ(PetRLEnvironmentRegister("nothing", tryAll), 0);
  // It says no shape.
  EXPECT_THROW(petrl::makeEnvironment(petrl::YamlMap::parse("name: nothing", "text"), "stream", "test"), petrl::Error);
  EXPECT_EQ(PetRLMeshAgentDecide(NULL, 0, 0, NULL, NULL, NULL, NULL), PETSC_ERR_ARG_NULL);
  EXPECT_EQ(PetRLMeshAgentRecord(NULL, 0, 0, NULL, NULL, NULL, NULL), PETSC_ERR_ARG_NULL);
}

}  // namespace
