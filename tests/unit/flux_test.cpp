// Corrections as face fluxes: against schemes written out, conservation, and what is recorded for learning.
#include "closure/flux.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.hpp"
#include "closure/periodic.hpp"
#include "learn/engine/record.hpp"

namespace {

using namespace petrl;

Policy fluxPolicy(int half_width, double bound, std::vector<std::string> names = {"psi", "u", "v"},
                  std::string components = "psi") {
  Policy p;
  p.kind = "closure";
  p.observation.names = std::move(names);
  p.observation.offset.assign(p.observation.names.size(), 0.f);
  p.observation.scale.assign(p.observation.names.size(), 1.f);
  p.action.transform = "flux";
  const std::size_t count = components.find(' ') == std::string::npos ? 1 : 2;
  p.action.low.assign(count * 2 * static_cast<std::size_t>(2 * half_width + 1), -bound);
  p.action.high.assign(p.action.low.size(), bound);
  p.action.parameters = {{"velocity", "u v"}, {"half_width", std::to_string(half_width)}, {"components", components}};
  return p;
}

std::vector<double> random(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<double> v(n);
  for (double &x : v) x = static_cast<double>(generator() % 20000) / 10000 - 1;
  return v;
}

struct Grid {
  static constexpr int nx = 18, ny = 11;
  static constexpr std::size_t points = nx * ny;
  std::vector<double> psi = random(points, 1), u = random(points, 2), v = random(points, 3);
  CorrectionStep step{nx, ny, .01, 1. / nx, 1. / ny};
};

TEST(Flux, OneHalfTurnsCentralDifferencesIntoUpwind) {
  Grid g;
  // Velocity constant along its own axis, so that the flux form and the advective form agree.
  for (int j = 0; j < Grid::ny; ++j)
    for (int i = 0; i < Grid::nx; ++i) {
      g.u[static_cast<std::size_t>(j * Grid::nx + i)] = j % 3 - 1.;
      g.v[static_cast<std::size_t>(j * Grid::nx + i)] = i % 4 - 2.;
    }
  const Policy policy = fluxPolicy(1, 1);
  PeriodicCorrection correction(policy, "test");
  std::vector<float> output(6 * Grid::points, 0.f);
  std::fill_n(output.begin(), Grid::points, .5f);                     // w_0 along x
  std::fill_n(output.begin() + 3 * Grid::points, Grid::points, .5f);  // w_0 along y
  std::vector<double> change(Grid::points);
  correction.correct({g.psi.data(), g.u.data(), g.v.data()}, output.data(), g.step, change.data());
  const auto at = [&](int i, int j) {
    return g.psi[static_cast<std::size_t>((j + Grid::ny) % Grid::ny * Grid::nx + (i + Grid::nx) % Grid::nx)];
  };
  for (int j = 0; j < Grid::ny; ++j)
    for (int i = 0; i < Grid::nx; ++i) {
      const auto p = static_cast<std::size_t>(j * Grid::nx + i);
      const double cx = g.step.dt / g.step.hx, cy = g.step.dt / g.step.hy;
      const double expected = -.5 * (cx * std::fabs(g.u[p]) * (at(i + 1, j) - 2 * at(i, j) + at(i - 1, j)) +
                                     cy * std::fabs(g.v[p]) * (at(i, j + 1) - 2 * at(i, j) + at(i, j - 1)));
      EXPECT_NEAR(change[p], expected, 1e-14);
    }
}

TEST(Flux, ConservesAndLeavesConstantsAlone) {
  Grid g;
  PeriodicCorrection correction(fluxPolicy(4, .3), "test");
  const auto numbers = random(18 * Grid::points, 5);
  const std::vector<float> output(numbers.begin(), numbers.end());
  std::vector<double> change(Grid::points);
  correction.correct({g.psi.data(), g.u.data(), g.v.data()}, output.data(), g.step, change.data());
  double sum = 0, size = 0;
  for (const double c : change) {
    sum += c;
    size += std::fabs(c);
  }
  EXPECT_GT(size, 1e-3);
  EXPECT_NEAR(sum, 0, 1e-14 * size);
  const std::vector<double> constant(Grid::points, 7.);
  correction.correct({constant.data(), g.u.data(), g.v.data()}, output.data(), g.step, change.data());
  for (const double c : change) EXPECT_EQ(c, 0);
}

TEST(Flux, RecordedAsComputed) {
  Grid g;
  for (const auto &[burgers, faces] : {std::pair{false, "left"}, {true, "left"}, {false, "mean"}, {true, "mean"}}) {
    Policy policy = burgers ? fluxPolicy(3, .4, {"u", "v"}, "u v") : fluxPolicy(3, .4);
    policy.action.parameters["faces"] = faces;
    if (burgers) policy.action.parameters["shear"] = ".4";
    PeriodicCorrection correction(policy, "test");
    const std::size_t actions = policy.action.low.size(), components = burgers ? 2 : 1;
    auto numbers = random(actions * Grid::points, 6);
    for (double &x : numbers) x *= 1.5;  // some beyond the bounds
    const std::vector<float> output(numbers.begin(), numbers.end());
    std::vector<double> change(components * Grid::points);
    std::vector<const double *> fields{g.psi.data(), g.u.data(), g.v.data()};
    if (burgers) fields.erase(fields.begin());
    correction.correct(fields, output.data(), g.step, change.data());
    tape::Tape tape(Grid::nx, Grid::ny);
    std::vector<float> all;
    for (const double *f : fields) all.insert(all.end(), f, f + Grid::points);
    const tape::Var state =
        recordCorrection(tape, policy, tape.input(all.data(), static_cast<int>(fields.size())),
                         static_cast<int>(components), tape.input(output.data(), static_cast<int>(actions)), g.step);
    for (std::size_t c = 0; c < components; ++c)
      for (std::size_t i = 0; i < Grid::points; ++i)
        EXPECT_NEAR(tape.value(state)[c * Grid::points + i], fields[c][i] - change[c * Grid::points + i], 1e-5);
  }
}

TEST(Flux, APeriodicGridIsAPatchThatGoesOn) {
  Grid g;
  const Policy policy = fluxPolicy(2, .4);
  Flux flux(policy, "test");
  const auto numbers = random(10 * Grid::points, 8);
  const std::vector<float> output(numbers.begin(), numbers.end());
  const int ghost = flux.stateGhost(), width = Grid::nx + 2 * ghost, height = Grid::ny + 2 * ghost;
  const auto around = [&](const auto &plane, auto &wide) {
    for (int j = 0; j < height; ++j)
      for (int i = 0; i < width; ++i)
        wide.push_back(plane[(j - ghost + Grid::ny) % Grid::ny * Grid::nx + (i - ghost + Grid::nx) % Grid::nx]);
  };
  std::vector<std::vector<double>> fields(3);
  around(g.psi.data(), fields[0]);
  around(g.u.data(), fields[1]);
  around(g.v.data(), fields[2]);
  std::vector<float> wide;
  for (std::size_t a = 0; a < 10; ++a) around(&output[a * Grid::points], wide);
  const std::ptrdiff_t start = ghost * width + ghost;
  const Fields seen{{fields[0].data() + start, fields[1].data() + start, fields[2].data() + start}, width};
  std::vector<double> once(Grid::points), again(Grid::points);
  flux.compute(seen, {wide.data() + start, width * height, width}, g.step, once.data());
  ASSERT_TRUE(flux.computePeriodic(seen, {output.data(), Grid::points, Grid::nx}, g.step, again.data()));
  for (std::size_t i = 0; i < Grid::points; ++i) EXPECT_NEAR(once[i], again[i], 1e-15);
}

std::string message(const Policy &policy) {
  try {
    Correction::make(policy, "some.h5");
  } catch (const Error &e) {
    return e.what();
  }
  return "";
}

TEST(Flux, BadParametersAreErrors) {
  const auto with = [](const char *key, const char *value) {
    Policy p = fluxPolicy(2, .1);
    p.action.parameters[key] = value;
    return message(p);
  };
  EXPECT_EQ(message(fluxPolicy(2, .1)), "");
  EXPECT_NE(with("velocity", "u w").find("some.h5: /action: velocity: 'w' is not among the observed fields"),
            std::string::npos);
  EXPECT_NE(with("velocity", "u").find("expected the names of 2 fields, one an axis, found 'u'"), std::string::npos);
  EXPECT_NE(with("half_width", "many").find("half_width: expected a number"), std::string::npos);
  EXPECT_NE(with("half_width", "3").find("found 10 actions, expected a multiple of 14"), std::string::npos);
  EXPECT_NE(with("floor", "-1").find("floor: expected a number"), std::string::npos);
}

}  // namespace
