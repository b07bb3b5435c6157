// What paired runs say about refining and coarsening.
#include "problems/conservation/lookahead.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mesh/base_mesh.hpp"

namespace petrl::conservation {
namespace {

constexpr double kPi = 3.14159265358979323846;

struct Ahead {
  CellMesh mesh;
  std::vector<double> u;
  Lookahead ahead;

  /// On a box whose cells were all refined once; value: of x.
  template <class Value>
  Ahead(int squares, bool periodic, const Law &law, double interval, const std::vector<BoundaryValue> &boundary,
        Value value) {
    const double lower[2] = {0, 0}, upper[2] = {1, 1};
    Forest forest(BaseMesh::box(squares, squares, lower, upper, periodic, periodic), PETSC_COMM_SELF);
    forest.adapt(std::vector<signed char>(static_cast<std::size_t>(forest.leaves()), 1), ForestLimits{});
    mesh = forest.mesh();
    for (int i = 0; i < mesh.cells; ++i) u.push_back(value(&mesh.centre[static_cast<std::size_t>(2 * i)]));
    FiniteVolume volumes(mesh, law, boundary);
    ahead.compute(forest, mesh, u.data(), volumes, 0, interval, .4);
  }
  double mean(const std::vector<double> &of) const {
    double sum = 0;
    for (int i = 0; i < mesh.cells; ++i) sum += mesh.volume[i] * of[i];
    return sum;
  }
};

}  // namespace

TEST(Lookahead, NothingToGainOnConstantFields) {
  const Ahead a(4, true, Law::advection(1, .5), .1, {}, [](const double *) { return 2.; });
  EXPECT_GT(a.ahead.steps, 0);
  for (int i = 0; i < a.mesh.cells; ++i) {
    EXPECT_NEAR(a.ahead.gain[i], 0, 1e-12);
    EXPECT_NEAR(a.ahead.loss[i], 0, 1e-12);
  }
}

TEST(Lookahead, NothingToGainOnLinearFieldsAwayFromTheBoundary) {
  // Reconstructed exactly by every mesh; only what comes from the boundary, limited there, knows of it.
  const Ahead a(10, false, Law::advection(.3, .2), .01, {}, [](const double *x) { return 1 + x[0] - .5 * x[1]; });
  int inner = 0;
  for (int i = 0; i < a.mesh.cells; ++i) {
    const double *x = &a.mesh.centre[2 * i];
    if (std::min({x[0], x[1], 1 - x[0], 1 - x[1]}) < .3) continue;
    ++inner;
    EXPECT_NEAR(a.ahead.gain[i], 0, 1e-6);
    EXPECT_NEAR(a.ahead.loss[i], 0, 1e-6);
  }
  EXPECT_GT(inner, 20);
}

TEST(Lookahead, AStepIsWorthItsSmearing) {
  // Cells that a step comes to gain much, those that it has left or never reaches hardly anything.
  const auto step = [](const double *x) { return x[0] > .2 && x[0] < .5 ? 1. : 0.; };
  const double interval = .1;
  const Ahead a(10, true, Law::advection(1, 0), interval, {}, step);
  double near = 0, far = 0;
  for (int i = 0; i < a.mesh.cells; ++i) {
    const double x = a.mesh.centre[2 * i], distance = std::min(std::fabs(x - .25), std::fabs(x - .55));
    if (distance < .1) near = std::max(near, a.ahead.gain[i]);
    if (distance > .15) far = std::max(far, a.ahead.gain[i]);
  }
  EXPECT_GT(near, .02);
  EXPECT_LT(far, 1e-3);
  // As a whole: two fronts, each smeared over about a cell's width h on either mesh; refining halves h. So differences
  // are a fraction of 2 h, and those that coarsening makes are no smaller by much.
  const double h = .05, gain = a.mean(a.ahead.gain), loss = a.mean(a.ahead.loss);
  EXPECT_GT(gain, .02 * 2 * h);
  EXPECT_LT(gain, 1 * 2 * h);
  EXPECT_GT(loss, .7 * gain);
  // With the units of u.
  const Ahead b(10, true, Law::advection(1, 0), interval, {}, [&](const double *x) { return 100 * step(x); });
  EXPECT_NEAR(b.mean(b.ahead.gain), 100 * gain, 1e-9);
}

TEST(Lookahead, SmoothFieldsGainLessTheFinerTheyAre) {
  const auto wave = [](const double *x) { return std::sin(2 * kPi * x[0]); };
  const Ahead a(6, true, Law::advection(1, 0), .05, {}, wave), b(12, true, Law::advection(1, 0), .05, {}, wave);
  EXPECT_LT(b.mean(b.ahead.gain), .5 * a.mean(a.ahead.gain));
  EXPECT_LT(b.mean(b.ahead.loss), .5 * a.mean(a.ahead.loss));
}

TEST(Lookahead, SaysWhereNothingCanBeCoarsened) {
  const double lower[2] = {0, 0}, upper[2] = {1, 1};
  const Forest forest(BaseMesh::box(4, 4, lower, upper, true, true), PETSC_COMM_SELF);
  const CellMesh mesh = forest.mesh();
  const FiniteVolume volumes(mesh, Law::advection(1, 0));
  Lookahead ahead;
  const std::vector<double> u(static_cast<std::size_t>(mesh.cells), 1.);
  ahead.compute(forest, mesh, u.data(), volumes, 0, .1, .4);
  for (const double loss : ahead.loss) EXPECT_LT(loss, 0);
}

}  // namespace petrl::conservation
