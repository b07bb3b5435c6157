// One evaluation of a closure's network on a periodic 64 x 64 grid, and of a whole closure step around it.
#include "policy/native/fcn.hpp"

#include <benchmark/benchmark.h>

#include "closure/periodic.hpp"
#include "support/closures.hpp"

namespace {

constexpr int kPoints = 64;

const petrl::test::FcnShape kShapes[] = {
    {{3, 8, 8, 6}, {3, 3, 3}, {1, 1, 1}},
    {{3, 16, 16, 10}, {3, 3, 3}, {1, 2, 3}},
    {{3, 64, 64, 64, 64, 64, 64, 1}, {3, 3, 3, 3, 3, 3, 3}, {1, 2, 3, 4, 3, 2, 1}},
};

void report(benchmark::State &state, const petrl::Fcn &net) {
  const double points = static_cast<double>(kPoints * kPoints), n = static_cast<double>(state.iterations());
  state.SetLabel(net.shape());
  state.counters["ns/point"] =
      benchmark::Counter(points * n * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["GFLOP/s"] =
      benchmark::Counter(2e-9 * static_cast<double>(net.multiplyAdds()) * points * n, benchmark::Counter::kIsRate);
}

void fcn(benchmark::State &state, petrl::simd::Level level) {
  const petrl::simd::Level before = petrl::simd::level();
  if (!petrl::simd::use(level)) {
    state.SkipWithError("not on this processor");
    return;
  }
  petrl::Fcn net(petrl::test::randomFcn(kShapes[state.range(0)], "relu", "tanh", 1), "bench");
  std::vector<float> in(kPoints * kPoints * 3, 0.3f), out(kPoints * kPoints * 16);
  for (auto _ : state) {
    net.evaluatePeriodic(in.data(), {kPoints, kPoints}, out.data());
    benchmark::DoNotOptimize(out[0]);
  }
  petrl::simd::use(before);
  report(state, net);
}
BENCHMARK_CAPTURE(fcn, avx512, petrl::simd::Level::avx512)->DenseRange(0, 2);
BENCHMARK_CAPTURE(fcn, avx2, petrl::simd::Level::avx2)->DenseRange(0, 2);
BENCHMARK_CAPTURE(fcn, portable, petrl::simd::Level::portable)->DenseRange(0, 2);

// From doubles to doubles, as a solver sees it.
void closure(benchmark::State &state) {
  petrl::Policy policy = petrl::test::closurePolicy({"psi", "u", "v"}, 1, "additive", -0.1, 0.1);
  auto shape = kShapes[state.range(0)];
  shape.channels.back() = 1;
  policy.network = petrl::test::randomFcn(shape, "relu", "tanh", 1);
  petrl::PeriodicClosure closure(policy, "bench");
  std::vector<double> field(kPoints * kPoints, 0.3), change(field.size());
  for (auto _ : state) {
    closure.compute({field.data(), field.data(), field.data()}, {kPoints, kPoints, 0.1, 1, 1}, change.data());
    benchmark::DoNotOptimize(change[0]);
  }
  report(state, dynamic_cast<petrl::Fcn &>(closure.backend()));
}
BENCHMARK(closure)->DenseRange(0, 2);

}  // namespace

BENCHMARK_MAIN();
