// Small learners of LAMP on a small data set.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "problems/lamp/make.hpp"
#include "problems/nonlinear1d/learner/lamp_world.hpp"
#include "support/learners.hpp"
#include "support/policies.hpp"

namespace petrl::test {

inline constexpr const char *kLampLearner =
    "{evolution: {updates: 8, hidden: 6, layers: 2, batch: 2, bundles: 2}, "
    "policy: {hidden: 5, layers: 1, batch: 3, samples_per_start: 2}, "
    "refining: {updates: 20, policy: 3, evolution: 2}, validation: 1}";

/// The data set is kept beside the tests' other files.
inline std::string lampFile() {
  return ::testing::TempDir() + "petrl-lamp-test-data.h5";
}

/// Collective.
inline nonlinear1d::Nonlinear1DDataset lampData() {
  nonlinear1d::Nonlinear1DOptions options;
  options.trajectories = {6, 2, 1};
  return nonlinear1d::Nonlinear1DDataset::cached(options, lampFile(), PETSC_COMM_WORLD, [](const std::string &) {});
}

/// Collective.
inline std::unique_ptr<Lamp> lampLearner(const std::string &yaml, std::uint64_t seed) {
  YamlMap environment =
      YamlMap::parse("{name: nonlinear1d, trajectories: [6, 2, 1], file: \"" + lampFile() + "\"}", "test");
  return makeLamp(keys(yaml), environment, seed);
}

/// The same in two dimensions. Collective.
inline std::unique_ptr<Lamp> planeLearnerWith(const std::string &more, const std::string &yaml, std::uint64_t seed) {
  const std::string environment =
      "{name: flows2d, trajectories: [3, 1, 1], squares: 4, halvings: 2, steps: 6, reference: 32" + more + "}";
  return makeLamp(keys(yaml), YamlMap::parse(environment, "test"), seed);
}

inline std::unique_ptr<Lamp> planeLearner(const std::string &yaml, std::uint64_t seed) {
  return planeLearnerWith("", yaml, seed);
}

/// Of both networks.
inline std::vector<float> weights(const Lamp &learner) {
  std::vector<float> all;
  for (const auto &[name, tensor] : learner.policy().network.weights)
    all.insert(all.end(), tensor.data.begin(), tensor.data.end());
  return all;
}

/// Of a learner in one dimension.
inline const lamp::Model &lineModel(const Lamp &learner) {
  return dynamic_cast<const learn::LineWorld &>(learner.world()).model();
}

}  // namespace petrl::test
