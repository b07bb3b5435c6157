// Native inference against the definition in double precision, and against numbers worked out by hand.
#include "policy/native/mlp.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.hpp"
#include "support/policies.hpp"

using namespace petrl;

namespace {

NetworkSpec randomNetwork(const std::vector<std::size_t> &widths, const std::string &activation,
                          const std::string &output, unsigned seed) {
  NetworkSpec n;
  n.parameters = {{"activation", activation}, {"output", output}};
  std::mt19937 rng(seed);
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    std::normal_distribution<float> normal(0.f, 1 / std::sqrt(static_cast<float>(widths[l])));
    Tensor w{{widths[l + 1], widths[l]}, {}}, b{{widths[l + 1]}, {}};
    for (std::size_t i = 0; i < widths[l] * widths[l + 1]; ++i) w.data.push_back(normal(rng));
    for (std::size_t i = 0; i < widths[l + 1]; ++i) b.data.push_back(0.3f * normal(rng));
    n.weights["layer" + std::to_string(l) + "/weight"] = w;
    n.weights["layer" + std::to_string(l) + "/bias"] = b;
  }
  return n;
}

std::vector<double> byDefinition(const NetworkSpec &n, const std::vector<float> &input) {
  std::vector<double> x(input.begin(), input.end());
  const std::size_t layers = n.weights.size() / 2;
  for (std::size_t l = 0; l < layers; ++l) {
    const Tensor &w = n.weights.at("layer" + std::to_string(l) + "/weight");
    const Tensor &b = n.weights.at("layer" + std::to_string(l) + "/bias");
    std::vector<double> y(w.shape[0]);
    for (std::size_t j = 0; j < y.size(); ++j) {
      y[j] = b.data[j];
      for (std::size_t i = 0; i < x.size(); ++i) y[j] += static_cast<double>(w.data[j * x.size() + i]) * x[i];
      if (l + 1 < layers) y[j] = n.parameters.at("activation") == "relu" ? std::max(y[j], 0.0) : std::tanh(y[j]);
    }
    x = y;
  }
  for (auto &v : x) {
    if (n.parameters.at("output") == "tanh") v = std::tanh(v);
    if (n.parameters.at("output") == "hardtanh-tanh") v = std::tanh(std::min(2.0, std::max(-2.0, v)));
    if (n.parameters.at("output") == "hardtanh") v = std::min(1.0, std::max(-1.0, v));
  }
  return x;
}

}  // namespace

TEST(Mlp, AgreesWithTheDefinition) {
  const std::vector<std::vector<std::size_t>> shapes = {
      {1, 1}, {3, 2}, {18, 64, 64, 1}, {5, 17, 1}, {2, 1, 1, 1}, {7, 100, 33, 4}, {300, 16, 65, 2}, {4, 128, 129, 3}};
  unsigned seed = 0;
  for (const auto &shape : shapes) {
    for (const char *activation : {"relu", "tanh"}) {
      for (const char *output : {"tanh", "hardtanh-tanh", "linear", "hardtanh"}) {
        const NetworkSpec n = randomNetwork(shape, activation, output, ++seed);
        Mlp mlp(n, "test");
        ASSERT_EQ(mlp.inputs(), shape.front());
        ASSERT_EQ(mlp.outputs(), shape.back());
        std::mt19937 rng(seed);
        std::uniform_real_distribution<float> uniform(-5, 5);
        for (int k = 0; k < 5; ++k) {
          std::vector<float> x(shape.front()), y(shape.back());
          for (auto &v : x) v = uniform(rng);
          mlp.evaluate(x.data(), y.data());
          const auto expected = byDefinition(n, x);
          for (std::size_t j = 0; j < y.size(); ++j)
            EXPECT_NEAR(y[j], expected[j], 1e-5 * std::max(1.0, std::abs(expected[j])))
                << mlp.shape() << " " << activation << " " << output;
        }
      }
    }
  }
}

TEST(Mlp, NumbersByHand) {
  // relu(1*2 - 1*3 + 0.5) = 0, relu(2*2 + 1*3 - 1) = 6: output 0.25*6 - 0.5 = 1, then by each kind of output.
  NetworkSpec n;
  n.weights = {{"layer0/weight", {{2, 2}, {1, -1, 2, 1}}},
               {"layer0/bias", {{2}, {0.5f, -1}}},
               {"layer1/weight", {{1, 2}, {9, 0.25f}}},
               {"layer1/bias", {{1}, {-0.5f}}}};
  const float x[] = {2, 3};
  float y = 0;
  n.parameters = {{"activation", "relu"}, {"output", "linear"}};
  Mlp(n, "test").evaluate(x, &y);
  EXPECT_EQ(y, 1.f);
  n.parameters["output"] = "tanh";
  Mlp(n, "test").evaluate(x, &y);
  EXPECT_NEAR(y, 0.76159416, 1e-7);
  n.weights["layer1/bias"].data = {3.5f};  // 5, held at 2
  n.parameters["output"] = "hardtanh-tanh";
  Mlp(n, "test").evaluate(x, &y);
  EXPECT_NEAR(y, 0.96402758, 1e-7);
  n.parameters["output"] = "hardtanh";
  Mlp(n, "test").evaluate(x, &y);
  EXPECT_EQ(y, 1.f);
  n.parameters["activation"] = "tanh";  // tanh(-0.5) * 9 + tanh(6) / 4 - 0.5
  n.parameters["output"] = "linear";
  n.weights["layer1/bias"].data = {-0.5f};
  Mlp(n, "test").evaluate(x, &y);
  EXPECT_NEAR(y, -4.15905441 + 0.24999693 - 0.5, 1e-6);
}

// A broken input must show in the output, or nobody would overrule the policy.
TEST(Mlp, NaNStaysNaN) {
  for (const char *output : {"tanh", "hardtanh-tanh", "linear", "hardtanh"}) {
    Mlp mlp(randomNetwork({2, 1}, "tanh", output, 3), "test");
    const float x[] = {NAN, 0};
    float y = 0;
    mlp.evaluate(x, &y);
    EXPECT_TRUE(std::isnan(y)) << output;
  }
}

// The same input gives the same bits: no state is left behind between evaluations.
TEST(Mlp, RemembersNothing) {
  Mlp mlp(randomNetwork({18, 64, 64, 1}, "relu", "tanh", 5), "test");
  std::vector<float> a(18, 0.3f), b(18, -2.f);
  float first = 0, other = 0, again = 0;
  mlp.evaluate(a.data(), &first);
  mlp.evaluate(b.data(), &other);
  mlp.evaluate(a.data(), &again);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
}
