// One evaluation of a step controller's network (18-64-64-1, one state): native and, where it is there, libtorch.
#include <benchmark/benchmark.h>

#include <random>

#include "policy/native/mlp.hpp"

#ifdef PETRL_BENCH_TORCH
#include <torch/torch.h>
#endif

namespace {

constexpr std::size_t kWidths[] = {18, 64, 64, 1};

petrl::NetworkSpec network() {
  petrl::NetworkSpec n;
  n.parameters = {{"activation", "relu"}, {"output", "tanh"}};
  std::mt19937 rng(1);
  std::normal_distribution<float> normal(0, 0.2f);
  for (std::size_t l = 0; l < 3; ++l) {
    petrl::Tensor w{{kWidths[l + 1], kWidths[l]}, {}}, b{{kWidths[l + 1]}, {}};
    for (std::size_t i = 0; i < kWidths[l] * kWidths[l + 1]; ++i) w.data.push_back(normal(rng));
    for (std::size_t i = 0; i < kWidths[l + 1]; ++i) b.data.push_back(normal(rng));
    n.weights["layer" + std::to_string(l) + "/weight"] = w;
    n.weights["layer" + std::to_string(l) + "/bias"] = b;
  }
  return n;
}

void native(benchmark::State &state) {
  petrl::Mlp mlp(network(), "bench");
  std::vector<float> x(kWidths[0], 0.3f);
  float y = 0;
  for (auto _ : state) {
    x[0] = y;
    mlp.evaluate(x.data(), &y);
    benchmark::DoNotOptimize(y);
  }
}
BENCHMARK(native);

#ifdef PETRL_BENCH_TORCH
void libtorch(benchmark::State &state) {
  torch::set_num_threads(1);
  const c10::InferenceMode guard;
  const petrl::NetworkSpec n = network();
  torch::nn::Sequential sequence;
  for (std::size_t l = 0; l < 3; ++l) {
    torch::nn::Linear linear(static_cast<std::int64_t>(kWidths[l]), static_cast<std::int64_t>(kWidths[l + 1]));
    const std::string name = "layer" + std::to_string(l);
    const auto copy = [](const petrl::Tensor &from, torch::Tensor &to) {
      std::copy(from.data.begin(), from.data.end(), to.data_ptr<float>());
    };
    copy(n.weights.at(name + "/weight"), linear->weight);
    copy(n.weights.at(name + "/bias"), linear->bias);
    sequence->push_back(linear);
    if (l < 2)
      sequence->push_back(torch::nn::ReLU());
    else
      sequence->push_back(torch::nn::Tanh());
  }
  std::vector<float> x(kWidths[0], 0.3f);
  float y = 0, expected = 0;
  petrl::Mlp(n, "bench").evaluate(x.data(), &expected);
  const auto evaluate = [&] {
    return sequence->forward(torch::from_blob(x.data(), {1, static_cast<std::int64_t>(x.size())})).item<float>();
  };
  if (std::abs(evaluate() - expected) > 1e-5) state.SkipWithError("not the same network");
  for (auto _ : state) {
    x[0] = y;
    y = evaluate();
    benchmark::DoNotOptimize(y);
  }
}
BENCHMARK(libtorch);
#endif

}  // namespace

BENCHMARK_MAIN();
