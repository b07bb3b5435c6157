// The fault: reference events, stability limit, arrest, energy, symmetry, every step controller.
#include <gtest/gtest.h>
#include <petrladapt.h>

#include <algorithm>
#include <cmath>

#include "adapt/rl.hpp"
#include "problems/fault/event.hpp"
#include "problems/fault/observables.hpp"
#include "support/fault_runs.hpp"
#include "support/policies.hpp"
#include "support/second_order.hpp"

using namespace petrl;
using namespace petrl::fault;
using namespace petrl::test;

namespace {

struct Reference {
  Kernel kernel;
  double peak, at, slip, growth;
};

// Specification, section 4 and 1.
const Reference one_cell[] = {{Kernel::full, 0.0615, 8.93, 0.2092, 0.985},
                              {Kernel::mirror, 0.0734, 8.64, 0.2423, 1.040},
                              {Kernel::half, 0.0773, 8.56, 0.2532, 1.057}};

// One attempt at a first step of length h.
FaultRun firstStep(double h) {
  Scenario s = faultScenario(1, 1);
  s.min_step = h;  // a failure ends the run
  s.first_step = h;
  s.max_step = 2 * h;
  s.final_time = h;
  return simulated(s, "heuristic");
}

// A policy with weights of its own on what it observes: tanh(w x + bias).
std::string policyFile(const std::string &name, const std::vector<std::string> &names, const std::vector<float> &w,
                       float bias, const std::string &transform, double low, double high) {
  Policy p = faultPolicySpecification(names, transform, low, high);
  p.network.parameters = {{"activation", "relu"}, {"output", "tanh"}};
  p.network.weights["layer0/weight"] = {{1, names.size()}, w};
  p.network.weights["layer0/bias"] = {{1}, {bias}};
  p.provenance.config = "test: true\n";
  p.provenance.version = "test";
  p.provenance.libraries = "none";
  std::string file = temporary(name + ".h5");
  writePolicy(file, p);
  return file;
}

double observed(Fault &fault, const std::string &name) {
  for (const auto &o : faultObservables()) {
    if (name == o.name) return o.value(fault);
  }
  throw Error("no observable " + name);
}

}  // namespace

TEST(Fault, OneCellSlipsAsTheReferences) {
  for (const Reference &r : one_cell) {
    SCOPED_TRACE(kernelName(r.kernel));
    Fault f(PETSC_COMM_SELF, faultScenario(1, 1, r.kernel));
    EXPECT_NEAR(f.growthRate(), r.growth, 6e-4);
    EXPECT_NEAR(f.criticalStep() * f.growthRate(), 3.414, 1e-3);
    EXPECT_NEAR(f.currentCriticalStep(), f.criticalStep(), 1e-4 * f.criticalStep());
    EXPECT_NEAR(f.energy(), 1, 1e-12);
    const FaultRun run = simulate(f, faultController("constant:h=0.02"));
    EXPECT_TRUE(run.finished) << run.reason;
    EXPECT_EQ(run.steps, 1000);
    EXPECT_EQ(run.failures + run.rejections, 0);
    EXPECT_EQ(run.solves, 2 * run.steps);
    EXPECT_NEAR(run.peak_velocity, r.peak, 0.005 * r.peak);
    EXPECT_NEAR(run.peak_time, r.at, 0.02);
    EXPECT_NEAR(run.slip, r.slip, 0.001 * r.slip);
    EXPECT_NEAR(run.slipAt(20), run.slip, 1e-15);
    // It has come to rest, exactly.
    EXPECT_EQ(f.maxVelocity(), 0);
    EXPECT_EQ(f.sliding(), 0);
    // Again: nothing is left of the first run.
    const FaultRun again = simulate(f, faultController("constant:h=0.02"));
    EXPECT_EQ(again.slip, run.slip);
    EXPECT_EQ(again.iterations, run.iterations);
  }
}

TEST(Fault, ManyCellsSlipAsTheReferences) {
  struct {
    Kernel kernel;
    double scale, peak, at, slip;
  } references[] = {{Kernel::mirror, 0.561, 0.0588, 8.70, 0.197},
                    {Kernel::full, 0.505, 0.0489, 8.95, 0.168},
                    {Kernel::mirror, 1, 0.0076, 13.3, 0.045}};
  for (const auto &r : references) {
    SCOPED_TRACE(std::string(kernelName(r.kernel)) + " " + std::to_string(r.scale));
    Scenario s = faultScenario(20, 20, r.kernel);
    s.elasticity.k_scale = r.scale;
    Fault f(PETSC_COMM_SELF, s);
    const FaultRun run = simulate(f, faultController("constant:h=0.05"));
    EXPECT_TRUE(run.finished);
    EXPECT_NEAR(run.peak_velocity, r.peak, 0.006 * r.peak);
    EXPECT_NEAR(run.peak_time, r.at, 0.06);
    EXPECT_NEAR(run.slip, r.slip, 0.01 * r.slip);
    EXPECT_EQ(f.maxVelocity(), 0);
  }
}

TEST(Fault, LosesItsSolutionBeyondTheCriticalStep) {
  const FaultRun below = firstStep(3.0), above = firstStep(3.5);
  EXPECT_TRUE(below.finished);
  EXPECT_EQ(below.failures, 0);
  EXPECT_FALSE(above.finished);
  EXPECT_EQ(above.reason, "DIVERGED_NONLINEAR_SOLVE");
  ASSERT_EQ(above.attempts.size(), 1u);
  EXPECT_TRUE(above.attempts[0].attempt.failed);
  EXPECT_EQ(above.attempts[0].velocity, 1e-4) << "a failed attempt moves nothing";
}

// What the prestress does is found again: kinetic and elastic energy, friction, radiation.
TEST(Fault, BalancesItsEnergy) {
  Scenario s = faultScenario(4, 3);
  double last = 0;
  for (const double h : {0.04, 0.02, 0.01}) {
    Fault f(PETSC_COMM_SELF, s);
    Elasticity &e = f.elasticity();
    Vec hv = e.createVector(), kd = e.createVector(), prestress = e.createVector();
    const double strength = s.friction->staticCoefficient() * e.cellArea() * s.normal_stress.average;
    PetRLThrow(VecSet(prestress, strength));
    struct Powers {
      double friction = 0, damping = 0, prestress = 0;
    } before;
    const auto powers = [&](double sign) {
      Powers p;
      Vec reaction;
      PetRLThrow(TSBatheGetReaction(f.ts(), &reaction));
      e.damping(f.velocity(), hv);
      p.friction = sign > 0 ? dot(reaction, f.velocity()) : dot(prestress, f.velocity());
      p.damping = dot(hv, f.velocity());
      p.prestress = dot(prestress, f.velocity());
      return p;
    };
    const double kinetic = 0.5 * e.mass() * dot(f.velocity(), f.velocity());
    before = powers(-1);  // at the start friction is the whole strength, as the prestress
    double t = 0, dissipated = 0, worst = 0, scale = 0;
    simulate(f, faultController("constant:h=" + std::to_string(h)), false, [&](Fault &, double now) {
      const Powers p = powers(1);
      const auto mean = [&](double a, double b) { return 0.5 * (now - t) * (a + b); };
      dissipated += mean(before.friction, p.friction) + mean(before.damping, p.damping);
      before = p;
      t = now;
      e.stiffness(f.displacement(), kd);
      const double work = dot(prestress, f.displacement());  // constant force: exact
      const double stored =
          0.5 * e.mass() * dot(f.velocity(), f.velocity()) - kinetic + 0.5 * dot(f.displacement(), kd);
      worst = std::max(worst, std::fabs(work - stored - dissipated));
      scale = std::max(scale, stored);
      // The observable says the same.
      EXPECT_GT(f.energy(), 0);
    });
    EXPECT_LT(worst / scale, 40 * h * h) << h;
    if (last > 0) {
      EXPECT_LT(worst, 0.35 * last) << "second order";
    }
    last = worst;
    for (Vec *v : {&hv, &kd, &prestress}) PetRLThrow(VecDestroy(v));
  }
}

// One cell that is loaded from afar: U = U0 - F0 e + K e^2/2 with the lag e = d - v_inf t, so U/U0 = (1 - K e/F0)^2.
TEST(Fault, EnergyIsThatOfTheLagBehindTheFarField) {
  Scenario s = faultScenario(1, 1);
  s.far_field_velocity = 0.01;
  Fault fault(PETSC_COMM_SELF, s);
  double k, most;
  fault.elasticity().bounds(&k, &most);
  const double force = 0.6 * s.normal_stress.average * fault.elasticity().cellArea();
  int checked = 0;
  simulate(fault, faultController("constant:h=0.5"), false, [&](Fault &f, double t) {
    const double lag = f.meanSlip() - s.far_field_velocity * t;
    EXPECT_NEAR(f.energy(), std::pow(1 - k * lag / force, 2), 1e-10) << t;
    ++checked;
  });
  EXPECT_EQ(checked, 40);
  EXPECT_GT(fault.energy(), 0);
}

TEST(Fault, StaysSymmetric) {
  Scenario s = faultScenario(9, 5);
  s.normal_stress.profile = NormalStress::Profile::linear;
  Fault f(PETSC_COMM_SELF, s);
  const FaultRun run = simulate(f, faultController("constant:h=0.1"));
  ASSERT_TRUE(run.finished);
  EXPECT_GT(run.slip, 0.02);
  const std::vector<double> d = numbersOf(f.displacement());
  double spread = 0;
  for (std::size_t k = 0; k < 5; ++k)
    for (std::size_t i = 0; i < 9; ++i) {
      EXPECT_NEAR(d[k * 9 + i], d[k * 9 + 8 - i], 1e-9);
      spread = std::max(spread, std::fabs(d[k * 9 + i] - d[0]));
    }
  EXPECT_GT(spread, 0.01) << "a trivial field would be symmetric anyway";
}

// From the state of another fault it goes on as that one does.
TEST(Fault, GoesOnFromAnothersState) {
  Scenario s = faultScenario(4, 3);
  s.perturbation = 0.2;
  Fault whole(PETSC_COMM_SELF, s), rest(PETSC_COMM_SELF, s, whole.sharedElasticity());
  TSAdapt adapt;
  PetRLThrow(TSGetAdapt(rest.ts(), &adapt));
  for (const double from : {4.0, 8.5, 10.0}) {
    double end = 0;
    const FaultRun run = simulate(whole, faultController("constant:h=0.1"), false, [&](Fault &, double t) {
      if (std::fabs(t - from) > 1e-6) return;
      rest.startFrom(whole, t);
      EXPECT_EQ(rest.meanSlip(), whole.meanSlip());
      EXPECT_EQ(rest.currentCriticalStep(), whole.currentCriticalStep());
      PetRLThrow(TSAdaptSetType(adapt, TSADAPTNONE));
      PetRLThrow(TSBatheSetErrorType(rest.ts(), TS_BATHE_ERROR_NONE));
      PetRLThrow(TSSetTimeStep(rest.ts(), 0.1));
      PetRLThrow(TSSolve(rest.ts(), NULL));
      end = rest.meanSlip();
    });
    EXPECT_NEAR(end, run.slip, 1e-6 * run.slip) << from;
  }
}

TEST(Fault, MatrixFreeDampingAgreesWithDense) {
  double slip[2];
  for (const int dense : {0, 1}) {
    Scenario s = faultScenario(12, 12);
    s.elasticity.dense_limit = dense ? 1024 : 1;
    slip[dense] = simulated(s, "constant:h=0.25").slip;
  }
  EXPECT_GT(slip[0], 0.1);
  EXPECT_NEAR(slip[0], slip[1], 1e-6 * slip[1]);
}

TEST(FaultControllers, HeuristicIsThePapers) {
  for (const Reference &r : one_cell) {
    const FaultRun run = simulated(faultScenario(1, 1, r.kernel), "heuristic");
    EXPECT_TRUE(run.finished);
    // 3.7 s are just beyond the critical step of the full space.
    EXPECT_EQ(run.failures, r.kernel == Kernel::full ? 1 : 0) << kernelName(r.kernel);
    EXPECT_EQ(run.rejections, 0);
    EXPECT_NEAR(run.slip, r.slip, 0.005 * r.slip) << kernelName(r.kernel);
    EXPECT_EQ(run.solves, 6 * run.steps + run.failures);
    EXPECT_NEAR(run.attempts[0].attempt.h, 0.5, 1e-12);
    EXPECT_LT(run.steps, 400);
    for (std::size_t i = 0; i + 2 < run.attempts.size(); ++i) {  // the last ones must end at 20 s
      const BatheAttempted &a = run.attempts[i].attempt;
      double next = a.error > 1 ? a.h / a.error : std::max(a.h * std::min(2.0, 1 / a.error), 0.001);
      if (a.failed) next = 0.6 * a.h;
      if (a.t + a.h + 2 * std::min(next, 5.0) < 20) {
        EXPECT_NEAR(run.attempts[i + 1].attempt.h, std::min(next, 5.0), 1e-9) << i;
      }
    }
  }
}

TEST(FaultControllers, AllFinish) {
  const double slip = simulated(faultScenario(3, 3), "constant:h=0.01").slip;
  const std::vector<std::pair<std::string, double>> controllers = {{"heuristic", 0.01},
                                                                   {"heuristic:tolerance=0.003", 0.01},
                                                                   {"basic:tolerance=0.01", 0.01},
                                                                   {"basic:error=embedded,tolerance=0.01", 0.01},
                                                                   {"dsp-PI42:error=embedded,tolerance=0.01", 0.01},
                                                                   {"dsp-PC47:tolerance=0.01", 0.01},
                                                                   {"iterations", 0.2},
                                                                   {"iterations:target=4,power=1", 0.2},
                                                                   {"event", 0.05},
                                                                   {"event:nucleation=0.5,event=0.2,onset=0.02", 0.02}};
  for (const auto &[controller, tolerance] : controllers) {
    SCOPED_TRACE(controller);
    const FaultRun run = simulated(faultScenario(3, 3), controller);
    EXPECT_TRUE(run.finished) << run.reason;
    EXPECT_NEAR(run.time, 20, 1e-9);
    EXPECT_NEAR(run.slip, slip, tolerance * slip);
    EXPECT_EQ(static_cast<std::size_t>(run.steps + run.rejections + run.failures), run.attempts.size());
    for (const auto &a : run.attempts) {
      EXPECT_LE(a.attempt.h, 5 * (1 + 1e-12));
    }
  }
  // One fault, one controller after the other: what the first set up does not reach the next.
  Fault f(PETSC_COMM_SELF, faultScenario(3, 3));
  const FaultRun before = simulate(f, faultController("heuristic"));
  for (const auto &[controller, tolerance] : controllers) simulate(f, faultController(controller));
  const FaultRun after = simulate(f, faultController("heuristic"));
  EXPECT_EQ(after.slip, before.slip);
  EXPECT_EQ(after.iterations, before.iterations);
  EXPECT_EQ(after.steps, before.steps);
}

TEST(FaultControllers, ObservablesSayWhatTheyClaim) {
  Scenario s = faultScenario(4, 3);
  Fault f(PETSC_COMM_SELF, s);
  // At the start.
  EXPECT_NEAR(observed(f, "fault_energy"), 1, 1e-12);
  EXPECT_NEAR(observed(f, "fault_velocity"), 1e-4 / 0.07, 1e-12);
  EXPECT_NEAR(observed(f, "log_velocity"), std::log(1e-4 / 0.07), 1e-9);
  // An accepted step.
  simulate(f, faultController("heuristic"), false, [&](Fault &, double t) {
    const BatheAttempted &a = bathe(f.ts()).latest;
    EXPECT_DOUBLE_EQ(observed(f, "converged"), 1);
    EXPECT_DOUBLE_EQ(observed(f, "doubling_error"), a.error);
    EXPECT_NEAR(observed(f, "relative_step"), (a.h - 0.001) / 4.999, 1e-12);
    EXPECT_NEAR(observed(f, "step_growth"), std::log(a.h * f.growthRate()), 1e-12);
    EXPECT_NEAR(observed(f, "iteration_error"), std::min<double>(a.residual_sum / 4, 1), 1e-12);
    if (20 - t > 0.1) {
      EXPECT_NEAR(observed(f, "remaining_growth"), std::log((20 - t) * f.growthRate()), 1e-9);
    }
    EXPECT_NEAR(observed(f, "relative_slip"), std::log1p(f.meanSlip() / 0.1), 1e-12);
    EXPECT_GE(observed(f, "localisation"), 0);
    EXPECT_LE(observed(f, "fault_energy"), 1 + 1e-9);
    EXPECT_LE(observed(f, "instability"), 1 + 1e-5);
  });
  // At rest.
  EXPECT_EQ(observed(f, "fault_velocity"), 0);
  EXPECT_EQ(observed(f, "sliding"), 0);
  EXPECT_NEAR(observed(f, "log_velocity"), std::log(1e-6), 1e-9);
  EXPECT_EQ(observed(f, "acceleration"), 0);
  // U = 1 + (d'Kd/2 - F0'd)/U0 on one cell: d = slip, U0 = F0^2/(2 K).
  Fault one(PETSC_COMM_SELF, faultScenario(1, 1));
  const FaultRun run = simulate(one, faultController("heuristic"));
  const double k = 8.652e13, f0 = 0.6 * 9e6 * 22.5e6, u0 = f0 * f0 / (2 * k);
  EXPECT_NEAR(observed(one, "fault_energy"), 1 + (0.5 * k * run.slip * run.slip - f0 * run.slip) / u0, 1e-4);
  EXPECT_EQ(observed(one, "instability"), 0) << "what has slipped is stable";
  // Under a far field that moves, e = d - v_inf t takes the place of d.
  Scenario loaded = faultScenario(1, 1);
  loaded.far_field_velocity = 0.02;
  Fault driven(PETSC_COMM_SELF, loaded);
  const auto energy = [&](double t) {
    const double e = driven.meanSlip() - 0.02 * t;
    return 1 + (0.5 * k * e * e - f0 * e) / u0;
  };
  simulate(driven, faultController("constant:h=0.1"), false,
           [&](Fault &, double t) { EXPECT_NEAR(driven.energy(), energy(t), 1e-4) << t; });
  EXPECT_NEAR(driven.energy(), energy(20), 1e-4);
  // Other names are refused.
  expectParts(messageOf([] { faultPolicySpecification({"fault_velocty"}, "linear", 0.001, 5); }), {"fault_velocty"});
}

// A policy that asks for 4.5 s at onset, where no step above 3.3 s has a solution, sees the failure and then asks for
// 0.3 s.
TEST(FaultControllers, APolicySeesFailuresAndChoosesTheRetry) {
  // converged = 1: tanh(atanh(y)), y = 0.8; converged = 0: y = -0.88
  const auto action = [](double h) { return static_cast<float>(std::atanh(2 * (h - 0.001) / 4.999 - 1)); };
  const std::string file =
      policyFile("impatient", {"converged"}, {action(4.5) - action(0.3)}, action(0.3), "linear", 0.001, 5);
  Fault f(PETSC_COMM_SELF, faultScenario(1, 1));
  TSAdapt adapt;
  PetscInt decisions = 0, fallbacks = 0, failures = 0;
  PetRLThrow(TSGetAdapt(f.ts(), &adapt));
  for (const std::string safeguard : {"", ",safeguard=0"}) {
    SCOPED_TRACE(safeguard);
    const FaultRun run = simulate(f, faultController("rl:" + file + safeguard));
    EXPECT_TRUE(run.finished) << run.reason;
    EXPECT_EQ(
        run.solves, 2 * run.steps +
                        [&] {
                          long solves = 0;
                          for (const auto &a : run.attempts) solves += a.attempt.failed ? a.attempt.solves : 0;
                          return solves;
                        }())
        << "no estimate that nobody asked for";
    PetRLThrow(TSAdaptRLGetCounters(adapt, &decisions, &fallbacks, &failures));
    EXPECT_GT(run.failures, 0);
    EXPECT_EQ(fallbacks, 0);
    bool found = false;
    for (std::size_t i = 0; i + 1 < run.attempts.size(); ++i) {
      const BatheAttempted &a = run.attempts[i].attempt, &next = run.attempts[i + 1].attempt;
      if (!a.failed) continue;
      found = true;
      EXPECT_GT(a.h, 3.3);
      EXPECT_EQ(next.t, a.t);
      // The safeguard lets it shorten to a tenth at most.
      EXPECT_NEAR(next.h, safeguard.empty() ? 0.45 : 0.3, 1e-4) << "attempt " << i;
    }
    EXPECT_TRUE(found);
  }
  EXPECT_GT(failures, 0);
  unlink(file.c_str());
}

TEST(FaultControllers, CountersAreThoseOfTheRun) {
  const std::string file = policyFile("constant", {"fault_velocity", "sliding"}, {0, 0}, 0.f, "log", 0.02, 5);
  Fault f(PETSC_COMM_SELF, faultScenario(2, 2));
  const FaultRun run = simulate(f, faultController("rl:" + file));
  TSAdapt adapt;
  PetscInt decisions, fallbacks, failures;
  PetRLThrow(TSGetAdapt(f.ts(), &adapt));
  PetRLThrow(TSAdaptRLGetCounters(adapt, &decisions, &fallbacks, &failures));
  EXPECT_TRUE(run.finished);
  EXPECT_EQ(decisions, run.steps);
  EXPECT_EQ(failures, run.failures);
  EXPECT_EQ(fallbacks, 0);
  EXPECT_NEAR(run.attempts[3].attempt.h, std::sqrt(0.02 * 5), 1e-6);
  // A policy that observes the error gets it.
  const std::string watchful = policyFile("watchful", {"doubling_error"}, {0}, 0.f, "log", 0.02, 5);
  const FaultRun second = simulate(f, faultController("rl:" + watchful));
  EXPECT_EQ(second.solves, 6 * second.steps);
  EXPECT_GE(second.attempts[3].attempt.error, 0);
  unlink(file.c_str());
  unlink(watchful.c_str());
}

TEST(FaultControllers, NamesAndSettingsAreChecked) {
  const auto complaint = [](const std::string &text) { return messageOf([&] { faultController(text); }); };
  expectParts(complaint("heuristics"), {"'heuristics'", "constant", "heuristic", "event", "rl"});
  expectParts(complaint(""), {"expected constant"});
  expectParts(complaint("constant:step=0.1"), {"constant:step=0.1", "unknown setting 'step'"});
  expectParts(complaint("heuristic:h=1"), {"unknown setting 'h'"});
  expectParts(complaint("constant:h=fast"), {"h: ", "'fast'", "number"});
  expectParts(complaint("constant:h=0.1s"), {"'0.1s'"});
  expectParts(complaint("constant:h=-1"), {"'-1'"});
  expectParts(complaint("constant:h=nan"), {"'nan'"});
  expectParts(complaint("constant:h=0"), {"h: ", "'0'"});
  expectParts(complaint("constant:h=inf"), {"h: ", "'inf'"});
  expectParts(complaint("constant:h="), {"h: "});
  expectParts(complaint("constant:0.1"), {"key=value", "'0.1'"});
  expectParts(complaint("basic:error=none"), {"error: ", "doubling or embedded", "'none'"});
  expectParts(complaint("event:nucleatio=1"), {"unknown setting 'nucleatio'"});
  expectParts(complaint("rl:/no/such/policy.h5"), {"/no/such/policy.h5"});
  EXPECT_EQ(complaint("iterations:target=5"), "no error");
}
