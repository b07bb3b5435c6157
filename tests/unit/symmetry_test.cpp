// Networks that do not know left from right: what they see mirrored or turned, they say mirrored or turned.
#include "learn/symmetry.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

#include "base/error.hpp"
#include "closure/periodic.hpp"
#include "learn/engine/fcn_layers.hpp"
#include "support/closures.hpp"

using namespace petrl;

namespace {

constexpr int kSide = 16;
constexpr std::size_t kPoints = kSide * kSide;
using Fields = std::vector<std::vector<double>>;

Policy fluxPolicy(bool carried) {
  const std::vector<std::string> names =
      carried ? std::vector<std::string>{"u", "v"} : std::vector<std::string>{"u", "psi", "v"};
  Policy p = test::closurePolicy(names, carried ? 20 : 10, "flux", -.4, .4);
  p.action.parameters = {{"components", carried ? "u v" : "psi"},
                         {"velocity", "u v"},
                         {"half_width", "2"},
                         {"floor", "0.1"},
                         {"shear", "0.2"},
                         {"faces", "mean"}};
  return p;
}

learn::FcnConfig config() {
  learn::FcnConfig c;
  c.channels = {8, 16};
  c.dilations = {1, 2, 1};
  c.kernels = {3, 3, 1};
  return c;
}

// (x, y) -> (sx x, sy y), with the axes exchanged before; numbers move with their place, of the velocity also the value.
struct Motion {
  bool exchange;
  int sx, sy;
  Fields operator()(const Fields &fields, int x, int y) const {
    Fields result(fields.size(), std::vector<double>(kPoints));
    for (int j = 0; j < kSide; ++j)
      for (int i = 0; i < kSide; ++i) {
        const int a = (sx * (exchange ? j : i) + kSide) % kSide, b = (sy * (exchange ? i : j) + kSide) % kSide;
        const auto from = static_cast<std::size_t>(j * kSide + i), to = static_cast<std::size_t>(b * kSide + a);
        for (int f = 0; f < static_cast<int>(fields.size()); ++f) {
          const int source = exchange && f == x ? y : exchange && f == y ? x : f;
          const double sign = f == x ? sx : f == y ? sy : 1;
          result[static_cast<std::size_t>(f)][to] = sign * fields[static_cast<std::size_t>(source)][from];
        }
      }
    return result;
  }
};

Fields correction(const Policy &policy, const Fields &fields) {
  PeriodicClosure closure(policy);
  std::vector<const double *> seen;
  for (const auto &f : fields) seen.push_back(f.data());
  std::vector<double> change(closure.components().size() * kPoints);
  closure.compute(seen, {kSide, kSide, .01, 1. / kSide, 1. / kSide}, change.data());
  Fields result;
  for (std::size_t c = 0; c < closure.components().size(); ++c)
    result.emplace_back(change.begin() + static_cast<std::ptrdiff_t>(c * kPoints),
                        change.begin() + static_cast<std::ptrdiff_t>((c + 1) * kPoints));
  return result;
}

// Largest difference between a correction of what was moved and the moved correction, relative to the largest change.
double broken(const Policy &policy, bool carried) {
  std::mt19937 generator(3);
  std::normal_distribution<double> number;
  Fields fields(policy.observation.names.size(), std::vector<double>(kPoints));
  for (auto &f : fields)
    for (double &x : f) x = number(generator);
  const Fields plain = correction(policy, fields);
  double worst = 0, largest = 0;
  for (const auto &motion : {Motion{false, 1, 1},
                             {false, -1, 1},
                             {false, 1, -1},
                             {false, -1, -1},
                             {true, 1, 1},
                             {true, -1, 1},
                             {true, 1, -1},
                             {true, -1, -1}}) {
    const Fields expected = motion(plain, carried ? 0 : -1, carried ? 1 : -1);
    const Fields found = correction(policy, motion(fields, 0, carried ? 1 : 2));
    for (std::size_t c = 0; c < found.size(); ++c)
      for (std::size_t i = 0; i < kPoints; ++i) {
        worst = std::max(worst, std::fabs(found[c][i] - expected[c][i]));
        largest = std::max(largest, std::fabs(expected[c][i]));
      }
  }
  EXPECT_GT(largest, 1e-3);
  return worst / largest;
}

TEST(Symmetry, CorrectionsMoveWithWhatIsSeen) {
  for (const bool carried : {false, true}) {
    Policy policy = fluxPolicy(carried);
    const auto actions = static_cast<int>(policy.action.low.size());
    learn::FcnLayers layers(config(), static_cast<int>(policy.observation.names.size()), actions);
    std::vector<float> weights(layers.size()), gradient(layers.size());
    layers.bind(weights.data(), gradient.data());
    learn::Rng rng(5);
    layers.initialiseUniform(rng);
    policy.network = layers.network(actions, "linear");
    EXPECT_GT(broken(policy, carried), .05);
    const learn::Symmetry symmetry(config(), policy.observation, policy.action);
    double before = 0, after = 0;
    for (const float w : weights) before += static_cast<double>(w * w);
    symmetry.projectDrawn(weights.data());
    for (const float w : weights) after += static_cast<double>(w * w);
    EXPECT_NEAR(after / before, 1, .2);
    policy.network = layers.network(actions, "linear");
    EXPECT_LT(broken(policy, carried), 2e-6);
    // What is symmetric already stays as it is.
    const std::vector<float> once = weights;
    symmetry.project(weights.data());
    for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_NEAR(weights[i], once[i], 1e-6);
  }
}

std::string refused(const learn::FcnConfig &c, const Policy &p) {
  try {
    learn::Symmetry(c, p.observation, p.action);
  } catch (const Error &e) {
    return e.what();
  }
  return "";
}

TEST(Symmetry, RefusesWhatHasNone) {
  learn::FcnConfig odd = config();
  odd.channels = {12, 16};
  EXPECT_NE(refused(odd, fluxPolicy(true)).find("multiples of 8 hidden channels, found 12"), std::string::npos);
  Policy p = fluxPolicy(true);
  p.action.parameters["faces"] = "left";
  EXPECT_NE(refused(config(), p).find("faces: mean"), std::string::npos);
  p = fluxPolicy(true);
  p.observation.scale[0] = .5f;
  EXPECT_NE(refused(config(), p).find("one scale"), std::string::npos);
  EXPECT_EQ(refused(config(), fluxPolicy(false)), "");
}

}  // namespace
