// What of a program lies outside of where its closure was trained.
#include <gtest/gtest.h>

#include <array>

#include "closure/periodic.hpp"
#include "closure/training.hpp"
#include "policy/shared_policy.hpp"
#include "support/closures.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

// psi in [0, 1] carried by u, v with 64 points, a quarter of the spacing a step, Euler.
Policy recorded(const std::string &transform) {
  Policy p = constantClosure({"psi", "u", "v"}, transform, -1, 1, {0.5f});
  p.validity.ranges = {{"step", {0.25 / 64, 0.25 / 64}},
                       {"spacing", {1. / 64, 1. / 64}},
                       {"courant", {0.1, 0.25}},
                       {"order", {1, 1}},
                       {"psi", {0, 1}},
                       {"u", {-1, 1}}};
  p.validity.words = {{"boundary", {"periodic"}}, {"ts_type", {"euler"}}, {"velocity", {"u", "v"}}};
  return p;
}

ClosureUse asTrained() {
  ClosureUse use;
  use.step = 0.25 / 64;
  use.spacing = {1. / 64, 1. / 64};
  use.ts_type = "euler";
  use.order = 1;
  use.fields = {{"psi", {-0.05, 1.1}}, {"u", {-0.9, 0.7}}, {"v", {0, 0}}};
  return use;
}

}  // namespace

TEST(ClosureTraining, WhatIsOutsideIsSaidOnce) {
  Surroundings s(recorded("additive"), {0});
  ClosureUse use = asTrained();
  EXPECT_EQ(s.outside(use), "");
  use.fields["psi"] = {0, 98};
  use.step *= 8;
  EXPECT_EQ(s.outside(use), "courant 1.8, trained on 0.1 to 0.25; psi 98, trained on 0 to 1");
  EXPECT_EQ(s.outside(use), "");
  use.fields["u"] = {-3, 0};
  use.periodic = false;
  use.ts_type = "beuler", use.order = 0;
  EXPECT_EQ(s.outside(use),
            "u -3, trained on -1 to 1; boundary 'not-periodic', trained on periodic; ts_type 'beuler', trained on "
            "euler");
  EXPECT_EQ(s.outside(use), "");
}

// What is small counts at first only: last steps are cut, and flows decay.
TEST(ClosureTraining, SmallNumbers) {
  ClosureUse small = asTrained();
  small.step /= 10;
  small.fields["psi"] = {0.001, 0.009};
  {
    Surroundings s(recorded("additive"), {0});
    EXPECT_EQ(s.outside(asTrained()), "");
    EXPECT_EQ(s.outside(small), "");
  }
  Surroundings s(recorded("additive"), {0});
  EXPECT_EQ(s.outside(small),
            "courant 0.0225, trained on 0.1 to 0.25; psi from 0.001 to 0.009 only, trained on 0 to 1");
}

// Other units of length and time are the same thing to what knows the Courant number only.
TEST(ClosureTraining, Units) {
  ClosureUse use = asTrained();
  use.step *= 100, use.spacing[0] *= 100, use.spacing[1] *= 100;
  for (const char *transform : {"additive", "flux"}) EXPECT_EQ(Surroundings(recorded(transform), {0}).outside(use), "");
  EXPECT_EQ(Surroundings(recorded("additive-rate"), {0}).outside(use),
            "step 0.390625, trained on 0.00390625; spacing 1.5625, trained on 0.015625");
  use.spacing[0] /= 4;
  EXPECT_EQ(Surroundings(recorded("flux"), {0}).outside(use),
            "courant 0.9, trained on 0.1 to 0.25; spacing 0.390625 by 1.5625, trained on equal ones");
  use.spacing[0] = use.spacing[1] = 0;  // not known: the step is all that there is
  EXPECT_EQ(Surroundings(recorded("additive"), {0}).outside(use), "step 0.390625, trained on 0.00390625");
  use = asTrained();
  use.ts_type = "rk", use.order = 4;
  EXPECT_EQ(Surroundings(recorded("flux"), {0}).outside(use), "ts_type 'rk', trained on euler");
  use.order = 1;  // Euler's method by another name
  EXPECT_EQ(Surroundings(recorded("flux"), {0}).outside(use), "");
  EXPECT_EQ(Surroundings(constantClosure({"psi"}, "additive", -1, 1, {0}), {0}).outside(use), "");
}

// Additive corrections are for a step of the training, at its ratio of step and spacing.
TEST(ClosureTraining, TheStepOfAnAdditiveCorrection) {
  EXPECT_EQ(ownStep(recorded("additive").validity, 1. / 64), 0.25 / 64);
  EXPECT_EQ(ownStep(recorded("additive").validity, 0), 0.25 / 64);
  EXPECT_EQ(ownStep(recorded("additive").validity, 100. / 64), 25. / 64);
  EXPECT_EQ(ownStep({}, 1), 0);
  PeriodicClosure closure(recorded("additive"), "test");
  const std::vector<double> field(64 * 64, 0.5);
  std::vector<double> change(field.size());
  const std::vector<std::array<double, 3>> cases = {{0.25 / 64, 1. / 64, 0.5},
                                                    {0.125 / 64, 1. / 64, 0.25},
                                                    {0.0025 / 64, 1. / 64, 0.005},
                                                    {25. / 64, 100. / 64, 0.5},
                                                    {0.5 / 64, 2. / 64, 0.5}};
  for (const auto &[dt, h, expected] : cases) {
    closure.compute({field.data(), field.data(), field.data()}, {64, 64, dt, h, h}, change.data());
    for (const double a : change) EXPECT_NEAR(a, expected, 1e-15);
  }
}

// What was not recorded, the configuration may say; anything else says nothing. What was recorded counts.
TEST(ClosureTraining, FromTheConfiguration) {
  Policy p = constantClosure({"psi"}, "additive", -1, 1, {0});
  p.provenance.config = "environment: {name: advection, scheme: upwind5, integrator: rk4, dt_factor: 1.0}";
  p.validity.ranges["courant"] = {0.2, 0.9};
  Validity v = trainingOf(p);
  EXPECT_EQ(v.ranges.at("step").high, 1. / 64);
  EXPECT_EQ(v.ranges.at("courant").high, 0.9);
  EXPECT_EQ(v.ranges.at("order").low, 4);
  EXPECT_EQ(v.words.at("scheme"), std::vector<std::string>{"upwind5"});
  EXPECT_EQ(v.words.at("ts_type"), std::vector<std::string>{"rk"});
  EXPECT_EQ(v.words.at("velocity"), (std::vector<std::string>{"u", "v"}));
  p.provenance.config = "environment: {name: burgers}";
  p.validity = {};
  v = trainingOf(p);
  EXPECT_EQ(v.ranges.at("step").low, 0.9 / 30);
  EXPECT_EQ(v.ranges.at("courant").high, 0.9);
  EXPECT_EQ(v.words.at("ts_type"), std::vector<std::string>{"euler"});
  for (const char *text : {"", "environment: 3", "environment: {name: mine}", "environment: {name: [a]}", ": [",
                           "environment: {name: advection, n: many}"}) {
    p.provenance.config = text;
    EXPECT_TRUE(trainingOf(p).ranges.empty()) << text;
    EXPECT_EQ(ownStep(trainingOf(p), 1), 0) << text;
  }
  // Those that ship.
  const Validity shipped = trainingOf(loadPolicy("advection-closure-ppo-additive.h5", "closure"));
  EXPECT_EQ(ownStep(shipped, 1. / 64), 0.25 / 64);
  EXPECT_EQ(shipped.words.at("ts_type"), std::vector<std::string>{"euler"});
  EXPECT_EQ(shipped.words.at("boundary"), std::vector<std::string>{"periodic"});
}
