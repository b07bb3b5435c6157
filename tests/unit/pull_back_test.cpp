// Derivatives of corrections by the network's output: A is linear in it, on patches with and without walls.
#include <gtest/gtest.h>

#include <random>

#include "closure/correction.hpp"
#include "support/closures.hpp"

namespace {

using namespace petrl;

struct Case {
  const char *transform, *speed;
  int dimensions;
  bool walls;
  const char *faces = "left";
};

// Planes with a surrounding, periodic or as they are.
template <typename T>
struct Planes {
  GridSize size, beyond, all;
  std::vector<T> values;
  Planes(const GridSize &own, int dimensions, int reach, std::size_t channels)
      : size(own), beyond(around(dimensions, reach)), all(own.grown(beyond)), values(channels * all.points()) {}
  std::size_t at(std::size_t c, int x, int y, int z) const {
    return c * all.points() +
           static_cast<std::size_t>(((z + beyond.nz) * all.ny + y + beyond.ny) * all.nx + x + beyond.nx);
  }
  void wrap(std::size_t channels) {
    const auto in = [](int i, int n) { return ((i % n) + n) % n; };
    for (std::size_t c = 0; c < channels; ++c)
      for (int z = -beyond.nz; z < size.nz + beyond.nz; ++z)
        for (int y = -beyond.ny; y < size.ny + beyond.ny; ++y)
          for (int x = -beyond.nx; x < size.nx + beyond.nx; ++x)
            values[at(c, x, y, z)] = values[at(c, in(x, size.nx), in(y, size.ny), in(z, size.nz))];
  }
};

template <typename F>
void each(const GridSize &size, const F &f) {
  for (int z = 0; z < size.nz; ++z)
    for (int y = 0; y < size.ny; ++y)
      for (int x = 0; x < size.nx; ++x) f(x, y, z);
}

TEST(PullBack, IsTheDerivative) {
  std::mt19937 rng(1);
  std::uniform_real_distribution<double> number(-1, 1);
  for (const Case &k :
       {Case{"additive-rate", "", 2, false}, Case{"additive", "", 2, true}, Case{"additive-rate", "", 3, true},
        Case{"flux", "velocity", 1, false}, Case{"flux", "velocity", 2, false}, Case{"flux", "velocity", 2, true},
        Case{"flux", "step", 3, false}, Case{"flux", "step", 3, true}, Case{"flux", "step", 1, true},
        Case{"flux", "velocity", 2, false, "mean"}, Case{"flux", "velocity", 2, true, "mean"},
        Case{"flux", "step", 3, false, "mean"}, Case{"flux", "step", 1, true, "mean"}}) {
    const bool flux = std::string(k.transform) == "flux", moves = std::string(k.speed) == "velocity";
    const auto d = static_cast<std::size_t>(k.dimensions);
    std::vector<std::string> names{"p", "q"};
    for (std::size_t a = 0; moves && a < d; ++a) names.push_back(std::string(1, "uvw"[a]));
    const std::size_t actions = !flux ? 2 : 2 * d * (moves ? 5 : 3);
    Policy policy = test::closurePolicy(names, actions, k.transform, -.3, .7);
    policy.action.parameters["components"] = "q p";
    if (flux) {
      policy.action.parameters["half_width"] = "2";
      policy.action.parameters["speed"] = k.speed;
      policy.action.parameters["faces"] = k.faces;
      if (moves && k.walls) policy.action.parameters["shear"] = "0.3";
      if (moves) policy.action.parameters["velocity"] = std::string("u v w").substr(0, 2 * d - 1);
    }
    policy.network.parameters["dimensions"] = std::to_string(k.dimensions);
    const auto correction = Correction::make(policy, "test");

    const GridSize own{7, k.dimensions > 1 ? 6 : 1, k.dimensions > 2 ? 5 : 1};
    Planes<double> fields(own, k.dimensions, 3, names.size());
    Planes<float> output(own, k.dimensions, 1, actions), direction(own, k.dimensions, 1, actions),
        slope(own, k.dimensions, 1, 2);
    for (double &x : fields.values) x = number(rng);
    for (auto *planes : {&output, &direction, &slope})
      for (float &x : planes->values) x = static_cast<float>(.9 * number(rng));
    if (!k.walls) {
      fields.wrap(names.size());
      output.wrap(actions), direction.wrap(actions), slope.wrap(2);
    }
    Fields view;
    view.row = fields.all.nx;
    view.slice = view.row * fields.all.ny;
    for (std::size_t c = 0; c < names.size(); ++c) view.channel.push_back(&fields.values[fields.at(c, 0, 0, 0)]);
    const auto viewed = [](const Planes<float> &planes) {
      NetworkOutput v;
      v.row = planes.all.nx;
      v.slice = v.row * planes.all.ny;
      v.plane = v.slice * planes.all.nz;
      v.data = &planes.values[planes.at(0, 0, 0, 0)];
      return v;
    };
    CorrectionStep step{};
    step.nx = own.nx, step.ny = own.ny, step.nz = own.nz;
    step.dt = .02, step.own = .05, step.hx = .1, step.hy = .2, step.hz = .3;
    for (std::size_t s = 0; s < 2 * d; ++s) step.wall[s] = k.walls;
    const auto pairing = [&](const Planes<float> &at) {
      std::vector<double> change(2 * own.points());
      correction->compute(view, viewed(at), step, change.data());
      double sum = 0;
      std::size_t i = 0;
      for (std::size_t c = 0; c < 2; ++c)
        each(own, [&](int x, int y, int z) {
          sum += static_cast<double>(slope.values[slope.at(c, x, y, z)]) * change[i++];
        });
      return sum;
    };
    Planes<float> moved = output;
    constexpr float kStep = .05f;
    for (std::size_t i = 0; i < moved.values.size(); ++i) moved.values[i] += kStep * direction.values[i];
    const double difference = (pairing(moved) - pairing(output)) / static_cast<double>(kStep);
    std::vector<float> found(actions * own.points());
    correction->pullBack(view, viewed(output), step, viewed(slope), found.data());
    double derivative = 0;
    std::size_t i = 0;
    for (std::size_t a = 0; a < actions; ++a)
      each(own, [&](int x, int y, int z) {
        derivative += static_cast<double>(direction.values[direction.at(a, x, y, z)]) * static_cast<double>(found[i++]);
      });
    EXPECT_GT(std::fabs(difference), 1e-5);
    EXPECT_NEAR(derivative, difference, 2e-5 * std::max(1., std::fabs(difference)))
        << k.transform << " " << k.speed << " " << k.dimensions << (k.walls ? " walls" : "");
  }
}

// An output beyond its bounds comes back, and goes no further.
TEST(PullBack, OfClampedOutputs) {
  const Policy policy = test::constantClosure({"p"}, "additive-rate", -1, 1, {0.f});
  const auto correction = Correction::make(policy, "test");
  const float outputs[4] = {2, 2, -2, -2}, slopes[4] = {1, -1, 1, -1};
  CorrectionStep step{};
  step.nx = 4, step.ny = 1, step.dt = 1;
  NetworkOutput output, slope;
  output.data = outputs, slope.data = slopes;
  output.row = output.slice = output.plane = slope.row = slope.slice = slope.plane = 4;
  float found[4];
  correction->pullBack({}, output, step, slope, found);
  EXPECT_EQ(found[0], 1);
  EXPECT_EQ(found[1], 0);
  EXPECT_EQ(found[2], 0);
  EXPECT_EQ(found[3], -1);
}

}  // namespace
