// The reward of training inside an application: its own first run is the yardstick.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "base/error.hpp"
#include "learn/step/reward.hpp"

using namespace petrl;

namespace {

Attempt attempt(double t, double h, double error, double cost, bool accepted = true) {
  Attempt a;
  a.t = t;
  a.h = h;
  a.order = 2;
  a.error = error;
  a.cost = a.functions = cost;
  a.accepted = accepted;
  return a;
}

// Ten steps of length 1 and cost 10, weighted error 1.
void recordRun(OnlineReward &reward) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(reward.recording(i));
    EXPECT_EQ(reward(attempt(i, 1, 1, 10)), 0);
  }
  reward.restart();
}

}  // namespace

TEST(OnlineReward, TheSameRunAgainScoresZero) {
  OnlineReward reward;
  recordRun(reward);
  EXPECT_FALSE(reward.recording(0));
  for (int i = 0; i < 10; ++i) EXPECT_NEAR(reward(attempt(i, 1, 1, 10)), 0, 1e-12);
  EXPECT_NEAR(reward.sum(), 0, 1e-12);
  EXPECT_TRUE(reward.recording(10));
}

TEST(OnlineReward, CountsSavingsAndErrors) {
  OnlineReward reward;
  recordRun(reward);
  // Twice the length at the same cost and error saves one step's cost, and half of the error at the price 1/k.
  EXPECT_NEAR(reward(attempt(0, 2, 1, 10)), 1 + .5, 1e-12);
  // A rejected attempt costs and brings nothing.
  EXPECT_NEAR(reward(attempt(2, 2, 3, 10, false)), -1, 1e-12);
  // Half the length at the same error: half a step lost, and the error of half a step too much.
  EXPECT_NEAR(reward(attempt(2, .5, 1, 10)), -.5 - .25, 1e-12);
}

TEST(OnlineReward, LongerRunsExtendTheRecord) {
  OnlineReward reward;
  recordRun(reward);
  EXPECT_EQ(reward(attempt(10, 1, 1, 10)), 0);
  reward.restart();
  EXPECT_FALSE(reward.recording(10));
  EXPECT_NEAR(reward(attempt(10, 1, 1, 20)), -1, 1e-12);
  // The last step of a run may end a rounding error before the record.
  EXPECT_EQ(reward(attempt(11 - 1e-12, 1e-13, 1, 10)), 0);
  EXPECT_EQ(reward.allBaselineSteps(), 12);
}

TEST(OnlineReward, RecordInAFile) {
  const std::string path = testing::TempDir() + "/record.csv";
  OnlineReward written, read;
  recordRun(written);
  written.write(path);
  read.read(path);
  EXPECT_NEAR(read(attempt(0, 2, 1, 10)), 1.5, 1e-12);
  std::ofstream(path, std::ios::app) << "3,1,1\n";
  OnlineReward damaged;
  EXPECT_THROW(damaged.read(path), Error);
  std::ofstream(path) << "nonsense\n";
  EXPECT_THROW(damaged.read(path), Error);
  std::remove(path.c_str());
}
