// Finite volumes on triangles and intervals.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/error.hpp"
#include "problems/conservation/finite_volume.hpp"
#include "support/cell_values.hpp"
#include "support/cells.hpp"

using namespace petrl;
using namespace petrl::conservation;
using namespace petrl::test;

namespace {

constexpr double kPi = 3.14159265358979323846;

FiniteVolumeSettings with(Limiter limiter) {
  FiniteVolumeSettings s;
  s.limiter = limiter;
  return s;
}

constexpr Limiter kLimiters[] = {Limiter::none, Limiter::sharp, Limiter::smooth};

}  // namespace

TEST(FiniteVolume, GradientsOfLinearFunctionsAreExact) {
  const CellMesh m = boxCells(9, 2, false, 0.3);
  const auto u = atCentres(m, [](double x, double y) { return 3 + 2 * x - 5 * y; });
  FiniteVolume fv(m, Law::advection(1, 1));
  std::vector<double> g(2 * m.cells), limited(2 * m.cells);
  fv.gradient(u.data(), g.data());
  fv.limitedGradient(0, u.data(), limited.data());
  int inner = 0;
  for (int c = 0; c < m.cells; ++c) {
    const bool corner = std::count(&m.neighbour[3 * c], &m.neighbour[3 * c] + 3, -1) == 2;
    if (corner) continue;
    EXPECT_NEAR(g[2 * c], 2, 1e-11);
    EXPECT_NEAR(g[2 * c + 1], -5, 1e-11);
    const auto near = [](double x) { return x < 0.5 || x > 1.5; };
    if (near(m.centre[2 * c]) || near(m.centre[2 * c + 1])) continue;
    ++inner;
    EXPECT_NEAR(limited[2 * c], 2, 1e-11);
    EXPECT_NEAR(limited[2 * c + 1], -5, 1e-11);
  }
  EXPECT_GT(inner, 20);
  const CellMesh line = lineCells(10, 2, false, 0.05);
  FiniteVolume fv1(line, Law::advection(1));
  const auto u1 = atCentres(line, [](double x, double) { return 1 - 4 * x; });
  fv1.gradient(u1.data(), g.data());
  for (int c = 0; c < line.cells; ++c) EXPECT_NEAR(g[c], -4, 1e-12);
}

TEST(FiniteVolume, KeepsFreeStreams) {
  for (const Limiter limiter : kLimiters) {
    for (const Law &law :
         {Law::advection(1, -0.7), Law::rotation(1, 1, 3), Law::burgers(0.4, 1), Law::burgers(1, 1, 0.1)}) {
      for (const bool periodic : {true, false}) {
        // A rotation does not fit a periodic box.
        if (periodic && law.velocity) continue;
        const CellMesh m = boxCells(8, 2, periodic, 0.3);
        FiniteVolume fv(m, law, {{1, [](double, const double *) { return 0.3; }}}, with(limiter));
        const std::vector<double> u(m.cells, 0.3);
        std::vector<double> dudt(m.cells);
        fv.rhs(0, u.data(), dudt.data());
        for (const double d : dudt) EXPECT_NEAR(d, 0, 2e-13);
      }
    }
  }
}

TEST(FiniteVolume, Conserves) {
  const CellMesh m = boxCells(8, 2, true, 0.3), line = lineCells(17, 16, true, 0.2);
  for (const Limiter limiter : kLimiters) {
    for (const Law &law : {Law::advection(1, -0.7), Law::burgers(0.4, 1), Law::burgers(1, 1, 0.1)}) {
      for (const CellMesh *mesh : {&m, &line}) {
        FiniteVolume fv(*mesh, law, {}, with(limiter));
        auto u = noise(mesh->cells);
        const double before = mass(*mesh, u);
        EXPECT_GT(fv.advance(u.data(), 0, 0.3, 0.3, 3).steps, 0);
        EXPECT_NEAR(mass(*mesh, u), before, 1e-13);
      }
    }
  }
}

TEST(FiniteVolume, SecondOrderWhereSmooth) {
  const auto wave = [](double x, double y) { return std::sin(kPi * x) * std::cos(kPi * y); };
  const double T = 0.5;
  const auto order = [&](Limiter limiter, int time_order) {
    double error[2];
    for (int k = 0; k < 2; ++k) {
      const CellMesh m = boxCells(32 << k, 2, true, 0.15);
      FiniteVolume fv(m, Law::advection(1, 0.5), {}, with(limiter));
      auto u = atCentres(m, wave);
      fv.advance(u.data(), 0, T, 0.4, time_order);
      error[k] = distance(m, u, [&](double x, double y) { return wave(x - T, y - 0.5 * T); });
    }
    return std::log2(error[0] / error[1]);
  };
  EXPECT_GT(order(Limiter::none, 2), 1.85);
  EXPECT_GT(order(Limiter::none, 3), 1.85);
  EXPECT_GT(order(Limiter::smooth, 2), 1.8);
  EXPECT_GT(order(Limiter::sharp, 2), 1.7);  // extrema are clipped
}

TEST(FiniteVolume, DiffusionIsSecondOrder) {
  const double T = 0.2, nu = 0.1;
  double error[2];
  for (int k = 0; k < 2; ++k) {
    const CellMesh m = boxCells(32 << k, 2, true, 0.15);
    FiniteVolume fv(m, Law{Law::Kind::advection, {1, 0.5}, {}, nu}, {}, with(Limiter::none));
    const auto wave = [](double x, double y) { return std::sin(kPi * x) * std::cos(kPi * y); };
    auto u = atCentres(m, wave);
    fv.advance(u.data(), 0, T, 0.4);
    const double decay = std::exp(-2 * kPi * kPi * nu * T);
    error[k] = distance(m, u, [&](double x, double y) { return decay * wave(x - T, y - 0.5 * T); });
  }
  EXPECT_GT(std::log2(error[0] / error[1]), 1.8);
}

TEST(FiniteVolume, MaximumPrinciple) {
  const CellMesh m = boxCells(16, 2, true, 0.3), line = lineCells(40, 2, true, 0.01);
  for (const Law &law : {Law::advection(1, -0.7), Law::burgers(0.4, 1)}) {
    for (const CellMesh *mesh : {&m, &line}) {
      FiniteVolume fv(*mesh, law);
      auto u = noise(mesh->cells);
      const auto [low, high] = std::minmax_element(u.begin(), u.end());
      const double a = *low - 1e-13, b = *high + 1e-13;
      for (int k = 0; k < 10; ++k) {
        fv.advance(u.data(), 0.05 * k, 0.05 * (k + 1), 1. / 3);
        EXPECT_GE(*std::min_element(u.begin(), u.end()), a);
        EXPECT_LE(*std::max_element(u.begin(), u.end()), b);
      }
    }
  }
}

TEST(FiniteVolume, ShocksHaveTheirSpeed) {
  // 1 on the left, 0.2 on the right: speed 0.6. In 2D along the diagonal direction the same for plane waves.
  const auto given = [](double, const double *) { return 1.; };
  const CellMesh line = lineCells(200, 2, false, 0.002);
  FiniteVolume fv(line, Law::burgers(1), {{1, given}});
  const auto step = [](double t) { return [t](double x, double) { return x < 0.5 + 0.6 * t ? 1. : 0.2; }; };
  auto u = atCentres(line, step(0));
  fv.advance(u.data(), 0, 1.5, 0.4);
  EXPECT_LT(distance(line, u, step(1.5)), 0.01);
  const CellMesh m = boxCells(64, 2, false, 0.2);
  FiniteVolume fv2(m, Law::burgers(1, 0), {{4, given}});
  u = atCentres(m, step(0));
  fv2.advance(u.data(), 0, 1, 0.4);
  EXPECT_LT(distance(m, u, step(1)), 0.04);
  // Godunov's flux knows rarefactions through a sonic point: no stationary expansion shock remains.
  FiniteVolume fv3(line, Law::burgers(1));
  u = atCentres(line, [](double x, double) { return x < 1 ? -1. : 1.; });
  fv3.advance(u.data(), 0, 0.5, 0.4);
  EXPECT_LT(distance(line, u, [](double x, double) { return std::clamp((x - 1) / 0.5, -1., 1.); }), 0.01);
}

TEST(FiniteVolume, InflowComesIn) {
  const auto in = [](double t, const double *x) { return std::sin(x[0] - t) + 2; };
  double error[2];
  for (int k = 0; k < 2; ++k) {
    const CellMesh m = boxCells(16 << k, 2, false, 0.2);
    FiniteVolume fv(m, Law::advection(1, 0), {{4, in}}, with(Limiter::smooth));
    auto u = atCentres(m, [](double x, double) { return std::sin(x) + 2; });
    fv.advance(u.data(), 0, 3, 0.4);
    error[k] = distance(m, u, [](double x, double) { return std::sin(x - 3) + 2; });
  }
  EXPECT_LT(error[1], 0.02);
  EXPECT_GT(std::log2(error[0] / error[1]), 1.5);
}

TEST(FiniteVolume, SlopesInTwoHalvesAreTheSame) {
  const CellMesh m = boxCells(8, 2, true, 0.3);
  FiniteVolume fv(m, Law::burgers(1, 0.3, 0.05));
  const auto u = noise(m.cells);
  std::vector<double> a(m.cells), b(m.cells), slopes(fv.slopeWidth() * m.cells);
  fv.rhs(0, u.data(), a.data());
  fv.slopes(0, u.data(), slopes.data());
  fv.rhsFromSlopes(0, u.data(), slopes.data(), b.data());
  EXPECT_EQ(a, b);
}

TEST(FiniteVolume, SaysWhatIsWrong) {
  const CellMesh m = boxCells(8, 2, true);
  EXPECT_THROW(FiniteVolume(m, Law::burgers(1, 0, -1)), Error);
  EXPECT_THROW(FiniteVolume(m, Law::advection(1), {{1, {}}}), Error);
  FiniteVolume fv(m, Law::burgers(1));
  std::vector<double> u(m.cells, NAN);
  EXPECT_THROW(fv.advance(u.data(), 0, 1, 0.3), Error);
  EXPECT_THROW(fv.advance(u.data(), 0, 1, 0.3, 4), Error);
}
