// Schemes on periodic grids: orders of convergence, symmetries, what they conserve.
#include "support/grid2d.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "base/error.hpp"

using namespace petrl;
using namespace petrl::grid2d;
using namespace petrl::test;

namespace {

Scheme named(const std::string &advection, const std::string &integrator = "euler") {
  Scheme s;
  s.advection = advection;
  s.integrator = integrator;
  return s;
}

std::vector<double> noise(std::size_t size, unsigned seed) {
  std::mt19937_64 rng(seed);
  std::vector<double> out(size);
  for (double &value : out) value = static_cast<double>(rng() >> 11) * 0x1p-52 - 1;
  return out;
}

// Largest error of the right-hand side at smooth data whose velocity changes sign in both directions.
double rhsError(const Scheme &scheme, int n) {
  const auto psi = [](double x, double y) { return std::sin(kTwoPi * x + 0.3) * std::cos(kTwoPi * y - 0.2); };
  const auto psi_x = [](double x, double y) {
    return kTwoPi * std::cos(kTwoPi * x + 0.3) * std::cos(kTwoPi * y - 0.2);
  };
  const auto psi_y = [](double x, double y) {
    return -kTwoPi * std::sin(kTwoPi * x + 0.3) * std::sin(kTwoPi * y - 0.2);
  };
  const auto u = [](double x, double y) { return 0.3 + std::sin(kTwoPi * (x + y)); };
  const auto v = [](double x, double y) { return std::cos(kTwoPi * (x - 2 * y)) - 0.2; };
  // Another number of points in y: the spacings differ.
  const int m = n + n / 2;
  const auto exact = sampleGrid(n, m, [&](double x, double y) {
    return -u(x, y) * psi_x(x, y) - v(x, y) * psi_y(x, y) - scheme.viscosity * 2 * kTwoPi * kTwoPi * psi(x, y);
  });
  return largestDifference(
      rightHandSide(scheme, 1, n, m, sampleGrid(n, m, psi), join(sampleGrid(n, m, u), sampleGrid(n, m, v))), exact);
}

double order(const Scheme &scheme, int n) {
  return std::log2(rhsError(scheme, n) / rhsError(scheme, 2 * n));
}

}  // namespace

TEST(Grid2d, SpatialOrders) {
  EXPECT_NEAR(order(named("upwind1"), 128), 1, 0.1);
  EXPECT_NEAR(order(named("upwind2"), 128), 2, 0.1);
  EXPECT_NEAR(order(named("central2"), 128), 2, 0.1);
  EXPECT_NEAR(order(named("upwind5"), 64), 5, 0.2);
  EXPECT_NEAR(order(named("weno5"), 64), 5, 0.6);
}

TEST(Grid2d, DiffusionOrders) {
  Scheme s = named("upwind5");
  s.viscosity = 1;  // the error of the diffusion dominates
  EXPECT_NEAR(order(s, 64), 2, 0.1);
  s.diffusion_order = 4;
  EXPECT_NEAR(order(s, 32), 4, 0.2);
  s.diffusion_order = 6, s.dissipation = 0;  // advection has the same order then
  EXPECT_NEAR(order(s, 32), 6, 0.3);
}

// The modified equation on the coarse grid is what a first-order upwind scheme on the fine one is to second order.
TEST(Grid2d, ModifiedEquationIsTheFineGridsDiffusion) {
  const int n = 128;
  const double hf = 1. / 512;
  const auto psi = sampleGrid(n, n, [](double x, double y) { return std::sin(kTwoPi * x) + std::cos(kTwoPi * y); });
  const auto u = sampleGrid(n, n, [](double x, double) { return std::sin(kTwoPi * x); });
  const auto v = sampleGrid(n, n, [](double, double y) { return std::cos(kTwoPi * y) + 0.3; });
  Scheme plain = named("upwind5"), modified = plain;
  modified.modified = hf;
  modified.diffusion_order = 4;
  auto with = rightHandSide(modified, 1, n, n, psi, join(u, v));
  const auto without = rightHandSide(plain, 1, n, n, psi, join(u, v));
  double worst = 0;
  for (std::size_t i = 0; i < with.size(); ++i) {
    const double x = static_cast<double>(i % n) / n, y = static_cast<double>(i / n) / n;
    const double expected =
        -hf / 2 * kTwoPi * kTwoPi * (std::fabs(u[i]) * std::sin(kTwoPi * x) + std::fabs(v[i]) * std::cos(kTwoPi * y));
    worst = std::max(worst, std::fabs(with[i] - without[i] - expected));
  }
  EXPECT_LT(worst, 1e-5);
}

TEST(Grid2d, FittedStencilsFollowTheFineGrid) {
  for (const auto &[radius, tolerance] : {std::pair{4, 8e-3}, std::pair{5, 3e-3}}) {
    const auto a = fittedStencil(radius, 4);
    ASSERT_EQ(a.size(), static_cast<std::size_t>(radius));
    for (double theta = 0.05; theta <= 2; theta += 0.05) {
      double symbol = 0;
      for (int k = 1; k <= radius; ++k) symbol += 2 * a[static_cast<std::size_t>(k - 1)] * std::sin(k * theta);
      EXPECT_NEAR(symbol, 4 * std::sin(theta / 4), tolerance) << "theta " << theta;
    }
  }
  // A grid that is no finer has the central difference itself.
  const auto same = fittedStencil(5, 1);
  EXPECT_NEAR(same[0], 0.5, 1e-8);
  for (std::size_t k = 1; k < 5; ++k) EXPECT_NEAR(same[k], 0, 1e-8);
}

TEST(Grid2d, TimeOrders) {
  // The semi-discrete solution is known from many small steps. (WENO's weights switch: no order in time to be seen.)
  const int n = 16;
  const auto psi = sampleGrid(n, n, [](double x, double y) { return std::sin(kTwoPi * x) * std::cos(kTwoPi * y); });
  const auto velocity =
      join(sampleGrid(n, n, [](double x, double y) { return 0.5 + 0.3 * std::sin(kTwoPi * (x + y)); }),
           sampleGrid(n, n, [](double x, double) { return -0.4 + 0.2 * std::cos(kTwoPi * x); }));
  const double end = 0.25;
  for (const auto &[components, name] : {std::pair{1, "upwind5"}, std::pair{2, "upwind5"}}) {
    const bool burgers = components == 2;
    const auto &start = burgers ? velocity : psi;
    const auto by = burgers ? std::vector<double>() : velocity;
    const auto exact = integrate(named(name, "rk4"), components, n, n, start, by, end / 512, 512);
    for (const auto &[integrator, expected] : {std::pair{"euler", 1.}, std::pair{"rk4", 4.}}) {
      const auto error = [&](int steps) {
        return largestDifference(integrate(named(name, integrator), components, n, n, start, by, end / steps, steps),
                                 exact);
      };
      EXPECT_NEAR(std::log2(error(16) / error(32)), expected, 0.35) << name << " " << integrator << " " << components;
    }
  }
}

TEST(Grid2d, DissipationIsAFactor) {
  const int n = 12;
  const auto q = noise(144, 11), velocity = noise(288, 12);
  for (const std::string name : {"upwind5", "fitted9", "fitted11"}) {
    Scheme s = named(name);
    const auto by = [&](double factor) {
      s.dissipation = factor;
      return rightHandSide(s, 1, n, n, q, velocity);
    };
    const auto none = by(0), one = by(1), some = by(0.3);
    for (std::size_t i = 0; i < none.size(); ++i) EXPECT_NEAR(some[i], none[i] + 0.3 * (one[i] - none[i]), 1e-12);
    // Without it the direction of the flow does not matter.
    std::vector<double> back = velocity;
    for (double &value : back) value = -value;
    const auto against = rightHandSide((s.dissipation = 0, s), 1, n, n, q, back);
    for (std::size_t i = 0; i < none.size(); ++i) EXPECT_NEAR(against[i], -none[i], 1e-12);
  }
}

TEST(Grid2d, UpwindIsTheOneSidedDifference) {
  const int n = 8;
  const auto q = noise(64, 1), velocity = noise(128, 2);
  const auto f1 = rightHandSide(named("upwind1"), 1, n, n, q, velocity);
  const auto f2 = rightHandSide(named("upwind2"), 1, n, n, q, velocity);
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      const auto at = [&](int i, int j) { return q[static_cast<std::size_t>(((j + n) % n) * n + (i + n) % n)]; };
      const auto i = static_cast<std::size_t>(y * n + x);
      const double u = velocity[i], v = velocity[64 + i];
      const int sx = u > 0 ? -1 : 1, sy = v > 0 ? -1 : 1;
      const double dx = -sx * (at(x, y) - at(x + sx, y)) * n, dy = -sy * (at(x, y) - at(x, y + sy)) * n;
      EXPECT_NEAR(f1[i], -u * dx - v * dy, 1e-12);
      const double d2x = -sx * (3 * at(x, y) - 4 * at(x + sx, y) + at(x + 2 * sx, y)) * n / 2;
      const double d2y = -sy * (3 * at(x, y) - 4 * at(x, y + sy) + at(x, y + 2 * sy)) * n / 2;
      EXPECT_NEAR(f2[i], -u * d2x - v * d2y, 1e-12);
    }
  }
}

class EveryScheme : public testing::TestWithParam<std::tuple<std::string, std::string, int>> {
 protected:
  void SetUp() override {
    const auto &[advection, integrator, order] = GetParam();
    scheme_ = named(advection, integrator);
    scheme_.diffusion_order = order;
    scheme_.viscosity = order == 2 ? 0 : 1e-3;
    scheme_.modified = order == 2 ? 0 : 1e-3;
  }
  Scheme scheme_;
};

// Noise has both signs of the velocity at every edge; odd sizes leave remainders to the vector loops.
TEST_P(EveryScheme, TranslationInvariant) {
  const int nx = 13, ny = 11;
  const auto state = noise(nx * ny, 3), velocity = noise(2 * nx * ny, 4);
  const auto plain = integrate(scheme_, 1, nx, ny, state, velocity, 0.01, 3);
  const auto self = integrate(scheme_, 2, nx, ny, velocity, {}, 0.01, 3);
  for (const auto &[dx, dy] : {std::pair{1, 0}, std::pair{0, 1}, std::pair{-1, -1}, std::pair{5, 7}}) {
    const auto moved =
        integrate(scheme_, 1, nx, ny, shifted(state, 1, nx, ny, dx, dy), shifted(velocity, 2, nx, ny, dx, dy), 0.01, 3);
    EXPECT_LT(largestDifference(moved, shifted(plain, 1, nx, ny, dx, dy)), 1e-12);
    const auto moved_self = integrate(scheme_, 2, nx, ny, shifted(velocity, 2, nx, ny, dx, dy), {}, 0.01, 3);
    EXPECT_LT(largestDifference(moved_self, shifted(self, 2, nx, ny, dx, dy)), 1e-12);
  }
}

// Mirrored in x (the velocity's x component changes sign) and transposed.
TEST_P(EveryScheme, MirrorSymmetric) {
  const int n = 13;
  const std::size_t plane = 13 * 13;
  const auto state = noise(plane, 5), velocity = noise(2 * plane, 6);
  const auto at = [](int y, int x) { return static_cast<std::size_t>(y * 13 + x); };
  std::vector<double> mirrored(plane), mirrored_velocity(2 * plane), transposed(plane), transposed_velocity(2 * plane);
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      mirrored[at(y, n - 1 - x)] = state[at(y, x)];
      mirrored_velocity[at(y, n - 1 - x)] = -velocity[at(y, x)];
      mirrored_velocity[plane + at(y, n - 1 - x)] = velocity[plane + at(y, x)];
      transposed[at(x, y)] = state[at(y, x)];
      transposed_velocity[at(x, y)] = velocity[plane + at(y, x)];
      transposed_velocity[plane + at(x, y)] = velocity[at(y, x)];
    }
  }
  const auto plain = integrate(scheme_, 1, n, n, state, velocity, 0.01, 2);
  const auto mirror = integrate(scheme_, 1, n, n, mirrored, mirrored_velocity, 0.01, 2);
  const auto transpose = integrate(scheme_, 1, n, n, transposed, transposed_velocity, 0.01, 2);
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      EXPECT_NEAR(mirror[at(y, n - 1 - x)], plain[at(y, x)], 1e-12);
      EXPECT_NEAR(transpose[at(x, y)], plain[at(y, x)], 1e-12);
    }
  }
}

TEST_P(EveryScheme, ConstantStaysAndMassIsKept) {
  const int nx = 19, ny = 14;
  const std::vector<double> constant(nx * ny, 0.7), velocity = noise(2 * nx * ny, 7);
  EXPECT_LT(largestDifference(integrate(scheme_, 1, nx, ny, constant, velocity, 0.01, 5), constant), 1e-15);
  // Linear schemes with a uniform velocity are differences of fluxes; WENO's Hamilton-Jacobi form is not.
  if (scheme_.advection == "weno5") return;
  const std::vector<double> uniform = join(std::vector<double>(nx * ny, -0.6), std::vector<double>(nx * ny, 0.4)),
                            state = noise(nx * ny, 8);
  const auto later = integrate(scheme_, 1, nx, ny, state, uniform, 0.01, 5);
  EXPECT_NEAR(std::accumulate(later.begin(), later.end(), 0.), std::accumulate(state.begin(), state.end(), 0.), 1e-11);
}

INSTANTIATE_TEST_SUITE_P(Grid2d, EveryScheme,
                         testing::Combine(testing::ValuesIn(advectionSchemes()), testing::Values("euler", "rk4"),
                                          testing::Values(2, 4)));

TEST(Grid2d, GridsNarrowerThanTheStencilWrapMoreThanOnce) {
  const int n = 3;
  const auto state = noise(9, 9), velocity = noise(18, 10);
  // The same data, repeated three times in each direction, on three times the spacing's grid.
  const auto tile = [](const std::vector<double> &q, std::size_t components) {
    std::vector<double> out;
    for (std::size_t c = 0; c < components; ++c)
      for (std::size_t y = 0; y < 9; ++y)
        for (std::size_t x = 0; x < 9; ++x) out.push_back(q[c * 9 + y % 3 * 3 + x % 3]);
    return out;
  };
  Scheme s = named("fitted11");
  const auto small = rightHandSide(s, 1, n, n, state, velocity);
  auto large = rightHandSide(s, 1, 9, 9, tile(state, 1), tile(velocity, 2));
  for (double &value : large) value /= 3;  // spacing 1/9 instead of 1/3
  EXPECT_LT(largestDifference(large, tile(small, 1)), 1e-12);
}

// Velocities that carry everything two and a half or three cells a step: nothing changes but the place.
TEST(Grid2d, SemiLagrangianStepsAreExactWhereTheFlowIsUniform) {
  for (const char *scheme : {"cubic", "quintic"}) {
    const int nx = 24, ny = 16;
    const double dt = 0.1;
    const auto state = noise(nx * ny, 21);
    const std::vector<double> velocity =
        join(std::vector<double>(nx * ny, 3. / nx / dt), std::vector<double>(nx * ny, -2. / ny / dt));
    const auto later = integrate(named(scheme, "semi-lagrangian"), 1, nx, ny, state, velocity, dt, 1);
    for (int y = 0; y < ny; ++y)
      for (int x = 0; x < nx; ++x)
        EXPECT_NEAR(later[static_cast<std::size_t>(y * nx + x)],
                    state[static_cast<std::size_t>((y + 2) % ny * nx + (x + nx - 3) % nx)], 1e-12);
    // Half-way between points: the error falls with the order of interpolation, plus one.
    const auto error = [&](int n) {
      std::vector<double> q, exact, u(static_cast<std::size_t>(2 * n * n), 2.5 / n / dt);
      const auto wave = [](double x, double y) { return std::sin(kTwoPi * x) * std::cos(kTwoPi * y + 0.3); };
      for (int y = 0; y < n; ++y)
        for (int x = 0; x < n; ++x)
          q.push_back(wave(1. * x / n, 1. * y / n)), exact.push_back(wave((x - 2.5) / n, (y - 2.5) / n));
      return largestDifference(integrate(named(scheme, "semi-lagrangian"), 1, n, n, q, u, dt, 1), exact);
    };
    const double order = std::string(scheme) == "cubic" ? 4 : 6;
    EXPECT_NEAR(std::log2(error(16) / error(32)), order, 0.15);
  }
}

// Solid rotation: a steady flow that is not uniform, in one long step and in many: the places are found exactly.
TEST(Grid2d, SemiLagrangianStepsFollowTheFlow) {
  const int n = 64;
  std::vector<double> q, velocity(2 * n * n), quarter;
  const auto bump = [](double x, double y) { return std::exp(-150 * (x * x + y * y)); };
  for (int y = 0; y < n; ++y)
    for (int x = 0; x < n; ++x) {
      const double px = 1. * x / n - 0.5, py = 1. * y / n - 0.5;
      const auto at = static_cast<std::size_t>(y * n + x);
      velocity[at] = -py, velocity[at + n * n] = px;
      q.push_back(bump(px - 0.2, py)), quarter.push_back(bump(px, py - 0.2));
    }
  const double turn = kTwoPi / 4;
  for (const int steps : {1, 8})
    EXPECT_LT(largestDifference(
                  integrate(named("quintic", "semi-lagrangian"), 1, n, n, q, velocity, turn / steps, steps), quarter),
              2e-3);
}

TEST(Grid2d, UnknownNamesAreErrors) {
  const auto message = [](const Scheme &s) {
    try {
      Stepper(s, 1, 8, 8, 0.1);
    } catch (const Error &e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_NE(message(named("upwnd5")).find("'upwnd5' is unknown; expected one of upwind1"), std::string::npos);
  EXPECT_NE(message(named("upwind5", "rk5")).find("'rk5' is unknown; expected euler, rk4 or semi-lagrangian"),
            std::string::npos);
  Scheme s = named("upwind1");
  s.viscosity = 1, s.diffusion_order = 3;
  EXPECT_NE(message(s).find("expected 2, 4 or 6, found 3"), std::string::npos);
  s = named("upwind2"), s.dissipation = 0.5;
  EXPECT_NE(message(s).find("dissipation: only upwind5, fitted9 and fitted11 have it, not upwind2"), std::string::npos);
  EXPECT_NE(message(named("cubic")).find("integrator: semi-lagrangian is for the schemes cubic"), std::string::npos);
  s = named("weno5"), s.diffusion_order = 6;
  EXPECT_NE(message(s).find("expected 2 or 4 with weno5"), std::string::npos);
}
