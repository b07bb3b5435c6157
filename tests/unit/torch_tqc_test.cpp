// TQC: formulas by hand, the native update against autograd, and toy worlds with known optima.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "base/error.hpp"
#include "learn/engine/adam.hpp"
#include "learn/tqc/formulas.hpp"
#include "learn/tqc/native_engine.hpp"
#include "learn/tqc/quantile_huber.hpp"
#include "learn/tqc/tqc.hpp"
#include "support/learners.hpp"
#include "support/levels.hpp"
#include "torch/torch_engine.hpp"

using namespace petrl;
using namespace petrl::learn;

namespace {

float uniform(Rng &rng) {
  return static_cast<float>(2 * rng.uniform() - 1);
}

Batch randomBatch(Rng &rng, int rows, int observations, int actions) {
  Batch batch;
  batch.rows = rows;
  for (int i = 0; i < rows * observations; ++i) batch.observation.push_back(3 * uniform(rng));
  for (int i = 0; i < rows * observations; ++i) batch.next_observation.push_back(3 * uniform(rng));
  for (int i = 0; i < rows * actions; ++i) batch.action.push_back(uniform(rng));
  for (int i = 0; i < rows; ++i) batch.reward.push_back(4 * uniform(rng));
  for (int i = 0; i < rows; ++i) batch.done.push_back(i % 5 == 0 ? 1.f : 0.f);
  return batch;
}

double largest(const Floats &a, const Floats &b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(static_cast<double>(a[i]) - b[i]));
  return worst;
}

}  // namespace

using TqcUpdate = test::OnEachLevel;
INSTANTIATE_TEST_SUITE_P(Processors, TqcUpdate, test::kLevels, test::levelName);

TEST(TqcFormulas, QuantileHuberByHand) {
  // tau = 1/4, 3/4. Quantile 0: u = .5 and -2: .25 * .125, .75 * 1.5. Quantile 1: u = -.5 and -3: .25 * .125, .25
  // * 2.5.
  const float quantile[] = {0.f, 1.f}, target[] = {.5f, -2.f};
  EXPECT_NEAR(quantileHuberLoss(quantile, 2, target, 2), (.03125 + 1.125 + .03125 + .625) / 4, 1e-12);
}

TEST_P(TqcUpdate, QuantileHuberKernel) {
  Rng rng(1);
  constexpr int kRows = 3, kQuantiles = 25, kTargets = 115, kWidth = 32;
  Floats z(kRows * kWidth, 0.f), y(kRows * kTargets), tau(kWidth, 0.f), valid(kWidth, 0.f), dz(z.size(), 7.f);
  for (int m = 0; m < kQuantiles; ++m) tau[m] = (m + .5f) / kQuantiles, valid[m] = 1;
  double expected = 0;
  for (auto &x : y) x = 3 * uniform(rng);
  for (int b = 0; b < kRows; ++b) {
    for (int m = 0; m < kQuantiles; ++m) z[b * kWidth + m] = 2 * uniform(rng);
    expected += quantileHuberLoss(&z[b * kWidth], kQuantiles, &y[b * kTargets], kTargets) * kQuantiles * kTargets;
  }
  const double sum =
      quantileHuber({kRows, kQuantiles, kTargets, z.data(), y.data(), tau.data(), valid.data(), 1.f, dz.data(), kRows});
  EXPECT_NEAR(sum, expected, 1e-5 * expected);
  for (int b = 0; b < kRows; ++b) {
    for (int m = 0; m < kQuantiles; ++m) {
      double slope = 0;
      for (int t = 0; t < kTargets; ++t) {
        const double u = static_cast<double>(y[b * kTargets + t]) - z[b * kWidth + m];
        slope -= (u < 0 ? 1 - tau[m] : tau[m]) * std::min(1., std::max(-1., u));
      }
      EXPECT_NEAR(dz[b * kWidth + m], slope, 1e-4);
    }
    for (int m = kQuantiles; m < kWidth; ++m) EXPECT_EQ(dz[b * kWidth + m], 0.f);
  }
}

TEST(TqcFormulas, GsdeLogProbByHand) {
  // phi = (1, 2), std = (.5, .25): variance = .25 + 4 * .0625 = .5. Mean .3, noise -.2: x = .1.
  const double v = .5 + 1e-6, a = std::tanh(.1);
  const double expected =
      -.04 / (2 * v) - std::log(std::sqrt(v)) - .5 * std::log(2 * M_PI) - std::log(1 - a * a + 1e-6);
  EXPECT_NEAR(gsdeLogProb(.3, -.2, .5), expected, 1e-12);
  EXPECT_NEAR(expected, -.602383, 1e-6);
  const double h = 1e-6;
  const GsdeSlopes slopes = gsdeLogProbSlopes(.3, -.2, .5);
  EXPECT_NEAR(slopes.variance, (gsdeLogProb(.3, -.2, .5 + h) - gsdeLogProb(.3, -.2, .5 - h)) / (2 * h), 1e-6);
  EXPECT_NEAR(slopes.x, (gsdeLogProb(.3 + h, -.2, .5) - gsdeLogProb(.3 - h, -.2, .5)) / (2 * h), 1e-6);
  EXPECT_NEAR(slopes.x + slopes.noise, (gsdeLogProb(.3, -.2 + h, .5) - gsdeLogProb(.3, -.2 - h, .5)) / (2 * h), 1e-6);
}

TEST(Adam, AgreesWithLibtorch) {
  constexpr std::int64_t kSize = 37;
  torch::manual_seed(3);
  for (const double decay : {0., .1}) {
    torch::Tensor reference = torch::randn({kSize}).requires_grad_();
    std::vector<float> own(reference.data_ptr<float>(), reference.data_ptr<float>() + kSize);
    petrl::Adam adam(own.size(), decay);
    torch::optim::AdamW optimiser({reference}, torch::optim::AdamWOptions(1e-2).weight_decay(decay));
    for (int i = 0; i < 20; ++i) {
      const torch::Tensor gradient = torch::randn({kSize}) * (i % 3 == 0 ? 1e-4 : 1);
      reference.mutable_grad() = gradient;
      optimiser.step();
      adam.step(own.data(), gradient.data_ptr<float>(), 1e-2);
    }
    for (std::int64_t i = 0; i < kSize; ++i)
      EXPECT_NEAR(own[static_cast<std::size_t>(i)], reference[i].item<float>(), 2e-6);
  }
}

// Every instruction set and several actions: the hand-written gradients are those of autograd. Adam's first steps move
// every weight by about the learning rate whatever the gradient, so that wrong gradients show as differences of that
// size; plain differences of rounding are amplified only where a gradient is almost zero, hence the moments are
// compared.
TEST_P(TqcUpdate, NativeAgreesWithAutograd) {
  for (const int actions : {1, 3}) {
    const int observations = 5;
    TqcConfig config = TqcConfig::parse(petrl::test::keys("{batch_size: 31, critics: 3, quantiles: 11, actor_layers: "
                                                          "[24, 20], critic_layers: [33, 16], log_std_init: "
                                                          "-0.5, "
                                                          "initial_temperature: 0.3, tau: 0.1}"),
                                        actions);
    const TqcShapes shapes(config, observations, actions);
    Rng rng(7);
    TqcState native(config, shapes, rng);
    for (auto &w : native.target) w *= .9f;
    TqcState reference = native;
    NativeEngine engine(config, shapes);
    TorchEngine torch(config, shapes, "cpu");
    for (int i = 0; i < 5; ++i) {
      const Batch batch = randomBatch(rng, config.batch_size, observations, actions);
      std::vector<float> eps(static_cast<std::size_t>(shapes.features * actions));
      for (auto &e : eps) e = static_cast<float>(rng.normal());
      const TqcLosses a = engine.update(native, batch, eps.data(), 1e-3);
      const TqcLosses b = torch.update(reference, batch, eps.data(), 1e-3);
      torch.synchronise(reference);
      EXPECT_NEAR(a.critic, b.critic, 1e-4 * std::abs(b.critic));
      EXPECT_NEAR(a.actor, b.actor, 1e-4);
      EXPECT_NEAR(a.log_prob, b.log_prob, 1e-4);
      EXPECT_NEAR(a.mean_q, b.mean_q, 1e-4);
      EXPECT_NEAR(a.temperature, b.temperature, 1e-6);
      EXPECT_LT(largest(native.actor_adam.first, reference.actor_adam.first), 1e-4);
      EXPECT_LT(largest(native.critic_adam.first, reference.critic_adam.first), 1e-5);
      EXPECT_LT(largest(native.actor, reference.actor), 1e-4);
      EXPECT_LT(largest(native.critic, reference.critic), 1e-4);
      EXPECT_LT(largest(native.target, reference.target), 1e-4);
      // From the same point again: what is tested is one update, not how rounding spreads.
      native = reference;
      if (i == 0) {
        double norm = 0;
        for (const float g : native.actor_adam.first) norm = std::max(norm, std::abs(static_cast<double>(g)));
        EXPECT_GT(norm, 1e-3);  // the comparison above is one of something
      }
    }
  }
}

// --- toy worlds ---

// Every reward is 1 and every episode is cut off, never over: the value of anything is 1 / (1 - gamma).
TEST(TqcLearns, ConstantRewardIsBootstrapped) {
  test::Of<Tqc> learner(
      "{gamma: 0.8, learning_starts: 50, batch_size: 64, critic_layers: [32, 32], actor_layers: [16, 16], "
      "learning_rate: 2.0e-3, tau: 0.02, initial_temperature: 1.0e-6}",
      1, 1, 3);
  Transition t;
  for (int i = 0; i < 1500; ++i) {
    t.observation = {static_cast<float>(i % 10) / 10};
    t.next_observation = {static_cast<float>((i + 1) % 10) / 10};
    t.action.resize(1);
    learner.decide(t.observation.data(), t.action.data());
    t.reward = 1;
    t.terminal = false;
    learner.record(t);
  }
  EXPECT_NEAR(learner.metrics().at("mean_q"), 5, .25);
}

// The best action follows the observation: a* = .8 sin(2 s).
TEST(TqcLearns, ActionThatDependsOnTheObservation) {
  test::Of<Tqc> learner(
      "{gamma: 0, learning_starts: 100, learning_rate: 2.0e-3, batch_size: 128, critics: 2, "
      "critic_layers: [48, 48], actor_layers: [32, 32], target_entropy: -3}",
      2, 1, 5);
  Rng rng(11);
  Transition t;
  t.terminal = true;
  t.action.resize(1);
  const auto best = [](float s) { return .8f * std::sin(2 * s); };
  for (int i = 0; i < 4000; ++i) {
    t.observation = {uniform(rng), uniform(rng)};
    t.next_observation = t.observation;
    learner.decide(t.observation.data(), t.action.data());
    const float miss = t.action[0] - best(t.observation[0]);
    t.reward = -10 * miss * miss;
    learner.record(t);
  }
  double square = 0;
  constexpr int kCases = 200;
  for (int i = 0; i < kCases; ++i) {
    const float s[] = {uniform(rng), uniform(rng)};
    float a = 0;
    learner.deterministic().decide(s, &a);
    square += (a - best(s[0])) * (a - best(s[0])) / kCases;
  }
  EXPECT_LT(std::sqrt(square), .12);
}

// Four steps; the first action decides the reward, which comes with the last one, where the world ends. A learner that
// bootstraps beyond the end sees values that grow without need, one that never looks ahead learns nothing.
TEST(TqcLearns, DelayedReward) {
  test::Of<Tqc> learner(
      "{gamma: 0.9, learning_starts: 200, learning_rate: 2.0e-3, tau: 0.02, batch_size: 128, critics: 2, "
      "critic_layers: [48, 48], actor_layers: [32, 32], initial_temperature: 0.1, target_entropy: -3}",
      2, 1, 9);
  constexpr int kSteps = 4;
  const auto reward = [](float first) { return 2 - 4 * (first - .5f) * (first - .5f); };
  for (int episode = 0; episode < 1000; ++episode) {
    float first = 0;
    for (int step = 0; step < kSteps; ++step) {
      Transition t;
      t.observation = {static_cast<float>(step) / kSteps, first};
      t.action.resize(1);
      learner.decide(t.observation.data(), t.action.data());
      if (step == 0) first = t.action[0];
      t.terminal = step + 1 == kSteps;
      t.reward = t.terminal ? reward(first) : 0.f;
      t.next_observation = {static_cast<float>(step + 1) / kSteps, first};
      learner.record(t);
    }
  }
  const float start[] = {0.f, 0.f};
  float a = 0;
  learner.deterministic().decide(start, &a);
  EXPECT_NEAR(a, .5, .15);
  const double q = learner.metrics().at("mean_q");
  EXPECT_GT(q, .5);
  EXPECT_LT(q, 2.2);
}

// --- going on from a policy that somebody loaded ---

// The actions of the warm-up are those of the loaded policy but for a little noise; without it they are anything.
TEST(TqcWarmup, ByPolicy) {
  const std::string small = "learning_starts: 50, log_std_init: -6";
  const test::Of<Tqc> teacher("{" + small + "}", 3, 1, 21);
  test::Of<Tqc> by_policy("{warmup: policy, " + small + "}", 3, 1, 22),
      at_random("{warmup: random, " + small + "}", 3, 1, 22);
  for (Tqc *learner : {&by_policy, &at_random}) {
    learner->loadWeights(teacher.network());
    Rng rng(4);
    double largest_difference = 0;
    for (int i = 0; i < 50; ++i) {
      const float o[] = {uniform(rng), uniform(rng), uniform(rng)};
      float sampled = 0, mean = 0;
      learner->decide(o, &sampled);
      learner->deterministic().decide(o, &mean);
      EXPECT_NE(sampled, mean);
      largest_difference = std::max(largest_difference, std::abs(static_cast<double>(sampled) - mean));
    }
    if (learner == &by_policy)
      EXPECT_LT(largest_difference, .02);
    else
      EXPECT_GT(largest_difference, .5);
  }
  EXPECT_THROW(test::Of<Tqc>("{warmup: polcy}", 3, 1, 1), Error);
}

// While the critic alone learns, the actor and the temperature stay as they are; afterwards they move.
TEST(TqcWarmup, CriticFirst) {
  TqcConfig config = TqcConfig::parse(
      petrl::test::keys(
          "{critic_only_updates: 3, batch_size: 16, critics: 2, quantiles: 5, actor_layers: [8], critic_layers: [8], "
          "initial_temperature: 0.01}"),
      1);
  const TqcShapes shapes(config, 2, 1);
  Rng rng(7);
  TqcState native(config, shapes, rng), torch_state = native;
  const TqcState start = native;
  NativeEngine engine(config, shapes);
  TorchEngine torch(config, shapes, "cpu");
  for (int i = 1; i <= 4; ++i) {
    const Batch batch = randomBatch(rng, config.batch_size, 2, 1);
    std::vector<float> eps(static_cast<std::size_t>(shapes.features), .5f);
    engine.update(native, batch, eps.data(), 1e-3);
    torch.update(torch_state, batch, eps.data(), 1e-3);
    torch.synchronise(torch_state);
    for (const TqcState *state : {&native, &torch_state}) {
      EXPECT_NE(state->critic, start.critic);
      EXPECT_EQ(state->actor == start.actor, i <= 3);
      EXPECT_EQ(state->log_alpha == start.log_alpha, i <= 3);
    }
  }
}
