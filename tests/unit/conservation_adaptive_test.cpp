// Flows, their truths, indicators and runs on adapted meshes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "problems/conservation/adaptive_run.hpp"
#include "problems/conservation/reference.hpp"
#include "support/cells.hpp"

using namespace petrl;
using namespace petrl::conservation;
using namespace petrl::test;

namespace {

constexpr double kPi = 3.14159265358979323846;

double mass(const CellMesh &m, const std::vector<double> &u) {
  return std::inner_product(u.begin(), u.end(), m.volume.begin(), 0.);
}

Forest forestOf(const FlowCase &flow, int squares) {
  return Forest(flow.base(squares), PETSC_COMM_SELF);
}

ThresholdMarker rival(double refine, int max_level) {
  RefinementThresholds rule;
  rule.refine = refine, rule.max_level = max_level;
  return ThresholdMarker(RefinementIndicator::gradient, rule);
}

double linear(const double *x) {
  return 1 + 0.3 * x[0] - 0.2 * x[1];
}

class LinearTruth : public Truth {
 public:
  void values(double, int n, const double *x, double *out) const override {
    for (int i = 0; i < n; ++i) out[i] = linear(x + 2 * i);
  }
  double sharpness(double, const double *, double) const override { return 1; }
};

}  // namespace

TEST(Flows, AreDeterministicAndDiffer) {
  for (const std::string &family : flowFamilies()) {
    CaseOptions options;
    options.reference = 64;
    const auto value = [&](Split split, std::uint64_t seed, int index) {
      const FlowCase c = drawCase(family, split, seed, index, options);
      std::vector<double> x, u(50);
      for (int i = 0; i < 50 * c.dim; ++i) x.push_back(std::fmod(0.77 * i, 1.) * c.length);
      c.truth->values(c.end, 50, x.data(), u.data());
      return u;
    };
    EXPECT_EQ(value(Split::train, 1, 2), value(Split::train, 1, 2)) << family;
    EXPECT_NE(value(Split::train, 1, 2), value(Split::valid, 1, 2)) << family;
    EXPECT_NE(value(Split::train, 1, 2), value(Split::train, 2, 2)) << family;
    EXPECT_NE(value(Split::train, 1, 2), value(Split::train, 1, 3)) << family;
  }
  EXPECT_THROW(drawCase("chemistry", Split::train, 0, 0), Error);
}

TEST(Flows, AveragesAreThoseOfTheValues) {
  // Coarse cells hold many features: averages against so many points that no rule is needed.
  for (const std::string &family : flowFamilies()) {
    CaseOptions options;
    options.reference = family == "burgers-1d" ? 1024 : 128;
    // Points about a shock are on either side of it by chance.
    const double near = family == "shockbubble" ? 2e-3 : 2e-4;
    for (int index = 0; index < 3; ++index) {
      const FlowCase c = drawCase(family, Split::test, 5, index, options);
      const CellMesh coarse = forestOf(c, 4).mesh(),
                     fine = c.dim == 2 ? boxCells(256, 2, false) : lineCells(4096, 16, false);
      std::vector<double> average(coarse.cells), value(fine.cells);
      for (const double t : {0., c.end}) {
        c.truth->cellAverages(coarse, t, average.data());
        c.truth->values(t, fine.cells, fine.centre.data(), value.data());
        EXPECT_NEAR(mass(coarse, average), mass(fine, value), near * c.length) << family << " " << index;
      }
    }
  }
}

TEST(Flows, TheReferenceSolvesTheLaw) {
  // Mass stays; finite volumes on triangles come to the same solution.
  CaseOptions options;
  options.samples = 2;
  for (int index = 0; index < 2; ++index) {
    options.reference = 256;
    const FlowCase c = drawCase("burgers", Split::test, 1, index, options);
    options.reference = 128;
    const FlowCase rough = drawCase("burgers", Split::test, 1, index, options);
    double error[2];
    for (int k = 0; k < 2; ++k) {
      const CellMesh m = boxCells(32 << k, 2, true);
      std::vector<double> u(m.cells), exact(m.cells), other(m.cells);
      c.truth->cellAverages(m, 0, u.data());
      const double before = mass(m, u);
      FiniteVolume fv(m, c.law);
      fv.advance(u.data(), 0, c.end, 0.4);
      c.truth->cellAverages(m, c.end, exact.data());
      rough.truth->cellAverages(m, c.end, other.data());
      EXPECT_NEAR(mass(m, exact), before, 2e-4);
      error[k] = 0;
      double coarse = 0;
      for (int i = 0; i < m.cells; ++i) error[k] += m.volume[i] * std::fabs(u[i] - exact[i]);
      for (int i = 0; i < m.cells; ++i) coarse += m.volume[i] * std::fabs(other[i] - exact[i]);
      EXPECT_LT(coarse, 0.03);
    }
    EXPECT_LT(error[1], 0.75 * error[0]);  // shocks: first order
    EXPECT_LT(error[1], 0.06);
  }
  // A smooth wave in 1D against its characteristics, x = s + t u(s).
  Profile wave;
  wave.dim = 1, wave.length = 2, wave.modes.push_back({0.5, {kPi, 0}, 0});
  const GridTruth truth(wave, Law::burgers(1), 512, {0.3});
  for (double s = 0.05; s < 2; s += 0.1) {
    const double u = 0.5 * std::sin(kPi * s), x = s + 0.3 * u;
    double found;
    truth.values(0.3, 1, &x, &found);
    EXPECT_NEAR(found, u, 2e-3);
  }
  const double x = 0;
  double found;
  EXPECT_THROW(truth.values(0.2, 1, &x, &found), Error);
}

TEST(ErrorMeter, SeesEveryPointOnce) {
  for (const bool periodic : {true, false}) {
    FlowCase flow;
    flow.periodic = periodic;
    Forest forest = forestOf(flow, 4);
    for (int round = 0; round < 3; ++round) {
      std::vector<signed char> marks(forest.leaves(), 0);
      for (int i = 0; i < forest.leaves(); i += 7) marks[i] = 1;
      forest.adapt(marks, {});
    }
    const CellMesh m = forest.mesh();
    ErrorMeter meter(std::make_shared<LinearTruth>(), 2, 2, 100);
    std::vector<double> u(m.cells), g(2 * m.cells), parts(m.cells);
    for (int c = 0; c < m.cells; ++c) {
      u[c] = linear(&m.centre[2 * c]) + 0.125;
      g[2 * c] = 0.3, g[2 * c + 1] = -0.2;
    }
    meter.cellErrors(m, u.data(), g.data(), 0, parts.data());
    if (!periodic) {
      const Errors e = meter.measure(m, u.data(), g.data(), 0);
      EXPECT_NEAR(e.l1, 0.125, 1e-12);
      EXPECT_NEAR(e.l2, 0.125, 1e-12);
      EXPECT_NEAR(std::accumulate(parts.begin(), parts.end(), 0.), 0.5, 1e-12);
    }
    // Without gradients the difference inside a cell is an error.
    EXPECT_GT(meter.measure(m, u.data(), nullptr, 0).l2, 0.1255);
    // Constant fields everywhere: each of the points counts once, or the mean of squares would tell.
    std::fill(u.begin(), u.end(), 0.);
    meter.cellErrors(m, u.data(), nullptr, 0, parts.data());
    double sum = 0;
    for (int i = 0; i < 100; ++i) {
      for (int j = 0; j < 100; ++j) {
        const double p[2] = {0.02 * (i + 0.6180339887), 0.02 * (j + 0.4142135624)};
        sum += 4e-4 * std::fabs(linear(p));
      }
    }
    EXPECT_NEAR(std::accumulate(parts.begin(), parts.end(), 0.), sum, 1e-10);
  }
}

TEST(Indicators, ScaleWithTheMesh) {
  const auto largest = [](RefinementIndicator kind, int n) {
    const CellMesh m = boxCells(n, 2, true);
    std::vector<double> u(m.cells), g(2 * m.cells), eta;
    for (int c = 0; c < m.cells; ++c) u[c] = std::sin(kPi * m.centre[2 * c]) * std::sin(kPi * m.centre[2 * c + 1]);
    FiniteVolume(m, Law::advection(1)).gradient(u.data(), g.data());
    indicate(kind, m, u.data(), g.data(), eta);
    return *std::max_element(eta.begin(), eta.end());
  };
  EXPECT_NEAR(largest(RefinementIndicator::gradient, 32) / largest(RefinementIndicator::gradient, 64), 2, 0.1);
  EXPECT_NEAR(largest(RefinementIndicator::jump, 32) / largest(RefinementIndicator::jump, 64), 2, 0.1);
  EXPECT_NEAR(largest(RefinementIndicator::recovery, 32) / largest(RefinementIndicator::recovery, 64), 4, 0.8);
}

TEST(Indicators, ThresholdsWithBuffersAndLimits) {
  CellMesh m = lineCells(10, 10, false);
  std::vector<double> eta(10, 0.5);
  eta[4] = 1, eta[9] = 0.1;
  m.level[4] = m.level[9] = 2, m.level[5] = 3;
  std::vector<signed char> marks;
  std::vector<float> priority;
  markByThreshold(m, eta, {0.8, 0.25, false, 1, 4}, marks, priority);
  EXPECT_EQ(marks, (std::vector<signed char>{0, 0, 0, 1, 1, 0, 0, 0, 0, -1}));
  markByThreshold(m, eta, {0.8, 0.25, true, 0, 2}, marks, priority);
  EXPECT_EQ(marks, (std::vector<signed char>{0, 0, 0, 0, 0, 0, 0, 0, 0, -1}));
}

TEST(AdaptiveRun, ConservesAndKeepsFreeStreams) {
  for (const std::string name : {"gaussian", "burgers", "burgers-1d", "local gaussian", "local burgers"}) {
    CaseOptions options;
    options.reference = 64;
    const bool local = name.rfind("local ", 0) == 0;
    const std::string family = local ? name.substr(6) : name;
    const FlowCase flow = drawCase(family, Split::train, 3, 1, options);
    AdaptiveSettings settings;
    if (local) settings.volumes.time_stepping = TimeStepping::local;
    settings.limits.max_level = 4;
    AdaptiveRun run(forestOf(flow, 8), flow, settings);
    ThresholdMarker marker = rival(0.2, 4);
    for (int round = 0; round < 3; ++round) run.decide(marker, 0.05, round);
    const double before = mass(run.mesh(), run.u());
    for (int k = 1; k <= 6; ++k) {
      run.advanceTo(0.05 * k);
      run.decide(marker, 0.05);
    }
    EXPECT_GT(run.remeshes(), 0) << family;
    EXPECT_NEAR(mass(run.mesh(), run.u()), before, 1e-12) << family;
  }
  FlowCase still;
  Profile flat;
  flat.mean = 0.7;
  still.law = Law::advection(1, 0.4);
  still.truth = std::make_shared<CarriedTruth>(flat, 1, 0.4, 0);
  AdaptiveRun run(forestOf(still, 4), still, {});
  for (int k = 1; k <= 4; ++k) {
    std::vector<signed char> marks(run.u().size(), 0);
    for (std::size_t i = 0; i < marks.size(); ++i) marks[i] = i % (k + 4) == 0 ? 1 : i % 3 == 0 ? -1 : 0;
    run.remesh(marks, {});
    run.advanceTo(0.05 * k);
    for (const double u : run.u()) EXPECT_NEAR(u, 0.7, 1e-13);
  }
}

TEST(AdaptiveRun, LocalStepsAreFewerAndAsAccurate) {
  for (const std::string family : {"gaussian", "mixed", "burgers", "mixed-1d", "burgers-1d"}) {
    CaseOptions options;
    options.samples = 4;
    if (family == "burgers") options.reference = 256;
    const FlowCase flow = drawCase(family, Split::train, 11, 2, options);
    const int level = flow.dim == 2 ? 6 : 3;
    ErrorMeter meter(flow.truth, flow.dim, flow.length, flow.dim == 2 ? 256 : 2048);
    AdaptiveSettings settings;
    settings.limits.max_level = level;
    settings.interval = flow.end / 8;
    AdaptiveReport report[2];
    for (const TimeStepping how : {TimeStepping::global, TimeStepping::local}) {
      settings.volumes.time_stepping = how;
      ThresholdMarker marker = rival(0.1, level);
      report[how == TimeStepping::local] =
          runAdaptive(forestOf(flow, flow.dim == 2 ? 12 : 64), flow, marker, settings, meter);
    }
    EXPECT_LT(report[1].cell_steps, report[0].cell_steps) << family;
    EXPECT_LT(report[1].last.l1, 1.05 * report[0].last.l1) << family;
    EXPECT_NEAR(report[1].mean_cells, report[0].mean_cells, .15 * report[0].mean_cells) << family;  // over other steps
  }
}

TEST(AdaptiveRun, CopiesGoOnAlone) {
  const FlowCase flow = drawCase("gaussian", Split::train, 3, 1);
  AdaptiveRun a(forestOf(flow, 8), flow, {});
  ThresholdMarker marker = rival(0.1, 4);
  a.decide(marker, 0.1, 0);
  a.advanceTo(0.1);
  AdaptiveRun b = a;
  b.decide(marker, 0.1);
  b.advanceTo(0.2);
  a.decide(marker, 0.1);
  a.advanceTo(0.2);
  EXPECT_EQ(a.u(), b.u());
}

TEST(AdaptiveRun, FollowsWhatMoves) {
  // About as accurate as the uniform mesh of its finest cells, for fewer cell-steps.
  for (const std::string family : {"gaussian", "mixed", "burgers", "mixed-1d", "burgers-1d"}) {
    CaseOptions options;
    options.samples = 4;
    if (family == "burgers") options.reference = 256;
    const FlowCase flow = drawCase(family, Split::train, 11, 2, options);
    const int squares = flow.dim == 2 ? 8 : 32, level = flow.dim == 2 ? 6 : 3;
    ErrorMeter meter(flow.truth, flow.dim, flow.length, flow.dim == 2 ? 256 : 2048);
    AdaptiveSettings settings;
    settings.limits.max_level = level;
    settings.interval_steps = 4;
    RefinementThresholds rule;
    rule.refine = family == "burgers"      ? 0.1
                  : family == "burgers-1d" ? 0.01
                                           : 0.04,
    rule.absolute = true, rule.max_level = level, rule.buffer = 2;
    ThresholdMarker marker(RefinementIndicator::gradient, rule);
    KeepMarker keep;
    const AdaptiveReport adaptive = runAdaptive(forestOf(flow, squares), flow, marker, settings, meter);
    const AdaptiveReport coarse = runAdaptive(forestOf(flow, squares), flow, keep, settings, meter);
    const AdaptiveReport fine = runAdaptive(forestOf(flow, squares * 8), flow, keep, settings, meter);
    EXPECT_LT(adaptive.cell_steps, fine.cell_steps) << family;
    EXPECT_LT(fine.last.l1, 0.5 * coarse.last.l1) << family;
    EXPECT_LT(adaptive.last.l1, 2 * fine.last.l1) << family;
    EXPECT_LT(adaptive.mean.l2, 2 * fine.mean.l2) << family;
    EXPECT_GT(adaptive.remeshes, 0);
  }
}
