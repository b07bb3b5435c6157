// modified: extended: the fine grid's errors and the unresolved transport as terms of the coarse equation.
#include <gtest/gtest.h>

#include <numeric>

#include "base/error.hpp"
#include "problems/burgers/environment.hpp"
#include "problems/grid2d/extended.hpp"
#include "problems/grid2d/random.hpp"
#include "support/grid2d.hpp"

using namespace petrl;
using namespace petrl::burgers;
using namespace petrl::grid2d;
using namespace petrl::test;

namespace {

Scheme extended(double dissipation = 0, const std::string &integrator = "rk4") {
  const BurgersModel model;
  Scheme s;
  s.advection = "upwind5", s.integrator = integrator;
  s.diffusion_order = 6, s.viscosity = model.viscosity();
  s.modified = model.fineSpacing(), s.fine_dt = model.fineTimeStep();
  s.extended = true, s.dissipation = dissipation;
  return s;
}

std::vector<double> noise(std::size_t size, std::uint64_t seed) {
  grid2d::Random random(seed);
  std::vector<double> out(size);
  for (double &value : out) value = random.uniform(-1, 1);
  return out;
}

// A component with its derivatives.
struct Wave {
  double amplitude, kx, ky, phase;
  double value(double x, double y) const { return 0.1 + amplitude * std::sin(kx * x + ky * y + phase); }
  double d1(double x, double y) const { return amplitude * std::cos(kx * x + ky * y + phase); }
  double d2(double x, double y) const { return -amplitude * std::sin(kx * x + ky * y + phase); }
};
const Wave kU{0.7, kTwoPi, kTwoPi, 0.3}, kV{0.5, kTwoPi, -2 * kTwoPi, -0.4};

// (state after an Euler step - state) / dt is the right-hand side.
std::vector<double> slope(const Scheme &scheme, int nx, int ny, const std::vector<double> &state) {
  constexpr double dt = 1. / 1024;
  Scheme euler = scheme;
  euler.integrator = "euler";
  auto out = integrate(euler, 2, nx, ny, state, {}, dt, 1);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = (out[i] - state[i]) / dt;
  return out;
}

std::vector<double> waves(int nx, int ny) {
  return join(sampleGrid(nx, ny, [](double x, double y) { return kU.value(x, y); }),
              sampleGrid(nx, ny, [](double x, double y) { return kV.value(x, y); }));
}

// Largest difference from the formula in extended.hpp. Another number of points in y: the spacings differ.
double formulaError(const Scheme &s, int n) {
  const int m = n + n / 2;
  const double hf = s.modified, tau = s.fine_dt / 2, sx = (1. / (n * n) - hf * hf) / 12,
               sy = (1. / (m * m) - hf * hf) / 12;
  const auto exact = [&](const Wave &w) {
    return sampleGrid(n, m, [&, w](double x, double y) {
      const double u = kU.value(x, y), v = kV.value(x, y);
      const double ux = kU.kx * kU.d1(x, y), uy = kU.ky * kU.d1(x, y), vx = kV.kx * kV.d1(x, y),
                   vy = kV.ky * kV.d1(x, y);
      const double wx = w.kx * w.d1(x, y), wy = w.ky * w.d1(x, y), wxx = w.kx * w.kx * w.d2(x, y),
                   wxy = w.kx * w.ky * w.d2(x, y), wyy = w.ky * w.ky * w.d2(x, y);
      const double au = u * ux + v * uy, av = u * vx + v * vy;
      const double wtt = u * u * wxx + 2 * u * v * wxy + v * v * wyy + 2 * (au * wx + av * wy);
      return -u * wx - v * wy + s.viscosity * (wxx + wyy) + hf / 2 * (std::fabs(u) * wxx + std::fabs(v) * wyy) -
             sx * (ux * wxx + vx * wxy) - sy * (uy * wxy + vy * wyy) - tau * wtt;
    });
  };
  return largestDifference(slope(s, n, m, waves(n, m)), join(exact(kU), exact(kV)));
}

}  // namespace

TEST(BurgersExtended, IsTheFormulaToSixthOrder) {
  Scheme s = extended();
  s.modified = 1. / 2000, s.fine_dt = 0.02;
  EXPECT_LT(formulaError(s, 64), 1e-3);
  EXPECT_NEAR(std::log2(formulaError(s, 32) / formulaError(s, 64)), 6, 0.3);
  s.dissipation = 1;  // a fifth-order term
  EXPECT_NEAR(std::log2(formulaError(s, 64) / formulaError(s, 128)), 5, 0.3);
}

// Where the fine grid has no error and is no finer, nothing is added.
TEST(BurgersExtended, WithoutAFinerGridItIsTheScheme) {
  Scheme with = extended(0.3), without = with;
  with.modified = without.modified = 1. / 16;
  with.fine_dt = 1e-300;
  without.extended = false;
  const auto state = noise(512, 1);
  EXPECT_LT(largestDifference(slope(with, 16, 16, state), slope(without, 16, 16, state)), 1e-10);
}

// Odd sizes leave remainders to the vector loops; 300 columns are done in two pieces.
TEST(BurgersExtended, TranslationInvariant) {
  for (const auto &[nx, ny] : {std::pair{13, 11}, std::pair{300, 5}, std::pair{4, 3}, std::pair{2, 2}}) {
    const auto state = noise(static_cast<std::size_t>(2 * nx * ny), 3);
    for (const std::string integrator : {"euler", "rk4"}) {
      const Scheme s = extended(0.3, integrator);
      const double dt = 0.1 / std::max(nx, ny);
      const auto plain = integrate(s, 2, nx, ny, state, {}, dt, 3);
      for (const auto &[dx, dy] : {std::pair{1, 0}, std::pair{0, 1}, std::pair{-1, -1}}) {
        const auto moved = integrate(s, 2, nx, ny, shifted(state, 2, nx, ny, dx, dy), {}, dt, 3);
        EXPECT_LT(largestDifference(moved, shifted(plain, 2, nx, ny, dx, dy)), 1e-12) << nx << " " << integrator;
      }
    }
  }
}

// Mirrored in x (u changes sign) and transposed.
TEST(BurgersExtended, MirrorSymmetric) {
  const int n = 13;
  const std::size_t plane = 13 * 13;
  const auto state = noise(2 * plane, 6);
  const auto at = [](int y, int x) { return static_cast<std::size_t>(y * 13 + x); };
  const auto change = [&](const std::vector<double> &q, bool mirror) {
    std::vector<double> out(2 * plane);
    for (int y = 0; y < n; ++y) {
      for (int x = 0; x < n; ++x) {
        const double u = q[at(y, x)], v = q[plane + at(y, x)];
        const std::size_t to = mirror ? at(y, n - 1 - x) : at(x, y);
        out[to] = mirror ? -u : v;
        out[plane + to] = mirror ? v : u;
      }
    }
    return out;
  };
  for (const double dissipation : {0., 1.}) {
    const Scheme s = extended(dissipation);
    const auto plain = integrate(s, 2, n, n, state, {}, 0.01, 2);
    for (const bool mirror : {false, true}) {
      EXPECT_LT(largestDifference(integrate(s, 2, n, n, change(state, mirror), {}, 0.01, 2), change(plain, mirror)),
                1e-12);
    }
  }
}

TEST(BurgersExtended, ConstantStays) {
  const std::vector<double> constant = join(std::vector<double>(19 * 14, 0.7), std::vector<double>(19 * 14, -0.2));
  EXPECT_LT(largestDifference(integrate(extended(0.3), 2, 19, 14, constant, {}, 0.01, 5), constant), 1e-15);
}

TEST(BurgersExtended, OrdersInTime) {
  auto start = waves(16, 16);
  for (double &value : start) value += 1;  // |u| is smooth where u keeps its sign
  const auto exact = integrate(extended(), 2, 16, 16, start, {}, 0.1 / 512, 512);
  for (const auto &[integrator, expected] : {std::pair{"euler", 1.}, std::pair{"rk4", 4.}}) {
    const auto error = [&](int steps) {
      return largestDifference(integrate(extended(0, integrator), 2, 16, 16, start, {}, 0.1 / steps, steps), exact);
    };
    EXPECT_NEAR(std::log2(error(16) / error(32)), expected, 0.35) << integrator;
  }
}

// Relative error in percent after 50 steps, the median of some runs: a third of what `modified: true` has.
TEST(BurgersExtended, Table) {
  const BurgersModel model;
  std::vector<double> error;
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    const Case c = sampleCase(model, 2, seed);
    const Reference r = reference(model, c, 50, {30});
    error.push_back(100 * simulate(model, c, r, {extended(0.3), 30, 1, 1}).relative[50]);
  }
  std::sort(error.begin(), error.end());
  EXPECT_NEAR(error[7], 0.64, 0.2);
}

TEST(BurgersExtended, ReadFromYaml) {
  const auto read = [](const std::string &text) {
    YamlMap yaml = YamlMap::parse(text, "test.yaml");
    return readScheme(yaml, 0.003, 1. / 150, 5, 0.003);
  };
  const Scheme s = read("scheme: upwind5\nmodified: extended\ndissipation: 0.3");
  EXPECT_TRUE(s.extended);
  EXPECT_EQ(s.diffusion_order, 6);
  EXPECT_EQ(s.dissipation, 0.3);
  EXPECT_EQ(s.modified, 1. / 150);
  EXPECT_EQ(s.fine_dt, 0.003);
  EXPECT_EQ(read("scheme: upwind5\nmodified: extended\ndiffusion_order: 4").diffusion_order, 4);
  const Scheme plain = read("modified: yes");
  EXPECT_FALSE(plain.extended);
  EXPECT_EQ(plain.modified, 1. / 150);
  EXPECT_EQ(plain.diffusion_order, 2);
  const auto message = [&](const std::string &text) {
    try {
      read(text);
    } catch (const Error &e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_NE(message("modified: more").find("expected false, true or extended, found 'more'"), std::string::npos);
  EXPECT_NE(message("modified: extended").find("extended needs the scheme upwind5, found upwind1"), std::string::npos);
  EXPECT_NE(message("dissipation: 0").find("dissipation: only upwind5"), std::string::npos);
  EXPECT_NE(message("diffusion_order: 5").find("expected 2, 4 or 6, found 5"), std::string::npos);

  BurgersEnvironment environment(YamlMap::parse("scheme: upwind5\nintegrator: rk4\nmodified: extended", "test.yaml"));
  EXPECT_EQ(environment.settings().scheme.fine_dt, BurgersModel().fineTimeStep());
  const std::vector<float> zero(1800, 0.f);
  std::vector<float> reward(900);
  EXPECT_EQ(environment.episode(3)->step(zero.data(), reward.data()), GridOutcome::running);
}

TEST(BurgersExtended, NotForOthers) {
  Scheme s = extended();
  EXPECT_THROW(Stepper(s, 1, 16, 16, 0.01), Error);
  Stepper stepper(s, 2, 16, 16, 0.01);
  EXPECT_THROW(stepper.setVelocity(Field(2, 16, 16)), Error);
  s.fine_dt = 0;
  EXPECT_THROW(Stepper(s, 2, 16, 16, 0.01), Error);
  s = extended(), s.advection = "central2", s.dissipation = 1;
  EXPECT_THROW(Stepper(s, 2, 16, 16, 0.01), Error);
}
