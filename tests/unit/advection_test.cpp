// The advection problem: fine grid, samples, the table of the schemes, the learning environment.
#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"
#include "problems/advection/characteristics.hpp"
#include "problems/advection/environment.hpp"
#include "problems/advection/fine.hpp"
#include "problems/grid2d/random.hpp"
#include "support/grid2d.hpp"

using namespace petrl;
using namespace petrl::advection;
using namespace petrl::grid2d;
using namespace petrl::test;

namespace {

YamlMap yaml(const std::string &text) {
  return YamlMap::parse("name: advection\n" + text, "test.yaml");
}

std::unique_ptr<GridEnvironment> environment(const std::string &text) {
  return makeEnvironment<GridEnvironment>(yaml(text), "test");
}

// A small one: 16 x 16 on 64 x 64.
const char *const kSmall = "n: 16\n";

struct Constant : GridPolicy {
  explicit Constant(float v, int n) : value(v), channels(n) {}
  void decide(const float *, const GridSize &size, float *action) override {
    std::fill_n(action, static_cast<std::size_t>(channels) * size.points(), value);
  }
  float value;
  int channels;
};

Configuration named(const std::string &advection, const std::string &integrator, int n = 0) {
  Configuration c;
  c.scheme.advection = advection;
  c.scheme.integrator = integrator;
  c.n = n;
  return c;
}

}  // namespace

TEST(Advection, FineGridIsThePlainStepper) {
  for (const int n : {4, 7, 48, 61}) {
    const std::size_t points = static_cast<std::size_t>(n * n);
    grid2d::Random random(5);
    std::vector<double> state(points), velocity(2 * points);
    for (double &value : state) value = random.unit();
    for (double &value : velocity) value = random.uniform(-1, 1);
    const double dt = 0.2 / n;
    FineAdvection fine(n, dt, 3, state.data(), velocity.data());
    for (int i = 0; i < 4; ++i) fine.advance();
    const auto plain = integrate(named("central2", "rk4").scheme, 1, n, n, state, velocity, dt, 12);
    EXPECT_LT(largestDifference(fine.state().dense(), plain), 1e-13) << n;
  }
  const double nothing[9] = {};
  EXPECT_THROW(FineAdvection(3, 0.1, 1, nothing, nothing), Error);
}

// At second order, as its differences say.
TEST(Advection, FineGridConvergesToCharacteristics) {
  const auto difference = [](int n) {
    std::vector<double> state, u, v;
    for (int y = 0; y < n; ++y) {
      for (int x = 0; x < n; ++x) {
        const double px = kTwoPi * x / n, py = kTwoPi * y / n;
        state.push_back(std::sin(px) + std::cos(py));
        u.push_back(0.3 + std::sin(py)), v.push_back(std::sin(px));
      }
    }
    const auto velocity = join(u, v);
    FineAdvection fine(n, 0.1 / n, 4, state.data(), velocity.data());
    CharacteristicAdvection exact(n, 0.4 / n, state.data(), velocity.data());
    for (int i = 0; i < n / 4; ++i) fine.advance(), exact.advance();
    return largestDifference(fine.state().dense(), exact.state().dense());
  };
  EXPECT_NEAR(std::log2(difference(64) / difference(128)), 2, 0.1);
}

TEST(Advection, ConcentrationFollowsTheImage) {
  images::Images image{1, 2, 2, {0, 255, 51, 102}};
  // Half-pixel centres: 4 points a side lie at -0.25, 0.25, 0.75, 1.25 of the pixels, clamped to 0 .. 1.
  const auto c = concentration(image, 0, 0, 4);
  EXPECT_NEAR(c[0], 0, 1e-5);
  EXPECT_NEAR(c[1], 0.25, 1e-5);
  EXPECT_NEAR(c[2], 0.75, 1e-5);
  EXPECT_NEAR(c[3], 1, 1e-5);
  EXPECT_NEAR(c[12], 0.2, 1e-5);
  EXPECT_NEAR(c[5], 0.75 * 0.25 + 0.25 * (0.2 + 0.25 * 0.2), 1e-5);
  // A quarter turn permutes the pixels.
  const auto turned = concentration(image, 0, kTwoPi / 4, 2);
  const auto plain = concentration(image, 0, 0, 2);
  std::vector<double> a = turned, b = plain;
  std::sort(a.begin(), a.end()), std::sort(b.begin(), b.end());
  EXPECT_LT(largestDifference(a, b), 1e-12);
  EXPECT_GT(largestDifference(turned, plain), 0.1);
}

TEST(Advection, SamplesAreReproducible) {
  const AdvectionModel model;
  const Case a = sampleCase(model, {}, Part::test, 7), b = sampleCase(model, {}, Part::test, 7);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.velocity, b.velocity);
  EXPECT_NE(a.state, sampleCase(model, {}, Part::test, 8).state);
  EXPECT_NE(a.velocity, sampleCase(model, {}, Part::validation, 7).velocity);
  // Written down once: the draw may not change behind the back of published numbers.
  EXPECT_NEAR(a.velocity[1000], 0.192926572960, 1e-11);
  double mass = 0;
  for (const double value : a.state) mass += value;
  EXPECT_NEAR(mass, 2903.925052454812, 1e-7);
  const auto [low, high] = std::minmax_element(a.state.begin(), a.state.end());
  EXPECT_GE(*low, 1e-6);
  EXPECT_LE(*high, 1 + 2e-6);
}

// Central differences of spacing 1 / (n - 1), away from the edge, of a velocity without divergence.
TEST(Advection, VelocitiesAreDivergenceFree) {
  const AdvectionModel model;
  const int n = model.sizes().fine();
  for (const std::string name : {"train", "vortex"}) {
    double fastest = 0;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const Case c = sampleCase(model, {"mnist", name}, Part::test, seed);
      const double *u = c.velocity.data(), *v = u + n * n;
      double worst = 0;
      for (int y = 1; y < n - 1; ++y)
        for (int x = 1; x < n - 1; ++x)
          worst =
              std::max(worst, std::fabs(u[y * n + x + 1] - u[y * n + x - 1] + v[(y + 1) * n + x] - v[(y - 1) * n + x]));
      EXPECT_LT(worst * (n - 1) / 2, name == "train" ? 1e-10 : 5e-3) << seed;
      for (const double w : c.velocity) fastest = std::max(fastest, std::fabs(w));
    }
    EXPECT_GT(fastest, 0.3);
    EXPECT_LE(fastest, 1) << "the CFL number of the coarse grid rests on it";
  }
}

TEST(Advection, RestrictionIsInjection) {
  const AdvectionModel model({4, 2, 1, 0.25});
  std::vector<double> state(64);
  for (std::size_t i = 0; i < 64; ++i) state[i] = static_cast<double>(i);
  const Case c{state, join(state, state)};
  EXPECT_EQ(model.initial(c, 4)[5], 2 * 8 + 2);
  EXPECT_EQ(model.velocity(c, 4).dense()[16 + 5], 2 * 8 + 2);
  EXPECT_EQ(model.initial(c, 8), state);
  EXPECT_THROW(model.initial(c, 3), Error);
}

// Relative error in percent after 50 steps, over few runs: within 15 % of what many runs give (with an allowance for
// the spread), and in the right order.
TEST(Advection, TableOfSchemes) {
  const AdvectionModel model;
  const int runs = 16;
  const std::vector<Configuration> schemes = {named("upwind1", "euler"), named("upwind2", "rk4"),
                                              named("upwind5", "rk4"), named("fitted11", "rk4")};
  for (const std::string velocity : {"train", "vortex"}) {
    std::vector<double> error(schemes.size(), 0.0);
    for (std::uint64_t seed = 0; seed < runs; ++seed) {
      const Case c = sampleCase(model, {"mnist", velocity}, Part::test, seed);
      const Reference r = reference(model, c, 50, {64});
      for (std::size_t i = 0; i < schemes.size(); ++i)
        error[i] += 100 * simulate(model, c, r, schemes[i]).relative.back() / runs;
    }
    const std::vector<double> expected =
        velocity == "train" ? std::vector<double>{2.98, 1.85, 0.69, 0.63} : std::vector<double>{3.60, 2.22, 0.69, 0.48};
    for (std::size_t i = 0; i < schemes.size(); ++i)
      EXPECT_NEAR(error[i], expected[i], 0.15 * expected[i]) << schemes[i].scheme.advection << " " << velocity;
  }
}

TEST(Advection, ReferenceServesGridsAndStrides) {
  const AdvectionModel model({16, 4, 4, 0.25});
  const Case c = sampleCase(model, {}, Part::test, 1);
  const Reference r = reference(model, c, 8, {16, 32, 64});
  // The fine scheme on the fine grid with the fine steps is the reference itself.
  Configuration fine = named("central2", "rk4", 64);
  fine.substeps = 4;
  EXPECT_LT(simulate(model, c, r, fine).relative.back(), 1e-14);
  Configuration twice = named("upwind5", "rk4", 32);
  twice.stride = 2;
  const Errors e = simulate(model, c, r, twice);
  EXPECT_EQ(e.step, (std::vector<int>{0, 2, 4, 6, 8}));
  EXPECT_LT(e.relative.back(), simulate(model, c, r, named("upwind5", "rk4")).relative.back());
  EXPECT_THROW(simulate(model, c, r, named("upwind5", "rk4", 8)), Error);
  // A correction that puts the state right before every step leaves the error of one step.
  std::size_t step = 0;
  const Errors corrected = simulate(model, c, r, named("upwind1", "euler"), [&](Field &state, const Field &velocity) {
    EXPECT_EQ(velocity.nx(), 16);
    state.set(r.states.at(16)[step++].data());
  });
  EXPECT_LT(corrected.relative.back(), simulate(model, c, r, named("upwind1", "euler")).relative.back() / 3);
}

TEST(AdvectionEnvironment, ZeroActionGetsNothingAndIsTheCoarseSolver) {
  for (const std::string reward : {"immediate", "after-step"}) {
    AdvectionEnvironment environment(YamlMap::parse("n: 16\nreward: " + reward, "test.yaml"));
    const auto episode = environment.episode(3);
    const Case c = environment.draw(false, 3);
    const Reference r = reference(environment.model(), c, 3, {16});
    const std::vector<float> zero(256, 0.f);
    std::vector<float> got(256, 1.f);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_LT(largestDifference(episode->target(), r.states.at(16)[i]), 1e-15);
      EXPECT_EQ(episode->step(zero.data(), got.data()), GridOutcome::running);
      for (const float x : got) EXPECT_EQ(x, 0.f);
    }
    const auto plain = integrate({}, 1, 16, 16, environment.model().initial(c, 16),
                                 environment.model().velocity(c, 16).dense(), 0.25 / 16, 3);
    EXPECT_LT(largestDifference(episode->state(), plain), 1e-14);
  }
}

TEST(AdvectionEnvironment, ObservesStateAndVelocity) {
  AdvectionEnvironment environment(YamlMap::parse(kSmall, "test.yaml"));
  EXPECT_EQ(environment.kind(), "closure");
  EXPECT_EQ(environment.observation().names, (std::vector<std::string>{"psi", "u", "v"}));
  EXPECT_EQ(environment.action().transform, "additive");
  EXPECT_EQ(environment.action().high, std::vector<double>{0.1});
  const auto episode = environment.episode(1);
  std::vector<float> seen(3 * 256);
  episode->observe(seen.data());
  const auto velocity = environment.model().velocity(environment.draw(false, 1), 16).dense();
  const auto state = episode->state();
  for (std::size_t i = 0; i < 256; ++i) {
    EXPECT_EQ(seen[i], static_cast<float>(state[i]));
    EXPECT_EQ(seen[256 + i], static_cast<float>(velocity[i]));
    EXPECT_EQ(seen[512 + i], static_cast<float>(velocity[256 + i]));
  }
}

TEST(AdvectionEnvironment, RewardByHand) {
  AdvectionEnvironment environment(YamlMap::parse("n: 16\nreward_scale: 10\naction: {bound: 0.2}", "test.yaml"));
  const auto episode = environment.episode(2);
  std::vector<double> state = episode->target();
  state[17] += 0.05;
  state[40] -= 0.05;
  episode->setState(state);
  std::vector<float> action(256, 0.f), reward(256);
  action[17] = 0.25f;  // takes 0.05 away: right
  action[40] = 0.5f;   // takes another 0.1 away: wrong
  action[99] = -7.f;   // as -1: adds 0.2 where nothing was wrong
  action[100] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(episode->step(action.data(), reward.data()), GridOutcome::running);
  EXPECT_NEAR(reward[17], 10 * 0.0025, 1e-6);
  EXPECT_NEAR(reward[40], 10 * (0.0025 - 0.0225), 1e-6);
  EXPECT_NEAR(reward[99], -10 * 0.04, 1e-6);
  EXPECT_EQ(reward[100], 0.f);
  EXPECT_EQ(reward[3], 0.f);
  // Appendix E: all points pay for the mass that the action makes, here .05 too much.
  AdvectionEnvironment charged(
      YamlMap::parse("n: 16\nreward_scale: 10\nmass_penalty: 2\naction: {bound: 0.2}", "test.yaml"));
  const auto again = charged.episode(2);
  std::vector<float> paid(256);
  again->setState(state);
  again->step(action.data(), paid.data());
  for (std::size_t i = 0; i < paid.size(); ++i) EXPECT_NEAR(paid[i], reward[i] - 10 * 2 * 0.05f / 256, 1e-6);
  state[17] -= 0.05, state[40] -= 0.1, state[99] += 0.2;
  const auto velocity = environment.model().velocity(environment.draw(false, 2), 16).dense();
  EXPECT_LT(largestDifference(episode->state(), integrate({}, 1, 16, 16, state, velocity, 0.25 / 16, 1)), 1e-8);
  EXPECT_THROW(episode->setState({1, 2}), Error);
}

TEST(AdvectionEnvironment, AfterStepRewardByHand) {
  AdvectionEnvironment environment(YamlMap::parse("n: 16\nreward: after-step", "test.yaml"));
  const auto episode = environment.episode(4);
  const auto start = episode->state();
  std::vector<float> action(256), reward(256);
  grid2d::Random random(1);
  for (float &a : action) a = static_cast<float>(random.uniform(-1, 1));
  episode->step(action.data(), reward.data());
  const auto velocity = environment.model().velocity(environment.draw(false, 4), 16).dense();
  const auto without = integrate({}, 1, 16, 16, start, velocity, 0.25 / 16, 1), target = episode->target(),
             with = episode->state();
  for (std::size_t i = 0; i < 256; ++i) {
    const double before = without[i] - target[i], after = with[i] - target[i];
    EXPECT_NEAR(reward[i], before * before - after * after, 1e-8);
  }
}

TEST(AdvectionEnvironment, EpisodesEnd) {
  const std::vector<float> zero(256, 0.f), one(256, 1.f);
  std::vector<float> reward(256);
  const auto length = [&](const std::string &text, const std::vector<float> &action) {
    AdvectionEnvironment environment(YamlMap::parse(text, "test.yaml"));
    const auto episode = environment.episode(5);
    int steps = 1;
    while (episode->step(action.data(), reward.data()) == GridOutcome::running) ++steps;
    return steps;
  };
  EXPECT_EQ(length("n: 16\nepisode: {max_error: 9, max_steps: 6}", zero), 6);
  EXPECT_EQ(length("n: 16\nepisode: {max_error: 0.01, min_steps: 3}", one), 3);
  // A blow-up ends it at once and leaves finite rewards.
  EXPECT_LT(length("n: 16\nepisode: {min_steps: 100}\naction: {bound: 1000}", one), 2);
  for (const float r : reward) EXPECT_TRUE(std::isfinite(r));
}

TEST(AdvectionEnvironment, NoiseOnTheInitialState) {
  AdvectionEnvironment environment(YamlMap::parse("n: 16\nnoise: 0.01", "test.yaml"));
  const auto episode = environment.episode(6);
  const auto state = episode->state(), target = episode->target();
  double square = 0;
  for (std::size_t i = 0; i < 256; ++i) square += (state[i] - target[i]) * (state[i] - target[i]);
  EXPECT_NEAR(std::sqrt(square / 256), 0.01, 0.002);
  EXPECT_EQ(state, environment.episode(6)->state());
}

TEST(AdvectionEnvironment, EvaluatesOnHeldOutCases) {
  AdvectionEnvironment environment(YamlMap::parse("n: 16\nvalidation: {cases: 3, steps: 10}", "test.yaml"));
  Constant nothing(0, 1), something(0.1f, 1);
  const Evaluation e = environment.evaluate(nothing);
  EXPECT_EQ(e.details.at("cases"), 3);
  EXPECT_GT(e.score, 0.5);
  EXPECT_DOUBLE_EQ(e.score, e.details.at("relative_error_10"));
  EXPECT_NEAR(e.score, e.details.at("base_relative_error_10"), 1e-12);
  EXPECT_LT(e.details.at("relative_error_5"), e.score);
  EXPECT_NEAR(e.details.at("mass_error_10"), e.details.at("base_mass_error_10"), 1e-12);
  EXPECT_GT(environment.evaluate(something).score, e.score + 5);
  EXPECT_DOUBLE_EQ(environment.evaluate(nothing).score, e.score);
}

TEST(AdvectionEnvironment, BadValuesAreErrors) {
  const auto message = [](const std::string &text) {
    try {
      environment(text);
    } catch (const Error &e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  EXPECT_EQ(message(kSmall), "none");
  EXPECT_EQ(message("images: cifar"), "test.yaml:2: images: expected mnist, fashion, texture or mixed, found 'cifar'");
  EXPECT_EQ(message("velocity: slow"), "test.yaml:2: velocity: expected train, vortex, stream or mixed, found 'slow'");
  EXPECT_NE(message("scheme: upwind3").find("test.yaml:2: scheme: expected one of upwind1"), std::string::npos);
  EXPECT_NE(message("integrator: rk3").find("expected euler, rk4 or semi-lagrangian, found 'rk3'"), std::string::npos);
  EXPECT_NE(message("reward: late").find("expected immediate or after-step"), std::string::npos);
  EXPECT_NE(message("n: 2").find("expected an integer in [4, 4096], found 2"), std::string::npos);
  EXPECT_NE(message("n: many").find("expected an integer in [4, 4096], found 'many'"), std::string::npos);
  EXPECT_NE(
      message("action: {transform: add}").find("transform: expected additive, additive-rate, flux or cell-flux, found 'add'"),
      std::string::npos);
  EXPECT_NE(message("action: {parameters: {components: u}}").find("'u' is no component of the state"),
            std::string::npos);
  EXPECT_NE(message("action: {actions: 9}").find("found 9 actions"), std::string::npos);
  EXPECT_NE(message("action: {bound: 0}").find("action.bound"), std::string::npos);
  EXPECT_NE(message("episode: {max_steps: 2}").find("episode.max_steps: expected at least min_steps = 4"),
            std::string::npos);
  EXPECT_NE(message("vlocity: train").find("vlocity: unknown key; the nearest known key is 'velocity'"),
            std::string::npos);
  EXPECT_THROW(makeEnvironment<GridEnvironment>(YamlMap::parse("name: ode", "test.yaml"), "test"), Error);
  // Fashion ships test images only.
  EXPECT_THROW(environment("images: fashion")->episode(1), Error);
}
