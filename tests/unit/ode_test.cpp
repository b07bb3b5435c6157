// The ODE problems: published values, Jacobians against differences, every listed method runs to the end.
#include <gtest/gtest.h>
#include <petscdm.h>

#include <cmath>
#include <map>
#include <set>

#include "base/error.hpp"
#include "problems/ode/problem.hpp"

using namespace petrl::ode;

namespace {

struct Outcome {
  TSConvergedReason reason = TS_CONVERGED_ITERATING;
  PetscInt steps = 0, rejections = 0, failures = 0;
  PetscReal time = 0;
  std::vector<double> state;
};

Outcome solve(Problem &problem, const std::string &method, double rtol, PetscInt maxSteps = 1000000) {
  Outcome run;
  TS ts;
  TSAdapt adapt;
  Vec u;
  const PetscScalar *x;
  PetscInt n;
  PetRLThrow(TSCreate(PETSC_COMM_SELF, &ts));
  PetRLThrow(setMethod(ts, method));
  PetRLThrow(problem.setUp(ts));
  PetRLThrow(TSGetAdapt(ts, &adapt));
  PetRLThrow(TSAdaptSetType(adapt, TSADAPTBASIC));
  PetRLThrow(TSSetTolerances(ts, rtol * problem.absoluteScale, nullptr, rtol, nullptr));
  PetRLThrow(TSSetMaxSteps(ts, maxSteps));
  PetRLThrow(TSSolve(ts, nullptr));
  PetRLThrow(TSGetConvergedReason(ts, &run.reason));
  PetRLThrow(TSGetStepNumber(ts, &run.steps));
  PetRLThrow(TSGetStepRejections(ts, &run.rejections));
  PetRLThrow(TSGetSNESFailures(ts, &run.failures));
  PetRLThrow(TSGetTime(ts, &run.time));
  PetRLThrow(TSGetSolution(ts, &u));
  PetRLThrow(VecGetLocalSize(u, &n));
  PetRLThrow(VecGetArrayRead(u, &x));
  run.state.assign(x, x + n);
  PetRLThrow(VecRestoreArrayRead(u, &x));
  PetRLThrow(TSDestroy(&ts));
  return run;
}

Outcome solveClassical(const std::string &name, const std::string &method, double rtol) {
  return solve(*makeProblem(name, nullptr), method, rtol);
}

bool isImplicit(const std::string &method) {
  for (const Method &m : methods())
    if (m.name == method) return m.implicit;
  ADD_FAILURE() << "unknown method " << method;
  return false;
}

void expectState(const Outcome &run, const std::vector<double> &reference, double relative) {
  ASSERT_EQ(run.reason, TS_CONVERGED_TIME);
  ASSERT_EQ(run.state.size() >= reference.size(), true);
  for (std::size_t i = 0; i < reference.size(); ++i)
    EXPECT_NEAR(run.state[i], reference[i], relative * std::fabs(reference[i])) << "component " << i;
}

}  // namespace

TEST(OdeProblems, GroupsAreDisjointAndComplete) {
  std::multiset<std::string> grouped;
  for (const auto &group : {trainProblems(), validationProblems(), testProblems()}) {
    EXPECT_FALSE(group.empty());
    grouped.insert(group.begin(), group.end());
  }
  const auto names = problemNames();
  EXPECT_EQ(grouped, std::multiset<std::string>(names.begin(), names.end()));
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  for (const auto &name : names) EXPECT_EQ(makeProblem(name, nullptr)->name, name);
  EXPECT_THROW(makeProblem("no such problem", nullptr), petrl::Error);
}

// Mazzia & Magherini, Test Set for Initial Value Problem Solvers; Hairer & Wanner, Solving ODEs II.
TEST(OdeReference, VanDerPol) {
  expectState(solveClassical("vanderpol", "arkimex4", 1e-7), {1.706167732170483, -0.8928097010247975}, 1e-4);
}
TEST(OdeReference, Robertson) {
  expectState(solveClassical("robertson", "arkimex5", 1e-7),
              {0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050}, 1e-1);
}
TEST(OdeReference, Hires) {
  expectState(solveClassical("hires", "arkimex5", 1e-7),
              {0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
               0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2},
              1e-4);
}
TEST(OdeReference, Oregonator) {
  expectState(solveClassical("oregonator", "arkimex5", 1e-8),
              {0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3}, 1e-4);
}
TEST(OdeReference, Pollution) {
  expectState(solveClassical("pollution", "rosw-ra34pw2", 1e-6),
              {0.5646255480022769e-1, 0.1342484130422339,    0.4139734331099427e-8, 0.5523140207484359e-2,
               0.2018977262302196e-6, 0.1464541863493966e-6, 0.7784249118997964e-1, 0.3245075353396018,
               0.7494013383880406e-2, 0.1622293157301561e-7, 0.1135863833257075e-7, 0.2230505975721359e-2,
               0.2087162882798630e-3, 0.1396921016840158e-4, 0.8964884856898295e-2, 0.4352846369330103e-17,
               0.6899219696263405e-2, 0.1007803037365946e-3, 0.1772146513969984e-5, 0.5682943292316392e-4},
              1e-4);
}
TEST(OdeReference, Pleiades) {
  expectState(solveClassical("pleiades", "rk8vr", 1e-10),
              {0.3706139143970502, 3.237284092057233, -3.222559032418324, 0.6597091455775310, 0.3425581707156584,
               1.562172101400631, -0.7003092922212495, -3.943437585517392, -3.271380973972550, 5.225081843456543,
               -2.590612434977470, 1.198213693392275, -0.2429682344935824, 1.091449240428980},
              1e-5);
}
TEST(OdeReference, ArenstorfIsPeriodic) {
  const Outcome run = solveClassical("arenstorf", "rk8vr", 1e-11);
  EXPECT_NEAR(run.state[0], 0.994, 1e-6);
  EXPECT_NEAR(run.state[1], 0, 1e-6);
}
TEST(OdeReference, RigidBodyInvariants) {
  const Outcome run = solveClassical("rigidbody", "rk5dp", 1e-9);
  EXPECT_NEAR(run.state[0] * run.state[0] + run.state[1] * run.state[1], 1, 1e-6);
  EXPECT_NEAR(0.51 * run.state[0] * run.state[0] + run.state[2] * run.state[2], 1, 1e-6);
}
TEST(OdeReference, LotkaVolterraInvariant) {
  const Outcome run = solveClassical("lotkavolterra", "rk5dp", 1e-9);
  auto invariant = [](double u, double v) { return u - std::log(u) + 4.0 / 3 * v - 2.0 / 3 * std::log(v); };
  EXPECT_NEAR(invariant(run.state[0], run.state[1]), invariant(1, 1), 1e-6);
}
TEST(OdeReference, PorousMediumFollowsBarenblatt) {
  // t = 50 after t0 = 1; m = 4: a = 1/5, k = 3/40; the profile began as (k (1 - x^2))_+^(1/3).
  const Outcome run = solveClassical("porous", "bdf2", 1e-5);
  const double t = 51, a = 0.2, k = 3.0 / 40, h = 8.0 / 101;
  for (std::size_t i = 0; i < run.state.size(); ++i) {
    const double x = -4 + h * static_cast<double>(i + 1);
    const double exact = std::pow(t, -a) * std::cbrt(std::max(0.0, k - k * x * x * std::pow(t, -2 * a)));
    EXPECT_NEAR(run.state[i], exact, std::fabs(std::fabs(x) - std::pow(t, a)) < 0.3 ? 0.05 : 0.004) << "x = " << x;
  }
}
TEST(OdeReference, CoolingIsThatOfTheModes) {
  const Outcome run = solveClassical("cooling", "rk5dp", 1e-8);
  const double h = 1.0 / 33, t = 5 / (M_PI * M_PI);
  const auto mode = [&](int k, double x) {
    const double s = std::sin(k * M_PI * h / 2);
    return std::exp(-4 * s * s / (h * h) * t) * std::sin(k * M_PI * x);
  };
  ASSERT_EQ(run.reason, TS_CONVERGED_TIME);
  for (std::size_t i = 0; i < run.state.size(); ++i) {
    const double x = h * static_cast<double>(i + 1);
    EXPECT_NEAR(run.state[i], mode(1, x) + 0.5 * mode(3, x), 1e-8);
  }
}
TEST(OdeReference, TransportKeepsMassAndMakesNoExtremes) {
  const Outcome run = solveClassical("transport", "rk3bs", 1e-5),
                start = solve(*makeProblem("transport", nullptr), "rk3bs", 1e-5, 0);
  double mass = 0, was = 0, low = 1, high = 0;
  for (const double q : run.state) mass += q, low = std::min(low, q), high = std::max(high, q);
  for (const double q : start.state) was += q;
  EXPECT_NEAR(mass, was, 1e-10 * was);
  EXPECT_GT(low, 0.2 - 1e-4);
  EXPECT_LT(high, 1.2 + 1e-4);
  EXPECT_GT(high, 0.9);
}
// Undisturbed it stays, disturbed it comes back.
TEST(OdeReference, SwingComesToRest) {
  auto problem = makeProblem("swing", nullptr);
  problem->finalTime = 60;
  const Outcome run = solve(*problem, "rk3bs", 1e-4);
  const std::vector<double> rest{std::asin(0.47), 0, 1, 0};
  for (std::size_t i = 0; i < rest.size(); ++i) EXPECT_NEAR(run.state[i], rest[i], 1e-3) << i;
}
// For accuracy a tenth of the tolerance would take 2.2 times as many steps.
TEST(OdeReference, StabilityLimitsTheSteps) {
  for (const char *name : {"fisher", "swing", "cooling", "transport"}) {
    const Outcome loose = solveClassical(name, "rk3bs", 1e-2), tight = solveClassical(name, "rk3bs", 1e-3);
    EXPECT_LT(tight.steps, 1.4 * static_cast<double>(loose.steps)) << name;
  }
}
TEST(OdeReference, BounceLosesEnergyAsRestitutionSays) {
  auto problem = makeProblem("bounce", nullptr);
  problem->finalTime = 2.5;  // falls sqrt(2), rises 0.9 sqrt(2): near the top of the first bounce, height 0.81
  const Outcome run = solve(*problem, "rk5dp", 1e-8);
  EXPECT_NEAR(run.state[0] + run.state[1] * run.state[1] / 2, 0.81, 0.01);
}

// F(t, u, v) = v - f and its Jacobian shift - df/du at states of the solution, a little off.
TEST(OdeProblems, JacobiansAgreeWithDifferences) {
  for (const auto &name : problemNames()) {
    for (int variant = 0; variant < 3; ++variant) {
      std::mt19937_64 rng(variant);
      auto problem = makeProblem(name, variant ? &rng : nullptr);
      std::string method;
      for (const auto &m : problem->methods)
        if (isImplicit(m)) method = m;
      if (method.empty()) continue;
      TS ts;
      Mat jacobian;
      Vec u, v, plus, minus;
      TSIJacobian f;
      PetRLThrow(TSCreate(PETSC_COMM_SELF, &ts));
      PetRLThrow(setMethod(ts, method));
      PetRLThrow(problem->setUp(ts));
      PetRLThrow(TSGetSolution(ts, &u));
      const PetscInt n = problem->size();
      const std::vector<double> start = solve(*problem, method, problem->tolerances.first, 3 + 5 * variant).state;
      for (PetscInt i = 0; i < n; ++i) {
        const double off = 1 + 0.02 * (static_cast<double>(rng() % 1000) / 500 - 1);
        PetRLThrow(VecSetValue(u, i, start[i] * off, INSERT_VALUES));
      }
      PetRLThrow(VecAssemblyBegin(u));
      PetRLThrow(VecAssemblyEnd(u));
      PetRLThrow(VecDuplicate(u, &v));
      PetRLThrow(VecDuplicate(u, &plus));
      PetRLThrow(VecDuplicate(u, &minus));
      PetRLThrow(VecSet(v, 0));
      PetRLThrow(TSSetUp(ts));
      PetRLThrow(TSGetIJacobian(ts, &jacobian, nullptr, &f, nullptr));
      if (!jacobian) {  // the DM makes it
        DM dm;
        PetRLThrow(TSGetDM(ts, &dm));
        PetRLThrow(DMCreateMatrix(dm, &jacobian));
      } else {
        PetRLThrow(PetscObjectReference(reinterpret_cast<PetscObject>(jacobian)));
      }
      const PetscReal t = 0.123 * problem->finalTime, shift = 1.7;
      PetRLThrow(TSComputeIJacobian(ts, t, u, v, shift, jacobian, jacobian, PETSC_FALSE));
      std::vector<double> exact(n * n, 0.0), rowMax(n, 0.0);
      for (PetscInt i = 0; i < n; ++i)
        for (PetscInt j = 0; j < n; ++j) {
          PetRLThrow(MatGetValues(jacobian, 1, &i, 1, &j, &exact[i * n + j]));
          rowMax[i] = std::max(rowMax[i], std::fabs(exact[i * n + j]));
        }
      for (PetscInt j = 0; j < n; ++j) {
        PetscScalar uj;
        PetRLThrow(VecGetValues(u, 1, &j, &uj));
        const double h = 1e-7 * std::max(1e-2, std::fabs(uj));
        for (int side : {1, -1}) {
          PetRLThrow(VecSetValue(u, j, uj + side * h, INSERT_VALUES));
          PetRLThrow(VecSetValue(v, j, shift * side * h, INSERT_VALUES));
          PetRLThrow(TSComputeIFunction(ts, t, u, v, side > 0 ? plus : minus, PETSC_FALSE));
        }
        PetRLThrow(VecSetValue(u, j, uj, INSERT_VALUES));
        PetRLThrow(VecSetValue(v, j, 0, INSERT_VALUES));
        const PetscScalar *p, *m;
        PetRLThrow(VecGetArrayRead(plus, &p));
        PetRLThrow(VecGetArrayRead(minus, &m));
        for (PetscInt i = 0; i < n; ++i) {
          const double rounding = 1e-15 * (std::fabs(p[i]) + std::fabs(m[i])) / h;
          EXPECT_NEAR((p[i] - m[i]) / (2 * h), exact[i * n + j], 2e-4 * rowMax[i] + 10 * rounding)
              << name << " variant " << variant << " entry " << i << ", " << j;
        }
        PetRLThrow(VecRestoreArrayRead(plus, &p));
        PetRLThrow(VecRestoreArrayRead(minus, &m));
      }
      PetRLThrow(MatDestroy(&jacobian));
      PetRLThrow(VecDestroy(&v));
      PetRLThrow(VecDestroy(&plus));
      PetRLThrow(VecDestroy(&minus));
      PetRLThrow(TSDestroy(&ts));
    }
  }
}

// Every method that a problem lists estimates an error (the step changes) and reaches the end.
TEST(OdeProblems, EveryMethodRunsToTheEnd) {
  for (const auto &name : problemNames()) {
    for (int variant = 0; variant < 3; ++variant) {
      std::mt19937_64 rng(100 + variant);
      auto problem = makeProblem(name, variant ? &rng : nullptr);
      EXPECT_FALSE(problem->methods.empty()) << name;
      PetscInt rejections = 0, failures = 0;
      for (const auto &method : problem->methods) {
        const Outcome run = solve(*problem, method, problem->tolerances.first, 50000);
        EXPECT_EQ(run.reason, TS_CONVERGED_TIME) << name << " " << method << " variant " << variant;
        EXPECT_DOUBLE_EQ(run.time, problem->finalTime) << name << " " << method;
        // A step whose solve fails is rejected, and explicit methods solve nothing.
        EXPECT_GE(run.rejections, run.failures) << name << " " << method << " variant " << variant;
        if (!isImplicit(method)) {
          EXPECT_EQ(run.failures, 0) << name << " " << method << " variant " << variant;
        }
        rejections += run.rejections;
        failures += run.failures;
      }
      if (problem->nonsmooth) {
        EXPECT_GT(rejections, 5) << name << " variant " << variant;
      }
      if (problem->failing && !variant) {
        EXPECT_GT(failures, 5) << name;
      }
    }
  }
}

// A method without an error estimate would give the same number of steps at any tolerance.
TEST(OdeMethods, EstimateTheirError) {
  for (const Method &method : methods()) {
    auto problem = makeProblem("lotkavolterra", nullptr);
    problem->finalTime = 5;
    const Outcome loose = solve(*problem, method.name, 1e-2), tight = solve(*problem, method.name, 1e-7);
    EXPECT_GT(tight.steps, 1.5 * static_cast<double>(loose.steps)) << method.name;
    const Outcome reference = solve(*problem, "rk8vr", 1e-10);
    EXPECT_NEAR(tight.state[0], reference.state[0], 1e-3) << method.name;
  }
}

TEST(OdeProblems, RandomVariantsFollowTheSeed) {
  for (const auto &name : problemNames()) {
    std::map<double, int> times;
    for (int seed = 0; seed < 8; ++seed) {
      std::mt19937_64 a(seed), b(seed);
      auto p = makeProblem(name, &a), q = makeProblem(name, &b);
      EXPECT_EQ(p->finalTime, q->finalTime);
      ++times[p->finalTime];
      if (seed == 0) {
        const auto method = p->methods.front();
        const auto one = solve(*p, method, 1e-2, 20).state;
        EXPECT_EQ(one, solve(*q, method, 1e-2, 20).state) << name;
        EXPECT_EQ(one, solve(*p, method, 1e-2, 20).state) << name << " is not set up afresh";
      }
    }
    EXPECT_GE(times.size(), 8u) << name;
  }
}

TEST(OdeProblems, MisuseIsAnError) {
  TS ts;
  auto problem = makeProblem("rigidbody", nullptr);
  PetRLThrow(PetscPushErrorHandler(PetscReturnErrorHandler, nullptr));
  PetRLThrow(TSCreate(PETSC_COMM_SELF, &ts));
  EXPECT_EQ(problem->setUp(ts), PETSC_ERR_ORDER);
  EXPECT_EQ(setMethod(ts, "rk99"), PETSC_ERR_ARG_UNKNOWN_TYPE);
  PetRLThrow(setMethod(ts, "bdf2"));
  EXPECT_EQ(makeProblem("pleiades", nullptr)->setUp(ts), PETSC_ERR_SUP);
  PetRLThrow(TSDestroy(&ts));
  PetRLThrow(PetscPopErrorHandler());
}
