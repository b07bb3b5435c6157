// Environments from outside (PetRLEpisode): what steps give is what an agent within the episode sees.
#include <gtest/gtest.h>
#include <petrllearn.h>

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/error_text.hpp"
#include "learn/environment.hpp"
#include "learn/interface/coroutine.hpp"
#include "support/policies.hpp"

namespace {

using namespace petrl;

// --- a world of known numbers: the observation counts, the reward is the action times it ---

struct Count {
  PetscInt64 n = 0, end = 3;
  PetscInt terminal = 0, fails = 0;
} counts;

PetscErrorCode CountReset(PetRLEnvironment, PetscInt64 seed, PetscReal observation[]) {
  counts.n = observation[0] = static_cast<PetscReal>(seed);
  counts.end = seed + 3;
  return PETSC_SUCCESS;
}

PetscErrorCode CountStep(PetRLEnvironment, const PetscReal action[], PetscReal observation[], PetscReal *reward,
                         PetRLOutcome *outcome) {
  PetscFunctionBegin;
  PetscCheck(!counts.fails || counts.n + 1 < counts.end, PETSC_COMM_SELF, PETSC_ERR_LIB, "the counter is broken");
  *reward = action[0] * static_cast<PetscReal>(counts.n);
  observation[0] = static_cast<PetscReal>(++counts.n);
  *outcome = counts.n < counts.end ? PETRL_RUNNING : counts.terminal ? PETRL_TERMINAL : PETRL_TRUNCATED;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CreateCount(PetRLEnvironment env) {
  PetscFunctionBegin;
  PetscCall(PetRLEnvironmentGetInt(env, "terminal", 0, 1, &counts.terminal));
  PetscCall(PetRLEnvironmentGetInt(env, "fails", 0, 1, &counts.fails));
  PetscCall(PetRLEnvironmentSetPolicy(env, "tsadapt", "ratio"));
  PetscCall(PetRLEnvironmentAddObservable(env, "count", 0, 10));
  PetscCall(PetRLEnvironmentAddAction(env, 0.5, 2));
  PetscCall(PetRLEnvironmentSetStream(env, CountReset, CountStep));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// --- an oscillator under a TS: explicit, or implicit with a Newton method that fails at long steps ---

constexpr PetscReal kStiff = 30;

PetscErrorCode Oscillate(TS, PetscReal t, Vec X, Vec F, void *) {
  const PetscScalar *x;
  PetscScalar *f;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(X, &x));
  PetscCall(VecGetArrayWrite(F, &f));
  f[0] = x[1];
  f[1] = kStiff * (1. - x[0] * x[0]) * x[1] - x[0] + 0.1 * PetscSinReal(t);
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Jacobian(TS, PetscReal, Vec X, Mat J, Mat, void *) {
  const PetscScalar *x;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(X, &x));
  PetscCall(MatSetValue(J, 0, 0, 0, INSERT_VALUES));
  PetscCall(MatSetValue(J, 0, 1, 1, INSERT_VALUES));
  PetscCall(MatSetValue(J, 1, 0, -2 * kStiff * x[0] * x[1] - 1., INSERT_VALUES));
  PetscCall(MatSetValue(J, 1, 1, kStiff * (1. - x[0] * x[0]), INSERT_VALUES));
  PetscCall(MatAssemblyBegin(J, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(J, MAT_FINAL_ASSEMBLY));
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CreateOscillator(PetRLEnvironment env, PetscInt64 seed, TS *ts) {
  PetscInt *implicit;
  SNES snes;
  Mat J;
  Vec X;

  PetscFunctionBeginUser;
  PetscCall(PetRLEnvironmentGetContext(env, &implicit));
  PetscCall(TSCreate(PETSC_COMM_SELF, ts));
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, 2, &X));
  PetscCall(VecSet(X, 1. + 0.01 * static_cast<PetscReal>(seed % 100)));
  PetscCall(TSSetRHSFunction(*ts, NULL, Oscillate, NULL));
  PetscCall(TSSetSolution(*ts, X));
  PetscCall(VecDestroy(&X));
  PetscCall(TSSetType(*ts, *implicit ? TSARKIMEX : TSRK));
  if (*implicit) {
    PetscCall(MatCreateSeqDense(PETSC_COMM_SELF, 2, 2, NULL, &J));
    PetscCall(TSSetRHSJacobian(*ts, J, J, Jacobian, NULL));
    PetscCall(MatDestroy(&J));
    PetscCall(TSARKIMEXSetFullyImplicit(*ts, PETSC_TRUE));
    PetscCall(TSGetSNES(*ts, &snes));
    PetscCall(SNESSetTolerances(snes, 1e-12, 1e-10, 0, 3, 1000));
    PetscCall(TSSetMaxSNESFailures(*ts, -1));
  }
  PetscCall(TSSetMaxTime(*ts, *implicit ? 60 : 3));
  PetscCall(TSSetTimeStep(*ts, 1e-3));
  PetscCall(TSSetTolerances(*ts, 1e-3, NULL, 1e-3, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt implicit_solver[2] = {0, 1};

template <int implicit>
PetscErrorCode CreateTimes(PetRLEnvironment env) {
  PetscFunctionBegin;
  PetscCall(PetRLEnvironmentSetContext(env, &implicit_solver[implicit], NULL));
  PetscCall(PetRLEnvironmentSetTS(env, CreateOscillator));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void registerAll() {
  ASSERT_FALSE(PetRLEnvironmentRegister("count", CreateCount));
  ASSERT_FALSE(PetRLEnvironmentRegister("explicit", CreateTimes<0>));
  ASSERT_FALSE(PetRLEnvironmentRegister("implicit", CreateTimes<1>));
}

struct Episode {
  explicit Episode(const std::string &environment) {
    registerAll();
    EXPECT_FALSE(PetRLEpisodeCreate(("environment: " + environment).c_str(), "a.yaml", &handle));
    EXPECT_FALSE(PetRLEpisodeGetSizes(handle, &observations, &actions));
    observation.resize(static_cast<std::size_t>(observations));
  }
  ~Episode() { EXPECT_FALSE(PetRLEpisodeDestroy(&handle)); }
  void reset(PetscInt64 seed) { ASSERT_FALSE(PetRLEpisodeReset(handle, seed, observation.data())); }
  PetRLOutcome step(float action) {
    PetRLOutcome outcome = PETRL_RUNNING;
    EXPECT_FALSE(PetRLEpisodeStep(handle, &action, observation.data(), &reward, &outcome));
    return outcome;
  }
  PetRLEpisode handle = NULL;
  int observations = 0, actions = 0;
  std::vector<float> observation;
  double reward = 0;
};

// What PETSc says of the error that a call returns.
template <typename Call>
std::string messageOf(const Call &call) {
  EXPECT_FALSE(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  const PetscErrorCode code = call();
  EXPECT_FALSE(PetscPopErrorHandler());
  if (code == PETSC_SUCCESS) return "no error";
  const char *text = petrl::errorText(PetscErrorMessage, code);
  return text != nullptr ? text : "no text";
}

// A policy that answers to what it sees, and takes steps that are too long now and then.
float answer(const std::vector<float> &x) {
  return x.size() < 9 ? std::tanh(x[0]) : std::tanh(0.3f - 0.25f * x[0] + 0.1f * x[1] - 0.5f * x[5] - 0.5f * x[6]);
}

TEST(Episode, NumbersByHand) {
  for (const bool terminal : {false, true}) {
    Episode e(terminal ? "{name: count, terminal: 1}" : "{name: count}");
    ASSERT_EQ(e.observations, 1);
    ASSERT_EQ(e.actions, 1);
    for (int again = 0; again < 2; ++again) {
      e.reset(4);
      EXPECT_FLOAT_EQ(e.observation[0], 0.4f);
      EXPECT_EQ(e.step(0.5f), PETRL_RUNNING);
      EXPECT_EQ(e.reward, 2.);
      EXPECT_FLOAT_EQ(e.observation[0], 0.5f);
      EXPECT_EQ(e.step(-1), PETRL_RUNNING);
      EXPECT_EQ(e.reward, -5.);
      EXPECT_EQ(e.step(1), terminal ? PETRL_TERMINAL : PETRL_TRUNCATED);
      EXPECT_EQ(e.reward, 6.);
      EXPECT_FLOAT_EQ(e.observation[0], terminal ? 0.6f : 0.7f);  // nothing follows a terminal step
    }
  }
}

TEST(Episode, ErrorsSayWhatIsWrong) {
  Episode e("{name: count, fails: 1}");
  PetRLEpisode other = NULL;
  const float action = 0, far = 1.5f;
  double reward;
  PetRLOutcome outcome;
  const auto step = [&](const float *a) {
    return messageOf([&] { return PetRLEpisodeStep(e.handle, a, e.observation.data(), &reward, &outcome); });
  };
  test::expectParts(step(&action), {"no episode", "PetRLEpisodeReset()"});
  e.reset(1);
  test::expectParts(step(&far), {"action 0", "-1 to 1", "1.5"});
  EXPECT_EQ(step(&action), "no error");
  EXPECT_EQ(step(&action), "no error");
  test::expectParts(step(&action), {"the counter is broken"});
  test::expectParts(step(&action), {"no episode"});
  test::expectParts(messageOf([&] { return PetRLEpisodeReset(e.handle, -1, e.observation.data()); }), {"seed", "-1"});
  const auto create = [&](const char *yaml) {
    return messageOf([&] { return PetRLEpisodeCreate(yaml, "a.yaml", &other); });
  };
  test::expectParts(create("environment: {name: cuont}"), {"a.yaml:1", "cuont", "nearest: count", "known"});
  test::expectParts(create("environment: {name: count, terminla: 1}"), {"a.yaml:1", "terminla", "terminal"});
  test::expectParts(create("seed: 1"), {"a.yaml", "environment"});
  test::expectParts(create("plugins: [libnone.so]\nenvironment: {name: count}"), {"plugins", "libnone.so"});
  test::expectParts(create("environment: ["), {"a.yaml"});
  std::string elsewhere;
  std::thread([&] { elsewhere = step(&action); }).join();
  test::expectParts(elsewhere, {"thread"});
}

struct Seen {
  std::vector<std::vector<float>> observation, next;
  std::vector<double> reward;
  bool terminal = false;
};

// What an agent within the episodes sees.
struct Within : Agent {
  explicit Within(bool ahead) : foresees(ahead) {}
  void decide(const float *x, float *a) override { *a = answer({x, x + n}); }
  bool foresee(const float *x, float *a) override {
    *a = 0;
    return foresees && (decide(x, a), true);
  }
  void record(const Transition &t) override {
    seen.observation.push_back(t.observation);
    seen.next.push_back(t.next_observation);
    seen.reward.push_back(static_cast<double>(t.reward));
    seen.terminal = t.terminal;
  }
  bool foresees;
  std::size_t n = 0;
  Seen seen;
};

Seen within(const std::string &environment, std::uint64_t seed, bool foresees) {
  registerAll();
  const auto world = makeEnvironment<StreamEnvironment>(YamlMap::parse(environment, "a.yaml"), "test");
  Within agent(foresees);
  agent.n = world->observation().names.size();
  world->episode(agent, seed);
  return agent.seen;
}

Seen outside(Episode &e, PetscInt64 seed) {
  Seen seen;
  PetRLOutcome outcome = PETRL_RUNNING;
  e.reset(seed);
  while (outcome == PETRL_RUNNING) {
    seen.observation.push_back(e.observation);
    outcome = e.step(answer(e.observation));
    seen.next.push_back(e.observation);
    seen.reward.push_back(e.reward);
  }
  seen.terminal = outcome == PETRL_TERMINAL;
  return seen;
}

void expectSame(const Seen &a, const Seen &b) {
  ASSERT_EQ(a.reward.size(), b.reward.size());
  EXPECT_EQ(a.terminal, b.terminal);
  for (std::size_t i = 0; i < a.reward.size(); ++i) {
    EXPECT_EQ(a.observation[i], b.observation[i]) << i;
    EXPECT_EQ(a.next[i], b.next[i]) << i;
    EXPECT_NEAR(a.reward[i], b.reward[i], 1e-5) << i;
  }
}

// Decision by decision, also where the time is over or the steps are used up: the last decision has consequences.
TEST(Episode, StepsAreWhatAnAgentSees) {
  for (const char *environment : {"{name: explicit}", "{name: explicit, max_steps: 20}", "{name: implicit}"}) {
    Episode e(environment);
    for (const int seed : {3, 4}) {
      SCOPED_TRACE(environment);
      const Seen inside = within(environment, static_cast<std::uint64_t>(seed), false);
      EXPECT_GT(inside.reward.size(), 10u);
      float failures = 0;
      for (const auto &x : inside.observation) failures += x[8];
      EXPECT_EQ(failures > 0, std::string(environment) == "{name: implicit}");
      expectSame(inside, outside(e, seed));
    }
  }
}

// Where no solve fails, nothing else is different for an agent that is asked in advance.
TEST(Episode, DecisionsInAdvanceChangeNothingByThemselves) {
  expectSame(within("{name: explicit}", 5, true), within("{name: explicit}", 5, false));
}

TEST(Episode, ManySideBySideAndLeft) {
  Episode a("{name: explicit}"), b("{name: implicit}"), c("{name: explicit}");
  const Seen expected = outside(a, 7);
  // c is in the middle of a solve while a and b run, are left, and start again.
  c.reset(7);
  std::size_t done = 0;
  for (int i = 0; i < 50; ++i) {
    a.reset(i);
    b.reset(i);
    for (int k = 0; k < i % 4; ++k) a.step(0.3f), b.step(-0.2f);
    if (done + 1 < expected.reward.size() && i % 5 == 0) {
      EXPECT_EQ(c.observation, expected.observation[done]);
      c.step(answer(c.observation));
      EXPECT_EQ(c.reward, expected.reward[done++]);
    }
  }
  expectSame(outside(a, 7), expected);
}

TEST(Episode, WhatIsLeftLeavesNoMemory) {
  PetscLogDouble before = 0, after = 0;
  Episode e("{name: implicit}");
  for (int i = 0; i < 6; ++i) {
    e.reset(i);
    e.step(0.1f);
    if (i == 1) {
      ASSERT_FALSE(PetscMallocGetCurrentUsage(&before));
    }
  }
  ASSERT_FALSE(PetscMallocGetCurrentUsage(&after));
  EXPECT_EQ(before, after);  // both 0 without -malloc_debug
}

TEST(Coroutine, GoesOnWhereItWas) {
  std::string path;
  Coroutine *self = nullptr;
  Coroutine c([&] {
    path += "a";
    self->yield();
    path += "b";
    self->yield();
    throw Error("the end");
  });
  self = &c;
  c.resume();
  EXPECT_EQ(path, "a");
  c.resume();
  EXPECT_EQ(path, "ab");
  EXPECT_FALSE(c.done());
  EXPECT_THROW(c.resume(), Error);
  EXPECT_TRUE(c.done());
  c.resume();  // nothing
}

// Exceptions within do not disturb one that is on its way outside.
TEST(Coroutine, HasExceptionsOfItsOwn) {
  Coroutine *self = nullptr;
  int caught = 0;
  Coroutine c([&] {
    for (int i = 0; i < 3; ++i) {
      try {
        throw std::runtime_error("inside");
      } catch (const std::exception &) {
        ++caught;
      }
      self->yield();
    }
  });
  self = &c;
  try {
    c.resume();
    throw Error("outside");
  } catch (const Error &e) {
    c.resume();
    EXPECT_STREQ(e.what(), "outside");
  }
  c.resume();
  c.resume();
  EXPECT_TRUE(c.done());
  EXPECT_EQ(caught, 3);
}

}  // namespace
