// Recorded coarse steps: the stepper's own, with gradients.
#include "problems/grid2d/record.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "base/error.hpp"
#include "support/grid2d.hpp"

using namespace petrl;
using namespace petrl::grid2d;
using namespace petrl::test;

namespace {

constexpr int kNx = 20, kNy = 16;
constexpr double kDt = 0.01;

// Rounded to float32, so that the tape and the stepper start from the same numbers.
std::vector<double> rounded(std::vector<double> values) {
  for (double &value : values) value = static_cast<float>(value);
  return values;
}

// Both signs of the velocity occur.
std::vector<double> velocityField() {
  return rounded(
      join(sampleGrid(
               kNx, kNy,
               [](double x, double y) { return 0.6 * std::sin(kTwoPi * (x + y) + 0.1) + 0.2 * std::cos(kTwoPi * y); }),
           sampleGrid(kNx, kNy, [](double x, double y) { return 0.7 * std::cos(kTwoPi * (2 * x - y)) - 0.1; })));
}

std::vector<double> concentration() {
  return rounded(sampleGrid(kNx, kNy, [](double x, double y) {
    return 0.5 + 0.4 * std::sin(kTwoPi * x + 0.3) * std::cos(2 * kTwoPi * y - 0.2);
  }));
}

std::vector<float> single(const std::vector<double> &values) {
  return {values.begin(), values.end()};
}

struct Choice {
  Scheme scheme;
  bool burgers;
  std::string name() const {
    return scheme.advection + " " + scheme.integrator + (burgers ? " Burgers" : " advection") +
           (scheme.extended ? " extended" : "");
  }
};

// Every linear scheme, plain and with diffusion and the modified equation.
std::vector<Choice> choices() {
  std::vector<Choice> all;
  for (const auto &name : advectionSchemes()) {
    if (name == "weno5") continue;
    for (const std::string integrator : {"euler", "rk4"}) {
      for (const bool burgers : {false, true}) {
        for (const double viscosity : {0., 0.003}) {
          Scheme s;
          s.advection = name, s.integrator = integrator, s.viscosity = viscosity, s.modified = 2 * viscosity;
          s.diffusion_order = viscosity > 0 ? 4 : 2;
          all.push_back({s, burgers});
        }
      }
    }
  }
  for (const std::string integrator : {"euler", "rk4"}) {
    for (const double dissipation : {0., 0.3}) {
      Scheme s;
      s.advection = "upwind5", s.integrator = integrator, s.viscosity = 0.003, s.modified = 0.01;
      s.diffusion_order = 6, s.extended = true, s.fine_dt = 0.002, s.dissipation = dissipation;
      all.push_back({s, true});
    }
  }
  return all;
}

// By a scheme's names, on the unit square.
tape::Var recordStep(tape::Tape &tape, const Scheme &scheme, tape::Var state, tape::Var velocity, double dt) {
  return grid2d::recordStep(tape, discretize(scheme, 1. / tape.nx(), 1. / tape.ny()), scheme.integrator == "rk4", state,
                            velocity, dt);
}

}  // namespace

TEST(Record, IsTheSteppersStep) {
  const auto velocity = velocityField();
  for (const Choice &c : choices()) {
    const auto start = c.burgers ? velocity : concentration();
    const int components = c.burgers ? 2 : 1;
    tape::Tape tape(kNx, kNy);
    tape::Var state = tape.input(single(start).data(), components);
    const tape::Var by = c.burgers ? tape::Var{} : tape.input(single(velocity).data(), 2);
    for (int i = 0; i < 3; ++i) state = recordStep(tape, c.scheme, state, by, kDt);
    const float *values = tape.value(state);
    const std::vector<double> got(values, values + start.size());
    const auto by_velocity = c.burgers ? std::vector<double>() : velocity;
    EXPECT_LT(largestDifference(got, integrate(c.scheme, components, kNx, kNy, start, by_velocity, kDt, 3)), 3e-6)
        << c.name();
  }
}

// d/d(direction) of sum weight * state after two steps; the difference quotient is the stepper's, in double precision.
TEST(Record, GradientsAreDifferenceQuotients) {
  const auto velocity = velocityField();
  for (const Choice &c : choices()) {
    const auto start = c.burgers ? velocity : concentration();
    const int components = c.burgers ? 2 : 1;
    const auto by_velocity = c.burgers ? std::vector<double>() : velocity;
    std::vector<double> direction, weight;
    for (std::size_t i = 0; i < start.size(); ++i) {
      const auto at = static_cast<double>(i);
      direction.push_back(std::sin(1.7 * at));
      weight.push_back(static_cast<float>(std::cos(2.3 * at + 1)));
    }
    const auto value = [&](double step) {
      auto moved = start;
      for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += step * direction[i];
      const auto end = integrate(c.scheme, components, kNx, kNy, moved, by_velocity, kDt, 2);
      return std::inner_product(end.begin(), end.end(), weight.begin(), 0.);
    };
    tape::Tape tape(kNx, kNy);
    const tape::Var first = tape.input(single(start).data(), components);
    const tape::Var by = c.burgers ? tape::Var{} : tape.input(single(velocity).data(), 2);
    tape::Var state = first;
    for (int i = 0; i < 2; ++i) state = recordStep(tape, c.scheme, state, by, kDt);
    const auto seed = single(weight);
    std::copy(seed.begin(), seed.end(), tape.gradient(state));
    tape.backward();
    double product = 0, scale = 0;
    for (std::size_t i = 0; i < start.size(); ++i) {
      const double term = static_cast<double>(tape.gradient(first)[i]) * direction[i];
      product += term, scale += term * term;
    }
    constexpr double step = 1e-6;  // small: few velocities change their sign on the way
    EXPECT_NEAR(product, (value(step) - value(-step)) / (2 * step), 1e-4 * std::sqrt(scale)) << c.name();
  }
}

TEST(Record, WhatCannotBeRecordedIsAnError) {
  const auto message = [](const Scheme &s, int n) {
    tape::Tape tape(n, n);
    const std::vector<float> values(static_cast<std::size_t>(2 * n * n));
    try {
      recordStep(tape, s, tape.input(values.data(), 2), {}, kDt);
    } catch (const Error &e) {
      return std::string(e.what());
    }
    return std::string();
  };
  Scheme s;
  EXPECT_EQ(message(s, 3), "");
  s.advection = "weno5";
  EXPECT_NE(message(s, 16).find("weno5 is not differentiable here"), std::string::npos);
  s.advection = "fitted11";
  EXPECT_NE(message(s, 4).find("4 x 4 points cannot be recorded"), std::string::npos);
  s.extended = true, s.modified = 0.01, s.fine_dt = 0.01, s.advection = "upwind5", s.diffusion_order = 6;
  tape::Tape tape(16, 16);
  const std::vector<float> values(512);
  const tape::Var q = tape.input(values.data(), 2);
  EXPECT_THROW(recordStep(tape, s, q, q, kDt), Error);
  s.integrator = "rk5";
  EXPECT_THROW(Stepper(s, 2, 16, 16, kDt), Error);
}
