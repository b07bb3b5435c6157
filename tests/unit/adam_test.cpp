// Adam and AdamW against their formulas in double precision, and against numbers worked out by hand.
#include "learn/engine/adam.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace petrl {
namespace {

// Whatever the gradient, the first step is as long as the learning rate; decay acts on the parameter by itself.
TEST(Adam, FirstStepByHand) {
  std::vector<float> x = {1, -2, .5f};
  const std::vector<float> g = {3, -1e-3f, 0};
  Adam(3).step(x.data(), g.data(), .01);
  EXPECT_NEAR(x[0], .99, 1e-7);
  EXPECT_NEAR(x[1], -1.99, 1e-6);
  EXPECT_EQ(x[2], .5f);
  x = {1, -2, .5f};
  Adam(3, .1).step(x.data(), g.data(), .01);
  EXPECT_NEAR(x[0], .989, 1e-7);
  EXPECT_NEAR(x[1], -1.988, 1e-6);
  EXPECT_NEAR(x[2], .4995, 1e-7);
}

TEST(Adam, AgreesWithTheFormulasForAnyLength) {
  for (const std::size_t n : {1, 7, 16, 100}) {
    for (const double decay : {0., .05}) {
      std::vector<float> x(n), g(n);
      std::vector<double> y(n), first(n, 0.), second(n, 0.);
      for (std::size_t i = 0; i < n; ++i) x[i] = std::sin(static_cast<float>(i)), y[i] = x[i];
      Adam adam(n, decay);
      for (int t = 1; t <= 30; ++t) {
        const double rate = 1e-2 / t;
        for (std::size_t i = 0; i < n; ++i) {
          g[i] = std::cos(static_cast<float>(t * (i + 1))) * (i % 2 == 0 ? 1.f : 1e-3f);
          first[i] = .9 * first[i] + .1 * g[i];
          second[i] = .999 * second[i] + .001 * static_cast<double>(g[i]) * g[i];
          y[i] -= rate * decay * y[i];
          y[i] -= rate * first[i] / (1 - std::pow(.9, t)) / (std::sqrt(second[i] / (1 - std::pow(.999, t))) + 1e-8);
        }
        adam.step(x.data(), g.data(), rate);
      }
      EXPECT_EQ(adam.steps, 30);
      for (std::size_t i = 0; i < n; ++i) {
        // 1 - beta is that of float32.
        EXPECT_NEAR(x[i], y[i], 1e-6);
        EXPECT_NEAR(adam.first[i], first[i], 5e-7);
        EXPECT_NEAR(adam.second[i], second[i], 2e-5 * second[i]);
      }
    }
  }
}

TEST(Adam, OneNumberIsAnArrayOfOne) {
  double x = 1, first = 0, second = 0;
  std::vector<float> y = {1};
  Adam adam(1);
  for (int t = 1; t <= 10; ++t) {
    const float g = 1.f / static_cast<float>(t);
    adamScalar(x, first, second, static_cast<double>(g), .1, t);
    adam.step(y.data(), &g, .1);
  }
  EXPECT_NEAR(x, static_cast<double>(y[0]), 1e-5);
}

TEST(ClipNorm, LimitsTheNormAndReturnsIt) {
  std::vector<float> g = {3, 4};
  EXPECT_EQ(clipNorm(g, 0), 5);
  EXPECT_EQ(clipNorm(g, 10), 5);
  EXPECT_EQ(g, (std::vector<float>{3, 4}));
  EXPECT_EQ(clipNorm(g, 1), 5);
  EXPECT_NEAR(g[0], .6, 1e-7);
  EXPECT_NEAR(g[1], .8, 1e-7);
}

}  // namespace
}  // namespace petrl
