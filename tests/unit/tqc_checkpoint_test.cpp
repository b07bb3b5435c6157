// TQC's files and edges: exact resume, files that do not fit, weights in and out, strict configuration.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "learn/tqc/tqc.hpp"
#include "support/learners.hpp"

using namespace petrl;
using petrl::learn::Rng;

namespace {

const char *const kConfig =
    "{learning_starts: 20, buffer_size: 150, batch_size: 32, updates_per_step: 0.75, "
    "learning_rate_final: 1.0e-5, decay_steps: 500, critic_layers: [24, 24], actor_layers: [20, 12]}";

// A world with a state of its own, so that a resumed run needs the same actions to see the same observations.
class World {
 public:
  void step(Tqc &learner, int n) {
    for (; n > 0; --n, ++count_) {
      Transition t;
      t.observation = std::vector<float>{state_, std::cos(3 * state_), static_cast<float>(count_ % 7)};
      t.action.resize(2);
      learner.decide(t.observation.data(), t.action.data());
      actions.push_back(t.action[0]);
      actions.push_back(t.action[1]);
      state_ = .9f * state_ + .5f * t.action[0] - .1f * t.action[1];
      t.reward = -state_ * state_;
      t.terminal = count_ % 11 == 10;
      t.next_observation = std::vector<float>{state_, std::cos(3 * state_), static_cast<float>((count_ + 1) % 7)};
      learner.record(t);
    }
  }
  std::vector<float> actions;

 private:
  float state_ = .3f;
  int count_ = 0;
};

class TqcFiles : public ::testing::Test {
 protected:
  TqcFiles() : file_("/tmp/petrl_tqc_" + std::to_string(getpid()) + ".ckpt") {}
  ~TqcFiles() override { std::remove(file_.c_str()); }

  std::string content() const {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void write(const std::string &bytes) const { std::ofstream(file_, std::ios::binary) << bytes; }
  static std::string message(test::Of<Tqc> &learner, const std::string &file) {
    try {
      learner.load(file);
    } catch (const Error &e) {
      return e.what();
    }
    return "no error";
  }
  std::string file_;
};

void expectMessage(const std::string &message, const std::vector<std::string> &parts) {
  for (const auto &part : parts) EXPECT_NE(message.find(part), std::string::npos) << message << "\nlacks: " << part;
}

}  // namespace

TEST_F(TqcFiles, ResumeIsExact) {
  // Before the updates start, in the middle, and after the ring of transitions has gone round.
  for (const int before : {10, 77, 310}) {
    test::Of<Tqc> learner(kConfig, 3, 2, 42);
    World world;
    world.step(learner, before);
    learner.save(file_);
    World same = world;
    world.step(learner, 60);

    test::Of<Tqc> fresh(kConfig, 3, 2, 1);
    fresh.load(file_);
    EXPECT_EQ(fresh.steps(), before);
    same.step(fresh, 60);
    EXPECT_EQ(world.actions, same.actions);
    EXPECT_EQ(learner.metrics(), fresh.metrics());
    EXPECT_EQ(learner.state().actor, fresh.state().actor);
    EXPECT_EQ(learner.state().critic, fresh.state().critic);
    EXPECT_EQ(learner.state().target, fresh.state().target);
    EXPECT_EQ(learner.state().critic_adam.second, fresh.state().critic_adam.second);

    // Saving what was loaded gives the same bytes.
    learner.save(file_);
    const std::string first = content();
    fresh.save(file_);
    EXPECT_EQ(first, content());
  }
}

TEST_F(TqcFiles, SeedsDecide) {
  test::Of<Tqc> a(kConfig, 3, 2, 5), b(kConfig, 3, 2, 5), c(kConfig, 3, 2, 6);
  World wa, wb, wc;
  wa.step(a, 60), wb.step(b, 60), wc.step(c, 60);
  EXPECT_EQ(wa.actions, wb.actions);
  EXPECT_EQ(a.metrics(), b.metrics());
  EXPECT_NE(wa.actions, wc.actions);
}

TEST_F(TqcFiles, ThreadsDoNotMatter) {
  test::Of<Tqc> one("{learning_starts: 10, batch_size: 32}", 3, 2, 5);
  World serial;
  serial.step(one, 40);
  test::Of<Tqc> two("{learning_starts: 10, batch_size: 32, threads: 2}", 3, 2, 5);
  World parallel;
  parallel.step(two, 40);
  EXPECT_EQ(serial.actions, parallel.actions);
  EXPECT_EQ(one.metrics(), two.metrics());
  test::Of<Tqc> back("threads: 1", 3, 2, 5);  // the number is the process's
}

TEST_F(TqcFiles, FractionalUpdates) {
  test::Of<Tqc> learner(
      "{learning_starts: 10, updates_per_step: 0.25, batch_size: 8, critic_layers: [8], actor_layers: [8]}", 3, 2, 5);
  World world;
  world.step(learner, 10);
  EXPECT_EQ(learner.metrics().at("updates"), 0);
  world.step(learner, 40);
  EXPECT_EQ(learner.metrics().at("updates"), 10);
}

TEST_F(TqcFiles, RefusesWhatDoesNotFit) {
  test::Of<Tqc> learner(kConfig, 3, 2, 42);
  World world;
  world.step(learner, 60);
  learner.save(file_);
  const std::string good = content();

  test::Of<Tqc> other(kConfig, 3, 2, 42);
  World untouched;
  untouched.step(other, 30);
  const auto before = other.state().actor;

  write(good.substr(0, good.size() / 2));
  expectMessage(message(other, file_), {file_, "found " + std::to_string(good.size() / 2) + " bytes",
                                        "expected " + std::to_string(good.size())});
  write(good.substr(0, 10));
  expectMessage(message(other, file_), {file_, "truncated"});
  write("");
  expectMessage(message(other, file_), {file_, "truncated"});
  write(std::string(500, 'x'));
  expectMessage(message(other, file_), {file_, "not a PetRL checkpoint"});
  saveArchive(file_, [](Archive &a) { a.kind("pqc"); });
  expectMessage(message(other, file_), {file_, "'pqc'", "'tqc'"});
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  write(flipped);
  expectMessage(message(other, file_), {file_, "checksum"});
  expectMessage(message(other, file_ + ".absent"), {file_ + ".absent", "cannot read"});
  EXPECT_EQ(other.steps(), 30);
  EXPECT_EQ(other.state().actor, before);

  write(good);
  test::Of<Tqc> wide(kConfig, 4, 2, 1);
  expectMessage(message(wide, file_), {file_, "observations", "found 3", "expected 4"});
  test::Of<Tqc> few("{buffer_size: 150, critics: 3, critic_layers: [24, 24], actor_layers: [20, 12]}", 3, 2, 1);
  expectMessage(message(few, file_), {file_, "critics", "found 5", "expected 3"});
  test::Of<Tqc> narrow("{buffer_size: 150, critic_layers: [24, 24], actor_layers: [20, 13]}", 3, 2, 1);
  expectMessage(message(narrow, file_), {file_, "actor", "found 12", "expected 13"});
  EXPECT_EQ(message(other, file_), "no error");

  EXPECT_THROW(learner.save("/nonexistent/folder/x"), Error);
}

TEST_F(TqcFiles, NetworkIsTheDeterministicPolicy) {
  test::Of<Tqc> learner(kConfig, 3, 2, 42);
  World world;
  world.step(learner, 100);
  const NetworkSpec spec = learner.network();
  EXPECT_EQ(spec.architecture, "mlp");
  EXPECT_EQ(spec.parameters.at("output"), "hardtanh-tanh");
  EXPECT_EQ(spec.weights.at("layer1/weight").shape, (std::vector<std::size_t>{12, 20}));
  const float observation[] = {.2f, -1.5f, 3.f};
  std::vector<double> x(observation, observation + 3);
  for (int l = 0; l < 3; ++l) {
    const Tensor &w = spec.weights.at("layer" + std::to_string(l) + "/weight");
    const Tensor &b = spec.weights.at("layer" + std::to_string(l) + "/bias");
    std::vector<double> y(b.data.begin(), b.data.end());
    for (std::size_t o = 0; o < y.size(); ++o) {
      for (std::size_t i = 0; i < x.size(); ++i) y[o] += static_cast<double>(w.data[o * x.size() + i]) * x[i];
      if (l < 2) y[o] = std::max(y[o], 0.);
    }
    x = y;
  }
  float action[2];
  learner.deterministic().decide(observation, action);
  for (int a = 0; a < 2; ++a)
    EXPECT_NEAR(action[a], std::tanh(std::clamp(x[static_cast<std::size_t>(a)], -2., 2.)), 1e-6);

  test::Of<Tqc> other(kConfig, 3, 2, 1);
  other.loadWeights(spec);
  float again[2];
  other.deterministic().decide(observation, again);
  EXPECT_EQ(action[0], again[0]);
  EXPECT_EQ(action[1], again[1]);

  NetworkSpec wrong = spec;
  wrong.weights.erase("layer0/bias");
  EXPECT_THROW(other.loadWeights(wrong), Error);
  wrong = spec;
  wrong.weights["layer0/weight"].shape = {3, 20};
  EXPECT_THROW(other.loadWeights(wrong), Error);
  wrong = spec;
  wrong.weights["layer0/weight"].data[3] = NAN;
  EXPECT_THROW(other.loadWeights(wrong), Error);
  wrong = spec;
  wrong.parameters["output"] = "tanh";
  EXPECT_THROW(other.loadWeights(wrong), Error);
}

TEST_F(TqcFiles, BadConfigurationIsNamed) {
  const auto message = [](const std::string &yaml) -> std::string {
    try {
      test::Of<Tqc> learner(yaml, 3, 1, 0);
    } catch (const Error &e) {
      return e.what();
    }
    return "no error";
  };
  expectMessage(message("batchsize: 3"), {"test.yaml:1", "batchsize", "batch_size"});
  expectMessage(message("gamma: 1.5"), {"gamma", "1.5"});
  expectMessage(message("quantiles: 4\ndropped_quantiles_per_net: 4"), {"test.yaml:2", "dropped_quantiles_per_net"});
  expectMessage(message("decay_steps: 100"), {"learning_rate_final"});
  expectMessage(message("device: gpu"), {"device", "'gpu'"});
  EXPECT_EQ(message(""), "no error");
}

TEST_F(TqcFiles, BadTransitionsAreRefused) {
  test::Of<Tqc> learner(kConfig, 3, 2, 42);
  Transition t{{0, 0, 0}, {0, 0}, NAN, {0, 0, 0}, false};
  EXPECT_THROW(learner.record(t), Error);
  t.reward = 0;
  t.observation.pop_back();
  EXPECT_THROW(learner.record(t), Error);
  EXPECT_EQ(learner.steps(), 0);
}
