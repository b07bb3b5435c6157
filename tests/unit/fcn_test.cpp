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

struct Volume {
  int channels;
  GridSize size;
  std::vector<double> data;
  std::size_t index(int c, int z, int y, int x) const {
    return static_cast<std::size_t>(((c * size.nz + z) * size.ny + y) * size.nx + x);
  }
};

// Layer by layer, without padding.
Volume byDefinition(const NetworkSpec &n, const FcnShape &shape, Volume in) {
  const std::size_t layers = shape.kernels.size();
  const int dimensions = static_cast<int>(shape.dimensions);
  for (std::size_t l = 0; l < layers; ++l) {
    const auto &w = n.weights.at("layer" + std::to_string(l) + "/weight").data;
    const auto &b = n.weights.at("layer" + std::to_string(l) + "/bias").data;
    const int k = static_cast<int>(shape.kernels[l]), d = static_cast<int>(shape.dilations[l]);
    const int ky = dimensions > 1 ? k : 1, kz = dimensions > 2 ? k : 1;
    const int outputs = static_cast<int>(shape.channels[l + 1]);
    Volume out{outputs, in.size.grown(around(dimensions, -d * (k - 1) / 2)), {}};
    for (int o = 0; o < outputs; ++o) {
      for (int at = 0; at < static_cast<int>(out.size.points()); ++at) {
        const int x = at % out.size.nx, y = at / out.size.nx % out.size.ny, z = at / out.size.nx / out.size.ny;
        double sum = b[static_cast<std::size_t>(o)];
        std::size_t i = static_cast<std::size_t>(o * in.channels) * shape.taps(l);
        for (int c = 0; c < in.channels; ++c)
          for (int tz = 0; tz < kz; ++tz)
            for (int ty = 0; ty < ky; ++ty)
              for (int tx = 0; tx < k; ++tx)
                sum += static_cast<double>(w[i++]) * in.data[in.index(c, z + tz * d, y + ty * d, x + tx * d)];
        const bool last = l + 1 == layers;
        if (n.parameters.at(last ? "output" : "activation") == "tanh") sum = std::tanh(sum);
        if (!last && n.parameters.at("activation") == "relu") sum = std::max(sum, 0.0);
        out.data.push_back(sum);
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

// The shapes in one, two and three dimensions (there only what is small enough).
static std::vector<FcnShape> shapes() {
  std::vector<FcnShape> all;
  for (const std::size_t d : {1u, 2u, 3u}) {
    for (FcnShape shape : kShapes) {
      shape.dimensions = d;
      if (d < 3 || shape.channels[1] < 20) all.push_back(shape);
    }
  }
  return all;
}

// Patches to try: {nx, ny, nz}.
static std::vector<GridSize> patches(std::size_t dimensions) {
  if (dimensions == 1) return {{1}, {7}, {33}, {64}, {101}};
  if (dimensions == 2) return {{1, 1}, {7, 3}, {33, 5}, {64, 4}, {101, 2}};
  return {{1, 1, 1}, {5, 3, 2}, {17, 2, 3}};
}

TEST_P(FcnOn, AgreesWithTheDefinition) {
  unsigned seed = 0;
  for (const FcnShape &shape : shapes()) {
    for (const char *activation : {"relu", "tanh"}) {
      for (const char *output : {"linear", "tanh"}) {
        if (shape.dimensions == 3 && activation[0] != output[0]) continue;
        const NetworkSpec n = randomFcn(shape, activation, output, ++seed);
        Fcn net(n, "test");
        const int c = net.inputs(), dimensions = net.dimensions();
        ASSERT_EQ(dimensions, static_cast<int>(shape.dimensions));
        for (const GridSize &size : patches(shape.dimensions)) {
          const GridSize all = size.grown(around(dimensions, net.reach()));
          const auto in = randomValues(static_cast<std::size_t>(c) * all.points(), seed, 2);
          std::vector<float> out(static_cast<std::size_t>(net.outputs()) * size.points());
          net.evaluate(in.data(), size, out.data());
          const Volume expected = byDefinition(n, shape, {c, all, {in.begin(), in.end()}});
          ASSERT_EQ(expected.data.size(), out.size());
          for (std::size_t i = 0; i < out.size(); ++i)
            ASSERT_NEAR(out[i], expected.data[i], 1e-5) << net.shape() << " in " << dimensions << " value " << i;
        }
      }
    }
  }
}

// The same bits however the grid is divided, and when it is periodic.
TEST_P(FcnOn, DoesNotDependOnTheDivision) {
  for (const FcnShape &shape : shapes()) {
    Fcn net(randomFcn(shape, "relu", "tanh", 5), "test");
    const int c = net.inputs(), a = net.outputs(), d = net.dimensions();
    const GridSize grid{d < 3 ? 37 : 19, d > 1 ? d < 3 ? 23 : 7 : 1, d > 2 ? 6 : 1}, r = around(d, net.reach());
    const auto at = [&grid](int channel, int z, int y, int x) {
      const auto wrapped = [](int i, int n) { return (i % n + n) % n; };
      return count(channel, grid.nz * grid.ny, grid.nx) +
             static_cast<std::size_t>((wrapped(z, grid.nz) * grid.ny + wrapped(y, grid.ny)) * grid.nx +
                                      wrapped(x, grid.nx));
    };
    const auto in = randomValues(static_cast<std::size_t>(c) * grid.points(), 6);
    std::vector<float> whole(static_cast<std::size_t>(a) * grid.points());
    net.evaluatePeriodic(in.data(), grid, whole.data());
    const auto box = [&](int x0, int y0, int z0, const GridSize &size) {
      std::vector<float> patch, out(static_cast<std::size_t>(a) * size.points());
      for (int k = 0; k < c; ++k)
        for (int z = z0 - r.nz; z < z0 + size.nz + r.nz; ++z)
          for (int y = y0 - r.ny; y < y0 + size.ny + r.ny; ++y)
            for (int x = x0 - r.nx; x < x0 + size.nx + r.nx; ++x) patch.push_back(in[at(k, z, y, x)]);
      net.evaluate(patch.data(), size, out.data());
      std::size_t i = 0;
      for (int k = 0; k < a; ++k)
        for (int z = z0; z < z0 + size.nz; ++z)
          for (int y = y0; y < y0 + size.ny; ++y)
            for (int x = x0; x < x0 + size.nx; ++x) ASSERT_EQ(out[i++], whole[at(k, z, y, x)]) << net.shape() << d;
    };
    box(0, 0, 0, grid);
    box(5, 1, 2, {7, d > 1 ? 2 : 1, 1});
    box(grid.nx - 7, grid.ny - 1, grid.nz - 1, {7, 1, 1});
  }
}

// A grid narrower than the network's reach still wraps around correctly: a constant stays one.
TEST_P(FcnOn, WrapsMoreThanOnce) {
  for (const std::size_t d : {1u, 2u, 3u}) {
    Fcn net(randomFcn({{1, 4, 1}, {3, 3}, {8, 4}, d}, "relu", "linear", 8), "test");
    const GridSize large{40, d > 1 ? 40 : 1, d > 2 ? 40 : 1}, small{3, d > 1 ? 2 : 1, d > 2 ? 2 : 1};
    const std::vector<float> wide(large.points(), 0.5f), narrow(small.points(), 0.5f);
    std::vector<float> a(wide.size()), b(narrow.size());
    net.evaluatePeriodic(wide.data(), large, a.data());
    net.evaluatePeriodic(narrow.data(), small, b.data());
    for (const float v : b) EXPECT_EQ(v, a[0]);
  }
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
  net.evaluate(in.data(), {static_cast<int>(in.size()), 1}, out.data());
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
    net.evaluatePeriodic(in.data(), {20, 20}, out.data());
    for (int y = 7; y <= 13; ++y) {
      for (int x = 7; x <= 13; ++x) EXPECT_TRUE(std::isnan(out[static_cast<std::size_t>(y * 20 + x)]));
    }
    EXPECT_FALSE(std::isnan(out[6 * 20 + 10]));
    // And nothing is left behind.
    in[10 * 20 + 10] = 0.1f;
    net.evaluatePeriodic(in.data(), {20, 20}, out.data());
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
      {[](NetworkSpec &n) { n.parameters["dimensions"] = "4"; }, {"dimensions", "1, 2 or 3", "'4'"}},
      {[](NetworkSpec &n) { n.parameters["dimensions"] = "3"; },
       {"layer0/weight", "outputs x inputs x k x k x k", "4 x 3 x 3 x 3"}},
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
