// What a closure sees and does, on periodic arrays: against the definition, and against numbers worked out by hand.
#include "closure/correction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "closure/periodic.hpp"
#include "policy/native/fcn.hpp"
#include "support/closures.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

std::vector<double> randomField(int n, unsigned seed) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> values(static_cast<std::size_t>(n));
  for (auto &v : values) v = uniform(rng);
  return values;
}

PeriodicClosure closureOf(const Policy &policy) {
  validate(policy, "test");
  return PeriodicClosure(policy, "test");
}

}  // namespace

TEST(Correction, ConstantsAreScaledAndClamped) {
  const std::vector<double> f(6 * 5, 0.25);
  for (const auto &[output, expected] :
       std::vector<std::pair<float, double>>{{0.f, 1}, {1.f, 3}, {-1.f, -1}, {0.5f, 2}, {7.f, 3}, {-1e30f, -1}}) {
    for (const char *transform : {"additive", "additive-rate"}) {
      PeriodicClosure closure = closureOf(constantClosure({"psi"}, transform, -1, 3, {output}));
      std::vector<double> change(f.size());
      closure.compute({f.data()}, {6, 5, 0.125, 1, 1}, change.data());
      for (const double a : change) EXPECT_EQ(a, transform == std::string("additive") ? expected : 0.125 * expected);
    }
  }
}

TEST(Correction, ComponentsByName) {
  Policy p = constantClosure({"u", "psi", "v"}, "additive", -1, 1, {0.25f, -0.5f});
  EXPECT_EQ(Correction::make(p, "test")->components(), (std::vector<int>{0, 1}));
  p.action.parameters["components"] = "v psi";
  EXPECT_EQ(Correction::make(p, "test")->components(), (std::vector<int>{2, 1}));
  p.action.parameters["components"] = "v";
  expectParts(messageOf([&] { Correction::make(p, "f"); }), {"f: /action: components", "expected 2", "found 1"});
  p.action.parameters["components"] = "v w";
  expectParts(messageOf([&] { Correction::make(p, "f"); }), {"components: 'w' is not among"});
  p.action.parameters = {{"component", "v u"}};
  expectParts(messageOf([&] { Correction::make(p, "f"); }), {"component: unknown parameter"});
  p.action.parameters.clear();
  p.action.transform = "ratio";
  expectParts(messageOf([&] { Correction::make(p, "f"); }), {"additive-rate", "'ratio'"});
}

TEST(Correction, ParametersSurviveTheFile) {
  Policy p = constantClosure({"u", "psi"}, "additive", -1, 1, {0.25f});
  p.action.parameters["components"] = "psi";
  const std::string path = temporary("closure.h5");
  writePolicy(path, p);
  const Policy q = readPolicy(path, "closure");
  EXPECT_EQ(q.action.parameters, p.action.parameters);
  EXPECT_EQ(q.network.parameters, p.network.parameters);
  expectParts(describe(q), {"fcn 2-1", "receptive field 1 x 1", "2 multiply-adds a point", "components = psi"});
  expectParts(messageOf([&] { readPolicy(path, "tsadapt"); }), {path, "expected a tsadapt policy, found a closure"});
  std::remove(path.c_str());
}

// Offset, scale and clip, the network on wrapped inputs, and the scaling of its output.
TEST(Correction, PeriodicClosureByDefinition) {
  const int nx = 21, ny = 13, n = nx * ny;
  Policy p = closurePolicy({"psi", "u"}, 2, "additive-rate", -0.5, 2);
  p.observation.offset = {0.25f, -0.5f};
  p.observation.scale = {0.5f, 2.f};
  p.observation.clip = 1;
  p.network = randomFcn({{2, 6, 2}, {3, 3}, {1, 2}}, "relu", "tanh", 3);
  const auto psi = randomField(n, 1), u = randomField(n, 2);
  PeriodicClosure closure = closureOf(p);
  std::vector<double> change(static_cast<std::size_t>(2 * n));
  closure.compute({psi.data(), u.data()}, {nx, ny, 0.1, 1, 1}, change.data());

  Fcn net(p.network, "test");
  const int r = net.reach(), w = nx + 2 * r;
  std::vector<float> in(static_cast<std::size_t>(2 * w * (ny + 2 * r))), out(static_cast<std::size_t>(2 * n));
  std::size_t i = 0;
  for (std::size_t c = 0; c < 2; ++c) {
    for (int y = -r; y < ny + r; ++y) {
      for (int x = -r; x < nx + r; ++x, ++i) {
        const double v = (c == 0 ? psi : u)[static_cast<std::size_t>((y + ny) % ny * nx + (x + nx) % nx)];
        in[i] = static_cast<float>(std::clamp((v - p.observation.offset[c]) / p.observation.scale[c], -1.0, 1.0));
      }
    }
  }
  net.evaluate(in.data(), {nx, ny}, out.data());
  for (std::size_t k = 0; k < change.size(); ++k)
    ASSERT_NEAR(change[k], 0.1 * (-0.5 + 2.5 * (static_cast<double>(out[k]) + 1) / 2), 1e-7);

  // In two halves, as training does it: the same.
  PeriodicCorrection correction(p, "test");
  std::vector<float> seen(change.size()), action(change.size());
  correction.observe({psi.data(), u.data()}, {nx, ny, 0.1, 1, 1}, seen.data());
  net.evaluatePeriodic(seen.data(), {nx, ny}, action.data());
  std::vector<double> again(change.size());
  correction.correct({psi.data(), u.data()}, action.data(), {nx, ny, 0.1, 1, 1}, again.data());
  EXPECT_EQ(again, change);
}

// Less the mean of the points around, in units of their range and of a little of the whole range.
TEST(Correction, LocalNormalisation) {
  for (const int d : {1, 2, 3}) {
    Policy p = constantClosure({"psi", "u"}, "additive", -1, 1, {0.f});
    p.network.parameters["dimensions"] = std::to_string(d);
    p.observation.normalise = {"local", "record"};
    p.observation.radius = 2;
    PeriodicCorrection correction(p, "test");
    const GridSize size{11, d > 1 ? 4 : 1, d > 2 ? 3 : 1};  // narrower than what is looked at, too
    const CorrectionStep step{size.nx, size.ny, 0.1, 1, 1, 0, {}, size.nz, 1};
    const int n = static_cast<int>(size.points());
    const auto psi = randomField(n, 3), u = randomField(n, 4);
    std::vector<float> seen(2 * size.points());
    correction.observe({psi.data(), u.data()}, step, seen.data());
    const auto [least, most] = std::minmax_element(psi.begin(), psi.end());
    const auto wrapped = [](int i, int of) { return (i % of + of) % of; };
    for (int i = 0; i < n; ++i) {
      const int x = i % size.nx, y = i / size.nx % size.ny, z = i / size.nx / size.ny;
      double sum = 0, low = 2, high = -2, count = 0;
      const GridSize r = around(d, 2);
      for (int c = -r.nz; c <= r.nz; ++c)
        for (int b = -r.ny; b <= r.ny; ++b)
          for (int a = -r.nx; a <= r.nx; ++a, ++count) {
            const double v = psi[static_cast<std::size_t>(
                (wrapped(z + c, size.nz) * size.ny + wrapped(y + b, size.ny)) * size.nx + wrapped(x + a, size.nx))];
            sum += v, low = std::min(low, v), high = std::max(high, v);
          }
      const auto at = static_cast<std::size_t>(i);
      ASSERT_NEAR(seen[at], (psi[at] - sum / count) / (high - low + 1e-6 * (*most - *least)), 1e-6) << d;
      ASSERT_EQ(seen[size.points() + at], static_cast<float>(u[at]));
    }
    const std::vector<double> constant(size.points(), 0.1);
    correction.observe({constant.data(), u.data()}, step, seen.data());
    for (std::size_t i = 0; i < size.points(); ++i) EXPECT_NEAR(seen[i], 0, 1e-30);
    std::vector<double> broken = constant;
    broken[3] = NAN;
    correction.observe({broken.data(), u.data()}, step, seen.data());
    EXPECT_TRUE(std::isnan(seen[3]) && std::isnan(seen[4]));
  }
}

TEST(Correction, LocalNormalisationSurvivesTheFile) {
  const std::string path = temporary("local.h5");
  Policy p = constantClosure({"psi", "u"}, "additive", -1, 1, {0.f});
  p.observation.normalise = {"local", "record"};
  p.observation.radius = 3;
  writePolicy(path, p);
  const Policy read = readPolicy(path);
  EXPECT_EQ(read.observation.normalise, p.observation.normalise);
  EXPECT_EQ(read.observation.radius, 3);
  EXPECT_NE(describe(read).find("psi  less its mean over 7 points a side"), std::string::npos);
  const auto refused = [&](const std::function<void(Policy &)> &spoil, const std::vector<std::string> &parts) {
    Policy q = p;
    spoil(q);
    expectParts(messageOf([&] { writePolicy(path, q); }), parts);
  };
  refused([](Policy &q) { q.observation.normalise[0] = "global"; }, {"/observation/normalise", "found 'global'"});
  refused([](Policy &q) { q.observation.normalise.pop_back(); }, {"/observation/normalise", "expected 2 words"});
  refused([](Policy &q) { q.observation.radius = 0; }, {"/observation", "radius", "found 0"});
  refused([](Policy &q) { q.observation.scale[0] = 2; }, {"'psi' is normalised locally", "scale 1"});
  refused([](Policy &q) { q.observation.normalise[1] = "courant"; },
          {"'u' has a Courant number only if", "velocity of a flux"});
  std::remove(path.c_str());
}

TEST(Correction, NaNShows) {
  std::vector<double> f(32 * 32, 0.5);
  f[100] = NAN;
  PeriodicClosure closure = closureOf(diffusionClosure({"psi"}, "additive", 0.1, 1));
  std::vector<double> change(f.size());
  closure.compute({f.data()}, {32, 32, 0.1, 1, 1}, change.data());
  EXPECT_TRUE(std::isnan(change[100]));
  EXPECT_FALSE(allFinite(change.data(), change.size()));
  EXPECT_FALSE(allFinite(f.data(), f.size()));
  EXPECT_TRUE(allFinite(f.data(), 100));
  f[100] = INFINITY;
  EXPECT_FALSE(allFinite(f.data(), f.size()));
}
