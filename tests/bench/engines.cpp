// Our engines against libtorch, on one thread and the same numbers: microseconds of processor time for one call of each,
// and their ratio. What is compared is checked to agree first.
//   bench_engines > engines.csv
#include "bench/engines.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "learn/ppo/host_gradient.hpp"
#include "learn/tqc/native_engine.hpp"
#include "policy/native/fcn.hpp"
#include "policy/native/mlp.hpp"
#include "support/learners.hpp"
#include "torch/fcn_module.hpp"
#include "torch/ppo_device.hpp"
#include "torch/torch_engine.hpp"

namespace petrl::bench {

namespace {

double now() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double timeOf(const std::function<void()> &work, int calls) {
  const double begin = now();
  for (int i = 0; i < calls; ++i) work();
  return (now() - begin) / calls;
}

}  // namespace

void compare(const char *what, const std::string &size, const std::function<void()> &native,
             const std::function<void()> &libtorch) {
  const auto calls = [](const std::function<void()> &work) {
    work();
    int n = 1;
    while (timeOf(work, n) * n < .03) n *= 2;
    return n;
  };
  const int m = calls(native), n = calls(libtorch);
  // In turn, the best of each: what else runs on the machine disturbs both alike, or neither.
  double a = 1e9, b = 1e9;
  for (int round = 0; round < 15; ++round) a = std::min(a, timeOf(native, m)), b = std::min(b, timeOf(libtorch, n));
  std::printf("%s,%s,%.4g,%.4g,%.2f\n", what, size.c_str(), 1e6 * a, 1e6 * b, b / a);
  std::fflush(stdout);
}

void agree(const char *what, const float *a, const float *b, std::size_t n, double tolerance) {
  double worst = 0, largest = 1e-30;
  for (std::size_t i = 0; i < n; ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    largest = std::max(largest, std::abs(static_cast<double>(b[i])));
  }
  if (worst <= tolerance * largest) return;
  std::fprintf(stderr, "%s: not the same numbers: %g of %g\n", what, worst, largest);
  std::exit(1);
}

std::vector<float> normal(std::size_t n, unsigned seed, float deviation) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> draw(0, deviation);
  std::vector<float> values(n);
  for (float &v : values) v = draw(rng);
  return values;
}

namespace {

// One update of TQC: minibatch of 256, 18 observables, one action, networks as published.
void tqc() {
  const auto config = learn::TqcConfig::parse(test::keys("{}"), 1);
  const learn::TqcShapes shapes(config, 18, 1);
  learn::Rng rng(1);
  learn::TqcState a(config, shapes, rng), b = a;
  learn::NativeEngine native(config, shapes);
  learn::TorchEngine libtorch(config, shapes, "cpu");
  learn::Batch batch;
  batch.rows = config.batch_size;
  const auto fill = [&](Floats &to, int columns, unsigned seed) {
    const auto values = normal(static_cast<std::size_t>(config.batch_size * columns), seed, .5f);
    to.assign(values.begin(), values.end());
  };
  fill(batch.observation, 18, 1), fill(batch.next_observation, 18, 2), fill(batch.action, 1, 3);
  fill(batch.reward, 1, 4), batch.done.assign(batch.reward.size(), 0.f);
  const auto eps = normal(static_cast<std::size_t>(shapes.features), 5, 1);
  native.update(a, batch, eps.data(), 3e-4), libtorch.update(b, batch, eps.data(), 3e-4);
  libtorch.synchronise(b);
  agree("tqc", a.critic_adam.first.data(), b.critic_adam.first.data(), a.critic_adam.first.size(), 1e-3);
  compare(
      "TQC: update", "batch 256; 5 critics 19-64-64-64-25; actor 18-64-64-1",
      [&] { native.update(a, batch, eps.data(), 3e-4); }, [&] { libtorch.update(b, batch, eps.data(), 3e-4); });
}

// The gradient of a minibatch of grid PPO.
void ppo(int n, const std::string &network, int observations, int actions) {
  const auto config = learn::PpoConfig::parse(test::keys("{network: {" + network + "}}"));
  learn::Rng rng(1);
  learn::PpoNetwork own(config.network, observations, actions, rng);
  learn::PpoHostGradient native(config, own, actions, {{n, n}, 2, 0});
  learn::TorchPpoDevice libtorch(config, observations, actions, torch::kCPU);
  libtorch.setWeights(own.weights());
  const auto points = static_cast<std::size_t>(n * n), rows = static_cast<std::size_t>(config.batch_size);
  std::vector<std::vector<float>> data;
  std::vector<learn::PpoRow> batch;
  for (unsigned r = 0; r < rows; ++r) {
    data.push_back(normal(points * static_cast<std::size_t>(observations), 5 * r, 1));
    data.push_back(normal(points * static_cast<std::size_t>(actions), 5 * r + 1, .3f));
    data.push_back(normal(points, 5 * r + 2, .1f));
    data.push_back(normal(points, 5 * r + 3, 1));
    data.push_back(normal(points, 5 * r + 4, 1));
  }
  for (std::size_t r = 0; r < rows; ++r)
    batch.push_back({data[5 * r].data(), data[5 * r + 1].data(), data[5 * r + 2].data(), data[5 * r + 3].data(),
                     data[5 * r + 4].data()});
  std::vector<float> gradient(own.weights().size());
  native.add(batch), libtorch.gradient(batch, {{n, n}, 2, 0}, gradient);
  agree("ppo", own.gradient().data(), gradient.data(), gradient.size(), 2e-3);
  const std::string size =
      std::to_string(n) + " x " + std::to_string(n) + "; " + Fcn(own.network(), "bench").shape() + " and a value";
  compare(
      "PPO: gradient of 16 grids", size, [&] { native.add(batch); },
      [&] {
        libtorch.gradient(batch, {{n, n}, 2, 0}, gradient);
      });
}

// A closure's decision for a periodic grid.
void fcn(int n, const std::vector<int> &channels, const std::vector<int> &dilations, int actions) {
  learn::FcnConfig config;
  config.channels = channels;
  config.dilations = dilations;
  config.kernels.assign(dilations.size(), 3);
  learn::FcnLayers layers(config, 3, actions);
  std::vector<float> weights(layers.size()), gradient(layers.size());
  layers.bind(weights.data(), gradient.data());
  learn::Rng rng(1);
  layers.initialiseUniform(rng);
  Fcn native(layers.network(actions, "linear"), "bench");
  learn::FlatParameters parameters;
  const learn::FcnModule libtorch(config, 3, actions, parameters);
  parameters.allocate(torch::kCPU);
  {
    const torch::NoGradGuard none;
    parameters.values().copy_(torch::from_blob(weights.data(), {static_cast<std::int64_t>(weights.size())}));
  }
  const auto in = normal(static_cast<std::size_t>(3 * n * n), 1, 1);
  std::vector<float> out(static_cast<std::size_t>(actions * n * n));
  const torch::Tensor x = torch::from_blob(const_cast<float *>(in.data()), {1, 3, n, n});
  const auto evaluate = [&] {
    const c10::InferenceMode inference;
    return libtorch.forward(x).contiguous();
  };
  native.evaluatePeriodic(in.data(), {n, n}, out.data());
  agree("fcn", out.data(), evaluate().data_ptr<float>(), out.size(), 1e-4);
  compare(
      "closure: inference", std::to_string(n) + " x " + std::to_string(n) + "; " + native.shape(),
      [&] {
        native.evaluatePeriodic(in.data(), {n, n}, out.data());
      },
      evaluate);
}

// A step controller's decision.
void mlp() {
  const std::vector<std::int64_t> widths{18, 64, 64, 1};
  NetworkSpec network;
  network.parameters = {{"activation", "relu"}, {"output", "tanh"}};
  std::vector<torch::Tensor> weight, bias;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    const auto in = static_cast<std::size_t>(widths[l]), out = static_cast<std::size_t>(widths[l + 1]);
    const std::string name = "layer" + std::to_string(l);
    const Tensor &w = network.weights[name + "/weight"] = {{out, in}, normal(in * out, 10, .2f)};
    const Tensor &b = network.weights[name + "/bias"] = {{out}, normal(out, 11, .2f)};
    weight.push_back(torch::tensor(w.data).view({widths[l + 1], widths[l]}));
    bias.push_back(torch::tensor(b.data));
  }
  Mlp native(network, "bench");
  std::vector<float> x(18, .3f);
  float y = 0;
  const auto evaluate = [&] {
    const c10::InferenceMode inference;
    torch::Tensor t = torch::from_blob(x.data(), {1, 18});
    for (std::size_t l = 0; l < weight.size(); ++l) {
      t = torch::linear(t, weight[l], bias[l]);
      t = l + 1 < weight.size() ? torch::relu(t) : torch::tanh(t);
    }
    return t.item<float>();
  };
  native.evaluate(x.data(), &y);
  const float other = evaluate();
  agree("mlp", &y, &other, 1, 1e-4);
  compare(
      "step controller: inference", "18-64-64-1", [&] { native.evaluate(x.data(), &y); }, evaluate);
}

}  // namespace

}  // namespace petrl::bench

int main() {
  using namespace petrl::bench;
  torch::set_num_threads(1);
  std::printf("engine,size,native_us,libtorch_us,ratio\n");
  mlp();
  fcn(64, {8, 8}, {1, 1, 1}, 6);
  fcn(64, {16, 16}, {1, 2, 3}, 10);
  fcn(64, {64, 64, 64, 64, 64, 64}, {1, 2, 3, 4, 3, 2, 1}, 1);
  graph(4000, 16, 3);
  graph(1000, 32, 4);
  unroll(64, 6);
  tqc();
  ppo(64, "channels: [16, 16], std: free", 3, 1);
  ppo(64, "channels: [64, 64], std: state", 3, 4);
}
