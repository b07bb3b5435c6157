// The learner "gain-loss" in a world whose answers are known.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "support/policies.hpp"
#include "support/refinement.hpp"

namespace petrl {
namespace {

using test::messageOf;
using test::ringLearner;

}  // namespace

TEST(GainLoss, FindsWhatIsRight) {
  const auto learner = ringLearner(1);
  const double before = learner->evaluate().score;
  for (int i = 0; i < 150; ++i) learner->iterate();
  const double after = learner->evaluate().score;
  EXPECT_GT(before, .1);
  EXPECT_LT(after, 4e-3);
  EXPECT_EQ(learner->steps(), 150 * 2 * 3);
  EXPECT_EQ(learner->episodes(), 150 * 2);
  // The file holds the same network.
  Policy policy = learner->policy();
  policy.provenance.config = "test: true\n", policy.provenance.version = "test", policy.provenance.libraries = "none";
  const std::string path = test::temporary("gain-loss.h5");
  writePolicy(path, policy);
  RefinementPolicy read(readPolicy(path, "refiner"), path);
  EXPECT_EQ(test::RingWorld().evaluate(read).score, after);
  // And what its last samples were like.
  const Validity validity = readPolicy(path).validity;
  EXPECT_EQ(validity.outside("dimension", 1), "");
  EXPECT_NE(validity.outside("dimension", 2), "");
  for (const std::string &name : policy.observation.names) EXPECT_EQ(validity.ranges.count(name), 1u) << name;
  std::remove(path.c_str());
}

TEST(GainLoss, GoesOnExactly) {
  const std::string path = test::temporary("gain-loss.state");
  const auto learner = ringLearner(2);
  for (int i = 0; i < 15; ++i) learner->iterate();  // more than its memory holds
  learner->save(path);
  const auto other = ringLearner(2);
  other->load(path);
  EXPECT_EQ(other->network().weights(), learner->network().weights());
  EXPECT_EQ(other->steps(), learner->steps());
  EXPECT_EQ(other->metrics(), learner->metrics());  // what the log shows next
  for (int i = 0; i < 5; ++i) {
    learner->iterate(), other->iterate();
    EXPECT_EQ(other->network().weights(), learner->network().weights()) << i;
    EXPECT_EQ(other->metrics(), learner->metrics()) << i;
  }
  std::remove(path.c_str());
}

TEST(GainLoss, SeedsDecide) {
  const auto a = ringLearner(3), b = ringLearner(3), c = ringLearner(4);
  for (int i = 0; i < 3; ++i) a->iterate(), b->iterate(), c->iterate();
  EXPECT_EQ(a->network().weights(), b->network().weights());
  EXPECT_NE(a->network().weights(), c->network().weights());
}

TEST(GainLoss, ExplorationAndRatesFall) {
  const auto learner = ringLearner(
      5, "{hidden: 4, layers: 1, updates: 1, decay_steps: 60, learning_rate: 0.01, explore_steps: 30, explore: 0.8}");
  const auto start = learner->metrics();
  EXPECT_DOUBLE_EQ(start.at("exploration"), .8);
  EXPECT_DOUBLE_EQ(start.at("learning_rate"), .01);
  for (int i = 0; i < 10; ++i) learner->iterate();
  const auto half = learner->metrics();
  EXPECT_DOUBLE_EQ(half.at("exploration"), .1);
  EXPECT_NEAR(half.at("learning_rate"), .5 * (.01 + 1e-5), 1e-6);
}

TEST(GainLoss, TakesOverWeights) {
  const auto from = ringLearner(6), to = ringLearner(7);
  from->iterate();
  to->loadWeights(from->policy().network);
  EXPECT_EQ(to->network().weights(), from->network().weights());
  const auto wide = ringLearner(8, "{hidden: 12, layers: 1}");
  test::expectParts(messageOf([&] { to->loadWeights(wide->policy().network); }), {"initial policy", "10", "12"});
}

TEST(GainLoss, RefusesForeignStates) {
  const std::string path = test::temporary("gain-loss-foreign.state");
  ringLearner(9)->save(path);
  const auto other = ringLearner(9, "{hidden: 11, layers: 1}");
  test::expectParts(messageOf([&] { other->load(path); }), {path, "hidden"});
  std::remove(path.c_str());
  test::expectParts(messageOf([] { ringLearner(1, "{hiden: 4}"); }), {"hiden", "unknown key", "'hidden'"});
}

}  // namespace petrl
