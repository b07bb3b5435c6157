// Reverse-mode differentiation of grid solvers against finite differences and adjoints.
#include "learn/engine/tape.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "policy/native/fcn.hpp"
#include "support/closures.hpp"
#include "support/levels.hpp"

namespace {

using petrl::tape::Convolution;
using petrl::tape::Tape;
using petrl::tape::TransportAxis;
using petrl::tape::Var;

std::vector<float> random(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<float> v(n);
  for (float &x : v) x = static_cast<float>(generator() % 2000) / 1000.f - 1.f;
  return v;
}

// d/d(direction) of sum c_i y_i by the tape against central differences. `build` makes y of x.
void check(const petrl::GridSize &size, int channels, const std::function<Var(Tape &, Var)> &build,
           double tolerance = 2e-3) {
  Tape tape(size.nx, size.ny, size.nz);
  const std::size_t n = tape.points() * static_cast<std::size_t>(channels);
  const auto x = random(n, 1), direction = random(n, 2);
  std::vector<float> weights;
  const auto value = [&](float step) {
    std::vector<float> moved = x;
    for (std::size_t i = 0; i < n; ++i) moved[i] += step * direction[i];
    tape.clear();
    // An input is a constant to some operations: what is differentiated must be computed.
    const Var y = build(tape, tape.combine({{1.f, tape.input(moved.data(), channels)}}));
    const std::size_t count = tape.points() * static_cast<std::size_t>(tape.channels(y));
    if (weights.empty()) weights = random(count, 3);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i)
      sum += static_cast<double>(weights[i]) * static_cast<double>(tape.value(y)[i]);
    return sum;
  };
  const double eps = 1.0 / 512, difference = (value(1.f / 512) - value(-1.f / 512)) / (2 * eps);
  tape.clear();
  const Var input = tape.input(x.data(), channels), start = tape.combine({{1.f, input}}), y = build(tape, start);
  std::copy(weights.begin(), weights.end(), tape.gradient(y));
  tape.backward();
  double product = 0, scale = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double term = static_cast<double>(tape.gradient(start)[i]) * static_cast<double>(direction[i]);
    product += term;
    scale += term * term;
  }
  EXPECT_NEAR(product, difference, tolerance * (std::sqrt(scale) + std::fabs(product)));
}

const TransportAxis kAxis{{3.f, -.4f, .2f}, {.5f, .1f, -.05f}, {.7f, -.1f, 0.f}};

TEST(Tape, Elementwise) {
  check({16, 5}, 2, [](Tape &t, Var x) { return t.multiply(x, t.slice(x, 1, 1)); });
  check(
      {16, 5}, 2,
      [](Tape &t, Var x) {
        return t.combine({{2.f, x}, {-.5f, t.tanh(x)}, {1.f, t.absolute(x)}});
      },
      2e-2);
  check(
      {16, 5}, 2,
      [](Tape &t, Var x) {
        return t.concatenate({t.relu(x), t.slice(x, 0, 1)});
      },
      2e-2);
}

TEST(Tape, StencilsAndTransport) {
  for (const int axis : {0, 1}) {
    check({30, 7}, 2, [axis](Tape &t, Var x) { return t.stencil(x, {.1f, .2f, -1.f, .4f, .9f}, axis); });
    check(
        {30, 7}, 2, [axis](Tape &t, Var x) { return t.transport(x, t.slice(x, 1, 1), kAxis, axis); }, 1e-2);
  }
}

TEST(Tape, Flux) {
  // Velocities of one sign: where a face's changes, the flux has a kink and differences say nothing.
  for (const float sign : {2.f, -2.f}) {
    for (const int axis : {0, 1}) {
      check(
          {18, 9}, 8,
          [axis, sign](Tape &t, Var x) {
            const std::vector<float> shift(t.points(), sign);
            const Var u = t.combine({{1.f, t.slice(x, 6, 1)}, {1.f, t.input(shift.data(), 1)}});
            const Var more = t.multiply(t.slice(x, 7, 1), t.slice(x, 7, 1));
            return t.fluxDivergence(t.slice(x, 0, 1), t.slice(x, 1, 5), u, 2, .1f, .7f, axis, more);
          },
          1e-2);
    }
  }
}

TEST(Tape, FluxConservesAndLeavesConstantsAlone) {
  Tape t(20, 12);
  const auto q = random(t.points(), 4), w = random(5 * t.points(), 5), u = random(t.points(), 6);
  const std::vector<float> constant(t.points(), 3.f);
  for (const int axis : {0, 1}) {
    t.clear();
    const Var weights = t.input(w.data(), 5), velocity = t.input(u.data(), 1);
    const Var moved = t.fluxDivergence(t.input(q.data(), 1), weights, velocity, 2, 0.f, 1.f, axis);
    const Var still = t.fluxDivergence(t.input(constant.data(), 1), weights, velocity, 2, 0.f, 1.f, axis);
    double sum = 0;
    for (std::size_t i = 0; i < t.points(); ++i) {
      sum += static_cast<double>(t.value(moved)[i]);
      EXPECT_EQ(t.value(still)[i], 0.f);
    }
    EXPECT_NEAR(sum, 0, 1e-4);
  }
}

using TapeConvolution = petrl::test::OnEachLevel;
INSTANTIATE_TEST_SUITE_P(Processors, TapeConvolution, petrl::test::kLevels, petrl::test::levelName);

TEST_P(TapeConvolution, Inputs) {
  for (const auto &[kernel, dilation] : {std::pair{1, 1}, {3, 1}, {3, 2}, {5, 2}}) {
    const auto w = random(static_cast<std::size_t>(13 * 3 * kernel * kernel), 7), b = random(13, 8);
    Convolution layer{3, 13, kernel, dilation, w.data(), b.data()};
    check({30, 10}, 3, [&layer](Tape &t, Var x) { return t.convolve(x, layer); });
    check({64, 10}, 3, [&layer](Tape &t, Var x) { return t.convolve(x, layer); });
  }
}

TEST_P(TapeConvolution, OtherDimensions) {
  for (const int dimensions : {1, 3}) {
    for (const auto &[kernel, dilation] : {std::pair{1, 1}, {3, 1}, {3, 2}, {5, 1}}) {
      const int k = kernel;
      const auto w = random(static_cast<std::size_t>(7 * 3 * (dimensions == 1 ? k : k * k * k)), 7), b = random(7, 8);
      Convolution layer{3, 7, kernel, dilation, w.data(), b.data(), nullptr, nullptr, dimensions};
      for (const int nx : {30, 16})
        check({nx, dimensions == 1 ? 1 : 6, dimensions == 1 ? 1 : 5}, 3,
              [&layer](Tape &t, Var x) { return t.convolve(x, layer); });
    }
  }
}

// The values are those of networks in use.
TEST_P(TapeConvolution, AsTheNetworksInUse) {
  for (const std::size_t d : {1u, 2u, 3u}) {
    const auto spec = petrl::test::randomFcn({{2, 5}, {3}, {2}, d}, "relu", "linear", 4);
    petrl::Fcn net(spec, "test");
    Tape t(11, d > 1 ? 6 : 1, d > 2 ? 5 : 1);
    const auto x = random(2 * t.points(), 3);
    std::vector<float> expected(5 * t.points());
    net.evaluatePeriodic(x.data(), {t.nx(), t.ny(), t.nz()}, expected.data());
    const Var y = t.convolve(t.input(x.data(), 2), Convolution{2, 5, 3, 2, spec.weights.at("layer0/weight").data.data(),
                                                               spec.weights.at("layer0/bias").data.data(), nullptr,
                                                               nullptr, static_cast<int>(d)});
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(t.value(y)[i], expected[i], 1e-6) << d;
  }
}

TEST_P(TapeConvolution, ByHand) {
  // One output: x(i - 2) + 10 x(i + 2 in y) + 5.
  Tape t(8, 6);
  std::vector<float> w(9, 0.f);
  w[3] = 1;
  w[7] = 10;
  const float b = 5;
  const auto x = random(t.points(), 9);
  const Var y = t.convolve(t.input(x.data(), 1), Convolution{1, 1, 3, 2, w.data(), &b});
  for (int j = 0; j < 6; ++j)
    for (int i = 0; i < 8; ++i)
      EXPECT_NEAR(
          t.value(y)[j * 8 + i],
          x[static_cast<std::size_t>(j * 8 + (i + 6) % 8)] + 10 * x[static_cast<std::size_t>((j + 2) % 6 * 8 + i)] + 5,
          1e-5);
}

TEST_P(TapeConvolution, Weights) {
  for (const petrl::GridSize &size : {petrl::GridSize{30, 9, 1}, {64, 9, 1}, {64, 33, 1}, {41, 1, 1}, {18, 7, 5}}) {
    const int dimensions = size.nz > 1 ? 3 : size.ny > 1 ? 2 : 1;
    const std::size_t taps = dimensions == 1 ? 3 : dimensions == 2 ? 9 : 27, n = 10 * taps;
    Tape t(size.nx, size.ny, size.nz);
    const auto x = random(2 * t.points(), 1), seed = random(5 * t.points(), 2), direction = random(n + 5, 3);
    auto w = random(n, 4), b = random(5, 5);
    const auto value = [&](float step) {
      auto w1 = w, b1 = b;
      for (std::size_t i = 0; i < w.size(); ++i) w1[i] += step * direction[i];
      for (std::size_t i = 0; i < b.size(); ++i) b1[i] += step * direction[w.size() + i];
      t.clear();
      const Var y =
          t.convolve(t.input(x.data(), 2), Convolution{2, 5, 3, 2, w1.data(), b1.data(), nullptr, nullptr, dimensions});
      double sum = 0;
      for (std::size_t i = 0; i < seed.size(); ++i)
        sum += static_cast<double>(seed[i]) * static_cast<double>(t.value(y)[i]);
      return sum;
    };
    const double difference = (value(.5f) - value(-.5f));  // linear: exact
    std::vector<float> gw(w.size(), 0.f), gb(b.size(), 0.f);
    t.clear();
    const Var y =
        t.convolve(t.input(x.data(), 2), Convolution{2, 5, 3, 2, w.data(), b.data(), gw.data(), gb.data(), dimensions});
    std::copy(seed.begin(), seed.end(), t.gradient(y));
    t.backward();
    double product = 0;
    for (std::size_t i = 0; i < gw.size(); ++i) product += static_cast<double>(gw[i] * direction[i]);
    for (std::size_t i = 0; i < gb.size(); ++i) product += static_cast<double>(gb[i] * direction[gw.size() + i]);
    EXPECT_NEAR(product, difference, 1e-3 * (1 + std::fabs(difference)));
  }
}

TEST(Tape, ClampLeadsBack) {
  Tape t(4, 1);
  const float x[4] = {-2, -2, .5f, 2}, seed[4] = {1, -1, 1, 1};
  const Var in = t.combine({{1.f, t.input(x, 1)}}), y = t.clamp(in, .5f);
  EXPECT_EQ(t.value(y)[0], -.5f);
  EXPECT_EQ(t.value(y)[2], .25f);
  std::copy(seed, seed + 4, t.gradient(y));
  t.backward();
  // Descent subtracts the gradient: at -2 only a negative one leads back, at 2 only a positive one.
  EXPECT_EQ(t.gradient(in)[0], 0.f);
  EXPECT_EQ(t.gradient(in)[1], -.5f);
  EXPECT_EQ(t.gradient(in)[2], .5f);
  EXPECT_EQ(t.gradient(in)[3], .5f);
}

}  // namespace
