// Grid PPO: advantages by hand, toy worlds with known optima, files, mistakes.
#include "learn/ppo/ppo.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "learn/ppo/rollout.hpp"
#include "support/grid_toys.hpp"
#include "support/learners.hpp"
#include "support/naive_fcn.hpp"

using namespace petrl;
using namespace petrl::learn;

// gamma = .9, lambda = .5; two points, three steps, a value of 3 and -1 beyond the end.
TEST(PpoAdvantage, ByHand) {
  const float r[3][2] = {{1, 0}, {2, -1}, {.5f, 4}}, v[3][2] = {{.5f, 1}, {1, 0}, {-2, 2}}, last[2] = {3, -1};
  float a[3][2];
  generalisedAdvantage({r[0], r[1], r[2]}, {v[0], v[1], v[2]}, last, 2, .9, .5, {a[0], a[1], a[2]});
  // Point 0: deltas 1 + .9 - .5 = 1.4; 2 - 1.8 - 1 = -.8; .5 + 2.7 + 2 = 5.2; with .45: 5.2, 1.54, 2.093.
  EXPECT_NEAR(a[2][0], 5.2, 1e-6);
  EXPECT_NEAR(a[1][0], 1.54, 1e-6);
  EXPECT_NEAR(a[0][0], 2.093, 1e-6);
  // Point 1: 4 - .9 - 2 = 1.1; -1 + 1.8 - 0 = .8; 0 + 0 - 1 = -1.
  EXPECT_NEAR(a[2][1], 1.1, 1e-6);
  EXPECT_NEAR(a[1][1], .8 + .45 * 1.1, 1e-6);
  EXPECT_NEAR(a[0][1], -1 + .45 * (.8 + .45 * 1.1), 1e-6);
  // The world ends: nothing beyond.
  generalisedAdvantage({r[0], r[1], r[2]}, {v[0], v[1], v[2]}, nullptr, 2, .9, .5, {a[0], a[1], a[2]});
  EXPECT_NEAR(a[2][0], 2.5, 1e-6);
  EXPECT_NEAR(a[1][0], -.8 + .45 * 2.5, 1e-6);
  // lambda = 1, terminal: return minus value.
  generalisedAdvantage({r[0], r[1], r[2]}, {v[0], v[1], v[2]}, nullptr, 2, .9, 1, {a[0], a[1], a[2]});
  EXPECT_NEAR(a[0][0], 1 + .9 * 2 + .81 * .5 - .5, 1e-6);
}

// Two episodes, interleaved in time; one is cut off, the other over.
TEST(PpoAdvantage, EpisodesDoNotMix) {
  Rollout rollout(1, 1, 1);
  const float zero = 0, values[] = {1, 2, 3, 4}, last = 7;
  for (const float &v : values) *rollout.reward(rollout.add(&zero, &zero, &zero, &v)) = 10 * v;
  rollout.endSegment({1, 3}, nullptr);
  rollout.endSegment({0, 2}, &last);
  ASSERT_EQ(rollout.lastCount(), 1);
  EXPECT_EQ(rollout.lastObservations()[0], last);
  const float beyond = 5;
  rollout.estimate(&beyond, .5, 0);
  EXPECT_NEAR(*rollout.advantage(0), 10 + .5 * 3 - 1, 1e-5);
  EXPECT_NEAR(*rollout.advantage(2), 30 + .5 * 5 - 3, 1e-5);
  EXPECT_NEAR(*rollout.advantage(1), 20 + .5 * 4 - 2, 1e-5);
  EXPECT_NEAR(*rollout.advantage(3), 40 - 4, 1e-5);
  EXPECT_NEAR(*rollout.target(3), 40, 1e-5);
}

// Periodic, along both axes; what is handed out stays the same.
TEST(PpoReward, IsSpread) {
  std::vector<float> reward(20, 0.f);  // 5 x 4
  reward[0] = 9;
  reward[13] = 18;  // x = 3, y = 2
  spreadRewards(reward.data(), {5, 4}, 2, 1);
  const std::vector<float> expected{1, 1, 0, 0, 1,  //
                                    1, 1, 2, 2, 3,  //
                                    0, 0, 2, 2, 2,  //
                                    1, 1, 2, 2, 3};
  for (std::size_t i = 0; i < 20; ++i) EXPECT_NEAR(reward[i], expected[i], 1e-6) << i;
}

// --- toy worlds ---

static double train(Ppo &learner, GridEnvironment &world, std::int64_t steps) {
  while (learner.steps() < steps) learner.iterate(world);
  return world.evaluate(learner.deterministic()).score;
}

// The optimum is a 3 x 3 stencil, which one convolution holds; the distance at the start is .30.
TEST(PpoLearns, Stencil) {
  toys::Denoise world(16);
  for (const char *more : {"std: free", "std: state"}) {
    test::Of<Ppo> learner(
        std::string("{network: {channels: [], initial_std: 0.2, ") + more +
            "}, slots: 8, horizon: 32, batch_size: 8, learning_rate: 5.0e-3, gamma: 0, entropy_coefficient: 0}",
        1, 1, 3);
    const double start = world.evaluate(learner.deterministic()).score;
    const double end = train(learner, world, 3000);
    std::printf("        stencil, %s: %.4f -> %.4f\n", more, start, end);
    EXPECT_GT(start, .2);
    EXPECT_LT(end, .03);
  }
}

// Without a value, compared with what the mean would earn; and a rate that is far too large is found out.
TEST(PpoLearns, ComparedWithItsMean) {
  toys::Denoise world(16);
  for (const double rate : {5e-3, 1.}) {
    test::Of<Ppo> learner(
        "{network: {channels: [], initial_std: 0.2, std: free}, slots: 8, horizon: 32, batch_size: 8, gamma: 0, "
        "entropy_coefficient: 0, baseline: mean, value_coefficient: 0, target_kl: 0.03, adaptive_rate: true, "
        "learning_rate: " +
            std::to_string(rate) + "}",
        1, 1, 3);
    const double end = train(learner, world, 3000), now = learner.metrics().at("learning_rate");
    std::printf("        rate %g: %.4f, rate then %g\n", rate, end, now);
    EXPECT_LT(end, .03);
    EXPECT_LT(now, .2);
  }
}

// On a line, in a plane, in a volume; and where the outermost points are there to be seen only.
TEST(PpoLearns, InAllDimensions) {
  for (const auto &[size, margin] : std::vector<std::pair<GridSize, int>>{
           {{256}, 0}, {{16, 16}, 0}, {{8, 7, 6}, 0}, {{300}, 2}, {{20, 18}, 2}, {{10, 9, 8}, 1}}) {
    toys::Neighbours world(size, margin);
    test::Of<Ppo> learner(
        "{network: {channels: [], initial_std: 0.2, std: free}, slots: 8, horizon: 32, batch_size: 8, "
        "learning_rate: 5.0e-3, gamma: 0, entropy_coefficient: 0}",
        1, 1, 3, world.dimensions());
    const double start = world.evaluate(learner.deterministic()).score, end = train(learner, world, 3000);
    std::printf("        %d dimensions, margin %d: %.4f -> %.4f\n", world.dimensions(), margin, start, end);
    EXPECT_GT(start, .2);
    EXPECT_LT(end, .05);
  }
}

// The paper's way: whole episodes, advantages normalised per point, entropy held up, shared trunk, AdamW, one pass.
TEST(PpoLearns, StencilAsInThePaper) {
  toys::Denoise world(16);
  test::Of<Ppo> learner(
      "{network: {channels: [8], initial_std: 0.3}, slots: 20, horizon: episode, batch_size: 10, epochs: 1, "
      "learning_rate: 5.0e-3, optimiser: adamw, gamma: 0.95, entropy_coefficient: 0.02, "
      "advantage_normalisation: point, max_gradient_norm: 0}",
      1, 1, 5);
  const double start = world.evaluate(learner.deterministic()).score;
  const double end = train(learner, world, 8000);
  std::printf("        stencil, paper's settings: %.4f -> %.4f\n", start, end);
  EXPECT_LT(end, .3 * start);
}

// What pays at once (a = -.3) is not what is best (a = gamma - .3), also across cuts and truncations.
TEST(PpoLearns, ToInvest) {
  for (const double gamma : {0., .9}) {
    toys::Investment world(8, 6);
    test::Of<Ppo> learner(
        "{network: {channels: [8], value: {trunk: separate, channels: [16]}, std: free, initial_std: 0.3}, "
        "slots: 8, horizon: 64, batch_size: 32, learning_rate: 5.0e-3, learning_rate_final: 0.0, "
        "decay_steps: 6000, entropy_coefficient: 0.1, gamma: " +
            std::to_string(gamma) + "}",
        1, 1, 7);
    train(learner, world, 6000);
    const double action = world.evaluate(learner.deterministic()).details.at("action");
    const double best = gamma * toys::Investment::kGain - toys::Investment::kCost;
    std::printf("        investment, gamma %.1f: action %.3f, best %.3f\n", gamma, action, best);
    EXPECT_NEAR(action, best, .05);
  }
}

// Each rule for when an iteration ends.
TEST(PpoCollects, WhatItIsToldTo) {
  toys::Investment world(8, 5);  // episodes of 5 and 4 steps
  test::Of<Ppo> by_horizon("{network: {channels: [4]}, slots: 4, horizon: 10}", 1, 1, 1);
  by_horizon.iterate(world);
  EXPECT_EQ(by_horizon.steps(), 12);  // the next multiple of 4
  EXPECT_EQ(by_horizon.episodes(), 0);
  by_horizon.iterate(world);
  EXPECT_EQ(by_horizon.episodes(), 4);
  test::Of<Ppo> by_episode("{network: {channels: [4]}, slots: 3, horizon: episode}", 1, 1, 1);
  by_episode.iterate(world);
  EXPECT_EQ(by_episode.episodes(), 3);
  EXPECT_EQ(by_episode.steps(), 4 + 5 + 4);
  const auto metrics = by_episode.metrics();
  EXPECT_NEAR(metrics.at("episode_length"), 13. / 3, 1e-12);
  EXPECT_NEAR(metrics.at("std"), .3, 1e-4);
  EXPECT_EQ(metrics.at("updates"), 4);
  // With a tiny target the first update that would follow another is not made.
  test::Of<Ppo> careful("{network: {channels: [4]}, slots: 4, horizon: 20, batch_size: 5, target_kl: 1.0e-9}", 1, 1, 1);
  careful.iterate(world);
  EXPECT_EQ(careful.metrics().at("updates"), 1);
}

TEST(PpoSchedule, LearningRateFallsLinearly) {
  toys::Denoise world(8);
  test::Of<Ppo> learner(
      "{network: {channels: [4]}, slots: 4, horizon: 4, learning_rate: 1.0e-3, learning_rate_final: 0.0, "
      "decay_steps: 16}",
      1, 1, 1);
  learner.iterate(world);
  EXPECT_NEAR(learner.metrics().at("learning_rate"), 7.5e-4, 1e-12);
}

// --- files ---

static const char *const kSmall =
    "{network: {channels: [6, 4], dilations: [1, 2, 1], output: tanh, zero_output: false, "
    "value: {trunk: separate, channels: [5]}}, slots: 3, horizon: 8, batch_size: 4, epochs: 2}";

static std::vector<float> act(Ppo &learner, int n) {
  std::vector<float> o(static_cast<std::size_t>(n * n)), a(o.size());
  Rng rng(99);
  for (auto &x : o) x = static_cast<float>(rng.normal());
  learner.deterministic().decide(o.data(), {n, n}, a.data());
  return a;
}

class PpoFiles : public ::testing::Test {
 protected:
  void TearDown() override { std::remove(path.c_str()); }
  std::string path = ::testing::TempDir() + "ppo-" + std::to_string(static_cast<long>(::getpid())) + ".state";
};

TEST_F(PpoFiles, SaveLoadGoOn) {
  toys::Investment world(8, 7);
  test::Of<Ppo> one(kSmall, 1, 1, 42);
  for (int i = 0; i < 3; ++i) one.iterate(world);
  one.save(path);
  test::Of<Ppo> two(kSmall, 1, 1, 42);
  two.load(path);
  EXPECT_EQ(act(one, 8), act(two, 8));
  // Also when it is saved again before the episodes were made again.
  two.save(path);
  test::Of<Ppo> three(kSmall, 1, 1, 42);
  three.load(path);
  for (int i = 0; i < 4; ++i) {
    one.iterate(world);
    two.iterate(world);
    three.iterate(world);
    EXPECT_EQ(act(one, 8), act(two, 8));
    EXPECT_EQ(act(one, 8), act(three, 8));
  }
  EXPECT_EQ(one.steps(), two.steps());
  EXPECT_EQ(one.episodes(), two.episodes());
  EXPECT_EQ(one.metrics(), two.metrics());
}

TEST_F(PpoFiles, OtherShapesAndDamageAreRefused) {
  toys::Investment world(8, 7);
  test::Of<Ppo> one(kSmall, 1, 1, 42);
  one.iterate(world);
  one.save(path);
  EXPECT_THROW(test::Of<Ppo>(kSmall, 2, 1, 42).load(path), Error);
  EXPECT_THROW(test::Of<Ppo>("{network: {channels: [6, 5]}, slots: 3}", 1, 1, 42).load(path), Error);
  EXPECT_THROW(test::Of<Ppo>("{network: {channels: [6, 4]}, slots: 4}", 1, 1, 42).load(path), Error);
  std::FILE *file = std::fopen(path.c_str(), "r+b");
  std::fseek(file, 900, SEEK_SET);
  std::fputc(0x5a, file);
  std::fclose(file);
  test::Of<Ppo> two(kSmall, 1, 1, 42);
  const auto before = act(two, 8);
  EXPECT_THROW(two.load(path), Error);
  EXPECT_EQ(act(two, 8), before);
}

// What is exported is the deterministic policy, and nothing else.
TEST(PpoNetwork, ExportAndWarmStart) {
  toys::Denoise world(12);
  test::Of<Ppo> learner(kSmall, 1, 1, 42);
  for (int i = 0; i < 3; ++i) learner.iterate(world);
  const NetworkSpec spec = learner.network();
  EXPECT_EQ(spec.architecture, "fcn");
  EXPECT_EQ(spec.parameters.at("dilation"), "1 2 1");
  EXPECT_EQ(spec.weights.at("layer2/weight").shape, (std::vector<std::size_t>{1, 4, 3, 3}));
  std::vector<float> o(144), a(144);
  Rng rng(5);
  for (auto &x : o) x = static_cast<float>(rng.normal());
  learner.deterministic().decide(o.data(), {12, 12}, a.data());
  const auto expected = naive::fcn(spec, o, 12, 12);
  ASSERT_EQ(expected.size(), a.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a[i], expected[i], 1e-5);
    largest = std::max(largest, std::abs(expected[i]));
  }
  EXPECT_GT(largest, .05);

  test::Of<Ppo> other(kSmall, 1, 1, 1);
  EXPECT_NE(act(other, 12), act(learner, 12));
  other.loadWeights(spec);
  EXPECT_EQ(act(other, 12), act(learner, 12));

  const auto refused = [&](const char *what, NetworkSpec wrong) {
    try {
      other.loadWeights(wrong);
      ADD_FAILURE() << what;
    } catch (const Error &e) {
      EXPECT_NE(std::string(e.what()).find(what), std::string::npos) << e.what();
    }
  };
  NetworkSpec wrong = spec;
  wrong.weights.erase("layer0/bias");
  refused("arrays", wrong);
  wrong = spec;
  wrong.weights["layer0/weight"].shape = {3, 1, 3, 3};
  refused("layer0/weight: found 3 x 1 x 3 x 3, expected 6 x 1 x 3 x 3", wrong);
  wrong = spec;
  wrong.weights["layer1/bias"].data[1] = NAN;
  refused("not finite", wrong);
  wrong = spec;
  wrong.parameters["dilation"] = "1 1 1";
  refused("dilation", wrong);
  wrong = spec;
  wrong.architecture = "mlp";
  refused("architecture", wrong);
  EXPECT_EQ(act(other, 12), act(learner, 12));
}

// No correction to begin with, unless told otherwise.
TEST(PpoNetwork, StartsAtZero) {
  test::Of<Ppo> zero("{network: {channels: [4]}}", 1, 1, 1),
      random("{network: {channels: [4], zero_output: false}}", 1, 1, 1);
  EXPECT_EQ(act(zero, 8), std::vector<float>(64, 0.f));
  EXPECT_NE(act(random, 8), std::vector<float>(64, 0.f));
}

// --- mistakes ---

TEST(PpoMistakes, InTheConfiguration) {
  const auto message = [](const std::string &yaml) -> std::string {
    try {
      test::Of<Ppo> learner(yaml, 3, 1, 0);
    } catch (const Error &e) {
      return e.what();
    }
    return "no error";
  };
  const auto says = [&](const std::string &yaml, std::initializer_list<const char *> parts) {
    const std::string text = message(yaml);
    for (const char *part : parts) EXPECT_NE(text.find(part), std::string::npos) << yaml << ": " << text;
  };
  says("bacth_size: 3", {"test.yaml:1", "bacth_size", "batch_size"});
  says("gamma: 1.5", {"gamma", "1.5"});
  says("horizon: epsiode", {"horizon", "epsiode"});
  says("horizon: 0", {"horizon"});
  says("clip: 0", {"clip"});
  says("{gamma: 0.9, baseline: mean}", {"baseline", "gamma: 0"});
  says("adaptive_rate: true", {"adaptive_rate", "target_kl"});
  says("decay_steps: 100", {"learning_rate_final"});
  says("weight_decay: 0.1", {"weight_decay", "adamw"});
  says("optimiser: sgd", {"optimiser", "adam or adamw", "'sgd'"});
  says("advantage_normalisation: yes", {"advantage_normalisation"});
  says("device: gpu", {"device", "'gpu'"});
  says("network: {chanels: [3]}", {"network.chanels", "channels"});
  says("network:\n  channels: [8, 0]", {"test.yaml:2", "channels", "0"});
  says("network: {channels: [8], dilations: [1]}", {"dilations", "expected 2"});
  says("network: {kernel: 4}", {"kernel", "odd"});
  says("network: {std: fixed}", {"std", "state or free"});
  says("network: {output: relu}", {"output"});
  says("network: {value: {trunk: shared, channels: [3]}}", {"value.channels", "unknown"});
  EXPECT_EQ(message(""), "no error");
  EXPECT_EQ(message("network: {value: {trunk: separate, channels: [3, 3, 3]}}"), "no error");
}

TEST(PpoMistakes, WhileItRuns) {
  toys::Denoise small(4);
  test::Of<Ppo> wide("{network: {channels: [4], dilations: [5, 1]}}", 1, 1, 1);
  EXPECT_THROW(wide.iterate(small), Error);  // wraps around more than once
  struct Bad : toys::Denoise {
    using Denoise::Denoise;
    struct Episode : toys::Denoise::Episode {
      using toys::Denoise::Episode::Episode;
      GridOutcome step(const float *action, float *reward) override {
        const auto outcome = toys::Denoise::Episode::step(action, reward);
        reward[3] = NAN;
        return outcome;
      }
    };
    std::unique_ptr<GridEpisode> episode(std::uint64_t seed) override { return std::make_unique<Episode>(n_, seed); }
  } bad(8);
  test::Of<Ppo> learner("{network: {channels: [4]}}", 1, 1, 1);
  EXPECT_THROW(learner.iterate(bad), Error);
  toys::Denoise other(16);
  EXPECT_THROW(learner.iterate(other), Error);  // another grid
  test::Of<Ppo> volume("{network: {channels: [4]}}", 1, 1, 1, 3);
  EXPECT_THROW(volume.iterate(other), Error);  // a plane
  toys::Neighbours narrow({8, 8, 3}, 2);
  EXPECT_THROW(volume.iterate(narrow), Error);  // nothing inside its margin
  toys::Neighbours near({8, 8, 8}, 1);
  EXPECT_THROW(volume.iterate(near), Error);  // it sees two points far
}

// --- gradients between backward and the optimiser ---

// What was done, gained and expected at points that do not count - be it no number - changes nothing.
TEST(GradientTest, IsThatOfThePointsThatCount) {
  for (const bool free : {false, true}) {
    learn::PpoConfig config;
    config.network.zero_output = false;
    config.network.free_std = free;
    config.network.policy.dimensions = config.network.value.dimensions = 3;
    config.network.policy.channels = {3};
    config.network.policy.dilations = {1, 1};
    config.network.policy.kernels = {3, 3};
    Rng rng(3);
    learn::PpoNetwork network(config.network, 2, 1, rng);
    const learn::Interior interior({7, 6, 5}, 3, 1);
    ASSERT_EQ(interior.count(), 5u * 4 * 3);
    learn::PpoHostGradient host(config, network, 1, interior);
    const std::size_t points = interior.points();
    std::vector<float> seen(2 * points), done(points), log_prob(points, -1.2f), advantage(points), target(points);
    for (auto *array : {&seen, &done, &advantage, &target}) {
      for (float &x : *array) x = static_cast<float>(rng.normal());
    }
    const auto gradient = [&] {
      std::fill(network.gradient().begin(), network.gradient().end(), 0.f);
      host.add({{seen.data(), done.data(), log_prob.data(), advantage.data(), target.data()}});
      return network.gradient();
    };
    const auto before = gradient();
    for (std::size_t i = 0; i < points; ++i) {
      if (interior.counts()[i] > 0) continue;
      done[i] = 17, target[i] = -1e30f, advantage[i] = std::nanf("");
    }
    EXPECT_EQ(gradient(), before);
  }
}

// The average over ranks is the gradient of the union of what they hold, be it 5 transitions here and 2 there.
TEST(GradientTest, OverRanksIsThatOfTheUnion) {
  const learn::Reduction reduction;
  std::vector<std::size_t> begin{0};
  for (int r = 0; r < reduction.ranks(); ++r) begin.push_back(begin.back() + (r % 2 == 0 ? 5 : 2));
  learn::PpoConfig config;
  config.network.zero_output = false;
  Rng rng(3);
  learn::PpoNetwork network(config.network, 2, 1, rng);
  learn::PpoHostGradient host(config, network, 1, {{6, 6}, 2, 0});
  const std::size_t all = begin.back(), points = 36;
  std::vector<float> seen(all * 2 * points), done(all * points), log_prob(all * points), advantage(all * points),
      target(all * points);
  for (auto *array : {&seen, &done, &advantage, &target}) {
    for (float &x : *array) x = static_cast<float>(rng.normal());
  }
  for (float &x : log_prob) x = static_cast<float>(-1.2 + .1 * rng.normal());
  const auto gradientOf = [&](std::size_t first, std::size_t last, std::vector<double> &terms) {
    std::vector<learn::PpoRow> rows;
    for (std::size_t r = first; r < last; ++r) {
      rows.push_back({&seen[r * 2 * points], &done[r * points], &log_prob[r * points], &advantage[r * points],
                      &target[r * points]});
    }
    std::fill(network.gradient().begin(), network.gradient().end(), 0.f);
    terms = {host.add(rows).value};
    return network.gradient();
  };
  std::vector<double> whole_terms, terms;
  const auto whole = gradientOf(0, all, whole_terms);
  const auto rank = static_cast<std::size_t>(reduction.rank());
  auto average = gradientOf(begin[rank], begin[rank + 1], terms);
  learn::averageGradient(reduction, average, static_cast<double>(begin[rank + 1] - begin[rank]), terms);
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    difference += std::pow(average[i] - whole[i], 2);
    norm += std::pow(whole[i], 2);
  }
  EXPECT_GT(std::sqrt(norm), .1);
  EXPECT_LT(std::sqrt(difference), 1e-5 * std::sqrt(norm));
  EXPECT_NEAR(terms[0], whole_terms[0], 1e-5 * whole_terms[0]);
}
