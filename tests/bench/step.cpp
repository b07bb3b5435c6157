// One step of a TS with two unknowns, under basic and under rl with two hidden layers of 64: the difference is what the
// controller costs. Steps are fixed (dt_min = dt_max, all accepted), so that both do the same work besides.
#include <benchmark/benchmark.h>
#include <petrl.h>
#include <unistd.h>

#include <cstdio>
#include <random>

#include "adapt/specification.hpp"
#include "policy/policy.hpp"

namespace {

PetscErrorCode Decay(TS, PetscReal, Vec u, Vec f, void *) {
  PetscFunctionBeginUser;
  PetscCall(VecCopy(u, f));
  PetscCall(VecScale(f, -1));
  PetscFunctionReturn(0);
}

PetscErrorCode DecaySlope(TS, PetscReal, Vec, Mat A, Mat, void *) {
  PetscFunctionBeginUser;
  PetscCall(MatZeroEntries(A));
  PetscCall(MatShift(A, -1));
  PetscFunctionReturn(0);
}

std::string policyFile() {
  petrl::Policy p = petrl::stepPolicySpecification({}, "ratio", 0.5, 2);
  const std::size_t widths[] = {p.observation.names.size(), 64, 64, 1};
  std::mt19937 rng(1);
  std::normal_distribution<float> normal(0, 0.1f);
  p.network.parameters = {{"activation", "relu"}, {"output", "tanh"}};
  for (std::size_t l = 0; l < 3; ++l) {
    petrl::Tensor w{{widths[l + 1], widths[l]}, {}};
    for (std::size_t i = 0; i < widths[l] * widths[l + 1]; ++i) w.data.push_back(normal(rng));
    p.network.weights["layer" + std::to_string(l) + "/weight"] = w;
    p.network.weights["layer" + std::to_string(l) + "/bias"] = {{widths[l + 1]}, std::vector<float>(widths[l + 1])};
  }
  const std::string path = "/tmp/petrl-bench-" + std::to_string(getpid()) + ".h5";
  petrl::writePolicy(path, p);
  return path;
}

PetscErrorCode create(const char *type, const char *controller, const std::string &policy, TS *ts, Vec *u, Mat *A) {
  TSAdapt adapt;
  constexpr double h = 1e-5;

  PetscFunctionBeginUser;
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, 2, u));
  PetscCall(VecSet(*u, 1));
  PetscCall(MatCreateSeqDense(PETSC_COMM_SELF, 2, 2, nullptr, A));
  PetscCall(MatZeroEntries(*A));
  PetscCall(TSCreate(PETSC_COMM_SELF, ts));
  PetscCall(TSSetType(*ts, type));
  PetscCall(TSSetRHSFunction(*ts, nullptr, Decay, nullptr));
  PetscCall(TSSetRHSJacobian(*ts, *A, *A, DecaySlope, nullptr));
  PetscCall(TSSetTimeStep(*ts, h));
  PetscCall(TSSetMaxTime(*ts, 1e9));
  PetscCall(TSSetMaxSteps(*ts, 2000000000));
  PetscCall(TSSetExactFinalTime(*ts, TS_EXACTFINALTIME_STEPOVER));
  PetscCall(TSGetAdapt(*ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, controller));
  PetscCall(TSAdaptRLSetPolicy(adapt, policy.c_str()));
  PetscCall(TSAdaptSetStepLimits(adapt, h * (1 - 1e-6), h));
  PetscCall(TSAdaptSetAlwaysAccept(adapt, PETSC_TRUE));
  PetscCall(TSSetSolution(*ts, *u));
  PetscCall(TSSetUp(*ts));
  PetscFunctionReturn(0);
}

void step(benchmark::State &state, const char *type, const char *controller) {
  TS ts;
  Vec u;
  Mat A;
  const std::string policy = policyFile();
  if (create(type, controller, policy, &ts, &u, &A)) return state.SkipWithError("cannot create the TS");
  for (auto _ : state) {
    if (TSStep(ts)) return state.SkipWithError("TSStep failed");
  }
  TSDestroy(&ts);
  VecDestroy(&u);
  MatDestroy(&A);
  std::remove(policy.c_str());
}
BENCHMARK_CAPTURE(step, rk_basic, TSRK, TSADAPTBASIC);
BENCHMARK_CAPTURE(step, rk_rl, TSRK, TSADAPTRL);
BENCHMARK_CAPTURE(step, rosw_basic, TSROSW, TSADAPTBASIC);
BENCHMARK_CAPTURE(step, rosw_rl, TSROSW, TSADAPTRL);

}  // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  if (PetscInitialize(&argc, &argv, nullptr, nullptr) || PetRLInitialize()) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return PetscFinalize() ? 1 : 0;
}
