// Native convolutional inference against the definition in double precision, on every instruction set at hand.
#include "policy/native/fcn.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "base/error.hpp"
#include "support/closures.hpp"
#include "support/levels.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

struct Plane {
  int channels, nx, ny;
  std::vector<double> data;
  double &at(int c, int y, int x) { return data[static_cast<std::size_t>((c * ny + y) * nx + x)]; }
};

// Layer by layer, without padding.
Plane byDefinition(const NetworkSpec &n, const FcnShape &shape, Plane in) {
  const std::size_t layers = shape.kernels.size();
  for (std::size_t l = 0; l < layers; ++l) {
    const auto &w = n.weights.at("layer" + std::to_string(l) + "/weight").data;
    const auto &b = n.weights.at("layer" + std::to_string(l) + "/bias").data;
    const int k = static_cast<int>(shape.kernels[l]), d = static_cast<int>(shape.dilations[l]), r = d * (k - 1) / 2;
    const int outputs = static_cast<int>(shape.channels[l + 1]);
    Plane out{outputs, in.nx - 2 * r, in.ny - 2 * r, {}};
    for (int o = 0; o < outputs; ++o) {
      for (int y = 0; y < out.ny; ++y) {
        for (int x = 0; x < out.nx; ++x) {
          double sum = b[static_cast<std::size_t>(o)];
          std::size_t i = static_cast<std::size_t>(o * in.channels * k * k);
          for (int c = 0; c < in.channels; ++c) {
            for (int ky = 0; ky < k; ++ky) {
              for (int kx = 0; kx < k; ++kx) sum += static_cast<double>(w[i++]) * in.at(c, y + ky * d, x + kx * d);
            }
          }
          const bool last = l + 1 == layers;
          if (n.parameters.at(last ? "output" : "activation") == "tanh") sum = std::tanh(sum);
          if (!last && n.parameters.at("activation") == "relu") sum = std::max(sum, 0.0);
          out.data.push_back(sum);
        }
      }
    }
    in = out;
  }
  return in;
}

std::vector<float> randomValues(std::size_t n, unsigned seed, float size = 1) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<float> uniform(-size, size);
  std::vector<float> values(n);
  for (auto &v : values) v = uniform(rng);
  return values;
}

std::size_t count(int a, int b, int c) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c);
}

const std::vector<FcnShape> kShapes = {{{1, 1}, {1}, {1}},
                                       {{3, 8, 8, 6}, {3, 3, 3}, {1, 1, 1}},
                                       {{3, 16, 16, 10}, {3, 3, 3}, {1, 2, 3}},
                                       {{2, 5, 7, 3}, {5, 1, 3}, {2, 1, 4}},
                                       {{4, 13, 2}, {3, 5}, {3, 1}},
                                       {{1, 64, 64, 1}, {3, 3, 3}, {1, 2, 1}},
                                       {{3, 9, 17, 33, 2}, {1, 3, 3, 1}, {1, 1, 2, 1}}};

}  // namespace

using FcnOn = test::OnEachLevel;
INSTANTIATE_TEST_SUITE_P(Processors, FcnOn, test::kLevels, test::levelName);

TEST_P(FcnOn, AgreesWithTheDefinition) {
  unsigned seed = 0;
  for (const FcnShape &shape : kShapes) {
    for (const char *activation : {"relu", "tanh"}) {
      for (const char *output : {"linear", "tanh"}) {
        const NetworkSpec n = randomFcn(shape, activation, output, ++seed);
        Fcn net(n, "test");
        const int r = net.reach(), c = net.inputs();
        for (const auto &[nx, ny] : std::vector<std::pair<int, int>>{{1, 1}, {7, 3}, {33, 5}, {64, 4}, {101, 2}}) {
          const auto in = randomValues(count(c, nx + 2 * r, ny + 2 * r), seed, 2);
          std::vector<float> out(count(net.outputs(), nx, ny));
          net.evaluate(in.data(), nx, ny, out.data());
          const Plane expected = byDefinition(n, shape, {c, nx + 2 * r, ny + 2 * r, {in.begin(), in.end()}});
          ASSERT_EQ(expected.data.size(), out.size());
          for (std::size_t i = 0; i < out.size(); ++i)
            ASSERT_NEAR(out[i], expected.data[i], 1e-5) << net.shape() << " " << nx << " x " << ny << " value " << i;
        }
      }
    }
  }
}

// The same bits however the grid is divided, and when it is periodic.
TEST_P(FcnOn, DoesNotDependOnTheDivision) {
  for (const FcnShape &shape : kShapes) {
    Fcn net(randomFcn(shape, "relu", "tanh", 5), "test");
    const int r = net.reach(), c = net.inputs(), a = net.outputs(), nx = 37, ny = 23;
    const auto in = randomValues(count(c, nx, ny), 6);
    std::vector<float> whole(count(a, nx, ny));
    net.evaluatePeriodic(in.data(), nx, ny, whole.data());
    for (const auto &[x0, y0, w, h] : std::vector<std::array<int, 4>>{{0, 0, 37, 23}, {5, 3, 17, 1}, {30, 20, 7, 3}}) {
      std::vector<float> patch(count(c, w + 2 * r, h + 2 * r)), out(count(a, w, h));
      std::size_t i = 0;
      for (int k = 0; k < c; ++k) {
        for (int y = y0 - r; y < y0 + h + r; ++y) {
          for (int x = x0 - r; x < x0 + w + r; ++x)
            patch[i++] = in[count(k, ny, nx) + static_cast<std::size_t>((y + 10 * ny) % ny * nx + (x + 10 * nx) % nx)];
        }
      }
      net.evaluate(patch.data(), w, h, out.data());
      i = 0;
      for (int k = 0; k < a; ++k) {
        for (int y = y0; y < y0 + h; ++y) {
          for (int x = x0; x < x0 + w; ++x, ++i)
            ASSERT_EQ(out[i], whole[count(k, ny, nx) + static_cast<std::size_t>(y * nx + x)]) << net.shape();
        }
      }
    }
  }
}

// A grid narrower than the network's reach still wraps around correctly: a constant stays one.
TEST_P(FcnOn, WrapsMoreThanOnce) {
  Fcn net(randomFcn({{1, 4, 1}, {3, 3}, {8, 4}}, "relu", "linear", 8), "test");
  const std::vector<float> wide(count(1, 40, 40), 0.5f), narrow(count(1, 3, 2), 0.5f);
  std::vector<float> a(wide.size()), b(narrow.size());
  net.evaluatePeriodic(wide.data(), 40, 40, a.data());
  net.evaluatePeriodic(narrow.data(), 3, 2, b.data());
  for (const float v : b) EXPECT_EQ(v, a[0]);
}

TEST_P(FcnOn, Tanh) {
  const NetworkSpec identity = [] {
    NetworkSpec n;
    n.architecture = "fcn";
    n.parameters = {{"activation", "relu"}, {"output", "tanh"}};
    n.weights = {{"layer0/weight", {{1, 1, 1, 1}, {1}}}, {"layer0/bias", {{1}, {0}}}};
    return n;
  }();
  Fcn net(identity, "test");
  std::vector<float> in;
  for (int i = -12000; i <= 12000; ++i) in.push_back(static_cast<float>(i) * 1e-3f);
  in.push_back(INFINITY);
  in.push_back(NAN);
  std::vector<float> out(in.size());
  net.evaluate(in.data(), static_cast<int>(in.size()), 1, out.data());
  for (std::size_t i = 0; i + 1 < in.size(); ++i) {
    EXPECT_NEAR(out[i], std::tanh(static_cast<double>(in[i])), 4e-7) << in[i];
    EXPECT_LE(std::abs(out[i]), 1.f + 2e-7f);
  }
  EXPECT_TRUE(std::isnan(out.back()));
}

// A broken input must show in the output, or nobody would overrule the policy.
TEST_P(FcnOn, NaNStaysNaN) {
  for (const char *activation : {"relu", "tanh"}) {
    Fcn net(randomFcn({{1, 8, 8, 2}, {3, 3, 3}, {1, 1, 1}}, activation, "tanh", 9), "test");
    std::vector<float> in(20 * 20, 0.1f), out(2 * 20 * 20);
    in[10 * 20 + 10] = NAN;
    net.evaluatePeriodic(in.data(), 20, 20, out.data());
    for (int y = 7; y <= 13; ++y) {
      for (int x = 7; x <= 13; ++x) EXPECT_TRUE(std::isnan(out[static_cast<std::size_t>(y * 20 + x)]));
    }
    EXPECT_FALSE(std::isnan(out[6 * 20 + 10]));
    // And nothing is left behind.
    in[10 * 20 + 10] = 0.1f;
    net.evaluatePeriodic(in.data(), 20, 20, out.data());
    for (const float v : out) EXPECT_TRUE(std::isfinite(v));
  }
}

TEST(Fcn, Describes) {
  const Fcn net(randomFcn({{3, 16, 16, 10}, {3, 5, 1}, {2, 3, 1}}, "relu", "tanh", 1), "test");
  EXPECT_EQ(net.reach(), 2 + 6);
  EXPECT_EQ(net.shape(), "3-16-16-10");
  EXPECT_EQ(net.multiplyAdds(), 3u * 16 * 9 + 16 * 16 * 25 + 16 * 10);
  EXPECT_EQ(net.weights(), net.multiplyAdds() + 16 + 16 + 10);
}

TEST(Fcn, MistakesAreNamed) {
  const FcnShape shape{{3, 4, 2}, {3, 3}, {1, 1}};
  const std::vector<std::pair<std::function<void(NetworkSpec &)>, std::vector<std::string>>> cases = {
      {[](NetworkSpec &n) { n.parameters["activation"] = "gelu"; }, {"activation", "relu or tanh", "'gelu'"}},
      {[](NetworkSpec &n) { n.parameters.erase("output"); }, {"output", "missing"}},
      {[](NetworkSpec &n) { n.parameters["dilations"] = "1"; }, {"dilations", "unknown parameter"}},
      {[](NetworkSpec &n) { n.parameters["dilation"] = "1"; }, {"dilation", "expected 2 numbers", "found 1"}},
      {[](NetworkSpec &n) { n.parameters["dilation"] = "1 0"; }, {"dilation", "'0'"}},
      {[](NetworkSpec &n) { n.parameters["dilation"] = "1 2x"; }, {"dilation", "'2x'"}},
      {[](NetworkSpec &n) { n.weights.erase("layer1/bias"); }, {"layer1/bias", "missing"}},
      {[](NetworkSpec &n) { n.weights.erase("layer0/weight"); }, {"layer0/weight", "missing"}},
      {[](NetworkSpec &n) {
         n.weights["layer7/bias"] = {{1}, {0}};
       },
       {"layer2", "consecutive layers"}},
      {[](NetworkSpec &n) {
         n.weights["layer0/weight"] = {{4, 3, 2, 2}, std::vector<float>(48)};
       },
       {"layer0/weight", "1, 3 or 5 points", "4 x 3 x 2 x 2"}},
      {[](NetworkSpec &n) {
         n.weights["layer0/weight"] = {{4, 27}, std::vector<float>(108)};
       },
       {"layer0/weight", "outputs x inputs x k x k", "4 x 27"}},
      {[](NetworkSpec &n) {
         n.weights["layer1/weight"] = {{2, 5, 1, 1}, std::vector<float>(10)};
       },
       {"layer1/weight", "expected 4 inputs", "found 5"}},
      {[](NetworkSpec &n) {
         n.weights["layer1/bias"] = {{3}, {0, 0, 0}};
       },
       {"layer1/bias", "expected 2 values"}}};
  for (const auto &[spoil, parts] : cases) {
    NetworkSpec n = randomFcn(shape, "relu", "linear", 1);
    spoil(n);
    expectParts(messageOf([&] { Fcn(n, "file.h5"); }), parts);
    expectParts(messageOf([&] { Fcn(n, "file.h5"); }), {"file.h5: /network/"});
  }
}
