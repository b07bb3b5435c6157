// Scenarios of the fault from YAML: what is read, and what is said about bad input.
#include <gtest/gtest.h>

#include <cmath>

#include "problems/fault/fault.hpp"
#include "support/fault_runs.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::fault;
using namespace petrl::test;

namespace {

Scenario scenario(const std::string &text) {
  return readScenario(YamlMap::parse(text, "fault.yaml"));
}

std::string complaint(const std::string &text) {
  return messageOf([&] { scenario(text); });
}

}  // namespace

TEST(FaultScenario, DefaultsAreThePapers) {
  const Scenario s = scenario("{}");
  EXPECT_EQ(s.elasticity.nx, 1);
  EXPECT_EQ(s.elasticity.nz, 1);
  EXPECT_EQ(s.elasticity.kernel, Kernel::mirror);
  EXPECT_EQ(s.elasticity.damping, Damping::exact);
  EXPECT_EQ(s.elasticity.k_scale, 0) << "mesh-consistent";
  EXPECT_EQ(s.elasticity.lx, 3000);
  EXPECT_EQ(s.normal_stress.average, 22.5e6);
  EXPECT_EQ(s.friction->name(), "exponential");
  EXPECT_EQ(s.friction->staticCoefficient(), 0.6);
  EXPECT_EQ(s.friction->residualCoefficient(), 0.5);
  EXPECT_EQ(s.friction->criticalSlip(), 0.1);
  EXPECT_EQ(s.initial_velocity, 1e-4);
  EXPECT_EQ(s.prestress, 1);
  EXPECT_EQ(s.final_time, 20);
  EXPECT_EQ(s.min_step, 0.001);
  EXPECT_EQ(s.max_step, 5);
  EXPECT_EQ(s.first_step, 0.5);
  EXPECT_EQ(s.velocity_scale, 0.07);
  EXPECT_EQ(s.tolerance, 0.01);
  const Scenario paper = test::paperScenario();
  EXPECT_EQ(paper.max_step, s.max_step);
  EXPECT_EQ(paper.first_step, s.first_step);
  EXPECT_EQ(paper.friction->weakening(), s.friction->weakening());
}

TEST(FaultScenario, ReadsEveryKey) {
  const Scenario s = scenario(
      "{cell_size: 500, size: [4000, 3000, 2000], shear_modulus: 2e10, poisson: 0.3, density: 2700, damping_ratio: "
      "0.1,\n"
      " kernel: half, damping: symbol, k_scale: 0.7, dense_limit: 10, initial_velocity: 1e-3, perturbation: 0.1,\n"
      " normal_stress: {profile: heterogeneous, average: 3e7, amplitude: 0.1, correlation: 0.5, seed: 7},\n"
      " friction: {law: linear, residual: 0.4, drop: 0.2, critical_slip: 0.05, healing_time: 3},\n"
      " prestress: 0.9, far_field_velocity: 1e-9, final_time: 40, min_step: 0.01, velocity_scale: 0.1, tolerance: "
      "1e-3,\n"
      " allow_stable: true}");
  EXPECT_EQ(s.elasticity.nx, 8);
  EXPECT_EQ(s.elasticity.nz, 4);
  EXPECT_EQ(s.elasticity.ly, 3000);
  EXPECT_EQ(s.elasticity.kernel, Kernel::half);
  EXPECT_EQ(s.elasticity.damping, Damping::symbol);
  EXPECT_EQ(s.elasticity.k_scale, 0.7);
  EXPECT_EQ(s.normal_stress.profile, NormalStress::Profile::heterogeneous);
  EXPECT_EQ(s.normal_stress.seed, 7u);
  EXPECT_EQ(s.friction->name(), "linear");
  EXPECT_NEAR(s.friction->staticCoefficient(), 0.6, 1e-15);
  EXPECT_EQ(s.prestress, 0.9);
  EXPECT_EQ(s.max_step, 10) << "a quarter of the run";
  EXPECT_EQ(s.first_step, 1);
  EXPECT_TRUE(s.allow_stable);
  EXPECT_EQ(scenario("{k_scale: mesh}").elasticity.k_scale, 0);
  EXPECT_EQ(scenario("{friction: {law: rate-and-state, critical_slip: 0.01}}").friction->name(), "rate-and-state");
  EXPECT_EQ(scenario("{cells: [3, 4]}").elasticity.nz, 4);
}

TEST(FaultScenario, BadInputIsNamed) {
  const struct {
    const char *text;
    std::vector<std::string> parts;
  } cases[] = {
      {"normal_stress:\n  average: -1e6", {"fault.yaml:2", "normal_stress.average", "positive", "-1000000"}},
      {"normal_stress: {average: .nan}", {"average", "positive"}},
      {"normal_stress: {profile: quadratic}", {"profile", "uniform, linear or heterogeneous", "'quadratic'"}},
      {"normal_stress: {avrage: 1e6}", {"avrage", "average"}},
      {"min_step: 2\nmax_step: 1", {"fault.yaml:1", "min_step", "max_step", "2.0", "1.0"}},
      {"min_step: 1\nmax_step: 1", {"min_step", "max_step"}},
      {"cell_size: 700", {"cell_size", "divide", "3000"}},
      {"cells: [3, 3]\ncell_size: 1000", {"cell_size", "not both"}},
      {"cells: [3]", {"cells", "[nx, nz]"}},
      {"cells: [0, 3]", {"cells", "at least 1"}},
      {"cells: [1.5, 3]", {"cells", "integers"}},
      {"size: [3000, 3000]", {"size", "[lx, ly, lz]"}},
      {"size: [3000, -3000, 3000]", {"size", "positive"}},
      {"\n\nvelocity_scal: 1", {"fault.yaml:3", "velocity_scal", "velocity_scale"}},
      {"kernel: okada", {"kernel", "okada", "full, mirror or half"}},
      {"damping: none", {"damping", "none", "exact or symbol"}},
      {"friction: {law: slip}", {"friction.law", "'slip'", "exponential, linear or rate-and-state"}},
      {"friction: {critical_slip: 0}", {"friction.critical_slip"}},
      {"friction: {residual: 0.1, drop: -0.2}", {"friction.drop", "cannot push"}},
      {"friction: {drp: 0.2}", {"friction.drp", "drop"}},
      {"friction: {law: rate-and-state, drop: 0.1}", {"friction.drop"}},
      {"friction: {law: rate-and-state}\ninitial_velocity: 0", {"friction.law", "initial velocity above 0"}},
      {"prestress: 1.2", {"prestress", "1.2"}},
      {"poisson: 0.5", {"poisson"}},
      {"k_scale: coarse", {"k_scale", "'coarse'"}},
      {"k_scale: 0", {"k_scale", "0"}},
      {"final_time: -1", {"final_time"}},
      {"density: heavy", {"density", "'heavy'"}},
      {"allow_stable: perhaps", {"allow_stable", "true or false"}},
      {"tolerance: .inf", {"tolerance"}},
      {"tolerance: .nan", {"tolerance"}},
  };
  for (const auto &c : cases) {
    SCOPED_TRACE(c.text);
    const std::string message = complaint(c.text);
    EXPECT_NE(message, "no error");
    expectParts(message, c.parts);
  }
}

TEST(FaultScenario, StableFaultsAreRefusedUnlessAllowed) {
  const Scenario stable = scenario("{friction: {critical_slip: 10}}");
  expectParts(messageOf([&] { Fault f(PETSC_COMM_SELF, stable); }),
              {"stable and never slips", "MPa/m", "critical_slip", "allow_stable"});
  // Strengthening, too.
  const Scenario strong = scenario("{friction: {drop: -0.1}}");
  expectParts(messageOf([&] { Fault f(PETSC_COMM_SELF, strong); }), {"stable and never slips"});
  const Scenario allowed = scenario("{friction: {critical_slip: 10}, allow_stable: true}");
  Fault f(PETSC_COMM_SELF, allowed);
  EXPECT_EQ(f.growthRate(), 0);
  EXPECT_TRUE(std::isinf(f.criticalStep()));
  EXPECT_TRUE(std::isinf(f.currentCriticalStep()));
}

TEST(FaultScenario, NormalStressHasItsAverage) {
  for (const auto profile :
       {NormalStress::Profile::uniform, NormalStress::Profile::linear, NormalStress::Profile::heterogeneous}) {
    Scenario s = test::paperScenario();
    s.normal_stress.profile = profile;
    double sum = 0, low = 1e30, high = 0;
    const int n = 40;
    for (int i = 0; i < n; ++i)
      for (int k = 0; k < n; ++k) {
        const double q = normalStressAt(s.normal_stress, s.elasticity, (i + 0.5) / n, (k + 0.5) / n);
        sum += q / (n * n);
        low = std::min(low, q);
        high = std::max(high, q);
      }
    const bool random = profile == NormalStress::Profile::heterogeneous;
    EXPECT_NEAR(sum, 22.5e6, random ? 4e6 : 1);
    EXPECT_GT(low, 0);
    if (profile == NormalStress::Profile::uniform) {
      EXPECT_EQ(low, high);
    } else {
      EXPECT_GT(high, 1.2 * low);
    }
  }
  // A random field is the same whatever the mesh, and another with another seed.
  EXPECT_EQ(randomField(3, 0.25, 0.4, 0.7), randomField(3, 0.25, 0.4, 0.7));
  EXPECT_NE(randomField(3, 0.25, 0.4, 0.7), randomField(4, 0.25, 0.4, 0.7));
  double sum = 0, squares = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const double x = randomField(seed, 0.25, 0.4, 0.7);
    sum += x / 4000;
    squares += x * x / 4000;
  }
  EXPECT_NEAR(sum, 0, 0.06);
  EXPECT_NEAR(squares, 1, 0.08);
}
