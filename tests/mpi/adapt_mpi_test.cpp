// TSADAPTRL on several ranks: one decision for all of them, the same as on one rank; errors reach every rank.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>

#include "adapt/rl.hpp"
#include "mpi/reaction_diffusion.hpp"
#include "support/closures.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

int rankOf(MPI_Comm comm) {
  PetscMPIInt rank = 0;
  MPI_Comm_rank(comm, &rank);
  return rank;
}

// A policy file that the first rank writes and all ranks name.
class PolicyFile {
 public:
  explicit PolicyFile(const Policy &policy) : PolicyFile([&](const std::string &p) { writePolicy(p, policy); }) {}
  explicit PolicyFile(const std::function<void(const std::string &)> &write) {
    char name[512] = {};
    if (rankOf(PETSC_COMM_WORLD) == 0) {
      std::snprintf(name, sizeof name, "%s", temporary("mpi.h5").c_str());
      write(name);
    }
    MPI_Bcast(name, sizeof name, MPI_CHAR, 0, PETSC_COMM_WORLD);
    path = name;
  }
  ~PolicyFile() {
    MPI_Barrier(PETSC_COMM_WORLD);
    if (rankOf(PETSC_COMM_WORLD) == 0) std::remove(path.c_str());
  }
  std::string path;
};

// Errors are caught instead of ending the program, and the first message is kept.
class CaughtErrors {
 public:
  CaughtErrors() { PetscPushErrorHandler(keep, &message); }
  ~CaughtErrors() { PetscPopErrorHandler(); }
  std::string message;

 private:
  static PetscErrorCode keep(MPI_Comm, int, const char *, const char *, PetscErrorCode n, PetscErrorType p,
                             const char *text, void *ctx) {
    if (p == PETSC_ERROR_INITIAL && text != nullptr) *static_cast<std::string *>(ctx) = text;
    return n;
  }
};

// The same error on all ranks, with these words in it.
void expectError(Integration run, const std::vector<std::string> &parts) {
  CaughtErrors errors;
  const int code = Integrate(PETSC_COMM_WORLD, run);
  int low = code, high = code;
  MPI_Allreduce(MPI_IN_PLACE, &low, 1, MPI_INT, MPI_MIN, PETSC_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, &high, 1, MPI_INT, MPI_MAX, PETSC_COMM_WORLD);
  EXPECT_NE(low, 0);
  EXPECT_EQ(low, high);
  expectParts(errors.message, parts);
}

void expectSameOnAllRanks(const std::vector<double> &times) {
  std::vector<double> first = times;
  int n = static_cast<int>(times.size()), low = n, high = n;
  MPI_Allreduce(MPI_IN_PLACE, &low, 1, MPI_INT, MPI_MIN, PETSC_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, &high, 1, MPI_INT, MPI_MAX, PETSC_COMM_WORLD);
  ASSERT_EQ(low, high);
  MPI_Bcast(first.data(), n, MPI_DOUBLE, 0, PETSC_COMM_WORLD);
  EXPECT_EQ(times, first);  // to the last bit
}

// A network that listens to what it observes.
Policy listeningPolicy() {
  Policy p = stepPolicySpecification({}, "error-ratio", 0.5, 1.0);
  p.network.parameters = {{"activation", "relu"}, {"output", "tanh"}};
  const std::size_t n = p.observation.names.size();
  std::mt19937 rng(3);
  std::normal_distribution<float> normal(0, 0.2f);
  Tensor w0{{16, n}, {}}, w1{{1, 16}, {}};
  for (std::size_t i = 0; i < 16 * n; ++i) w0.data.push_back(normal(rng));
  for (std::size_t i = 0; i < 16; ++i) w1.data.push_back(normal(rng));
  p.network.weights = {{"layer0/weight", w0},
                       {"layer0/bias", {{16}, std::vector<float>(16, 0.1f)}},
                       {"layer1/weight", w1},
                       {"layer1/bias", {{1}, {0.5f}}}};
  return p;
}

}  // namespace

TEST(AdaptMpi, StepsAreThoseOfOneRank) {
  for (const auto &policy : {constantPolicy({"error"}, "error-ratio", 0.5, 1.2, 0.2f), listeningPolicy()}) {
    const PolicyFile file(policy);
    for (const char *type : {"rk", "rosw", "bdf"}) {
      SCOPED_TRACE(type);
      Integration together, alone;
      together.type = alone.type = type;
      together.policy = alone.policy = file.path;
      ASSERT_EQ(Integrate(PETSC_COMM_WORLD, together), 0);
      ASSERT_EQ(Integrate(PETSC_COMM_SELF, alone), 0);
      expectSameOnAllRanks(together.times);
      ASSERT_EQ(together.times.size(), alone.times.size());
      EXPECT_GT(together.times.size(), 10u);
      for (std::size_t i = 0; i < alone.times.size(); ++i)
        EXPECT_NEAR(together.times[i], alone.times[i], 1e-6 * alone.final_time) << i;
      EXPECT_NEAR(together.sum, alone.sum, 1e-6 * alone.sum);
      EXPECT_EQ(together.times.back(), alone.final_time);
      EXPECT_EQ(together.fallbacks, 0);
      EXPECT_GE(together.decisions, static_cast<PetscInt>(together.times.size()) - 1);
    }
  }
}

// The equation of the last rank alone leaves its domain in a long step: u' = -20 log(u), elsewhere u' = 1 - u.
TEST(AdaptMpi, AStepThatIsNoNumberOnOneRankIsRejectedOnAll) {
  const auto evaluate = [](TS ts, PetscReal, Vec u, Vec f, void *) -> PetscErrorCode {
    PetscMPIInt rank, size;
    const PetscScalar *x;
    PetscScalar *y;

    PetscFunctionBeginUser;
    PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)ts), &rank));
    PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)ts), &size));
    PetscCall(VecGetArrayRead(u, &x));
    PetscCall(VecGetArrayWrite(f, &y));
    y[0] = rank == size - 1 ? -20 * std::log(PetscRealPart(x[0])) : 1 - PetscRealPart(x[0]);
    PetscCall(VecRestoreArrayWrite(f, &y));
    PetscCall(VecRestoreArrayRead(u, &x));
    PetscFunctionReturn(PETSC_SUCCESS);
  };
  TS ts;
  TSAdapt adapt;
  Vec u;
  PetscInt rejections;
  PetscReal low, high;
  ASSERT_EQ(TSCreate(PETSC_COMM_WORLD, &ts), PETSC_SUCCESS);
  ASSERT_EQ(TSSetType(ts, TSRK), PETSC_SUCCESS);
  ASSERT_EQ(TSSetRHSFunction(ts, nullptr, evaluate, nullptr), PETSC_SUCCESS);
  ASSERT_EQ(VecCreateMPI(PETSC_COMM_WORLD, 1, PETSC_DETERMINE, &u), PETSC_SUCCESS);
  ASSERT_EQ(VecSet(u, 0.05), PETSC_SUCCESS);
  ASSERT_EQ(TSSetSolution(ts, u), PETSC_SUCCESS);
  ASSERT_EQ(TSSetTimeStep(ts, 0.5), PETSC_SUCCESS);
  ASSERT_EQ(TSSetMaxTime(ts, 10), PETSC_SUCCESS);
  ASSERT_EQ(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP), PETSC_SUCCESS);
  ASSERT_EQ(TSGetAdapt(ts, &adapt), PETSC_SUCCESS);
  ASSERT_EQ(TSAdaptSetType(adapt, TSADAPTRL), PETSC_SUCCESS);
  ASSERT_EQ(TSAdaptRLSetPolicy(adapt, kClassical), PETSC_SUCCESS);
  ASSERT_EQ(TSSolve(ts, nullptr), PETSC_SUCCESS);
  ASSERT_EQ(TSGetStepRejections(ts, &rejections), PETSC_SUCCESS);
  EXPECT_GT(rejections, 0);
  ASSERT_EQ(VecMin(u, nullptr, &low), PETSC_SUCCESS);
  ASSERT_EQ(VecMax(u, nullptr, &high), PETSC_SUCCESS);
  EXPECT_NEAR(low, 1, 1e-3);
  EXPECT_NEAR(high, 1, 1e-3);
  EXPECT_EQ(VecDestroy(&u), PETSC_SUCCESS);
  EXPECT_EQ(TSDestroy(&ts), PETSC_SUCCESS);
}

// Nobody but the first rank opens it: elsewhere it may not even be there.
TEST(AdaptMpi, TheFirstRankReadsTheFile) {
  const PolicyFile file(listeningPolicy());
  Integration run, elsewhere;
  run.policy = file.path;
  elsewhere.policy = rankOf(PETSC_COMM_WORLD) == 0 ? file.path : "/no/such/file.h5";
  ASSERT_EQ(Integrate(PETSC_COMM_WORLD, run), 0);
  ASSERT_EQ(Integrate(PETSC_COMM_WORLD, elsewhere), 0);
  EXPECT_EQ(run.times, elsewhere.times);
}

TEST(AdaptMpi, MistakesInTheFileAreErrorsEverywhere) {
  Integration run;
  run.policy = "/no/such/policy.h5";
  expectError(run, {"/no/such/policy.h5", "cannot be opened"});
  const PolicyFile text([](const std::string &path) { std::ofstream(path) << "kind: tsadapt\n"; });
  run.policy = text.path;
  expectError(run, {text.path});
  const PolicyFile kind(constantClosure({"psi"}, "additive", -1, 1, {0.f}));
  run.policy = kind.path;
  expectError(run, {kind.path, "expected a tsadapt policy", "found a closure policy"});
  const PolicyFile unknown(constantPolicy({"error", "temperature"}, "ratio", 0.5, 2, 0));
  run.policy = unknown.path;
  expectError(run, {unknown.path, "'temperature'", "TSAdaptRLAddObservable"});
}

// Only here is a method without error estimate refused: the policy was named, and needs the error.
TEST(AdaptMpi, MethodWithoutErrorEstimate) {
  const PolicyFile needs(constantPolicy({"error"}, "ratio", 0.5, 2, 0));
  Integration run;
  run.type = "euler";
  run.policy = needs.path;
  expectError(run, {needs.path, "needs the local error", "TS type euler"});
  const PolicyFile free(constantPolicy({"step_ratio"}, "linear", 1e-3, 3e-3, 0));
  run.policy = free.path;
  run.final_time = 0.05;
  EXPECT_EQ(Integrate(PETSC_COMM_WORLD, run), 0);
  EXPECT_GT(run.times.size(), 20u);
}

namespace {

struct Heat {
  double value = 0;
  long calls = 0;
};

// Every rank but the first gives a wrong value, which nobody may use.
PetscErrorCode HeatOf(TS ts, void *ctx, PetscReal *value) {
  PetscReal t;

  PetscFunctionBeginUser;
  PetscCall(TSGetTime(ts, &t));
  ++static_cast<Heat *>(ctx)->calls;
  *value = rankOf(PetscObjectComm((PetscObject)ts)) == 0 ? static_cast<Heat *>(ctx)->value * t : 1e30;
  PetscFunctionReturn(0);
}

PetscErrorCode NotANumber(TS, void *, PetscReal *value) {
  *value = std::numeric_limits<PetscReal>::quiet_NaN();
  return 0;
}

// tanh of the one thing observed.
Policy heatPolicy() {
  Policy p = constantPolicy({"heat"}, "linear", 1e-3, 5e-3, 0);
  p.observation.offset = {0.5f};
  p.observation.scale = {0.25f};
  p.network.weights["layer0/weight"].data = {1};
  return p;
}

}  // namespace

TEST(AdaptMpi, ObservableOfTheApplicationReachesThePolicy) {
  const PolicyFile file(heatPolicy());
  Heat heat;
  heat.value = 10;
  Integration run;
  run.policy = file.path;
  run.always_accept = true;
  run.final_time = 0.1;
  run.configure = [&](TSAdapt adapt) { return TSAdaptRLAddObservable(adapt, "heat", HeatOf, &heat); };
  ASSERT_EQ(Integrate(PETSC_COMM_WORLD, run), 0);
  expectSameOnAllRanks(run.times);
  EXPECT_EQ(heat.calls, run.decisions);
  EXPECT_EQ(run.fallbacks, 0);
  ASSERT_GT(run.times.size(), 20u);
  // The decision after a step that started at t[i - 1] is the step from t[i]; the last ones meet the final time.
  for (std::size_t i = 1; i + 4 < run.times.size(); ++i) {
    const double input = std::min(5.0, std::max(-5.0, (heat.value * run.times[i - 1] - 0.5) / 0.25));
    const double expected = 1e-3 + 0.5 * (std::tanh(input) + 1) * 4e-3;
    EXPECT_NEAR(run.times[i + 1] - run.times[i], expected, 1e-7) << i;
  }
}

TEST(AdaptMpi, ObservableThatIsNoNumberFallsBackOnBasic) {
  const PolicyFile file(heatPolicy());
  Integration run;
  run.policy = file.path;
  run.configure = [&](TSAdapt adapt) { return TSAdaptRLAddObservable(adapt, "heat", NotANumber, nullptr); };
  ASSERT_EQ(Integrate(PETSC_COMM_WORLD, run), 0);
  expectSameOnAllRanks(run.times);
  EXPECT_EQ(run.fallbacks, run.decisions);
  EXPECT_EQ(run.times.back(), run.final_time);
}

TEST(AdaptMpi, ObservablesWithBuiltInNamesAreRefused) {
  const PolicyFile file(heatPolicy());
  Integration run;
  run.policy = file.path;
  run.configure = [&](TSAdapt adapt) { return TSAdaptRLAddObservable(adapt, "step_ratio", NotANumber, nullptr); };
  expectError(run, {"'step_ratio'", "another name"});
}

// Who watches and learns does so on the first rank: its exceptions must not leave the others waiting for a decision.
TEST(AdaptMpi, ExceptionsOfTheFirstRankReachAll) {
  const PolicyFile file(constantPolicy({"error"}, "error-ratio", 0.5, 1.2, 0.2f));
  for (const char *type : {"rk", "bdf"}) {
    Integration run;
    run.type = type;
    run.policy = file.path;
    run.configure = [](TSAdapt adapt) -> PetscErrorCode {
      if (rankOf(PETSC_COMM_WORLD) == 0)
        adaptRL(adapt).observer = [](const Attempt &a) {
          if (a.t > 0.1) throw Error("the observer has seen enough");
        };
      return PETSC_SUCCESS;
    };
    expectError(run, {"the observer has seen enough"});
  }
}
