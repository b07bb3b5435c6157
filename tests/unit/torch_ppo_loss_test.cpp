// Grid PPO on the host beside its twin in libtorch: loss, gradient, normalisation, optimiser; gradients over ranks.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "learn/engine/adam.hpp"
#include "learn/engine/normals.hpp"
#include "learn/ppo/network.hpp"
#include "learn/reduction.hpp"
#include "torch/ppo_device.hpp"

using namespace petrl::learn;

// The twin of a network on the host: the same parameters.
static void copyWeights(const PpoNetwork &from, TorchPpoNetwork &to) {
  const torch::NoGradGuard no_grad;
  const auto n = static_cast<std::int64_t>(from.weights().size());
  ASSERT_EQ(n, to.parameters().size());
  to.parameters().values().copy_(torch::from_blob(const_cast<float *>(from.weights().data()), {n}));
}

static torch::Tensor points(std::initializer_list<double> values) {
  return torch::tensor(std::vector<float>(values.begin(), values.end())).view({1, 1, 1, -1});
}

// One action, three points, std 1/2: log pi = -2 (a - mu)^2 + log 2 - log(2 pi) / 2.
TEST(PpoLossTest, ByHand) {
  PpoConfig config;
  config.clip = .2;
  config.value_coefficient = .5;
  config.entropy_coefficient = .1;
  TorchPpoNetwork::Output output{points({0, .5, 1}), torch::full({1, 1, 1, 1}, .5), points({1, 2, 3})};
  PpoBatch batch;
  batch.action = points({.5, .5, .5});
  const double constant = std::log(2.) - .5 * std::log(2 * M_PI);
  const torch::Tensor log_prob = logProbability(output, batch.action);
  EXPECT_NEAR(log_prob[0][0][0][0].item<double>(), constant - .5, 1e-6);
  EXPECT_NEAR(log_prob[0][0][0][1].item<double>(), constant, 1e-6);
  // Ratios 1.5 (clipped to 1.2), .9, .5 (to .8).
  batch.log_prob = log_prob - points({std::log(1.5), std::log(.9), std::log(.5)});
  batch.target = points({0, 2, 5});
  const double entropy = .5 + .5 * std::log(2 * M_PI) + std::log(.5), value = (1 + 0 + 4) / 3.;
  const double kl = (.5 - std::log(1.5) + -.1 - std::log(.9) + -.5 - std::log(.5)) / 3;
  struct Case {
    std::initializer_list<double> advantage;
    double objective;
  };
  // min(r A, clip(r) A): with A > 0 large ratios are cut, with A < 0 small ones.
  for (const Case &c : {Case{{1, 2, 3}, (1.2 + 1.8 + 1.5) / 3}, Case{{-1, -2, -3}, (-1.5 - 1.8 - 2.4) / 3}}) {
    batch.advantage = points(c.advantage);
    const PpoLoss loss = ppoLoss(output, batch, config);
    EXPECT_NEAR(loss.policy.item<double>(), -c.objective, 1e-5);
    EXPECT_NEAR(loss.value.item<double>(), value, 1e-5);
    EXPECT_NEAR(loss.entropy.item<double>(), entropy, 1e-5);
    EXPECT_NEAR(loss.loss.item<double>(), -c.objective + .5 * value - .1 * entropy, 1e-5);
    EXPECT_NEAR(loss.kl.item<double>(), kl, 1e-5);
    EXPECT_NEAR(loss.clipped.item<double>(), 2. / 3, 1e-6);
  }
}

// Channels of the action are summed, points are not mixed.
TEST(PpoLossTest, LogProbabilityOfTwoChannels) {
  const auto mean = torch::randn({2, 2, 3, 3}), std = torch::rand({2, 2, 3, 3}) + .1,
             action = torch::randn({2, 2, 3, 3});
  const auto sum = logProbability({mean, std, {}}, action);
  ASSERT_EQ(sum.sizes(), (std::vector<std::int64_t>{2, 1, 3, 3}));
  double expected = 0;
  for (int c = 0; c < 2; ++c) {
    const auto at = [c](const torch::Tensor &t) { return t[1][c][2][0].item<double>(); };
    const double z = (at(action) - at(mean)) / at(std);
    expected += -.5 * z * z - std::log(at(std)) - .5 * std::log(2 * M_PI);
  }
  EXPECT_NEAR(sum[1][0][2][0].item<double>(), expected, 1e-4);
}

TEST(PpoLossTest, NormalisationPerPoint) {
  const auto advantage = torch::tensor({1.f, 10.f, 3.f, 10.f, 8.f, 40.f}).view({3, 1, 1, 2});
  const auto normal = normalisePerPoint(advantage);
  // Point 0: mean 4, deviations -3, -1, 4, variance 26 / 2. Point 1: mean 20, -10, -10, 20, variance 300.
  EXPECT_NEAR(normal[0][0][0][0].item<double>(), -3 / std::sqrt(13.), 1e-6);
  EXPECT_NEAR(normal[2][0][0][0].item<double>(), 4 / std::sqrt(13.), 1e-6);
  EXPECT_NEAR(normal[1][0][0][1].item<double>(), -10 / std::sqrt(300.), 1e-6);
  EXPECT_EQ(normalisePerPoint(advantage.narrow(0, 0, 1)).abs().max().item<double>(), 0);
}

// Padding and its gradient are those of the definition, the index modulo the size.
TEST(FcnModuleTest, CircularPadding) {
  torch::manual_seed(1);
  for (const std::vector<std::int64_t> &shape :
       std::vector<std::vector<std::int64_t>>{{2, 3, 6}, {2, 3, 4, 6}, {2, 3, 5, 4, 6}}) {
    const auto x = torch::randn(shape, torch::requires_grad());
    for (const std::int64_t p : {1, 3, 4}) {
      torch::Tensor expected = x;
      for (std::int64_t d = 2; d < x.dim(); ++d)
        expected = expected.index_select(d, torch::remainder(torch::arange(-p, x.size(d) + p), x.size(d)));
      const auto padded = padCircular(x, p);
      EXPECT_TRUE(torch::equal(padded, expected));
      const auto weight = torch::randn_like(expected);
      const auto g = torch::autograd::grad({(padded * weight).sum()}, {x})[0];
      const auto h = torch::autograd::grad({(expected * weight).sum()}, {x})[0];
      EXPECT_LT((g - h).abs().max().item<double>(), 1e-5);
    }
  }
}

// Conv1d, Conv2d and Conv3d of libtorch and the networks in use.
TEST(FcnModuleTest, AgreesWithTheNetworksInUse) {
  torch::manual_seed(2);
  for (const int dimensions : {1, 2, 3}) {
    PpoNetworkConfig config;
    config.policy.dimensions = dimensions;
    config.policy.channels = {9, 5};
    config.policy.dilations = {1, 2, 1};
    config.policy.kernels = {3, 3, 5};
    config.zero_output = false;
    Rng rng(3);
    const PpoNetwork host(config, 2, 3, rng);
    TorchPpoNetwork network(config, 2, 3, torch::kCPU);
    copyWeights(host, network);
    const petrl::GridSize size{13, dimensions > 1 ? 11 : 1, dimensions > 2 ? 6 : 1};
    std::vector<std::int64_t> shape{1, 2};
    for (int a = dimensions; a-- > 0;) shape.push_back(size.along(a));
    const auto x = torch::randn(shape);
    petrl::Fcn native(host.network(), "test");
    ASSERT_EQ(native.dimensions(), dimensions);
    std::vector<float> out(3 * size.points());
    native.evaluatePeriodic(x.data_ptr<float>(), size, out.data());
    const auto expected = network.mean(x).contiguous();
    ASSERT_EQ(expected.numel(), static_cast<std::int64_t>(out.size()));
    for (std::size_t i = 0; i < out.size(); ++i) EXPECT_NEAR(out[i], expected.data_ptr<float>()[i], 1e-5);
  }
}

// A policy that sees only differences of places: a shifted observation gives the shifted answer.
TEST(FcnModuleTest, TranslationInvariance) {
  Rng rng(3);
  PpoNetworkConfig config;
  config.policy.dilations = {1, 2, 1};
  config.zero_output = false;
  TorchPpoNetwork network(config, 2, 1, torch::kCPU);
  copyWeights(PpoNetwork(config, 2, 1, rng), network);
  const auto x = torch::randn({1, 2, 9, 11});
  const auto shifted = network.forward(x.roll({2, -5}, {2, 3}));
  EXPECT_LT((network.forward(x).mean.roll({2, -5}, {2, 3}) - shifted.mean).abs().max().item<double>(), 1e-5);
  EXPECT_LT((network.forward(x).value.roll({2, -5}, {2, 3}) - shifted.value).abs().max().item<double>(), 1e-5);
  EXPECT_LT((network.forward(x).mean - network.mean(x)).abs().max().item<double>(), 1e-6);
}

// What acts on the host is the network that is trained: the same log-probabilities and values.
TEST(PpoNetworkTest, ActsAsItIsTrained) {
  for (const int variant : {0, 1, 2, 3}) {
    PpoNetworkConfig config;
    config.policy.dilations = {1, 2, 1};
    config.value.channels = {5};
    config.value.dilations = {2, 1};
    config.zero_output = false;
    config.tanh_output = variant % 2 != 0;
    config.free_std = config.separate_value = variant / 2 != 0;
    Rng rng(3);
    PpoNetwork host(config, 2, 2, rng);
    for (float &w : host.weights()) w += static_cast<float>(.05 * rng.normal());
    TorchPpoNetwork network(config, 2, 2, torch::kCPU);
    copyWeights(host, network);
    const auto x = torch::randn({1, 2, 10, 12});
    std::vector<float> action(240), log_prob(120), value(120), again(120);
    const auto acting = host.acting();
    const double std = acting->act(x.data_ptr<float>(), {12, 10}, rng, action.data(), log_prob.data(), value.data());
    acting->value(x.data_ptr<float>(), {12, 10}, again.data());
    EXPECT_EQ(value, again);
    const auto output = network.forward(x);
    const auto blob = [](std::vector<float> &v, int channels) {
      return torch::from_blob(v.data(), {1, channels, 10, 12}, torch::kFloat32);
    };
    const auto expected = logProbability(output, blob(action, 2));
    EXPECT_LT((expected - blob(log_prob, 1)).abs().max().item<double>(), 1e-3);
    EXPECT_LT((output.value - blob(value, 1)).abs().max().item<double>(), 1e-5);
    EXPECT_NEAR(output.std.mean().item<double>(), std, 1e-5);
    // The noise has the standard deviation that it should.
    const auto z = (blob(action, 2) - output.mean) / output.std;
    EXPECT_NEAR(z.std().item<double>(), 1, .2);
  }
}

// The gradient of the loss that the host computes by hand is the one of autograd, whatever the options.
TEST(PpoHostGradientTest, AgreesWithAutograd) {
  for (int variant = 0; variant < 38; ++variant) {
    // No side fills whole vectors. The last variants: a line, a volume; without and with a margin.
    const int dimensions = variant < 32 ? 2 : 1 + variant % 3, margin = variant < 35 ? 0 : 2;
    const petrl::GridSize size{dimensions > 2 ? 10 : 18,
                               dimensions > 2   ? 6
                               : dimensions > 1 ? 10
                                                : 1,
                               dimensions > 2 ? 7 : 1};
    const Interior interior(size, dimensions, margin);
    const auto shape = [&](std::int64_t channels) {
      std::vector<std::int64_t> s{4, channels};
      for (int a = dimensions; a-- > 0;) s.push_back(size.along(a));
      return s;
    };
    SCOPED_TRACE(variant);
    PpoConfig config;
    config.network.tanh_output = (variant & 1) != 0;
    config.network.free_std = (variant & 2) != 0;
    config.network.separate_value = (variant & 4) != 0;
    config.network.policy.tanh = (variant & 8) != 0;
    config.network.policy.dimensions = config.network.value.dimensions = dimensions;
    config.network.zero_output = false;
    config.network.policy.channels = {13, 6};
    config.network.policy.kernels = {5, 3, (variant & 8) != 0 ? 7 : 1};
    config.network.policy.dilations = {1, 3, 1};
    config.network.value.channels = {5};
    config.network.value.dilations = {2, 1};
    config.network.value.kernels = {3, 3};
    config.normalisation = (variant & 16) != 0 ? PpoConfig::Normalisation::point : PpoConfig::Normalisation::none;
    config.entropy_coefficient = .3;
    config.value_coefficient = .7;
    torch::manual_seed(variant);
    Rng rng(3);
    PpoNetwork host(config.network, 3, 3, rng);
    for (float &w : host.weights()) w += static_cast<float>(.05 * rng.normal());
    TorchPpoNetwork network(config.network, 3, 3, torch::kCPU);
    copyWeights(host, network);
    auto &parameters = network.parameters();
    PpoBatch batch;
    {
      const torch::NoGradGuard no_grad;
      batch.observation = torch::randn(shape(3));
      const auto output = network.forward(batch.observation);
      batch.action = output.mean + output.std * torch::randn(shape(3));
      // About half of the ratios lie outside the clip, on either side.
      batch.log_prob = logProbability(output, batch.action) + .3 * torch::randn(shape(1));
      batch.advantage = torch::randn(shape(1)) + .2;
      batch.target = torch::randn(shape(1));
    }
    std::vector<std::int64_t> mask_shape = shape(1);
    mask_shape[0] = 1;
    if (margin > 0) batch.counts = torch::from_blob(const_cast<float *>(interior.counts()), mask_shape) > 0;
    std::vector<PpoRow> rows;
    for (std::int64_t i = 0; i < 4; ++i) {
      const auto at = [i](const torch::Tensor &t) { return t[i].data_ptr<float>(); };
      rows.push_back(
          {at(batch.observation), at(batch.action), at(batch.log_prob), at(batch.advantage), at(batch.target)});
    }
    const PpoTerms terms = PpoHostGradient(config, host, 3, interior).add(rows);
    const torch::Tensor own = torch::from_blob(host.gradient().data(), {parameters.size()});
    // The device's gradient is added to what is there.
    std::vector<float> by_device(host.weights().size(), 1.f);
    TorchPpoDevice device(config, 3, 3, torch::kCPU);
    device.setWeights(host.weights());
    const PpoTerms device_terms = device.gradient(rows, interior, by_device);
    EXPECT_NEAR(device_terms.policy, terms.policy, 1e-4 * std::abs(terms.policy) + 1e-6);
    EXPECT_LT((torch::from_blob(by_device.data(), {parameters.size()}) - 1 - own).norm().item<double>(),
              1e-4 * own.norm().item<double>());

    if (config.normalisation == PpoConfig::Normalisation::point) batch.advantage = normalisePerPoint(batch.advantage);
    parameters.gradient().zero_();
    const PpoLoss loss = ppoLoss(network.forward(batch.observation), batch, config);
    loss.loss.backward();
    const auto near = [](double a, const torch::Tensor &b) {
      EXPECT_NEAR(a, b.item<double>(), 1e-4 * std::abs(b.item<double>()) + 1e-6);
    };
    near(terms.policy, loss.policy);
    near(terms.value, loss.value);
    near(terms.entropy, loss.entropy);
    near(terms.kl, loss.kl);
    near(terms.clipped, loss.clipped);
    EXPECT_GT(terms.clipped, .2);
    // Array by array: small gradients count as much as large ones.
    std::int64_t begin = 0;
    for (std::size_t k = 0; begin < parameters.size(); ++k) {
      const std::int64_t n = parameters[k].numel();
      const auto expected = parameters.gradient().narrow(0, begin, n), found = own.narrow(0, begin, n);
      EXPECT_GT(expected.norm().item<double>(), 0);
      EXPECT_LT((found - expected).norm().item<double>(), 1e-4 * expected.norm().item<double>()) << k;
      begin += n;
    }
  }
}

TEST(NormalsTest, HaveTheirMoments) {
  Rng rng(5);
  std::vector<float> x(1000001);
  fillNormal(rng, x.data(), x.size());
  double sum = 0, square = 0, fourth = 0, beyond = 0, neighbours = 0, pairs = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double v = static_cast<double>(x[i]);
    sum += v, square += v * v, fourth += v * v * v * v, beyond += v > 1.959964 ? 1 : 0;
    if (i + 1 < x.size()) neighbours += v * static_cast<double>(x[i + 1]);
    if (i + 128 < x.size()) pairs += v * static_cast<double>(x[i + 128]);
  }
  const auto n = static_cast<double>(x.size());
  EXPECT_NEAR(sum / n, 0, 4e-3);
  EXPECT_NEAR(square / n, 1, 6e-3);
  EXPECT_NEAR(fourth / n, 3, .04);
  EXPECT_NEAR(beyond / n, .025, 6e-4);
  EXPECT_NEAR(neighbours / n, 0, 4e-3);
  EXPECT_NEAR(pairs / n, 0, 4e-3);
}

TEST(AdamTest, AgreesWithLibtorch) {
  torch::manual_seed(2);
  auto reference = torch::randn({50}).set_requires_grad(true);
  std::vector<float> own(reference.data_ptr<float>(), reference.data_ptr<float>() + 50);
  petrl::Adam adam(own.size(), .1);
  torch::optim::AdamW other({reference}, torch::optim::AdamWOptions(1e-2).weight_decay(.1));
  for (int i = 0; i < 5; ++i) {
    const auto gradient = torch::randn({50});
    std::vector<float> g(gradient.data_ptr<float>(), gradient.data_ptr<float>() + 50);
    adam.step(own.data(), g.data(), 1e-2);
    reference.mutable_grad() = gradient.clone();
    other.step();
  }
  EXPECT_LT((torch::from_blob(own.data(), {50}) - reference).abs().max().item<double>(), 1e-6);
}
