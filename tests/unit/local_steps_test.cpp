// Finite volumes whose cells take steps of their own.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/error.hpp"
#include "mesh/forest.hpp"
#include "problems/conservation/finite_volume.hpp"
#include "support/cell_values.hpp"
#include "support/cells.hpp"

using namespace petrl;
using namespace petrl::conservation;
using namespace petrl::test;

namespace {

constexpr double kPi = 3.14159265358979323846;

/// [0,2]^2 or [0,2], refined twice about (0.7, 0.9), so that cells of three sizes meet.
CellMesh patch(int dim, int squares, bool periodic) {
  const double lower[2] = {0, 0}, upper[2] = {2, 2};
  const BaseMesh base = dim == 2 ? BaseMesh::box(squares, squares, lower, upper, periodic, periodic)
                                 : BaseMesh::interval(squares, 0, 2, periodic);
  Forest forest(base, PETSC_COMM_SELF);
  for (const double radius : {.6, .35}) {
    const CellMesh m = forest.mesh();
    std::vector<signed char> marks(m.cells, 0);
    for (int c = 0; c < m.cells; ++c)
      marks[c] = std::hypot(m.centre[dim * c] - .7, dim == 2 ? m.centre[2 * c + 1] - .9 : 0) < radius;
    forest.adapt(marks, {});
  }
  return forest.mesh();
}

FiniteVolume volumes(const CellMesh &m, const Law &law, Limiter limiter = Limiter::sharp,
                     const std::vector<BoundaryValue> &boundary = {},
                     TimeStepping time_stepping = TimeStepping::local) {
  FiniteVolumeSettings s;
  s.limiter = limiter, s.time_stepping = time_stepping;
  return FiniteVolume(m, law, boundary, s);
}

/// Fewer updates than with one step for all: there are classes.
void expectClasses(const CellMesh &m, const Advance &done) {
  EXPECT_LT(done.cell_steps, .95 * done.steps * m.cells);
}

}  // namespace

TEST(LocalSteps, Conserve) {
  const CellMesh box = patch(2, 12, true), line = patch(1, 64, true);
  for (const Limiter limiter : {Limiter::none, Limiter::sharp, Limiter::smooth}) {
    for (const Law &law : {Law::advection(1, -0.7), Law::burgers(0.4, 1), Law::burgers(1, 1, 0.01)}) {
      for (const CellMesh *mesh : {&box, &line}) {
        FiniteVolume fv = volumes(*mesh, law, limiter);
        auto u = noise(mesh->cells);
        const double before = mass(*mesh, u);
        for (int k = 0; k < 10; ++k) {
          const Advance done = fv.advance(u.data(), .1 * k, .1 * (k + 1), .3);
          if (law.kind == Law::Kind::advection) expectClasses(*mesh, done);
        }
        EXPECT_NEAR(mass(*mesh, u), before, 1e-12);
        EXPECT_NE(u, noise(mesh->cells));
      }
    }
  }
}

TEST(LocalSteps, WhatComesInIsWhatIsGiven) {
  // The middle of a step knows the mean of a linear function; nothing of it comes near the outflow.
  const auto in = [](double t, const double *) { return 2 + 3 * t; };
  const double T = .3;
  for (const double nu : {0., 1e-3}) {
    const CellMesh m = patch(2, 12, false);
    Law law = Law::advection(1, 0);
    law.viscosity = nu;
    FiniteVolume fv = volumes(m, law, Limiter::sharp, {{4, in}});
    std::vector<double> u(m.cells, 2.);
    const double before = mass(m, u);
    expectClasses(m, fv.advance(u.data(), 0, T, .4));
    // In: 2 (2 + 3 t), out: 4; diffusion brings a little more.
    const double change = mass(m, u) - before;
    if (nu > 0)
      EXPECT_GT(change, 3 * T * T);
    else
      EXPECT_NEAR(change, 3 * T * T, 1e-9);
  }
}

TEST(LocalSteps, KeepFreeStreams) {
  const auto same = [](double, const double *) { return .3; };
  for (const Law &law :
       {Law::advection(1, -0.7), Law::rotation(1, 1, 3), Law::burgers(0.4, 1), Law::burgers(1, 1, 0.1)}) {
    const CellMesh m = patch(2, 6, false);
    FiniteVolume fv = volumes(m, law, Limiter::sharp, {{1, same}, {2, same}, {3, same}, {4, same}});
    std::vector<double> u(m.cells, .3);
    fv.advance(u.data(), 0, .5, .4);
    for (const double q : u) EXPECT_NEAR(q, .3, 1e-13);
  }
}

TEST(LocalSteps, SecondOrderWhereSmooth) {
  const auto wave = [](double x, double y) { return std::sin(kPi * x) * std::cos(kPi * y); };
  const double T = .5;
  for (const Limiter limiter : {Limiter::none, Limiter::smooth, Limiter::sharp}) {
    double error[2], other[2];
    for (int k = 0; k < 2; ++k) {
      const CellMesh m = patch(2, 16 << k, true);
      const auto exact = [&](double x, double y) { return wave(x - T, y - .5 * T); };
      auto u = atCentres(m, wave), v = u;
      FiniteVolume fv = volumes(m, Law::advection(1, .5), limiter);
      expectClasses(m, fv.advance(u.data(), 0, T, .4));
      error[k] = distance(m, u, exact);
      FiniteVolume(m, Law::advection(1, .5), {}, {limiter}).advance(v.data(), 0, T, .4);
      other[k] = distance(m, v, exact);
    }
    EXPECT_GT(std::log2(error[0] / error[1]), limiter == Limiter::sharp ? 1.6 : 1.75);
    EXPECT_LT(error[1], 1.1 * other[1]);
  }
  // Burgers: along characteristics, before they meet at 1 / (0.3 pi).
  const auto start = [](double s, double) { return .5 + .3 * std::sin(kPi * s); };
  const auto solution = [&](double x, double) {
    double s = x;
    for (int i = 0; i < 100; ++i) s = x - T * start(s, 0);
    return start(s, 0);
  };
  double error[2];
  for (int k = 0; k < 2; ++k) {
    const CellMesh m = patch(1, 64 << k, true);
    FiniteVolume fv = volumes(m, Law::burgers(1), Limiter::smooth);
    auto u = atCentres(m, start);
    expectClasses(m, fv.advance(u.data(), 0, T, .4));
    error[k] = distance(m, u, solution);
  }
  EXPECT_GT(std::log2(error[0] / error[1]), 1.7);
}

TEST(LocalSteps, DiffusionIsSecondOrder) {
  const double T = .2, nu = .1;
  double error[2];
  for (int k = 0; k < 2; ++k) {
    const CellMesh m = patch(2, 12 << k, true);
    FiniteVolume fv = volumes(m, Law{Law::Kind::advection, {1, .5}, {}, nu}, Limiter::none);
    const auto wave = [](double x, double y) { return std::sin(kPi * x) * std::cos(kPi * y); };
    auto u = atCentres(m, wave);
    expectClasses(m, fv.advance(u.data(), 0, T, .4));
    const double decay = std::exp(-2 * kPi * kPi * nu * T);
    error[k] = distance(m, u, [&](double x, double y) { return decay * wave(x - T, y - .5 * T); });
  }
  EXPECT_GT(std::log2(error[0] / error[1]), 1.7);
}

TEST(LocalSteps, NoNewExtrema) {
  const CellMesh box = patch(2, 12, true), line = patch(1, 64, true);
  for (const Law &law : {Law::advection(1, -0.7), Law::burgers(0.4, 1)}) {
    for (const CellMesh *mesh : {&box, &line}) {
      const auto square = atCentres(*mesh, [](double x, double y) { return x > .5 && x < 1.2 && y < 1.1 ? 1. : -.2; });
      for (const auto &start : {square, noise(mesh->cells)}) {
        FiniteVolume fv = volumes(*mesh, law);
        auto u = start;
        const auto [low, high] = std::minmax_element(start.begin(), start.end());
        for (int k = 0; k < 10; ++k) {
          fv.advance(u.data(), .05 * k, .05 * (k + 1), 1. / 3);
          EXPECT_GE(*std::min_element(u.begin(), u.end()), *low - 1e-13);
          EXPECT_LE(*std::max_element(u.begin(), u.end()), *high + 1e-13);
        }
      }
    }
  }
}

TEST(LocalSteps, ShocksRunIntoCellsAtRest) {
  // Those have next to no speed of their own, and the longest steps.
  const CellMesh line = patch(1, 100, false);
  const auto step = [](double t) { return [t](double x, double) { return x < .2 + .5 * t ? 1. : 0.; }; };
  FiniteVolume fv = volumes(line, Law::burgers(1), Limiter::sharp, {{1, [](double, const double *) { return 1.; }}});
  auto u = atCentres(line, step(0));
  for (int k = 0; k < 4; ++k) expectClasses(line, fv.advance(u.data(), .5 * k, .5 * (k + 1), .4));
  EXPECT_LT(distance(line, u, step(2)), .02);
  for (const double q : u) {
    EXPECT_GE(q, -1e-12);
    EXPECT_LE(q, 1 + 1e-12);
  }
}

TEST(LocalSteps, CountWhatIsDone) {
  // 64 intervals of 1/64, 32 of 1/32: whole blocks of either. At Courant number 1/2 32 steps of half the length.
  test::Simplices in{1, 96, {}, {}};
  for (int i = 0; i < 96; ++i) {
    in.cell.push_back(i), in.cell.push_back((i + 1) % 96);
    for (const int k : {i, i + 1}) in.corner.push_back(k < 64 ? k / 64. : 1 + (k - 64) / 32.);
  }
  const CellMesh m = test::cellMesh(in, [](const double *) { return 1; });
  FiniteVolume fv = volumes(m, Law::advection(1));
  auto u = noise(m.cells);
  const Advance done = fv.advance(u.data(), 0, .25, .5);
  EXPECT_EQ(done.steps, 32);
  EXPECT_EQ(done.cell_steps, 32 * 64 + 16 * 32);
}

TEST(LocalSteps, OneClassIsMusclHancock) {
  const CellMesh m = test::boxCells(12, 2, true);
  FiniteVolume fv = volumes(m, Law::advection(1, 0)), plain = fv;
  auto u = atCentres(m, [](double x, double y) { return std::sin(kPi * x) + (y > 1 ? 1 : 0); }), v = u;
  const Advance done = fv.advance(u.data(), 0, .3, .4);
  EXPECT_EQ(done.cell_steps, static_cast<std::int64_t>(done.steps) * m.cells);
  const double dt = .3 / done.steps;
  std::vector<double> g(2 * v.size()), change(v.size());
  for (int k = 0; k < done.steps; ++k) {
    plain.limitedGradient(0, v.data(), g.data());
    std::fill(change.begin(), change.end(), 0.);
    for (int c = 0; c < m.cells; ++c) {
      for (int s = 0; s < 3; ++s) {
        const CellMesh::Face &f = m.faces[m.face[3 * c + s]];
        const double flow = (f.left == c ? 1 : -1) * f.normal[0];
        if (flow <= 0) continue;  // what leaves enters the neighbour
        const double *a = &m.corner[6 * c + 2 * ((s + 1) % 3)], *b = &m.corner[6 * c + 2 * ((s + 2) % 3)];
        const double x = .5 * (a[0] + b[0]) - m.centre[2 * c], y = .5 * (a[1] + b[1]) - m.centre[2 * c + 1];
        const double value = v[c] + g[2 * c] * (x - .5 * dt) + g[2 * c + 1] * y;
        change[c] -= flow * value / m.volume[c];
        change[m.neighbour[3 * c + s]] += flow * value / m.volume[m.neighbour[3 * c + s]];
      }
    }
    for (std::size_t c = 0; c < v.size(); ++c) v[c] += dt * change[c];
  }
  for (std::size_t c = 0; c < v.size(); ++c) EXPECT_NEAR(u[c], v[c], 1e-12);
}

TEST(LocalSteps, SayWhatIsWrong) {
  const CellMesh m = patch(2, 6, true);
  for (const Law &law : {Law::burgers(1), Law::advection(1)}) {
    FiniteVolume fv = volumes(m, law);
    std::vector<double> u(m.cells, NAN), one(m.cells, .5);
    EXPECT_THROW(fv.advance(u.data(), 0, 1, .3), Error);
    one[5] = NAN;  // amid others, with something fast beside it
    one[6] = 2;
    EXPECT_THROW(fv.advance(one.data(), 0, 1, .3), Error);
    EXPECT_THROW(fv.advance(u.data(), 0, 1, .3, 3), Error);
  }
}
