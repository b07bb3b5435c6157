// The learning environment of faults: rewards with known values, scenarios, episodes.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "problems/fault/environment.hpp"
#include "support/fault_runs.hpp"

namespace petrl::fault {
namespace {

// Always the same action; counts and adds up what it is told.
struct Fixed : Agent {
  explicit Fixed(float a) : action(a) {}
  void decide(const float *, float *a) override { *a = action; }
  void record(const Transition &t) override {
    transitions.push_back(t);
    total += static_cast<double>(t.reward);
  }
  float action;
  double total = 0;
  std::vector<Transition> transitions;
};

YamlMap environment(const std::string &text) {
  return YamlMap::parse(text, "test");
}

const char *const kPaper =
    "{scenario: {cells: [1, 1]}, reward: {kind: local, alpha: 8}, error: doubling, transform: linear, low: 0.001, "
    "high: 5, "
    "observables: [fault_energy, fault_velocity, iteration_error, doubling_error, relative_step, converged]}";

// Eq. 6 on the attempts of a run, computed here from what petrl run would write.
TEST(FaultEnvironment, LocalRewardIsEquationSix) {
  Fault fault(PETSC_COMM_SELF, test::paperScenario());
  LocalReward reward(8, false);
  reward.use(fault);
  simulate(fault, faultController("heuristic"));
  const BatheAttempted &latest = bathe(fault.ts()).latest;  // at rest: no iterations, no error
  Attempt a;
  a.h = 2.5;
  a.accepted = true;
  a.error = 0.25;
  ASSERT_EQ(latest.iterations, 0);
  // T = 0 is faster than one iteration a solve, the fastest that eq. 6 knows: (120 - 0)/(120 - 6).
  EXPECT_NEAR(reward(a), (2.5 - 0.001) / (5 - 0.001) * 120.0 / 114.0 * std::exp(-8 * 0.25), 1e-12);
  a.failed = true;
  EXPECT_NEAR(reward(a), -(2.5 - 0.001) / (5 - 0.001), 1e-12);
}

// A learner that asks for the longest step fails at onset, again and again, and that ends the run after 50 attempts.
TEST(FaultEnvironment, FiftyFailuresEndARun) {
  FaultEnvironment world(environment(kPaper));
  Fixed longest(1);
  world.episode(longest, 0);
  ASSERT_GE(longest.transitions.size(), 49u);
  EXPECT_LE(longest.transitions.size(), 53u);
  EXPECT_TRUE(longest.transitions.back().terminal);
  EXPECT_LT(longest.total, -30);
  // On failure the state stays: energy and velocity are the same in all of the last observations.
  const auto &last = longest.transitions.back(), &before = longest.transitions[longest.transitions.size() - 2];
  EXPECT_EQ(last.observation[0], before.observation[0]);
  EXPECT_EQ(last.observation[1], before.observation[1]);
  EXPECT_EQ(last.observation[5], 0) << "not converged";
}

const char *const kRun =
    "{vary: {cells: [1, 3]}, pool: 4, validation: 2, reward: {kind: run, slip_price: PRICE, history_price: 0}, error: "
    "embedded, observables: [log_velocity, step_growth, embedded_error], transform: log-scaled, low: 0.05, high: 6}";

std::string priced(const std::string &price) {
  std::string text = kRun;
  return text.replace(text.find("PRICE"), 5, price);
}

// Without prices a run earns the share of the heuristic's work that it saved, in units of the heuristic's attempts.
TEST(FaultEnvironment, RunRewardIsTheWorkSaved) {
  const Scenario scenario = randomScenario(Variations(), 5 * 64);
  Fault fault(PETSC_COMM_SELF, scenario), probe(PETSC_COMM_SELF, scenario, fault.sharedElasticity());
  const Yardstick yardstick = makeYardstick(fault);
  ASSERT_TRUE(yardstick.heuristic.finished);
  RunPrices prices;
  prices.slip = prices.history = 0;
  RunReward reward;
  reward.use(fault, probe, yardstick, prices);
  double total = 0;
  const FaultRun run =
      simulate(fault, [&](Fault &f) { faultController("constant:h=" + std::to_string(yardstick.growth_time / 2))(f); });
  // Replayed by hand: the reward looks at the fault's latest attempt, which is why an observer calls it.
  const FaultRun again = simulate(
      fault, [&](Fault &f) { faultController("constant:h=" + std::to_string(yardstick.growth_time / 2))(f); }, false,
      [&](Fault &f, double) {
        const BatheAttempted &latest = bathe(f.ts()).latest;
        Attempt a;
        a.t = latest.t;
        a.h = latest.h;
        a.accepted = true;
        total += reward(a);
      });
  ASSERT_EQ(run.attempts.size(), again.attempts.size());
  const auto attempts = static_cast<double>(yardstick.heuristic.attempts.size());
  EXPECT_NEAR(total, attempts * (1 - run.cost() / yardstick.heuristic.cost()), 1e-9 * attempts);
}

// The price of errors: next to nothing for fine steps, more than the work is worth for coarse ones.
TEST(FaultEnvironment, ErrorsAreCharged) {
  FaultEnvironment free(environment(priced("0"))), dear(environment(priced("1")));
  const auto price = [&](float action) {
    Fixed a(action), b(action);
    free.episode(a, 1);
    dear.episode(b, 1);
    return a.total - b.total;
  };
  const double fine = price(-0.5f), coarse = price(0.7f);  // 0.05 * 120^((a+1)/2): 0.17 and 2.9 growth times
  EXPECT_GE(fine, 0);
  EXPECT_GT(coarse, 5 * fine);
  EXPECT_GT(coarse, 10);
}

// Each episode has its own prices, and its policy is told.
TEST(FaultEnvironment, PricesAreDrawnAndObserved) {
  const auto with = [](const std::string &slip, const std::string &history) {
    return environment(
        "{vary: {cells: [1, 3]}, pool: 4, validation: 2, reward: {kind: run, slip_price: " + slip +
        ", history_price: " + history +
        "}, error: none, observables: [slip_price, history_price], transform: log-scaled, low: 0.05, high: 6}");
  };
  FaultEnvironment drawn(with("[0.01, 1]", "[0.02, 0.5]"));
  double least = 1e30, most = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    Fixed agent(0.2f), same(0.2f);
    drawn.episode(agent, seed);
    const auto &first = agent.transitions.front().observation;
    for (const auto &t : agent.transitions) EXPECT_EQ(t.observation, first);
    const double slip = 0.05 * std::exp(1.5 * static_cast<double>(first[0])),
                 history = 0.1 * std::exp(1.5 * static_cast<double>(first[1]));
    EXPECT_TRUE(slip >= 0.01 * 0.999 && slip <= 1.001) << slip;
    EXPECT_TRUE(history >= 0.02 * 0.999 && history <= 0.5 * 1.001) << history;
    least = std::min(least, slip), most = std::max(most, slip);
    // They are those that are charged.
    FaultEnvironment fixed(with(std::to_string(slip), std::to_string(history)));
    fixed.episode(same, seed);
    EXPECT_NEAR(same.total, agent.total, 1e-3 * std::fabs(agent.total) + 1e-3);
  }
  EXPECT_GT(most, 3 * least);
}

TEST(FaultEnvironment, TheEventIsWhereHalfTheSlipIs) {
  FaultRun run;
  run.slip = 2;
  // d = 2 x^2 (3 - 2 x) over the second step of length 4, which begins at t = 3.
  for (const auto &[t, h, accepted, slip] :
       {std::tuple{0., 3., true, 0.}, {3., 9., false, 2.}, {3., 4., true, 2.}, {7., 1., true, 2.}}) {
    RecordedAttempt a;
    a.attempt.t = t, a.attempt.h = h, a.attempt.accepted = accepted, a.slip = slip;
    run.attempts.push_back(a);
  }
  EXPECT_NEAR(run.eventTime(), 5, 1e-12);
  Fault fault(PETSC_COMM_SELF, test::faultScenario(1, 1));
  const double fine = simulate(fault, faultController("constant:h=0.01")).eventTime();
  EXPECT_NEAR(simulate(fault, faultController("constant:h=0.02")).eventTime(), fine, 2e-3);
  EXPECT_NEAR(simulate(fault, faultController("constant:h=0.2")).eventTime(), fine, 0.1);
}

TEST(FaultEnvironment, EpisodesRepeatExactly) {
  FaultEnvironment one(environment(priced("0.1"))), two(environment(priced("0.1")));
  for (const std::uint64_t seed : {3u, 0u, 3u}) {
    Fixed a(0.2f), b(0.2f);
    EXPECT_EQ(one.episode(a, seed), two.episode(b, seed));
    ASSERT_EQ(a.transitions.size(), b.transitions.size());
    for (std::size_t i = 0; i < a.transitions.size(); ++i)
      EXPECT_EQ(a.transitions[i].observation, b.transitions[i].observation);
  }
}

TEST(FaultEnvironment, RandomScenariosAreReproducibleAndInRange) {
  Variations v;
  v.cells[0] = v.cells[1] = 4;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Scenario a = randomScenario(v, seed), b = randomScenario(v, seed);
    EXPECT_EQ(a.elasticity.lx, b.elasticity.lx);
    EXPECT_EQ(a.elasticity.nx, 4);
    EXPECT_GE(a.elasticity.lx, 2000);
    EXPECT_LE(a.elasticity.lx, 6000);
    EXPECT_GE(a.friction->criticalSlip(), 0.05);
    EXPECT_LE(a.friction->criticalSlip(), 0.2);
    EXPECT_LT(a.min_step, a.first_step);
  }
}

TEST(FaultEnvironment, MistakesAreNamed) {
  const auto says = [](const std::string &text, const std::string &part) {
    try {
      FaultEnvironment world(environment(text));
      ADD_FAILURE() << "accepted: " << text;
    } catch (const Error &e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  says("{observables: [log_velocity], vary: {}, scenario: {}}", "not both");
  says("{observables: [log_velocity], vary: {cells: [3, 1]}}", "expected [low, high]");
  says("{observables: [log_velocity], reward: {kind: local}, error: none}", "needs doubling");
  says("{observables: [log_velocity], reward: {kind: local, run_time: hours}}", "expected iterations or wall");
  says("{observables: [embedded_error], reward: {kind: run}, error: none}", "embedded_error needs error: embedded");
}

}  // namespace
}  // namespace petrl::fault
